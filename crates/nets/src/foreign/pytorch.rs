//! How is a PyTorch checkpoint read? As a zip archive: a restricted pickle and raw storages.
//!
//! `torch.save` writes `NAME/data.pkl`, which describes the containers and tensors, and one
//! uncompressed entry `NAME/data/KEY` for each storage. Because nothing is compressed, no length
//! in the file can ask for more memory than the file itself has bytes.

use super::pickle::{self, corrupt};
use super::values::{Element, Pickle, TensorView, Value};
use super::{ForeignError, ForeignFile};
use half::{bf16, f16};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Cursor};
use zip::ZipArchive;
use zip::result::ZipError;

/// Keys under which checkpoints keep the weights beside epoch, optimiser and the like.
const NESTINGS: [&str; 4] = ["state_dict", "model_state_dict", "model", "net"];

/// Deepest nesting that is opened.
const DEEPEST: usize = 4;

/// Largest pickle. It holds names and shapes only; a large network's has a megabyte.
const LARGEST_PICKLE: u64 = 32 << 20;

/// Numbers that any checkpoint may expand to, besides four for each of its bytes: views can
/// share a storage or repeat its numbers, and an expanded view must not fill the memory.
const FREE_NUMBERS: usize = 1 << 20;

/// Reads a checkpoint that `torch.save` wrote (PyTorch 1.6 or later), held in memory.
///
/// Integers and other float types become f32. `num_batches_tracked` counters are skipped.
///
/// # Errors
/// [`ForeignError`], each kind with its reason; nothing in the file is ever executed.
pub fn read_pytorch(bytes: &[u8]) -> Result<ForeignFile, ForeignError> {
    let mut archive = Archive::open(bytes)?;
    let pickle = pickle::read(archive.entry("data.pkl")?)?;
    let mut file = ForeignFile::default();
    let entries = weights(&pickle, &mut file.unwrapped)?;
    let mut left = bytes.len().saturating_mul(4).saturating_add(FREE_NUMBERS);
    for (name, value) in entries {
        match value {
            _ if name.ends_with("num_batches_tracked") => {}
            Value::Tensor(view) => {
                let count = view
                    .shape
                    .iter()
                    .try_fold(1, |n: usize, d| n.checked_mul(*d));
                left = match count.and_then(|count| left.checked_sub(count)) {
                    Some(left) => left,
                    None => return corrupt(format!("`{name}` has more numbers than the file")),
                };
                let values = archive.read(name, view)?;
                if view.element != Element::F32 {
                    file.was_type.insert(name.into(), view.element.name());
                }
                file.arrays
                    .insert(name.into(), (view.shape.clone(), values));
            }
            _ => {
                file.skipped.insert(name.into(), "no tensor".into());
            }
        }
    }
    Ok(file)
}

/// The named values of the dictionary that holds the weights.
fn weights<'a>(
    pickle: &'a Pickle,
    unwrapped: &mut Vec<String>,
) -> Result<Vec<(&'a str, &'a Value)>, ForeignError> {
    let mut at = pickle.root();
    for _ in 0..=DEEPEST {
        let Value::Dict(pairs) = at else {
            return Err(ForeignError::NoWeights("it is no dictionary".into()));
        };
        let entries: Vec<(&str, &Value)> = pairs
            .iter()
            .filter_map(|(key, value)| match pickle.get(*key) {
                Value::Text(key) => Some((key.as_str(), pickle.get(*value))),
                _ => None,
            })
            .collect();
        let inner: Vec<(&str, &Value)> = entries
            .iter()
            .copied()
            .filter(|(key, value)| NESTINGS.contains(key) && matches!(value, Value::Dict(_)))
            .collect();
        match inner.as_slice() {
            // A tensor beside the nesting is an accuracy or the like, not a weight.
            [(key, value)] => {
                unwrapped.push((*key).to_string());
                at = value;
            }
            [] if entries.iter().any(|(_, v)| matches!(v, Value::Tensor(_))) => return Ok(entries),
            [] => {
                let keys: Vec<&str> = entries.iter().map(|(key, _)| *key).take(6).collect();
                let reason = match keys.as_slice() {
                    [] => "its dictionary is empty".to_string(),
                    keys => format!("no tensors beside or under `{}`", keys.join("`, `")),
                };
                return Err(ForeignError::NoWeights(reason));
            }
            several => {
                let keys = several.iter().map(|(key, _)| (*key).to_string()).collect();
                return Err(ForeignError::Ambiguous(keys));
            }
        }
    }
    Err(ForeignError::NoWeights("dictionaries without end".into()))
}

/// The archive, the folder inside it and the byte order of its numbers.
struct Archive<'a> {
    bytes: &'a [u8],
    zip: ZipArchive<Cursor<&'a [u8]>>,
    root: String,
    big_endian: bool,
    /// Entries found so far, their checksum verified: views may share a storage.
    seen: BTreeMap<String, &'a [u8]>,
}

