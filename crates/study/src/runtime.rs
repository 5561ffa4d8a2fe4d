//! How long does restoration take here, beside the published seconds?

use crate::answer;
use std::time::Instant;
use timestep_picture::Plane;
use timestep_restore::{Method, RestoreError, methods};

/// Sides of the square pictures of the talk.
const SIDES: [usize; 5] = [256, 512, 1024, 2048, 3072];

/// Standard deviation of the noise, in grey levels.
pub const SIGMA: f64 = 25.0;

/// A published row: the computer of 2016 it was measured on, and its seconds.
type Published = (&'static str, [Option<f64>; 5]);

/// A method of the table.
struct Row {
    label: &'static str,
    method: &'static str,
    model: Option<&'static str>,
    /// Largest side that is measured: WNNM takes minutes beyond.
    largest: [usize; 2],
    published: &'static [Published],
}

const fn all(seconds: [f64; 5]) -> [Option<f64>; 5] {
    [
        Some(seconds[0]),
        Some(seconds[1]),
        Some(seconds[2]),
        Some(seconds[3]),
        Some(seconds[4]),
    ]
}

/// The talk's table, largest sides for `quick` and `full`.
const ROWS: [Row; 5] = [
    Row {
        label: "BM3D",
        method: "bm3d",
        model: None,
        largest: [1024, 3072],
        published: &[("one thread", all([1.1, 4.0, 17.0, 76.4, 176.0]))],
    },
    Row {
        label: "CSF 7×7, 5 stages",
        method: "csf",
        model: Some("csf-7x7"),
        largest: [1024, 3072],
        published: &[("one thread", all([3.27, 11.6, 40.82, 151.2, 494.8]))],
    },
    Row {
        label: "WNNM",
        method: "wnnm",
        model: None,
        largest: [256, 1024],
        published: &[(
            "one thread",
            [Some(122.9), Some(532.9), Some(2094.6), None, None],
        )],
    },
    Row {
        label: "TRD 5×5, 5 stages",
        method: "trd",
        model: Some("trd-5x5-s25"),
        largest: [1024, 3072],
        published: &[
            ("one thread", all([0.51, 1.53, 5.48, 24.97, 53.3])),
            ("many threads", all([0.43, 0.78, 2.25, 8.01, 21.6])),
            ("GPU", all([0.005, 0.015, 0.054, 0.18, 0.39])),
        ],
    },
    Row {
        label: "TRD 7×7, 5 stages",
        method: "trd",
        model: Some("trd-7x7-s25"),
        largest: [1024, 3072],
        published: &[
            ("one thread", all([1.21, 3.72, 14.0, 62.2, 135.9])),
            ("many threads", all([0.56, 1.17, 3.64, 13.01, 30.1])),
            ("GPU", all([0.01, 0.032, 0.116, 0.40, 0.87])),
        ],
    },
];

answer! {
    /// Seconds that a method takes for one square grey picture, by its side in pixels; null where it is not measured.
    pub struct SecondsOfMethod {
        /// The method.
        pub method: &'static str,
        /// On what: a computer of the published table, or so many threads here.
        pub on: String,
        /// Seconds for 256×256 pixels.
        pub side_256 as "256²": Option<f64>,
        /// Seconds for 512×512 pixels.
        pub side_512 as "512²": Option<f64>,
        /// Seconds for 1024×1024 pixels.
        pub side_1024 as "1024²": Option<f64>,
        /// Seconds for 2048×2048 pixels.
        pub side_2048 as "2048²": Option<f64>,
        /// Seconds for 3072×3072 pixels.
        pub side_3072 as "3072²": Option<f64>,
    }
}

impl SecondsOfMethod {
    fn new(method: &'static str, on: String, seconds: [Option<f64>; 5]) -> Self {
        let [side_256, side_512, side_1024, side_2048, side_3072] = seconds;
        Self {
            method,
            on,
            side_256,
            side_512,
            side_1024,
            side_2048,
            side_3072,
        }
    }

    /// The seconds, the smallest picture first.
    #[must_use]
    pub fn seconds(&self) -> [Option<f64>; 5] {
        [
            self.side_256,
            self.side_512,
            self.side_1024,
            self.side_2048,
            self.side_3072,
        ]
    }
}

/// Measures every method at every size that the budget allows, with one thread and with as many as there are; `full` is the
/// budget without a limit of minutes. `watch` hears what is measured next.
///
/// # Errors
/// [`RestoreError`] for a method that fails.
pub fn measure(full: bool, watch: &dyn Fn(&str)) -> Result<Vec<SecondsOfMethod>, RestoreError> {
    let threads = rayon::current_num_threads();
    let mut pools = vec![(1, "one thread here".to_owned())];
    if threads > 1 {
        pools.push((threads, format!("{threads} threads here")));
    }
    let mut rows = Vec::new();
    for row in &ROWS {
        for (label, seconds) in row.published {
            let on = format!("{label}, talk");
            rows.push(SecondsOfMethod::new(row.label, on, *seconds));
        }
        let options = methods::MethodOptions {
            model: row.model.map(Into::into),
        };
        let method = methods::make(row.method, &options)?;
        for (count, name) in &pools {
            let mut seconds = [None; 5];
            for (cell, side) in seconds.iter_mut().zip(SIDES) {
                if sides(row, full).any(|s| s == side) {
                    watch(&format!("{}: {side}², {name}", row.label));
                    *cell = Some(in_pool(*count, || timed(method.as_ref(), side))?);
                }
            }
            rows.push(SecondsOfMethod::new(row.label, name.clone(), seconds));
        }
    }
    Ok(rows)
}

/// Runs something with so many threads.
fn in_pool<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    // A pool of its own: the global one is sized once for the whole program.
    match rayon::ThreadPoolBuilder::new().num_threads(threads).build() {
        Ok(pool) => pool.install(work),
        // A system that gives no more threads still has those of the program.
        Err(_) => work(),
    }
}

