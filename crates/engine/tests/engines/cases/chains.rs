//! Long chains: states used several times, schemes, blocks, whole small networks, segments computed again.

use crate::case::{Case, Inputs};
use std::rc::Rc;
use timestep_engine::{
    Array, Coef, ConvSpec, End, Features, ParamId, Recording, Sampling, Tape, Targets, Wanted,
    Window, ops,
};
use timestep_numerics::State;

const DIMS: [usize; 4] = [2, 6, 5, 4];

/// Parameters of a block with pre-activation: scale, shift, weights, twice.
fn block_parameters(case: Case) -> Case {
    let half = |case: Case| case.scale(6).weight(6, 0.5).weight(6 * 6 * 9, 0.2);
    half(half(case))
}

/// Two times norm, ReLU and convolution, with the six parameters from `first` on.
fn block(p: &[Array], first: usize, u: &Features) -> Features {
    let half = |at: usize, u: &Features| {
        let (v, _) = ops::norm_train(u, &p[at], &p[at + 1], ops::NORM_EPSILON);
        let spec = ConvSpec::square(6, 3, 1);
        ops::conv2d(&ops::relu(&v), &p[at + 2], &spec)
    };
    half(first + 3, &half(first, u))
}

/// A multistep scheme with a coefficient for each step: every state is used three times.
fn multistep(coefficients: usize) -> Case {
    let name = format!("chain: four multistep layers, {coefficients} coefficients per step");
    let mut case = Case::new(name).leaf(DIMS).tolerance(1e-4);
    for _ in 0..4 {
        case = block_parameters(case).weight(coefficients, 0.5);
    }
    case.gives(|i| {
        let (mut before, mut u) = (i.u[0].clone(), i.u[0].clone());
        for step in 0..4 {
            let f = block(&i.p, 7 * step, &u);
            let k = Coef::Learned(i.p[7 * step + 6].clone());
            let rest = Coef::from(1.0) - k.clone();
            let next = ops::combine(&[(rest, &u), (k, &before), (0.5.into(), &f)]);
            (before, u) = (u, next);
        }
        u
    })
}

/// A reversible network: halves that step in turn.
fn reversible() -> Case {
    let mut case = Case::new("chain: three reversible layers")
        .leaf([3, 12, 5, 4])
        .tolerance(1e-4);
    for _ in 0..6 {
        case = block_parameters(case);
    }
    case.gives(|i| {
        let mut u = i.u[0].clone();
        for step in 0..3 {
            let (x, y) = u.split().expect("even channels");
            let f = block(&i.p, 12 * step, &y);
            let x = ops::combine(&[(1.0.into(), &x), (1.0.into(), &f)]);
            let g = block(&i.p, 12 * step + 6, &x);
            let y = ops::combine(&[(1.0.into(), &y), (1.0.into(), &g)]);
            u = Features::join(&x, &y).expect("halves of one size");
        }
        u
    })
}

/// Stem, residual layers, a transition, a head and a loss.
fn network() -> Case {
    let case = Case::new("chain: a network with its loss")
        .leaf([4, 3, 8, 8])
        .tolerance(1e-4)
        .weight(6 * 3 * 9, 0.3);
    let case = block_parameters(block_parameters(case));
    case.weight(5 * 12, 0.5).weight(5, 0.5).gives(|i| {
        let stem = ops::conv2d(&i.u[0], &i.p[0], &ConvSpec::square(6, 3, 1));
        let f = block(&i.p, 1, &stem);
        let u = ops::combine(&[(1.0.into(), &stem), (1.0.into(), &f)]);
        let f = block(&i.p, 7, &u).scaled(0.5);
        let u = ops::combine(&[(1.0.into(), &u), (1.0.into(), &f)]);
        let sampling = Sampling {
            stride: 2,
            offset: 0,
            channels: 12,
        };
        let mean = ops::global_average_pool(&ops::relu(&ops::sample(&u, sampling)));
        let logits = ops::linear(&mean, &i.p[13], &i.p[14]);
        ops::cross_entropy(&logits, &Targets::of(&[0, 1, 4, 2]))
    })
}

