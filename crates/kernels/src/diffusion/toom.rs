//! How does filtering a column take fewer multiplications? As a product of polynomials, by their values at points.
//!
//! Four pixels `z` and a column `k` of `F` taps, as polynomials, have a product of degree `F + 2`, which its values at
//! `P = F + 3` points determine (Toom 1963, Cook 1966). At infinity the value of a polynomial is its leading coefficient.
//! With `V` the values of the powers 0 to 3 at the points:
//!
//! ```text
//! z * k = Bᵀ [(V z) ⊙ (G k)]        synthesis: 4 pixels are spread to P
//! k ⋆ d = Vᵀ [(G k) ⊙ (B d)]        analysis: P pixels are gathered into 4, the transpose (Winograd 1980)
//! ```
//!
//! Row `p` of `B` holds the coefficients of `M(x) / (x - x_p)`, where `M` is the product of `x - x_q` over the finite points,
//! and those of `M` for infinity; the scale `1 / M'(x_p)` is part of `G`, which is computed in f64 and rounded once.
//! `P` products a column instead of `4 F`: 8 instead of 20 for five taps, 10 instead of 28 for seven.
//!
//! The points are 0, pairs `±a` and infinity. A pair shares its even and odd part: with `c` the coefficients of
//! `Π (x² - a²)` over all pairs and `q` over all other pairs, both as polynomials in `x²`,
//!
//! ```text
//! (B d)_0  = Σ c_m d_2m            (B d)_±a = Σ q_m d_2m+2 ± a Σ q_m d_2m+1            (B d)_∞ = Σ c_m d_2m+1
//! (V z)_0  = z_0                   (V z)_±a = (z_0 + a² z_2) ± (a z_1 + a³ z_3)        (V z)_∞ = z_3
//! ```
//!
//! The pairs are small fractions, so that `c`, `q`, `a` are exact in f32, and lie so that sums round little: errors are 3 times
//! those of direct sums for 5 taps and 6 times for 7, below 1e-4 grey levels RMS (`sums_at_points_round_a_little_more`; with
//! the pairs 1, 2, 1/2, 3 the test finds 15 times). Steps of trained models are compared with f64 in `crates/restore/tests/trd.rs`.

/// Rows of a map that are computed together. What rounds together lies in one group, counted from row 0 of the plane.
pub const GROUP: usize = 4;

/// Points there are more than taps in a column.
pub(super) const MORE: usize = GROUP - 1;

/// The positive points of the pairs, by their number: for 3, 5 and 7 taps.
const PAIRS: [&[f64]; 5] = [
    &[],
    &[],
    &[1.0, 2.0],
    &[1.0, 2.0, 0.5],
    &[0.375, 0.75, 1.375, 3.0],
];

/// Pairs of points for a column of `taps` taps: `taps + 3` points in all.
const fn pairs(taps: usize) -> usize {
    taps.div_ceil(2)
}

/// What multiplies the powers of a point: 8 for 1/2, so that they are 8, 4, 2, 1. `G` is divided by it.
const fn scale(a: f64) -> f64 {
    if a == 0.5 { 8.0 } else { 1.0 }
}

/// Coefficients of `Π (x² - a²)` as a polynomial in `x²`, over all pairs but `without`.
const fn product(at: &[f64], without: usize) -> [f64; 5] {
    let mut c = [1.0, 0.0, 0.0, 0.0, 0.0];
    let mut k = 0;
    while k < at.len() {
        if k != without {
            let mut m = 4;
            while m > 0 {
                c[m] = c[m - 1] - at[k] * at[k] * c[m];
                m -= 1;
            }
            c[0] *= -at[k] * at[k];
        }
        k += 1;
    }
    c
}

/// The numbers of the transforms for `H` pairs of points.
#[derive(Clone, Copy, Debug)]
pub(super) struct Points<const H: usize> {
    /// `a` of each pair.
    pub(super) at: [f32; H],
    /// Its powers 0 to 3, scaled.
    pub(super) powers: [[f32; GROUP]; H],
    /// `q` of each pair.
    pub(super) others: [[f32; H]; H],
    /// `c`, of which there are `H + 1`.
    pub(super) all: [f32; 5],
}

