//! `timestep explain`: what is this thing, and when is it used?

use crate::args::Explain;
use crate::failure::Failure;
use crate::names::{Named, find, module_page};
use crate::ui::Ui;
use serde_json::json;
use timestep_nets::Preset;
use timestep_numerics::analysis::{modified_equation, order, stability};
use timestep_numerics::{SchemeFacts, facts, page};

/// Prints the page of a name.
pub(crate) fn run(args: &Explain, ui: Ui) -> Result<u8, Failure> {
    let (kind, name, text) = match find(&args.name)? {
        Named::Scheme(scheme) => ("scheme", scheme.key, scheme_page(scheme)),
        Named::Block(block) => ("block", block.key, module_page(block.source)),
        Named::Network(preset) => ("network", preset.name, network_page(preset)),
        Named::Data(data) => ("data set", data.key, data.page),
        Named::Setting(setting) => (
            "setting",
            setting.path,
            format!("{} ({:?})\n", setting.about, setting.kind),
        ),
        Named::Log(log) => (
            "log",
            log.key,
            format!("{}; written to `{}`\n", log.about, log.file),
        ),
    };
    if ui.json {
        ui.object(json!({"kind": kind, "name": name, "page": text}));
    } else {
        ui.data(&format!("{name} ({kind})\n\n{text}"));
    }
    Ok(0)
}

/// The scheme's own page, then what its code was just measured to do.
fn scheme_page(scheme: &'static SchemeFacts) -> String {
    let mut text = page(scheme);
    text.push_str("\n# Measured now, on this code\n");
    let k = scheme.coefficient.map(|c| c.default);
    if let Some(k) = k {
        text.push_str(&format!("with k = {k}\n"));
    }
    if let Ok(found) = order(scheme.key, k) {
        text.push_str(&format!("order {:.3} on {}\n", found.order, found.problem));
    }
    if let Ok(found) = stability(scheme.key, k) {
        text.push_str(&format!(
            "stable for real hλ in [{:.4}, 0], imaginary hλ up to {:.4}i\n",
            found.real_interval.0, found.imaginary_interval
        ));
    }
    if let Ok(equation) = modified_equation(scheme.key, k, 3) {
        text.push_str(&format!("{equation}\n"));
    }
    text
}

/// What a published network is made of.
fn network_page(preset: &Preset) -> String {
    let published = preset.published.map_or(String::new(), |(error, source)| {
        format!("Published CIFAR-10 test error: {error} % ({source}).\n")
    });
    let scheme = facts(preset.scheme).map_or(String::new(), |s| {
        format!(
            "The scheme is {} for u_t = f(u): u_next = {}. See `timestep explain {}`.\n",
            s.title, s.equation, s.key
        )
    });
    format!(
        "Depth {}: three segments of {} steps with block `{}` and scheme `{}`.\n{scheme}\
         {} trained numbers for 10 classes of 3×32×32 images, and {} learned coefficients.\n{published}\
         Train it with `timestep train cifar10/{}`; see `timestep summary {}`.\n",
        preset.depth,
        preset.steps(),
        preset.block,
        preset.scheme,
        preset.parameters,
        preset.coefficients,
        preset.name,
        preset.name
    )
}
