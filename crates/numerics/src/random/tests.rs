//! Are the numbers those of the independent program, and random?

use super::*;

/// Known answers of Philox4x64-10 from its authors' library (Random123, `kat_vectors`).
#[test]
fn philox_is_the_published_one() {
    let all = u64::MAX;
    assert_eq!(
        philox([0; 4], [0; 2]),
        [
            0x16554d9eca36314c,
            0xdb20fe9d672d0fdc,
            0xd7e772cee186176b,
            0x7e68b68aec7ba23b
        ]
    );
    assert_eq!(
        philox([all; 4], [all; 2]),
        [
            0x87b092c3013fe90b,
            0x438c3c67be8d0224,
            0x9cc7d7c69cd777b6,
            0xa09caebf594f0ba0
        ]
    );
    // Digits of π.
    let counter = [
        0x243f6a8885a308d3,
        0x13198a2e03707344,
        0xa4093822299f31d0,
        0x082efa98ec4e6c89,
    ];
    assert_eq!(
        philox(counter, [0x452821e638d01377, 0xbe5466cf34e90c6c]),
        [
            0xa528f45403e61d95,
            0x38c72dbd566e9788,
            0xa5a1610e72fd18b5,
            0x57bd43b5e52b7fe6
        ]
    );
}

/// The fixture of `tests/golden/random/stream.py`, and what the same calls give here.
#[test]
fn numbers_are_those_of_the_independent_program() {
    let cases = include_str!("../../../../tests/golden/random/stream.txt");
    let mut lines = 0;
    for line in cases.lines() {
        let [what, seed, purpose, time, image, values]: [&str; 6] = line
            .split('\t')
            .collect::<Vec<_>>()
            .try_into()
            .expect("six columns");
        let number = |text: &str| -> u64 { text.parse().expect("an integer") };
        let mut s = Stream::new(number(seed), purpose, number(time), number(image));
        let values: Vec<&str> = values.split(' ').collect();
        let (name, arguments) = what.split_once(' ').unwrap_or((what, ""));
        let arguments: Vec<f64> = (arguments.split(' ').filter(|a| !a.is_empty()))
            .map(|a| a.parse().expect("a number"))
            .collect();
        let n = values.len();
        match name {
            "u64" | "below" | "shuffle" => {
                let drawn: Vec<u64> = match name {
                    "u64" => (0..n).map(|_| s.next_u64()).collect(),
                    "below" => {
                        let below = what.split_once(' ').map(|(_, n)| number(n)).expect("n");
                        (0..n).map(|_| s.below(below as usize) as u64).collect()
                    }
                    _ => {
                        let mut items: Vec<u64> = (0..n as u64).collect();
                        s.shuffle(&mut items);
                        items
                    }
                };
                let wanted: Vec<u64> = values.iter().map(|v| number(v)).collect();
                assert_eq!(drawn, wanted, "{line}");
            }
            _ => {
                let drawn: Vec<f64> = match name {
                    "unit" => (0..n).map(|_| s.unit()).collect(),
                    "open" => (0..n).map(|_| s.open_unit()).collect(),
                    "normal" if arguments.is_empty() => (0..n).map(|_| s.normal()).collect(),
                    "normal" => {
                        let all: Vec<f64> =
                            (0..arguments[0] as usize).map(|_| s.normal()).collect();
                        let least = all.iter().copied().fold(f64::MAX, f64::min);
                        let most = all.iter().copied().fold(f64::MIN, f64::max);
                        vec![least, most, all.iter().sum()]
                    }
                    "gamma" => (0..n).map(|_| s.gamma(arguments[0])).collect(),
                    "beta" => (0..n).map(|_| s.beta(arguments[0], arguments[1])).collect(),
                    "mirrored" => {
                        s = s.mirrored();
                        vec![s.unit(), s.open_unit(), s.normal()]
                    }
                    other => panic!("`{other}` is not known"),
                };
                for (got, wanted) in drawn.into_iter().zip(values) {
                    let wanted: f64 = wanted.parse().expect("a number");
                    // Another machine's logarithm may differ in its last bit, and sums of 20000 are not exact.
                    let exact = matches!(name, "unit" | "open" | "mirrored");
                    let most = if exact {
                        0.0
                    } else {
                        1e-12 * wanted.abs().max(1e-3)
                    };
                    assert!((got - wanted).abs() <= most, "{got}, {wanted}: {line}");
                }
            }
        }
        lines += 1;
    }
    assert_eq!(lines, 60);
}

