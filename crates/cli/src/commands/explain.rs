//! `timestep explain`: what is this thing, and when is it used?

use crate::answers::names::Explained;
use crate::args::Explain;
use crate::failure::Failure;
use crate::registry::find;
use crate::ui::Ui;

/// Prints the page of a name, Markdown as it was written, and the pages of other things of this name.
pub(crate) fn run(args: &Explain, ui: Ui) -> Result<u8, Failure> {
    let found = find(&args.name)?;
    let mut page = String::new();
    for thing in &found {
        if !page.is_empty() {
            let (key, noun) = (thing.key, thing.kind.noun());
            page = format!("{}\n\n{key} ({noun})\n\n", page.trim_end());
        }
        page.push_str(&thing.page()?);
    }
    ui.answer(&Explained {
        kind: found[0].kind.noun(),
        name: found[0].key,
        page,
        measured: found[0].measured(),
    });
    Ok(0)
}
