//! Where does every random number come from, so that it can be drawn again?
//!
//! There is no global generator and no state to save. A [`Stream`] is named by four things: the seed of the
//! run, the *purpose* in words, a *time* (a step or an epoch) and an *image* (its number in the data set, or
//! [`Stream::WHOLE`] for draws that a whole batch shares). The same four give the same numbers, whatever was
//! drawn before, by which thread, in which micro-batch, on which machine.
//!
//! # Algorithm
//! Philox4x64 with 10 rounds (Salmon et al. 2011): a bijection of 256-bit counters under a 128-bit key. The
//! key is `(seed, purpose)`, where the purpose is its 64-bit FNV-1a hash, and the counter is
//! `(block, time, image, 0)`, so streams of a seed and purpose never share a block and a stream costs nothing to open.
//! Blocks are counted from 1 and each gives four numbers of 64 bits, as in NumPy, which therefore repeats
//! all of it: `Generator(Philox(counter=[0, time, image, 0], key=[seed, purpose]))`.
//!
//! How 64 bits become other numbers is said at each method. `random_raw`, `random`, `standard_normal` and, for shapes up to
//! 1, `beta` of NumPy give the same `f64`; `docs/concepts/randomness.md` has the program.
//!
//! # References
//! J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, Parallel random numbers: as easy as 1, 2, 3, SC 2011;
//! G. Marsaglia, W. W. Tsang, The ziggurat method for generating random variables, J. Stat. Softw. 5(8), 2000;
//! D. Lemire, Fast random integer generation in an interval, ACM Trans. Model. Comput. Simul. 29(1), 2019;
//! G. Marsaglia, W. W. Tsang, A simple method for generating gamma variables, ACM Trans. Math. Softw. 26(3), 2000;
//! M. D. Jöhnk, Erzeugung von betaverteilten und gammaverteilten Zufallszahlen, Metrika 8, 1964.

mod layers;

use layers::{BASE, EDGES};

/// What random numbers are for: the hash of a name.
///
/// A name is hashed in a nanosecond a byte; a loop that opens many streams of one purpose may hash it once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Purpose(u64);

impl Purpose {
    /// FNV-1a over the bytes of `name`: from `0xcbf29ce484222325` on, each byte is xored in and the hash
    /// multiplied by `0x100000001b3`.
    #[must_use]
    pub const fn new(name: &str) -> Self {
        let bytes = name.as_bytes();
        let (mut hash, mut at) = (0xcbf2_9ce4_8422_2325_u64, 0);
        while at < bytes.len() {
            hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0000_0100_0000_01b3);
            at += 1;
        }
        Self(hash)
    }
}

impl From<&str> for Purpose {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<&String> for Purpose {
    fn from(name: &String) -> Self {
        Self::new(name)
    }
}

/// The random numbers of one purpose, time and image of a run.
///
/// ```
/// use timestep_numerics::random::Stream;
///
/// let dice = |epoch| Stream::new(7, "example", epoch, Stream::WHOLE).below(6);
/// assert_eq!(dice(1), dice(1));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    key: [u64; 2],
    /// The counter of `block`.
    counter: [u64; 4],
    block: [u64; 4],
    /// How many numbers of `block` are taken.
    taken: usize,
    /// All ones where every number is replaced by its mirror image, else 0.
    mirror: u64,
}

/// Steps of a 53-bit number in the unit interval.
const STEP: f64 = 1.0 / (1_u64 << 53) as f64;

impl Stream {
    /// In place of an image: draws that all images share.
    pub const WHOLE: u64 = u64::MAX;

    /// The stream of a seed, purpose, time and image, at its beginning.
    #[must_use]
    pub fn new(seed: u64, purpose: impl Into<Purpose>, time: u64, image: u64) -> Self {
        Self {
            key: [seed, purpose.into().0],
            counter: [0, time, image, 0],
            block: [0; 4],
            taken: 4,
            mirror: 0,
        }
    }

    /// The rest of this stream as in a mirror: each uniform number `U` is `1 - U`, each normal number its negative.
    #[must_use]
    pub fn mirrored(&self) -> Self {
        Self {
            mirror: !self.mirror,
            ..self.clone()
        }
    }

    /// The next 64 bits of the generator, never mirrored.
    #[inline]
    fn raw(&mut self) -> u64 {
        if self.taken == 4 {
            self.counter[0] = self.counter[0].wrapping_add(1);
            self.block = philox(self.counter, self.key);
            self.taken = 0;
        }
        let bits = self.block[self.taken & 3];
        self.taken += 1;
        bits
    }