#[test]
fn every_argument_matters_and_a_hashed_name_is_the_name() {
    let first =
        |seed, purpose: &str, time, image| Stream::new(seed, purpose, time, image).next_u64();
    let all = [
        first(1, "order", 2, 3),
        first(2, "order", 2, 3),
        first(1, "augment", 2, 3),
        first(1, "order", 3, 3),
        first(1, "order", 2, 4),
        first(1, "order", 3, 2),
        first(1, "order", 2, Stream::WHOLE),
    ];
    for (i, a) in all.iter().enumerate() {
        assert!(!all[..i].contains(a));
    }
    const ORDER: Purpose = Purpose::new("order");
    assert_eq!(Stream::new(1, ORDER, 2, 3).next_u64(), all[0]);
    assert_eq!(
        Stream::new(1, &String::from("order"), 2, 3).next_u64(),
        all[0]
    );
    // Test vectors of FNV-1a by its authors.
    assert_eq!(Purpose::new(""), Purpose(0xcbf2_9ce4_8422_2325));
    assert_eq!(Purpose::new("a"), Purpose(0xaf63_dc4c_8601_ec8c));
    assert_eq!(Purpose::new("foobar"), Purpose(0x8594_4171_f739_67e8));
}

/// Thousands of streams whose names differ in one place by one: numbers that stand at the same place in each are
/// uniform, and not correlated from one stream to the next.
#[test]
fn neighbouring_streams_are_independent() {
    const N: u64 = 20_000;
    type Neighbour = fn(u64) -> Stream;
    let neighbours: [(&str, Neighbour); 5] = [
        ("seeds", |i| Stream::new(i, "test", 0, 0)),
        ("times", |i| Stream::new(0, "test", i, 0)),
        ("images", |i| Stream::new(0, "test", 0, i)),
        ("purposes", |i| Stream::new(0, &format!("noise {i}"), 0, 0)),
        ("images of a step", |i| {
            Stream::new(0, "test", i / 128, i % 128)
        }),
    ];
    for (what, stream) in neighbours {
        for place in 0..5 {
            let at = |i: u64| {
                let mut s = stream(i);
                (0..=place).map(|_| s.unit()).last().expect("one at least")
            };
            let drawn: Vec<f64> = (0..N).map(at).collect();
            uniform(&drawn, what);
            let products = drawn
                .windows(2)
                .map(|w| (w[0] - 0.5) * (w[1] - 0.5))
                .sum::<f64>();
            // A product has the variance 1/144.
            let limit = 5.0 / 12.0 * (N as f64).sqrt();
            assert!(products.abs() < limit, "{what}: {products}, {limit}");
        }
    }
}

/// Chi-square of 64 cells, below its mean + 5 deviations.
fn uniform(drawn: &[f64], what: &str) {
    let mut counts = [0.0_f64; 64];
    for x in drawn {
        assert!((0.0..1.0).contains(x));
        counts[(x * 64.0) as usize] += 1.0;
    }
    let expected = drawn.len() as f64 / 64.0;
    let chi = counts
        .iter()
        .map(|c| (c - expected).powi(2) / expected)
        .sum::<f64>();
    assert!(
        chi < 63.0 + 5.0 * 126_f64.sqrt(),
        "{what}: chi-square {chi}"
    );
}

#[test]
fn one_stream_is_uniform_and_its_numbers_do_not_follow_each_other() {
    let mut s = Stream::new(3, "test", 0, 0);
    let drawn: Vec<f64> = (0..1_000_000).map(|_| s.unit()).collect();
    uniform(&drawn, "one stream");
    for lag in 1..9 {
        let products = (drawn.iter().zip(&drawn[lag..]))
            .map(|(a, b)| (a - 0.5) * (b - 0.5))
            .sum::<f64>();
        assert!(
            products.abs() < 5.0 / 12.0 * 1000.0,
            "lag {lag}: {products}"
        );
    }
    let open: Vec<f64> = (0..100_000).map(|_| s.open_unit()).collect();
    uniform(&open, "open");
    assert!(open.iter().all(|x| *x > 0.0 && *x < 1.0));
    let hits = (0..100_000).filter(|_| s.bernoulli(0.3)).count();
    // Five deviations of a binomial.
    assert!(hits.abs_diff(30_000) < 725);
    assert!((0..1000).all(|_| s.bernoulli(1.0) && !s.bernoulli(0.0)));
}

#[test]
fn below_is_uniform_and_bounded() {
    let mut s = Stream::new(3, "test", 0, 0);
    assert_eq!((s.below(0), s.below(1)), (0, 0));
    let mut counts = [0_u32; 7];
    for _ in 0..70_000 {
        counts[s.below(7)] += 1;
    }
    // Five standard deviations of a binomial with n = 70000, p = 1/7 is 463.
    assert!(
        counts.iter().all(|&c| c.abs_diff(10_000) < 463),
        "{counts:?}"
    );
}

