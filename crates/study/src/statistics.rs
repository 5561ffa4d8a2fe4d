//! Is a difference between two groups of runs more than chance?
//!
//! Student's distribution by the regularised incomplete beta function, its quantile by bisection;
//! Welch's interval for the difference of two means whose spreads need not be equal; Student's for
//! the mean of differences within pairs; Wilson's interval for a share.
//! Sources: B. L. Welch, Biometrika 34, 1947; Student, Biometrika 6, 1908; E. B. Wilson, J. Am. Stat. Ass. 22, 1927; continued
//! fraction of the incomplete beta function: DLMF 8.17.22, evaluated by Lentz's method.

/// Quantile of the normal distribution that leaves 2.5 % above it.
const NORMAL: f64 = 1.959_963_984_540_054;

/// Mean and spread of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Size.
    pub n: usize,
    /// Mean; NaN of nothing.
    pub mean: f64,
    /// Standard deviation with `n - 1`; `None` of fewer than two.
    pub deviation: Option<f64>,
}

impl Sample {
    /// Of some numbers.
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        let n = values.len();
        let mean = values.iter().sum::<f64>() / n as f64;
        let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        Self {
            n,
            mean,
            deviation: (n > 1).then(|| (squares / (n as f64 - 1.0)).sqrt()),
        }
    }
}

/// A difference of two means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// Mean of the second sample minus mean of the first.
    pub difference: f64,
    /// 95 % confidence interval; `None` if a sample has no spread to estimate.
    pub interval: Option<(f64, f64)>,
}

impl Difference {
    /// Whether chance explains it: the interval holds 0, or there is none.
    #[must_use]
    pub fn inconclusive(&self) -> bool {
        // Written so that NaN is inconclusive.
        !self
            .interval
            .is_some_and(|(low, high)| low > 0.0 || high < 0.0)
    }
}

/// Welch's interval for the mean of `b` minus the mean of `a`.
///
/// With `s²/n` of both samples `va` and `vb`, the half-width is `t √(va + vb)`, where `t` is the
/// 97.5 % quantile of Student's distribution with `(va + vb)² / (va²/(na - 1) + vb²/(nb - 1))` degrees
/// of freedom. Two samples without any spread have an interval of no width.
#[must_use]
pub fn welch(a: &Sample, b: &Sample) -> Difference {
    let difference = b.mean - a.mean;
    let interval = a.deviation.zip(b.deviation).map(|(sa, sb)| {
        let (na, nb) = (a.n as f64, b.n as f64);
        let (va, vb) = (sa * sa / na, sb * sb / nb);
        let variance = va + vb;
        if variance == 0.0 {
            return (difference, difference);
        }
        // The same quotient without the squares of tiny numbers.
        let share = va / variance;
        let freedom =
            1.0 / (share * share / (na - 1.0) + (1.0 - share) * (1.0 - share) / (nb - 1.0));
        let half = t_quantile(0.975, freedom) * variance.sqrt();
        (difference - half, difference + half)
    });
    Difference {
        difference,
        interval,
    }
}

/// Student's interval for the mean of `b[i] - a[i]`: what two samples have in common pair by pair, such as a seed, adds nothing to
/// its width.
///
/// With `s` the standard deviation of the `n` differences the half-width is `t s / √n`, where `t` is the 97.5 % quantile of
/// Student's distribution with `n - 1` degrees of freedom. Differences that are all the same, but not 0, have no interval: shares of a few
/// hundred images are so coarse that two of them often agree by chance.
///
/// # Panics
/// If the samples have different sizes.
#[must_use]
pub fn paired(a: &[f64], b: &[f64]) -> Difference {
    assert_eq!(a.len(), b.len(), "pairs");
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| b - a).collect();
    let sample = Sample::of(&differences);
    let spread = sample.deviation.filter(|s| *s > 0.0 || sample.mean == 0.0);
    let interval = spread.map(|s| {
        let n = sample.n as f64;
        let half = match s > 0.0 {
            true => t_quantile(0.975, n - 1.0) * s / n.sqrt(),
            false => 0.0,
        };
        (sample.mean - half, sample.mean + half)
    });
    Difference {
        difference: sample.mean,
        interval,
    }
}

/// Wilson's 95 % interval for a share seen in `n` trials.
#[must_use]
pub fn wilson(share: f64, n: usize) -> (f64, f64) {
    if n == 0 {
        return (0.0, 1.0);
    }
    let (n, z2) = (n as f64, NORMAL * NORMAL);
    let centre = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = NORMAL / (1.0 + z2 / n)
        * (share * (1.0 - share) / n + z2 / (4.0 * n * n))
            .max(0.0)
            .sqrt();
    ((centre - half).max(0.0), (centre + half).min(1.0))
}

