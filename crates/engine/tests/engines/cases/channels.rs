//! Channels and pixels that are taken, joined, placed and sampled.

use crate::case::Case;
use timestep_engine::{Features, Sampling, ops};
use timestep_numerics::State;

pub(super) fn cases() -> Vec<Case> {
    let case = |name: &str| {
        Case::new(format!("channels: {name}"))
            .leaf([2, 6, 5, 4])
            .leaf([2, 3, 5, 4])
            .leaf([2, 6, 5, 4])
    };
    let mut all = vec![
        case("narrow").run(|i| {
            let taken = [(0, 6), (0, 1), (5, 1), (2, 3)];
            let of = |(first, count)| ops::narrow(&i.u[0], first, count).into();
            taken.map(of).into()
        }),
        case("join").run(|i| {
            let [a, b, c] = [&i.u[0], &i.u[1], &i.u[2]];
            vec![
                ops::join(&[a, b]).into(),
                ops::join(&[b, a, b]).into(),
                ops::join(&[a, c]).into(),
                ops::join(&[a, a]).into(),
                ops::join(&[b]).into(),
            ]
        }),
        case("embed").run(|i| {
            let places = [(0, 3), (0, 5), (2, 5), (1, 17)];
            let of = |(first, channels)| ops::embed(&i.u[1], first, channels).into();
            places.map(of).into()
        }),
        case("split and join again").run(|i| {
            let (first, second) = i.u[0].split().expect("even channels");
            let whole = Features::join(&second, &first).expect("halves of one size");
            let (again, other) = whole.split().expect("halves");
            let sum = ops::combine(&[(2.0.into(), &again), (1.0.into(), &first)]);
            vec![whole.into(), sum.into(), ops::relu(&other).into()]
        }),
        case("halves used apart, together, and as a part of a join").run(|i| {
            let whole = Features::join(&i.u[0], &i.u[2]).expect("halves of one size");
            let halves = i.tape.halves(whole.value());
            let (first, _) = match halves {
                Some([a, b]) => (Features::new(&i.tape, a), Features::new(&i.tape, b)),
                None => whole.split().expect("even channels"),
            };
            let more = ops::join(&[&whole, &i.u[1]]);
            let twice = ops::join(&[&whole, &whole]);
            vec![
                ops::combine(&[(0.5.into(), &first)]).into(),
                ops::combine(&[(0.5.into(), &whole), (2.0.into(), &whole)]).into(),
                more.into(),
                ops::narrow(&twice, 5, 13).into(),
            ]
        }),
    ];
    for dims in [[2, 5, 8, 8], [1, 3, 7, 5], [3, 17, 4, 6]] {
        for stride in [1, 2, 3] {
            for offset in 0..=stride.min(2) {
                for channels in [dims[1], 2 * dims[1] + 1] {
                    let sampling = Sampling {
                        stride,
                        offset,
                        channels,
                    };
                    all.push(
                        Case::new(format!("{sampling:?} of {dims:?}"))
                            .leaf(dims)
                            .gives(move |i| ops::sample(&i.u[0], sampling)),
                    );
                }
            }
        }
    }
    all
}
