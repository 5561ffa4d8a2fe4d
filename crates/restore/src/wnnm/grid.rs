//! Where are the reference patches, and which rows of them are worked on together?

use super::settings::WnnmSettings;
use std::ops::Range;

/// Rows of references in a strip. Sums are made strip by strip, so this is part of the result's last bits.
const STRIP: usize = 8;

/// The reference patches of a picture.
#[derive(Debug)]
pub(super) struct Grid {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) patch: usize,
    pub(super) step: usize,
    pub(super) search: usize,
    /// First rows of the patches.
    pub(super) rows: Vec<usize>,
    /// First columns of the patches.
    pub(super) columns: Vec<usize>,
}

impl Grid {
    /// The grid of a picture that is no smaller than a patch.
    pub(super) fn new(width: usize, height: usize, settings: &WnnmSettings) -> Self {
        let along = |pixels: usize| {
            let last = pixels - settings.patch;
            let mut starts: Vec<usize> = (0..=last).step_by(settings.step).collect();
            // The last pixels are covered even if they are off the grid.
            if !last.is_multiple_of(settings.step) {
                starts.push(last);
            }
            starts
        };
        Self {
            width,
            height,
            patch: settings.patch,
            step: settings.step,
            search: settings.search,
            rows: along(height),
            columns: along(width),
        }
    }

    /// The strips: ranges of rows of references.
    pub(super) fn strips(&self) -> Vec<Range<usize>> {
        (0..self.rows.len())
            .step_by(STRIP)
            .map(|first| first..(first + STRIP).min(self.rows.len()))
            .collect()
    }

    /// Rows of pixels that the groups of a strip reach.
    pub(super) fn reach(&self, strip: &Range<usize>) -> Range<usize> {
        let first = self.rows[strip.start].saturating_sub(self.search);
        let last = self.rows[strip.end - 1] + self.search + self.patch;
        first..last.min(self.height)
    }
}