/// The number that a variable of Student's distribution stays below with probability `p`.
///
/// `freedom` need not be whole. NaN unless `0 < p < 1` and `freedom > 0`.
#[must_use]
pub fn t_quantile(p: f64, freedom: f64) -> f64 {
    if !(p > 0.0 && p < 1.0 && freedom > 0.0) {
        return f64::NAN;
    }
    if p < 0.5 {
        return -t_quantile(1.0 - p, freedom);
    }
    let (mut low, mut high) = (0.0, 1.0);
    while t_distribution(high, freedom) < p && high < 1e300 {
        (low, high) = (high, 2.0 * high);
    }
    // Each halving gains a bit.
    for _ in 0..200 {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            break;
        }
        if t_distribution(middle, freedom) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// Probability that a variable of Student's distribution stays below `t ≥ 0`.
fn t_distribution(t: f64, freedom: f64) -> f64 {
    // I_x(ν/2, 1/2) with x = ν/(ν + t²) is the probability of both tails beyond ±t.
    let y = t * t / (freedom + t * t);
    1.0 - 0.5 * (1.0 - incomplete_beta(y, 0.5, freedom / 2.0))
}

/// The regularised incomplete beta function `I_x(a, b)`.
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    // The fraction converges fast below its turning point, and the other end mirrors it.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(1.0 - x, b, a);
    }
    let front =
        (a * x.ln() + b * (1.0 - x).ln() + ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b)).exp();
    front / a / fraction(x, a, b)
}

/// `1 + d_1/(1 + d_2/(1 + …))` of DLMF 8.17.22.
fn fraction(x: f64, a: f64, b: f64) -> f64 {
    // Instead of zero, which the method would divide by.
    const TINY: f64 = 1e-300;
    let guard = |v: f64| if v.abs() < TINY { TINY } else { v };
    let (mut c, mut d, mut f) = (1.0, 0.0, 1.0);
    for n in 1..2000 {
        let m = f64::from(n / 2);
        let term = if n % 2 == 0 {
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
        } else {
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
        };
        d = 1.0 / guard(1.0 + term * d);
        c = guard(1.0 + term / c);
        f *= c * d;
        if (c * d - 1.0).abs() < 1e-16 {
            break;
        }
    }
    f
}

