//! Which settings change nothing beside others?

use super::check::{Findings, Unused};
use super::model::Recipe;
use super::words::{CropKind, PadMode};

/// What other settings make of no account.
pub(super) fn of_data(recipe: &Recipe, found: &mut Findings) {
    let (data, overfit) = (&recipe.data, recipe.train.overfit > 0);
    let whole = data.crop != CropKind::Pad;
    let by_heart = "changes nothing: `train.overfit` learns some images by heart, as they are";
    let usual = Unused::Usual;
    found.unused(
        !whole && !data.scale.is_empty(),
        Unused::Doubtful,
        "data.scale",
        "changes nothing: it is for the crops `random-resized` and `scale`, and `data.crop` is `pad`",
        Some("choose one of them with `--set data.crop=`, or leave it out"),
    );
    found.unused(
        whole && data.pad > 0,
        usual,
        "data.pad",
        "changes nothing: only the crop `pad` adds a border",
        Some("leave it out, or `data.crop`"),
    );
    found.unused(
        data.pad_mode != PadMode::Zero && (data.pad == 0 || whole),
        usual,
        "data.pad_mode",
        "changes nothing: no border is added",
        Some("set `data.pad`, or leave it out"),
    );
    found.unused(
        data.alternate_flip && !data.flip,
        usual,
        "data.alternate_flip",
        "changes nothing: no image is mirrored",
        Some("set `data.flip`, or leave it out"),
    );
    for (path, said) in [
        ("data.pad", data.pad > 0),
        ("data.flip", data.flip),
        ("data.alternate_flip", data.alternate_flip && data.flip),
        ("data.crop", whole),
        ("data.jitter", !data.jitter.is_empty()),
    ] {
        let hint = Some("leave it out, or `--overfit`");
        found.unused(overfit && said, usual, path, by_heart, hint);
    }
}
