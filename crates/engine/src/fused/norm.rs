//! When is a norm computed? Not here: it is noted, and applied by whoever reads the features next.

use super::arrays::{Row, Target};
use super::record::Record;
use super::stored::{Held, PendingNorm};
use crate::Statistics;
use std::rc::Rc;

impl Record {
    /// Features with a norm noted.
    fn noted(mut plain: Held, norm: PendingNorm) -> Held {
        plain.stored.norm = Some(Rc::new(norm));
        plain
    }

    /// Batch normalisation with the statistics of this batch; also the mean and the unbiased variance.
    pub(super) fn norm_by_batch(
        &self,
        input: &Held,
        scale: &Row,
        shift: &Row,
        epsilon: f64,
    ) -> (Held, Statistics) {
        let plain = self.settle(input);
        let moments = plain.moments();
        let channels = 0..moments.mean.len();
        let variance: Vec<f64> = channels.clone().map(|c| moments.variance(c)).collect();
        let statistics = Statistics {
            mean: moments.mean.clone(),
            variance: channels.map(|c| moments.unbiased(c)).collect(),
        };
        let p = &self.parameters;
        let norm = PendingNorm::new(
            (scale.data.of(p), shift.data.of(p)),
            (&statistics.mean, &variance),
            epsilon,
            true,
            [scale.target, shift.target],
        );
        (Self::noted(plain, norm), statistics)
    }

    /// A norm with given statistics, as numbers.
    pub(super) fn norm_of_constants(
        &self,
        [scale, shift]: [&Row; 2],
        [mean, variance]: [&Row; 2],
        epsilon: f64,
    ) -> PendingNorm {
        let p = &self.parameters;
        let wide =
            |row: &Row| -> Vec<f64> { row.data.of(p).iter().map(|v| f64::from(*v)).collect() };
        PendingNorm::new(
            (scale.data.of(p), shift.data.of(p)),
            (&wide(mean), &wide(variance)),
            epsilon,
            false,
            [scale.target, shift.target],
        )
    }

    /// Batch normalisation with given statistics.
    pub(super) fn norm_by_constants(&self, input: &Held, norm: PendingNorm) -> Held {
        Self::noted(self.settle(input), norm)
    }

    /// A number added to each channel: a norm that divides by nothing.
    pub(super) fn biased(&self, input: &Held, bias: &Row) -> Held {
        let plain = self.settle(input);
        let channels = plain.stored.extent.channels;
        let norm = PendingNorm::new(
            (&vec![1.0; channels], bias.data.of(&self.parameters)),
            (&vec![0.0; channels], &vec![1.0; channels]),
            0.0,
            false,
            [Target::Nothing, bias.target],
        );
        Self::noted(plain, norm)
    }

    /// `max(0, u)`.
    pub(super) fn rectified(input: &Held) -> Held {
        let mut out = input.clone();
        out.stored.relu = true;
        out
    }
}
