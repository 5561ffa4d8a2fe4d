//! How fast are the methods, and how near do they come? A worker for `bench/denoising.py`: one JSON command a line on
//! standard input, one JSON answer a line on standard output.
//!
//! `{"cmd":"restore","method":"trd","model":"trd-5x5-s25","side":512,"sigma":25,"repeats":3,"seed":0}` answers with
//! the seconds of each run and the PSNR of the last; `"warm":0` leaves out the untimed first run, `"result":FILE`
//! writes what came out. `picture` takes the same picture and writes it: `"clean":FILE` and `"noisy":FILE`, raw little-endian
//! `f32` in rows. `"pictures":DIR` makes it a mosaic of the pictures there; without them it is synthetic, and the answer
//! says so. `methods`, `peak` (multiply-adds on registers), `memory` and `quit` need nothing more. `RAYON_NUM_THREADS` sets the threads.
#![allow(clippy::print_stdout)]

use serde_json::{Value, json};
use std::error::Error;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;
use timestep_kernels::Kernels;
use timestep_picture::{self as picture, Plane, metrics};
use timestep_restore::{Method, methods};

type Answer = Result<Value, Box<dyn Error>>;

/// A clean picture and the same with noise.
struct Pair {
    /// What was asked for.
    key: String,
    /// Where the texture comes from.
    kind: String,
    clean: Plane,
    noisy: Plane,
}

#[derive(Default)]
struct Worker {
    /// The last picture: contenders take the same one by turns.
    pair: Option<Pair>,
    /// The methods made so far, with what was asked for.
    made: Vec<(String, Box<dyn Method>)>,
}

fn number(command: &Value, key: &str) -> Result<usize, String> {
    command[key]
        .as_u64()
        .map(|n| n as usize)
        .ok_or_else(|| format!("`{key}` must be a whole number"))
}

fn or(command: &Value, key: &str, otherwise: usize) -> Result<usize, String> {
    match command[key].is_null() {
        true => Ok(otherwise),
        false => number(command, key),
    }
}

/// Where pixel `at` comes from in a row of `n` that is mirrored over and over.
fn mirrored(at: usize, n: usize) -> usize {
    let at = at % (2 * n);
    if at < n { at } else { 2 * n - 1 - at }
}

/// The pictures of a folder in the order of their names, as many as a mosaic of `side × side` holds.
fn tiles(folder: &Path, side: usize) -> Result<Vec<Plane>, Box<dyn Error>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|e| Ok(e?.path()))
        .collect::<Result<_, std::io::Error>>()?;
    files.retain(|f| picture::is_picture_name(f));
    files.sort();
    let mut tiles: Vec<Plane> = Vec::new();
    for file in files {
        let per_row = |t: &Plane| side.div_ceil(t.width().min(t.height()));
        if tiles
            .first()
            .is_some_and(|t| tiles.len() >= per_row(t).pow(2))
        {
            break;
        }
        let grey = picture::read(&file, &picture::Memory::of_machine())?.planes();
        let same = |t: &Plane| (t.width(), t.height()) == (grey[0].width(), grey[0].height());
        if tiles.first().is_none_or(same) {
            tiles.push(grey[0].clone());
        }
    }
    Ok(tiles)
}

/// Pictures side by side; where there are too few, the mosaic is mirrored.
fn mosaic(tiles: &[Plane], side: usize) -> Result<Plane, Box<dyn Error>> {
    let (width, height) = (tiles[0].width(), tiles[0].height());
    let whole = (1..)
        .take_while(|n| n * n <= tiles.len())
        .last()
        .ok_or("no pictures")?;
    let mut pixels = Vec::with_capacity(side * side);
    for y in 0..side {
        let y = mirrored(y, whole * height);
        for x in 0..side {
            let x = mirrored(x, whole * width);
            let tile = &tiles[y / height * whole + x / width];
            pixels.push(tile.row(y % height)[x % width]);
        }
    }
    Ok(Plane::new(side, side, pixels)?)
}

/// Blocks, ramps and waves: edges and texture of no photograph.
fn synthetic(side: usize) -> Result<Plane, Box<dyn Error>> {
    let grey = |x: usize, y: usize| {
        let block = ((x / 23 * 37 + y / 31 * 61) % 150) as f32;
        let wave = if (x / 97 + y / 89).is_multiple_of(2) {
            20.0 * (0.9 * (x + 2 * y) as f32).sin()
        } else {
            0.3 * ((x + y) % 97) as f32
        };
        40.0 + block + wave
    };
    let pixels = (0..side * side).map(|i| grey(i % side, i / side)).collect();
    Ok(Plane::new(side, side, pixels)?)
}

