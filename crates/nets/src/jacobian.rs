//! How does a step answer a small change of its state? Products with the Jacobian of what it adds.
//!
//! Automatic differentiation gives `Jᵀ v` (a vector-Jacobian product) at the price of one evaluation and
//! one backward pass. `J` is real, so `Jᵀ` has the spectrum of `J`.

use crate::steps::StepRhs;
use crate::visit::StepAt;
use crate::{Features, Mode, NetError, Pass};
use timestep_engine::{End, Recording, Wanted};
use timestep_numerics::analysis::{AnalysisError, LearnedStep};
use timestep_numerics::{Memory, Rhs, StageId, State, StepError};

/// Which function of the state is differentiated at a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measured {
    /// `h f(u_n)`: one block per step, evaluated at the state itself. Its eigenvalues are the `hλ` of the
    /// scheme's stability region. Of a Runge-Kutta method this freezes `J` for the length of the step.
    Slope,
    /// `h f1(x1 + h f0(x2))` as a function of `x2`: a reversible pair. Linearised, the step
    /// `y1 = x1 + h J0 x2`, `y2 = x2 + h J1 y1` amplifies by the `ρ` with `(ρ-1)²/ρ = μ`, `μ` an
    /// eigenvalue of `h² J1 J0`; that is the pair's own test equation with `hλ = ±√μ`.
    Pair,
    /// `Φ(u_n) - u_n`, `Φ` the whole step: where every evaluation has weights of its own, or the step is
    /// relaxed. Any one-step method is forward Euler for its own increment.
    Increment,
}

impl Measured {
    /// In words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Measured::Slope => "slope",
            Measured::Pair => "pair",
            Measured::Increment => "increment",
        }
    }

    /// What the eigenvalues belong to, in mathematics.
    #[must_use]
    pub fn equation(self) -> &'static str {
        match self {
            Measured::Slope => "hλ: eigenvalues of h J_f(u_n)",
            Measured::Pair => "hλ = ±√μ, μ an eigenvalue of h² J_f1(y1) J_f0(x2)",
            Measured::Increment => "hλ: eigenvalues of the Jacobian of the step's increment",
        }
    }
}

/// Why a step has no `hλ`.
const NO_IDENTITY: &str = "the columns of FractalNet have no identity: a step is no increment of the state, so it has no hλ";
const OWN_WEIGHTS: &str = "every evaluation of its step has weights of its own and it keeps earlier states, so \
                           no single Jacobian belongs to it";

