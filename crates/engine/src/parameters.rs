//! Where do a network's numbers live? In one flat buffer, with a table that says what lies where.
//!
//! A network is an immutable value that knows the *table* (names, shapes, roles); the numbers are one
//! buffer of [`Parameters`], their gradients one of [`Gradients`], both in the order of the table.
//! Optimisers, checkpoints, sums over machines and gradient checks are loops over flat slices.

use crate::derived::Derived;
use std::any::Any;
use std::ops::{Deref, Range};
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
    /// Number of numbers in it; the largest number there is if it does not fit.
    #[must_use]
    pub fn len(&self) -> usize {
        let product = |all: usize, extent: &usize| all.saturating_mul(*extent);
        self.shape.iter().fold(1, product)
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
    /// The parameter at a position of the table.
    #[must_use]
    pub fn new(index: usize) -> Self {
        Self(index)
    }

    /// Position in the table.
    #[must_use]
    pub fn index(self) -> usize {
        self.0
    }
}

/// The table: every parameter in order, and where its numbers lie in a flat buffer.
///
/// Reads as a slice of [`Spec`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Specs {
    specs: Vec<Spec>,
    /// Where each begins; one entry more than there are parameters.
    starts: Vec<usize>,
}

impl Specs {
    /// A table of these parameters, one after the other.
    #[must_use]
    pub fn new(specs: Vec<Spec>) -> Self {
        let mut starts = Vec::with_capacity(specs.len() + 1);
        let mut at = 0usize;
        for spec in &specs {
            starts.push(at);
            at = at.saturating_add(spec.len());
        }
        starts.push(at);
        Self { specs, starts }
    }

    /// Where the numbers of a parameter lie.
    ///
    /// # Panics
    /// If there is no such parameter.
    #[must_use]
    pub fn range(&self, id: ParamId) -> Range<usize> {
        self.starts[id.0]..self.starts[id.0 + 1]
    }

    /// How many numbers all parameters have together, running statistics included.
    #[must_use]
    pub fn total(&self) -> usize {
        self.starts.last().copied().unwrap_or(0)
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
}

impl Deref for Specs {
    type Target = [Spec];

    fn deref(&self) -> &[Spec] {
        &self.specs
    }
}

/// The numbers of a network, one flat buffer in the order of its table.
///
/// Cloning shares the buffer; changing a shared one copies it first.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters {
    specs: Arc<Specs>,
    values: Arc<Values>,
}

/// The numbers, and what was made of them.
#[derive(Clone, Debug)]
struct Values {
    numbers: Vec<f32>,
    derived: Derived,
}

impl PartialEq for Values {
    fn eq(&self, other: &Self) -> bool {
        self.numbers == other.numbers
    }
}

impl Parameters {
    /// A table with its numbers.
    ///
    /// # Panics
    /// If there are not as many numbers as the table asks for.
    #[must_use]
    pub fn new(specs: Arc<Specs>, values: Vec<f32>) -> Self {
        assert_eq!(specs.total(), values.len(), "numbers of the table");
        Self {
            specs,
            values: Arc::new(Values {
                numbers: values,
                derived: Derived::default(),
            }),
        }
    }

    /// Names, shapes and roles.
    #[must_use]
    pub fn specs(&self) -> &Arc<Specs> {
        &self.specs
    }

    /// All numbers.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values.numbers
    }

    /// All numbers, to be changed; what was derived from them is forgotten.
    pub fn values_mut(&mut self) -> &mut [f32] {
        let values = Arc::make_mut(&mut self.values);
        values.derived.clear();
        &mut values.numbers
    }

    /// What an engine makes of the numbers for itself and wants to find again as long as they stay the same: one value of each type,
    /// shared by all clones.
    #[must_use]
    pub fn derived<T: Any + Default + Send + Sync>(&self) -> Arc<T> {
        self.values.derived.of()
    }

    /// The numbers of one parameter.
    #[must_use]
    pub fn value(&self, id: ParamId) -> &[f32] {
        &self.values.numbers[self.specs.range(id)]
    }

    /// The numbers of one parameter, to be changed.
    pub fn value_mut(&mut self, id: ParamId) -> &mut [f32] {
        let range = self.specs.range(id);
        &mut self.values_mut()[range]
    }

    /// The same but for some, whose numbers are others.
    ///
    /// # Panics
    /// If there are not as many numbers as a parameter has.
    #[must_use]
    pub fn with(&self, others: &[(ParamId, Vec<f64>)]) -> Self {
        let mut all = self.clone();
        for (id, numbers) in others {
            let own = all.value_mut(*id);
            assert_eq!(own.len(), numbers.len(), "numbers of a parameter");
            let pairs = own.iter_mut().zip(numbers);
            pairs.for_each(|(own, other)| *own = *other as f32);
        }
        all
    }

    /// Every parameter's position, in order.
    pub fn ids(&self) -> impl Iterator<Item = ParamId> + use<> {
        self.specs.ids()
    }

    /// Position of a parameter by name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<ParamId> {
        self.specs.find(name)
    }

    /// Number of trained numbers with one of `roles`.
    #[must_use]
    pub fn count(&self, roles: &[Role]) -> usize {
        let specs = self.specs.iter().filter(|s| roles.contains(&s.role));
        specs.map(Spec::len).sum()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn table() -> Arc<Specs> {
        let spec = |name: &str, shape: Vec<usize>, role| Spec {
            name: name.into(),
            shape,
            role,
            init: Init::Constant(0.0),
        };
        Arc::new(Specs::new(vec![
            spec("a", vec![2, 3], Role::Weight),
            spec("b", vec![2], Role::Buffer),
            spec("c", vec![1], Role::Coefficient),
        ]))
    }

    #[test]
    fn parameters_lie_one_after_the_other() {
        let specs = table();
        let mut p = Parameters::new(specs.clone(), (0..9_u8).map(f32::from).collect());
        let b = p.find("b").expect("b");
        assert_eq!((p.value(b), specs.range(b)), (&[6.0, 7.0][..], 6..8));
        let before = p.clone();
        p.value_mut(b)[0] = -1.0;
        assert_eq!((before.value(b)[0], p.value(b)[0]), (6.0, -1.0));
        assert_eq!(p.count(&[Role::Weight, Role::Coefficient]), 7);
        assert_eq!(p.find("d"), None);
    }
}
