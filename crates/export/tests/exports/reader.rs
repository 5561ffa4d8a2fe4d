//! An ONNX file, read by code that shares nothing with the writer.

use std::collections::BTreeMap;

/// A field of a message: its number and its contents.
enum Field<'a> {
    Int(u64),
    Bytes(&'a [u8]),
    Float(f32),
}

/// The fields of a message in their order.
fn fields(mut bytes: &[u8]) -> Vec<(u64, Field<'_>)> {
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let field = match key & 7 {
            0 => Field::Int(varint(&mut bytes)),
            2 => {
                let length = varint(&mut bytes) as usize;
                let (inside, rest) = bytes.split_at(length);
                bytes = rest;
                Field::Bytes(inside)
            }
            5 => {
                let (inside, rest) = bytes.split_at(4);
                bytes = rest;
                Field::Float(f32::from_le_bytes(inside.try_into().expect("four bytes")))
            }
            kind => panic!("a field of kind {kind}"),
        };
        out.push((key >> 3, field));
    }
    out
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let (byte, rest) = bytes.split_first().expect("a number that ends");
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    value
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// An array of a file: extents and numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tensor {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f64>,
}

/// An attribute.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Attribute {
    Float(f32),
    Int(i64),
    Ints(Vec<i64>),
}

/// An operator.
#[derive(Clone, Debug)]
pub(crate) struct Operator {
    pub(crate) kind: String,
    pub(crate) inputs: Vec<String>,
    pub(crate) outputs: Vec<String>,
    pub(crate) attributes: BTreeMap<String, Attribute>,
}

/// A file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub(crate) ir_version: u64,
    pub(crate) opset: u64,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) operators: Vec<Operator>,
    pub(crate) arrays: BTreeMap<String, Tensor>,
    /// Name and extents, as text.
    pub(crate) inputs: Vec<(String, Vec<String>)>,
    pub(crate) outputs: Vec<(String, Vec<String>)>,
}

impl Model {
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let mut model = Self::default();
        for field in fields(bytes) {
            match field {
                (1, Field::Int(version)) => model.ir_version = version,
                (8, Field::Bytes(opset)) => {
                    for field in fields(opset) {
                        if let (2, Field::Int(version)) = field {
                            model.opset = version;
                        }
                    }
                }
                (14, Field::Bytes(entry)) => {
                    let pair: Vec<String> = fields(entry)
                        .into_iter()
                        .filter_map(|(_, field)| match field {
                            Field::Bytes(bytes) => Some(text(bytes)),
                            _ => None,
                        })
                        .collect();
                    model.metadata.insert(pair[0].clone(), pair[1].clone());
                }
                (7, Field::Bytes(graph)) => model.graph(graph),
                _ => {}
            }
        }
        model
    }

    fn graph(&mut self, bytes: &[u8]) {
        for field in fields(bytes) {
            match field {
                (1, Field::Bytes(node)) => self.operators.push(operator(node)),
                (5, Field::Bytes(array)) => {
                    let (name, tensor) = tensor(array);
                    let double = self.arrays.insert(name.clone(), tensor);
                    assert!(double.is_none(), "two arrays called {name}");
                }
                (11, Field::Bytes(value)) => self.inputs.push(named(value)),
                (12, Field::Bytes(value)) => self.outputs.push(named(value)),
                _ => {}
            }
        }
    }
}

fn operator(bytes: &[u8]) -> Operator {
    let mut out = Operator {
        kind: String::new(),
        inputs: Vec::new(),
        outputs: Vec::new(),
        attributes: BTreeMap::new(),
    };
    for field in fields(bytes) {
        match field {
            (1, Field::Bytes(name)) => out.inputs.push(text(name)),
            (2, Field::Bytes(name)) => out.outputs.push(text(name)),
            (4, Field::Bytes(kind)) => out.kind = text(kind),
            (5, Field::Bytes(attribute)) => {
                let (mut name, mut value, mut ints) = (String::new(), None, Vec::new());
                for field in fields(attribute) {
                    match field {
                        (1, Field::Bytes(bytes)) => name = text(bytes),
                        (2, Field::Float(f)) => value = Some(Attribute::Float(f)),
                        (3, Field::Int(i)) => value = Some(Attribute::Int(i as i64)),
                        (8, Field::Int(i)) => ints.push(i as i64),
                        _ => {}
                    }
                }
                out.attributes
                    .insert(name, value.unwrap_or(Attribute::Ints(ints)));
            }
            _ => {}
        }
    }
    out
}

fn tensor(bytes: &[u8]) -> (String, Tensor) {
    let (mut name, mut kind, mut shape, mut raw) = (String::new(), 0, Vec::new(), &bytes[..0]);
    for field in fields(bytes) {
        match field {
            (1, Field::Int(extent)) => shape.push(extent as usize),
            (2, Field::Int(number)) => kind = number,
            (8, Field::Bytes(bytes)) => name = text(bytes),
            (9, Field::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
    }
    let values: Vec<f64> = match kind {
        1 => (raw.chunks_exact(4))
            .map(|b| f64::from(f32::from_le_bytes(b.try_into().expect("four bytes"))))
            .collect(),
        7 => (raw.chunks_exact(8))
            .map(|b| i64::from_le_bytes(b.try_into().expect("eight bytes")) as f64)
            .collect(),
        kind => panic!("numbers of type {kind}"),
    };
    assert_eq!(values.len(), shape.iter().product::<usize>(), "{name}");
    (name, Tensor { shape, values })
}

/// Name and extents of an input or output: `[(2: type), (1: tensor), (2: shape), (1: extent)…]`.
fn named(bytes: &[u8]) -> (String, Vec<String>) {
    let inside = |bytes: &[u8], wanted: u64| -> Vec<Vec<u8>> {
        fields(bytes)
            .into_iter()
            .filter_map(|(number, field)| match field {
                Field::Bytes(bytes) if number == wanted => Some(bytes.to_vec()),
                _ => None,
            })
            .collect()
    };
    let name = text(&inside(bytes, 1)[0]);
    let kind = inside(bytes, 2).remove(0);
    let tensor = inside(&kind, 1).remove(0);
    let shape = inside(&tensor, 2).remove(0);
    let extent = |extent: Vec<u8>| match fields(&extent).remove(0) {
        (1, Field::Int(n)) => n.to_string(),
        (2, Field::Bytes(word)) => text(word),
        _ => panic!("an extent is a number or a word"),
    };
    (name, inside(&shape, 1).into_iter().map(extent).collect())
}
