//! Who makes layers? A builder that hands out places in the table of parameters and counts the cost.

use super::{Conv, Cost, Linear, Norm, product};
use crate::parts::{self, Part};
use crate::{ConvSpec, Init, ParamId, Role, Size, Spec, Specs, ops};

/// Collects the layout of a network while its layers are made, and counts their cost.
#[derive(Debug, Default)]
pub struct Builder {
    specs: Vec<Spec>,
    cost: Cost,
    /// Where each part but the head ends, in parameters.
    ends: Vec<usize>,
    /// While layers are made once more: the parameters that they have already.
    known: Option<std::vec::IntoIter<usize>>,
    /// Which term of a right-hand side is made, and how often a step evaluates it; `None`: all of it.
    term: Option<(usize, usize)>,
}

impl Builder {
    /// A builder with nothing in it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The layout collected so far.
    #[must_use]
    pub fn into_specs(self) -> Specs {
        Specs::new(self.specs)
    }

    /// Ends a part of the network (the stem, a segment): what is made next belongs to the next one.
    pub(crate) fn close_part(&mut self) {
        self.ends.push(self.specs.len());
    }

    /// The parts so far, the head being what follows the last end.
    pub(crate) fn parts(&self) -> Vec<Part> {
        parts::named(&self.ends, self.specs.len())
    }

    /// Place of the next parameter.
    pub(crate) fn next_id(&self) -> usize {
        self.specs.len()
    }

    /// Counts a convolution that was made before and is used once more.
    pub(crate) fn again(&mut self, conv: &Conv, size: Size) {
        let ([rows, columns], output) = (conv.spec.kernel, conv.spec.output);
        let group = conv.input / conv.spec.groups;
        let pixels = conv.spec.size(size).area();
        self.count(
            product(&[group, rows, columns, output, pixels]),
            product(&[conv.input, size.area()]),
        );
    }

    /// Counts multiply-adds and features that are kept.
    fn count(&mut self, multiply_adds: usize, activations: usize) {
        self.cost.add(Cost {
            parameters: 0,
            multiply_adds,
            activations,
        });
    }

    /// Counts attention among the pixels of features: scores and their weighed sums, and the weights that are kept.
    pub(crate) fn count_attention(&mut self, channels: usize, size: Size) {
        let pixels = size.area();
        self.count(
            product(&[2, pixels, pixels, channels]),
            product(&[3, channels, pixels]),
        );
    }

    /// Counts the five-point Laplacian of features.
    pub(crate) fn count_laplacian(&mut self, channels: usize, size: Size) {
        let features = product(&[channels, size.area()]);
        self.count(features.saturating_mul(5), features);
    }

    /// Says of which term of a right-hand side blocks are made from here on, and how often a step evaluates it; `None`: of all of it.
    pub(crate) fn set_term(&mut self, term: Option<(usize, usize)>) {
        self.term = term;
    }

    /// The term of a right-hand side that is made, and how often a step evaluates it; `None` where a scheme steps all of it.
    #[must_use]
    pub(crate) fn term(&self) -> Option<(usize, usize)> {
        self.term
    }

    /// The cost since the last call.
    pub fn take_cost(&mut self) -> Cost {
        std::mem::take(&mut self.cost)
    }

    /// Makes layers once more that were made before with the parameters `known`: they get the same weights and
    /// running statistics of their own, because those belong to what a layer sees, not to what it is.
    ///
    /// Costs nothing: who evaluates them counts that.
    pub(crate) fn again_with<T>(
        &mut self,
        known: std::ops::Range<usize>,
        make: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let weights = known.filter(|at| self.specs[*at].role != Role::Buffer);
        self.known = Some(weights.collect::<Vec<_>>().into_iter());
        let cost = self.cost;
        let made = make(self);
        self.cost = cost;
        let left = self.known.take();
        // Only code of ours decides what is made again; a mistake there must not train with mixed-up weights.
        assert!(left.is_some_and(|left| left.len() == 0), "the same layers");
        made
    }

    /// Adds a parameter and returns its place.
    pub fn parameter(
        &mut self,
        name: String,
        shape: Vec<usize>,
        role: Role,
        init: Init,
    ) -> ParamId {
        let spec = Spec {
            name,
            shape,
            role,
            init,
        };
        if role != Role::Buffer
            && let Some(known) = &mut self.known
        {
            let at = known.next().expect("the layers that were made before");
            assert_eq!(
                (&self.specs[at].shape, self.specs[at].role),
                (&spec.shape, role),
                "{}",
                spec.name
            );
            return ParamId::new(at);
        }
        if !matches!(role, Role::Buffer | Role::Coefficient) {
            self.cost.parameters = self.cost.parameters.saturating_add(spec.len());
        }
        self.specs.push(spec);
        ParamId::new(self.specs.len() - 1)
    }

