//! Are the states vector spaces, and the series a ring? Laws checked on random values.

use num_complex::Complex64;
use proptest::prelude::*;
use timestep_numerics::{Memory, Series, StageId, State, StepCtx, StepError, scheme, schemes};

const LEN: usize = 6;

fn number() -> impl Strategy<Value = f64> {
    -3.0..3.0_f64
}

fn series() -> impl Strategy<Value = Series> {
    prop::collection::vec(number(), LEN).prop_map(Series::new)
}

fn complex() -> impl Strategy<Value = Complex64> {
    (number(), number()).prop_map(|(re, im)| Complex64::new(re, im))
}

/// Distance of two states, by the laws themselves: the largest entry of `a - b`.
trait Distance: State<Coef = f64> {
    fn size(&self) -> f64;
    fn distance(&self, other: &Self) -> f64 {
        Self::lincomb(&[(1.0, self), (-1.0, other)]).size()
    }
}

impl Distance for f64 {
    fn size(&self) -> f64 {
        self.abs()
    }
}

impl Distance for Complex64 {
    fn size(&self) -> f64 {
        self.norm()
    }
}

impl Distance for Series {
    fn size(&self) -> f64 {
        self.coefficients()
            .iter()
            .fold(0.0, |most, a| most.max(a.abs()))
    }
}

impl<T: Distance> Distance for Vec<T> {
    fn size(&self) -> f64 {
        self.iter().map(Distance::size).fold(0.0, f64::max)
    }
}

fn laws<S: Distance>(u: &S, v: &S, a: f64, b: f64) {
    // Commutative, distributive, associative with scalars, with neutral elements.
    let both = S::lincomb(&[(a, u), (b, v)]);
    assert!(both.distance(&S::lincomb(&[(b, v), (a, u)])) < 1e-12);
    let (au, bv) = (S::lincomb(&[(a, u)]), S::lincomb(&[(b, v)]));
    assert!(both.distance(&S::lincomb(&[(1.0, &au), (1.0, &bv)])) < 1e-12);
    assert!(S::lincomb(&[(a + b, u)]).distance(&S::lincomb(&[(a, u), (b, u)])) < 1e-12);
    assert!(S::lincomb(&[(b, &au)]).distance(&S::lincomb(&[(a * b, u)])) < 1e-12);
    assert!(S::lincomb(&[(1.0, u), (0.0, v)]).distance(u) == 0.0);
    assert!(u.is_finite() && !S::lincomb(&[(f64::NAN, u)]).is_finite());
    if let Some((first, second)) = u.split() {
        assert!(
            S::join(&first, &second)
                .expect("what splits can be joined")
                .distance(u)
                == 0.0
        );
    }
}

proptest! {
    #[test]
    fn linear_combinations(
        x in (number(), number()),
        z in (complex(), complex()),
        s in (series(), series()),
        v in (prop::collection::vec(series(), 4), prop::collection::vec(series(), 4)),
        a in number(),
        b in number(),
    ) {
        laws(&x.0, &x.1, a, b);
        laws(&z.0, &z.1, a, b);
        laws(&s.0, &s.1, a, b);
        laws(&v.0, &v.1, a, b);
        laws(&vec![z.0, z.1], &vec![z.1, z.0], a, b);
    }

    #[test]
    fn series_are_a_ring(p in series(), q in series(), r in series()) {
        prop_assert!((&p * &q).distance(&(&q * &p)) < 1e-12);
        prop_assert!((&p * &(&q + &r)).distance(&(&(&p * &q) + &(&p * &r))) < 1e-11);
        prop_assert!((&(&p * &q) * &r).distance(&(&p * &(&q * &r))) < 1e-10);
        prop_assert!((&(&p - &q) + &q).distance(&p) < 1e-12);
        prop_assert!((-&p).distance(&p.scale(-1.0)) == 0.0);
    }

    #[test]
    fn series_exponentials_and_quotients(mut p in series(), mut q in series()) {
        let product = &p.scale(0.3).exp() * &q.scale(0.3).exp();
        let sum = (&p.scale(0.3) + &q.scale(0.3)).exp();
        prop_assert!(sum.distance(&product) < 1e-9);
        q.set(0, q.coefficient(0).abs() + 1.0);
        prop_assert!((&(&p / &q) * &q).distance(&p) < 1e-8);
        p.set(0, 0.0);
        prop_assert!(p.recip().is_none());
    }

    /// On a linear right-hand side every scheme is linear in the state and its history.
    #[test]
    fn steps_are_linear_for_linear_f(
        u in prop::collection::vec(number(), 8),
        a in number(),
        k in -0.9..0.9_f64,
    ) {
        for facts in schemes() {
            let step = |now: Vec<f64>, before: Vec<f64>| {
                let mut f = |_: StageId, u: &Vec<f64>| {
                    Ok::<_, StepError>(u.iter().map(|v| -0.7 * v).collect())
                };
                let slope = facts.keeps_slopes.then(|| before.clone());
                let mut memory = Memory::new();
                memory.push(before, slope, facts.memory);
                let ctx = StepCtx::new(1, 0.3).with_coefs(vec![k]);
                let scheme = scheme::<Vec<f64>>(facts.key).expect("registered");
                scheme.step(&mut f, &now, &mut memory, &ctx).expect("it fits")
            };
            let (first, second) = u.split_at(4);
            let (u, p) = (first[..2].to_vec(), first[2..].to_vec());
            let (v, q) = (second[..2].to_vec(), second[2..].to_vec());
            let mixed = step(
                State::lincomb(&[(1.0, &u), (a, &v)]),
                State::lincomb(&[(1.0, &p), (a, &q)]),
            );
            let separate = State::lincomb(&[(1.0, &step(u, p)), (a, &step(v, q))]);
            prop_assert!(mixed.distance(&separate) < 1e-12, "{}", facts.key);
        }
    }
}

#[test]
fn known_series() {
    let w = Series::variable(5);
    assert_eq!(
        w.exp(),
        Series::new(vec![1.0, 1.0, 0.5, 1.0 / 6.0, 1.0 / 24.0])
    );
    let geometric = (&Series::constant(1.0, 5) - &w)
        .recip()
        .expect("1 - w is invertible");
    assert_eq!(geometric, Series::new(vec![1.0; 5]));
    assert_eq!(geometric.evaluate(0.5), 1.9375);
    assert_eq!(
        (w.coefficient(1), w.coefficient(9), w.len(), w.is_empty()),
        (1.0, 0.0, 5, false)
    );
}
