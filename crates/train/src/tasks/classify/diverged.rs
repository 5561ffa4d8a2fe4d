//! Where did a number become non-finite? In the first shard in which one did, wherever it was computed.

use super::Classify;
use crate::TrainError;
use crate::evaluate::images;
use crate::trainer::Divergence;
use timestep_data::{Batch, shard};
use timestep_nets::{Mode, NonFinite};

impl Classify<'_> {
    /// The place where a batch became non-finite: that of the first shard in which it did.
    pub(super) fn diverged(&self, batch: &Batch, lr: f64) -> Result<Divergence, TrainError> {
        let (network, engine) = (&self.setup.network, self.learner.engine());
        let share = self.setup.share(&*self.ranks);
        let place = share.own.clone().find_map(|number| {
            let places = shard(batch.whole, share.shards, number);
            let there = batch.part(places.start - batch.first..places.end - batch.first);
            let images = images(&there);
            network.locate_non_finite(engine, &self.parameters, images, Mode::Train)
        });
        let (segment, block_step) = match &place {
            Some(NonFinite::Step { segment, step }) => (Some(*segment), Some(*step)),
            _ => (None, None),
        };
        let what = place.map(|place| place.to_string());
        // Rank, segment and step counted from 1, then the words; nothing from a rank that found nothing.
        let number = |number: Option<usize>| number.map_or(0, |number| number as u64 + 1);
        let own = what.map_or_else(Vec::new, |what| {
            let numbers = [number(segment), number(block_step)].map(u64::to_le_bytes);
            [numbers.as_flattened(), what.as_bytes()].concat()
        });
        let found = self.ranks.gather(own)?;
        let first = found.iter().find_map(|bytes| bytes.split_at_checked(16));
        let (numbers, what) = first.unwrap_or((&[0; 16], b"the loss or its gradient"));
        let mut numbers = numbers.as_chunks::<8>().0.iter();
        let mut next = || {
            let number = numbers.next().map_or(0, |bytes| u64::from_le_bytes(*bytes));
            (number as usize).checked_sub(1)
        };
        Ok(Divergence {
            segment: next(),
            block_step: next(),
            what: String::from_utf8_lossy(what).into_owned(),
            lr: Some(lr),
        })
    }
}
