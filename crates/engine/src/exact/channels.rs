//! How are features put together? As linear combinations, and by taking, joining and placing channels and pixels.

use super::record::{Pullback, Record};
use super::tensor::{Place, Shape, Tensor, at, channels, places};
use crate::Sampling;
use std::rc::Rc;

/// What multiplies a term of a linear combination.
pub(super) enum Coefficient<'a> {
    /// A fixed number.
    Number(f64),
    /// One number, or one for each channel.
    Learned(&'a Tensor),
}

/// Positions of numbers that are copied: where to, and where from.
pub(super) type Copies = Vec<(usize, usize)>;

impl Record {
    /// `v = Σ cᵢ uᵢ`. Back: `duᵢ = cᵢ g`, `dcᵢ = Σ g uᵢ`, over all numbers or over each channel.
    pub(super) fn combination(&self, terms: &[(Coefficient<'_>, &Tensor)]) -> Tensor {
        let (_, first) = terms.first().expect("a combination has terms");
        let dims = first.dims();
        let mut out = vec![0.0; first.data.len()];
        let mut operands: Vec<(&Tensor, Pullback)> = Vec::new();
        for (coefficient, u) in terms {
            assert_eq!(u.shape, first.shape, "terms of one shape");
            let each: Vec<f64> = match coefficient {
                Coefficient::Number(c) => vec![*c; dims[1]],
                Coefficient::Learned(c) if c.data.len() == 1 => vec![c.data[0]; dims[1]],
                Coefficient::Learned(c) => c.data.to_vec(),
            };
            assert_eq!(each.len(), dims[1], "a coefficient, or one a channel");
            for ((v, u), c) in out.iter_mut().zip(u.data.iter()).zip(channels(dims)) {
                *v += each[c] * u;
            }
            let to_term = move |g: &[f64]| -> Vec<f64> {
                let all = g.iter().zip(channels(dims));
                all.map(|(g, c)| each[c] * g).collect()
            };
            operands.push((u, Box::new(to_term)));
            if let Coefficient::Learned(learned) = coefficient {
                let (count, u) = (learned.data.len(), u.data.clone());
                let to_coefficient = move |g: &[f64]| {
                    let mut dc = vec![0.0; count];
                    for ((g, u), c) in g.iter().zip(u.iter()).zip(channels(dims)) {
                        // Of one coefficient for all channels, `c % 1` is 0.
                        dc[c % count] += g * u;
                    }
                    dc
                };
                operands.push((learned, Box::new(to_coefficient)));
            }
        }
        if terms.iter().all(|(_, u)| u.zero) {
            return self.nothing(dims);
        }
        self.record(first.shape, out, operands)
    }

    /// Zeros.
    pub(super) fn nothing(&self, dims: [usize; 4]) -> Tensor {
        let shape = Shape::Features(dims);
        Tensor {
            zero: true,
            ..Tensor::new(shape, vec![0.0; shape.len()], Place::Nowhere)
        }
    }

    /// Numbers copied to features of extents `to`; numbers that nothing is copied to are 0. Back: the same copies in
    /// the other direction, added up.
    pub(super) fn copied(&self, to: [usize; 4], parts: Vec<(&Tensor, Copies)>) -> Tensor {
        let mut out = vec![0.0; to.iter().product()];
        let mut operands: Vec<(&Tensor, Pullback)> = Vec::new();
        for (input, copies) in parts {
            for (o, i) in &copies {
                out[*o] = input.data[*i];
            }
            let count = input.data.len();
            let to_input = move |g: &[f64]| {
                let mut du = vec![0.0; count];
                for (o, i) in &copies {
                    du[*i] += g[*o];
                }
                du
            };
            operands.push((input, Box::new(to_input)));
        }
        self.record(Shape::Features(to), out, operands)
    }

    /// `v[c] = u[first + c]`.
    pub(super) fn narrowed(&self, input: &Tensor, first: usize, count: usize) -> Tensor {
        let from = input.dims();
        let [batch, channels, height, width] = from;
        assert!(first + count <= channels, "as many channels as are taken");
        let to = [batch, count, height, width];
        let source = |[b, c, y, x]: [usize; 4]| at(from, [b, first + c, y, x]);
        let copies = places(to).map(|place| (at(to, place), source(place)));
        self.copied(to, vec![(input, copies.collect())])
    }

    /// `v[first + c] = u[c]`, the other channels are 0.
    pub(super) fn embedded(&self, input: &Tensor, first: usize, channels: usize) -> Tensor {
        self.side_by_side(&[(input, first)], channels)
    }

    /// The channels of all, one after the other.
    pub(super) fn joined(&self, parts: &[&Tensor]) -> Tensor {
        let mut count = 0;
        let mut placed = Vec::new();
        for part in parts {
            placed.push((*part, count));
            count += part.dims()[1];
        }
        self.side_by_side(&placed, count)
    }

    /// Features at their first channels among `count`; the others are 0.
    fn side_by_side(&self, parts: &[(&Tensor, usize)], count: usize) -> Tensor {
        let [batch, _, height, width] = parts[0].0.dims();
        let to = [batch, count, height, width];
        let copies = parts.iter().map(|(part, first)| {
            let from = part.dims();
            assert_eq!(
                [from[0], from[2], from[3]],
                [batch, height, width],
                "parts of one size"
            );
            assert!(first + from[1] <= count, "as many channels as fit");
            let target = |[b, c, y, x]: [usize; 4]| at(to, [b, first + c, y, x]);
            let copies = places(from).map(|place| (target(place), at(from, place)));
            (*part, copies.collect())
        });
        self.copied(to, copies.collect())
    }

    /// `v[c, y, x] = u[c, s y - offset, s x - offset]`; 0 outside the image and in the channels that are appended.
    pub(super) fn sampled(&self, input: &Tensor, sampling: Sampling) -> Tensor {
        let from = input.dims();
        let [batch, channels, height, width] = from;
        let Sampling {
            stride,
            offset,
            channels: count,
        } = sampling;
        assert!(channels <= count, "channels are appended, none is dropped");
        let to = [
            batch,
            count,
            height.div_ceil(stride),
            width.div_ceil(stride),
        ];
        let inside = |[b, c, y, x]: [usize; 4]| {
            if c >= channels {
                return None;
            }
            let y = (y * stride).checked_sub(offset)?;
            let x = (x * stride).checked_sub(offset)?;
            Some(at(from, [b, c, y, x]))
        };
        let copies = places(to).filter_map(|place| Some((at(to, place), inside(place)?)));
        self.copied(to, vec![(input, copies.collect())])
    }
}

/// A function `v = f(u)` of every number. Back: `du = f'(u) g`, where `slope(u, v)` is `f'`.
pub(super) fn pointwise(
    record: &Record,
    input: &Tensor,
    f: impl Fn(f64) -> f64,
    slope: impl Fn(f64, f64) -> f64 + 'static,
) -> Tensor {
    let out: Vec<f64> = input.data.iter().map(|u| f(*u)).collect();
    let (u, v) = (input.data.clone(), Rc::new(out.clone()));
    let to_input = move |g: &[f64]| {
        let all = g.iter().zip(u.iter().zip(v.iter()));
        all.map(|(g, (u, v))| slope(*u, *v) * g).collect()
    };
    record.record(input.shape, out, vec![(input, Box::new(to_input))])
}
