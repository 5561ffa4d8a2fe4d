//! Which settings take one of a few words, and which words?

use serde::{Deserialize, Serialize};
use std::fmt;

/// Declares a setting that takes one of a few words.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $key:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$doc])* #[serde(rename = $key)] $variant,)+ }

        impl $name {
            /// The words, as a recipe writes them.
            pub const KEYS: &'static [&'static str] = &[$($key),+];

            /// The word for this choice.
            pub fn key(self) -> &'static str {
                match self { $($name::$variant => $key),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.key())
            }
        }
    };
}

words! {
    /// What is learned.
    TaskKind {
        /// The class of an image.
        #[default]
        Classify = "classify",
        /// A picture without its noise.
        Restore = "restore",
    }
}

impl TaskKind {
    /// What is trained, as a sentence names it.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            TaskKind::Classify => "a classifier",
            TaskKind::Restore => "a restorer",
        }
    }

    /// A command with a recipe of this task, for hints.
    #[must_use]
    pub fn example(self) -> &'static str {
        match self {
            TaskKind::Classify => "timestep train digits/lm-resnet-20",
            TaskKind::Restore => "timestep train denoising/trd-5x5-s25 --data-dir PICTURES",
        }
    }
}

words! {
    /// Which learned method removes the noise.
    RestoreMethod {
        /// Trained reaction-diffusion.
        #[default]
        Trd = "trd",
        /// A cascade of shrinkage fields.
        Csf = "csf",
    }
}

words! {
    /// What lies outside an image that is shifted.
    PadMode {
        /// Black: zeros before the mean is subtracted, as in torchvision.
        #[default]
        Zero = "zero",
        /// The image, mirrored at its border.
        Reflect = "reflect",
    }
}

words! {
    /// How many numbers a learned coefficient of a scheme is.
    CoefficientKind {
        /// As the preset says.
        #[default]
        Preset = "",
        /// One for a step.
        Scalar = "scalar",
        /// One for each channel of a step.
        Channel = "channel",
    }
}

words! {
    /// Which part of a training image is seen.
    CropKind {
        /// The image itself, shifted inside a border of `pad` pixels.
        #[default]
        Pad = "pad",
        /// A random part of the photograph, scaled to `size` (ImageNet).
        RandomResized = "random-resized",
        /// The photograph scaled at random, then a random part of `size` (He et al. 2015).
        Scale = "scale",
    }
}

words! {
    /// Where the backward pass gets activations from.
    ActivationsKind {
        /// As the preset says.
        #[default]
        Preset = "",
        /// They are stored in the forward pass.
        Stored = "stored",
        /// They are computed backward from the last state of a segment.
        Reconstructed = "reconstructed",
    }
}

words! {
    /// How the probability to keep a block changes with depth.
    DecayKind {
        /// Linearly down to that of the last block.
        #[default]
        Linear = "linear",
        /// It is the same everywhere.
        Constant = "constant",
    }
}

words! {
    /// Which block the linear fall begins at.
    CountKind {
        /// The first block is never dropped (Lu et al. 2018).
        #[default]
        FromZero = "from-zero",
        /// It is dropped sometimes (Huang et al. 2016).
        FromOne = "from-one",
    }
}

words! {
    /// Where the mean of stochastic depth is put right.
    ScalingKind {
        /// In training (Lu et al. 2018).
        #[default]
        Train = "train",
        /// In evaluation (Huang et al. 2016).
        Test = "test",
    }
}

words! {
    /// Who shares a draw.
    PerKind {
        /// As the noise was published.
        #[default]
        Published = "",
        /// All images of a batch.
        Batch = "batch",
        /// Nobody: every image has its own.
        Image = "image",
    }
}

words! {
    /// The mixture of two branches in the forward pass.
    ForwardKind {
        /// At random.
        #[default]
        Shake = "shake",
        /// Half and half.
        Even = "even",
    }
}

words! {
    /// The mixture of two branches in the backward pass.
    BackwardKind {
        /// At random again.
        #[default]
        Shake = "shake",
        /// As in the forward pass.
        Keep = "keep",
        /// Half and half.
        Even = "even",
    }
}

words! {
    /// The shape of the learning rate over a run; see [`crate::schedule`] for the formulas.
    ScheduleKind {
        /// The same rate throughout.
        Constant = "constant",
        /// Times `gamma` at each milestone.
        MultiStep = "multi-step",
        /// Half a cosine down to `final_factor`.
        #[default]
        Cosine = "cosine",
        /// Linearly up to the rate, then half a cosine down.
        OneCycle = "one-cycle",
    }
}
