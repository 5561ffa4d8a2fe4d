//! Every operation on everything that features can be made of: what is postponed must come out the same.

use crate::case::{Case, Inputs, Out, random};
use timestep_engine::{Array, Coef, ConvSpec, Features, Sampling, Window, ops};
use timestep_numerics::State;

const DIMS: [usize; 4] = [2, 4, 5, 3];

fn norm(i: &Inputs, u: &Features) -> Features {
    ops::norm_train(u, &i.p[0], &i.p[1], 1e-5).0
}

fn norm_by_constants(i: &Inputs, u: &Features) -> Features {
    ops::norm_eval(u, [&i.p[0], &i.p[1]], [&i.p[2], &i.p[3]], 1e-5)
}

fn bias(i: &Inputs, u: &Features) -> Features {
    ops::add_bias(u, &i.p[1])
}

fn conv(i: &Inputs, u: &Features) -> Features {
    ops::conv2d(u, &i.p[4], &ConvSpec::square(4, 3, 1))
}

fn halves(i: &Inputs) -> Features {
    let (first, _) = i.u[0].split().expect("even channels");
    let (_, second) = i.u[1].split().expect("even channels");
    Features::join(&first, &second).expect("halves of one size")
}

fn image(i: &Inputs) -> Features {
    Features::images(&i.tape, DIMS, &random("image", DIMS.iter().product()))
}

type Source = fn(&Inputs) -> Features;

const SOURCES: [(&str, Source); 20] = [
    ("a leaf", |i| i.u[0].clone()),
    ("an image", image),
    ("a ReLU", |i| ops::relu(&i.u[0])),
    ("a bias", |i| bias(i, &i.u[0])),
    ("a bias and a ReLU", |i| ops::relu(&bias(i, &i.u[0]))),
    ("a norm", |i| norm(i, &i.u[0])),
    ("a norm of an image", |i| norm(i, &image(i))),
    ("a norm and a ReLU", |i| ops::relu(&norm(i, &i.u[0]))),
    ("a norm by constants", |i| norm_by_constants(i, &i.u[0])),
    ("a norm by constants and a ReLU", |i| {
        ops::relu(&norm_by_constants(i, &i.u[0]))
    }),
    ("a convolution", |i| conv(i, &i.u[0])),
    ("a convolution that exists", |i| {
        let v = conv(i, &i.u[0]);
        v.compute();
        v
    }),
    ("a norm and a ReLU of a convolution", |i| {
        ops::relu(&norm(i, &conv(i, &i.u[0])))
    }),
    ("a multiple", |i| i.u[0].clone().scaled(-0.5)),
    ("a multiple of a multiple", |i| {
        i.u[0].clone().scaled(-0.5).scaled(3.0)
    }),
    ("a multiple of a convolution", |i| {
        conv(i, &i.u[0]).scaled(0.5)
    }),
    ("a multiple of a norm and a ReLU", |i| {
        ops::relu(&norm(i, &i.u[0])).scaled(2.0)
    }),
    ("halves", halves),
    ("a norm and a ReLU of halves", |i| {
        ops::relu(&norm(i, &halves(i)))
    }),
    ("zeros", |i| Features::zeros(&i.u[0], DIMS)),
];

type User = fn(&Inputs, &Features) -> Vec<Out>;

fn sum(terms: &[(Coef, &Features)]) -> Vec<Out> {
    vec![ops::combine(terms).into()]
}

fn window(padding: usize) -> Window {
    Window {
        kernel: 3,
        stride: 2,
        padding,
    }
}

