//! How is a learned function of one number evaluated fast? As a piecewise cubic, looked up in a table.
//!
//! A model defines its influence functions as sums of Gaussians; what runs is their cubic Hermite interpolant on
//! knots [`WIDTH`] apart. Both are linear in the weights, so training goes through exactly what runs, and the
//! interpolation costs no quality. It is continuous with its derivative, so finite differences agree with the gradient.

/// Pieces of a function: between -[`RANGE`] and [`RANGE`].
pub const PIECES: usize = 64;
/// Width of a piece, in grey levels.
pub const WIDTH: f32 = 10.0;
/// Beyond this a function keeps its last value.
pub const RANGE: f32 = 320.0;
/// The largest place in the table: just below [`PIECES`].
pub(crate) const LAST: f32 = 63.999_996;

/// Places of the first and the last piece: an argument divided by [`WIDTH`].
pub(crate) const FIRST_PLACE: f32 = -RANGE / WIDTH;
pub(crate) const LAST_PLACE: f32 = 31.999_998;

/// [`piece_of`] for a place, an argument divided by [`WIDTH`].
#[inline(always)]
pub(crate) fn piece_at(place: f32) -> (usize, f32) {
    // The order of the comparisons sends NaN to the first piece.
    let place = if place > FIRST_PLACE {
        place
    } else {
        FIRST_PLACE
    };
    let place = if place < LAST_PLACE {
        place
    } else {
        LAST_PLACE
    };
    // Rounded down; there may be no instruction for that.
    let whole = place as i32 as f32;
    let below = if whole > place { whole - 1.0 } else { whole };
    ((below - FIRST_PLACE) as usize, place - below)
}

/// The piece that holds `z`, and how far into it `z` lies (0..1).
#[inline(always)]
#[must_use]
pub fn piece_of(z: f32) -> (usize, f32) {
    // The order of the comparisons sends NaN to the first piece.
    let place = z.mul_add(1.0 / WIDTH, RANGE / WIDTH);
    let place = if place > 0.0 { place } else { 0.0 };
    let place = if place < LAST { place } else { LAST };
    let piece = place as usize;
    (piece, place - piece as f32)
}

/// The four coefficients of every piece of the Hermite interpolant of `f`, given `f` and its derivative at a knot:
/// four rows of [`PIECES`] numbers.
#[must_use]
pub fn hermite(f: impl Fn(f64) -> (f64, f64)) -> Vec<f64> {
    let knot = |m: usize| f64::from(WIDTH) * m as f64 - f64::from(RANGE);
    let mut tables = vec![0.0; 4 * PIECES];
    for m in 0..PIECES {
        let ((a, da), (b, db)) = (f(knot(m)), f(knot(m + 1)));
        let (da, db) = (da * f64::from(WIDTH), db * f64::from(WIDTH));
        for (row, c) in [
            a,
            da,
            3.0 * (b - a) - 2.0 * da - db,
            2.0 * (a - b) + da + db,
        ]
        .into_iter()
        .enumerate()
        {
            tables[row * PIECES + m] = c;
        }
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_the_line() {
        assert_eq!(piece_of(-320.0), (0, 0.0));
        assert_eq!(piece_of(-1e9), (0, 0.0));
        assert_eq!(piece_of(0.0), (32, 0.0));
        assert_eq!(piece_of(5.0), (32, 0.5));
        assert_eq!(piece_of(1e9).0, 63);
        assert_eq!(piece_of(f32::NAN), (0, 0.0));
        for z in [-400.0_f32, -320.0, -15.0, 0.0, 5.0, 155.0, 315.0, f32::NAN] {
            assert_eq!(piece_at(z / WIDTH), piece_of(z), "{z}");
        }
        assert_eq!(piece_at(1e9), (63, LAST_PLACE - 31.0));
    }

    #[test]
    fn a_cubic_is_its_own_interpolant() {
        let cubic = |z: f64| (1e-6 * z.powi(3) - 0.1 * z + 2.0, 3e-6 * z * z - 0.1);
        let tables = hermite(cubic);
        for z in [-319.0_f32, -12.5, 0.0, 3.0, 250.0] {
            let (piece, tau) = piece_of(z);
            let c = |row: usize| tables[row * PIECES + piece];
            let tau = f64::from(tau);
            let value = c(0) + tau * (c(1) + tau * (c(2) + tau * c(3)));
            assert!((value - cubic(f64::from(z)).0).abs() < 1e-4);
        }
    }
}
