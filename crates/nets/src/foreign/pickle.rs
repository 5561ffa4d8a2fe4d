//! What does a pickle describe? A restricted reader that builds values and runs nothing.
//!
//! A pickle is a program for a small stack machine, and Python's own reader lets it call any
//! function. This one knows the instructions that `torch.save` writes for containers, numbers
//! and tensors, and a closed list of globals; everything else refuses the whole file.
//!
//! Values live in one arena and refer to each other by index: a pickle may nest a million
//! containers or put a list into itself, and neither may overflow a stack or leak here.

use super::ForeignError;
use super::values::{Global, Id, Pickle, Value};
use std::collections::BTreeMap;

/// Most values that a pickle may build. A state dict needs about 30 for each tensor.
const MOST_VALUES: usize = 4_000_000;

/// Reads a pickle, protocols 2 to 5.
///
/// # Errors
/// [`ForeignError::Refused`] with the first global that is not on the list,
/// [`ForeignError::Corrupt`] for anything that does not parse.
pub(super) fn read(bytes: &[u8]) -> Result<Pickle, ForeignError> {
    Machine {
        bytes,
        at: 0,
        values: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: BTreeMap::new(),
    }
    .run()
}

/// The stack machine. What it can call is in `calls.rs`.
pub(super) struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    pub(super) values: Vec<Value>,
    stack: Vec<Id>,
    /// Heights of the stack at the open marks.
    marks: Vec<usize>,
    memo: BTreeMap<usize, Id>,
}

pub(super) fn corrupt<T>(reason: impl Into<String>) -> Result<T, ForeignError> {
    Err(ForeignError::Corrupt(reason.into()))
}

impl<'a> Machine<'a> {
    fn run(mut self) -> Result<Pickle, ForeignError> {
        loop {
            let opcode = self.byte()?;
            match opcode {
                0x80 => match self.byte()? {
                    2..=5 => {}
                    other => return corrupt(format!("pickle protocol {other}")),
                },
                // FRAME: a length for readers of streams.
                0x95 => drop(self.take(8)?),
                b'.' => {
                    let root = self.pop()?;
                    let values = self.values;
                    return Ok(Pickle::new(values, root));
                }
                b'(' => self.marks.push(self.stack.len()),
                b'N' => self.push(Value::None)?,
                0x88 | 0x89 => self.push(Value::Bool)?,
                b'K' => {
                    let value = self.little(1)?;
                    self.push_size(value)?;
                }
                b'M' => {
                    let value = self.little(2)?;
                    self.push_size(value)?;
                }
                b'J' => {
                    let b = self.take(4)?;
                    let value = i32::from_le_bytes([b[0], b[1], b[2], b[3]]);
                    self.push(Value::Int(i64::from(value)))?;
                }
                0x8a => self.long()?,
                b'G' => {
                    self.take(8)?;
                    self.push(Value::Float)?;
                }
                b'X' => self.text(4)?,
                0x8c => self.text(1)?,
                0x8d => self.text(8)?,
                b'C' => self.blob(1)?,
                b'B' => self.blob(4)?,
                b')' => self.push(Value::Tuple(Vec::new()))?,
                0x85..=0x87 => {
                    let count = usize::from(opcode - 0x84);
                    let items = self.pop_many(count)?;
                    self.push(Value::Tuple(items))?;
                }
                b't' => {
                    let items = self.pop_mark()?;
                    self.push(Value::Tuple(items))?;
                }
                b']' => self.push(Value::List(Vec::new()))?,
                b'a' => {
                    let item = self.pop()?;
                    self.extend_list(vec![item])?;
                }
                b'e' => {
                    let items = self.pop_mark()?;
                    self.extend_list(items)?;
                }
                b'}' => self.push(Value::Dict(Vec::new()))?,
                b's' => {
                    let pair = self.pop_many(2)?;
                    self.extend_dict(&pair)?;
                }
                b'u' => {
                    let items = self.pop_mark()?;
                    self.extend_dict(&items)?;
                }
                b'q' => self.memoize_at(1)?,
                b'r' => self.memoize_at(4)?,
                0x94 => {
                    let slot = self.memo.len();
                    let top = self.top()?;
                    self.memo.insert(slot, top);
                }
                b'h' => self.recall(1)?,
                b'j' => self.recall(4)?,
                b'c' => {
                    let (module, name) = (self.line()?, self.line()?);
                    self.push(Value::Global(find(&module, &name)?))?;
                }
                0x93 => {
                    let names = self.pop_many(2)?;
                    match (&self.values[names[0]], &self.values[names[1]]) {
                        (Value::Text(module), Value::Text(name)) => {
                            let global = find(module, name)?;
                            self.push(Value::Global(global))?;
                        }
                        _ => return corrupt("a global without a name"),
                    }
                }
                // INST names a class in the old way: refused like any other global.
                b'i' => {
                    let (module, name) = (self.line()?, self.line()?);
                    find(&module, &name)?;
                    return corrupt("an instance of a class");
                }
                b'R' => self.reduce()?,
                b'Q' => self.persistent()?,
                // BUILD sets attributes. `state_dict()` hangs version numbers on its dictionary.
                b'b' => {
                    self.pop()?;
                    let target = self.top()?;
                    if !matches!(self.values[target], Value::Dict(_)) {
                        return corrupt("attributes on something that is no dictionary");
                    }
                }
                other => {
                    return corrupt(format!(
                        "pickle instruction 0x{other:02x} at byte {}, which no state dict needs",
                        self.at - 1
                    ));
                }
            }
        }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], ForeignError> {
        let rest = &self.bytes[self.at..];
        match rest.get(..count) {
            Some(taken) => {
                self.at += count;
                Ok(taken)
            }
            None => corrupt("its list of tensors ends too early"),
        }
    }

