//! Trains the network of the method `dncnn`: Adam on patches of clean pictures with white noise of a level between 0 and 55.
//!
//!     cargo run --release --example train_dncnn -- FOLDER OUT STEPS [SIDE] [BATCH]
//!
//! FOLDER holds clean grey pictures. Every batch is a function of the seed and of the number of the step, so a run that was
//! interrupted goes on from `OUT/state.safetensors` as if it had not been; `OUT/dncnn.safetensors` is what is used, norms folded in.
//! The rate rises over the first hundredth of the steps to 0.001 and falls to 0 along a cosine.

use std::error::Error;
use std::path::Path;
use std::time::Instant;
use timestep_engine::ops::NORM_MOMENTUM;
use timestep_engine::{End, Engine, Features, Fused, Gradients, Parameters, Recording, Wanted};
use timestep_numerics::random::Stream;
use timestep_picture::{Memory, Plane};
use timestep_restore::dncnn::Network;
use timestep_restore::learned::picture_files;
use timestep_train::files;
use timestep_train::optimisers::{AdamW, Group, Optimiser as _};
use timestep_weights::{Arrays, Metadata};

type Failure = Box<dyn Error>;

const SEED: u64 = 17;
const LAYERS: usize = 17;
const WIDTH: usize = 64;
/// The levels of noise, in grey levels.
const MOST: f64 = 55.0;
const RATE: f64 = 1e-3;
/// Steps between two saved states.
const SAVED: usize = 100;

/// Noisy patches and their noise, in units of white.
struct Batch {
    noisy: Vec<f32>,
    noise: Vec<f32>,
}

/// Patch `(x, y)` of a picture, turned and mirrored in one of eight ways.
fn patch(plane: &Plane, at: (usize, usize), side: usize, way: u64) -> Vec<f32> {
    let pixel = |i: usize| {
        let (mut x, mut y) = (i % side, i / side);
        if way & 1 == 1 {
            x = side - 1 - x;
        }
        if way & 2 == 2 {
            y = side - 1 - y;
        }
        if way & 4 == 4 {
            (x, y) = (y, x);
        }
        plane.row(at.1 + y)[at.0 + x] / 255.0
    };
    (0..side * side).map(pixel).collect()
}

fn batch(pictures: &[Plane], step: usize, (count, side): (usize, usize)) -> Batch {
    let (mut noisy, mut noise) = (Vec::new(), Vec::new());
    for n in 0..count {
        let mut stream = Stream::new(SEED, "patch", step as u64, n as u64);
        let mut below = |n: usize| (stream.unit() * n as f64) as usize;
        let plane = &pictures[below(pictures.len())];
        let at = (
            below(plane.width() - side + 1),
            below(plane.height() - side + 1),
        );
        let way = below(8) as u64;
        let clean = patch(plane, at, side, way);
        let sigma = MOST * stream.unit() / 255.0;
        for value in clean {
            let added = (sigma * stream.normal()) as f32;
            noisy.push(value + added);
            noise.push(added);
        }
    }
    Batch { noisy, noise }
}

/// The learning rate of a step.
fn rate(step: usize, steps: usize) -> f64 {
    let warm = (steps / 100).max(1);
    if step < warm {
        return RATE * (step + 1) as f64 / warm as f64;
    }
    let share = (step - warm) as f64 / (steps - warm).max(1) as f64;
    RATE * 0.5 * (1.0 + (std::f64::consts::PI * share).cos())
}

/// What a run goes on from.
struct State {
    parameters: Parameters,
    optimiser: AdamW,
    step: usize,
}

fn save(state: &State, out: &Path) -> Result<(), Failure> {
    let values = state.parameters.values();
    let shape = [values.len()];
    let mut arrays: Vec<(&str, &[usize], &[f32])> = vec![("values", &shape, values)];
    for (name, moments) in state.optimiser.state() {
        arrays.push((name, &shape, moments));
    }
    let text = Metadata::from([("step".to_owned(), state.step.to_string())]);
    let bytes = timestep_weights::write(&arrays, &text)?;
    files::write_atomic(&out.join("state.safetensors"), |file| {
        file.write_all(&bytes)
    })?;
    Ok(())
}

