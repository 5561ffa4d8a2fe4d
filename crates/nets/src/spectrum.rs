//! Is a step of a trained network stable? The `hλ` of its block on real images, in the scheme's region.
//!
//! The eigenvalues of largest modulus come from Arnoldi's process on products with the transposed Jacobian
//! ([`arnoldi`]); each is judged by the scheme with the coefficients that the step learned, as if they were
//! constant ([`LearnedStep`]). What happens to products of different steps is another question.

use crate::NetError;
use crate::jacobian::Measured;
use crate::visit::StepAt;
use timestep_numerics::Complex64;
use timestep_numerics::analysis::{Effort, LearnedStep, Spectrum, arnoldi};
use timestep_numerics::random::Stream;

/// A measured eigenvalue and what the scheme makes of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Eigenvalue {
    /// `hλ`.
    pub z: Complex64,
    /// Distance of the matrix from one that has exactly this eigenvalue.
    pub residual: f64,
    /// Factor by which the scheme multiplies this mode in a step; at most 1 inside its region.
    pub growth: f64,
}

/// Where the `hλ` lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Every mode shrinks by 5 % a step or more.
    Inside,
    /// The fastest mode neither shrinks nor grows by more than 5 % a step.
    Edge,
    /// A mode grows by more than 5 % a step.
    Outside,
}

/// Change of a mode in a step below which it counts as unchanged: Ritz values are not known better.
pub const MARGIN: f64 = 0.05;

impl Verdict {
    /// The verdict on the largest growth.
    #[must_use]
    pub fn of(growth: f64) -> Self {
        if growth <= 1.0 - MARGIN {
            Verdict::Inside
        } else if growth <= 1.0 + MARGIN {
            Verdict::Edge
        } else {
            Verdict::Outside
        }
    }

    /// In words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Inside => "inside",
            Verdict::Edge => "close to the edge",
            Verdict::Outside => "outside",
        }
    }
}

/// The outer spectrum of one step at one image.
#[derive(Clone, Debug, PartialEq)]
pub struct StepSpectrum {
    /// Segment, from 1.
    pub segment: usize,
    /// Step within the segment, from 1.
    pub step: usize,
    /// What was differentiated.
    pub measured: Measured,
    /// The step in whose region the values belong.
    pub region: LearnedStep,
    /// Eigenvalues, largest modulus first.
    pub values: Vec<Eigenvalue>,
    /// Dimension of the state.
    pub dimension: usize,
    /// Products with the Jacobian that it took.
    pub products: usize,
    /// Largest residual of the outer values, as a part of the largest modulus.
    pub uncertainty: f64,
}

/// Values whose residual is a larger part of the largest modulus are too rough to judge.
const ROUGH: f64 = 0.1;

impl StepSpectrum {
    /// Largest `|hλ|`.
    #[must_use]
    pub fn radius(&self) -> f64 {
        self.values.first().map_or(0.0, |v| v.z.norm())
    }

    /// The values that are known well enough to be judged: the largest, and those with a residual below a
    /// tenth of its modulus.
    pub fn settled(&self) -> impl Iterator<Item = &Eigenvalue> {
        let limit = ROUGH * self.radius();
        let all = self.values.iter().enumerate();
        all.filter(move |(i, v)| *i == 0 || v.residual <= limit)
            .map(|(_, v)| v)
    }

    /// Smallest and largest real part, and largest imaginary part, of the settled values.
    #[must_use]
    pub fn extent(&self) -> (f64, f64, f64) {
        let start = (f64::INFINITY, f64::NEG_INFINITY, 0.0_f64);
        self.settled().fold(start, |(low, high, top), v| {
            (low.min(v.z.re), high.max(v.z.re), top.max(v.z.im))
        })
    }

    /// Largest growth of a settled value.
    #[must_use]
    pub fn growth(&self) -> f64 {
        self.settled().map(|v| v.growth).fold(0.0, f64::max)
    }

    /// Does the equation itself make a mode grow? `None` for a value that is not counted: those of a pair of
    /// halves come in both signs, and the two are one mode of the step.
    fn grows(&self, value: &Eigenvalue) -> Option<bool> {
        if self.measured != Measured::Pair {
            return Some(value.z.re > 0.0);
        }
        // Waves, which neither grow nor die, lie on the imaginary axis up to what is known of them.
        let wave = value.z.re.abs() <= value.residual;
        (wave || value.z.re > 0.0).then_some(!wave)
    }

    /// Largest growth of a settled value that the equation does not make grow (`Re hλ ≤ 0`), if there is
    /// one: what the scheme itself does.
    #[must_use]
    pub fn growth_of_damped(&self) -> Option<f64> {
        let damped = self.settled().filter(|v| self.grows(v) == Some(false));
        damped.map(|v| v.growth).reduce(f64::max)
    }

    /// Where the settled values lie.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        Verdict::of(self.growth())
    }

    /// Settled values outside the region by more than the margin: those that the equation itself makes
    /// grow (`Re hλ > 0`), and those that only the scheme does. Both signs of a pair count as one.
    #[must_use]
    pub fn outside(&self) -> (usize, usize) {
        let out = self.settled().filter(|v| v.growth > 1.0 + MARGIN);
        out.fold((0, 0), |(own, scheme), v| match self.grows(v) {
            Some(true) => (own + 1, scheme),
            Some(false) => (own, scheme + 1),
            None => (own, scheme),
        })
    }
}

impl StepAt<'_> {
    /// The outer `hλ` of this step at its state, which should be that of one image.
    ///
    /// The search starts from numbers drawn for `seed`, segment and step.
    ///
    /// # Errors
    /// [`NetError::Unmeasurable`] where a step has no `hλ`, [`NetError::Analysis`] if a product is not
    /// finite, [`NetError::Step`] if the step fails.
    pub fn spectrum(&self, effort: Effort, seed: u64) -> Result<StepSpectrum, NetError> {
        let measured = self.measured()?;
        let region = self.region()?;
        let dimension = self.point()?.len();
        let purpose = format!("spectrum {}", self.segment);
        let mut stream = Stream::new(seed, &purpose, self.step as u64, Stream::WHOLE);
        let start: Vec<f64> = (0..dimension).map(|_| stream.unit() - 0.5).collect();
        let found: Spectrum = arnoldi(&start, effort, |v| self.transposed_product(v))?;
        let uncertainty = found.uncertainty();
        let mut values = Vec::new();
        for ritz in &found.values {
            let mut add = |z: Complex64, residual: f64| -> Result<(), NetError> {
                values.push(Eigenvalue {
                    z,
                    residual,
                    growth: region.growth(z)?,
                });
                Ok(())
            };
            if measured == Measured::Pair {
                let root = ritz.value.sqrt();
                // μ = z², so an error of μ is one of 2 z δz; at zero of the root itself.
                let residual = (ritz.residual / (2.0 * root.norm())).min(ritz.residual.sqrt());
                add(root, residual)?;
                add(-root, residual)?;
            } else {
                add(ritz.value, ritz.residual)?;
            }
        }
        Ok(StepSpectrum {
            segment: self.segment,
            step: self.step,
            measured,
            region,
            values,
            dimension,
            products: found.products,
            uncertainty,
        })
    }
}
