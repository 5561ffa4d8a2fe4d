//! What are features between operations? An array, and a norm and a ReLU that nobody has applied yet.

use super::arrays::Target;
use super::back::{Back, Slot};
use super::saved::Readers;
use std::cell::OnceCell;
use std::rc::Rc;
use timestep_kernels::layout::Extent;
use timestep_kernels::{Affine, Buffer, Kernels, Moments, NormSums, View};

/// A norm that is still to be applied, as numbers.
#[derive(Debug)]
pub(super) struct PendingNorm {
    /// `γ / √(σ² + ε)`.
    scale: Vec<f32>,
    /// `β - μ scale`.
    shift: Vec<f32>,
    /// `μ`.
    mean: Vec<f32>,
    /// `1 / √(σ² + ε)`.
    inverse_std: Vec<f64>,
    /// Are the statistics those of the batch, so that gradients flow through them?
    batch: bool,
    /// Where the gradients of `γ` and `β` go.
    targets: [Target; 2],
}

impl PendingNorm {
    /// A norm with given statistics (variance biased) of each channel.
    pub(super) fn new(
        (gamma, beta): (&[f32], &[f32]),
        (mean, variance): (&[f64], &[f64]),
        epsilon: f64,
        batch: bool,
        targets: [Target; 2],
    ) -> Self {
        let inverse_std: Vec<f64> = variance
            .iter()
            .map(|v| 1.0 / (v + epsilon).sqrt())
            .collect();
        let scale: Vec<f64> = inverse_std
            .iter()
            .zip(gamma)
            .map(|(s, g)| s * f64::from(*g))
            .collect();
        let shift = beta
            .iter()
            .zip(mean)
            .zip(&scale)
            .map(|((b, m), s)| (f64::from(*b) - m * s) as f32)
            .collect();
        Self {
            shift,
            scale: scale.iter().map(|s| *s as f32).collect(),
            mean: mean.iter().map(|m| *m as f32).collect(),
            inverse_std,
            batch,
            targets,
        }
    }

    /// The norm as kernels apply it.
    pub(super) fn affine(&self) -> Affine<'_> {
        Affine {
            scale: &self.scale,
            shift: &self.shift,
            center: &self.mean,
        }
    }
}

/// Stored features to compute with.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    /// The numbers, NHWC.
    pub(super) data: Rc<Buffer>,
    /// Their extents.
    pub(super) extent: Extent,
    /// Where the gradient of the numbers goes; nowhere if nobody wants it.
    pub(super) slot: Option<Slot>,
    /// A norm to apply.
    pub(super) norm: Option<Rc<PendingNorm>>,
    /// A ReLU to apply after it.
    pub(super) relu: bool,
}

/// What nodes keep of features whose numbers they need no more: where the gradient goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) slot: Option<Slot>,
    pub(super) extent: Extent,
}

impl Place {
    /// Adds a gradient.
    pub(super) fn add(&self, back: &mut Back<'_>, grad: &Rc<Buffer>) {
        if let Some(slot) = self.slot {
            back.add(slot, grad, vec![1.0; self.extent.channels]);
        }
    }

    /// Takes what was added; nothing if nobody added anything.
    pub(super) fn take(&self, back: &mut Back<'_>) -> Option<Rc<Buffer>> {
        back.take_whole(self.slot?, &self.extent)
    }
}

impl Stored {
    /// Where the gradient goes.
    pub(super) fn place(&self) -> Place {
        Place {
            slot: self.slot,
            extent: self.extent,
        }
    }

    /// Does anybody want a gradient that goes back through these features: theirs or their norm's?
    pub(super) fn wanted(&self) -> bool {
        let norm = self.norm.as_ref();
        self.slot.is_some() || norm.is_some_and(|n| n.targets.iter().any(Target::wanted))
    }