impl StepAt<'_> {
    /// What is differentiated here.
    ///
    /// # Errors
    /// [`NetError::Unmeasurable`] with the reason where a step has no `hλ`.
    pub fn measured(&self) -> Result<Measured, NetError> {
        let step = &self.steps.steps[self.index];
        let theory = self.scheme();
        if !self.body.identity {
            return Err(NetError::Unmeasurable(NO_IDENTITY));
        }
        if theory.parts == 2 && theory.stages == 2 {
            return Ok(Measured::Pair);
        }
        if (step.shared || step.blocks.len() == 1) && step.relaxation == 1.0 {
            return Ok(Measured::Slope);
        }
        if theory.memory == 0 {
            return Ok(Measured::Increment);
        }
        Err(NetError::Unmeasurable(OWN_WEIGHTS))
    }

    /// The step of theory in whose stability region the `hλ` belong.
    ///
    /// # Errors
    /// [`NetError::Unmeasurable`] as [`measured`](Self::measured).
    pub fn region(&self) -> Result<LearnedStep, NetError> {
        Ok(match self.measured()? {
            Measured::Increment => LearnedStep::new("euler", &[], 0)?,
            _ => LearnedStep::new(self.scheme().written(), &self.coefficients, self.history)?,
        })
    }

    /// The numbers at which the function is differentiated: the state, or its second half.
    ///
    /// # Errors
    /// [`NetError::Unmeasurable`] as [`measured`](Self::measured).
    pub fn point(&self) -> Result<Vec<f64>, NetError> {
        Ok(self.argument()?.read())
    }

    /// The function itself, `h` included, at the numbers `u`.
    ///
    /// # Errors
    /// [`NetError::Unmeasurable`] as [`measured`](Self::measured), [`NetError::Step`] if the step fails,
    /// [`NetError::Analysis`] if `u` has another length than [`point`](Self::point).
    pub fn value(&self, u: &[f64]) -> Result<Vec<f64>, NetError> {
        let dims = self.argument()?.dims();
        fits(dims, u)?;
        let pass = Pass::new(self.engine, self.parameters, Mode::Eval);
        let tape = pass.tape();
        let u = Features::new(tape, tape.features_f64(dims, u, false));
        let value = self.map(&pass, &u)?;
        Ok(scaled(value.read(), self.scale()?))
    }

    /// `Jᵀ v` of the function at the state, `h` included.
    ///
    /// # Errors
    /// As [`value`](Self::value).
    pub fn transposed_product(&self, v: &[f64]) -> Result<Vec<f64>, NetError> {
        let argument = self.argument()?;
        let dims = argument.dims();
        // Only the state is a leaf: gradients of weights are not asked for, so they cost nothing.
        let recording = Recording {
            wanted: Wanted::Leaves,
            statistics: false,
        };
        let tape = self.engine.open(self.parameters, &recording);
        let pass = Pass::on(tape.clone(), Mode::Eval);
        let u = argument.onto(&tape, true);
        let value = self.map(&pass, &u)?;
        fits(value.dims(), v)?;
        let v = tape.features_f64(value.dims(), v, false);
        tape.backward(&[End::Features(value.value(), &v)], &mut ());
        let product = match tape.gradient(u.value()) {
            Some(gradient) => tape.read(&gradient),
            None => vec![0.0; dims.iter().product()],
        };
        Ok(scaled(product, self.scale()?))
    }

    /// The features that the function depends on.
    fn argument(&self) -> Result<Features, NetError> {
        Ok(match self.measured()? {
            Measured::Pair => self.halves()?.1,
            _ => self.state.clone(),
        })
    }

    fn halves(&self) -> Result<(Features, Features), NetError> {
        self.state.split().ok_or_else(|| {
            self.failed(StepError::NoHalves {
                scheme: self.scheme().key,
            })
        })
    }

    fn failed(&self, source: StepError) -> NetError {
        NetError::Step {
            segment: self.segment,
            source,
        }
    }

    /// Factor of the function: the step size, unless the step itself has used it.
    fn scale(&self) -> Result<f64, NetError> {
        Ok(match self.measured()? {
            Measured::Increment => 1.0,
            _ => self.h(),
        })
    }

    /// The function without its factor.
    fn map(&self, pass: &Pass, u: &Features) -> Result<Features, NetError> {
        let step = &self.steps.steps[self.index];
        let mut rhs = StepRhs {
            step,
            pass,
            owner: None,
        };
        let at = |stage| StageId {
            step: self.step - 1,
            stage,
        };
        match self.measured()? {
            Measured::Slope => rhs.eval(at(0), u).map_err(|e| self.failed(e)),
            Measured::Pair => {
                let first = self.halves()?.0.onto(pass.tape(), false);
                let slope = rhs.eval(at(0), u).map_err(|e| self.failed(e))?;
                let moved = Features::lincomb(&[(1.0.into(), &first), (step.h.into(), &slope)]);
                rhs.eval(at(1), &moved).map_err(|e| self.failed(e))
            }
            Measured::Increment => {
                let mut memory = Memory::new();
                let number = self.segment;
                let next =
                    self.steps
                        .advance(self.index, &mut rhs, pass, u, &mut memory, number)?;
                Ok(Features::lincomb(&[
                    (1.0.into(), &next),
                    ((-1.0).into(), u),
                ]))
            }
        }
    }
}

/// Refuses a vector of another length than features of these extents.
fn fits(dims: [usize; 4], values: &[f64]) -> Result<(), NetError> {
    if values.len() == dims.iter().product::<usize>() {
        return Ok(());
    }
    Err(NetError::Analysis(AnalysisError::BadInput {
        what: "the vector",
        problem: "has another length than the state",
    }))
}

fn scaled(mut values: Vec<f64>, factor: f64) -> Vec<f64> {
    if factor != 1.0 {
        values.iter_mut().for_each(|v| *v *= factor);
    }
    values
}
