//! How fast are training, inference and single convolutions here? A worker for `bench/compare.py`:
//! one JSON command a line on standard input, one JSON answer a line on standard output.
//!
//! `{"cmd":"train","net":"lm-resnet-20","batch":128,"size":32,"steps":3}` takes training steps on
//! fixed random images, `infer` classifies them, `conv` times one convolution, `memory` reports the
//! peak of resident memory, `peak` measures multiply-adds on registers.
#![allow(clippy::print_stdout)]

use serde_json::{Value, json};
use std::collections::HashMap;
use std::error::Error;
use std::io::{BufRead, Write};
use std::sync::Arc;
use std::time::Instant;
use timestep_kernels::{ConvShape, Kernels, Scaled, Sum, View};
use timestep_nets::{
    Activations, Engine, InputShape, Network, Parameters, Targets, device, preset,
};
use timestep_train::evaluate::logits_of;
use timestep_train::recipe::OptimiserSettings;
use timestep_train::{Examples, Learner};

type Answer = Result<Value, Box<dyn Error>>;

/// A network in training and the batch it is trained on.
struct Subject {
    network: Network,
    parameters: Parameters,
    learner: Learner,
    dims: [usize; 4],
    images: Vec<f32>,
    targets: Targets,
}

/// Numbers without pattern, the same on every machine, of unit variance.
fn noise(n: usize) -> Vec<f32> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..n).map(|_| 1.732 * next()).collect()
}

impl Subject {
    fn new(
        name: &str,
        batch: usize,
        size: usize,
        engine: &Arc<dyn Engine>,
    ) -> Result<Self, Box<dyn Error>> {
        let input = InputShape {
            channels: 3,
            height: size,
            width: size,
        };
        let classes = if size >= 128 { 1000 } else { 10 };
        // `revnet-38+stored` is the network without reconstruction of its activations.
        let (published, stored) = match name.strip_suffix("+stored") {
            Some(published) => (published, true),
            None => (name, false),
        };
        let mut config = preset(published)?.config(input, classes);
        if stored {
            config.body.activations = Activations::Stored;
        }
        let network = Network::build(&config)?;
        let parameters = network.init(0);
        let settings = OptimiserSettings {
            lr: 0.01,
            ..OptimiserSettings::default()
        };
        let labels: Vec<u32> = (0..batch).map(|i| (i % classes) as u32).collect();
        Ok(Self {
            learner: Learner::new(engine.clone(), &settings, network.specs())?,
            network,
            parameters,
            dims: [batch, 3, size, size],
            images: noise(batch * 3 * size * size),
            targets: Targets::of(&labels),
        })
    }

    fn train(&mut self, steps: usize) -> Answer {
        let began = Instant::now();
        let mut loss = f64::NAN;
        for _ in 0..steps {
            let examples = Examples {
                dims: self.dims,
                images: &self.images,
                targets: &self.targets,
            };
            let (network, parameters) = (&self.network, &mut self.parameters);
            loss = self
                .learner
                .step(network, parameters, &examples, 0.01, None)?
                .ok_or("the loss is not finite")?
                .loss;
        }
        Ok(json!({"seconds": began.elapsed().as_secs_f64(), "steps": steps, "loss": loss}))
    }

    fn infer(&self, steps: usize) -> Answer {
        let began = Instant::now();
        let mut first = 0.0;
        for _ in 0..steps {
            let images = (self.dims, self.images.as_slice());
            let engine = self.learner.engine();
            let logits = logits_of(&self.network, &self.parameters, images, engine)?;
            first = f64::from(logits.first().copied().unwrap_or(0.0));
        }
        let seconds = began.elapsed().as_secs_f64();
        Ok(json!({"seconds": seconds, "steps": steps, "logit": first}))
    }
}