/// The sides that a method is measured at.
fn sides(row: &Row, full: bool) -> impl Iterator<Item = usize> {
    let largest = row.largest[usize::from(full)];
    SIDES.into_iter().filter(move |side| *side <= largest)
}

/// Median seconds of one plane of `side × side` pixels.
fn timed(method: &dyn Method, side: usize) -> Result<f64, RestoreError> {
    let picture = noisy(side)?;
    let once = || -> Result<f64, RestoreError> {
        let began = Instant::now();
        method.denoise(std::slice::from_ref(&picture), &[SIGMA])?;
        Ok(began.elapsed().as_secs_f64())
    };
    let first = once()?;
    // What takes long needs no repetition to be told from the noise of the machine.
    let repeats = if first > 20.0 { 0 } else { 3 };
    let mut seconds: Vec<f64> = (0..repeats).map(|_| once()).collect::<Result<_, _>>()?;
    if seconds.is_empty() {
        seconds.push(first);
    }
    seconds.sort_by(f64::total_cmp);
    Ok(seconds[seconds.len() / 2])
}

/// Blocks and waves with noise: edges and texture of no photograph.
fn noisy(side: usize) -> Result<Plane, RestoreError> {
    let grey = |x: usize, y: usize| {
        let block = ((x / 23 * 37 + y / 31 * 61) % 150) as f32;
        let wave = 20.0 * (0.9 * (x + 2 * y) as f32).sin();
        60.0 + block + wave
    };
    let mut pixels: Vec<f32> = (0..side * side).map(|i| grey(i % side, i / side)).collect();
    timestep_data::add_noise(&mut pixels, SIGMA, 0, 0);
    Ok(Plane::new(side, side, pixels)?)
}

/// What computes here.
#[must_use]
pub fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or("this processor", |(_, name)| name.trim());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{model} ({cores} cores)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quick_table_has_no_long_rows() {
        for row in &ROWS {
            assert!(sides(row, false).all(|side| side <= 1024), "{}", row.label);
            assert_eq!(sides(row, false).next(), Some(256));
        }
    }
}