impl<const H: usize> Points<H> {
    /// Those of [`PAIRS`].
    #[allow(clippy::cast_possible_truncation)]
    pub(super) const fn new() -> Self {
        let pairs = PAIRS[H];
        let mut points = Self {
            at: [0.0; H],
            powers: [[0.0; GROUP]; H],
            others: [[0.0; H]; H],
            all: [0.0; 5],
        };
        let c = product(pairs, H);
        let mut k = 0;
        while k < 5 {
            points.all[k] = c[k] as f32;
            k += 1;
        }
        let mut k = 0;
        while k < H {
            points.at[k] = pairs[k] as f32;
            let mut power = scale(pairs[k]);
            let mut r = 0;
            while r < GROUP {
                points.powers[k][r] = power as f32;
                power *= pairs[k];
                r += 1;
            }
            let q = product(pairs, k);
            let mut m = 0;
            while m < H {
                points.others[k][m] = q[m] as f32;
                m += 1;
            }
            k += 1;
        }
        points
    }
}

/// `G k` for a column of taps: first 0, then every pair (+, -), then infinity.
pub(super) fn weights(taps: &[f64]) -> Vec<f64> {
    let at = PAIRS[pairs(taps.len())];
    let value = |x: f64| taps.iter().rev().fold(0.0, |sum, k| sum * x + k);
    // M'(0) is the lowest coefficient of M(x) / x, M'(±a) is 2 a² times that of the other pairs at a.
    let mut points = vec![taps[0] / product(at, at.len())[0]];
    for (k, a) in at.iter().enumerate() {
        let others = product(at, k);
        let slope: f64 = others.iter().rev().fold(0.0, |sum, q| sum * a * a + q);
        for x in [*a, -*a] {
            points.push(value(x) / (2.0 * a * a * slope * scale(*a)));
        }
    }
    points.push(taps[taps.len() - 1]);
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The transforms as matrices: `B` (points × pixels) and `V_4` (points × 4).
    fn matrices<const H: usize>() -> (Vec<Vec<f64>>, Vec<[f64; 4]>) {
        let points = Points::<H>::new();
        let count = 2 * H + 2;
        let mut b = vec![vec![0.0; count]; count];
        let mut v = vec![[0.0; 4]; count];
        for m in 0..=H {
            b[0][2 * m] = f64::from(points.all[m]);
            b[count - 1][2 * m + 1] = f64::from(points.all[m]);
        }
        (v[0][0], v[count - 1][3]) = (1.0, 1.0);
        for k in 0..H {
            for (p, sign) in [(1 + 2 * k, 1.0), (2 + 2 * k, -1.0)] {
                let a = sign * f64::from(points.at[k]);
                for m in 0..H {
                    let q = f64::from(points.others[k][m]);
                    b[p][2 * m + 2] = q;
                    b[p][2 * m + 1] = a * q;
                }
                for r in 0..4 {
                    v[p][r] = f64::from(points.powers[k][r]) * if r % 2 == 0 { 1.0 } else { sign };
                }
            }
        }
        (b, v)
    }

    /// A fraction of whole numbers.
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Ratio(i128, i128);

    impl Ratio {
        /// Exactly what a float is.
        fn of(x: f64) -> Self {
            let scaled = x * 2.0_f64.powi(40);
            assert_eq!(scaled, scaled.round(), "{x} is a small fraction");
            Self(scaled as i128, 1 << 40).reduced()
        }

        fn reduced(self) -> Self {
            let (mut a, mut b) = (self.0.abs(), self.1.abs());
            while b != 0 {
                (a, b) = (b, a % b);
            }
            let a = a.max(1) * self.1.signum();
            Self(self.0 / a, self.1 / a)
        }

        fn times(self, other: Self) -> Self {
            let (a, b) = (
                Self(self.0, other.1).reduced(),
                Self(other.0, self.1).reduced(),
            );
            Self(a.0 * b.0, a.1 * b.1)
        }

        fn plus(self, other: Self) -> Self {
            let common = Self(self.1, other.1).reduced();
            Self(self.0 * common.1 + other.0 * common.0, self.1 * common.1).reduced()
        }
    }

    /// Row `p` of `G`, exactly, from nothing but the points.
    fn exact_weights(taps: usize, p: usize) -> Vec<Ratio> {
        let at = PAIRS[pairs(taps)];
        let (zero, one) = (Ratio(0, 1), Ratio(1, 1));
        let mut xs = vec![zero];
        let mut scales = vec![one];
        for a in at {
            xs.extend([Ratio::of(*a), Ratio::of(-*a)]);
            scales.extend([Ratio::of(scale(*a)); 2]);
        }
        if p == xs.len() {
            return (0..taps)
                .map(|k| if k + 1 == taps { one } else { zero })
                .collect();
        }
        let mut slope = scales[p];
        for (q, x) in xs.iter().enumerate() {
            if q != p {
                slope = slope.times(xs[p].plus(Ratio(-x.0, x.1)));
            }
        }
        let inverse = Ratio(slope.1, slope.0).reduced();
        let mut power = one;
        let mut row = Vec::new();
        for _ in 0..taps {
            row.push(power.times(inverse));
            power = power.times(xs[p]);
        }
        row
    }

    fn products_are_exact<const H: usize>(taps: usize) {
        let (b, v) = matrices::<H>();
        let count = taps + 3;
        assert_eq!((b.len(), pairs(taps)), (count, H));
        // Pixel n of tap k times pixel r of the four: 1 where n = k + r, else 0, in whole numbers.
        let g: Vec<Vec<Ratio>> = (0..count).map(|p| exact_weights(taps, p)).collect();
        for n in 0..count {
            for k in 0..taps {
                for r in 0..4 {
                    let sum = (0..count).fold(Ratio(0, 1), |sum, p| {
                        let product = Ratio::of(b[p][n]).times(Ratio::of(v[p][r]));
                        sum.plus(product.times(g[p][k]))
                    });
                    assert_eq!(sum, Ratio(i128::from(n == k + r), 1), "{taps} {n} {k} {r}");
                }
            }
        }
        // The weights in f64 are those fractions.
        for k in 0..taps {
            let mut unit = vec![0.0; taps];
            unit[k] = 1.0;
            for (p, weight) in weights(&unit).into_iter().enumerate() {
                let right = g[p][k].0 as f64 / g[p][k].1 as f64;
                assert!((weight - right).abs() <= 1e-15 * right.abs());
            }
        }
    }

    #[test]
    fn the_transforms_multiply_polynomials_exactly() {
        products_are_exact::<2>(3);
        products_are_exact::<3>(5);
        products_are_exact::<4>(7);
    }

    /// RMS errors of four filtered pixels, direct and at points, for planes in 0..255 and filters without a mean.
    fn errors<const H: usize>(taps: usize) -> [f64; 2] {
        let (b, v) = matrices::<H>();
        let count = taps + 3;
        let mut state = 7_u64;
        let mut draw = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1_u32 << 24) as f32
        };
        let mut squares = [0.0_f64; 2];
        for _ in 0..2000 {
            let d: Vec<f32> = (0..count * taps).map(|_| 255.0 * draw()).collect();
            let mut k: Vec<f32> = (0..taps * taps).map(|_| draw() - 0.5).collect();
            let mean = k.iter().sum::<f32>() / k.len() as f32;
            k.iter_mut().for_each(|k| *k -= mean);
            let norm = k.iter().map(|k| k * k).sum::<f32>().sqrt();
            k.iter_mut().for_each(|k| *k /= norm);
            let (mut exact, mut direct) = ([0.0_f64; 4], [0.0_f32; 4]);
            let mut products = vec![0.0_f32; count];
            for column in 0..taps {
                let of = |row: usize| d[row * taps + column];
                for row in 0..taps {
                    let tap = k[row * taps + column];
                    for r in 0..4 {
                        exact[r] += f64::from(tap) * f64::from(of(row + r));
                        direct[r] = tap.mul_add(of(row + r), direct[r]);
                    }
                }
                let column: Vec<f64> = (0..taps)
                    .map(|row| f64::from(k[row * taps + column]))
                    .collect();
                for (p, weight) in weights(&column).into_iter().enumerate() {
                    let seen =
                        (0..count).fold(0.0_f32, |sum, n| (b[p][n] as f32).mul_add(of(n), sum));
                    products[p] = (weight as f32).mul_add(seen, products[p]);
                }
            }
            for r in 0..4 {
                let at_points =
                    (0..count).fold(0.0_f32, |sum, p| (v[p][r] as f32).mul_add(products[p], sum));
                squares[0] += (f64::from(direct[r]) - exact[r]).powi(2);
                squares[1] += (f64::from(at_points) - exact[r]).powi(2);
            }
        }
        squares.map(|s| (s / 8000.0).sqrt())
    }

    #[test]
    fn sums_at_points_round_a_little_more() {
        for (errors, most) in [
            (errors::<2>(3), 3.5),
            (errors::<3>(5), 3.5),
            (errors::<4>(7), 6.5),
        ] {
            let [direct, at_points] = errors;
            let times = at_points / direct;
            assert!(
                times < most,
                "{direct:.1e}, {at_points:.1e}: {times:.2} times"
            );
            assert!(at_points < 1e-4, "{at_points} grey levels");
        }
    }
}
