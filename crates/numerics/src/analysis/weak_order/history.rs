//! What does a step do to a state and its history, with noise in it and without?
//!
//! The scheme's own code is run on basis vectors, as in the other analyses; nothing here knows a scheme.
//! A history is a list of *slots*: the state, then each earlier state (and its slope, if the scheme
//! keeps slopes), newest first.

use super::equations::{END, Sde};
use super::increment::Increment;
use crate::analysis::AnalysisError;
use crate::analysis::subject::Subject;
use crate::{Memory, Rhs, Scheme, StageId, StepError};

/// One step on slots: those after it.
fn image(
    subject: &Subject<'_>,
    scheme: &dyn Scheme<Vec<f64>>,
    rhs: &mut dyn Rhs<Vec<f64>>,
    slots: &[Vec<f64>],
    step: usize,
    h: f64,
) -> Result<Vec<Vec<f64>>, StepError> {
    let facts = subject.facts;
    let per_past = if facts.keeps_slopes { 2 } else { 1 };
    let mut memory = Memory::new();
    for past in slots[1..].chunks(per_past).rev() {
        memory.push(past[0].clone(), past.get(1).cloned(), facts.memory);
    }
    let next = scheme.step(rhs, &slots[0], &mut memory, &subject.ctx(step, h))?;
    let mut out = vec![next];
    for back in 1..=memory.len() {
        if let Some(past) = memory.back(back) {
            out.push(past.state.clone());
            out.extend(past.slope.clone());
        }
    }
    Ok(out)
}

/// Slots before step `step`.
fn slots(subject: &Subject<'_>, step: usize) -> usize {
    let per_past = if subject.facts.keeps_slopes { 2 } else { 1 };
    1 + per_past * step.min(subject.facts.memory)
}

/// The scheme on this equation: step size in its own time, and what it makes of noise.
#[derive(Clone, Copy, Debug)]
pub(super) struct Method<'a> {
    pub(super) subject: Subject<'a>,
    /// It follows `time_scale u' = f(u)`, so a step of `dt` is one of `h = time_scale dt`.
    pub(super) time_scale: f64,
}

/// What a history and a slope are worth at the end, if no slope follows.
#[derive(Clone, Debug)]
pub(super) struct Worth {
    /// Of each slot before step `n`, for `n = 0, …, steps`.
    pub(super) slots: Vec<Vec<f64>>,
    /// Of the slope of step `n`, as a share of `Δt` times that slope: 1, but for the last steps of a scheme with
    /// memory.
    pub(super) gains: Vec<f64>,
}

