//! How are features kept that nobody has asked for yet? As what they will be made of.

use super::conv::Convolved;
use super::record::Record;
use super::stored::Held;
use crate::Value;
use std::cell::OnceCell;
use std::rc::Rc;
use timestep_kernels::Buffer;
use timestep_kernels::layout::Extent;

/// Features of this engine.
#[derive(Debug)]
pub(super) enum Kept {
    /// Numbers; a norm and a ReLU may still be pending.
    Held(Held),
    /// A convolution that nobody has used yet.
    Convolved(Convolved),
    /// Two halves of the channels: a scheme that joins them to split them in its next step copies nothing.
    Halves([Held; 2], OnceCell<Held>),
    /// A multiple of other features: a linear combination takes the factor along.
    Multiple(f64, Value, OnceCell<Held>),
    /// Zeros: the increment of a dropped block, which a linear combination leaves out.
    Zero(Extent, OnceCell<Held>),
}

impl Kept {
    /// The features that a value stands for.
    ///
    /// # Panics
    /// If another engine made it.
    pub(super) fn of(value: &Value) -> &Self {
        let own = value.downcast_ref();
        own.expect("features of the engine that is asked")
    }

    /// The features in one array.
    pub(super) fn held<'k>(&'k self, tape: &Record) -> &'k Held {
        match self {
            Kept::Held(held) => held,
            Kept::Convolved(convolved) => convolved.result(tape),
            Kept::Halves([first, second], whole) => {
                whole.get_or_init(|| tape.joined(&[first, second]))
            }
            Kept::Multiple(factor, of, whole) => whole.get_or_init(|| {
                let of = Kept::of(of).held(tape);
                tape.combination(&[((*factor).into(), of)], false)
            }),
            Kept::Zero(extent, whole) => whole.get_or_init(|| zeros(*extent)),
        }
    }

    /// The features in the pieces that they lie in.
    pub(super) fn pieces<'k>(&'k self, tape: &Record) -> &'k [Held] {
        match self {
            Kept::Halves(parts, _) => parts,
            other => std::slice::from_ref(other.held(tape)),
        }
    }

    /// Features from the pieces that they lie in, of which there are one or two.
    pub(super) fn from_pieces(pieces: Vec<Held>) -> Self {
        match <[Held; 2]>::try_from(pieces) {
            Ok(parts) => Kept::Halves(parts, OnceCell::new()),
            Err(mut one) => Kept::Held(one.pop().expect("features have a piece")),
        }
    }

    /// `[batch, channels, height, width]`.
    pub(super) fn dims(&self) -> [usize; 4] {
        let of = |e: &Extent| [e.batch, e.channels, e.height, e.width];
        match self {
            Kept::Held(held) => held.dims(),
            Kept::Convolved(convolved) => of(&convolved.extent()),
            Kept::Halves([first, second], _) => {
                let mut dims = first.dims();
                dims[1] += second.dims()[1];
                dims
            }
            Kept::Multiple(_, of, _) => Kept::of(of).dims(),
            Kept::Zero(extent, _) => of(extent),
        }
    }

    /// Will a gradient go back through them?
    pub(super) fn is_recorded(&self) -> bool {
        match self {
            Kept::Held(held) => held.stored.wanted(),
            Kept::Convolved(convolved) => convolved.is_recorded(),
            Kept::Halves(parts, _) => parts.iter().any(|part| part.stored.wanted()),
            Kept::Multiple(_, of, _) => Kept::of(of).is_recorded(),
            Kept::Zero(..) => false,
        }
    }

    /// As a value for whoever asked.
    pub(super) fn value(self) -> Value {
        Rc::new(self)
    }
}

/// Zeros as an array.
pub(super) fn zeros(extent: Extent) -> Held {
    Held::new(Buffer::zeros(extent.len()), extent, None, None)
}
