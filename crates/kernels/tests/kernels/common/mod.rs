//! What is a random convolution, and what is checked of it?

#![allow(
    dead_code,
    unused_imports,
    reason = "each test program uses its own part"
)]

mod expected;

pub(crate) use expected::{Close, Expected, check_moments, ensure, near, same_bits};

use timestep_kernels::{
    Affine, ConvGrads, ConvShape, Isa, Kernels, Moments, NormSums, Scaled, Sum, View,
};

/// All kernels that this processor can run, without and with Winograd's method.
pub(crate) fn all_kernels() -> Vec<Kernels> {
    let kernels = Isa::ALL.into_iter().filter_map(Kernels::new);
    kernels
        .flat_map(|k| [k.with_winograd(false), k.with_winograd(true)])
        .collect()
}

/// A shape in one line: images, rows and columns, channels in and out, side of the kernel, stride,
/// padding on every side, groups.
pub(crate) fn shape(
    batch: usize,
    (height, width): (usize, usize),
    (input, output): (usize, usize),
    (kernel, stride, padding): (usize, usize, usize),
    groups: usize,
) -> ConvShape {
    let kernel = ([kernel; 2], stride, [padding; 2]);
    oblong(batch, (height, width), (input, output), kernel, groups)
}

/// A [`shape`] whose kernel and padding have rows and columns of their own.
pub(crate) fn oblong(
    batch: usize,
    (height, width): (usize, usize),
    (input, output): (usize, usize),
    (kernel, stride, padding): ([usize; 2], usize, [usize; 2]),
    groups: usize,
) -> ConvShape {
    ConvShape {
        batch,
        height,
        width,
        input,
        output,
        kernel,
        stride,
        padding,
        groups,
    }
}

/// Shapes for both algorithms, strides, groups, oblong kernels, channels that fill no vector.
pub(crate) fn varied_shapes() -> [ConvShape; 9] {
    [
        shape(2, (5, 6), (16, 16), (3, 1, 1), 1),
        shape(1, (6, 5), (9, 11), (3, 1, 1), 1),
        shape(2, (5, 4), (5, 3), (3, 2, 1), 1),
        shape(2, (3, 4), (6, 8), (1, 1, 0), 2),
        shape(1, (5, 5), (8, 12), (3, 1, 1), 4),
        shape(1, (6, 6), (3, 5), (5, 1, 2), 1),
        shape(1, (7, 8), (32, 32), (3, 1, 1), 8),
        oblong(2, (5, 6), (9, 16), ([1, 7], 1, [0, 3]), 1),
        oblong(1, (7, 5), (16, 11), ([3, 1], 2, [1, 0]), 1),
    ]
}

/// Numbers that depend on a seed alone (SplitMix64).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// `n` numbers between -1 and 1 with all their digits.
    pub(crate) fn uniform(&mut self, n: usize) -> Vec<f32> {
        (0..n)
            .map(|_| (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0)
            .collect()
    }

    /// `n` multiples of `1 / steps` up to `most / steps` in size.
    fn grid(&mut self, n: usize, most: usize, steps: usize) -> Vec<f32> {
        (0..n)
            .map(|_| (self.below(2 * most + 1) as f32 - most as f32) / steps as f32)
            .collect()
    }
}

/// What is done to stored features before they are convolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    Relu,
    Norm,
    NormRelu,
}

impl Kind {
    pub(crate) const ALL: [Kind; 4] = [Kind::Plain, Kind::Relu, Kind::Norm, Kind::NormRelu];
}

/// Everything that goes into a forward and a backward pass.
///
/// Features, scales and shifts are small multiples of powers of two: a view is exact in `f32`, so
/// a ReLU cuts the kernels and the reference at the same features, some of which are zero.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) shape: ConvShape,
    pub(crate) kind: Kind,
    pub(crate) data: Vec<f32>,
    pub(crate) affine: [Vec<f32>; 3],
    pub(crate) weights: Vec<f32>,
    pub(crate) terms: Vec<(Vec<f32>, Vec<f32>)>,
    pub(crate) constant: Option<Vec<f32>>,
}

impl Case {
    /// A case with a gradient of `terms` terms, with or without a constant.
    pub(crate) fn new(
        shape: ConvShape,
        kind: Kind,
        (terms, constant): (usize, bool),
        seed: u64,
    ) -> Self {
        let mut numbers = Numbers(seed);
        let n = &mut numbers;
        Self {
            shape,
            kind,
            data: n.grid(shape.input_len(), 128, 64),
            affine: [
                n.grid(shape.input, 24, 16),
                n.grid(shape.input, 256, 256),
                n.uniform(shape.input),
            ],
            weights: n.uniform(shape.weight_len()),
            terms: (0..terms)
                .map(|_| (n.uniform(shape.output_len()), n.uniform(shape.output)))
                .collect(),
            constant: constant.then(|| n.uniform(shape.output)),
        }
    }

