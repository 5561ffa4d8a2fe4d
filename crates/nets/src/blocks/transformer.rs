//! The transformer block: pixels look at each other, and each thinks by itself.
//!
//! # Equation
//! `f(u) = f0(u) + f1(u)`, `f0(u) = W_o attention(W_qkv LN(u))`, `f1(u) = W₂ ReLU(W₁ LN(u))`
//!
//! # As a network
//! Layer norms, softmax attention and feed-forward of Vaswani et al. 2017 with the norms first; pixels are tokens. Particles that
//! attract each other (`f0`) and move by themselves (`f1`), as Lu et al. 2019 read it. The scheme says how: `lie` steps attention, then
//! feed-forward, which is the transformer; `strang` steps half of feed-forward before and half after attention, which is the macaron
//! network; every other scheme steps their sum. A step that changes the shape is that of `preact`.
//!
//! # Cost
//! 1×1 convolutions: `4 width²` weights of attention, `8 width²` of feed-forward, which has `4 width` channels inside; a scheme that
//! steps it twice per step divides these between the two. Attention takes `2 pixels² width` multiply-adds more. Heads are `groups`,
//! or one for every 32 channels.
//!
//! # When to use / when not
//! With a stem of patches (`macaron-6`) on images of some ten thousand or more; a few images teach a convolution more. With `lie`,
//! `strang` or any one-step scheme.
//!
//! # Reference
//! A. Vaswani et al., Attention is all you need, NeurIPS 2017; A. Dosovitskiy et al., An image is worth 16x16 words, ICLR 2021; Y. Lu,
//! Z. Li, D. He, Z. Sun, B. Dong, T. Qin, L. Wang, T.-Y. Liu, Understanding and improving transformer from a multi-particle dynamic
//! system point of view, 2019.

use super::preact::PreAct;
use crate::layers::{Dropout, LayerNorm};
use crate::{Block, BlockFacts, BlockShape, Builder, Conv, Features, Make, Pass, ops};
use timestep_registry::{Facts, Kind};

pub(super) static FACTS: BlockFacts = BlockFacts {
    named: Facts {
        aliases: &["attention"],
        references: &[
            "vaswani2017attention",
            "dosovitskiy2021image",
            "lu2019understanding",
            "ba2016layer",
        ],
        ..Facts::new(
            Kind::Block,
            "transformer",
            "softmax attention among pixels plus feed-forward, after layer norms",
            include_str!("transformer.rs"),
        )
    },
    equation: "Wo attention(Wqkv LN(u)) + W2 relu(W1 LN(u))",
    expansion: 1,
    preactivation: true,
    layer_norm: true,
    rectifies: false,
    two_branches: false,
    make: Make::Alone(build),
};

/// Channels of a head where nobody says otherwise.
const HEAD: usize = 32;
/// Channels inside the feed-forward term for each of the state.
const INSIDE: usize = 4;

/// Softmax attention among the pixels of an image.
#[derive(Debug)]
struct Attention {
    norm: LayerNorm,
    inward: Conv,
    heads: usize,
    outward: Conv,
}

/// Two layers for each pixel.
#[derive(Debug)]
struct FeedForward {
    norm: LayerNorm,
    inward: Conv,
    dropout: Option<Dropout>,
    outward: Conv,
}

/// Attention, feed-forward, or both.
#[derive(Debug)]
struct Transformer {
    attention: Option<Attention>,
    feed_forward: Option<FeedForward>,
}

/// Heads of a shape: as many as `groups` says, or one for every 32 channels.
fn heads(shape: &BlockShape) -> usize {
    let asked = match shape.groups {
        0 => (shape.output / HEAD).max(1),
        groups => groups,
    };
    // Halves of the channels that a partitioned scheme steps may have a number that the heads do not divide.
    (1..=asked)
        .rev()
        .find(|heads| shape.output.is_multiple_of(*heads))
        .unwrap_or(1)
}

