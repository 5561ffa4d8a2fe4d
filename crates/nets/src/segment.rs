//! What is a segment? A run of steps at one shape, entered through a transition.

use crate::noise::StepNoise;
use crate::reversal::{Reversal, reconstructed};
use crate::steps::{Steps, controlled};
use crate::{Cost, Entrance, Features, Mode, NetError, ParamId, Pass, Probe, Size};
use std::sync::Arc;
use timestep_numerics::Memory;

/// A run of steps at one shape, entered through a transition.
pub struct Segment {
    pub(crate) entrance: Option<Entrance>,
    pub(crate) steps: Arc<Steps>,
    /// A maximum over windows at the end.
    pub(crate) exit: Option<crate::Window>,
    /// What is added to the state after the transition's own step in training.
    pub(crate) added_at_entrance: Option<Arc<StepNoise>>,
    /// Are the activations of its steps reconstructed in the backward pass?
    pub(crate) reconstructed: bool,
    pub(crate) summary: SegmentSummary,
}

impl std::fmt::Debug for Segment {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Segment")
            .field("summary", &self.summary)
            .finish_non_exhaustive()
    }
}

/// What a segment is and costs, per image.
#[derive(Clone, Debug, PartialEq)]
pub struct SegmentSummary {
    /// Position from 1, as printed.
    pub number: usize,
    /// Name in weight files: `layer1`.
    pub name: String,
    /// Steps, the transition's own included.
    pub steps: usize,
    /// How it is entered: "start", "strided step" or "projection".
    pub entrance: &'static str,
    /// Channels of the state.
    pub channels: usize,
    /// Size of the state.
    pub size: Size,
    /// Evaluations of the block.
    pub block_evaluations: usize,
    /// Learned coefficients (numbers).
    pub coefficients: usize,
    /// Cost of the whole segment.
    pub cost: Cost,
}

/// What the state and the one before it are between two segments.
#[derive(Debug)]
pub(crate) struct Flow {
    pub(crate) state: Features,
    pub(crate) before: Option<Features>,
}

impl Segment {
    /// Steps the state through the segment.
    ///
    /// # Errors
    /// [`NetError::Step`] if the scheme refuses a step.
    pub(crate) fn forward(
        &self,
        pass: &Pass,
        flow: Flow,
        probe: &mut Option<Probe<'_>>,
    ) -> Result<Flow, NetError> {
        let number = self.summary.number;
        let (mut u, mut memory) = self.enter(pass, flow);
        if self.steps.taken > 0 {
            report(probe, number, 1, &u);
        }
        if let Some(control) = self.steps.control {
            let end = controlled::solve(&self.steps, control, pass, &u).map_err(|source| {
                NetError::Step {
                    segment: number,
                    source,
                }
            })?;
            report(
                probe,
                number,
                self.steps.taken + self.steps.steps.len(),
                &end,
            );
            return Ok(self.leave(end, None));
        }
        if self.reconstructed && pass.mode() == Mode::Train && probe.is_none() {
            let reversal = Reversal {
                steps: self.steps.clone(),
                number,
            };
            // Engines that cannot keep what they computed.
            if let Some(end) = reconstructed(reversal, pass, &u, &memory)? {
                return Ok(self.leave(end, None));
            }
        }
        for n in 0..self.steps.steps.len() {
            u = self.steps.step(n, pass, &u, &mut memory, number)?;
            report(probe, number, self.steps.taken + n + 1, &u);
        }
        let before = memory.back(1).map(|past| past.state.clone());
        Ok(self.leave(u, before))
    }

    /// The state and the history that its steps start from.
    pub(crate) fn enter(&self, pass: &Pass, flow: Flow) -> (Features, Memory<Features>) {
        let mut memory = Memory::new();
        let Some(entrance) = &self.entrance else {
            return (flow.state, memory);
        };
        let theory = self.steps.first_facts();
        let keeps_slopes = theory.is_some_and(|t| t.keeps_slopes);
        let arrival = entrance.forward(pass, &flow.state, flow.before.as_ref(), keeps_slopes);
        let state = match &self.added_at_entrance {
            Some(noise) => noise.add_to(pass, arrival.state),
            None => arrival.state,
        };
        if let (Some((past, slope)), Some(theory)) = (arrival.past, theory) {
            let past = self.steps.at_own_distance(&state, past);
            memory.push(past, keeps_slopes.then_some(slope), theory.memory);
        }
        (state, memory)
    }

    pub(crate) fn leave(&self, u: Features, before: Option<Features>) -> Flow {
        Flow {
            state: match self.exit {
                Some(window) => crate::ops::max_pool(&u, window),
                None => u,
            },
            before,
        }
    }

    /// What it is and costs.
    #[must_use]
    pub fn summary(&self) -> &SegmentSummary {
        &self.summary
    }

    /// The learned coefficients of each step (from step 0 of the segment), newest state first; none
    /// at a restart.
    #[must_use]
    pub fn coefficients(&self) -> Vec<Vec<ParamId>> {
        let entrance = self.entrance.as_ref().and_then(Entrance::coefficient);
        let taken = (0..self.steps.taken).map(|_| entrance.into_iter().collect());
        let own = self.steps.steps.iter().map(|s| s.coefficients.clone());
        taken.chain(own).collect()
    }
}

/// Tells the probe, if there is one.
fn report(probe: &mut Option<Probe<'_>>, segment: usize, step: usize, u: &Features) {
    if let Some(probe) = probe {
        probe(segment, step, u);
    }
}
