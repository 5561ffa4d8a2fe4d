//! How does ONNX Runtime get a network? As an ONNX file of the operations of one evaluation.
//!
//! The batch is the only extent that is open. Classes, mean and deviation stand in the metadata as JSON; with
//! preprocessing inside, pixels between 0 and 1 go in and probabilities come out.

mod nodes;
mod parts;
mod proto;

use crate::{ExportError, Subject};
use nodes::Nodes;
use proto::Message;
use serde_json::json;

/// The version of ONNX's operators.
pub const OPSET: i64 = 17;
/// The version of the file format that came with them.
const IR_VERSION: i64 = 8;
/// What Protocol Buffers can hold in one message.
const LIMIT: usize = i32::MAX as usize;

/// The bytes of an ONNX file.
///
/// Without `preprocessing`, `images` `[batch, channels, height, width]` are normalised pixels, and the result is `logits`.
/// With it, `pixels` lie between 0 and 1, and the result is `probabilities`.
///
/// # Errors
/// [`ExportError::TooLarge`] for networks of more than 2 GiB.
pub fn onnx(subject: &Subject<'_>, preprocessing: bool) -> Result<Vec<u8>, ExportError> {
    let numbers = subject.parameters.values().len();
    if numbers.saturating_mul(4) > LIMIT - (1 << 24) {
        return Err(ExportError::TooLarge {
            format: "ONNX",
            limit: "2 GiB",
            bytes: numbers.saturating_mul(4),
        });
    }
    let graph = subject.graph;
    let [input, output] = match preprocessing {
        true => ["pixels", "probabilities"],
        false => ["images", "logits"],
    };
    let mut nodes = Nodes::new(subject);
    if preprocessing {
        nodes.normalise(input, subject.mean, subject.std);
    } else {
        nodes.begin(input);
    }
    nodes.all();
    nodes.end(output, preprocessing);
    let shape = graph.input;
    let classes = graph.rows(graph.output)[1];
    let body = nodes
        .finish()
        .text(2, subject.name)
        .message(
            11,
            &value(input, &[shape.channels, shape.height, shape.width]),
        )
        .message(12, &value(output, &[classes]));
    let (program, version) = (subject.version.split_once(' ')).unwrap_or((subject.version, ""));
    let opset = Message::default().text(1, "").int(2, OPSET);
    let model = Message::default()
        .int(1, IR_VERSION)
        .text(2, program)
        .text(3, version)
        .message(7, &body)
        .message(8, &opset)
        .each(metadata(subject, preprocessing), |model, (key, text)| {
            model.message(14, &Message::default().text(1, key).text(2, &text))
        });
    Ok(model.finish())
}

/// What is said about the network beside its operations.
fn metadata(subject: &Subject<'_>, preprocessing: bool) -> [(&'static str, String); 5] {
    let takes = match preprocessing {
        true => "pixels between 0 and 1, channels in the order red, green, blue; normalised inside",
        false => "pixels between 0 and 1, minus `mean`, divided by `std`, for each channel",
    };
    [
        ("network", subject.name.to_owned()),
        ("classes", json!(subject.classes).to_string()),
        ("mean", json!(subject.mean).to_string()),
        ("std", json!(subject.std).to_string()),
        ("input", takes.to_owned()),
    ]
}

/// Name and type of an input or an output: floats, the batch first.
fn value(name: &str, extents: &[usize]) -> Message {
    let batch = Message::default().text(2, "batch");
    let shape = Message::default().message(1, &batch);
    let shape = shape.each(extents, |shape, extent| {
        shape.message(1, &Message::default().int(1, *extent as i64))
    });
    let tensor = Message::default().int(1, parts::FLOAT).message(2, &shape);
    Message::default()
        .text(1, name)
        .message(2, &Message::default().message(1, &tensor))
}