    /// The next 64 bits.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        self.raw() ^ self.mirror
    }

    /// The upper half of the next 64 bits.
    #[inline]
    pub fn next_u32(&mut self) -> u32 {
        (self.next_u64() >> 32) as u32
    }

    /// A uniform number of `[0, 1)`: the upper 53 of 64 bits, times `2^-53`.
    #[inline]
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * STEP
    }

    /// A uniform number of `(0, 1)`: the upper 52 of 64 bits and one half, times `2^-52`. Of 53 bits the largest
    /// number would be rounded up to 1.
    #[inline]
    pub fn open_unit(&mut self) -> f64 {
        ((self.next_u64() >> 12) as f64 + 0.5) * (2.0 * STEP)
    }

    /// A uniform integer in `0..n`, without bias; 0 when `n` is 0 or 1.
    ///
    /// The upper half of the 128-bit product of `n` and 64 bits, which are drawn again while the lower half is below
    /// `2^64 mod n` (Lemire 2019).
    #[inline]
    pub fn below(&mut self, n: usize) -> usize {
        let n = n as u64;
        if n == 0 {
            return 0;
        }
        let reject = n.wrapping_neg() % n;
        loop {
            let product = u128::from(self.next_u64()) * u128::from(n);
            if product as u64 >= reject {
                return (product >> 64) as usize;
            }
        }
    }

    /// True with probability `p`: whether [`unit`](Self::unit) is below it.
    #[inline]
    pub fn bernoulli(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// A normal number of mean 0 and variance 1, by the ziggurat of 256 layers.
    ///
    /// Of 64 bits, bits 0 to 7 choose the layer, bit 8 the sign and bits 9 to 60 the place in it.
    /// Where the place is not under the density for sure, one more uniform number decides, or in the tail (`|x| > 3.65`)
    /// pairs of them do.
    #[inline]
    pub fn normal(&mut self) -> f64 {
        // The mirror of a normal number is its negative; mirrored bits would choose another layer.
        let x = self.ziggurat();
        if self.mirror == 0 { x } else { -x }
    }

    #[inline]
    fn ziggurat(&mut self) -> f64 {
        loop {
            let bits = self.raw();
            let (layer, place) = ((bits & 0xff) as usize, bits >> 9 & ((1 << 52) - 1));
            let [outer, inner] = LAYERS[layer];
            let size = place as f64 * (2.0 * STEP) * outer;
            if size < inner {
                return signed(size, bits >> 8);
            }
            if layer == 0 {
                return signed(self.tail(), place >> 8);
            }
            if self.is_under(layer, size) {
                return signed(size, bits >> 8);
            }
        }
    }

    /// Is a random height of a layer, in the part that the density cuts, under the density at `size`?
    #[cold]
    fn is_under(&mut self, layer: usize, size: f64) -> bool {
        let density = |x: f64| (-0.5 * x * x).exp();
        let (top, bottom) = (density(EDGES[layer - 1]), density(EDGES[layer]));
        (top - bottom) * self.plain() + bottom < density(size)
    }

    /// A normal number beyond the last edge (Marsaglia 1964).
    #[cold]
    fn tail(&mut self) -> f64 {
        const LAST: f64 = EDGES[255];
        loop {
            let x = -(-self.plain()).ln_1p() / LAST;
            let y = -(-self.plain()).ln_1p();
            if y + y > x * x {
                return LAST + x;
            }
        }
    }

    /// A uniform number of `[0, 1)`, never mirrored.
    fn plain(&mut self) -> f64 {
        (self.raw() >> 11) as f64 * STEP
    }

    /// Fills `out` with normal numbers of standard deviation `deviation`: the product is rounded to `f32`.
    pub fn fill_normal(&mut self, out: &mut [f32], deviation: f64) {
        for value in out {
            *value = (deviation * self.normal()) as f32;
        }
    }

    /// Fills `out` with uniform numbers: `low + (high - low) ·` [`open_unit`](Self::open_unit), rounded to `f32`.
    pub fn fill_uniform(&mut self, out: &mut [f32], low: f64, high: f64) {
        for value in out {
            *value = (low + (high - low) * self.open_unit()) as f32;
        }
    }

    /// Puts `items` into random order: from the last place to the second, each is exchanged with one of the
    /// places up to itself, drawn by [`below`](Self::below) (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }

    /// A number of the gamma distribution with density `x^(shape-1) e^(-x) / Γ(shape)`; NaN unless `shape > 0`.
    ///
    /// For shapes of at least 1, by Marsaglia and Tsang's method: with `b = shape - 1/3`, `c = 1/√(9b)` and
    /// `V = (1 + c x)³` for normal `x`, `b V` is taken if `1 + c x > 0` and, for a uniform `U`,
    /// `U < 1 - 0.0331 x⁴` or `ln U < x²/2 + b (1 - V + ln V)`. Below, `gamma(shape + 1) U^(1/shape)`.
    pub fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 && shape > 0.0 {
            return self.gamma(shape + 1.0) * self.open_unit().powf(1.0 / shape);
        }
        if shape.is_nan() || shape <= 0.0 {
            return f64::NAN;
        }
        let b = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * b).sqrt();
        loop {
            let x = self.normal();
            let root = 1.0 + c * x;
            if root <= 0.0 {
                continue;
            }
            let (v, u) = (root * root * root, self.unit());
            if u < 1.0 - 0.0331 * (x * x) * (x * x) || u.ln() < 0.5 * x * x + b * (1.0 - v + v.ln())
            {
                return b * v;
            }
        }
    }

    /// A number of the beta distribution with density proportional to `x^(a-1) (1-x)^(b-1)`; NaN unless both
    /// shapes are above 0.
    ///
    /// If no shape is above 1, by Jöhnk's method: with uniform `U`, `V`, `X = U^(1/a)` and `Y = V^(1/b)`, drawn again
    /// until `X + Y ≤ 1`, the number is `X/(X+Y)`. Otherwise `G/(G+H)` with [`gamma`](Self::gamma) numbers of shapes `a` and `b`.
    pub fn beta(&mut self, a: f64, b: f64) -> f64 {
        if !(a > 0.0 && b > 0.0) {
            return f64::NAN;
        }
        if a > 1.0 || b > 1.0 {
            let (g, h) = (self.gamma(a), self.gamma(b));
            return g / (g + h);
        }
        loop {
            let (u, v) = (self.unit(), self.unit());
            let (x, y) = (u.powf(1.0 / a), v.powf(1.0 / b));
            let sum = x + y;
            if sum > 1.0 {
                continue;
            }
            if sum > 0.0 {
                return x / sum;
            }
            // Both powers are 0 in floating point: tiny shapes. The larger one has all.
            let (x, y) = (u.ln() / a, v.ln() / b);
            if x != y {
                return 1.0 / (1.0 + (y - x).exp());
            }
        }
    }
}