    /// Features as a kernel reads them.
    pub(super) fn view(&self) -> View<'_> {
        View {
            data: &self.data,
            affine: self.norm.as_ref().map(|norm| norm.affine()),
            relu: self.relu,
        }
    }

    /// Are the stored numbers the features themselves?
    pub(super) fn is_plain(&self) -> bool {
        self.norm.is_none() && !self.relu
    }

    /// Deposits the gradient of the stored numbers, and those of the norm's scale and shift.
    ///
    /// `coefs · data` is the gradient of the view taken through its ReLU, `sums` are the sums for its
    /// norm. With `x̂ = (x - μ) / σ`: `dx = γ/σ (g - mean(g) - x̂ mean(g x̂))` for batch statistics, `γ/σ g` for fixed
    /// ones.
    pub(super) fn deposit(
        &self,
        back: &mut Back<'_>,
        data: &Rc<Buffer>,
        coefs: Vec<f32>,
        sums: &NormSums,
    ) {
        let Some(norm) = &self.norm else {
            if let Some(slot) = self.slot {
                back.add(slot, data, coefs);
            }
            return;
        };
        let channels = norm.scale.len();
        if let Some(slot) = self.slot {
            let scaled = coefs.iter().zip(&norm.scale).map(|(c, s)| c * s).collect();
            back.add(slot, data, scaled);
            if norm.batch {
                let count = self.extent.pixels() as f64;
                let (mut own, mut constant) = (Vec::new(), Vec::new());
                for c in 0..channels {
                    let scale = f64::from(norm.scale[c]);
                    let slope = scale * norm.inverse_std[c].powi(2) * sums.centered[c] / count;
                    own.push(-slope as f32);
                    let mean = f64::from(norm.mean[c]);
                    constant.push((slope * mean - scale * sums.plain[c] / count) as f32);
                }
                back.add(slot, &self.data, own);
                back.add_constant(slot, constant);
            }
        }
        let [scale, shift] = norm.targets;
        if scale.wanted() {
            let of = |c: usize| (sums.centered[c] * norm.inverse_std[c]) as f32;
            back.add_array(scale, (0..channels).map(of).collect());
        }
        if shift.wanted() {
            back.add_array(shift, sums.plain.iter().map(|s| *s as f32).collect());
        }
    }
}

/// Features with what a norm may ask about them.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) stored: Stored,
    /// Moments of the numbers, gathered by whoever wrote them or when they are first asked for.
    pub(super) moments: Rc<OnceCell<Moments>>,
    /// All who read these numbers in the forward pass; last, so that the array itself has gone before.
    pub(super) readers: Rc<Readers>,
}

impl Held {
    /// Features as an operation has just written them.
    pub(super) fn new(
        data: Buffer,
        extent: Extent,
        slot: Option<Slot>,
        moments: Option<Moments>,
    ) -> Self {
        let cell = match moments {
            Some(moments) => OnceCell::from(moments),
            None => OnceCell::new(),
        };
        Self {
            stored: Stored {
                data: Rc::new(data),
                extent,
                slot,
                norm: None,
                relu: false,
            },
            moments: Rc::new(cell),
            readers: Rc::default(),
        }
    }

    /// An array that somebody else may hold too.
    pub(super) fn shared(data: Rc<Buffer>, extent: Extent) -> Self {
        Self {
            stored: Stored {
                data,
                extent,
                slot: None,
                norm: None,
                relu: false,
            },
            moments: Rc::default(),
            readers: Rc::default(),
        }
    }

    /// The same numbers with another place for the gradient and nothing pending.
    pub(super) fn moved(&self, slot: Option<Slot>) -> Self {
        debug_assert!(self.stored.is_plain(), "only plain features are moved");
        Self {
            stored: Stored {
                slot,
                ..self.stored.clone()
            },
            moments: self.moments.clone(),
            readers: self.readers.clone(),
        }
    }

    /// `[batch, channels, height, width]`.
    pub(super) fn dims(&self) -> [usize; 4] {
        let e = &self.stored.extent;
        [e.batch, e.channels, e.height, e.width]
    }

    /// Moments of the stored numbers.
    pub(super) fn moments(&self) -> &Moments {
        let (data, channels) = (&self.stored.data, self.stored.extent.channels);
        self.moments
            .get_or_init(|| Kernels::detect().moments(data, channels))
    }

    /// Are all numbers finite?
    pub(super) fn is_finite(&self) -> bool {
        let view = self.stored.view();
        let own = |values: &[f32]| values.iter().all(|v| v.is_finite());
        let norm = view.affine.is_none_or(|a| own(a.scale) && own(a.shift));
        norm && own(view.data)
    }
}