impl Pair {
    fn new(key: String, command: &Value) -> Result<Self, Box<dyn Error>> {
        let side = number(command, "side")?;
        let sigma = command["sigma"]
            .as_f64()
            .ok_or("`sigma` must be a number")?;
        let folder = command["pictures"].as_str().map(Path::new);
        let tiles = match folder.filter(|f| f.is_dir()) {
            Some(folder) => tiles(folder, side)?,
            None => Vec::new(),
        };
        let (kind, clean) = if tiles.is_empty() {
            ("synthetic".to_owned(), synthetic(side)?)
        } else {
            let name = folder.and_then(Path::file_name).unwrap_or_default();
            (
                format!("mosaic of {}", name.to_string_lossy()),
                mosaic(&tiles, side)?,
            )
        };
        let mut noisy = clean.pixels().to_vec();
        timestep_data::add_noise(&mut noisy, sigma, or(command, "seed", 0)? as u64, 0);
        let noisy = clean.with_pixels(noisy);
        Ok(Self {
            key,
            kind,
            clean,
            noisy,
        })
    }
}

fn write(file: &Value, plane: &Plane) -> Result<(), Box<dyn Error>> {
    if let Some(file) = file.as_str() {
        let bytes: Vec<u8> = plane
            .pixels()
            .iter()
            .flat_map(|p| p.to_le_bytes())
            .collect();
        std::fs::write(file, bytes)?;
    }
    Ok(())
}

impl Worker {
    fn pair(&mut self, command: &Value) -> Result<&Pair, Box<dyn Error>> {
        let asked = ["side", "sigma", "seed", "pictures"].map(|k| command[k].to_string());
        let key = asked.join(" ");
        let pair = match self.pair.take() {
            Some(pair) if pair.key == key => pair,
            _ => Pair::new(key, command)?,
        };
        Ok(self.pair.insert(pair))
    }

    fn picture(&mut self, command: &Value) -> Answer {
        let pair = self.pair(command)?;
        write(&command["clean"], &pair.clean)?;
        write(&command["noisy"], &pair.noisy)?;
        let psnr = metrics::psnr(
            std::slice::from_ref(&pair.noisy),
            std::slice::from_ref(&pair.clean),
        );
        Ok(json!({"picture": pair.kind, "noisy_psnr": psnr}))
    }

    fn restore(&mut self, command: &Value) -> Answer {
        let name = command["method"]
            .as_str()
            .ok_or("`method` must be a name")?;
        let model = command["model"].as_str();
        let asked = format!("{name} {}", model.unwrap_or_default());
        let index = match self.made.iter().position(|(key, _)| *key == asked) {
            Some(index) => index,
            None => {
                let options = methods::MethodOptions {
                    model: model.map(Into::into),
                };
                self.made.push((asked, methods::make(name, &options)?));
                self.made.len() - 1
            }
        };
        self.pair(command)?;
        let pair = self.pair.as_ref().ok_or("just made")?;
        let method = &self.made[index].1;
        let sigma = command["sigma"]
            .as_f64()
            .ok_or("`sigma` must be a number")?;
        let noisy = std::slice::from_ref(&pair.noisy);
        for _ in 0..or(command, "warm", 1)? {
            method.denoise(noisy, &[sigma])?;
        }
        let (mut seconds, mut restored) = (Vec::new(), Vec::new());
        for _ in 0..or(command, "repeats", 1)?.max(1) {
            let began = Instant::now();
            restored = method.denoise(noisy, &[sigma])?;
            seconds.push(began.elapsed().as_secs_f64());
        }
        write(&command["result"], &restored[0])?;
        let psnr = metrics::psnr(&restored, std::slice::from_ref(&pair.clean));
        Ok(json!({"seconds": seconds, "psnr": psnr, "picture": pair.kind}))
    }

    fn answer(&mut self, command: &Value) -> Answer {
        match command["cmd"].as_str().unwrap_or_default() {
            "restore" => self.restore(command),
            "picture" => self.picture(command),
            "methods" => {
                let keys: Vec<&str> = timestep_restore::METHODS.keys().collect();
                let models: Vec<&str> = methods::bundled_names().collect();
                Ok(json!({"methods": keys, "models": models}))
            }
            "peak" => Ok(json!({"gflops": Kernels::detect().peak_gflops()})),
            "memory" => {
                Ok(json!({"peak_rss_mib": resident("VmHWM"), "rss_mib": resident("VmRSS")}))
            }
            other => Err(format!("unknown command `{other}`").into()),
        }
    }
}

/// A line of `/proc/self/status` in MiB; 0 where there is no such file.
fn resident(key: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    let kib = line.and_then(|l| l.split_whitespace().nth(1)?.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}

fn main() -> Result<(), Box<dyn Error>> {
    let version = env!("CARGO_PKG_VERSION");
    println!(
        "{}",
        json!({"ready": true, "name": "timestep", "version": version})
    );
    let mut worker = Worker::default();
    for line in std::io::stdin().lock().lines() {
        let command: Value = serde_json::from_str(&line?)?;
        if command["cmd"] == "quit" {
            break;
        }
        let reply = worker
            .answer(&command)
            .unwrap_or_else(|error| json!({"error": error.to_string()}));
        println!("{reply}");
        std::io::stdout().flush()?;
    }
    Ok(())
}
