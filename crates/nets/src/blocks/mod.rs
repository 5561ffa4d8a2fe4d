//! Which blocks are there? One file each, one registry line each.

use crate::{BlockFacts, MakeBlock, NetError, near_names};

macro_rules! blocks {
    ($($module:ident :: $type:ident),* $(,)?) => {
        $(mod $module; pub use $module::$type;)*

        static BLOCKS: &[(&BlockFacts, MakeBlock)] =
            &[$((&$module::FACTS, $module::$type::build)),*];

        /// The files of this folder, for the test that none is left out.
        #[cfg(test)]
        const MODULES: &[&str] = &[$(stringify!($module)),*];
    };
}

blocks! {
    postact::PostAct,
    preact::PreAct,
    bottleneck::Bottleneck,
    preact_bottleneck::PreActBottleneck,
}

/// Every registered block, in registry order.
pub fn blocks() -> impl Iterator<Item = &'static BlockFacts> {
    BLOCKS.iter().map(|(facts, _)| *facts)
}

/// Facts and constructor of a block by key or alias.
///
/// # Errors
/// [`NetError::Unknown`] with near names.
pub fn block(name: &str) -> Result<(&'static BlockFacts, MakeBlock), NetError> {
    BLOCKS
        .iter()
        .find(|(facts, _)| facts.key == name || facts.aliases.contains(&name))
        .copied()
        .ok_or_else(|| NetError::Unknown {
            kind: "block",
            name: name.to_string(),
            near: near_names(name, blocks().map(|b| b.key)),
            list: "timestep list blocks",
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Headings of a block's page.
    const HEADINGS: &[&str] = &[
        "Equation",
        "As a network",
        "Cost",
        "When to use / when not",
        "Reference",
    ];

    #[test]
    fn every_file_is_registered_and_documented() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/blocks");
        for entry in std::fs::read_dir(folder).expect("the source folder is there in tests") {
            let name = entry
                .expect("readable")
                .file_name()
                .into_string()
                .expect("UTF-8");
            let stem = name.trim_end_matches(".rs");
            if stem != "mod" {
                assert!(
                    MODULES.contains(&stem),
                    "{name} is not in `blocks!`: add the line"
                );
            }
        }
        for facts in blocks() {
            for heading in HEADINGS {
                let line = format!("//! # {heading}\n");
                assert!(
                    facts.source.contains(&line),
                    "`{}` lacks `# {heading}`",
                    facts.key
                );
            }
        }
    }

    #[test]
    fn misspelt_names_are_corrected() {
        let error = block("preactt").expect_err("not a block");
        assert!(error.hint().expect("near names").contains("`preact`"));
    }
}
