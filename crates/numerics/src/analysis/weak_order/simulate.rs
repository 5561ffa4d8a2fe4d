//! What is the weak error of a scheme with noise, by simulation?
//!
//! A block of paths is *one state* of the scheme: its entries are the paths, so one step of the scheme's own
//! code moves them all. Every block has a stream of its own and blocks are added in order, so
//! results do not depend on the number of threads.
//!
//! # Variance
//! The error at a small step is far below the spread of `φ(X_N)`. Subtracted is therefore a martingale with mean
//! exactly 0 that goes along with it. With `u(t, x) = E[φ(X_T) | X_t = x]` of the exact equation, a step
//! moves `u` by a polynomial in the noise of that step,
//! `c₁ ξ + c₂ ξ² + c₃ ξ³ + …`, and `c₁ ξ + c₂ (ξ²-1) + c₃ (ξ³ - E ξ³)` is what is subtracted: the `c` depend on the
//! past only and the moments of `ξ` are known, so its mean is 0 *whatever* the scheme. What is left
//! varies as little as the error itself, and a few thousand paths measure it to a few percent at every
//! step size. For schemes with memory `u` is taken at what the history is worth if the slope vanished
//! (`Method::worth`). Paths come in pairs that mirror each other.

use super::equations::{END, Sde};
use super::forms::{Cubic, apply};
use super::history::{Method, Worth};
use super::increment::Increment;
use crate::analysis::AnalysisError;
use crate::random::Stream;
use crate::{Memory, Rhs, Scheme, StageId, State, StepError};

/// Pairs in a block.
pub(super) const PAIRS: usize = 128;

/// A block of paths: the first entries of all, then the second entries of all.
#[derive(Clone, Debug)]
struct Paths(Vec<f64>);

impl State for Paths {
    type Coef = f64;

    fn lincomb(terms: &[(f64, &Self)]) -> Self {
        let mut out = vec![0.0; terms.first().map_or(0, |(_, u)| u.0.len())];
        for (c, u) in terms {
            out.iter_mut().zip(&u.0).for_each(|(o, x)| *o += c * x);
        }
        Self(out)
    }

    fn split(&self) -> Option<(Self, Self)> {
        let (first, second) = self.0.split_at(self.0.len() / 2);
        Some((Self(first.to_vec()), Self(second.to_vec())))
    }

    fn join(first: &Self, second: &Self) -> Option<Self> {
        Some(Self([first.0.as_slice(), &second.0].concat()))
    }

    fn dot(&self, other: &Self) -> f64 {
        self.0.dot(&other.0)
    }

    fn is_finite(&self) -> bool {
        self.0.iter().all(|x| x.is_finite())
    }
}

/// `f(u) = a(u) + b(u) ξ/√Δt`, the same `ξ` for all evaluations of a step.
struct Noisy<'a, const D: usize> {
    sde: &'a Sde<D>,
    /// `ξ/√Δt` of every path.
    scaled: &'a [f64],
    /// A state is one half of the entries.
    halves: bool,
}

impl<const D: usize> Rhs<Paths> for Noisy<'_, D> {
    fn eval(&mut self, at: StageId, u: &Paths) -> Result<Paths, StepError> {
        let width = self.scaled.len();
        let mut out = vec![0.0; u.0.len()];
        // Whole states hold all entries from the first on; a half is the entry that the slope comes from.
        let (given, wanted) = if self.halves {
            let own = 1 + at.stage % 2;
            (3 - own..4 - own, own..own + 1)
        } else {
            (1..D, 1..D)
        };
        for (path, scaled) in self.scaled.iter().enumerate() {
            let mut z = [0.0; D];
            z[0] = 1.0;
            for (column, i) in given.clone().enumerate() {
                z[i] = u.0[column * width + path];
            }
            let (a, b) = (self.sde.drift_at(&z), self.sde.noise_at(&z));
            for (column, i) in wanted.clone().enumerate() {
                out[column * width + path] = a[i] + b[i] * scaled;
            }
        }
        Ok(Paths(out))
    }
}

/// Sums over pairs, for the moments 1, 2 and 3.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    pairs: f64,
    sums: [f64; 3],
    squares: [f64; 3],
}

impl Sums {
    /// Both together.
    pub(super) fn and(mut self, other: &Self) -> Self {
        self.pairs += other.pairs;
        for m in 0..3 {
            self.sums[m] += other.sums[m];
            self.squares[m] += other.squares[m];
        }
        self
    }

    /// Mean and its standard error, of moment `m + 1`.
    pub(super) fn estimate(&self, m: usize) -> (f64, f64) {
        let mean = self.sums[m] / self.pairs;
        let variance = (self.squares[m] / self.pairs - mean * mean).max(0.0);
        (mean, (variance / (self.pairs - 1.0).max(1.0)).sqrt())
    }
}

