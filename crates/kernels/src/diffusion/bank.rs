//! What do filters and functions look like to a kernel? Taps by column, tables by coefficient.

use super::toom::{self, GROUP};
use super::{PIECES, WIDTH};

/// The filters and functions of one step.
#[derive(Clone, Debug)]
pub struct Bank {
    pub(super) size: usize,
    pub(super) count: usize,
    /// Taps of each filter, column by column: `taps[(i * size + column) * size + row]`.
    pub(super) taps: Vec<f32>,
    /// The same of the filters turned by 180°.
    pub(super) turned: Vec<f32>,
    /// Columns of taps at points, `seen[(i * points + point) * size + column]`, divided by the width of a piece: filtering with
    /// them gives places in a table.
    pub(super) seen: Vec<f32>,
    /// The same of the functions' way back: columns of the turned filter, undivided.
    pub(super) back: Vec<f32>,
    /// Four rows of coefficients of each function.
    pub(super) tables: Vec<f32>,
}

impl Bank {
    /// A bank of filters of `size × size` taps (3, 5 or 7), each row by row, and the [tables](super::hermite) of their
    /// functions, `4 PIECES` numbers each.
    ///
    /// # Panics
    /// If the size is another, there is no filter, or lengths do not fit.
    #[must_use]
    pub fn new(size: usize, filters: &[f32], tables: &[f32]) -> Self {
        assert!(matches!(size, 3 | 5 | 7), "filters have 3, 5 or 7 rows");
        let area = size * size;
        let count = filters.len() / area;
        assert!(count > 0 && filters.len() == count * area, "whole filters");
        assert_eq!(tables.len(), count * 4 * PIECES, "a table for each filter");
        let (mut taps, mut turned) = (Vec::new(), Vec::new());
        for filter in filters.chunks(area) {
            for column in 0..size {
                for row in 0..size {
                    taps.push(filter[row * size + column]);
                    turned.push(filter[area - 1 - (row * size + column)]);
                }
            }
        }
        let points = size + toom::MORE;
        let mut seen = vec![0.0; count * points * size];
        let mut back = seen.clone();
        for (i, filter) in filters.chunks(area).enumerate() {
            for column in 0..size {
                let taps = (0..size).map(|row| f64::from(filter[row * size + column]));
                let weights = toom::weights(&taps.collect::<Vec<_>>());
                for (point, weight) in weights.into_iter().enumerate() {
                    let at = (i * points + point) * size;
                    seen[at + column] = (weight / f64::from(WIDTH)) as f32;
                    back[at + size - 1 - column] = weight as f32;
                }
            }
        }
        Self {
            size,
            count,
            taps,
            turned,
            seen,
            back,
            tables: tables.to_vec(),
        }
    }

    /// Rows of a filter.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// Number of filters.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Pixels beyond a pixel on which its result depends.
    #[must_use]
    pub fn reach(&self) -> usize {
        self.size - 1
    }

    /// Rows beyond a [`GROUP`] of rows on which its result depends to the last bit, in whole groups.
    #[must_use]
    pub fn halo(&self) -> usize {
        self.reach().next_multiple_of(GROUP)
    }
}
