//! How is a convolution recorded? With its input as it is stored, and with the scheme's step that follows it.
//!
//! A convolution is not computed when it is asked for but when it is used: if the use is a linear
//! combination, as in the last convolution of a pre-activation block, both are one pass over memory.

use super::arrays::{Data, Row, Target};
use super::back::{Back, Node, Slot};
use super::combine::{Coefficient, Parts};
use super::record::Record;
use super::saved::Saved;
use super::stored::{Held, PendingNorm};
use crate::ConvSpec;
use std::cell::OnceCell;
use std::rc::Rc;
use timestep_kernels::layout::Extent;
use timestep_kernels::{Buffer, ConvShape, Finish, Kernels, Scaled, Sum, Term};

/// A convolution that is computed on first use.
#[derive(Debug)]
pub(super) struct Convolved {
    shape: ConvShape,
    input: Held,
    weight: (Data, Target),
    /// A norm that is applied to the results, and whether a ReLU follows it: only where nothing is recorded.
    norm: Option<(PendingNorm, bool)>,
    result: OnceCell<Held>,
}

/// The part of a convolution that nodes keep.
struct Core {
    shape: ConvShape,
    input: Saved,
    weight: (Data, Target),
}

impl Core {
    /// Takes the gradient of the result back to input, norm and weights.
    fn backward(self, back: &mut Back<'_>, grad: &Sum<'_>) {
        let Self {
            shape,
            input: saved,
            weight: (data, target),
        } = &self;
        let stored = saved.load();
        let weights = data.of(back.parameters);
        // A norm's parameters want gradients even where the features do not.
        let mut input = stored.wanted().then(|| Buffer::new(shape.input_len()));
        let kernels = Kernels::detect();
        if !target.wanted() && stored.is_plain() {
            if let Some(mut input) = input {
                kernels.conv_input_grad(shape, weights, grad, &mut input);
                stored.place().add(back, &Rc::new(input));
            }
            return;
        }
        let out = input.as_deref_mut();
        let grads = kernels.conv_backward(shape, &stored.view(), weights, grad, out, None);
        back.add_array(*target, grads.weights);
        if let Some(input) = input {
            let ones = vec![1.0; shape.input];
            stored.deposit(back, &Rc::new(input), ones, &grads.norm);
        }
    }
}

/// A convolution of stored features.
struct Convolution {
    core: Core,
    slot: Slot,
}

impl Node for Convolution {
    fn backward(self: Box<Self>, back: &mut Back<'_>) {
        let terms = back.take(self.slot);
        if !terms.is_empty() {
            self.core.backward(back, &terms.sum());
        }
    }
}

/// A multiple of a convolution plus a linear combination.
struct StepOfConvolution {
    core: Core,
    /// The convolution's own coefficient.
    coef: f32,
    parts: Parts,
    slot: Slot,
}

impl Node for StepOfConvolution {
    fn backward(self: Box<Self>, back: &mut Back<'_>) {
        let terms = back.take(self.slot);
        if terms.is_empty() {
            return;
        }
        let grad = self.parts.backward(back, &terms);
        // The terms are added up now; what they hold may be freed before the convolution goes back.
        drop(terms);
        let scale = vec![self.coef; self.core.shape.output];
        let own = Sum {
            terms: vec![Scaled {
                data: &grad,
                scale: &scale,
            }],
            constant: None,
        };
        self.core.backward(back, &own);
    }
}

impl Convolved {
    /// A convolution to come.
    pub(super) fn new(input: Held, weight: &Row, spec: &ConvSpec) -> Self {
        let extent = input.stored.extent;
        let shape = ConvShape {
            batch: extent.batch,
            height: extent.height,
            width: extent.width,
            input: extent.channels,
            output: spec.output,
            kernel: spec.kernel,
            stride: spec.stride,
            padding: spec.padding,
            groups: spec.groups,
        };
        Self {
            shape,
            input,
            weight: (weight.data.clone(), weight.target),
            norm: None,
            result: OnceCell::new(),
        }
    }

    /// The same with a norm and perhaps a ReLU applied to the results as they are stored: of a pass that records nothing.
    pub(super) fn followed_by(self, norm: PendingNorm, relu: bool) -> Self {
        debug_assert!(!self.wanted(), "the way back would not know of the norm");
        Self {
            norm: Some((norm, relu)),
            ..self
        }
    }

    /// What the kernel does with the results; `coef` and `terms` are those of the step.
    fn finish<'f>(&'f self, coef: f64, terms: &'f [Term<'f>]) -> Finish<'f> {
        let (norm, relu) = match &self.norm {
            Some((norm, relu)) => (Some(norm.affine()), *relu),
            None => (None, false),
        };
        Finish {
            norm,
            relu,
            coef: coef as f32,
            terms,
        }
    }

    /// Extents of the result.
    pub(super) fn extent(&self) -> Extent {
        Extent {
            batch: self.shape.batch,
            height: self.shape.out_height(),
            width: self.shape.out_width(),
            channels: self.shape.output,
        }
    }

    /// Has nobody used the result yet?
    pub(super) fn is_pending(&self) -> bool {
        self.result.get().is_none()
    }

    fn wanted(&self) -> bool {
        self.weight.1.wanted() || self.input.stored.wanted()
    }

    fn core(&self, tape: &Record) -> Core {
        Core {
            shape: self.shape,
            input: tape.saved(&self.input),
            weight: self.weight.clone(),
        }
    }

    /// Will a gradient go back through it?
    pub(super) fn is_recorded(&self) -> bool {
        self.wanted()
    }

    /// The result by itself.
    pub(super) fn result(&self, tape: &Record) -> &Held {
        self.result.get_or_init(|| {
            let mut out = Buffer::new(self.shape.output_len());
            let weights = tape.packed(&self.shape, &self.weight.0);
            let view = self.input.stored.view();
            let moments = Kernels::detect().conv_packed(
                &self.shape,
                &view,
                &weights,
                &self.finish(1.0, &[]),
                &mut out,
                tape.statistics,
            );
            let slot = self.wanted().then(|| tape.slot());
            if let Some(slot) = slot {
                let core = self.core(tape);
                tape.push(Box::new(Convolution { core, slot }));
            }
            Held::new(out, self.extent(), slot, moments)
        })
    }

    /// `coef · result + Σ cᵢ uᵢ`, for a result that nobody has used.
    pub(super) fn step(&self, tape: &Record, coef: f64, terms: &[(Coefficient, &Held)]) -> Held {
        let extent = self.extent();
        for (_, held) in terms {
            assert_eq!(held.stored.extent, extent, "terms of one shape");
        }
        let coefs = tape.coefs(terms, extent.channels);
        let views: Vec<Term<'_>> = terms
            .iter()
            .zip(&coefs)
            .map(|((_, held), coefs)| Term {
                view: held.stored.view(),
                coefs,
            })
            .collect();
        let mut out = Buffer::new(self.shape.output_len());
        let moments = Kernels::detect().conv_packed(
            &self.shape,
            &self.input.stored.view(),
            &tape.packed(&self.shape, &self.weight.0),
            &self.finish(coef, &views),
            &mut out,
            tape.statistics,
        );
        drop(views);
        let slot = (self.wanted() || Parts::wanted(terms)).then(|| tape.slot());
        if let Some(slot) = slot {
            tape.push(Box::new(StepOfConvolution {
                core: self.core(tape),
                coef: coef as f32,
                parts: Parts::new(tape, terms, coefs, extent),
                slot,
            }));
        }
        Held::new(out, extent, slot, moments)
    }
}
