//! Fractal: nested means of half steps and whole steps.
//!
//! # Equation
//! `Φ_1(h) u = u + h f(u)`, `Φ_C(h) = ½ [Φ_{C-1}(h/2) ∘ Φ_{C-1}(h/2) + Φ_1(h)]`;
//! `u_{n+1} = Φ_C(h) u_n` with `C` = 2, 3 or 4 columns
//!
//! # As a network
//! FractalNet (Larsson, Maire, Shakhnarovich 2017) in its residual reading: joins are means, and
//! column `c` of `C` takes `2^{c-1}` steps of `h/2^{c-1}`. The published columns have no identity
//! (`f_1(x) = conv(x)`); a convolution can contain it, which is what makes the reading possible.
//! Lu, Zhong, Li, Dong 2018 read the two-column block as a Runge-Kutta method:
//! `u_{n+1} = k1 u + k2 (k3 u + f1(u)) + f2(k3 u + f1(u))`. With the mean join, `k1 = k2 = ½`, it is
//! exactly Heun's method when the short column is the identity and the long one takes two whole
//! steps, `½ u + ½ (Φ_1(h) ∘ Φ_1(h)) u`. Here the short column is an Euler step instead.
//!
//! # Order and error constant
//! Order 1: a mean of schemes that advance the same time. The local error is `(3/8) h² u''`,
//! `(11/32) h² u''`, `(43/128) h² u''` for 2, 3, 4 columns and linear `f`; it falls to `h²/3`, where
//! Euler has `h²/2`. Unequal weights in the joins would be needed for order 2.
//!
//! # Stability
//! Real intervals `[-8, 0]`, `[-3.056, 0]`, `[-3.045, 0]` for 2, 3, 4 columns; no imaginary
//! interval. Two columns are special: `R(z) = 1 + z + z²/8 = T_2(1 + z/4)` is the Chebyshev
//! polynomial, which has the longest real interval of all consistent polynomials of degree 2. It
//! touches -1 at `z = -4`, so that mode is not damped.
//!
//! # Modified equation
//! For linear `f` and two columns: `u' + (3/8) h u'' + (7/96) h² u''' + … = f(u)`
//!
//! # Start-up and restart
//! None needed: one-step schemes.
//!
//! # Cost
//! `2^C - 1` evaluations of `f` a step (3, 7, 15), each with weights of its own.
//!
//! # Parameters it adds
//! No coefficients, but `2^C - 1` blocks a step.
//!
//! # When to use / when not
//! To reproduce FractalNet, or to drop columns at random. For accuracy a Runge-Kutta scheme needs
//! fewer evaluations.
//!
//! # Reference
//! G. Larsson, M. Maire, G. Shakhnarovich, FractalNet: ultra-deep neural networks without
//! residuals, ICLR 2017.

use crate::{Memory, Rhs, Scheme, SchemeFacts, Sharing, State, StepCtx, StepError};
use timestep_registry::{Facts, Kind};

/// A fractal step with a number of columns.
#[derive(Clone, Copy, Debug)]
pub struct Fractal {
    columns: u32,
    facts: &'static SchemeFacts,
}

/// Two columns, 3 evaluations.
pub const FRACTAL2: Fractal = Fractal {
    columns: 2,
    facts: &FACTS2,
};

/// Three columns, 7 evaluations: FractalNet-20.
pub const FRACTAL3: Fractal = Fractal {
    columns: 3,
    facts: &FACTS3,
};

/// Four columns, 15 evaluations: FractalNet-40.
pub const FRACTAL4: Fractal = Fractal {
    columns: 4,
    facts: &FACTS4,
};

static FACTS2: SchemeFacts = fractal_facts(2, "fractal2", &["fractal-2"], "fractal, 2 columns");
static FACTS3: SchemeFacts = fractal_facts(
    3,
    "fractal3",
    &["fractal-3", "fractal", "fractalnet"],
    "fractal, 3 columns",
);
static FACTS4: SchemeFacts = fractal_facts(4, "fractal4", &["fractal-4"], "fractal, 4 columns");

const fn fractal_facts(
    columns: u32,
    key: &'static str,
    aliases: &'static [&'static str],
    title: &'static str,
) -> SchemeFacts {
    SchemeFacts {
        named: Facts {
            aliases,
            references: &["larsson2017fractalnet", "lu2018beyond"],
            ..Facts::new(Kind::Scheme, key, title, include_str!("fractal.rs"))
        },
        equation: "Phi_C(h) u, Phi_C(h) = mean(Phi_{C-1}(h/2)^2, Phi_1(h)), Phi_1(h) u = u + h f(u)",
        network: "FractalNet",
        stages: 2_usize.pow(columns) - 1,
        start_stages: 2_usize.pow(columns) - 1,
        sharing: Sharing::PerStage,
        columns: columns as usize,
        ..SchemeFacts::EXPLICIT
    }
}

