//! Which recipes of restorers are part of the program?

/// Declares the embedded files by their name below `recipes/denoising/`, without `.toml`.
macro_rules! embed {
    ($($name:literal),+ $(,)?) => {
        &[$((concat!("denoising/", $name), include_str!(concat!("../../../../recipes/denoising/", $name, ".toml")))),+]
    };
}

/// Name and text of every embedded recipe.
static EMBEDDED: &[(&str, &str)] = embed![
    "trd-5x5-s15",
    "trd-5x5-s25",
    "trd-5x5-s50",
    "trd-7x7-s15",
    "trd-7x7-s25",
    "trd-7x7-s50",
    "lm-trd-5x5-s25",
    "csf-7x7-s25",
];

/// Names of the embedded recipes: `denoising/trd-5x5-s25` and so on.
pub fn embedded() -> impl Iterator<Item = &'static str> {
    EMBEDDED.iter().map(|(name, _)| *name)
}

/// The text of an embedded recipe.
#[must_use]
pub fn embedded_text(name: &str) -> Option<&'static str> {
    let found = EMBEDDED.iter().find(|(key, _)| *key == name);
    found.map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::RestoreRecipe;

    #[test]
    fn every_recipe_is_read_and_every_file_is_embedded() {
        for name in embedded() {
            let text = embedded_text(name).unwrap_or_default();
            assert!(RestoreRecipe::recognises(text), "{name}");
            let recipe = RestoreRecipe::parse(text, &[]).unwrap_or_else(|e| panic!("{name}: {e}"));
            let again = recipe.to_toml().expect("TOML");
            assert_eq!(
                RestoreRecipe::parse(&again, &[]).expect("read back"),
                recipe
            );
        }
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../recipes/denoising");
        let files = std::fs::read_dir(folder).expect("the folder").count();
        assert_eq!(files, embedded().count());
    }

    #[test]
    fn settings_are_replaced_and_problems_all_told() {
        let text = embedded_text("denoising/trd-5x5-s25").unwrap_or_default();
        let set = |k: &str, v: &str| vec![(k.to_owned(), v.to_owned())];
        let recipe = RestoreRecipe::parse(text, &set("model.sigma", "15")).expect("a recipe");
        assert_eq!(recipe.model.sigma, 15.0);
        let recipe = RestoreRecipe::parse(text, &set("model.scheme", "lm")).expect("a recipe");
        assert_eq!(recipe.model.scheme, "lm");
        let both = [set("model.size", "4"), set("data.every", "0")].concat();
        let error = RestoreRecipe::parse(text, &both)
            .expect_err("two problems")
            .to_string();
        assert!(
            error.contains("model.size") && error.contains("data.every"),
            "{error}"
        );
        for (key, value) in [("model.sise", "5"), ("modle.size", "5"), ("sigma", "5")] {
            assert!(
                RestoreRecipe::parse(text, &set(key, value)).is_err(),
                "{key}"
            );
        }
    }
}
