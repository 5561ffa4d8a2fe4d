//! Reads the folder of a run: its network, its curve, and the learned coefficients of its last epoch.
//!
//!     cargo run --release --example run -- runs/NAME

#![allow(clippy::print_stdout)]

use std::path::Path;
use timestep_study::runs::Record;

/// What a run learned, in lines.
pub fn describe(folder: &Path) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let record = Record::read(folder)?;
    let mut lines = vec![format!(
        "{} ({}), {}",
        record.network(),
        record.scheme.equation,
        record.ending.word()
    )];
    for epoch in &record.epochs {
        let test = epoch.test();
        lines.push(format!(
            "epoch {}: loss {:.4}, top-1 {:.4}",
            epoch.epoch, test.loss, test.top1
        ));
    }
    if let Some((epoch, segments)) = record.coefficients.last() {
        for (number, steps) in segments.iter().enumerate() {
            // A step without a coefficient is a restart.
            let words: Vec<String> = steps
                .iter()
                .map(|k| k.map_or("·".into(), |k| format!("{k:+.3}")))
                .collect();
            lines.push(format!(
                "k of segment {} after epoch {epoch}: {}",
                number + 1,
                words.join(" ")
            ));
        }
    }
    Ok(lines)
}

/// Of the folder that is named.
pub fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("give the folder of a run")?;
    for line in describe(Path::new(&folder))? {
        println!("{line}");
    }
    Ok(())
}
