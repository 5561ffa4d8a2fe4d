//! Which blocks are there? One file each, one registry line each.

use crate::{BlockFacts, BlockKind, MakeBlock, NetError, near_names};

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
    resnext::ResNext,
    preact_resnext::PreActResNext,
    shake_shake::ShakeShake,
    inception_a::InceptionA,
    inception_b::InceptionB,
    inception_c::InceptionC,
    conv_norm_relu::ConvNormRelu,
}

mod squeeze_excite;
pub use squeeze_excite::SqueezeExcite;

/// What is put before the name of any block to wrap it in squeeze-and-excitation.
pub const SQUEEZE: &str = "se-";

/// Facts about squeeze-and-excitation, which wraps any block: `se-preact`, `se-bottleneck`.
#[must_use]
pub fn squeeze_excite() -> &'static BlockFacts {
    &squeeze_excite::FACTS
}

/// Every registered block, in registry order.
pub fn blocks() -> impl Iterator<Item = &'static BlockFacts> {
    BLOCKS.iter().map(|(facts, _)| *facts)
}

/// A block by key or alias, with `se-` before it for squeeze-and-excitation around it.
///
/// # Errors
/// [`NetError::Unknown`] with near names.
pub fn block(name: &str) -> Result<BlockKind, NetError> {
    let known = |name: &str| {
        BLOCKS
            .iter()
            .find(|(facts, _)| facts.key == name || facts.aliases.contains(&name))
    };
    let inside = name.strip_prefix(SQUEEZE);
    let found = match known(name) {
        Some(found) => Some((found, false)),
        None => inside.and_then(known).map(|found| (found, true)),
    };
    match found {
        Some((&(facts, make), squeeze)) => Ok(BlockKind {
            facts,
            make,
            squeeze,
            noise: None,
        }),
        None => Err(NetError::Unknown {
            kind: "block",
            name: name.to_string(),
            near: match inside {
                None => near_names(name, blocks().map(|b| b.key)),
                Some(inside) => near_names(inside, blocks().map(|b| b.key))
                    .into_iter()
                    .map(|near| format!("{SQUEEZE}{near}"))
                    .collect(),
            },
            list: "timestep list blocks",
        }),
    }
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
            // The wrapper is registered by itself.
            if stem != "mod" && stem != "squeeze_excite" {
                assert!(
                    MODULES.contains(&stem),
                    "{name} is not in `blocks!`: add the line"
                );
            }
        }
        for facts in blocks().chain([squeeze_excite()]) {
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
        let error = block("se-preactt").expect_err("not a block");
        assert!(error.hint().expect("near names").contains("`se-preact`"));
        assert_eq!(block("se-basic").expect("a block").key(), "se-postact");
    }
}
