//! `timestep explain`: what is this thing, and when is it used?

use crate::args::Explain;
use crate::failure::Failure;
use crate::registry::find;
use crate::ui::Ui;
use serde_json::json;

/// Prints the page of a name, Markdown as it was written, and the pages of other things of this name.
pub(crate) fn run(args: &Explain, ui: Ui) -> Result<u8, Failure> {
    let found = find(&args.name)?;
    let mut text = String::new();
    for thing in &found {
        if !text.is_empty() {
            let (key, noun) = (thing.key, thing.kind.noun());
            text = format!("{}\n\n{key} ({noun})\n\n", text.trim_end());
        }
        text.push_str(&thing.page()?);
    }
    let (name, kind) = (found[0].key, found[0].kind.noun());
    if ui.json {
        let measured = found[0].measured();
        ui.object(json!({"kind": kind, "name": name, "page": text, "measured": measured}));
    } else {
        ui.data(&format!("{name} ({kind})\n\n{text}"));
    }
    Ok(0)
}
