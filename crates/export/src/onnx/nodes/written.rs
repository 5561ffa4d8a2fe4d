//! How do operators and constants get into the file? Each constant once, each result under a name of its own.

use super::super::parts::{Attribute, INT64, attribute, floats};
use super::super::proto::Message;
use super::Nodes;
use timestep_engine::ParamId;

impl Nodes<'_> {
    /// A parameter with PyTorch's name and shape.
    pub(super) fn parameter(&mut self, id: ParamId) -> String {
        let spec = &self.graph.specs[id.index()];
        if self.written.insert(id) {
            self.taken.insert(spec.name.clone());
            let tensor = floats(&spec.name, &spec.shape, self.parameters.value(id));
            self.add(5, &tensor);
        }
        spec.name.clone()
    }

    /// The numbers of the adjoint of a convolution with weights of this shape.
    pub(super) fn adjoint(&self, weight: usize, shape: [usize; 4]) -> Vec<f32> {
        let id = self
            .graph
            .parameter(weight)
            .expect("weights are parameters");
        let values = self.parameters.value(id);
        let [out, channels, rows, columns] = shape;
        let taps = rows * columns;
        let mut turned = Vec::with_capacity(values.len());
        for channel in 0..channels {
            for from in 0..out {
                let kernel = &values[(from * channels + channel) * taps..][..taps];
                turned.extend(kernel.iter().rev());
            }
        }
        turned
    }

    pub(super) fn number(&mut self, value: f64) -> String {
        self.constant(&[value as f32], &[])
    }

    /// Numbers that are not learned.
    pub(super) fn constant(&mut self, values: &[f32], shape: &[usize]) -> String {
        let key = (values.iter().map(|v| v.to_bits()).collect(), shape.to_vec());
        if let Some(name) = self.constants.get(&key) {
            return name.clone();
        }
        let name = self.name("constant");
        let tensor = floats(&name, shape, values);
        self.add(5, &tensor);
        self.constants.insert(key, name.clone());
        name
    }

    /// Whole numbers that operators take as an input: extents, axes, widths of a margin.
    pub(super) fn list(&mut self, values: &[i64]) -> String {
        if let Some(name) = self.lists.get(values) {
            return name.clone();
        }
        let name = self.name("list");
        let raw: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let tensor = Message::default()
            .int(1, values.len() as i64)
            .int(2, INT64)
            .text(8, &name)
            .bytes(9, &raw);
        self.add(5, &tensor);
        self.lists.insert(values.to_vec(), name.clone());
        name
    }

    /// An operator whose result gets a name like `label`.
    pub(super) fn put(
        &mut self,
        operator: &str,
        inputs: &[&str],
        label: &str,
        attributes: &[(&str, Attribute<'_>)],
    ) -> String {
        let name = self.name(label);
        self.put_as(operator, inputs, &name, attributes);
        name
    }

    pub(super) fn put_as(
        &mut self,
        operator: &str,
        inputs: &[&str],
        output: &str,
        attributes: &[(&str, Attribute<'_>)],
    ) {
        let node = Message::default()
            .each(inputs, |node, input| node.text(1, input))
            .text(2, output)
            .text(3, output)
            .text(4, operator)
            .each(attributes, |node, (name, value)| {
                node.message(5, &attribute(name, value))
            });
        self.add(1, &node);
    }

    pub(super) fn add(&mut self, field: u32, message: &Message) {
        let body = std::mem::take(&mut self.body);
        self.body = body.message(field, message);
    }

    /// A name that no other value has.
    pub(super) fn name(&mut self, label: &str) -> String {
        let mut name = label.to_owned();
        let mut count = 1;
        while !self.taken.insert(name.clone()) {
            count += 1;
            name = format!("{label}.{count}");
        }
        name
    }
}
