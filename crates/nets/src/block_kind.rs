//! How is a block built for a step? As registered, perhaps with another around it and with the noise of the step.

use crate::Builder;
use crate::block::{Block, BlockFacts, BlockShape, MakeBlock, WrapBlock};
use crate::noise::{StepNoise, around};
use std::sync::Arc;
use timestep_numerics::noise::ActsOn;

/// A registered block, perhaps with another around it.
#[derive(Clone, Debug)]
pub struct BlockKind {
    /// What is known about the block (about the one inside, if it is wrapped).
    pub facts: &'static BlockFacts,
    /// How it is built.
    pub(crate) make: MakeBlock,
    /// What is around it, with what this puts before its name, and how it is put there.
    pub(crate) around: Option<(&'static BlockFacts, &'static str, WrapBlock)>,
    /// What makes its increments random.
    pub(crate) noise: Option<Arc<StepNoise>>,
}

impl BlockKind {
    /// Builds the block under `name`.
    pub fn build(&self, make: &mut Builder, name: &str, shape: &BlockShape) -> Box<dyn Block> {
        let noise = self.noise.as_ref();
        // Branches are mixed before their mixture is gated; the gated increment has the control.
        let mut block = around(
            (self.make)(make, name, shape),
            noise,
            ActsOn::Branches,
            shape,
        );
        if let Some((_, _, wrap)) = self.around {
            block = wrap(make, name, shape, block);
        }
        around(block, noise, ActsOn::Increment, shape)
    }

    /// The same with the noise of a step.
    #[must_use]
    pub(crate) fn with_noise(&self, noise: Option<Arc<StepNoise>>) -> Self {
        Self {
            noise,
            ..self.clone()
        }
    }

    /// What is around it, if anything is.
    #[must_use]
    pub fn wrapper(&self) -> Option<&'static BlockFacts> {
        self.around.map(|(facts, ..)| facts)
    }

    /// The value of `--block`: the key of the block, with `se-` before it if that is around it.
    #[must_use]
    pub fn key(&self) -> String {
        let prefix = self.around.map_or("", |(_, prefix, _)| prefix);
        format!("{prefix}{}", self.facts.key)
    }
}