/// Builds the block under `name`: the term that the scheme asks for, or both; where the shape changes it is that of `preact`.
fn build(make: &mut Builder, name: &str, shape: &BlockShape) -> Box<dyn Block> {
    if shape.stride != 1 || shape.input != shape.output {
        return PreAct::build(make, name, shape);
    }
    let (width, size) = (shape.input, shape.size);
    let (term, times) = make
        .term()
        .map_or((None, 1), |(term, times)| (Some(term), times));
    let attention = term.is_none_or(|term| term == 0).then(|| {
        let name = format!("{name}.attention");
        let norm = make.layer_norm(&format!("{name}.norm"), width, size);
        let inward = make.token_layer(&format!("{name}.in"), (width, 3 * width), size);
        make.count_attention(width, size);
        Attention {
            norm,
            inward,
            heads: heads(shape),
            outward: make.token_layer(&format!("{name}.out"), (width, width), size),
        }
    });
    let feed_forward = term.is_none_or(|term| term == 1).then(|| {
        let inside = (INSIDE * width / times).max(1);
        let inner = format!("{name}.feed_forward");
        FeedForward {
            norm: make.layer_norm(&format!("{inner}.norm"), width, size),
            inward: make.token_layer(&format!("{inner}.in"), (width, inside), size),
            dropout: Dropout::new(name, shape.dropout),
            outward: make.token_layer(&format!("{inner}.out"), (inside, width), size),
        }
    });
    Box::new(Transformer {
        attention,
        feed_forward,
    })
}

impl Attention {
    fn eval(&self, pass: &Pass, u: &Features) -> Features {
        let all = self.inward.forward(pass, &self.norm.forward(pass, u));
        self.outward
            .forward(pass, &ops::attention(&all, self.heads))
    }
}

impl FeedForward {
    fn eval(&self, pass: &Pass, u: &Features) -> Features {
        let inner = self.inward.forward(pass, &self.norm.forward(pass, u));
        let inner = Dropout::apply(&self.dropout, pass, ops::relu(&inner));
        self.outward.forward(pass, &inner)
    }
}