/// Everything about one equation, law and number of steps that all blocks share.
pub(super) struct Level<'a, const D: usize> {
    method: Method<'a>,
    scheme: Box<dyn Scheme<Paths>>,
    sde: &'a Sde<D>,
    increment: &'a Increment,
    steps: usize,
    dt: f64,
    /// How the scheme reads the stochastic integral.
    reading: f64,
    /// What the history is worth at the end.
    worth: Worth,
    /// `u(t_n, ·)` of the equation that the scheme follows.
    forms: Vec<[Cubic<D>; 3]>,
    /// The drift of that equation.
    limit: Sde<D>,
    /// Its moments at the end.
    exact: [f64; 3],
}

impl<'a, const D: usize> Level<'a, D> {
    pub(super) fn new(
        method: Method<'a>,
        reading: f64,
        sde: &'a Sde<D>,
        increment: &'a Increment,
        steps: usize,
    ) -> Result<Self, AnalysisError> {
        let limit = sde.limit(reading);
        let forms = limit.expectations(steps);
        let exact = forms[0].map(|form| form.value(&limit.start));
        Ok(Self {
            method,
            scheme: method.subject.scheme()?,
            sde,
            increment,
            steps,
            dt: END / steps as f64,
            reading,
            worth: method.worth(steps)?,
            forms,
            limit,
            exact,
        })
    }

    /// `E X₁^m` of the equation that the scheme follows.
    pub(super) fn exact(&self) -> [f64; 3] {
        self.exact
    }

    /// Simulates `pairs` pairs with a stream of their own.
    pub(super) fn block(&self, stream: &mut Stream, pairs: usize) -> Result<Sums, StepError> {
        let width = 2 * pairs;
        let parts = D - 1;
        let start = self.sde.start;
        let mut u = Paths((0..parts * width).map(|i| start[1 + i / width]).collect());
        let mut memory = Memory::new();
        let mut xi = vec![0.0; width];
        let mut scaled = vec![0.0; width];
        let mut martingale = vec![[0.0; 3]; width];
        for step in 0..self.steps {
            for pair in 0..pairs {
                (xi[pair], xi[pairs + pair]) = self.increment.pair(stream);
            }
            let root = self.dt.sqrt();
            scaled.iter_mut().zip(&xi).for_each(|(s, x)| *s = x / root);
            self.gather(&u, &memory, step, &xi, &mut martingale);
            let mut rhs = Noisy {
                sde: self.sde,
                scaled: &scaled,
                halves: self.method.subject.facts.parts == 2,
            };
            let h = self.method.time_scale * self.dt;
            let ctx = self.method.subject.ctx(step, h);
            u = self.scheme.step(&mut rhs, &u, &mut memory, &ctx)?;
        }
        let mut sums = Sums {
            pairs: pairs as f64,
            ..Sums::default()
        };
        for pair in 0..pairs {
            let mut mean = [0.0; 3];
            for path in [pair, pairs + pair] {
                let x = u.0[path];
                for (m, value) in [x, x * x, x * x * x].into_iter().enumerate() {
                    mean[m] += 0.5 * (value - martingale[path][m] - self.exact[m]);
                }
            }
            for (m, value) in mean.into_iter().enumerate() {
                sums.sums[m] += value;
                sums.squares[m] += value * value;
            }
        }
        Ok(sums)
    }

    /// Adds what this step contributes to the martingale of every path.
    fn gather(
        &self,
        u: &Paths,
        memory: &Memory<Paths>,
        step: usize,
        xi: &[f64],
        martingale: &mut [[f64; 3]],
    ) {
        let width = xi.len();
        let worth = &self.worth.slots[step];
        let mut terms = vec![(worth[0], u)];
        let past = (1..=memory.len()).filter_map(|back| memory.back(back));
        let slots = past.flat_map(|past| std::iter::once(&past.state).chain(past.slope.as_ref()));
        terms.extend(worth[1..].iter().copied().zip(slots));
        let base = Paths::lincomb(&terms);
        let gain = self.worth.gains[step];
        let correction = self.sde.correction();
        let (forms, skew) = (&self.forms[step + 1], self.increment.skew);
        for (path, sums) in martingale.iter_mut().enumerate() {
            let (mut now, mut end) = ([0.0; D], [0.0; D]);
            (now[0], end[0]) = (1.0, 1.0);
            for i in 1..D {
                now[i] = u.0[(i - 1) * width + path];
                end[i] = base.0[(i - 1) * width + path];
            }
            let drift = self.limit.drift_at(&now);
            end.iter_mut()
                .zip(drift)
                .for_each(|(e, a)| *e += gain * self.dt * a);
            let noise = self.sde.noise_at(&now).map(|b| gain * self.dt.sqrt() * b);
            let x = xi[path];
            let (square, cube) = (x * x - 1.0, x * x * x - skew);
            for (form, sum) in forms.iter().zip(sums) {
                let [one, two, three] = form.along(&end, &noise);
                *sum += one * x + two * square + three * cube;
                if self.reading != 0.0 {
                    let more = apply(&correction, &now).map(|c| gain * self.dt * self.reading * c);
                    *sum += form.slope(&end, &more) * square;
                }
            }
        }
    }
}
