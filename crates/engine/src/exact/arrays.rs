//! How are parameters, coefficients, gates and logits computed with? Number by number, row by row.

use super::record::Record;
use super::tensor::{Shape, Tensor};
use crate::Targets;

/// The number for position `i` of an array, which is one for all if there is only one.
fn number(array: &[f64], i: usize) -> f64 {
    if array.len() == 1 { array[0] } else { array[i] }
}

/// The gradient of an array of `count` numbers: one that met all is given the sum.
fn gathered(count: usize, gradients: impl Iterator<Item = f64>) -> Vec<f64> {
    let all: Vec<f64> = gradients.collect();
    if count == 1 {
        vec![all.iter().sum()]
    } else {
        all
    }
}

/// The shape of a result of two arrays, either of which may be one number.
fn common(a: &Tensor, b: &Tensor) -> Shape {
    let (x, y) = (a.data.len(), b.data.len());
    assert!(x == y || x == 1 || y == 1, "arrays of one length");
    if x >= y { a.shape } else { b.shape }
}

impl Record {
    /// `v = a + b`. Back: `da = db = g`, summed for an array of one number.
    pub(super) fn sum(&self, a: &Tensor, b: &Tensor) -> Tensor {
        let shape = common(a, b);
        let all = 0..shape.len();
        let out = all
            .map(|i| number(&a.data, i) + number(&b.data, i))
            .collect();
        let to = |count: usize| move |g: &[f64]| gathered(count, g.iter().copied());
        let [to_a, to_b] = [to(a.data.len()), to(b.data.len())];
        self.record(shape, out, vec![(a, Box::new(to_a)), (b, Box::new(to_b))])
    }

    /// `v = a b`, number by number. Back: `da = g b`, `db = g a`, summed for an array of one number.
    pub(super) fn product(&self, a: &Tensor, b: &Tensor) -> Tensor {
        let shape = common(a, b);
        let all = 0..shape.len();
        let out = all
            .map(|i| number(&a.data, i) * number(&b.data, i))
            .collect();
        let to = |own: &Tensor, other: &Tensor| {
            let (count, other) = (own.data.len(), other.data.clone());
            move |g: &[f64]| {
                let products = g.iter().enumerate().map(|(i, g)| g * number(&other, i));
                gathered(count, products)
            }
        };
        let [to_a, to_b] = [to(a, b), to(b, a)];
        self.record(shape, out, vec![(a, Box::new(to_a)), (b, Box::new(to_b))])
    }

    /// `v_i = a_{o(i)}`, where `o` names every number once. Back: `da_{o(i)} = g_i`.
    pub(super) fn reordered(&self, a: &Tensor, order: Vec<usize>) -> Tensor {
        assert_eq!(a.data.len(), order.len(), "every number once");
        let out = order.iter().map(|at| a.data[*at]).collect();
        let back = move |g: &[f64]| {
            let mut da = vec![0.0; g.len()];
            order.iter().zip(g).for_each(|(at, g)| da[*at] = *g);
            da
        };
        self.record(a.shape, out, vec![(a, Box::new(back))])
    }

    /// `v_rj = Σᵢ x_ri w_ji + b_j`. Back: `dx_ri = Σⱼ g_rj w_ji`, `dw_ji = Σᵣ g_rj x_ri`, `db_j = Σᵣ g_rj`.
    pub(super) fn linear_rows(&self, input: &Tensor, weight: &Tensor, bias: &Tensor) -> Tensor {
        let [rows, from] = input.rows();
        let to = bias.data.len();
        assert_eq!(weight.data.len(), from * to, "weights of a linear layer");
        // Calls `f` with the positions of every product: in `x`, in `w`, and in the result.
        let products = move |f: &mut dyn FnMut(usize, usize, usize)| {
            for r in 0..rows {
                for j in 0..to {
                    for i in 0..from {
                        f(r * from + i, j * from + i, r * to + j);
                    }
                }
            }
        };
        let (x, w) = (input.data.clone(), weight.data.clone());
        let mut out: Vec<f64> = (0..rows * to).map(|o| bias.data[o % to]).collect();
        products(&mut |i, t, o| out[o] += x[i] * w[t]);
        let to_input = move |g: &[f64]| {
            let mut dx = vec![0.0; rows * from];
            products(&mut |i, t, o| dx[i] += g[o] * w[t]);
            dx
        };
        let to_weight = move |g: &[f64]| {
            let mut dw = vec![0.0; to * from];
            products(&mut |i, t, o| dw[t] += g[o] * x[i]);
            dw
        };
        let to_bias = move |g: &[f64]| {
            let mut db = vec![0.0; to];
            for (o, g) in g.iter().enumerate() {
                db[o % to] += g;
            }
            db
        };
        self.record(
            Shape::Array([rows, to]),
            out,
            vec![
                (input, Box::new(to_input)),
                (weight, Box::new(to_weight)),
                (bias, Box::new(to_bias)),
            ],
        )
    }

    /// `v = -Σ t log p / rows` with `p = softmax(z)`, `log p_c = z_c - log Σ e^z`, for targets `t` whose rows sum to 1.
    /// Back: `dz = g (p - t) / rows`.
    pub(super) fn loss(&self, logits: &Tensor, targets: &Targets) -> Tensor {
        let [rows, classes] = logits.rows();
        let t = targets.distribution(classes);
        assert_eq!(t.len(), rows * classes, "a target for each row of logits");
        let mut log_p = Vec::with_capacity(t.len());
        for z in logits.data.chunks_exact(classes) {
            // The largest is taken out before exponentials, which overflow otherwise.
            let largest = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let total: f64 = z.iter().map(|z| (z - largest).exp()).sum();
            log_p.extend(z.iter().map(|z| z - largest - total.ln()));
        }
        // A target of 0 takes no part: a logit of -∞ costs nothing there.
        let terms = t.iter().zip(&log_p).filter(|(t, _)| **t != 0.0);
        let loss = -terms.map(|(t, l)| t * l).sum::<f64>() / rows as f64;
        let to_logits = move |g: &[f64]| {
            let all = log_p.iter().zip(&t);
            all.map(|(l, t)| g[0] * (l.exp() - t) / rows as f64)
                .collect()
        };
        self.record(
            Shape::Array([1, 1]),
            vec![loss],
            vec![(logits, Box::new(to_logits))],
        )
    }
}
