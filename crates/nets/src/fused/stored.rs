//! What are features between fused operations? An array, and a norm and a ReLU that nobody has applied yet.

use super::Slot;
use burn::tensor::{Device, Tensor};
use std::sync::{Arc, Mutex, OnceLock};
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
}

impl PendingNorm {
    /// A norm with given statistics (variance biased) of each channel.
    pub(super) fn new(
        (gamma, beta): (&[f32], &[f32]),
        (mean, variance): (&[f64], &[f64]),
        epsilon: f64,
        batch: bool,
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
        }
    }
}

/// The part of stored features that nodes keep: no tape in it.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    /// The numbers, NHWC.
    pub(super) data: Arc<Buffer>,
    /// Their extents.
    pub(super) extent: Extent,
    /// Where the gradient of the numbers goes.
    pub(super) slot: Arc<Slot>,
    /// A norm to apply.
    pub(super) norm: Option<Arc<PendingNorm>>,
    /// A ReLU to apply after it.
    pub(super) relu: bool,
}

/// What nodes keep of features whose numbers they need no more: where the gradient goes.
#[derive(Clone, Debug)]
pub(super) struct Place {
    slot: Arc<Slot>,
    pub(super) extent: Extent,
}

impl Place {
    /// Adds a gradient.
    pub(super) fn add(&self, grad: &Arc<Buffer>) {
        self.slot.add(grad, vec![1.0; self.extent.channels]);
    }

    /// Takes what was added; nothing if nobody added anything.
    pub(super) fn take(&self) -> Option<Arc<Buffer>> {
        super::added_up(&self.slot, &self.extent)
    }
}

impl Stored {
    /// Where the gradient goes.
    pub(super) fn place(&self) -> Place {
        Place {
            slot: Arc::clone(&self.slot),
            extent: self.extent,
        }
    }

    /// Features as a kernel reads them.
    pub(super) fn view(&self) -> View<'_> {
        View {
            data: &self.data,
            affine: self.norm.as_ref().map(|norm| Affine {
                scale: &norm.scale,
                shift: &norm.shift,
                center: &norm.mean,
            }),
            relu: self.relu,
        }
    }

    /// Deposits the gradient of the stored numbers.
    ///
    /// `coefs · data` is the gradient of the view taken through its ReLU, `sums` are the sums for its
    /// norm; the gradients of the norm's scale and shift are returned. With `x̂ = (x - μ) / σ`:
    /// `dx = γ/σ (g - mean(g) - x̂ mean(g x̂))` for batch statistics, `γ/σ g` for fixed ones.
    pub(super) fn deposit(
        &self,
        data: &Arc<Buffer>,
        coefs: Vec<f32>,
        sums: &NormSums,
    ) -> Option<(Vec<f32>, Vec<f32>)> {
        let Some(norm) = &self.norm else {
            self.slot.add(data, coefs);
            return None;
        };
        let scaled = coefs.iter().zip(&norm.scale).map(|(c, s)| c * s).collect();
        self.slot.add(data, scaled);
        let channels = norm.scale.len();
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
            self.slot.add(&self.data, own);
            self.slot.add_constant(constant);
        }
        let scale = (0..channels)
            .map(|c| (sums.centered[c] * norm.inverse_std[c]) as f32)
            .collect();
        let shift = sums.plain.iter().map(|s| *s as f32).collect();
        Some((scale, shift))
    }
}

/// What a node leaves for its caller to pick up: the result and its moments.
pub(super) type Left = Arc<Mutex<Option<(Buffer, Option<Moments>)>>>;

/// What the forward pass of a node takes, so that the tape does not hold it until the backward pass.
pub(super) type Once<T> = Mutex<Option<T>>;

/// Something to be taken.
pub(super) fn once<T>(value: T) -> Once<T> {
    Mutex::new(Some(value))
}

/// Takes it.
pub(super) fn taken<T>(held: &Once<T>) -> T {
    super::lock(held).take().expect("a node runs forward once")
}

/// Features with their place on the tape.
#[derive(Clone, Debug)]
pub(crate) struct Fused {
    pub(super) stored: Stored,
    /// Carries the node on Burn's tape.
    pub(super) token: Tensor<1>,
    /// Scale and shift of a pending norm, as the parents that they are.
    pub(super) parameters: Option<(Tensor<1>, Tensor<1>)>,
    /// Moments of the numbers, gathered by whoever wrote them or when they are first asked for.
    pub(super) moments: Arc<OnceLock<Moments>>,
}

impl Fused {
    /// Features as a node has just left them.
    pub(super) fn collect(left: &Left, extent: Extent, slot: Arc<Slot>, token: Tensor<1>) -> Self {
        let (data, moments) = super::lock(left)
            .take()
            .expect("a forward pass leaves its result");
        let data = Arc::new(data);
        let cell = OnceLock::new();
        if let Some(moments) = moments {
            // A fresh cell is empty, so this cannot fail.
            let _ = cell.set(moments);
        }
        Self {
            stored: Stored {
                data,
                extent,
                slot,
                norm: None,
                relu: false,
            },
            token,
            parameters: None,
            moments: Arc::new(cell),
        }
    }

    /// `[batch, channels, height, width]`.
    pub(crate) fn dims(&self) -> [usize; 4] {
        let e = &self.stored.extent;
        [e.batch, e.channels, e.height, e.width]
    }

    /// Where it is, with or without a tape.
    pub(crate) fn device(&self) -> Device {
        self.token.device()
    }

    /// Moments of the stored numbers.
    pub(super) fn moments(&self) -> &Moments {
        let (data, channels) = (&self.stored.data, self.stored.extent.channels);
        self.moments
            .get_or_init(|| Kernels::detect().moments(data, channels))
    }

    /// Are the stored numbers the features themselves?
    pub(super) fn is_plain(&self) -> bool {
        self.stored.norm.is_none() && !self.stored.relu
    }

    /// Inputs of a node that reads these features: the token, then scale and shift of the norm.
    pub(super) fn inputs(&self) -> Vec<Tensor<1>> {
        let mut inputs = vec![self.token.clone()];
        if let Some((scale, shift)) = &self.parameters {
            inputs.push(scale.clone());
            inputs.push(shift.clone());
        }
        inputs
    }

    /// Is this a pass whose gradients are wanted?
    pub(crate) fn is_on_tape(&self) -> bool {
        self.token.device().is_autodiff()
    }

    /// Are all numbers finite?
    pub(crate) fn is_finite(&self) -> bool {
        let view = self.stored.view();
        let own = |values: &[f32]| values.iter().all(|v| v.is_finite());
        let norm = view.affine.is_none_or(|a| own(a.scale) && own(a.shift));
        norm && own(view.data)
    }
}
