//! How does a plane become the state of an equation? It can be added up, so every scheme can step it.

use crate::Plane;
use rayon::prelude::*;
use timestep_kernels::Buffer;
use timestep_numerics::State;

/// Pixels that one thread combines at a time.
const PIECE: usize = 1 << 15;

impl State for Plane {
    type Coef = f64;

    fn lincomb(terms: &[(f64, &Plane)]) -> Plane {
        let weights: Vec<f32> = terms.iter().map(|(c, _)| *c as f32).collect();
        let first = terms[0].1;
        let mut pixels = Buffer::new(first.pixels().len());
        pixels
            .par_chunks_mut(PIECE)
            .enumerate()
            .for_each(|(piece, out)| {
                let from = piece * PIECE;
                let to = from + out.len();
                let part = |term: usize| &terms[term].1.pixels()[from..to];
                // Two and three terms are what Euler and a linear multistep method have.
                match weights[..] {
                    [a, b] => {
                        for ((o, x), y) in out.iter_mut().zip(part(0)).zip(part(1)) {
                            *o = a * x + b * y;
                        }
                    }
                    [a, b, c] => {
                        let three = part(0).iter().zip(part(1)).zip(part(2));
                        for (o, ((x, y), z)) in out.iter_mut().zip(three) {
                            *o = a * x + b * y + c * z;
                        }
                    }
                    _ => {
                        out.fill(0.0);
                        for (term, c) in weights.iter().enumerate() {
                            for (o, x) in out.iter_mut().zip(part(term)) {
                                *o += c * x;
                            }
                        }
                    }
                }
            });
        first.with_pixels(pixels)
    }

    fn dot(&self, other: &Self) -> f64 {
        let pairs = self.pixels().iter().zip(other.pixels());
        pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    }

    fn is_finite(&self) -> bool {
        self.not_finite() == 0
    }
}
