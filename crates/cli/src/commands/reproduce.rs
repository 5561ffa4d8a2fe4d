//! `timestep reproduce`: the tables of the talk, ours beside the published numbers.

use crate::args::{BudgetName, Reproduce, TableName};
use crate::failure::{Failure, INTERRUPTED};
use crate::progress::Display;
use crate::signals::stop_flag;
use crate::ui::Ui;
use std::path::PathBuf;
use timestep_nets::{Engine, learning_device};
use timestep_report::momentum::of_table;
use timestep_report::tables;
use timestep_study::map::families;
use timestep_study::reproduce::{
    Budget, FieldTable, Plan, ReproducedTable, Reproduction, Task, Watcher, Workers,
};
use timestep_study::runtime::measure;
use timestep_study::tables::{FIELD, MOMENTUM, SCHEMES, TABLE2, TABLE3, TABLE4};
use timestep_train::cluster::Communicator;
use timestep_train::event::Sink;
use timestep_train::{TrainError, files};

/// Makes a table again, or goes on with one; several ranks share its runs out.
pub(crate) fn run(args: &Reproduce, ui: Ui, ranks: &dyn Communicator) -> Result<u8, Failure> {
    refuse_unused(args)?;
    let table = match args.table {
        TableName::Table1 => {
            let found = families()?;
            ui.answer(&found);
            return keep(args, &tables::map(&found), ui);
        }
        TableName::Runtime => {
            let full = args.budget == Some(BudgetName::Full);
            let found = measure(full, &|next| ui.note(next))?;
            ui.answer(&found);
            return keep(args, &tables::runtime(&found), ui);
        }
        TableName::Table2 => &TABLE2,
        TableName::Table3 => &TABLE3,
        TableName::Table4 => &TABLE4,
        TableName::Momentum => &MOMENTUM,
        TableName::Schemes => &SCHEMES,
        TableName::Field => &FIELD,
    };
    let budget = budget(args);
    let folder = args.out.clone().unwrap_or_else(|| {
        PathBuf::from("reproduce").join(format!("{}-{}", table.key, budget.name))
    });
    let reproduction = Reproduction::open(table, budget, &folder)?;
    let tasks = chosen(&reproduction, &args.rows)?;
    let engine = learning_device(args.device.as_deref().unwrap_or("cpu"))?;
    if (args.dry_run || args.render) && args.device.is_some() {
        return Err(Failure::usage(
            "--device is for training, and this trains nothing",
            "leave it out; the plan is timed on the CPU",
        ));
    }
    if args.dry_run {
        ui.answer(&Plan::of(&reproduction, &tasks)?);
        return Ok(0);
    }
    if !args.render {
        let stop = stop_flag();
        let workers = Workers {
            ranks,
            engine: &engine,
            threads: rayon::current_num_threads(),
            stop: &stop,
        };
        if !reproduction.work(&tasks, &workers, &Terminal(&reproduction, ui))? {
            ui.note(&format!(
                "interrupted; the same command goes on, `--render` shows the table so far ({})",
                folder.display()
            ));
            return Ok(INTERRUPTED);
        }
    }
    if ranks.rank() == 0 {
        show(&reproduction, args.render, &*engine, ui)?;
    }
    Ok(0)
}

/// Does this command train, so that several processes can share its work out?
pub(crate) fn trains(args: &Reproduce) -> bool {
    let drawn = matches!(args.table, TableName::Table1 | TableName::Runtime);
    !(drawn || args.dry_run || args.render)
}

/// Refuses flags of tables that are made by training, for those that are not.
fn refuse_unused(args: &Reproduce) -> Result<(), Failure> {
    let table = match args.table {
        TableName::Table1 => "table1",
        TableName::Runtime => "runtime",
        _ => return Ok(()),
    };
    let budget = args.table == TableName::Table1 && args.budget.is_some();
    let flags = [
        ("--budget", budget),
        ("--data", args.data.is_some()),
        ("--data-dir", args.data_dir.is_some()),
        ("--epochs", args.epochs.is_some()),
        ("--images", args.images.is_some()),
        ("--seeds", args.seeds.is_some()),
        ("--rows", !args.rows.is_empty()),
        ("--device", args.device.is_some()),
        ("--dry-run", args.dry_run),
        ("--render", args.render),
    ];
    match flags.into_iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((flag, _)) => Err(Failure::usage(
            format!("{flag} changes nothing in {table}, for which nothing is trained"),
            "leave it out; --out writes the table to a folder",
        )),
    }
}

