//! Linear combinations: fixed and learned coefficients, their arithmetic, steps fused with a convolution, zeros.

use crate::case::Case;
use timestep_engine::{Array, Coef, ConvSpec, Features, ops};

fn learned(array: &Array) -> Coef {
    Coef::Learned(array.clone())
}

fn number(value: f64) -> Coef {
    Coef::Number(value)
}

/// Two leaves, a coefficient, one a channel, and the weights of a 3×3 convolution.
fn case(name: &str) -> Case {
    let dims = [2, 6, 5, 4];
    Case::new(format!("combine: {name}"))
        .leaf(dims)
        .leaf(dims)
        .weight(1, 1.0)
        .weight(6, 1.0)
        .weight(6 * 6 * 9, 0.2)
}

fn conv(u: &Features, weight: &Array) -> Features {
    ops::conv2d(u, weight, &ConvSpec::square(6, 3, 1))
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("two numbers")
            .gives(|i| ops::combine(&[(number(0.75), &i.u[0]), (number(-2.0), &i.u[1])])),
        case("one term, twice the same, factors of 1").run(|i| {
            let (u, v) = (&i.u[0], &i.u[1]);
            vec![
                ops::combine(&[(number(1.0), u)]).into(),
                ops::combine(&[(number(3.0), u), (number(0.5), u)]).into(),
                ops::combine(&[(number(1.0), u), (number(1.0), v)]).into(),
            ]
        }),
        case("one learned coefficient and one a channel").gives(|i| {
            let (k, each) = (learned(&i.p[0]), learned(&i.p[1]));
            ops::combine(&[(k, &i.u[0]), (each, &i.u[1]), (number(0.5), &i.u[0])])
        }),
        case("a learned coefficient used in two combinations").run(|i| {
            let k = || learned(&i.p[0]);
            let first = ops::combine(&[(k(), &i.u[0]), (number(1.0), &i.u[1])]);
            let second = ops::combine(&[(k(), &first), (k(), &i.u[0])]);
            vec![first.into(), second.into()]
        }),
        case("1 - k and k").gives(|i| {
            let k = learned(&i.p[0]);
            ops::combine(&[(number(1.0) - k.clone(), &i.u[0]), (k, &i.u[1])])
        }),
        case("1 - k and k of each channel").gives(|i| {
            let k = learned(&i.p[1]);
            ops::combine(&[(number(1.0) - k.clone(), &i.u[0]), (k, &i.u[1])])
        }),
        case("products, negatives and sums of coefficients").gives(|i| {
            let (k, each) = (learned(&i.p[0]), learned(&i.p[1]));
            let first = -(k.clone() * each.clone()) + number(0.25);
            let second = each + k.clone() * k * number(3.0);
            ops::combine(&[(first, &i.u[0]), (second, &i.u[1])])
        }),
        case("a step: u + f(u), the convolution used once").gives(|i| {
            let f = conv(&ops::relu(&i.u[0]), &i.p[2]);
            ops::combine(&[(number(1.0), &i.u[0]), (number(1.0), &f)])
        }),
        case("a multistep step with a convolution used once").gives(|i| {
            let f = conv(&ops::relu(&i.u[0]), &i.p[2]);
            let k = learned(&i.p[0]);
            let rest = number(1.0) - k.clone();
            ops::combine(&[(rest, &i.u[0]), (k, &i.u[1]), (number(0.5), &f)])
        }),
        case("a convolution used once, first term").gives(|i| {
            let f = conv(&i.u[0], &i.p[2]);
            ops::combine(&[(number(-0.5), &f), (learned(&i.p[1]), &i.u[1])])
        }),
        case("a convolution with a learned coefficient").gives(|i| {
            let f = conv(&i.u[0], &i.p[2]);
            ops::combine(&[(learned(&i.p[1]), &f), (number(1.0), &i.u[1])])
        }),
        case("a convolution twice in one combination").gives(|i| {
            let f = conv(&i.u[0], &i.p[2]);
            ops::combine(&[(number(2.0), &f), (number(-0.5), &f)])
        }),
        case("a convolution in two combinations").run(|i| {
            let f = conv(&i.u[0], &i.p[2]);
            let first = ops::combine(&[(number(2.0), &f), (number(1.0), &i.u[1])]);
            let second = ops::combine(&[(number(1.0), &i.u[0]), (number(3.0), &f)]);
            vec![first.into(), second.into()]
        }),
        case("a convolution computed ahead, in two combinations").run(|i| {
            let f = conv(&i.u[0], &i.p[2]);
            f.compute();
            let first = ops::combine(&[(number(2.0), &f), (number(1.0), &i.u[1])]);
            let second = ops::combine(&[(number(1.0), &first), (number(3.0), &f)]);
            vec![first.into(), second.into()]
        }),
        case("two convolutions in one combination").gives(|i| {
            let (f, g) = (conv(&i.u[0], &i.p[2]), conv(&i.u[1], &i.p[2]));
            ops::combine(&[(number(2.0), &f), (number(0.5), &g), (number(1.0), &i.u[0])])
        }),
        case("a convolution that is only held by a list and used twice").run(|i| {
            let list = [conv(&i.u[0], &i.p[2])];
            let copy = list[0].clone();
            let first = ops::combine(&[(number(2.0), &list[0]), (number(1.0), &i.u[1])]);
            vec![first.into(), ops::relu(&copy).into()]
        }),
        case("multiples in combinations").run(|i| {
            let half = i.u[0].clone().scaled(0.5);
            let quarter = half.clone().scaled(0.5);
            let first = ops::combine(&[(number(2.0), &half), (learned(&i.p[0]), &quarter)]);
            let second = ops::combine(&[(learned(&i.p[1]), &half), (number(1.0), &i.u[1])]);
            vec![first.into(), second.into(), quarter.into()]
        }),
        case("a multiple of a convolution used once").gives(|i| {
            let f = conv(&i.u[0], &i.p[2]).scaled(0.3);
            ops::combine(&[(number(1.0), &i.u[0]), (number(1.0), &f)])
        }),
        case("a multiple of a convolution used in two combinations").run(|i| {
            let f = conv(&i.u[0], &i.p[2]).scaled(0.3);
            f.compute();
            let first = ops::combine(&[(number(1.0), &i.u[0]), (number(1.0), &f)]);
            let second = ops::combine(&[(number(1.0), &first), (number(2.0), &f)]);
            vec![first.into(), second.into()]
        }),
        case("multiples of 1 and of 0").run(|i| {
            let none = i.u[0].clone().scaled(0.0);
            let one = Features::new(&i.tape, i.tape.scaled(i.u[1].value(), 1.0));
            let first = ops::combine(&[(number(1.0), &one)]);
            let second = ops::combine(&[(number(1.0), &none), (number(2.0), &one)]);
            vec![first.into(), second.into(), none.into()]
        }),
        case("zeros in combinations").run(|i| {
            let zero = Features::zeros(&i.u[0], i.u[0].dims());
            assert!(zero.is_zero(), "zeros are known to be zero");
            let first = ops::combine(&[(number(1.0), &i.u[0]), (number(2.0), &zero)]);
            let second = ops::combine(&[(learned(&i.p[0]), &zero), (number(2.0), &i.u[1])]);
            let third = ops::combine(&[(learned(&i.p[1]), &zero), (number(2.0), &zero)]);
            assert!(third.is_zero(), "a combination of zeros is zero");
            vec![first.into(), second.into(), third.into(), zero.into()]
        }),
        case("zeros beside a convolution used once").gives(|i| {
            let zero = Features::zeros(&i.u[0], i.u[0].dims());
            let f = conv(&i.u[0], &i.p[2]);
            ops::combine(&[
                (number(1.0), &zero),
                (number(0.5), &f),
                (number(1.0), &i.u[1]),
            ])
        }),
        case("features without a gradient with a learned coefficient").gives(|i| {
            let values = crate::case::random("fixed", 2 * 6 * 5 * 4);
            let fixed = Features::images(&i.tape, [2, 6, 5, 4], &values);
            ops::combine(&[(learned(&i.p[1]), &fixed), (learned(&i.p[0]), &fixed)])
        }),
        case("one channel, whose coefficients are one").gives(|i| {
            let one = ops::narrow(&i.u[0], 2, 1);
            ops::combine(&[(learned(&i.p[0]), &one), (number(1.0), &one)])
        }),
    ]
}