const USERS: [(&str, User); 31] = [
    ("the end", |_, u| vec![u.clone().into()]),
    ("two ends", |_, u| vec![u.clone().into(), u.clone().into()]),
    ("ReLU", |_, u| vec![ops::relu(u).into()]),
    ("bias", |i, u| vec![ops::add_bias(u, &i.p[5]).into()]),
    ("norm", |i, u| {
        let (v, statistics) = ops::norm_train(u, &i.p[5], &i.p[6], 1e-5);
        let numbers = [statistics.mean, statistics.variance];
        let [mean, variance] = numbers.map(Out::Numbers);
        vec![v.into(), mean, variance]
    }),
    ("norm and ReLU", |i, u| {
        let (v, _) = ops::norm_train(u, &i.p[5], &i.p[6], 1e-5);
        vec![ops::relu(&v).into()]
    }),
    ("norm by constants", |i, u| {
        let (learned, fixed) = ([&i.p[5], &i.p[6]], [&i.p[2], &i.p[3]]);
        vec![ops::norm_eval(u, learned, fixed, 1e-3).into()]
    }),
    ("3x3", |i, u| {
        let spec = ConvSpec::square(4, 3, 1);
        vec![ops::conv2d(u, &i.p[7], &spec).into()]
    }),
    ("3x3 stride 2", |i, u| {
        let spec = ConvSpec::square(4, 3, 2);
        vec![ops::conv2d(u, &i.p[7], &spec).into()]
    }),
    ("1x1", |i, u| {
        let spec = ConvSpec::square(9, 1, 1);
        vec![ops::conv2d(u, &i.p[8], &spec).into()]
    }),
    ("groups", |i, u| {
        let spec = ConvSpec::square(2, 3, 1).grouped(2);
        vec![ops::conv2d(u, &i.p[8], &spec).into()]
    }),
    ("a factor of 1", |_, u| sum(&[(1.0.into(), u)])),
    ("a combination", |i, u| {
        sum(&[(0.5.into(), u), (2.0.into(), &i.u[1])])
    }),
    ("a combination with itself", |_, u| {
        sum(&[(0.5.into(), u), (1.0.into(), u)])
    }),
    ("a learned coefficient", |i, u| {
        let k = Coef::Learned(i.p[9].clone());
        sum(&[(Coef::from(1.0) - k.clone(), u), (k, &i.u[1])])
    }),
    ("learned coefficients", |i, u| {
        sum(&[(Coef::Learned(i.p[5].clone()), u), (1.0.into(), &i.u[1])])
    }),
    ("a residual step", |i, u| {
        let f = ops::conv2d(u, &i.p[7], &ConvSpec::square(4, 3, 1));
        sum(&[(1.0.into(), u), (0.5.into(), &f)])
    }),
    ("a step beside a convolution", |i, u| {
        let f = ops::conv2d(&i.u[1], &i.p[7], &ConvSpec::square(4, 3, 1));
        let k = Coef::Learned(i.p[9].clone());
        sum(&[(0.5.into(), &f), (k, u)])
    }),
    ("beside zeros", |i, u| {
        let zero = Features::zeros(u, DIMS);
        sum(&[
            (1.0.into(), &zero),
            ((-1.0).into(), u),
            (1.0.into(), &i.u[1]),
        ])
    }),
    ("a multiple", |_, u| vec![u.clone().scaled(0.25).into()]),
    ("a multiple in a combination", |i, u| {
        let v = u.clone().scaled(0.25);
        let k = Coef::Learned(i.p[5].clone());
        sum(&[(2.0.into(), &v), (k, &v), (1.0.into(), &i.u[1])])
    }),
    ("narrow", |_, u| vec![ops::narrow(u, 1, 2).into()]),
    ("join", |i, u| {
        let more = ops::narrow(&i.u[1], 0, 3);
        vec![
            ops::join(&[u, &i.u[1]]).into(),
            ops::join(&[&more, u]).into(),
        ]
    }),
    ("split", |_, u| {
        let (first, second) = u.split().expect("even channels");
        let turned = ops::combine(&[(1.0.into(), &first), (3.0.into(), &second)]);
        let joined = Features::join(&second, &turned).expect("halves of one size");
        vec![joined.into()]
    }),
    ("embed and sample", |_, u| {
        let sampling = Sampling {
            stride: 2,
            offset: 1,
            channels: 6,
        };
        vec![ops::embed(u, 1, 7).into(), ops::sample(u, sampling).into()]
    }),
    ("largest", |_, u| vec![ops::max_pool(u, window(1)).into()]),
    ("means", |_, u| {
        vec![
            ops::mean_pool(u, window(0)).into(),
            ops::mean_pool(u, window(1)).into(),
        ]
    }),
    ("mean of images", |_, u| {
        vec![ops::global_average_pool(u).into()]
    }),
    ("gates", |i, u| {
        let gates = ops::global_average_pool(&i.u[1]).sigmoid();
        vec![ops::gate(u, &gates).into()]
    }),
    ("gates of its own", |i, u| {
        let weight = Array::constant(&i.tape, [1, 16], &[0.25; 16]);
        let mean = ops::global_average_pool(u);
        let gates = ops::linear(&mean, &weight, &i.p[5]).sigmoid();
        vec![ops::gate(u, &gates).into()]
    }),
    ("mask and mix", |i, u| {
        let mask = random("mask", DIMS.iter().product());
        let (a, b) = ([0.25, 0.75], [2.0, -1.0]);
        vec![
            ops::mask(u, &mask).into(),
            ops::mix([u, &i.u[1]], &a, &a).into(),
            ops::mix([&i.u[1], u], &b, &b).into(),
        ]
    }),
];

pub(super) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (from, source) in SOURCES {
        for (to, user) in USERS {
            let case = Case::new(format!("{to} of {from}"))
                .leaf(DIMS)
                .leaf(DIMS)
                .scale(4)
                .weight(4, 1.0)
                .buffer(4)
                .buffer(4)
                .weight(4 * 4 * 9, 0.2)
                .scale(4)
                .weight(4, 1.0)
                .weight(4 * 4 * 9, 0.2)
                .weight(2 * 2 * 9, 0.2)
                .weight(1, 1.0);
            all.push(case.run(move |i| user(i, &source(i))));
        }
    }
    all
}
