//! `timestep doctor`: is this machine and this build in order?

use crate::args::Doctor;
use crate::failure::{Failure, NEGATIVE};
use crate::ui::Ui;
use serde_json::json;
use std::time::Instant;
use timestep_data::{OpenOptions, open};
use timestep_engine::{End, Exact, Recording, Wanted, WideGradients};
use timestep_nets::{InputShape, Mode, Network, Pass, Targets, device, ops, preset};
use timestep_numerics::analysis;
use timestep_study::json::number;
use timestep_train::recipe::OptimiserSettings;
use timestep_train::run::environment;
use timestep_train::{Examples, Learner};

/// Tests the program on itself and describes the machine.
pub(crate) fn run(_args: &Doctor, ui: Ui) -> Result<u8, Failure> {
    let began = Instant::now();
    let environment = environment(rayon::current_num_threads());
    let euler = analysis::order("euler", None)?.order;
    let rk4 = analysis::order("rk4", None)?.order;
    let gradient = gradient_error()?;
    let step = step_seconds()?;
    let kernels = timestep_engine::kernels().unwrap_or("unknown");
    let writable = tempfile_in_current_folder();
    let memory = memory_gigabytes();
    let sets = data_found();
    let ok = (euler - 1.0).abs() < 0.1 && (rk4 - 4.0).abs() < 0.1 && gradient < 1e-5;
    let seconds = began.elapsed().as_secs_f64();
    if ui.json {
        ui.object(json!({
            "ok": ok,
            "environment": environment,
            "instruction_sets": instruction_sets(),
            "kernels": kernels,
            "memory_gb": memory,
            "writable": writable,
            "data": sets.iter().map(|(name, found)| json!({"name": name, "found": found})).collect::<Vec<_>>(),
            "euler_order": number(euler),
            "rk4_order": number(rk4),
            "gradient_error": number(gradient),
            "step_seconds": number(step),
            "seconds": number(seconds),
        }));
    } else {
        ui.data(&format!(
            "timestep   {}\n\
             machine    {}, {} cores, {} threads, {}, {}\n\
             kernels    {}\n\
             folder     {}\n\
             data       {}\n\
             self-test  Euler order {euler:.2}, RK4 order {rk4:.2}, gradient against finite differences {gradient:.1e}\n\
             speed      {:.0} images/s (lm-resnet-20, 3×32×32, batch 32, one training step)\n\
             {} in {seconds:.1} s",
            env!("CARGO_PKG_VERSION"),
            environment["cpu"].as_str().unwrap_or("unknown processor"),
            environment["cores"],
            environment["threads"],
            instruction_sets().join(" "),
            memory.map_or("memory unknown".to_owned(), |gb| format!("{gb:.1} GB memory")),
            kernels,
            if writable { "the current folder is writable" } else { "the current folder is NOT writable: use --out" },
            sets.iter()
                .map(|(name, found)| format!("{name}: {}", if *found { "found" } else { "not in ./data" }))
                .collect::<Vec<_>>()
                .join(", "),
            32.0 / step,
            if ok { "all in order" } else { "NOT in order" },
        ));
    }
    Ok(if ok { 0 } else { NEGATIVE })
}

/// Memory of the machine, where the system tells.
fn memory_gigabytes() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024.0 / 1e9)
}

/// Each data set with a fixed list of files, and whether it is embedded or lies readable in `data`.
fn data_found() -> Vec<(&'static str, bool)> {
    let fixed = timestep_data::list()
        .into_iter()
        .filter(|set| !set.needs_dir || set.can_fetch());
    fixed
        .map(|set| (set.key, open(set.key, &OpenOptions::in_dir("data")).is_ok()))
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
    }
    if found.is_empty() {
        found.push("baseline instructions");
    }
    found
}

/// Can run folders be made here?
fn tempfile_in_current_folder() -> bool {
    // The process number keeps two doctors in one folder apart.
    let name = format!(".timestep-doctor-{}", std::process::id());
    let path = std::path::Path::new(&name);
    let made = std::fs::create_dir(path).is_ok();
    made && std::fs::remove_dir(path).is_ok()
}

/// A batch of smooth made-up images, and their classes.
fn sample(input: InputShape, batch: usize) -> ([usize; 4], Vec<f32>, Targets) {
    let dims = [batch, input.channels, input.height, input.width];
    let count: usize = dims.iter().product();
    let images = (0..count).map(|i| (i as f32 * 0.37).sin()).collect();
    let labels: Vec<u32> = (0..batch as u32).map(|i| i % 10).collect();
    (dims, images, Targets::of(&labels))
}

/// Relative error of one gradient of a small LM-ResNet against central differences in f64.
fn gradient_error() -> Result<f64, Failure> {
    let input = InputShape {
        channels: 1,
        height: 6,
        width: 6,
    };
    let network = Network::build(&preset("lm-resnet-20")?.config(input, 10))?;
    let parameters = network.init(0);
    let (dims, images, targets) = sample(input, 3);
    let Some(id) = parameters.find("layer1.1.memory_k") else {
        return Ok(f64::INFINITY);
    };
    let recording = Recording {
        wanted: Wanted::Parameters,
        statistics: true,
    };
    // The loss, and its gradient with respect to the coefficient, with the coefficient moved.
    let loss = |by: f64| -> Result<(f64, f64), Failure> {
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

/// Seconds of one training step of LM-ResNet-20 on 32 images of 3×32×32.
fn step_seconds() -> Result<f64, Failure> {
    let input = InputShape {
        channels: 3,
        height: 32,
        width: 32,
    };
    let network = Network::build(&preset("lm-resnet-20")?.config(input, 10))?;
    let mut parameters = network.init(0);
    let settings = OptimiserSettings::default();
    let mut learner = Learner::new(device("cpu")?, &settings, network.specs())?;
    let (dims, images, targets) = sample(input, 32);
    let examples = Examples {
        dims,
        images: &images,
        targets: &targets,
    };
    let mut seconds = 0.0;
    for _ in 0..2 {
        let began = Instant::now();
        let _ = learner.step(&network, &mut parameters, &examples, 0.01, None)?;
        seconds = began.elapsed().as_secs_f64();
    }
    Ok(seconds)
}