impl Block for Transformer {
    fn facts(&self) -> &'static BlockFacts {
        &FACTS
    }

    fn eval_from(&self, pass: &Pass, u: &Features, _entry: Option<&Features>) -> Features {
        let attention = self.attention.as_ref().map(|term| term.eval(pass, u));
        let feed_forward = self.feed_forward.as_ref().map(|term| term.eval(pass, u));
        match (attention, feed_forward) {
            (Some(a), Some(b)) => ops::combine(&[(1.0.into(), &a), (1.0.into(), &b)]),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => unreachable!("a block of one term or of both"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Mode, Parameters, Size, StrideAt, block};
    use std::sync::Arc;
    use timestep_engine::{Engine, Exact, Recording};
    use timestep_numerics::StepError;
    use timestep_numerics::analysis::{Term, flow, splitting_order};
    use timestep_numerics::random::Stream;

    const SIZE: Size = Size {
        height: 2,
        width: 3,
    };
    const WIDTH: usize = 8;
    const DIMS: [usize; 4] = [1, WIDTH, SIZE.height, SIZE.width];

    fn shape() -> BlockShape {
        BlockShape {
            input: WIDTH,
            output: WIDTH,
            inner: WIDTH,
            stride: 1,
            stride_at: StrideAt::First,
            size: SIZE,
            groups: 2,
            activated: false,
            dropout: 0.0,
            stage: 0,
        }
    }

    /// Both terms and their sum, of the same weights, on a tape in double precision.
    fn terms() -> ([Box<dyn Block>; 3], Pass) {
        let kind = block("transformer").expect("registered");
        let mut make = Builder::new();
        let whole = kind.build(&mut make, "both", &shape());
        let both = 0..make.next_id();
        let mut of = |term: usize, known: std::ops::Range<usize>| {
            make.again_with(known, |make| {
                make.set_term(Some((term, 1)));
                let made = kind.build(make, "one", &shape());
                make.set_term(None);
                made
            })
        };
        // Attention has six arrays, which come first.
        let (attention, feed_forward) = (of(0, 0..6), of(1, 6..both.end));
        let specs = Arc::new(make.into_specs());
        let mut stream = Stream::new(1, "transformer", 0, Stream::WHOLE);
        let mut values = vec![0.0_f32; specs.total()];
        stream.fill_normal(&mut values, 0.5);
        let parameters = Parameters::new(specs, values);
        let pass = Pass::on(Exact.open(&parameters, &Recording::default()), Mode::Eval);
        ([attention, feed_forward, whole], pass)
    }

    fn value(block: &dyn Block, pass: &Pass, u: &[f64]) -> Vec<f64> {
        let tape = pass.tape();
        let u = Features::new(tape, tape.features_f64(DIMS, u, false));
        block.eval(pass, &u).read()
    }

    fn start() -> Vec<f64> {
        let mut stream = Stream::new(2, "state", 0, Stream::WHOLE);
        let count = DIMS.iter().product();
        (0..count).map(|_| 2.0 * stream.open_unit() - 1.0).collect()
    }

    #[test]
    fn the_terms_sum_to_the_block() {
        let ([attention, feed_forward, whole], pass) = terms();
        let of = |block: &dyn Block| value(block, &pass, &start());
        let (a, b, both) = (of(&*attention), of(&*feed_forward), of(&*whole));
        for ((a, b), both) in a.iter().zip(&b).zip(&both) {
            assert!(a.abs() > 1e-3 && b.abs() > 1e-6);
            assert!((a + b - both).abs() < 1e-12 * both.abs().max(1.0));
        }
    }

    /// The splittings of the network's own equation: its attention and its feed-forward as vector fields.
    #[test]
    fn lie_is_of_order_1_and_strang_of_order_2_on_the_flows_of_attention_and_feed_forward() {
        let ([attention, feed_forward, whole], pass) = terms();
        let field = |block: &dyn Block, u: &[f64]| Ok::<_, StepError>(value(block, &pass, u));
        let (start, time) = (start(), 0.2);
        let mut sum = |u: &[f64]| field(&*whole, u);
        let end = flow(&mut sum, &start, time, 512).expect("a flow");
        for (scheme, theory) in [("lie", 1), ("strang", 2)] {
            let mut first = |u: &[f64]| field(&*attention, u);
            let mut second = |u: &[f64]| field(&*feed_forward, u);
            let both: [Term<'_>; 2] = [&mut first, &mut second];
            let found = splitting_order(scheme, both, &start, (time, &end)).expect("an order");
            assert_eq!(found.theory, theory);
            let off = (found.order - f64::from(theory)).abs();
            // A ReLU has kinks, at which errors do not fall smoothly.
            assert!(off < 0.2, "{scheme}: {found:?}");
        }
    }

    /// Attention does not see places: pixels in another order give results in that order.
    #[test]
    fn pixels_in_another_order_give_results_in_that_order() {
        let ([_, _, whole], pass) = terms();
        let pixels = SIZE.area();
        let turned = |u: &[f64]| -> Vec<f64> {
            let turn =
                |row: &[f64]| -> Vec<f64> { (0..pixels).map(|i| row[(i + 2) % pixels]).collect() };
            u.chunks_exact(pixels).flat_map(turn).collect()
        };
        let before = turned(&value(&*whole, &pass, &start()));
        let after = value(&*whole, &pass, &turned(&start()));
        for (a, b) in before.iter().zip(&after) {
            assert!((a - b).abs() < 1e-12);
        }
    }

    #[test]
    fn heads_divide_the_channels() {
        let of = |output: usize, groups: usize| {
            heads(&BlockShape {
                output,
                groups,
                ..shape()
            })
        };
        assert_eq!([of(128, 0), of(192, 0), of(16, 0)], [4, 6, 1]);
        assert_eq!([of(128, 8), of(9, 2)], [8, 1]);
    }
}
