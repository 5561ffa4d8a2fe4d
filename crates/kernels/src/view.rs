//! What does a kernel read? Features with a norm and a ReLU still to be applied, or a sum of gradients.

/// `y = scale · x + shift` for each channel: a batch norm with known statistics.
#[derive(Clone, Copy, Debug)]
pub struct Affine<'a> {
    /// `γ / √(σ² + ε)`.
    pub scale: &'a [f32],
    /// `β - μ scale`.
    pub shift: &'a [f32],
    /// `μ`: what backward sums are centred at.
    pub center: &'a [f32],
}

/// Stored features `x` and what is still to be done to them: `relu(scale · x + shift)`.
///
/// The result is never written to memory: kernels apply it as they load.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// Stored features, NHWC.
    pub data: &'a [f32],
    /// The norm, if there is one.
    pub affine: Option<Affine<'a>>,
    /// Is there a ReLU after it?
    pub relu: bool,
}

impl<'a> View<'a> {
    /// Features as they are stored.
    #[must_use]
    pub fn plain(data: &'a [f32]) -> Self {
        Self {
            data,
            affine: None,
            relu: false,
        }
    }

    /// Panics with a sentence if a length is wrong.
    pub(crate) fn check(&self, len: usize, channels: usize) {
        assert_eq!(self.data.len(), len, "length of the features");
        if let Some(affine) = &self.affine {
            let lengths = [affine.scale, affine.shift, affine.center].map(<[f32]>::len);
            assert_eq!(
                lengths, [channels; 3],
                "one scale, shift and centre a channel"
            );
        }
    }
}

/// One term of a [`Sum`]: features times a number for each channel.
#[derive(Clone, Copy, Debug)]
pub struct Scaled<'a> {
    /// Features, NHWC.
    pub data: &'a [f32],
    /// One factor a channel.
    pub scale: &'a [f32],
}

/// `constant + Σ scaleᵢ · dataᵢ`: a gradient that was never written down as one array.
///
/// What reaches an operation from its users is such a sum: a multiple of the next step's gradient,
/// of the one after it (a multistep scheme), and the three terms of a batch norm's backward pass.
/// The operation adds it up while it loads it.
#[derive(Clone, Debug, Default)]
pub struct Sum<'a> {
    /// The terms, added in this order.
    pub terms: Vec<Scaled<'a>>,
    /// One number a channel, or nothing.
    pub constant: Option<&'a [f32]>,
}

impl Sum<'_> {
    /// Panics with a sentence if a length is wrong.
    pub(crate) fn check(&self, len: usize, channels: usize) {
        assert!(!self.terms.is_empty(), "a gradient has at least one term");
        for term in &self.terms {
            assert_eq!(term.data.len(), len, "length of a gradient's term");
            assert_eq!(term.scale.len(), channels, "one factor a channel");
        }
        if let Some(constant) = self.constant {
            assert_eq!(constant.len(), channels, "one constant a channel");
        }
    }
}
