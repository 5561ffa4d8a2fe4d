//! `timestep reproduce`: the tables of the talk, ours beside the published numbers.

use crate::args::{BudgetName, Reproduce, TableName};
use crate::failure::{Failure, INTERRUPTED};
use crate::progress::Display;
use crate::signals::stop_flag;
use crate::ui::Ui;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use timestep_nets::{all_coefficients, device};
use timestep_report::momentum::{Form, Learned, learned};
use timestep_report::tables;
use timestep_study::map::families;
use timestep_study::reproduce::{Budget, Plan, Progress, ReproducedTable, Reproduction, Task};
use timestep_study::runtime::measure;
use timestep_study::tables::{MOMENTUM, SCHEMES, TABLE2, TABLE3, TABLE4};
use timestep_train::cluster::{Alone, Communicator};
use timestep_train::trainer::{self, Options, Outcome};
use timestep_train::{Setup, TrainError, Trained, files, run as runs};

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
    };
    let budget = budget(args);
    let folder = args.out.clone().unwrap_or_else(|| {
        PathBuf::from("reproduce").join(format!("{}-{}", table.key, budget.name))
    });
    let reproduction = Reproduction::open(table, budget, &folder)?;
    let tasks = chosen(&reproduction, &args.rows)?;
    if args.dry_run {
        ui.answer(&Plan::of(&reproduction, &tasks)?);
        return Ok(0);
    }
    if !args.render {
        let stop = stop_flag();
        if !work(&reproduction, &tasks, (ranks, &stop), ui)? {
            ui.note(&format!(
                "interrupted; the same command goes on, `--render` shows the table so far ({})",
                folder.display()
            ));
            return Ok(INTERRUPTED);
        }
    }
    if ranks.rank() == 0 {
        show(&reproduction, args.render, ui)?;
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

/// Trains what is not done yet, each run in one of the ranks; `false` if a person stopped one of them.
fn work(
    reproduction: &Reproduction,
    tasks: &[Task],
    (ranks, stop): (&dyn Communicator, &Arc<AtomicBool>),
    ui: Ui,
) -> Result<bool, Failure> {
    // The first rank takes the folder for all, until the work is done.
    let _lock = match ranks.rank() {
        0 => Some(reproduction.begin()?),
        _ => None,
    };
    ranks.numbers(0).map_err(TrainError::from)?;
    let done = work_of_rank(reproduction, tasks, (ranks, stop), ui)?;
    let all = ranks.meet(vec![u8::from(done)]).map_err(TrainError::from)?;
    Ok(all.iter().all(|done| done == &[1]))
}

/// Trains what is not done yet of this rank's runs; `false` if a person stopped it.
fn work_of_rank(
    reproduction: &Reproduction,
    tasks: &[Task],
    (ranks, stop): (&dyn Communicator, &Arc<AtomicBool>),
    ui: Ui,
) -> Result<bool, Failure> {
    let (rank, size) = (ranks.rank(), ranks.size());
    let engine = device("cpu")?;
    for (n, task) in tasks.iter().enumerate().skip(rank).step_by(size) {
        let progress = reproduction.progress(task);
        if !matches!(progress, Progress::Waiting | Progress::Begun) {
            continue;
        }
        ui.note(&format!(
            "row {} of {}: {}, seed {}",
            n + 1,
            tasks.len(),
            task.recipe,
            task.seed
        ));
        let options = Options {
            engine: engine.clone(),
            threads: rayon::current_num_threads(),
            ranks: Arc::new(Alone),
            stop: stop.clone(),
            logs: Vec::new(),
            listeners: vec![Box::new(Display::new(Ui {
                // Events of the runs are in their folders; standard output is for the table.
                json: false,
                ..ui
            }))],
        };
        let setup = match Setup::new(reproduction.budget.recipe(
            task.recipe,
            task.sets,
            task.seed,
        )?) {
            Err(TrainError::Net(why)) => {
                // FractalNet halves its images five times: the digits are too small for it.
                ui.note(&format!("{} is left out: {why}", task.recipe));
                reproduction.refuse(task, &why.to_string())?;
                continue;
            }
            setup => setup?,
        };
        let outcome = if progress == Progress::Begun {
            trainer::resume(&setup, &task.folder, options)?
        } else {
            if task.folder.exists() {
                // It was stopped before its first state was saved: there is nothing to go on from.
                drop(runs::lock(&task.folder)?);
                std::fs::remove_dir_all(&task.folder)
                    .map_err(|e| files::FileError::new(files::Action::Write, &task.folder, e))?;
            }
            let name = task
                .folder
                .file_name()
                .unwrap_or_default()
                .to_string_lossy();
            runs::create(&reproduction.folder, &name)?;
            trainer::train(&setup, &task.folder, options)?
        };
        match outcome {
            Outcome::Interrupted(_) => return Ok(false),
            Outcome::Diverged { at, .. } => {
                ui.note(&format!(
                    "{} diverged in {at}; the table says so",
                    task.recipe
                ));
            }
            Outcome::Finished { .. } => {}
        }
        if rank == 0 {
            write(reproduction)?;
        }
    }
    Ok(true)
}

/// Writes the table into its folder.
fn write(reproduction: &Reproduction) -> Result<PathBuf, Failure> {
    let path = reproduction.folder.join("table.md");
    let text = tables::reproduced(&ReproducedTable::of(reproduction));
    files::write_atomic(&path, |out| out.write_all(text.as_bytes()))?;
    Ok(path)
}

/// Prints the table; draws what belongs to it.
fn show(reproduction: &Reproduction, only: bool, ui: Ui) -> Result<(), Failure> {
    ui.answer(&ReproducedTable::of(reproduction));
    let begun = reproduction.folder.is_dir();
    if begun && !only {
        let path = write(reproduction)?;
        ui.note(&format!("wrote {}", path.display()));
    }
    if begun && reproduction.table.key == MOMENTUM.key {
        momentum(reproduction, ui)?;
    }
    Ok(())
}

/// The plot of the learned momentum of all rows with seed 0 that are done.
fn momentum(reproduction: &Reproduction, ui: Ui) -> Result<(), Failure> {
    let mut series = Vec::new();
    for task in reproduction.tasks().iter().filter(|task| task.seed == 0) {
        if !matches!(reproduction.progress(task), Progress::Done(_)) {
            continue;
        }
        let weights = task.folder.join("weights/last.safetensors");
        let trained = Trained::load(&weights)?;
        series.push(Learned {
            label: trained.card.network.name.clone(),
            segments: all_coefficients(&trained.network, &trained.parameters),
        });
    }
    if series.is_empty() {
        return Ok(());
    }
    let path = reproduction.folder.join("momentum.svg");
    let picture = learned(&series, Form::Momentum);
    files::write_atomic(&path, |out| out.write_all(picture.as_bytes()))?;
    ui.note(&format!("wrote {}", path.display()));
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
