//! How are features multiplied by numbers of each image? By gates that are learned, or by masks that are not.

use super::record::{Pullback, Record};
use super::tensor::{Tensor, places};

impl Record {
    /// `v[b, c, y, x] = a[b, c] u[b, c, y, x]`. Back: `du = a g`, `da[b, c] = Σ g u` over the pixels.
    pub(super) fn gated(&self, input: &Tensor, gates: &Tensor) -> Tensor {
        let dims = input.dims();
        let area = dims[2] * dims[3];
        assert_eq!(gates.rows(), [dims[0], dims[1]], "a gate a channel");
        let (u, a) = (input.data.clone(), gates.data.clone());
        let product = move |a: &[f64], u: &[f64]| -> Vec<f64> {
            let all = u.iter().enumerate();
            all.map(|(i, u)| a[i / area] * u).collect()
        };
        let out = product(&a, &u);
        let to_input = move |g: &[f64]| product(&a, g);
        let count = gates.data.len();
        let to_gates = move |g: &[f64]| {
            let mut da = vec![0.0; count];
            for (i, (g, u)) in g.iter().zip(u.iter()).enumerate() {
                da[i / area] += g * u;
            }
            da
        };
        self.record(
            input.shape,
            out,
            vec![(input, Box::new(to_input)), (gates, Box::new(to_gates))],
        )
    }

    /// `v = m u`, number by number; `m` is in the order `[batch, height, width, channels]`. Back: `du = m g`.
    pub(super) fn masked(&self, input: &Tensor, mask: &[f32]) -> Tensor {
        let dims = input.dims();
        let [_, channels, height, width] = dims;
        assert_eq!(mask.len(), input.data.len(), "a number for each feature");
        let mask: Vec<f64> = places(dims)
            .map(|[b, c, y, x]| f64::from(mask[((b * height + y) * width + x) * channels + c]))
            .collect();
        let product = |m: &[f64], u: &[f64]| m.iter().zip(u).map(|(m, u)| m * u).collect();
        let out = product(&mask, &input.data);
        let to_input = move |g: &[f64]| product(&mask, g);
        self.record(input.shape, out, vec![(input, Box::new(to_input))])
    }

    /// `v[b] = Σ wᵢ[b] uᵢ[b]`. Back, with the weights `w'` that take the place of `w`: `duᵢ[b] = w'ᵢ[b] g[b]`.
    pub(super) fn mixed(&self, terms: &[(&Tensor, &[f32], &[f32])]) -> Tensor {
        let (first, _, _) = terms[0];
        let image = first.data.len() / first.dims()[0];
        let mut out = vec![0.0; first.data.len()];
        let mut operands: Vec<(&Tensor, Pullback)> = Vec::new();
        for (input, forward, backward) in terms {
            assert_eq!(input.shape, first.shape, "terms of one shape");
            for (i, (v, u)) in out.iter_mut().zip(input.data.iter()).enumerate() {
                *v += f64::from(forward[i / image]) * u;
            }
            let backward = backward.to_vec();
            let to_term = move |g: &[f64]| -> Vec<f64> {
                let all = g.iter().enumerate();
                all.map(|(i, g)| f64::from(backward[i / image]) * g)
                    .collect()
            };
            operands.push((input, Box::new(to_term)));
        }
        self.record(first.shape, out, operands)
    }
}
