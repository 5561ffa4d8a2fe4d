//! Is this machine and this build in order?

use crate::answer;
use serde_json::Value;
use std::path::Path;
use std::time::Instant;
use timestep_data::{OpenOptions, open};
use timestep_engine::{End, Exact, Recording, Wanted, WideGradients};
use timestep_nets::{InputShape, Mode, Network, Pass, Targets, device, ops, preset};
use timestep_numerics::analysis;
use timestep_train::cluster::Place;
use timestep_train::recipe::OptimiserSettings;
use timestep_train::run::environment;
use timestep_train::{Examples, Learner, TrainError};

/// Images of the timed step.
pub const BATCH: usize = 32;

answer! {
    /// A data set, and whether it is here.
    pub struct DataHere {
        /// Its name.
        pub name: &'static str,
        /// Whether it is embedded, or lies readable in the folder `data`.
        pub found: bool,
    }
}

answer! {
    /// The processes that work together.
    pub struct Ranks {
        /// How many there are; 1 without a launcher.
        pub count: usize,
        /// Machines that they are on.
        pub machines: usize,
        /// Ranks on the machine of the first.
        pub local: usize,
        /// Cores that the first may use.
        pub allowed: usize,
        /// Cores of its machine.
        pub cores: usize,
        /// Threads that suit each rank of that machine.
        pub threads: usize,
    }
}

impl Ranks {
    /// Of so many ranks, where the first is placed so.
    #[must_use]
    pub fn of(count: usize, place: &Place) -> Self {
        Self {
            count,
            machines: place.machines,
            local: place.local,
            allowed: place.allowed,
            cores: place.cores,
            threads: place.threads,
        }
    }
}

answer! {
    /// What the program found when it tested itself on this machine.
    pub struct Checkup {
        /// Whether all tests were passed.
        pub ok: bool,
        /// The machine and the program, as a run keeps them in `environment.json`.
        pub environment: Value,
        /// Instruction sets of the processor that matter here.
        pub instruction_sets: Vec<&'static str>,
        /// The kernels that are used.
        pub kernels: &'static str,
        /// The processes that a launcher started together.
        pub ranks: Ranks,
        /// Memory of the machine in units of 10^9 bytes; null where the system does not tell.
        pub memory_gb: Option<f64>,
        /// Whether folders can be made in the current one.
        pub writable: bool,
        /// Data sets with a fixed list of files.
        pub data: Vec<DataHere>,
        /// Measured order of forward Euler, which is 1.
        pub euler_order: f64,
        /// Measured order of the classical Runge-Kutta method, which is 4.
        pub rk4_order: f64,
        /// Relative error of a gradient against finite differences in double precision.
        pub gradient_error: f64,
        /// Seconds of one training step of `lm-resnet-20` on 32 images of 3×32×32.
        pub step_seconds: f64,
        /// Seconds that all tests took.
        pub seconds: f64,
    }
}

impl Checkup {
    /// Tests the program on itself with so many threads, and describes the machine.
    ///
    /// # Errors
    /// [`TrainError::Net`] if the tests cannot be run.
    pub fn run(threads: usize, ranks: Ranks) -> Result<Self, TrainError> {
        let began = Instant::now();
        let order = |scheme| analysis::order(scheme, None).map_err(timestep_nets::NetError::from);
        let (euler, rk4) = (order("euler")?.order, order("rk4")?.order);
        let gradient = gradient_error()?;
        Ok(Self {
            ok: (euler - 1.0).abs() < 0.1 && (rk4 - 4.0).abs() < 0.1 && gradient < 1e-5,
            environment: environment(threads),
            instruction_sets: instruction_sets(),
            kernels: timestep_engine::kernels().unwrap_or("unknown"),
            ranks,
            memory_gb: memory_gigabytes(),
            writable: folder_can_be_made(),
            data: data_found(),
            euler_order: euler,
            rk4_order: rk4,
            gradient_error: gradient,
            step_seconds: step_seconds(BATCH, 2)?.last().copied().unwrap_or(f64::NAN),
            seconds: began.elapsed().as_secs_f64(),
        })
    }
}

/// Memory of the machine, where the system tells.
fn memory_gigabytes() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024.0 / 1e9)
}