impl Fractal {
    /// Number of columns.
    #[must_use]
    pub const fn columns(&self) -> u32 {
        self.columns
    }
}

/// `Φ_columns(h) u`; `stage` counts the evaluations, each of which has weights of its own.
fn advance<S: State>(
    columns: u32,
    h: f64,
    f: &mut dyn Rhs<S>,
    u: &S,
    stage: &mut usize,
    ctx: &StepCtx<S>,
) -> Result<S, StepError> {
    if columns == 1 {
        let slope = f.eval(ctx.stage(*stage), u)?;
        *stage += 1;
        return Ok(S::lincomb(&[(1.0.into(), u), (h.into(), &slope)]));
    }
    let half = advance(columns - 1, h / 2.0, f, u, stage, ctx)?;
    let long = advance(columns - 1, h / 2.0, f, &half, stage, ctx)?;
    let short = advance(1, h, f, u, stage, ctx)?;
    let last = ctx.stage(*stage - 1);
    Ok(f.join(last, &[&long, &short]))
}

/// The step of the published FractalNet, whose columns have no identity: `Φ_1 u = f(u)`.
///
/// All columns that end at one depth meet in a single mean (Larsson et al. 2017, Figure 1), also
/// where the recursion above would nest two. Not a scheme for `u' = f(u)`, hence not registered:
/// it becomes one (Heun's, for two columns) where a convolution contains the identity.
#[derive(Clone, Copy, Debug)]
pub struct PlainFractal {
    facts: &'static SchemeFacts,
    columns: u32,
}

impl PlainFractal {
    /// With 2, 3 or 4 columns.
    #[must_use]
    pub fn new(columns: u32) -> Option<Self> {
        let facts = match columns {
            2 => &FACTS2,
            3 => &FACTS3,
            4 => &FACTS4,
            _ => return None,
        };
        Some(Self { facts, columns })
    }

    /// The evaluations of a step, in the order in which they come: does each see the state that the
    /// step starts from, as opposed to a result inside the step?
    #[must_use]
    pub fn sees_start(columns: u32) -> Vec<bool> {
        let mut seen = vec![true; columns as usize];
        let mut all = Vec::new();
        for row in 1..=1_usize << (columns - 1) {
            let ending = ending(columns, row);
            for column in &ending {
                all.push(seen[*column]);
            }
            ending.into_iter().for_each(|column| seen[column] = false);
        }
        all
    }
}

/// The columns with a convolution that ends at depth `row`: column `c` has one every `2^c`.
fn ending(columns: u32, row: usize) -> Vec<usize> {
    (0..columns as usize)
        .filter(|c| row.is_multiple_of(1 << c))
        .collect()
}

impl<S: State> Scheme<S> for PlainFractal {
    fn facts(&self) -> &'static SchemeFacts {
        self.facts
    }

    fn step(
        &self,
        f: &mut dyn Rhs<S>,
        u: &S,
        _memory: &mut Memory<S>,
        ctx: &StepCtx<S>,
    ) -> Result<S, StepError> {
        let mut columns = vec![u.clone(); self.columns as usize];
        let mut stage = 0;
        for row in 1..=1_usize << (self.columns - 1) {
            let ending = ending(self.columns, row);
            for column in &ending {
                columns[*column] = f.eval(ctx.stage(stage), &columns[*column])?;
                stage += 1;
            }
            if ending.len() > 1 {
                let meeting: Vec<&S> = ending.iter().map(|c| &columns[*c]).collect();
                let joined = f.join(ctx.stage(stage - 1), &meeting);
                ending.into_iter().for_each(|c| columns[c] = joined.clone());
            }
        }
        // Every column ends at the last depth, so all hold the join.
        Ok(columns.swap_remove(0))
    }
}

impl<S: State> Scheme<S> for Fractal {
    fn facts(&self) -> &'static SchemeFacts {
        self.facts
    }

    fn step(
        &self,
        f: &mut dyn Rhs<S>,
        u: &S,
        _memory: &mut Memory<S>,
        ctx: &StepCtx<S>,
    ) -> Result<S, StepError> {
        advance(self.columns, ctx.h, f, u, &mut 0, ctx)
    }
}
