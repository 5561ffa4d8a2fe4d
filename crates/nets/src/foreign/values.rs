//! What can a state dict's pickle contain? The closed list of types and globals.

/// Index of a value in its [`Pickle`].
pub(super) type Id = usize;

/// Number types of a storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    F64,
    F32,
    F16,
    Bf16,
    I64,
    I32,
    I16,
    I8,
    U8,
    Bool,
}

impl Element {
    /// Type of the storage class `name` in Python's module `torch`.
    fn of_storage(name: &str) -> Option<Self> {
        Some(match name {
            "DoubleStorage" => Element::F64,
            "FloatStorage" => Element::F32,
            "HalfStorage" => Element::F16,
            "BFloat16Storage" => Element::Bf16,
            "LongStorage" => Element::I64,
            "IntStorage" => Element::I32,
            "ShortStorage" => Element::I16,
            "CharStorage" => Element::I8,
            "ByteStorage" => Element::U8,
            "BoolStorage" => Element::Bool,
            _ => return None,
        })
    }

    /// Bytes of one number.
    pub(super) fn size(self) -> usize {
        match self {
            Element::F64 | Element::I64 => 8,
            Element::F32 | Element::I32 => 4,
            Element::F16 | Element::Bf16 | Element::I16 => 2,
            Element::I8 | Element::U8 | Element::Bool => 1,
        }
    }

    /// Name as PyTorch writes it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Element::F64 => "float64",
            Element::F32 => "float32",
            Element::F16 => "float16",
            Element::Bf16 => "bfloat16",
            Element::I64 => "int64",
            Element::I32 => "int32",
            Element::I16 => "int16",
            Element::I8 => "int8",
            Element::U8 => "uint8",
            Element::Bool => "bool",
        }
    }
}

/// The globals that a state dict may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Global {
    /// `collections.OrderedDict`, called with nothing or with pairs.
    OrderedDict,
    /// `collections.Counter`, which learning rate schedules save; called with a dictionary.
    Counter,
    /// `torch.Size`, called with a tuple.
    Size,
    /// `torch._utils._rebuild_tensor_v2`.
    Tensor,
    /// `torch._utils._rebuild_parameter`.
    Parameter,
    /// A storage class, which is only named.
    Storage(Element),
}

impl Global {
    /// The global of that name, if it is on the list.
    pub(super) fn find(module: &str, name: &str) -> Option<Self> {
        Some(match (module, name) {
            ("collections", "OrderedDict") => Global::OrderedDict,
            ("collections", "Counter") => Global::Counter,
            ("torch", "Size") => Global::Size,
            ("torch._utils", "_rebuild_tensor_v2") => Global::Tensor,
            ("torch._utils", "_rebuild_parameter") => Global::Parameter,
            ("torch", storage) => Global::Storage(Element::of_storage(storage)?),
            _ => return None,
        })
    }
}

/// A view of a storage, not yet checked against it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TensorView {
    /// Number type of the storage.
    pub(super) element: Element,
    /// Name of the storage inside the archive.
    pub(super) key: String,
    /// Numbers that the storage holds, as declared.
    pub(super) length: usize,
    /// First number of the view.
    pub(super) offset: usize,
    pub(super) shape: Vec<usize>,
    /// Distance of neighbours along each axis, in numbers.
    pub(super) strides: Vec<usize>,
}

/// One value of a pickle.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    None,
    Bool,
    Int(i64),
    Float,
    Text(String),
    Bytes,
    Tuple(Vec<Id>),
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    Global(Global),
    /// A storage: type, name in the archive, declared length.
    Storage(Element, String, usize),
    Tensor(Box<TensorView>),
}

/// All values of a pickle, and which of them is the result.
#[derive(Debug)]
pub(super) struct Pickle {
    values: Vec<Value>,
    root: Id,
}

impl Pickle {
    /// `values` refer to each other and `root` to one of them by index.
    pub(super) fn new(values: Vec<Value>, root: Id) -> Self {
        Self { values, root }
    }

    /// The result.
    pub(super) fn root(&self) -> &Value {
        self.get(self.root)
    }

    /// The value at an index that came from this pickle.
    pub(super) fn get(&self, id: Id) -> &Value {
        &self.values[id]
    }
}
