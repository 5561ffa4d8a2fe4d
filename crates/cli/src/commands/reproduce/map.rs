//! `timestep reproduce table1`: which network is which scheme? From the registry, not from a list.

use super::{bars, objects, write_out};
use crate::args::Reproduce;
use crate::failure::Failure;
use crate::ui::Ui;
use serde_json::{Value, json};
use timestep_nets::{Network, presets};
use timestep_study::map::Place;

/// The columns.
const HEAD: [&str; 6] = ["family", "example", "block", "equation", "scheme", "order"];

/// Prints the map: one row for each family of published networks.
pub(super) fn run(args: &Reproduce, ui: Ui) -> Result<u8, Failure> {
    let mut rows: Vec<Vec<Value>> = Vec::new();
    for preset in presets() {
        let family = family(preset.key);
        if rows.iter().any(|row| row[0] == family) {
            continue;
        }
        let network = Network::build(&preset.at_home())?;
        let place = Place::of(&network);
        let theory = network.scheme();
        rows.push(vec![
            json!(family),
            json!(preset.key),
            json!(network.config().block),
            json!(place.equation),
            json!(format!("{} (`{}`)", place.scheme, theory.key)),
            json!(theory.order),
        ]);
    }
    if ui.json {
        objects(&HEAD, &rows, ui);
        return Ok(0);
    }
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(plain).collect())
        .collect();
    let text = format!(
        "# Networks as numerical schemes\n\nFrom the networks of this program; `explain` says more about each.\n\n{}",
        bars(&HEAD, &cells)
    );
    ui.data(&text);
    write_out(args.out.as_deref(), &text, ui)?;
    Ok(0)
}

/// A value without quotes.
fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// The name of a network without its numbers: `lm-resnext` for `lm-resnext-29-8x64d`.
fn family(name: &str) -> String {
    let numbers = |part: &&str| !part.starts_with(|c: char| c.is_ascii_digit());
    name.split('-')
        .filter(numbers)
        .collect::<Vec<_>>()
        .join("-")
}

#[cfg(test)]
mod tests {
    use super::family;

    #[test]
    fn families_are_names_without_numbers() {
        assert_eq!(family("lm-resnext-29-8x64d"), "lm-resnext");
        assert_eq!(family("wrn-28-10"), "wrn");
        assert_eq!(family("inception-resnet-v2"), "inception-resnet-v2");
        assert_eq!(family("lm-resnext-29-8x64d-history"), "lm-resnext-history");
    }
}
