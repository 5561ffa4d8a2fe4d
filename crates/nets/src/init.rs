//! What are the first values of a parameter? Those of the published recipes.
//!
//! Convolutions: normal with variance `2 / (kernel² · out)` (He et al. 2015, fan-out); norms: scale
//! 1, shift 0; linear layers: uniform on `±1/√in`, PyTorch's default; `memory_k`: uniform on
//! `[-0.1, 0]` (the authors' code, which stores `1 - k`), and on `[-0.1/j², 0]` for the state `j` steps
//! back in `dense`.

use crate::{Init, Spec};
use timestep_numerics::random::Stream;

/// Draws the first value of a parameter, from the stream of the purpose `init NAME` of the run's seed.
#[must_use]
pub(crate) fn draw(spec: &Spec, seed: u64) -> Vec<f32> {
    let purpose = format!("init {}", spec.name);
    let mut stream = Stream::new(seed, &purpose, 0, Stream::WHOLE);
    let mut values = vec![0.0; spec.len()];
    match spec.init {
        Init::Constant(value) => values.fill(value as f32),
        Init::Uniform(low, high) => stream.fill_uniform(&mut values, low, high),
        Init::Normal(deviation) => stream.fill_normal(&mut values, deviation),
    }
    values
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
