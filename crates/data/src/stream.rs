//! Where does each random choice come from, so that it can be repeated?
//!
//! There is no global generator. A *stream* is a ChaCha8 generator whose 256-bit key is the
//! SHA-256 of the run's seed, the purpose in words, and two numbers (say epoch and image). Two
//! different questions never share a stream, and the answer to one does not depend on how many
//! others were asked before it, or by which thread.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

/// The stream of random numbers for one purpose of one run.
///
/// The key is SHA-256 of: the 18 bytes `timestep stream v1`, `seed`, the length of `purpose` in
/// bytes, `purpose`, `a`, `b`; numbers as 64-bit little-endian. This is a promise: the same
/// arguments give the same numbers in every later version.
///
/// This crate uses the purposes `order` (a = epoch), `augment` and `jitter` (a = epoch, b = image).
///
/// ```
/// use timestep_data::{below, stream};
/// let dice = |a| below(&mut stream(7, "doc-example", a, 0), 6);
/// assert_eq!(dice(1), dice(1));
/// ```
#[must_use]
pub fn stream(seed: u64, purpose: &str, a: u64, b: u64) -> ChaCha8Rng {
    let mut key = Sha256::new();
    key.update(b"timestep stream v1");
    key.update(seed.to_le_bytes());
    // The length keeps ("ab", …) and ("a", …) apart whatever the numbers that follow.
    key.update((purpose.len() as u64).to_le_bytes());
    key.update(purpose.as_bytes());
    key.update(a.to_le_bytes());
    key.update(b.to_le_bytes());
    ChaCha8Rng::from_seed(key.finalize().into())
}

/// A uniform integer in `0..n`, without bias; 0 when `n` is 0 or 1.
///
/// Lemire's multiply-and-reject on 32-bit draws. It is written out here, not taken from `rand`,
/// because that crate may change its method between versions and a saved run must repeat.
#[must_use]
pub fn below(rng: &mut ChaCha8Rng, n: u32) -> u32 {
    if n == 0 {
        return 0;
    }
    // The lowest `2^32 mod n` products are over-represented and are drawn again.
    let reject = n.wrapping_neg() % n;
    loop {
        let product = u64::from(rng.next_u32()) * u64::from(n);
        if product as u32 >= reject {
            return (product >> 32) as u32;
        }
    }
}

/// A uniform number of `0..1`: 53 random bits, a multiple of 2^-53.
pub(crate) fn unit(rng: &mut ChaCha8Rng) -> f64 {
    const STEP: f64 = 1.0 / (1u64 << 53) as f64;
    (rng.next_u64() >> 11) as f64 * STEP
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_argument_matters() {
        let first = |s, p, a, b| stream(s, p, a, b).next_u64();
        let base = first(1, "order", 2, 3);
        assert_eq!(base, first(1, "order", 2, 3));
        for other in [
            first(2, "order", 2, 3),
            first(1, "augment", 2, 3),
            first(1, "order", 3, 3),
            first(1, "order", 2, 4),
            first(1, "order", 3, 2),
        ] {
            assert_ne!(base, other);
        }
    }

    /// The promise of `stream`: these numbers may never change. They were computed by an
    /// independent program (Python: `hashlib` and ChaCha8 written out).
    #[test]
    fn numbers_are_pinned() {
        let mut rng = stream(42, "order", 1, 0);
        let drawn: Vec<u32> = (0..8).map(|_| below(&mut rng, 1000)).collect();
        assert_eq!(drawn, PINNED);
    }
    const PINNED: [u32; 8] = [197, 573, 490, 616, 697, 79, 279, 577];

    #[test]
    fn below_is_uniform_and_bounded() {
        let mut rng = stream(3, "test", 0, 0);
        assert_eq!(below(&mut rng, 0), 0);
        assert_eq!(below(&mut rng, 1), 0);
        let mut counts = [0u32; 7];
        for _ in 0..70_000 {
            counts[below(&mut rng, 7) as usize] += 1;
        }
        // Five standard deviations of a binomial with n = 70000, p = 1/7 is 463.
        assert!(
            counts.iter().all(|&c| c.abs_diff(10_000) < 463),
            "{counts:?}"
        );
    }
}