impl<'a> Archive<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self, ForeignError> {
        if !bytes.starts_with(b"PK") {
            return Err(no_zip(bytes));
        }
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
        let mut roots = BTreeSet::new();
        for name in zip.file_names() {
            if let Some(root) = name.strip_suffix("data.pkl")
                && (root.is_empty() || root.ends_with('/'))
            {
                roots.insert(root.to_string());
            }
        }
        let Some(root) = roots.pop_first().filter(|_| roots.is_empty()) else {
            let reason = "a zip archive without one `data.pkl`";
            return Err(ForeignError::NotPytorch(reason.into()));
        };
        if zip
            .index_for_name(&format!("{root}constants.pkl"))
            .is_some()
        {
            return Err(ForeignError::TorchScript);
        }
        let mut archive = Archive {
            bytes,
            zip,
            root,
            big_endian: false,
            seen: BTreeMap::new(),
        };
        // Absent before PyTorch 2.1, when all files were little endian.
        let marker = format!("{}byteorder", archive.root);
        if archive.zip.index_for_name(&marker).is_some() {
            archive.big_endian = match archive.entry("byteorder")? {
                b"little" => false,
                b"big" => true,
                _ => return corrupt("an unknown byte order"),
            };
        }
        Ok(archive)
    }

    /// The bytes of an entry, its checksum verified.
    fn entry(&mut self, name: &str) -> Result<&'a [u8], ForeignError> {
        if let Some(found) = self.seen.get(name) {
            return Ok(found);
        }
        let mut entry = self
            .zip
            .by_name(&format!("{}{name}", self.root))
            .map_err(|e| match e {
                ZipError::FileNotFound => ForeignError::Corrupt(format!("`{name}` is missing")),
                other => damaged(other),
            })?;
        if entry.compression() != zip::CompressionMethod::Stored {
            return corrupt(format!(
                "`{name}` is compressed, which `torch.save` never does"
            ));
        }
        if name == "data.pkl" && entry.size() > LARGEST_PICKLE {
            return corrupt("its list of tensors is larger than 32 MiB");
        }
        let extent = [entry.data_start(), entry.size()].map(usize::try_from);
        let [Ok(start), Ok(length)] = extent else {
            return corrupt(format!("`{name}` has no place in the file"));
        };
        let Some(range) = start.checked_add(length).map(|end| start..end) else {
            return corrupt(format!("`{name}` has no place in the file"));
        };
        // Reading to the end makes the library compare the checksum.
        io::copy(&mut entry, &mut io::sink())
            .map_err(|e| ForeignError::Corrupt(format!("`{name}`: {e}")))?;
        let Some(found) = self.bytes.get(range) else {
            return corrupt(format!("`{name}` reaches beyond the end of the file"));
        };
        self.seen.insert(name.to_string(), found);
        Ok(found)
    }

    /// The numbers of a view, in row-major order.
    fn read(&mut self, name: &str, view: &TensorView) -> Result<Vec<f32>, ForeignError> {
        let storage = self.entry(&format!("data/{}", view.key))?;
        let size = view.element.size();
        if view.length.checked_mul(size) != Some(storage.len()) {
            return corrupt(format!(
                "the storage of `{name}` has {} byte(s), {} numbers were promised",
                storage.len(),
                view.length
            ));
        }
        if view.shape.contains(&0) {
            return Ok(Vec::new());
        }
        let last = view
            .shape
            .iter()
            .zip(&view.strides)
            .try_fold(view.offset, |last, (extent, stride)| {
                last.checked_add((extent - 1).checked_mul(*stride)?)
            });
        if last.is_none_or(|last| last >= view.length) {
            return corrupt(format!("`{name}` reaches outside its storage"));
        }
        let decode = decoder(view.element, self.big_endian);
        Ok(positions(view)
            .map(|at| decode(&storage[at * size..][..size]))
            .collect())
    }
}

/// Positions in the storage of a view without empty axes, in row-major order.
fn positions(view: &TensorView) -> impl Iterator<Item = usize> {
    let count = view.shape.iter().product();
    let mut index = vec![0; view.shape.len()];
    let mut at = view.offset;
    (0..count).map(move |_| {
        let here = at;
        for axis in (0..index.len()).rev() {
            index[axis] += 1;
            if index[axis] < view.shape[axis] {
                at += view.strides[axis];
                break;
            }
            at -= (view.shape[axis] - 1) * view.strides[axis];
            index[axis] = 0;
        }
        here
    })
}

/// What turns the bytes of one number into f32.
fn decoder(element: Element, big_endian: bool) -> impl Fn(&[u8]) -> f32 {
    move |bytes| {
        let mut little = [0; 8];
        for (to, from) in little.iter_mut().zip(bytes) {
            *to = *from;
        }
        if big_endian {
            little[..bytes.len()].reverse();
        }
        let [a, b, c, d, ..] = little;
        match element {
            Element::F64 => f64::from_le_bytes(little) as f32,
            Element::F32 => f32::from_le_bytes([a, b, c, d]),
            Element::F16 => f16::from_le_bytes([a, b]).to_f32(),
            Element::Bf16 => bf16::from_le_bytes([a, b]).to_f32(),
            Element::I64 => i64::from_le_bytes(little) as f32,
            Element::I32 => i32::from_le_bytes([a, b, c, d]) as f32,
            Element::I16 => f32::from(i16::from_le_bytes([a, b])),
            Element::I8 => f32::from(i8::from_le_bytes([a])),
            Element::U8 | Element::Bool => f32::from(a),
        }
    }
}

/// What is a file that is no zip archive?
fn no_zip(bytes: &[u8]) -> ForeignError {
    // A pickle of the number that old versions of PyTorch begin with; still older ones are tars.
    const MAGIC: [u8; 14] = [
        0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19,
    ];
    if bytes.starts_with(&MAGIC) || bytes.get(257..262) == Some(b"ustar") {
        return ForeignError::Legacy;
    }
    let reason = if bytes.is_empty() {
        "the file is empty"
    } else if bytes.starts_with(b"version https://git-lfs") {
        "a pointer of git-lfs, which stands for a file that was not downloaded"
    } else if bytes.get(8) == Some(&b'{') {
        "it looks like a safetensors file, which needs no import"
    } else {
        "it is no zip archive"
    };
    ForeignError::NotPytorch(reason.into())
}

fn damaged(error: ZipError) -> ForeignError {
    match error {
        ZipError::InvalidArchive(reason) => ForeignError::Corrupt(reason.into_owned()),
        other => ForeignError::Corrupt(other.to_string()),
    }
}
