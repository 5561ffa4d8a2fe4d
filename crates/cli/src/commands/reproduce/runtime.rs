//! `timestep reproduce runtime`: how long does restoration take here, beside the seconds of the talk?

use super::{bars, objects, write_out};
use crate::args::{BudgetName, Reproduce};
use crate::failure::Failure;
use crate::ui::Ui;
use serde_json::{Value, json};
use std::time::Instant;
use timestep_picture::Plane;
use timestep_restore::{Method, methods};

/// Sides of the square pictures of the talk.
const SIDES: [usize; 5] = [256, 512, 1024, 2048, 3072];

/// Standard deviation of the noise, in grey levels.
const SIGMA: f64 = 25.0;

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

/// The columns.
const HEAD: [&str; 7] = ["method", "on", "256²", "512²", "1024²", "2048²", "3072²"];

/// Measures every method at every size that the budget allows.
pub(super) fn run(args: &Reproduce, ui: Ui) -> Result<u8, Failure> {
    let budget = usize::from(args.budget == Some(BudgetName::Full));
    let threads = rayon::current_num_threads();
    let mut pools = vec![(1, "one thread here".to_owned())];
    if threads > 1 {
        pools.push((threads, format!("{threads} threads here")));
    }
    if args.dry_run {
        for row in &ROWS {
            let sides: Vec<String> = sides(row, budget).map(|s| format!("{s}²")).collect();
            ui.data(&format!(
                "{}: {}, {} pools of threads",
                row.label,
                sides.join(", "),
                pools.len()
            ));
        }
        return Ok(0);
    }
    let mut rows: Vec<Vec<Value>> = Vec::new();
    for row in &ROWS {
        for (label, seconds) in row.published {
            let cells = seconds.iter().map(|s| json!(s));
            let head = [json!(row.label), json!(format!("{label}, talk"))];
            rows.push(head.into_iter().chain(cells).collect());
        }
        let options = methods::MethodOptions {
            model: row.model.map(Into::into),
        };
        let method = methods::make(row.method, &options)?;
        for (count, name) in &pools {
            // A pool of its own: the global one is sized once for the whole program.
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(*count)
                .build()
                .map_err(|e| {
                    Failure::usage(e.to_string(), "fewer threads may help: `--threads 1`")
                })?;
            let mut cells = vec![json!(row.label), json!(name)];
            for side in SIDES {
                let wanted = sides(row, budget).any(|s| s == side);
                let seconds = match wanted {
                    true => {
                        ui.note(&format!("{}: {side}², {name}", row.label));
                        Some(pool.install(|| measured(method.as_ref(), side))?)
                    }
                    false => None,
                };
                cells.push(json!(seconds));
            }
            rows.push(cells);
        }
    }
    if ui.json {
        objects(&HEAD, &rows, ui);
        return Ok(0);
    }
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(cell).collect())
        .collect();
    let text = format!(
        "# Seconds to restore a picture\n\nOurs: median of up to 3 runs after a first one that is not counted, on \
         {}; synthetic picture, sigma {SIGMA}, f32.\nThe talk's computers are those of 2015; `bench/denoising.py` \
         compares with other programs on this machine.\n\n{}",
        processor(),
        bars(&HEAD, &cells)
    );
    ui.data(&text);
    write_out(args.out.as_deref(), &text, ui)?;
    Ok(0)
}

/// The sides that a method is measured at.
fn sides(row: &Row, budget: usize) -> impl Iterator<Item = usize> {
    let largest = row.largest[budget];
    SIDES.into_iter().filter(move |side| *side <= largest)
}

/// A cell: three digits of seconds.
fn cell(value: &Value) -> String {
    match value.as_f64() {
        Some(seconds) if seconds >= 100.0 => format!("{seconds:.0}"),
        Some(seconds) if seconds >= 10.0 => format!("{seconds:.1}"),
        Some(seconds) if seconds >= 0.1 => format!("{seconds:.2}"),
        Some(seconds) => format!("{seconds:.4}"),
        None => value.as_str().unwrap_or("–").to_owned(),
    }
}

/// Median seconds of one plane of `side × side` pixels.
fn measured(method: &dyn Method, side: usize) -> Result<f64, Failure> {
    let picture = noisy(side)?;
    let once = || -> Result<f64, Failure> {
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
fn noisy(side: usize) -> Result<Plane, Failure> {
    let grey = |x: usize, y: usize| {
        let block = ((x / 23 * 37 + y / 31 * 61) % 150) as f32;
        let wave = 20.0 * (0.9 * (x + 2 * y) as f32).sin();
        60.0 + block + wave
    };
    let mut pixels: Vec<f32> = (0..side * side).map(|i| grey(i % side, i / side)).collect();
    timestep_data::add_noise(&mut pixels, SIGMA, 0, 0);
    Ok(Plane::new(side, side, pixels).map_err(timestep_restore::RestoreError::from)?)
}

/// What computes here.
fn processor() -> String {
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
    fn seconds_have_three_digits() {
        assert_eq!(cell(&json!(0.00523)), "0.0052");
        assert_eq!(cell(&json!(1.234)), "1.23");
        assert_eq!(cell(&json!(176.04)), "176");
        assert_eq!(cell(&json!(null)), "–");
    }

    #[test]
    fn the_quick_table_has_no_long_rows() {
        for row in &ROWS {
            assert!(sides(row, 0).all(|side| side <= 1024), "{}", row.label);
            assert_eq!(sides(row, 0).next(), Some(256));
        }
    }
}