    fn byte(&mut self) -> Result<u8, ForeignError> {
        Ok(self.take(1)?[0])
    }

    /// An unsigned little-endian number of `width` bytes.
    fn little(&mut self, width: usize) -> Result<usize, ForeignError> {
        let bytes = self.take(width)?;
        let value = bytes
            .iter()
            .rev()
            .fold(0_u64, |sum, b| sum << 8 | u64::from(*b));
        usize::try_from(value).or_else(|_| corrupt("a length beyond this machine's memory"))
    }

    /// Text up to the end of the line.
    fn line(&mut self) -> Result<String, ForeignError> {
        let rest = &self.bytes[self.at..];
        let Some(length) = rest.iter().position(|b| *b == b'\n') else {
            return corrupt("its list of tensors ends too early");
        };
        self.at += length + 1;
        Ok(String::from_utf8_lossy(&rest[..length]).into_owned())
    }

    pub(super) fn push(&mut self, value: Value) -> Result<(), ForeignError> {
        if self.values.len() == MOST_VALUES {
            return corrupt(format!("more than {MOST_VALUES} values beside the numbers"));
        }
        self.stack.push(self.values.len());
        self.values.push(value);
        Ok(())
    }

    fn push_size(&mut self, value: usize) -> Result<(), ForeignError> {
        // One or two bytes always fit.
        self.push(Value::Int(value as i64))
    }

    /// LONG1: a signed number of any length. Longer than 64 bits is no size of anything.
    fn long(&mut self) -> Result<(), ForeignError> {
        let length = self.little(1)?;
        let bytes = self.take(length)?;
        let negative = bytes.last().is_some_and(|b| b & 0x80 != 0);
        if length > 8 {
            return corrupt("a number longer than 64 bits");
        }
        let start = if negative { -1_i64 } else { 0 };
        let value = bytes
            .iter()
            .rev()
            .fold(start, |sum, b| sum << 8 | i64::from(*b));
        self.push(Value::Int(value))
    }

    fn text(&mut self, width: usize) -> Result<(), ForeignError> {
        let length = self.little(width)?;
        let bytes = self.take(length)?;
        match std::str::from_utf8(bytes) {
            Ok(text) => self.push(Value::Text(text.to_string())),
            Err(_) => corrupt("a name that is not UTF-8"),
        }
    }

    fn blob(&mut self, width: usize) -> Result<(), ForeignError> {
        let length = self.little(width)?;
        self.take(length)?;
        self.push(Value::Bytes)
    }

    /// Lowest position that may be popped: an open mark protects what is below it.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn top(&self) -> Result<Id, ForeignError> {
        match self.stack.last() {
            Some(id) if self.stack.len() > self.floor() => Ok(*id),
            _ => corrupt("its list of tensors takes from an empty stack"),
        }
    }

    pub(super) fn pop(&mut self) -> Result<Id, ForeignError> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    pub(super) fn pop_many(&mut self, count: usize) -> Result<Vec<Id>, ForeignError> {
        match self.stack.len().checked_sub(count) {
            Some(from) if from >= self.floor() => Ok(self.stack.split_off(from)),
            _ => corrupt("its list of tensors takes from an empty stack"),
        }
    }

    fn pop_mark(&mut self) -> Result<Vec<Id>, ForeignError> {
        match self.marks.pop() {
            Some(from) => Ok(self.stack.split_off(from)),
            None => corrupt("its list of tensors closes what was never opened"),
        }
    }

    fn extend_list(&mut self, items: Vec<Id>) -> Result<(), ForeignError> {
        let target = self.top()?;
        match &mut self.values[target] {
            Value::List(list) => {
                list.extend(items);
                Ok(())
            }
            _ => corrupt("items for something that is no list"),
        }
    }

    fn extend_dict(&mut self, items: &[Id]) -> Result<(), ForeignError> {
        let target = self.top()?;
        match &mut self.values[target] {
            Value::Dict(pairs) if items.len().is_multiple_of(2) => {
                pairs.extend(items.chunks_exact(2).map(|pair| (pair[0], pair[1])));
                Ok(())
            }
            _ => corrupt("entries for something that is no dictionary"),
        }
    }

    fn memoize_at(&mut self, width: usize) -> Result<(), ForeignError> {
        let slot = self.little(width)?;
        let top = self.top()?;
        self.memo.insert(slot, top);
        Ok(())
    }

    fn recall(&mut self, width: usize) -> Result<(), ForeignError> {
        let slot = self.little(width)?;
        match self.memo.get(&slot) {
            Some(&id) => {
                self.push_again(id);
                Ok(())
            }
            None => corrupt("its list of tensors refers to a value that does not exist"),
        }
    }

    /// Puts a value that exists already on the stack.
    pub(super) fn push_again(&mut self, id: Id) {
        self.stack.push(id);
    }
}

/// A global by name, or the refusal of the file.
fn find(module: &str, name: &str) -> Result<Global, ForeignError> {
    Global::find(module, name).ok_or_else(|| {
        // A corrupt file can have a name of megabytes.
        let shown: String = format!("{module}.{name}").chars().take(120).collect();
        ForeignError::Refused(shown)
    })
}
