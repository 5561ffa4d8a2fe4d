//! What are the first values of a parameter? Those of the published recipes.
//!
//! Convolutions: normal with variance `2 / (kernel² · out)` (He et al. 2015, fan-out); norms: scale
//! 1, shift 0; linear layers: uniform on `±1/√in`, PyTorch's default; `memory_k`: uniform on
//! `[-0.1, 0]` (the authors' code, which stores `1 - k`), and on `[-0.1/j², 0]` for the state `j` steps
//! back in `dense`.

use crate::{Init, Spec};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The stream of random numbers of one named purpose under one seed.
///
/// The key is FNV-1a over the name mixed with the seed: independent of the order in which
/// parameters are created and of the platform.
#[must_use]
pub fn stream(seed: u64, name: &str) -> ChaCha8Rng {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in name.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    let mut key = [0_u8; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&hash.to_le_bytes());
    key[16..24].copy_from_slice(b"ts-init\0");
    ChaCha8Rng::from_seed(key)
}

/// A uniform number in the open interval (0, 1), from 53 bits.
pub(crate) fn unit(rng: &mut ChaCha8Rng) -> f64 {
    ((rng.next_u64() >> 11) as f64 + 0.5) * (1.0 / (1_u64 << 53) as f64)
}

/// Draws the first value of a parameter.
#[must_use]
pub(crate) fn draw(spec: &Spec, seed: u64) -> Vec<f32> {
    let mut rng = stream(seed, &spec.name);
    let n = spec.len();
    match spec.init {
        Init::Constant(value) => vec![value as f32; n],
        Init::Uniform(low, high) => (0..n)
            .map(|_| (low + (high - low) * unit(&mut rng)) as f32)
            .collect(),
        Init::Normal(std) => {
            let mut values = Vec::with_capacity(n + 1);
            while values.len() < n {
                // Box-Muller gives two independent normals from two uniforms.
                let radius = (-2.0 * unit(&mut rng).ln()).sqrt();
                let angle = std::f64::consts::TAU * unit(&mut rng);
                values.push((std * radius * angle.cos()) as f32);
                values.push((std * radius * angle.sin()) as f32);
            }
            values.truncate(n);
            values
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Role;

    fn spec(init: Init) -> Spec {
        Spec {
            name: "layer".into(),
            shape: vec![100, 101],
            role: Role::Weight,
            init,
        }
    }

    #[test]
    fn normal_has_the_asked_moments() {
        let values = draw(&spec(Init::Normal(0.5)), 7);
        let n = values.len() as f64;
        let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
        let var = values
            .iter()
            .map(|v| (f64::from(*v) - mean).powi(2))
            .sum::<f64>()
            / n;
        assert_eq!(values.len(), 10_100);
        assert!(mean.abs() < 0.02, "mean {mean}");
        assert!((var - 0.25).abs() < 0.015, "variance {var}");
    }

    #[test]
    fn seeds_and_names_give_different_values() {
        let one = spec(Init::Uniform(-0.1, 0.0));
        let mut other = one.clone();
        other.name = "else".into();
        assert_eq!(draw(&one, 1), draw(&one, 1));
        assert_ne!(draw(&one, 1), draw(&one, 2));
        assert_ne!(draw(&one, 1), draw(&other, 1));
        assert!(draw(&one, 1).iter().all(|v| (-0.1..=0.0).contains(v)));
    }
}