/// The budget that the flags ask for.
fn budget(args: &Reproduce) -> Budget {
    let base = match args.budget {
        None | Some(BudgetName::Quick) => Budget::quick(),
        Some(BudgetName::Full) => Budget::full(),
    };
    let mut budget = base.clone();
    if let Some(epochs) = args.epochs {
        budget.epochs = epochs as usize;
    }
    if let Some(images) = args.images {
        budget.images = images as usize;
    }
    if let Some(data) = &args.data {
        budget.data.clone_from(data);
    }
    if budget != base {
        budget.name = "custom".into();
    }
    if let Some(dir) = &args.data_dir {
        budget.data_dir = dir.display().to_string();
    }
    budget.seeds = args.seeds.unwrap_or(1);
    budget
}

/// The runs of the rows that were asked for.
fn chosen(reproduction: &Reproduction, rows: &[String]) -> Result<Vec<Task>, Failure> {
    let mut tasks = reproduction.tasks();
    tasks.retain(|task| rows.is_empty() || rows.iter().any(|row| task.recipe.contains(row)));
    if tasks.is_empty() {
        let all: Vec<&str> = reproduction
            .table
            .rows
            .iter()
            .filter_map(|r| r.recipe)
            .collect();
        return Err(Failure::usage(
            format!(
                "--rows {}: no row of {} has that",
                rows.join(","),
                reproduction.table.key
            ),
            format!("its recipes are {}", all.join(", ")),
        ));
    }
    Ok(tasks)
}

/// Tells a person how far the table is, and writes it after each run.
struct Terminal<'a>(&'a Reproduction, Ui);

impl Watcher for Terminal<'_> {
    fn note(&self, text: &str) {
        self.1.note(text);
    }

    fn listeners(&self) -> Vec<Box<dyn Sink>> {
        // Events of the runs are in their folders; standard output is for the table.
        vec![Box::new(Display::new(Ui {
            json: false,
            ..self.1
        }))]
    }

    fn done(&self) -> Result<(), TrainError> {
        write(self.0).map(drop)
    }
}

/// Writes the table into its folder.
fn write(reproduction: &Reproduction) -> Result<PathBuf, TrainError> {
    let path = reproduction.folder.join("table.md");
    let text = tables::reproduced(&ReproducedTable::of(reproduction));
    files::write_atomic(&path, |out| out.write_all(text.as_bytes()))?;
    Ok(path)
}

/// Prints the table; draws what belongs to it.
fn show(
    reproduction: &Reproduction,
    only: bool,
    engine: &dyn Engine,
    ui: Ui,
) -> Result<(), Failure> {
    if reproduction.table.key == FIELD.key {
        return show_field(reproduction, only, engine, ui);
    }
    ui.answer(&ReproducedTable::of(reproduction));
    let begun = reproduction.folder.is_dir();
    if begun && !only {
        let path = write(reproduction)?;
        ui.note(&format!("wrote {}", path.display()));
    }
    if begun && reproduction.table.key == MOMENTUM.key {
        let path = reproduction.folder.join("momentum.svg");
        if let Some(picture) = of_table(reproduction)? {
            files::write_atomic(&path, |out| out.write_all(picture.as_bytes()))?;
            ui.note(&format!("wrote {}", path.display()));
        }
    }
    Ok(())
}

/// The same of the table whose networks are measured with other steps.
fn show_field(
    reproduction: &Reproduction,
    only: bool,
    engine: &dyn Engine,
    ui: Ui,
) -> Result<(), Failure> {
    let found = FieldTable::of(reproduction, engine, &mut |what| {
        ui.note(&format!("distances: {what}"));
    })?;
    ui.answer(&found);
    if reproduction.folder.is_dir() && !only {
        for (name, text) in [
            ("table.md", tables::field(&found)),
            ("field.csv", tables::field_rows(&found)),
        ] {
            let path = reproduction.folder.join(name);
            files::write_atomic(&path, |out| out.write_all(text.as_bytes()))?;
            ui.note(&format!("wrote {}", path.display()));
        }
    }
    Ok(())
}

/// Writes a table that is not made of runs where `--out` says.
fn keep(args: &Reproduce, text: &str, ui: Ui) -> Result<u8, Failure> {
    if let Some(folder) = &args.out {
        files::create_folder(folder)?;
        let path = folder.join("table.md");
        files::write_atomic(&path, |out| out.write_all(text.as_bytes()))?;
        ui.note(&format!("wrote {}", path.display()));
    }
    Ok(0)
}