/// Median seconds of one pass of a convolution.
fn conv(command: &Value) -> Answer {
    let n = |key: &str| number(command, key);
    let kernel = n("k")?;
    let shape = ConvShape {
        batch: n("n")?,
        height: n("h")?,
        width: n("w")?,
        input: n("cin")?,
        output: n("cout")?,
        kernel: [kernel; 2],
        stride: n("stride")?,
        padding: [(kernel - 1) / 2; 2],
        groups: n("groups")?,
    };
    let kernels = Kernels::detect();
    let (x, weights) = (noise(shape.input_len()), noise(shape.weight_len()));
    let (mut y, g) = (vec![0.0; shape.output_len()], noise(shape.output_len()));
    let mut dx = vec![0.0; shape.input_len()];
    let view = View::plain(&x);
    let ones = vec![1.0; shape.output];
    let sum = Sum {
        terms: vec![Scaled {
            data: &g,
            scale: &ones,
        }],
        constant: None,
    };
    let pass = command["pass"].as_str().unwrap_or("forward").to_owned();
    let mut times = Vec::new();
    for _ in 0..=n("repeat")? {
        let began = Instant::now();
        match pass.as_str() {
            "forward" => {
                let _ = kernels.conv_forward(&shape, &view, &weights, &mut y, false);
            }
            "grad_input" => kernels.conv_input_grad(&shape, &weights, &sum, &mut dx),
            "grad_weight" => {
                let _ = kernels.conv_backward(&shape, &view, &weights, &sum, None, None);
            }
            other => return Err(format!("unknown pass `{other}`").into()),
        }
        times.push(began.elapsed().as_secs_f64());
    }
    // The first one warms caches and buffers.
    times.remove(0);
    times.sort_by(f64::total_cmp);
    Ok(json!({"seconds": times[times.len() / 2]}))
}

fn number(command: &Value, key: &str) -> Result<usize, String> {
    command[key]
        .as_u64()
        .map(|n| n as usize)
        .ok_or_else(|| format!("`{key}` must be a whole number"))
}

/// A line of `/proc/self/status` in MiB; 0 where there is no such file.
fn memory(key: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    let kib = line.and_then(|l| l.split_whitespace().nth(1)?.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}

fn answer(
    command: &Value,
    subjects: &mut HashMap<String, Subject>,
    engine: &Arc<dyn Engine>,
) -> Answer {
    let cmd = command["cmd"].as_str().unwrap_or_default();
    match cmd {
        "conv" => return conv(command),
        "peak" => return Ok(json!({"gflops": Kernels::detect().peak_gflops()})),
        "forget" => {
            subjects.clear();
            return Ok(json!({}));
        }
        "train" | "infer" | "memory" => {}
        other => return Err(format!("unknown command `{other}`").into()),
    }
    let name = command["net"].as_str().ok_or("`net` must be a name")?;
    let (batch, size) = (number(command, "batch")?, number(command, "size")?);
    let before = memory("VmRSS");
    let key = format!("{name} {batch} {size}");
    if !subjects.contains_key(&key) {
        subjects.insert(key.clone(), Subject::new(name, batch, size, engine)?);
    }
    let subject = subjects.get_mut(&key).ok_or("just inserted")?;
    match cmd {
        "train" => subject.train(number(command, "steps")?),
        "infer" => subject.infer(number(command, "steps")?),
        _ => {
            subject.train(2)?;
            Ok(json!({"peak_rss_mib": memory("VmHWM"), "before_mib": before}))
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|a| a == "--threads") {
        let threads = arguments
            .get(at + 1)
            .ok_or("--threads needs a number")?
            .parse()?;
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()?;
    }
    let on = arguments.iter().position(|a| a == "--device");
    let on = on.map(|at| arguments.get(at + 1).ok_or("--device needs a name"));
    let engine = device(on.transpose()?.map_or("cpu", String::as_str))?;
    let mut subjects = HashMap::new();
    let version = env!("CARGO_PKG_VERSION");
    println!(
        "{}",
        json!({"ready": true, "name": "timestep", "version": version})
    );
    for line in std::io::stdin().lock().lines() {
        let command: Value = serde_json::from_str(&line?)?;
        if command["cmd"] == "quit" {
            break;
        }
        let reply = answer(&command, &mut subjects, &engine)
            .unwrap_or_else(|error| json!({"error": error.to_string()}));
        println!("{reply}");
        std::io::stdout().flush()?;
    }
    Ok(())
}