/// Branches that are joined, as in an inception module, with a residual and a gate.
fn branches() -> Case {
    Case::new("chain: branches, joined, gated and added")
        .leaf(DIMS)
        .tolerance(1e-4)
        .weight(2 * 6, 0.4)
        .weight(3 * 6 * 7, 0.2)
        .weight(3 * 3 * 7, 0.2)
        .weight(6 * 11, 0.3)
        .weight(6, 0.5)
        .weight(6 * 6, 0.5)
        .weight(6, 0.5)
        .gives(|i| {
            let u = &i.u[0];
            let narrow = ops::conv2d(u, &i.p[0], &ConvSpec::square(2, 1, 1));
            let wide = ops::conv2d(u, &i.p[1], &ConvSpec::rectangle(3, [1, 7], 1));
            let wide = ops::conv2d(
                &ops::relu(&wide),
                &i.p[2],
                &ConvSpec::rectangle(3, [7, 1], 1),
            );
            let window = Window {
                kernel: 3,
                stride: 1,
                padding: 1,
            };
            let joined = ops::join(&[&narrow, &wide, &ops::max_pool(u, window)]);
            let back = ops::conv2d(&ops::relu(&joined), &i.p[3], &ConvSpec::square(6, 1, 1));
            let back = ops::add_bias(&back, &i.p[4]);
            let mean = ops::global_average_pool(&back);
            let gates = ops::linear(&mean, &i.p[5], &i.p[6]).sigmoid();
            let gated = ops::gate(&back, &gates);
            ops::relu(&ops::combine(&[(1.0.into(), u), (0.5.into(), &gated)]))
        })
}

/// What a segment is: features and parameters in, features out.
pub(crate) type Segment = fn(&[Array], &Features) -> Features;

/// A segment whose activations are thrown away and computed again on the way back.
pub(crate) fn computed_again(i: &Inputs, input: &Features, segment: Segment) -> Features {
    let tape = &i.tape;
    assert!(tape.can_splice(), "engines of this test can splice");
    let ids: Vec<ParamId> = (0..i.p.len()).map(ParamId::new).collect();
    let on = move |tape: &Rc<dyn Tape>, u: &Features| {
        let p: Vec<Array> = ids.iter().map(|id| Array::parameter(tape, *id)).collect();
        segment(&p, u)
    };
    let recording = |wanted| Recording {
        wanted,
        statistics: true,
    };
    let there = tape.fork(&recording(Wanted::Nothing));
    let kept = input.onto(&there, false);
    let output = on(&there, &kept);
    let plain = there.plain(output.value());
    let again = tape.fork_with(&recording(Wanted::Parameters), &[]);
    let back = move |gradients: &[Option<_>], sink: &mut dyn timestep_engine::GradientSink| {
        let Some(gradient) = &gradients[0] else {
            return vec![None];
        };
        let u = kept.onto(&again, true);
        let v = on(&again, &u);
        again.backward(&[End::Features(v.value(), gradient)], sink);
        vec![again.gradient(u.value())]
    };
    let results = tape.splice(&[input.value()], &[&plain], Box::new(back));
    Features::new(tape, results[0].clone())
}

/// A residual layer with the block's six parameters.
fn layer(p: &[Array], u: &Features) -> Features {
    let f = block(p, 0, u);
    ops::combine(&[(1.0.into(), u), (0.5.into(), &f)])
}

/// A reversible layer, whose input and output are halves.
fn reversible_layer(p: &[Array], u: &Features) -> Features {
    let (x, y) = u.split().expect("even channels");
    let f = block(p, 0, &y);
    let x = ops::combine(&[(1.0.into(), &x), (1.0.into(), &f)]);
    Features::join(&y, &x).expect("halves of one size")
}

/// Segments that the tests of splicing run both ways: a name, extents of the leaf, the segment.
pub(crate) const SEGMENTS: [(&str, [usize; 4], Segment); 2] = [
    ("a residual layer", DIMS, layer),
    ("a reversible layer", [2, 12, 5, 4], reversible_layer),
];

/// A segment between other operations, twice, kept or computed again.
pub(crate) fn spliced(name: &str, dims: [usize; 4], segment: Segment, again: bool) -> Case {
    let how = if again { "computed again" } else { "kept" };
    let case = Case::new(format!("chain: {name}, {how}"))
        .leaf(dims)
        .tolerance(1e-4);
    block_parameters(case).run(move |i| {
        let run = |u: &Features| match again {
            true => computed_again(i, u, segment),
            false => segment(&i.p, u),
        };
        let u = ops::relu(&i.u[0].clone().scaled(2.0));
        let v = run(&run(&u));
        let sum = ops::combine(&[(1.0.into(), &u), ((-0.5).into(), &v)]);
        vec![sum.into(), v.into()]
    })
}

pub(super) fn cases() -> Vec<Case> {
    let mut all = vec![
        multistep(1),
        multistep(6),
        reversible(),
        network(),
        branches(),
    ];
    for (name, dims, segment) in SEGMENTS {
        for again in [false, true] {
            all.push(spliced(name, dims, segment, again));
        }
    }
    all
}