impl Method<'_> {
    /// What a history and a slope are worth at the end of `steps` steps.
    pub(super) fn worth(&self, steps: usize) -> Result<Worth, AnalysisError> {
        // A slope so small that only its first power counts.
        const SMALL: f64 = 1e-7;
        let facts = self.subject.facts;
        let scheme = self.subject.scheme::<Vec<f64>>()?;
        let dt = END / steps as f64;
        let h = self.time_scale * dt;
        let mut rest = |_: StageId, u: &Vec<f64>| Ok::<_, StepError>(vec![0.0; u.len()]);
        let mut small = |_: StageId, u: &Vec<f64>| {
            Ok::<_, StepError>(u.iter().map(|x| SMALL / dt * x).collect::<Vec<f64>>())
        };
        // From the first step with a full history on, all steps are alike.
        let full = facts.memory.min(steps);
        let (mut matrices, mut impulses) = (Vec::new(), Vec::new());
        for step in 0..=full {
            let size = slots(&self.subject, step);
            // Both halves of a partitioned state move alike here; the first is looked at.
            let unit = |column: usize| -> Vec<Vec<f64>> {
                let value = |slot| if slot == column { 1.0 } else { 0.0 };
                (0..size)
                    .map(|slot| vec![value(slot); facts.parts])
                    .collect()
            };
            let first = |after: Vec<Vec<f64>>| -> Vec<f64> { after.iter().map(|u| u[0]).collect() };
            let mut columns = Vec::new();
            for column in 0..size {
                let after = image(
                    &self.subject,
                    scheme.as_ref(),
                    &mut rest,
                    &unit(column),
                    step,
                    h,
                )?;
                columns.push(first(after));
            }
            let moved = image(
                &self.subject,
                scheme.as_ref(),
                &mut small,
                &unit(0),
                step,
                h,
            )?;
            let mut impulse = first(moved);
            for (moved, rest) in impulse.iter_mut().zip(&columns[0]) {
                *moved = (*moved - rest) / SMALL;
            }
            impulses.push(impulse);
            matrices.push(columns);
        }
        let mut last = vec![0.0; slots(&self.subject, steps)];
        last[0] = 1.0;
        let mut slots = vec![last];
        let mut gains = Vec::new();
        let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
        for step in (0..steps).rev() {
            let after = &slots[slots.len() - 1];
            gains.push(dot(&impulses[step.min(full)], after));
            let columns = matrices[step.min(full)].iter();
            let before = columns.map(|column| dot(column, after)).collect();
            slots.push(before);
        }
        slots.reverse();
        gains.reverse();
        Ok(Worth { slots, gains })
    }

    /// How the scheme reads `∫ b(X) dW` with one draw a step: 0 is Itô's sense (the slope at the start of a
    /// step, as all schemes with one evaluation), 1/2 Stratonovich's, 1 the slope at its end.
    ///
    /// On `b(x) = x` and no drift a step must multiply the mean by `1 + reading Δt`; the mean over
    /// `ξ = ±1` is taken of one step from a constant history, and of what that is worth at the end.
    pub(super) fn reading(&self) -> Result<f64, AnalysisError> {
        const SIZE: f64 = 1e-3;
        // Long enough for the history to settle; the error is that of the slowest damped root.
        const SETTLE: usize = 2000;
        let facts = self.subject.facts;
        if facts.parts > 1 {
            // The equation for partitioned schemes has `(∂b/∂x) b = 0`.
            return Ok(0.0);
        }
        let scheme = self.subject.scheme::<Vec<f64>>()?;
        let worth = self.worth(facts.memory + 1 + SETTLE)?;
        let constant: Vec<Vec<f64>> = (0..slots(&self.subject, facts.memory))
            .map(|slot| vec![if self.is_slope(slot) { 0.0 } else { 1.0 }])
            .collect();
        let mut mean = 0.0;
        for sign in [SIZE, -SIZE] {
            let mut rhs = |_: StageId, u: &Vec<f64>| {
                Ok::<_, StepError>(u.iter().map(|x| sign * x).collect::<Vec<f64>>())
            };
            let after = image(
                &self.subject,
                scheme.as_ref(),
                &mut rhs,
                &constant,
                facts.memory.max(1),
                self.time_scale,
            )?;
            let values = after.concat();
            let weights = &worth.slots[facts.memory + 1];
            mean += 0.5 * values.iter().zip(weights).map(|(v, w)| v * w).sum::<f64>();
        }
        // The sum takes the sign off a zero.
        Ok(((mean - 1.0) / (SIZE * SIZE) * 1e4).round() / 1e4 + 0.0)
    }

    fn is_slope(&self, slot: usize) -> bool {
        self.subject.facts.keeps_slopes && slot > 0 && slot.is_multiple_of(2)
    }

    /// Does it advance `u' = 1` at the right rate? Schemes that apply `f` to its own values do not: they need
    /// `f(0) = 0`.
    pub(super) fn takes_constants(&self) -> Result<bool, AnalysisError> {
        const STEPS: usize = 2000;
        let scheme = self.subject.scheme::<Vec<f64>>()?;
        let mut one = |_: StageId, u: &Vec<f64>| Ok::<_, StepError>(vec![1.0; u.len()]);
        let mut memory = Memory::new();
        let mut u = vec![0.0; self.subject.facts.parts];
        for step in 0..STEPS {
            let ctx = self.subject.ctx(step, self.time_scale);
            u = scheme.step(&mut one, &u, &mut memory, &ctx)?;
        }
        // The start-up and a history that forgets slowly cost a few steps.
        Ok((u[0] / STEPS as f64 - 1.0).abs() < 0.05)
    }

    /// `E X₁^m` of the scheme at the end, for `m = 1, 2, 3`, without drawing: the step is affine in the slots, so the
    /// third moments of `(1, slots)` follow a linear recursion. `None` where there is none: the noise is
    /// not affine, or there are too many slots.
    pub(super) fn moments<const D: usize>(
        &self,
        sde: &Sde<D>,
        increment: &Increment,
        steps: usize,
    ) -> Result<Option<[f64; 3]>, AnalysisError> {
        /// Rows of the largest tensor: beyond, the recursion takes seconds.
        const MOST: usize = 24;
        let parts = D - 1;
        let size = |step: usize| 1 + parts * slots(&self.subject, step);
        if !sde.affine() || size(steps) > MOST {
            return Ok(None);
        }
        let dt = END / steps as f64;
        let nodes = increment.nodes();
        let full = self.subject.facts.memory.min(steps);
        let mut maps: Vec<Vec<(Sparse, f64)>> = Vec::new();
        for step in 0..=full {
            let mut of_step = Vec::new();
            for (xi, weight) in &nodes {
                of_step.push((self.map(sde, *xi / dt.sqrt(), step, dt)?, *weight));
            }
            maps.push(of_step);
        }
        let start = &sde.start;
        let mut tensor: Vec<f64> = (start.iter())
            .flat_map(|a| start.iter().map(move |b| a * b))
            .flat_map(|ab| start.iter().map(move |c| ab * c))
            .collect();
        for step in 0..steps {
            let (before, after) = (size(step), size(step + 1));
            let mut sum = vec![0.0; after * after * after];
            for (map, weight) in &maps[step.min(full)] {
                let image = map.cube(&tensor, before, after);
                sum.iter_mut()
                    .zip(image)
                    .for_each(|(s, x)| *s += weight * x);
            }
            tensor = sum;
        }
        let n = size(steps);
        Ok(Some([tensor[1], tensor[n + 1], tensor[n * n + n + 1]]))
    }

    /// The affine map of step `step` on `(1, slots)` with a slope `a + b scaled`.
    fn map<const D: usize>(
        &self,
        sde: &Sde<D>,
        scaled: f64,
        step: usize,
        dt: f64,
    ) -> Result<Sparse, AnalysisError> {
        let parts = D - 1;
        let scheme = self.subject.scheme::<Vec<f64>>()?;
        let partitioned = self.subject.facts.parts == 2;
        let mut rhs = |at: StageId, u: &Vec<f64>| {
            let mut z = [0.0; D];
            z[0] = 1.0;
            let range = if partitioned {
                let own = 1 + at.stage % 2;
                // The other half is what a half's slope depends on.
                z[3 - own] = u[0];
                own..own + 1
            } else {
                z[1..].copy_from_slice(u);
                1..D
            };
            let (a, b) = (sde.drift_at(&z), sde.noise_at(&z));
            Ok::<_, StepError>(range.map(|i| a[i] + b[i] * scaled).collect::<Vec<f64>>())
        };
        let count = slots(&self.subject, step);
        let h = self.time_scale * dt;
        let mut columns = Vec::new();
        for column in 0..=parts * count {
            let unit: Vec<Vec<f64>> = (0..count)
                .map(|slot| {
                    (0..parts)
                        .map(|part| {
                            if 1 + slot * parts + part == column {
                                1.0
                            } else {
                                0.0
                            }
                        })
                        .collect()
                })
                .collect();
            let after = image(&self.subject, scheme.as_ref(), &mut rhs, &unit, step, h)?;
            columns.push(after.concat());
        }
        // The first column is the image of 0, which the others contain.
        let origin = columns[0].clone();
        let mut rows = vec![vec![(0, 1.0)]];
        for row in 0..origin.len() {
            let entries = columns.iter().enumerate().map(|(column, values)| {
                let value = values[row];
                (
                    column,
                    if column == 0 {
                        value
                    } else {
                        value - origin[row]
                    },
                )
            });
            rows.push(entries.filter(|(_, value)| *value != 0.0).collect());
        }
        Ok(Sparse(rows))
    }
}

/// A matrix by rows, without its zeros: most of a history only moves on by one slot.
struct Sparse(Vec<Vec<(usize, f64)>>);

impl Sparse {
    /// `(M ⊗ M ⊗ M) T`, one index after the other: the first is contracted, and the result put last.
    fn cube(&self, tensor: &[f64], before: usize, after: usize) -> Vec<f64> {
        let mut current = tensor.to_vec();
        let mut rest = before * before;
        for _ in 0..3 {
            let mut next = vec![0.0; rest * after];
            for (row, entries) in self.0.iter().enumerate() {
                for (column, value) in entries {
                    let line = &current[column * rest..(column + 1) * rest];
                    for (i, x) in line.iter().enumerate() {
                        next[i * after + row] += value * x;
                    }
                }
            }
            current = next;
            rest = rest / before * after;
        }
        current
    }
}