/// Each data set with a fixed list of files, and whether it is embedded or lies readable in `data`.
fn data_found() -> Vec<DataHere> {
    let fixed = timestep_data::list()
        .into_iter()
        .filter(|set| !set.needs_dir || set.can_fetch());
    let here = |name| open(name, &OpenOptions::in_dir("data")).is_ok();
    fixed
        .map(|set| DataHere {
            name: set.key,
            found: here(set.key),
        })
        .collect()
}

/// Instruction sets that matter to the kernels and that this processor has.
fn instruction_sets() -> Vec<&'static str> {
    let mut found = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx2") {
            found.push("AVX2");
        }
        if std::arch::is_x86_feature_detected!("fma") {
            found.push("FMA");
        }
        if std::arch::is_x86_feature_detected!("avx512f") {
            found.push("AVX-512");
        }
        if std::arch::is_x86_feature_detected!("avx512vnni") {
            found.push("AVX-512 VNNI");
        }
    }
    if found.is_empty() {
        found.push("baseline instructions");
    }
    found
}

/// Can run folders be made in the current folder?
fn folder_can_be_made() -> bool {
    // The process number keeps two checkups in one folder apart.
    let name = format!(".timestep-doctor-{}", std::process::id());
    let path = Path::new(&name);
    let made = std::fs::create_dir(path).is_ok();
    made && std::fs::remove_dir(path).is_ok()
}

/// A batch of smooth made-up images, and their classes.
pub(crate) fn sample(
    input: InputShape,
    batch: usize,
    classes: usize,
) -> ([usize; 4], Vec<f32>, Targets) {
    let dims = [batch, input.channels, input.height, input.width];
    let count: usize = dims.iter().product();
    let images = (0..count).map(|i| (i as f32 * 0.37).sin()).collect();
    let labels: Vec<u32> = (0..batch).map(|i| (i % classes) as u32).collect();
    (dims, images, Targets::of(&labels))
}

/// Relative error of one gradient of a small LM-ResNet against central differences in f64.
fn gradient_error() -> Result<f64, TrainError> {
    let input = InputShape {
        channels: 1,
        height: 6,
        width: 6,
    };
    let network = Network::build(&preset("lm-resnet-20")?.config(input, 10))?;
    let parameters = network.init(0);
    let (dims, images, targets) = sample(input, 3, 10);
    let Some(id) = parameters.find("layer1.1.memory_k") else {
        return Ok(f64::INFINITY);
    };
    let recording = Recording {
        wanted: Wanted::Parameters,
        statistics: true,
    };
    // The loss, and its gradient with respect to the coefficient, with the coefficient moved.
    let loss = |by: f64| -> Result<(f64, f64), TrainError> {
        let mut values: Vec<f64> = parameters.values().iter().map(|v| f64::from(*v)).collect();
        values[parameters.specs().range(id).start] += by;
        let tape = Exact.open_f64(parameters.specs(), values, &recording);
        let pass = Pass::on(tape.clone(), Mode::Train);
        let logits = network.forward(&pass, pass.images(dims, &images))?;
        let loss = ops::cross_entropy(&logits, &targets);
        let mut gradients = WideGradients::zeros(parameters.specs());
        tape.backward(&[End::Loss(loss.value(), 1.0)], &mut gradients);
        let value = loss.read().first().copied().unwrap_or(f64::NAN);
        Ok((value, gradients.value(id)[0]))
    };
    let (_, exact) = loss(0.0)?;
    let numeric = (loss(1e-5)?.0 - loss(-1e-5)?.0) / 2e-5;
    Ok((numeric - exact).abs() / exact.abs().max(1e-9))
}

/// Seconds of each of `steps` training steps of LM-ResNet-20 on `batch` images of 3×32×32.
fn step_seconds(batch: usize, steps: usize) -> Result<Vec<f64>, TrainError> {
    let input = InputShape {
        channels: 3,
        height: 32,
        width: 32,
    };
    let network = Network::build(&preset("lm-resnet-20")?.config(input, 10))?;
    let mut parameters = network.init(0);
    let settings = OptimiserSettings::default();
    let mut learner = Learner::new(device("cpu")?, &settings, network.specs())?;
    let (dims, images, targets) = sample(input, batch, 10);
    let examples = Examples {
        dims,
        images: &images,
        targets: &targets,
    };
    let mut seconds = Vec::new();
    for _ in 0..steps {
        let began = Instant::now();
        let _ = learner.step(&network, &mut parameters, &examples, 0.01, None)?;
        seconds.push(began.elapsed().as_secs_f64());
    }
    Ok(seconds)
}