/// Outer and inner end of each layer: between them, the layer is cut by the density.
static LAYERS: [[f64; 2]; 256] = layers();

const fn layers() -> [[f64; 2]; 256] {
    let mut out = [[BASE, EDGES[255]]; 256];
    let mut layer = 1;
    while layer < 256 {
        out[layer] = [EDGES[layer], EDGES[layer - 1]];
        layer += 1;
    }
    out
}

/// `size` with the sign that the lowest bit says: at random, so a branch would be guessed wrong every other time.
#[inline]
fn signed(size: f64, bit: u64) -> f64 {
    f64::from_bits(size.to_bits() | (bit & 1) << 63)
}

/// Ten rounds of Philox4x64.
#[inline]
fn philox(counter: [u64; 4], key: [u64; 2]) -> [u64; 4] {
    let product = |a: u64, b: u64| {
        let product = u128::from(a) * u128::from(b);
        ((product >> 64) as u64, product as u64)
    };
    let ([mut a, mut b, mut c, mut d], [mut left, mut right]) = (counter, key);
    for _ in 0..10 {
        let (high, low) = product(a, 0xd2e7_470e_e14c_6c93);
        let (high_too, low_too) = product(c, 0xca5a_8263_9512_1157);
        (a, b, c, d) = (high_too ^ b ^ left, low_too, high ^ d ^ right, low);
        // Weyl sequences of the golden ratio and of √3 - 1.
        left = left.wrapping_add(0x9e37_79b9_7f4a_7c15);
        right = right.wrapping_add(0xbb67_ae85_84ca_a73b);
    }
    [a, b, c, d]
}

#[cfg(test)]
mod tests;
