//! `timestep import`: how do weights of PyTorch become weights of this program?

use crate::args::Import;
use crate::failure::Failure;
use crate::outputs::Outputs;
use crate::settings;
use crate::ui::Ui;
use std::path::Path;
use timestep_data::{Normalise, OpenOptions};
use timestep_nets::foreign::{ForeignFile, Mapping, Target, map_names, read_pytorch};
use timestep_nets::{Network, Role, WeightsFile, preset, read_safetensors, to_safetensors};
use timestep_study::codes::Code;
use timestep_study::imported::ImportedFile;
use timestep_train::read_bytes;
use timestep_train::recipe::{Recipe, TaskRecipe};
use timestep_train::{Card, check_finite, network_config};

/// Reads the file, maps its names, reports, writes.
pub(crate) fn run(args: &Import, ui: Ui) -> Result<u8, Failure> {
    let outputs = Outputs::check(&[Some(&args.out)], &[&args.file], args.overwrite.force)?;
    let published = preset(&args.net)?;
    let data = args.data.as_deref().unwrap_or(published.home.recipe());
    let layers = settings::layers(Some(&format!("{data}/{}", args.net)))?;
    let recipe = layers.resolve()?.recipe;
    let foreign = read(&args.file)?;
    let (mut input, mut classes) = published.home.input();
    if let Some(shape) = timestep_data::info(&recipe.data.name)?.shape {
        (input.channels, input.height, input.width) = (shape.channels, shape.height, shape.width);
    }
    if recipe.data.size > 0 {
        (input.height, input.width) = (recipe.data.size, recipe.data.size);
    }
    if let Some(known) = timestep_data::info(&recipe.data.name)?.classes {
        classes = known;
    }
    classes = args.classes.unwrap_or(classes);
    let network = Network::build(&network_config(
        &recipe.network,
        &recipe.noise,
        input,
        classes,
    )?)?;
    let targets: Vec<Target> = (network.specs().iter())
        .map(|spec| Target {
            name: spec.name.clone(),
            shape: spec.shape.clone(),
            is_buffer: spec.role == Role::Buffer,
            is_coefficient: spec.role == Role::Coefficient,
        })
        .collect();
    let mapping = map_names(&foreign, &targets);
    ui.answer(&ImportedFile::new(&foreign, &mapping));
    if !mapping.is_complete() {
        return Err(incomplete(args, &mapping, classes));
    }
    let file = WeightsFile {
        arrays: mapping.arrays,
        ..WeightsFile::default()
    };
    if !args.allow_non_finite {
        check_finite(&args.file, &file)?;
    }
    let parameters = network.load(&file)?;
    let card = card(&network, &recipe, classes, args, ui)?;
    let bytes = to_safetensors(&parameters, &card.to_metadata())?;
    outputs.write(&args.out, &bytes)?;
    ui.note(&format!(
        "wrote {}: {} with {} numbers; `timestep eval` and `timestep predict` take it",
        args.out.display(),
        args.net,
        network.cost().parameters + network.coefficient_count()
    ));
    Ok(0)
}

/// The arrays of a file, by what it is.
fn read(path: &Path) -> Result<ForeignFile, Failure> {
    let bytes = read_bytes(path)?;
    if path.extension().is_some_and(|e| e == "safetensors") {
        let file = read_safetensors(&bytes)?;
        return Ok(ForeignFile {
            arrays: file.arrays,
            ..ForeignFile::default()
        });
    }
    read_pytorch(&bytes).map_err(|error| Failure {
        message: format!("{}: {error}", path.display()),
        ..error.into()
    })
}

/// Why nothing is written.
fn incomplete(args: &Import, mapping: &Mapping, classes: usize) -> Failure {
    // Another number of classes is the most frequent reason and has an easy remedy.
    let head = mapping
        .wrong_shape
        .iter()
        .find(|w| w.name.ends_with("fc.weight") || w.name.ends_with("classif.weight"));
    let hint = match head {
        Some(head) if head.found.first() != Some(&classes) => format!(
            "the file tells {} classes apart: give --classes {0}",
            head.found.first().copied().unwrap_or(0)
        ),
        _ => {
            "the file was written for another network: `timestep list networks` shows which there \
              are, `timestep summary NET --json` what one is made of"
                .to_owned()
        }
    };
    Failure::usage(
        format!(
            "{} is not a `{}`: {} missing, {} not in the network, {} of another shape; nothing was \
             written",
            args.file.display(),
            args.net,
            mapping.missing.len(),
            mapping.unexpected.len(),
            mapping.wrong_shape.len()
        ),
        hint,
    )
    .coded(Code::OtherNetwork)
}

/// Mean and deviation that most programs normalise CIFAR images with.
const MEAN: [f32; 3] = [0.4914, 0.4822, 0.4465];
/// See [`MEAN`].
const STD: [f32; 3] = [0.2023, 0.1994, 0.2010];

/// The name of a class that a file of weights does not tell.
pub(crate) fn placeholder(class: usize) -> String {
    format!("class {class}")
}

/// What is stored beside the numbers.
fn card(
    network: &Network,
    recipe: &Recipe,
    classes: usize,
    args: &Import,
    ui: Ui,
) -> Result<Card, Failure> {
    let channels = network.config().input.channels;
    let info = timestep_data::info(&recipe.data.name)?;
    let unsaid = args.mean.is_empty() && args.std.is_empty() && recipe.data.mean.is_empty();
    // An embedded data set can be asked.
    let measured = if unsaid && !info.needs_dir {
        let dataset = timestep_data::open(&recipe.data.name, &OpenOptions::default())?;
        Some(Normalise::from_split(&dataset.train)?)
    } else {
        None
    };
    let chosen = |given: &[f32], recipe: &[f64], usual: &[f32; 3]| -> Vec<f32> {
        match (given, recipe) {
            ([], []) if channels == 3 => usual.to_vec(),
            ([], []) => vec![usual.iter().sum::<f32>() / 3.0; channels],
            ([], recipe) => recipe.iter().map(|v| *v as f32).collect(),
            (given, _) => given.to_vec(),
        }
    };
    let (mean, std) = match measured {
        Some(measured) => (measured.mean, measured.std),
        None => (
            chosen(&args.mean, &recipe.data.mean, &MEAN),
            chosen(&args.std, &recipe.data.std, &STD),
        ),
    };
    ui.note(&format!(
        "images are normalised with mean {mean:?} and deviation {std:?}: give --mean and --std if the \
         network was trained otherwise"
    ));
    Ok(Card {
        network: network.config().clone(),
        classes: (0..classes).map(placeholder).collect(),
        normalise: Normalise::new(mean, std)?,
        data: recipe.data.name.clone(),
        recipe: recipe.to_toml(),
        epoch: 0,
        top1: 0.0,
    })
}
