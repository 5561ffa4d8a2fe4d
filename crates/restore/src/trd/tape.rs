//! How do gradients get through any scheme? Its additions are written on a tape, which is read backwards.

use super::model::StepGrads;
use std::cell::RefCell;
use std::ops::{Add, Mul, Neg, Sub};
use std::rc::Rc;
use timestep_kernels::Kernels;
use timestep_kernels::diffusion::{Bank, Border};
use timestep_numerics::State;
use timestep_picture::Plane;

/// A number that knows how it depends on the coefficients of its step.
#[derive(Clone, Debug)]
pub(super) struct Dual {
    pub(super) value: f64,
    /// (step, coefficient) and derivative.
    pub(super) parts: Vec<((usize, usize), f64)>,
}

impl From<f64> for Dual {
    fn from(value: f64) -> Self {
        Self {
            value,
            parts: Vec::new(),
        }
    }
}

impl Dual {
    /// Coefficient `index` of step `step`.
    pub(super) fn learned(value: f64, step: usize, index: usize) -> Self {
        Self {
            value,
            parts: vec![((step, index), 1.0)],
        }
    }

    fn scaled(&self, by: f64) -> impl Iterator<Item = ((usize, usize), f64)> + '_ {
        self.parts.iter().map(move |(at, d)| (*at, d * by))
    }
}

impl Add for Dual {
    type Output = Dual;

    fn add(self, other: Dual) -> Dual {
        Dual {
            value: self.value + other.value,
            parts: self.parts.into_iter().chain(other.parts).collect(),
        }
    }
}

impl Neg for Dual {
    type Output = Dual;

    fn neg(self) -> Dual {
        Dual {
            value: -self.value,
            parts: self.scaled(-1.0).collect(),
        }
    }
}

impl Sub for Dual {
    type Output = Dual;

    fn sub(self, other: Dual) -> Dual {
        self + -other
    }
}

impl Mul for Dual {
    type Output = Dual;

    fn mul(self, other: Dual) -> Dual {
        Dual {
            value: self.value * other.value,
            parts: self
                .scaled(other.value)
                .chain(other.scaled(self.value))
                .collect(),
        }
    }
}

/// Where a state came from.
enum Origin {
    Given,
    Sum(Vec<(Dual, usize)>),
    Slope { step: usize, of: usize },
}

/// All states of a run, in the order in which they were computed.
#[derive(Default)]
pub(super) struct Tape {
    states: Vec<(Plane, Origin)>,
}

/// A state whose history is on a tape.
#[derive(Clone)]
pub(super) struct Traced {
    tape: Rc<RefCell<Tape>>,
    at: usize,
}

impl Traced {
    /// A state that nothing is asked about.
    pub(super) fn given(tape: &Rc<RefCell<Tape>>, plane: Plane) -> Self {
        Self::push(tape, plane, Origin::Given)
    }

    /// The slope `f_step(self)`, which is `value`.
    pub(super) fn slope(&self, step: usize, value: Plane) -> Self {
        Self::push(&self.tape, value, Origin::Slope { step, of: self.at })
    }

    fn push(tape: &Rc<RefCell<Tape>>, plane: Plane, origin: Origin) -> Self {
        let mut inner = tape.borrow_mut();
        inner.states.push((plane, origin));
        Self {
            tape: Rc::clone(tape),
            at: inner.states.len() - 1,
        }
    }

    /// Looks at the plane.
    pub(super) fn with<T>(&self, look: impl FnOnce(&Plane) -> T) -> T {
        look(&self.tape.borrow().states[self.at].0)
    }
}

impl State for Traced {
    type Coef = Dual;

    fn lincomb(terms: &[(Dual, &Traced)]) -> Traced {
        let tape = &terms[0].1.tape;
        let sum = {
            let inner = tape.borrow();
            let first = &inner.states[terms[0].1.at].0;
            let mut sum = vec![0.0_f32; first.pixels().len()];
            for (c, term) in terms {
                let c = c.value as f32;
                for (s, x) in sum.iter_mut().zip(inner.states[term.at].0.pixels()) {
                    *s += c * x;
                }
            }
            first.with_pixels(sum)
        };
        let terms = terms.iter().map(|(c, t)| (c.clone(), t.at)).collect();
        Traced::push(tape, sum, Origin::Sum(terms))
    }

    fn dot(&self, other: &Self) -> f64 {
        self.with(|own| other.with(|other| own.dot(other)))
    }

    fn is_finite(&self) -> bool {
        self.with(Plane::is_finite)
    }
}

/// What the backward pass of a slope needs of a step.
pub(super) struct StepBack<'a> {
    pub(super) bank: &'a Bank,
    pub(super) lambda: f64,
}

impl Traced {
    /// Reads the tape backwards from this state, whose gradient is `e`; adds to the gradients of the steps, the first
    /// of which is number `first`.
    pub(super) fn backward(
        &self,
        e: Vec<f32>,
        noisy: &Plane,
        kernels: Kernels,
        steps: &[StepBack<'_>],
        first: usize,
        grads: &mut [StepGrads],
    ) {
        let tape = self.tape.borrow();
        let states = &tape.states;
        let mut adjoints: Vec<Option<Vec<f32>>> = states.iter().map(|_| None).collect();
        adjoints[self.at] = Some(e);
        for at in (0..=self.at).rev() {
            let Some(e) = adjoints[at].take() else {
                continue;
            };
            match &states[at].1 {
                Origin::Given => {}
                Origin::Sum(terms) => {
                    for (c, of) in terms {
                        if !c.parts.is_empty() {
                            let along = dot(&e, states[*of].0.pixels());
                            for ((step, index), d) in &c.parts {
                                grads[step - first].coefficients[*index] += d * along;
                            }
                        }
                        if matches!(states[*of].1, Origin::Given) {
                            continue;
                        }
                        let c = c.value as f32;
                        let to = adjoint(&mut adjoints[*of], e.len());
                        for (to, e) in to.iter_mut().zip(&e) {
                            *to += c * e;
                        }
                    }
                }
                Origin::Slope { step, of } => {
                    let (back, grads) = (&steps[step - first], &mut grads[step - first]);
                    let u = &states[*of].0;
                    // f = -g - λ (u - noisy)
                    let minus: Vec<f32> = e.iter().map(|e| -e).collect();
                    let apart = u.pixels().iter().zip(noisy.pixels());
                    grads.stage.lambda -= apart
                        .zip(&e)
                        .map(|((u, f), e)| f64::from(u - f) * f64::from(*e))
                        .sum::<f64>();
                    let lambda = back.lambda as f32;
                    // Nothing is asked about states that were given.
                    let wanted = !matches!(states[*of].1, Origin::Given);
                    let to = wanted.then(|| {
                        let to = adjoint(&mut adjoints[*of], e.len());
                        for (to, e) in to.iter_mut().zip(&e) {
                            *to -= lambda * e;
                        }
                        to.as_mut_slice()
                    });
                    kernels.diffuse_backward(
                        back.bank,
                        u.pixels(),
                        &minus,
                        (u.width(), u.height()),
                        Border::Mirror,
                        &mut grads.stage.bank,
                        to,
                    );
                }
            }
        }
    }
}

fn adjoint(place: &mut Option<Vec<f32>>, len: usize) -> &mut Vec<f32> {
    place.get_or_insert_with(|| vec![0.0; len])
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| f64::from(*a) * f64::from(*b))
        .sum()
}