    pub(crate) fn view(&self) -> View<'_> {
        let [scale, shift, center] = &self.affine;
        let affine = Affine {
            scale,
            shift,
            center,
        };
        let (normed, relu) = match self.kind {
            Kind::Plain => (false, false),
            Kind::Relu => (false, true),
            Kind::Norm => (true, false),
            Kind::NormRelu => (true, true),
        };
        View {
            data: &self.data,
            affine: normed.then_some(affine),
            relu,
        }
    }

    pub(crate) fn sum(&self) -> Sum<'_> {
        Sum {
            terms: self
                .terms
                .iter()
                .map(|(data, scale)| Scaled { data, scale })
                .collect(),
            constant: self.constant.as_deref(),
        }
    }

    /// A forward pass with moments; what it does not write stays NaN.
    pub(crate) fn forward(&self, kernels: &Kernels) -> (Vec<f32>, Moments) {
        let mut out = vec![f32::NAN; self.shape.output_len()];
        let moments =
            kernels.conv_forward(&self.shape, &self.view(), &self.weights, &mut out, true);
        (out, moments.expect("moments were asked for"))
    }

    /// A backward pass with all results; what it does not write stays NaN.
    pub(crate) fn backward(&self, kernels: &Kernels) -> Backward {
        let mut input = vec![f32::NAN; self.shape.input_len()];
        let mut grad_out = vec![f32::NAN; self.shape.output_len()];
        let grads = self.backward_into(kernels, Some(&mut input), Some(&mut grad_out));
        Backward {
            input,
            grad_out,
            grads,
        }
    }

    /// A backward pass with the results that are asked for.
    pub(crate) fn backward_into(
        &self,
        kernels: &Kernels,
        input: Option<&mut [f32]>,
        grad_out: Option<&mut [f32]>,
    ) -> ConvGrads {
        let (view, sum) = (self.view(), self.sum());
        kernels.conv_backward(&self.shape, &view, &self.weights, &sum, input, grad_out)
    }

    /// Compares everything that `kernels` make of this case with what is expected; `Err` says where
    /// they differ.
    pub(crate) fn check(&self, kernels: &Kernels, expected: &Expected) -> Result<(), String> {
        let place = |error| format!("{:?} {:?} {kernels:?}: {error}", self.shape, self.kind);
        self.check_forward(kernels, expected).map_err(place)?;
        self.check_backward(kernels, expected).map_err(place)
    }

    fn check_forward(&self, kernels: &Kernels, expected: &Expected) -> Result<(), String> {
        let winograd = kernels.uses_winograd(&self.shape);
        let (out, moments) = self.forward(kernels);
        expected.out.compare("output", &out, winograd)?;
        check_moments(&out, &moments, self.shape.output)?;
        let mut again = vec![f32::NAN; out.len()];
        let none =
            kernels.conv_forward(&self.shape, &self.view(), &self.weights, &mut again, false);
        same_bits("output without moments", &again, &out)?;
        ensure(none.is_none(), "moments that were not asked for")
    }

    fn check_backward(&self, kernels: &Kernels, expected: &Expected) -> Result<(), String> {
        let winograd = kernels.uses_winograd(&self.shape);
        let all = self.backward(kernels);
        expected
            .grad_out
            .compare("added-up gradient", &all.grad_out, false)?;
        expected
            .weights
            .compare("gradient of weights", &all.grads.weights, winograd)?;
        expected
            .input
            .compare("gradient of input", &all.input, winograd)?;
        self.check_norm_sums(&all)?;
        // What is left out changes nothing else.
        let mut input = vec![f32::NAN; all.input.len()];
        let mut grad_out = vec![f32::NAN; all.grad_out.len()];
        let only_input = self.backward_into(kernels, Some(&mut input), None);
        let only_grad = self.backward_into(kernels, None, Some(&mut grad_out));
        let neither = self.backward_into(kernels, None, None);
        same_bits("gradient of input alone", &input, &all.input)?;
        same_bits("added-up gradient alone", &grad_out, &all.grad_out)?;
        for part in [&only_input, &only_grad, &neither] {
            same_bits(
                "gradient of weights alone",
                &part.weights,
                &all.grads.weights,
            )?;
        }
        ensure(only_input.norm == all.grads.norm, "other sums for the norm")?;
        let zero = NormSums::new(self.shape.input);
        ensure(
            only_grad.norm == zero && neither.norm == zero,
            "sums for the norm without gradient",
        )
    }

    /// Are the sums those of the gradient that was written?
    fn check_norm_sums(&self, all: &Backward) -> Result<(), String> {
        let channels = self.shape.input;
        let mut sums = NormSums::new(channels);
        let mut sizes = NormSums::new(channels);
        if self.view().affine.is_some() {
            for (i, (g, x)) in all.input.iter().zip(&self.data).enumerate() {
                let c = i % channels;
                let (g, deviation) = (f64::from(*g), f64::from(*x) - f64::from(self.affine[2][c]));
                sums.plain[c] += g;
                sums.centered[c] += g * deviation;
                sizes.plain[c] += g.abs();
                sizes.centered[c] += (g * deviation).abs();
            }
        }
        let norm = &all.grads.norm;
        for c in 0..channels {
            near("Σ g", norm.plain[c], sums.plain[c], 1e-6 * sizes.plain[c])?;
            let bound = 1e-6 * sizes.centered[c];
            near(
                "Σ g (x - center)",
                norm.centered[c],
                sums.centered[c],
                bound,
            )?;
        }
        Ok(())
    }
}

/// Results of a backward pass.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Backward {
    pub(crate) input: Vec<f32>,
    pub(crate) grad_out: Vec<f32>,
    pub(crate) grads: ConvGrads,
}
