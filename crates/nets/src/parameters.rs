//! Where do a network's numbers live? In one ordered table, apart from the architecture.
//!
//! A network is an immutable value that knows the *layout* (names, shapes, roles); the numbers
//! are a [`Parameters`] table in the same order. Optimiser, checkpoint, safetensors and gradient
//! checks are loops over that table.

use crate::init::draw;
use burn::tensor::{DType, Device, Tensor, TensorData};
use std::sync::Arc;

/// What a parameter is for. Weight decay and parameter counts go by role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Weights of a convolution or a linear layer.
    Weight,
    /// Bias of a linear layer or a convolution.
    Bias,
    /// Scale or shift of a norm.
    Norm,
    /// Learned coefficient of a scheme (`memory_k`).
    Coefficient,
    /// Running statistics: not trained, not counted.
    Buffer,
}

/// Distribution of a parameter's first value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// Normal with mean 0 and this standard deviation.
    Normal(f64),
    /// Uniform on an interval.
    Uniform(f64, f64),
    /// The same number everywhere.
    Constant(f64),
}

/// Name, shape and role of one parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// PyTorch's name, such as `layer1.0.conv1.weight`.
    pub name: String,
    /// PyTorch's shape, such as `[out, in, kernel, kernel]`.
    pub shape: Vec<usize>,
    /// What it is for.
    pub role: Role,
    /// How it starts.
    pub init: Init,
}

impl Spec {
    /// Number of numbers in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Is it empty? Never, in a network that was built.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Does the optimiser change it?
    #[must_use]
    pub fn is_trained(&self) -> bool {
        self.role != Role::Buffer
    }
}

/// Index of a parameter in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParamId(pub(crate) usize);

impl ParamId {
    /// Position in [`Parameters::specs`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0
    }
}

/// The numbers of a network, one flat tensor a parameter, in the order of its layout.
#[derive(Clone, Debug)]
pub struct Parameters {
    specs: Arc<Vec<Spec>>,
    values: Vec<Tensor<1>>,
}

impl Parameters {
    /// First values for a layout. Each parameter draws from a stream of its own, keyed by
    /// `seed` and its name: adding a layer does not change the others.
    #[must_use]
    pub fn init(specs: Arc<Vec<Spec>>, seed: u64, device: &Device) -> Self {
        let values = specs
            .iter()
            .map(|spec| tensor(draw(spec, seed), device))
            .collect();
        Self { specs, values }
    }

    /// A table from values in layout order, each flat.
    ///
    /// # Panics
    /// If the number of values or a length differs from the layout.
    #[must_use]
    pub fn from_values(specs: Arc<Vec<Spec>>, values: Vec<Vec<f32>>, device: &Device) -> Self {
        assert_eq!(specs.len(), values.len(), "one value for each parameter");
        let values = specs
            .iter()
            .zip(values)
            .map(|(spec, value)| {
                assert_eq!(spec.len(), value.len(), "length of `{}`", spec.name);
                tensor(value, device)
            })
            .collect();
        Self { specs, values }
    }

    /// Names, shapes and roles.
    #[must_use]
    pub fn specs(&self) -> &Arc<Vec<Spec>> {
        &self.specs
    }

    /// The flat tensors, in layout order.
    #[must_use]
    pub fn values(&self) -> &[Tensor<1>] {
        &self.values
    }

    /// Replaces the value of one parameter.
    ///
    /// # Panics
    /// If the length differs.
    pub fn set(&mut self, id: ParamId, value: Tensor<1>) {
        assert_eq!(
            self.values[id.0].dims(),
            value.dims(),
            "length of a parameter never changes"
        );
        self.values[id.0] = value;
    }

    /// A copy of one parameter's numbers.
    #[must_use]
    pub fn read(&self, id: ParamId) -> Vec<f32> {
        to_vec(&self.values[id.0])
    }

    /// Every parameter's position, in order.
    pub fn ids(&self) -> impl Iterator<Item = ParamId> + use<> {
        (0..self.specs.len()).map(ParamId)
    }

    /// Position of a parameter by name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<ParamId> {
        self.specs.iter().position(|s| s.name == name).map(ParamId)
    }

    /// Number of trained numbers with one of `roles`.
    #[must_use]
    pub fn count(&self, roles: &[Role]) -> usize {
        self.specs
            .iter()
            .filter(|s| roles.contains(&s.role))
            .map(Spec::len)
            .sum()
    }

    /// The values as leaves of an autodiff graph: trained ones require gradients.
    #[must_use]
    pub fn tracked(&self) -> Vec<Tensor<1>> {
        self.specs
            .iter()
            .zip(&self.values)
            .map(|(spec, value)| {
                let value = value.clone().autodiff();
                if spec.is_trained() {
                    value.require_grad()
                } else {
                    value
                }
            })
            .collect()
    }

    /// The same numbers in another precision. `f64` serves finite-difference checks.
    #[must_use]
    pub fn cast(&self, dtype: DType) -> Self {
        let values = self.values.iter().map(|v| v.clone().cast(dtype)).collect();
        Self {
            specs: self.specs.clone(),
            values,
        }
    }
}

/// A flat tensor from numbers.
pub(crate) fn tensor(values: Vec<f32>, device: &Device) -> Tensor<1> {
    let length = values.len();
    Tensor::from_data(TensorData::new(values, [length]), device)
}

/// The numbers of a flat tensor.
pub(crate) fn to_vec(tensor: &Tensor<1>) -> Vec<f32> {
    tensor.to_data().iter::<f32>().collect()
}