/// Moments, and the share of draws in cells with edges at every half: with tables or signs gone wrong, some are off.
#[test]
fn normal_numbers_are_normal() {
    const N: usize = 2_000_000;
    let mut s = Stream::new(5, "test", 0, 0);
    let drawn: Vec<f64> = (0..N).map(|_| s.normal()).collect();
    let moment = |p: i32| drawn.iter().map(|x| x.powi(p)).sum::<f64>() / N as f64;
    // Variances of x, x², x³, x⁴ are 1, 2, 15, 96.
    for (p, mean, variance) in [
        (1, 0.0, 1.0),
        (2, 1.0, 2.0),
        (3, 0.0, 15.0),
        (4, 3.0, 96.0_f64),
    ] {
        let limit = 5.0 * (variance / N as f64).sqrt();
        assert!(
            (moment(p) - mean).abs() < limit,
            "moment {p}: {}",
            moment(p)
        );
    }
    // P(k/2 ≤ |x| < (k+1)/2), and the tail of the ziggurat beyond 3.654, by the error function.
    let shares = [
        0.3829249225480262,
        0.29976456958905967,
        0.18369610532519798,
        0.08811413864135775,
        0.0330809332448061,
        0.009719534588292111,
        0.0022345379051891268,
    ];
    for negative in [false, true] {
        let mut counts = [0_usize; 8];
        for x in drawn.iter().filter(|x| x.is_sign_negative() == negative) {
            counts[((x.abs() * 2.0) as usize).min(7)] += 1;
        }
        let tail = 1.0 - shares.iter().sum::<f64>();
        for (count, share) in counts.into_iter().zip(shares.into_iter().chain([tail])) {
            let mean = share / 2.0 * N as f64;
            assert!(
                (count as f64 - mean).abs() < 5.0 * mean.sqrt(),
                "{count}, {mean}"
            );
        }
    }
}

#[test]
fn gamma_and_beta_have_their_moments() {
    const N: usize = 200_000;
    let mut s = Stream::new(6, "test", 0, 0);
    let mut moments = |draw: &mut dyn FnMut(&mut Stream) -> f64| {
        let all: Vec<f64> = (0..N).map(|_| draw(&mut s)).collect();
        let mean = all.iter().sum::<f64>() / N as f64;
        let power = |p: i32| all.iter().map(|x| (x - mean).powi(p)).sum::<f64>() / N as f64;
        let spread = ((power(4) - power(2).powi(2)) / N as f64).sqrt();
        (mean, power(2), spread)
    };
    for shape in [0.2, 1.0, 3.5] {
        let (mean, variance, spread) = moments(&mut |s| s.gamma(shape));
        assert!(
            (mean - shape).abs() < 5.0 * (shape / N as f64).sqrt(),
            "{shape}: {mean}"
        );
        assert!(
            (variance - shape).abs() < 5.0 * spread,
            "{shape}: {variance}"
        );
    }
    for (a, b) in [
        (0.1, 0.1),
        (1.0, 1.0),
        (0.4, 1.0),
        (2.0, 2.0),
        (0.5, 3.0_f64),
    ] {
        let (mean, variance, spread) = moments(&mut |s| s.beta(a, b));
        let known = a * b / ((a + b).powi(2) * (a + b + 1.0));
        assert!(
            (mean - a / (a + b)).abs() < 5.0 * (known / N as f64).sqrt(),
            "{a}, {b}: {mean}"
        );
        assert!(
            (variance - known).abs() < 5.0 * spread,
            "{a}, {b}: {variance}"
        );
    }
    // Powers that vanish in floating point still give one of the ends.
    let tiny: Vec<f64> = (0..1000).map(|_| s.beta(1e-5, 1e-5)).collect();
    assert!(tiny.iter().all(|x| (0.0..=1.0).contains(x)));
    let ones = tiny.iter().filter(|x| **x > 0.5).count();
    assert!(ones.abs_diff(500) < 80);
    assert!(s.gamma(0.0).is_nan() && s.beta(-1.0, 1.0).is_nan() && s.beta(1.0, f64::NAN).is_nan());
}

#[test]
fn a_mirror_shows_the_same_numbers_from_the_other_side() {
    let mut s = Stream::new(9, "test", 0, 0);
    s.unit();
    let mut m = s.mirrored();
    for _ in 0..10_000 {
        assert_eq!(s.open_unit() + m.open_unit(), 1.0);
        assert_eq!(s.normal(), -m.normal());
        assert_eq!(s.below(6) + m.below(6), 5);
    }
    assert_eq!(s.mirrored().mirrored(), s);
}

#[test]
fn fills_are_single_draws_rounded() {
    let open = || Stream::new(2, "test", 0, 0);
    let (mut normal, mut uniform) = ([0.0; 9], [0.0; 9]);
    open().fill_normal(&mut normal, 0.3);
    open().fill_uniform(&mut uniform, -0.1, 0.0);
    let (mut one, mut other) = (open(), open());
    for (x, u) in normal.into_iter().zip(uniform) {
        assert_eq!(x, (0.3 * one.normal()) as f32);
        assert_eq!(u, (-0.1 + 0.1 * other.open_unit()) as f32);
    }
}

#[test]
fn edges_are_those_of_layers_of_one_area() {
    let density = |x: f64| (-0.5 * x * x).exp();
    let area = BASE * density(EDGES[255]);
    for layer in 1..256 {
        let height = density(EDGES[layer - 1]) - density(EDGES[layer]);
        assert!((EDGES[layer] * height - area).abs() < 1e-14, "{layer}");
    }
    // The base: a rectangle and the tail, √(π/2) erfc(r/√2).
    let tail = 0.000_323_395_764_663_322;
    let known = EDGES[255] * density(EDGES[255]) + tail;
    assert!((area - known).abs() < 1e-12, "{area}, {known}");
}
