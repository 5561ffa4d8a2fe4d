//! In which order are the pixels of a row kept, so that neighbours lie in other vectors? Lane after lane, as teeth of a comb.
//!
//! A row is cut into as many segments as a vector has lanes; pixel `j` of segment `l` is lane `l` of vector `j`. The pixel to
//! the right is the same lane of the next vector: one vector that was loaded serves all taps of a filter's row, and every
//! address is that of a whole vector. Only the last pixels of a segment have neighbours in another lane: the first vectors,
//! moved by one lane, are appended.

use crate::simd::Simd;

/// Sorts a row into `vectors` vectors, segments `segment` pixels apart. They may be longer than that and overlap.
///
/// # Safety
/// `row` holds all segments, `to` the vectors.
#[inline(always)]
pub(super) unsafe fn sort<S: Simd>(row: *const f32, segment: usize, vectors: usize, to: *mut f32) {
    // SAFETY: as above.
    unsafe {
        for j in 0..vectors {
            for lane in 0..S::LANES {
                *to.add(j * S::LANES + lane) = *row.add(lane * segment + j);
            }
        }
    }
}

/// Sorts `segment` vectors back into a row.
///
/// # Safety
/// As [`sort`].
#[inline(always)]
pub(super) unsafe fn unsort<S: Simd>(from: *const f32, segment: usize, row: *mut f32) {
    // SAFETY: as above.
    unsafe {
        for lane in 0..S::LANES {
            for j in 0..segment {
                *row.add(lane * segment + j) = *from.add(j * S::LANES + lane);
            }
        }
    }
}

/// Appends `more` vectors to the `segment` vectors of a row: what follows the segments. The last lanes get numbers without
/// meaning.
///
/// # Safety
/// `row` holds all vectors and one more.
#[inline(always)]
pub(super) unsafe fn append<S: Simd>(row: *mut f32, segment: usize, more: usize) {
    // SAFETY: as above; a vector from the next lane on ends within the next vector.
    unsafe {
        for j in 0..more {
            let next = S::load(row.add(j * S::LANES + 1));
            S::store(row.add((segment + j) * S::LANES), next);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Portable;

    #[test]
    fn every_neighbour_is_the_next_vector() {
        for segment in [1, 2, 7] {
            let lanes = Portable::LANES;
            let row: Vec<f32> = (0..lanes * segment).map(|x| x as f32).collect();
            let mut vectors = vec![f32::NAN; lanes * (segment + 6 + 1)];
            let mut back = row.clone();
            back.fill(0.0);
            // SAFETY: the lengths fit.
            unsafe {
                sort::<Portable>(row.as_ptr(), segment, segment, vectors.as_mut_ptr());
                unsort::<Portable>(vectors.as_ptr(), segment, back.as_mut_ptr());
                append::<Portable>(vectors.as_mut_ptr(), segment, 6);
            }
            assert_eq!(back, row);
            for (x, pixel) in row.iter().enumerate() {
                let (lane, j) = (x / segment, x % segment);
                for shift in 0..=6 {
                    let other = vectors[(j + shift) * lanes + lane];
                    if let Some(right) = row.get(x + shift) {
                        assert_eq!(other, *right, "{segment} {pixel} {shift}");
                    }
                }
            }
        }
    }
}