    /// A convolution without bias `input → output` channels with padding that keeps the size (up to
    /// stride).
    ///
    /// `size` is the size of its input.
    #[allow(clippy::too_many_arguments)]
    pub fn conv(
        &mut self,
        name: &str,
        input: usize,
        output: usize,
        kernel: usize,
        stride: usize,
        groups: usize,
        size: Size,
    ) -> Conv {
        let spec = ConvSpec::square(output, kernel, stride).grouped(groups);
        self.convolution(name, input, spec, size)
    }

    /// Any convolution of `input` channels of this size.
    pub fn convolution(&mut self, name: &str, input: usize, spec: ConvSpec, size: Size) -> Conv {
        let [rows, columns] = spec.kernel;
        let std = (2.0 / (rows * columns * spec.output) as f64).sqrt();
        self.convolution_from(name, input, spec, size, std)
    }

    /// A linear layer with bias for each pixel of features of this size, from and to so many channels; it begins with the variance of
    /// Glorot, Bengio 2010.
    pub(crate) fn token_layer(
        &mut self,
        name: &str,
        (input, output): (usize, usize),
        size: Size,
    ) -> Conv {
        let spec = ConvSpec {
            bias: true,
            ..ConvSpec::square(output, 1, 1)
        };
        let std = (2.0 / (input + output) as f64).sqrt();
        self.convolution_from(name, input, spec, size, std)
    }

    /// Any convolution, whose weights begin with this standard deviation.
    pub(crate) fn convolution_from(
        &mut self,
        name: &str,
        input: usize,
        spec: ConvSpec,
        size: Size,
        std: f64,
    ) -> Conv {
        let ([rows, columns], output) = (spec.kernel, spec.output);
        let group = input / spec.groups;
        let weight = self.parameter(
            format!("{name}.weight"),
            vec![output, group, rows, columns],
            Role::Weight,
            Init::Normal(std),
        );
        let bias = spec.bias.then(|| {
            let bound = 1.0 / ((group * rows * columns) as f64).sqrt();
            self.parameter(
                format!("{name}.bias"),
                vec![output],
                Role::Bias,
                Init::Uniform(-bound, bound),
            )
        });
        let pixels = spec.size(size).area();
        self.count(
            product(&[group, rows, columns, output, pixels]),
            product(&[input, size.area()]),
        );
        Conv {
            weight,
            bias,
            input,
            spec,
        }
    }

    /// A batch norm over `channels`.
    pub fn norm(&mut self, name: &str, channels: usize) -> Norm {
        let mut one = |part: &str, role, value| {
            self.parameter(
                format!("{name}.{part}"),
                vec![channels],
                role,
                Init::Constant(value),
            )
        };
        Norm {
            scale: one("weight", Role::Norm, 1.0),
            shift: one("bias", Role::Norm, 0.0),
            mean: one("running_mean", Role::Buffer, 0.0),
            variance: one("running_var", Role::Buffer, 1.0),
            epsilon: ops::NORM_EPSILON,
        }
    }

    /// Counts features that are kept for the backward pass though no convolution reads them.
    pub fn keep(&mut self, channels: usize, size: Size) {
        self.count(0, product(&[channels, size.area()]));
    }

    /// A fully connected layer.
    pub fn linear(&mut self, name: &str, input: usize, output: usize) -> Linear {
        let bound = 1.0 / (input as f64).sqrt();
        let init = Init::Uniform(-bound, bound);
        self.affine(name, vec![output, input], init)
    }

    /// The same with the weights stored as those of a 1×1 convolution, `[out, in, 1, 1]`.
    pub fn pointwise(&mut self, name: &str, input: usize, output: usize) -> Linear {
        let bound = 1.0 / (input as f64).sqrt();
        let init = Init::Uniform(-bound, bound);
        self.affine(name, vec![output, input, 1, 1], init)
    }

    fn affine(&mut self, name: &str, shape: Vec<usize>, init: Init) -> Linear {
        let (output, input) = (shape[0], shape[1]);
        let weight = self.parameter(format!("{name}.weight"), shape, Role::Weight, init);
        let bias = self.parameter(format!("{name}.bias"), vec![output], Role::Bias, init);
        self.count(product(&[input, output]), input);
        Linear { weight, bias }
    }
}
