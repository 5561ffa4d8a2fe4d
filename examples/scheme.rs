//! A scheme of one's own: written once, run on numbers for its order and on complex numbers for its stability.
//!
//!     cargo run --release --example scheme
//!
//! To train networks with it, give it its `FACTS` and a line in the registry: docs/guides/add-a-scheme.md.

#![allow(clippy::print_stdout)]

use timestep_numerics::{Complex64, Rhs, StageId, State, StepCtx, StepError};

/// Heun's third-order method: three evaluations of `f` per step, of which the first and the last count.
pub fn heun3<S: State>(f: &mut dyn Rhs<S>, u: &S, ctx: &StepCtx<S>) -> Result<S, StepError> {
    let h = ctx.h;
    let k1 = f.eval(ctx.stage(0), u)?;
    let at = |c: f64, k: &S| S::lincomb(&[(1.0.into(), u), ((c * h).into(), k)]);
    let k2 = f.eval(ctx.stage(1), &at(1.0 / 3.0, &k1))?;
    let k3 = f.eval(ctx.stage(2), &at(2.0 / 3.0, &k2))?;
    Ok(S::lincomb(&[
        (1.0.into(), u),
        ((h / 4.0).into(), &k1),
        ((3.0 * h / 4.0).into(), &k3),
    ]))
}

/// The error at time 1 of `u' = -u²`, `u(0) = 1`, whose solution is `1 / (1 + t)`.
pub fn error(steps: usize) -> Result<f64, StepError> {
    let mut f = |_: StageId, u: &f64| Ok(-u * u);
    let mut u = 1.0;
    for n in 0..steps {
        u = heun3(&mut f, &u, &StepCtx::new(n, 1.0 / steps as f64))?;
    }
    Ok((u - 0.5_f64).abs())
}

/// The factor of a step of size 1 for `u' = z u`.
pub fn growth(z: Complex64) -> Result<f64, StepError> {
    let mut f = |_: StageId, u: &Complex64| Ok(z * u);
    let u = heun3(&mut f, &Complex64::new(1.0, 0.0), &StepCtx::new(0, 1.0))?;
    Ok(u.norm())
}

/// Its order, and how far its region reaches along both axes.
pub fn main() -> Result<(), Box<dyn std::error::Error>> {
    let order = (error(100)? / error(200)?).log2();
    // The last point from 0 on where a step does not grow.
    let reach = |z: Complex64| {
        let inside = |x: &f64| growth(z * *x).is_ok_and(|g| g <= 1.0);
        let points = (1..1000).map(|n| 0.01 * f64::from(n));
        points.take_while(inside).last().unwrap_or(0.0)
    };
    println!("order {order:.3}");
    println!("real interval [-{:.2}, 0]", reach((-1.0).into()));
    println!("imaginary interval [0, {:.2} i]", reach(Complex64::i()));
    Ok(())
}
