//! Which blocks are there? One file each, one registry line each.

use crate::{BlockFacts, BlockKind, Make, NetError};
use timestep_registry::{near, registry};

/// The headings that the page of every block has, in this order.
pub const BLOCK_HEADINGS: [&str; 5] = [
    "Equation",
    "As a network",
    "Cost",
    "When to use / when not",
    "Reference",
];

registry! {
    /// Every block, and what can be put around one, in the order of lists.
    pub static BLOCKS: [BlockFacts] = FACTS;

    mod postact;
    mod preact;
    mod bottleneck;
    mod preact_bottleneck;
    mod resnext;
    mod preact_resnext;
    mod parabolic;
    mod antisymmetric;
    mod hamiltonian;
    mod transformer;
    mod reaction_diffusion;
    mod shake_shake;
    mod inception_a;
    mod inception_b;
    mod inception_c;
    mod conv_norm_relu;
    mod squeeze_excite;
}

/// Every block that can stand by itself, in registry order.
pub fn blocks() -> impl Iterator<Item = &'static BlockFacts> {
    let all = BLOCKS.all().into_iter();
    all.filter(|facts| matches!(facts.make, Make::Alone(_)))
}

/// The block that stands by itself and answers to a name.
fn alone(name: &str) -> Option<BlockKind> {
    let facts = BLOCKS.find(name)?;
    match facts.make {
        Make::Alone(make) => Some(BlockKind {
            facts,
            make,
            around: None,
            noise: None,
        }),
        Make::Around(..) => None,
    }
}

/// A block by key or alias, perhaps with another around it: `se-preact` has squeeze-and-excitation.
///
/// # Errors
/// [`NetError::Unknown`] with near names.
pub fn block(name: &str) -> Result<BlockKind, NetError> {
    if let Some(kind) = alone(name) {
        return Ok(kind);
    }
    let keys = || blocks().map(|facts| facts.key);
    let mut close: Vec<String> = near(name, keys()).into_iter().map(str::to_owned).collect();
    for facts in BLOCKS.all() {
        if let Make::Around(prefix, wrap) = facts.make
            && let Some(inside) = name.strip_prefix(prefix)
        {
            if let Some(kind) = alone(inside) {
                let around = Some((facts, prefix, wrap));
                return Ok(BlockKind { around, ..kind });
            }
            close = (near(inside, keys()).iter())
                .map(|near| format!("{prefix}{near}"))
                .collect();
        }
    }
    Err(NetError::Unknown {
        kind: "block",
        name: name.to_string(),
        near: close,
        list: "timestep list blocks",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_registered_and_documented() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/blocks");
        assert!(timestep_registry::unregistered(folder, MODULES, &[]).is_empty());
        for facts in BLOCKS.all() {
            assert_eq!(facts.lacks(&BLOCK_HEADINGS), None, "{}", facts.key);
        }
    }

    #[test]
    fn misspelt_names_are_corrected() {
        let error = block("preactt").expect_err("not a block");
        assert!(error.hint().expect("near names").contains("`preact`"));
        let error = block("se-preactt").expect_err("not a block");
        assert!(error.hint().expect("near names").contains("`se-preact`"));
        assert_eq!(block("se-basic").expect("a block").key(), "se-postact");
        assert!(block("se-*").is_err(), "nothing is inside");
    }
}
