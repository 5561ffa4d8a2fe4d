//! Which recipes are part of the program?
//!
//! `<data>` holds the training protocol of a data set, `<data>/<network>` what one network does
//! otherwise; a recipe of a restorer, `denoising/<model>`, stands by itself. Adding a file under `recipes/` means adding a line here; a test compares the two.

/// Declares the embedded files by their name below `recipes/`, without `.toml`.
macro_rules! embed {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../../../recipes/", $name, ".toml")))),+]
    };
}

/// Name and text of every embedded recipe, data sets first.
static EMBEDDED: &[(&str, &str)] = embed![
    "digits",
    "cifar10",
    "cifar100",
    "image-folder",
    "image-list",
    "npz",
    "imagenet",
    "imagenet/inception-resnet-v2",
    "imagenet/very-deep-polynet",
    "cifar10/resnet-110",
    "cifar10/resnext-29-8x64d",
    "cifar10/lm-resnext-29-8x64d",
    "cifar10/wrn-28-10",
    "cifar10/fast-wrn-10-4",
    "cifar10/fractalnet-20",
    "cifar10/fractalnet-40",
    "cifar10/revnet-38",
    "cifar10/revnet-110",
    "cifar10/revnet-164",
    "cifar100/resnext-29-8x64d",
    "cifar100/lm-resnext-29-8x64d",
    "cifar100/wrn-28-10",
    "cifar10/lm-resnet-56+stochastic-depth",
    "cifar10/lm-resnet-110+stochastic-depth",
    "cifar10/preresnet-56+stochastic-depth",
    "cifar10/resnet-56+stochastic-depth",
    "cifar10/resnet-110+stochastic-depth",
    "cifar10/resnet-1202+stochastic-depth",
    "cifar10/preresnet-110+gaussian",
    "cifar10/shake-shake-26-2x32d",
    "cifar10/shake-shake-26-2x64d",
    "cifar10/shake-shake-26-2x96d",
    "cifar10/resnext-29-16x64d",
    "cifar10/lm-resnext-29-16x64d",
    "cifar100/resnext-29-16x64d",
    "cifar100/lm-resnext-29-16x64d",
    "cifar10/resnet-1202",
    "cifar100/fractalnet-20",
    "cifar100/fractalnet-40",
    "imagenet/lm-resnet-50",
    "imagenet/lm-resnet-101",
    "denoising/trd-5x5-s15",
    "denoising/trd-5x5-s25",
    "denoising/trd-5x5-s50",
    "denoising/trd-7x7-s15",
    "denoising/trd-7x7-s25",
    "denoising/trd-7x7-s50",
    "denoising/lm-trd-5x5-s25",
    "denoising/csf-7x7-s25",
];

/// Recipes of restorers have this in place of a data set.
pub(super) const RESTORERS: &str = "denoising";

/// The recipe that is trained when none is named: it needs no files and no hour.
pub const DEFAULT_RECIPE: &str = "digits/lm-resnet-20";

/// Names of the embedded recipes: `cifar10`, `cifar10/resnet-110` and so on.
pub fn embedded() -> impl Iterator<Item = &'static str> {
    EMBEDDED.iter().map(|(name, _)| *name)
}

/// Names of the data sets that have a training protocol.
pub fn data_sets() -> impl Iterator<Item = &'static str> {
    embedded().filter(|name| !name.contains('/'))
}

/// Names of the embedded recipes of restorers.
pub fn restorers() -> impl Iterator<Item = &'static str> {
    embedded().filter(|name| name.split('/').next() == Some(RESTORERS))
}

/// The text of an embedded recipe.
pub fn embedded_text(name: &str) -> Option<&'static str> {
    EMBEDDED
        .iter()
        .find(|(key, _)| *key == name)
        .map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::{Path, PathBuf};

    fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("the folder of recipes") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                collect(&path, found);
            } else {
                found.push(path);
            }
        }
    }

    #[test]
    fn every_file_is_embedded() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recipes");
        let mut found = Vec::new();
        collect(&root, &mut found);
        let mut files: Vec<String> = found
            .iter()
            .filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "toml")
            })
            .map(|path| {
                path.strip_prefix(&root)
                    .expect("below the root")
                    .with_extension("")
            })
            .map(|path| path.to_string_lossy().replace('\\', "/"))
            .collect();
        let mut listed: Vec<String> = embedded().map(str::to_owned).collect();
        files.sort();
        listed.sort();
        assert_eq!(files, listed);
    }
}
