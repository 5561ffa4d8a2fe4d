//! What may a pickle call? The few functions that a state dict needs, each as plain data.

use super::ForeignError;
use super::pickle::{Machine, corrupt};
use super::values::{Global, Id, TensorView, Value};

/// Most axes of a tensor. It bounds the work of a pickle that names one shape a million times.
const MOST_AXES: usize = 8;

/// Longest name of a storage; PyTorch numbers them.
const LONGEST_KEY: usize = 32;

impl Machine<'_> {
    /// REDUCE: a global applied to a tuple of arguments.
    pub(super) fn reduce(&mut self) -> Result<(), ForeignError> {
        let operands = self.pop_many(2)?;
        let (callee, arguments) = (operands[0], operands[1]);
        let Value::Global(global) = self.values[callee] else {
            return corrupt("a call of something that is no function");
        };
        let Value::Tuple(arguments) = &self.values[arguments] else {
            return corrupt("a call without arguments");
        };
        match (global, arguments.as_slice()) {
            (Global::OrderedDict, []) => self.push(Value::Dict(Vec::new())),
            // The argument stands for the result: nothing of a state dict tells them apart.
            (Global::Counter | Global::Size | Global::Parameter, [first, ..]) => {
                let first = *first;
                self.push_again(first);
                Ok(())
            }
            // Then follow: needs a gradient, hooks, and in later versions metadata.
            (Global::Tensor, [storage, offset, shape, strides, ..]) => {
                let view = self.tensor(*storage, *offset, *shape, *strides)?;
                self.push(Value::Tensor(Box::new(view)))
            }
            _ => corrupt(format!("a call of {global:?} with unknown arguments")),
        }
    }

    /// A tensor as the view that it is of a storage.
    fn tensor(
        &self,
        storage: Id,
        offset: Id,
        shape: Id,
        strides: Id,
    ) -> Result<TensorView, ForeignError> {
        let Value::Storage(element, key, length) = &self.values[storage] else {
            return corrupt("a tensor without a storage");
        };
        let (shape, strides) = (self.sizes(shape)?, self.sizes(strides)?);
        if shape.len() != strides.len() {
            return corrupt("a tensor with more axes than strides");
        }
        Ok(TensorView {
            element: *element,
            key: key.clone(),
            length: *length,
            offset: self.size(offset)?,
            shape,
            strides,
        })
    }

    /// BINPERSID: `("storage", class, key, location, length)`.
    pub(super) fn persistent(&mut self) -> Result<(), ForeignError> {
        let id = self.pop()?;
        let Value::Tuple(parts) = &self.values[id] else {
            return corrupt("a storage without a description");
        };
        let [kind, class, key, _location, length] = parts.as_slice() else {
            return corrupt("a storage without a description");
        };
        match (
            &self.values[*kind],
            &self.values[*class],
            &self.values[*key],
        ) {
            (Value::Text(kind), Value::Global(Global::Storage(element)), Value::Text(key))
                if kind == "storage" && key.len() <= LONGEST_KEY =>
            {
                let storage = Value::Storage(*element, key.clone(), self.size(*length)?);
                self.push(storage)
            }
            _ => corrupt("a storage without a description"),
        }
    }

    fn size(&self, id: Id) -> Result<usize, ForeignError> {
        match self.values[id] {
            Value::Int(value) => match usize::try_from(value) {
                Ok(size) => Ok(size),
                Err(_) => corrupt(format!("{value} as a size")),
            },
            _ => corrupt("a size that is no number"),
        }
    }

    fn sizes(&self, id: Id) -> Result<Vec<usize>, ForeignError> {
        match &self.values[id] {
            Value::Tuple(sizes) if sizes.len() <= MOST_AXES => {
                sizes.iter().map(|id| self.size(*id)).collect()
            }
            Value::Tuple(sizes) => corrupt(format!("a tensor with {} axes", sizes.len())),
            _ => corrupt("a tensor without a shape"),
        }
    }
}
