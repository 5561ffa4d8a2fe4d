//! Which output channels can be computed apart from the others? Groups, or the blocks of the only group.

use crate::conv::pack::vectors;
use crate::shape::ConvShape;
use std::ops::Range;

/// Output channels as pieces that need nothing of each other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Units {
    groups: usize,
    /// Output channels of a group.
    outputs: usize,
    /// Vectors of a group.
    vectors: usize,
    lanes: usize,
}

impl Units {
    /// Those of a convolution, for vectors of `lanes` floats.
    pub(crate) fn of(shape: &ConvShape, lanes: usize) -> Self {
        Self {
            groups: shape.groups,
            outputs: shape.group_output(),
            vectors: vectors(shape.group_output(), lanes),
            lanes,
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        if self.groups > 1 {
            self.groups
        } else {
            self.vectors.div_ceil(2)
        }
    }

    /// The groups that some units belong to.
    pub(crate) fn groups(&self, units: &Range<usize>) -> Range<usize> {
        if self.groups > 1 { units.clone() } else { 0..1 }
    }

    /// The blocks of vectors of each of these groups: first vector and width.
    pub(crate) fn blocks(
        &self,
        units: &Range<usize>,
    ) -> impl Iterator<Item = (usize, usize)> + Clone + use<> {
        let all = 0..self.vectors.div_ceil(2);
        let (range, vectors) = (
            if self.groups > 1 { all } else { units.clone() },
            self.vectors,
        );
        range.map(move |block| (2 * block, (vectors - 2 * block).min(2)))
    }

    /// The channels of each of these groups, counted in the group.
    pub(crate) fn in_group(&self, units: &Range<usize>) -> Range<usize> {
        if self.groups > 1 {
            0..self.outputs
        } else {
            2 * self.lanes * units.start..(2 * self.lanes * units.end).min(self.outputs)
        }
    }

    /// The channels of some units among all.
    pub(crate) fn channels(&self, units: &Range<usize>) -> Range<usize> {
        if self.groups > 1 {
            units.start * self.outputs..units.end * self.outputs
        } else {
            self.in_group(units)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::chunks;

    #[test]
    fn units_cover_every_channel_once() {
        for (output, groups, lanes) in [
            (64, 1, 16),
            (72, 1, 16),
            (8, 1, 16),
            (100, 1, 8),
            (96, 4, 8),
        ] {
            let shape = ConvShape {
                batch: 1,
                height: 4,
                width: 4,
                input: 4 * groups,
                output,
                kernel: [1, 1],
                stride: 1,
                padding: [0, 0],
                groups,
            };
            let units = Units::of(&shape, lanes);
            for parts in 1..=units.count() {
                let ranges = chunks(units.count(), parts);
                let channels: Vec<_> = ranges.iter().map(|r| units.channels(r)).collect();
                assert_eq!((channels[0].start, channels[parts - 1].end), (0, output));
                assert!(channels.windows(2).all(|w| w[0].end == w[1].start));
                for range in &ranges {
                    let vectors: usize = units.blocks(range).map(|(_, width)| width).sum();
                    let each = units.in_group(range).len().div_ceil(lanes);
                    assert_eq!(vectors, each, "{output} {groups} {lanes} {range:?}");
                    assert_eq!(
                        units.groups(range).len() * units.in_group(range).len(),
                        units.channels(range).len()
                    );
                }
            }
        }
    }
}