/// Logarithm of the gamma function of a positive number: Stirling's series, after raising the
/// argument above 12, where six terms are exact to the last digit.
fn ln_gamma(mut x: f64) -> f64 {
    let mut product = 1.0;
    while x < 12.0 {
        product *= x;
        x += 1.0;
    }
    const SERIES: [f64; 6] = [
        1.0 / 12.0,
        -1.0 / 360.0,
        1.0 / 1260.0,
        -1.0 / 1680.0,
        1.0 / 1188.0,
        -691.0 / 360_360.0,
    ];
    let inverse = 1.0 / (x * x);
    let tail = SERIES.iter().rev().fold(0.0, |sum, c| sum * inverse + c) / x;
    (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + tail - product.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gamma_function_at_known_places() {
        let factorials = [(1.0, 1.0_f64), (5.0, 24.0), (11.0, 3_628_800.0)];
        for (x, value) in factorials {
            assert!((ln_gamma(x) - value.ln()).abs() < 1e-13, "{x}");
        }
        let half = std::f64::consts::PI.sqrt().ln();
        assert!((ln_gamma(0.5) - half).abs() < 1e-14);
        // ln Γ(100) = ln 99!
        assert!((ln_gamma(100.0) - 359.134_205_369_575_4).abs() < 1e-10);
    }

    #[test]
    fn quantiles_of_the_tables() {
        // Closed forms for 1 and 2 degrees of freedom; scipy.stats.t.ppf for the others.
        let tangent = |p: f64| (std::f64::consts::PI * (p - 0.5)).tan();
        let two = |p: f64| (2.0 * p - 1.0) * (2.0 / (4.0 * p * (1.0 - p))).sqrt();
        for p in [0.6, 0.9, 0.975, 0.995, 0.9999] {
            assert!((t_quantile(p, 1.0) / tangent(p) - 1.0).abs() < 1e-9, "{p}");
            assert!((t_quantile(p, 2.0) / two(p) - 1.0).abs() < 1e-9, "{p}");
            assert_eq!(t_quantile(1.0 - p, 3.0), -t_quantile(p, 3.0));
        }
        for (freedom, value) in [
            (3.0, 3.182_446_305_284_263),
            (4.0, 2.776_445_105_197_799),
            (5.0, 2.570_581_835_636_314),
            (10.0, 2.228_138_851_964_939),
            (30.0, 2.042_272_456_301_238),
            (120.0, 1.979_930_405_082_422),
            (2.7, 3.392_148_383_173_75),
        ] {
            let found = t_quantile(0.975, freedom);
            assert!((found / value - 1.0).abs() < 1e-9, "{freedom}: {found}");
        }
        assert!((t_quantile(0.975, 1e7) / NORMAL - 1.0).abs() < 1e-6);
        assert!((t_quantile(0.95, 7.35) / 1.881_092_987_587_6 - 1.0).abs() < 1e-9);
        assert!(t_quantile(1.0, 3.0).is_nan() && t_quantile(0.9, 0.0).is_nan());
    }

    #[test]
    fn the_distribution_is_increasing_between_whole_degrees() {
        let mut before = f64::INFINITY;
        for freedom in [1.0, 1.3, 2.0, 2.7, 4.0, 9.5, 50.0] {
            let t = t_quantile(0.975, freedom);
            assert!(t < before && (t_distribution(t, freedom) - 0.975).abs() < 1e-12);
            before = t;
        }
    }

    #[test]
    fn welch_as_computed_elsewhere() {
        // scipy.stats.ttest_ind(b, a, equal_var=False).confidence_interval(0.95)
        let a = Sample::of(&[0.9130, 0.9113, 0.9147]);
        let b = Sample::of(&[0.9164, 0.9150, 0.9171, 0.9160]);
        let found = welch(&a, &b);
        let (low, high) = found.interval.expect("an interval");
        assert!((found.difference - 0.003_125).abs() < 1e-12, "{found:?}");
        assert!(
            (low + 0.000_435_743_129).abs() < 1e-10 && (high - 0.006_685_743_129).abs() < 1e-10,
            "{found:?}"
        );
    }

    #[test]
    fn what_chance_explains_is_inconclusive() {
        let same = Sample::of(&[0.5, 0.6, 0.7]);
        assert!(welch(&same, &same).inconclusive());
        let one = Sample::of(&[0.9]);
        assert!(
            welch(&one, &same).inconclusive(),
            "no spread is known of one run"
        );
        let constant = Sample::of(&[0.5, 0.5]);
        assert!(welch(&constant, &constant).inconclusive());
        assert!(!welch(&constant, &Sample::of(&[0.6, 0.6])).inconclusive());
        assert!(
            !welch(
                &Sample::of(&[0.1, 0.11, 0.12]),
                &Sample::of(&[0.9, 0.91, 0.92])
            )
            .inconclusive()
        );
        assert!(welch(&Sample::of(&[]), &Sample::of(&[])).inconclusive());
    }

    #[test]
    fn pairs_take_out_what_both_have_in_common() {
        // Student 1908, additional hours of sleep with two drugs (his table 1): R's t.test(extra ~ group, paired = TRUE) has a
        // mean of 1.58 and the interval 0.7001142 to 2.4598858.
        let first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
        let second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
        let found = paired(&first, &second);
        let (low, high) = found.interval.unwrap();
        assert!((found.difference - 1.58).abs() < 1e-12);
        assert!((low - 0.700_114_2).abs() < 1e-6 && (high - 2.459_885_8).abs() < 1e-6);
        assert!(welch(&Sample::of(&first), &Sample::of(&second)).inconclusive());
        assert!(!found.inconclusive());
        assert!(
            paired(&[0.5], &[0.7]).inconclusive(),
            "one pair has no spread"
        );
        assert!(paired(&[0.5, 0.75], &[0.75, 1.0]).inconclusive());
        let same = paired(&[0.5, 0.75], &[0.5, 0.75]);
        assert_eq!(same.interval, Some((0.0, 0.0)));
        assert!(paired(&[], &[]).inconclusive());
    }

    #[test]
    fn wilson_stays_inside_and_shrinks() {
        // Newcombe 1998, table I: 81 of 263 is 0.2553 to 0.3662.
        let (low, high) = wilson(81.0 / 263.0, 263);
        assert!((low - 0.2553).abs() < 1e-4 && (high - 0.3662).abs() < 1e-4);
        let (low, high) = wilson(1.0, 10);
        assert!((high - 1.0).abs() < 1e-12 && low > 0.7);
        assert_eq!(wilson(0.0, 0), (0.0, 1.0));
    }
}
