//! What are operators and arrays made of? Attributes and tensors, as ONNX numbers their types.

use super::proto::Message;

/// ONNX's number of the type of 32-bit floats.
pub(super) const FLOAT: i64 = 1;
/// That of 64-bit whole numbers.
pub(super) const INT64: i64 = 7;

/// An attribute of an operator.
pub(super) enum Attribute<'a> {
    Float(f32),
    Int(usize),
    Ints(&'a [usize]),
}

/// An array of floats.
pub(super) fn floats(name: &str, shape: &[usize], values: &[f32]) -> Message {
    let raw: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    Message::default()
        .each(shape, |tensor, extent| tensor.int(1, *extent as i64))
        .int(2, FLOAT)
        .text(8, name)
        .bytes(9, &raw)
}

/// An attribute with its name.
pub(super) fn attribute(name: &str, value: &Attribute<'_>) -> Message {
    let message = Message::default().text(1, name);
    match value {
        Attribute::Float(f) => message.float(2, *f).int(20, 1),
        Attribute::Int(i) => message.int(3, *i as i64).int(20, 2),
        Attribute::Ints(all) => message
            .each(*all, |message, i| message.int(8, *i as i64))
            .int(20, 7),
    }
}
