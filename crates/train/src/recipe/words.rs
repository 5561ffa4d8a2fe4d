//! Which settings take one of a few words, and which words?

use timestep_registry::words;

words! {
    /// What is learned.
    pub enum TaskKind {
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
    pub enum RestoreMethod {
        /// Trained reaction-diffusion.
        #[default]
        Trd = "trd",
        /// A cascade of shrinkage fields.
        Csf = "csf",
    }
}

words! {
    /// What lies outside an image that is shifted.
    pub enum PadMode {
        /// Black: zeros before the mean is subtracted, as in torchvision.
        #[default]
        Zero = "zero",
        /// The image, mirrored at its border.
        Reflect = "reflect",
    }
}

words! {
    /// How many numbers a learned coefficient of a scheme is.
    pub enum CoefficientKind {
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
    pub enum CropKind {
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
    /// What weights are between those of two steps, where the network chooses its steps.
    pub enum BetweenKind {
        /// Linear.
        #[default]
        Usual = "",
        /// Linear between the middles of their cells of time.
        Linear = "linear",
        /// Those of the cell.
        Constant = "constant",
    }
}

words! {
    /// Where the backward pass gets activations from.
    pub enum ActivationsKind {
        /// As the preset says.
        #[default]
        Preset = "",
        /// They are stored in the forward pass.
        Stored = "stored",
        /// They are computed backward from the last state of a segment.
        Reconstructed = "reconstructed",
    }
}