fn load(network: &Network, out: &Path) -> Result<State, Failure> {
    let mut optimiser = AdamW::new(0.9, 0.999, 1e-8);
    let path = out.join("state.safetensors");
    if !path.exists() {
        let parameters = network.start(SEED);
        let step = 0;
        return Ok(State {
            parameters,
            optimiser,
            step,
        });
    }
    let bytes = std::fs::read(path)?;
    let arrays = Arrays::open(&bytes)?;
    let step: usize = arrays.metadata.get("step").ok_or("no step")?.parse()?;
    let numbers = |name: &str| -> Result<Vec<f32>, Failure> {
        let view = arrays.tensors.tensor(name)?;
        let all = view.data().as_chunks::<4>().0.iter();
        Ok(all.map(|bytes| f32::from_le_bytes(*bytes)).collect())
    };
    let parameters = Parameters::new(network.specs().clone(), numbers("values")?);
    let moments = ["first_moment", "second_moment"];
    let moments = moments.map(|name| Ok::<_, Failure>((name.to_owned(), numbers(name)?)));
    let moments: Result<Vec<_>, _> = moments.into_iter().collect();
    optimiser.restore(step as u64, moments?)?;
    Ok(State {
        parameters,
        optimiser,
        step,
    })
}

/// Mean squared error of the noise of a batch, and one step.
fn learn(network: &Network, state: &mut State, batch: &Batch, side: usize, lr: f64) -> f64 {
    let recording = Recording {
        wanted: Wanted::Parameters,
        statistics: true,
    };
    let count = batch.noisy.len() / (side * side);
    let dims = [count, 1, side, side];
    let mut gradients = Gradients::zeros(network.specs());
    let (loss, measured) = {
        let tape = Fused.open(&state.parameters, &recording);
        let pictures = Features::images(&tape, dims, &batch.noisy);
        let (found, measured) = network.noise(&tape, &pictures);
        let apart: Vec<f32> = (found.read().iter())
            .zip(&batch.noise)
            .map(|(found, noise)| *found as f32 - noise)
            .collect();
        let squares: f64 = apart.iter().map(|d| f64::from(*d).powi(2)).sum();
        // Of half the squared errors, summed over a patch and averaged over patches, as published.
        let gradient: Vec<f32> = apart.iter().map(|d| d / count as f32).collect();
        let gradient = Features::images(&tape, dims, &gradient);
        let ends = [End::Features(found.value(), gradient.value())];
        tape.backward(&ends, &mut gradients);
        (squares / apart.len() as f64, measured)
    };
    let group = Group {
        range: 0..network.specs().total(),
        decay: 0.0,
        frozen: false,
    };
    // Gradients of running statistics are 0, and so are their moments: they stay.
    let values = state.parameters.values_mut();
    let groups = [group];
    state
        .optimiser
        .update(values, gradients.values(), &groups, lr);
    network.absorb(&mut state.parameters, &measured, NORM_MOMENTUM);
    state.step += 1;
    loss
}

#[allow(clippy::print_stdout)]
fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [folder, out, steps, rest @ ..] = args.as_slice() else {
        return Err("usage: train_dncnn FOLDER OUT STEPS [SIDE] [BATCH]".into());
    };
    let steps: usize = steps.parse()?;
    let side: usize = rest.first().map_or(Ok(48), |s| s.parse())?;
    let count: usize = rest.get(1).map_or(Ok(16), |s| s.parse())?;
    let out = Path::new(out);
    std::fs::create_dir_all(out)?;
    let mut pictures = Vec::new();
    for file in picture_files(folder.as_ref())? {
        let planes = timestep_picture::read(&file, &Memory::of_machine())?.planes();
        pictures.extend(planes.into_iter().next());
    }
    pictures.retain(|plane| plane.width() >= side && plane.height() >= side);
    let network = Network::new(LAYERS, WIDTH)?;
    let mut state = load(&network, out)?;
    let (began, first) = (Instant::now(), state.step);
    let about =
        format!("cargo run --release --example train_dncnn -- FOLDER OUT {steps} {side} {count}");
    let used = |state: &State| -> Result<(), Failure> {
        let model = network.folded(&state.parameters)?;
        let bytes = model.to_bytes(&[("trained_by", about.clone())])?;
        files::write_atomic(&out.join("dncnn.safetensors"), |file| {
            file.write_all(&bytes)
        })?;
        Ok(())
    };
    let mut mean = 0.0;
    while state.step < steps {
        let batch = batch(&pictures, state.step, (count, side));
        let lr = rate(state.step, steps);
        let loss = learn(&network, &mut state, &batch, side, lr);
        if !loss.is_finite() {
            return Err(format!("the loss of step {} is not finite", state.step).into());
        }
        mean += loss / SAVED as f64;
        if state.step.is_multiple_of(SAVED) || state.step == steps {
            let seconds = began.elapsed().as_secs_f64();
            println!(
                "step {} of {steps}: RMS error {:.3} grey levels, {:.2} s a step",
                state.step,
                255.0 * mean.sqrt(),
                seconds / (state.step - first) as f64
            );
            mean = 0.0;
            save(&state, out)?;
        }
    }
    used(&state)
}
