//! What is an answer? A plain value whose fields say what they mean, to people and to programs.
//!
//! [`answer!`](crate::answer!) declares one. The sentence above a field is its documentation in Rust and its row in
//! `docs/reference/json.md`; the name of the field is its name in JSON.

/// What a field holds.
#[derive(Clone, Debug)]
pub enum Shape {
    /// A number; one that is not finite is `"nan"`, `"inf"` or `"-inf"`.
    Number,
    /// A whole number, 0 or larger.
    Count,
    /// Text.
    Text,
    /// `true` or `false`.
    Flag,
    /// A value that is documented elsewhere.
    Any,
    /// A list of values of one shape.
    List(Box<Shape>),
    /// A value, or `null` where there is none.
    Optional(Box<Shape>),
    /// An object with fields of its own.
    Object(Vec<Field>),
}

impl Shape {
    /// The type in words: `list of numbers, or null`.
    #[must_use]
    pub fn words(&self) -> String {
        self.counted(false)
    }

    /// The same, of several.
    fn counted(&self, several: bool) -> String {
        let s = if several { "s" } else { "" };
        match self {
            Self::Number => format!("number{s}"),
            Self::Count => format!("count{s}"),
            Self::Text => format!("text{s}"),
            Self::Flag => format!("flag{s}"),
            Self::Any => format!("value{s}"),
            Self::List(of) => format!("list{s} of {}", of.counted(true)),
            Self::Optional(of) => format!("{} or null", of.counted(several)),
            Self::Object(_) => format!("object{s}"),
        }
    }
}

/// A documented field.
#[derive(Clone, Debug)]
pub struct Field {
    /// Name in JSON.
    pub name: &'static str,
    /// What it says, with its unit.
    pub about: &'static str,
    /// What it holds.
    pub shape: Shape,
}

/// A type that can be a field of an answer.
pub trait Described {
    /// What a value of it looks like in JSON.
    fn shape() -> Shape;
}

/// One kind of object that a command prints.
#[derive(Clone, Debug)]
pub struct Line {
    /// What the object is.
    pub about: &'static str,
    /// Its fields, in order.
    pub fields: Vec<Field>,
}

impl Line {
    /// Every field with its path, those of objects inside too: `samples[].h`.
    #[must_use]
    pub fn paths(&self) -> Vec<(String, Field)> {
        let mut all = Vec::new();
        collect("", &self.fields, &mut all);
        all
    }
}

/// Adds fields and what is inside them.
fn collect(before: &str, fields: &[Field], all: &mut Vec<(String, Field)>) {
    for field in fields {
        let path = format!("{before}{}", field.name);
        all.push((path.clone(), field.clone()));
        let (mut inside, mut path) = (&field.shape, path);
        loop {
            match inside {
                Shape::List(of) => (inside, path) = (of, path + "[]"),
                Shape::Optional(of) => inside = of,
                _ => break,
            }
        }
        if let Shape::Object(fields) = inside {
            collect(&format!("{path}."), fields, all);
        }
    }
}

/// A value that is one object in JSON.
pub trait Documented: Described {
    /// What it is.
    const ABOUT: &'static str;

    /// The object, as a page documents it.
    #[must_use]
    fn line() -> Line {
        let fields = match Self::shape() {
            Shape::Object(fields) => fields,
            _ => Vec::new(),
        };
        Line {
            about: Self::ABOUT.trim(),
            fields,
        }
    }
}

impl<T: Described> Described for Vec<T> {
    fn shape() -> Shape {
        Shape::List(Box::new(T::shape()))
    }
}

impl<T: Described, const N: usize> Described for [T; N] {
    fn shape() -> Shape {
        Shape::List(Box::new(T::shape()))
    }
}

impl<T: Described> Described for Option<T> {
    fn shape() -> Shape {
        Shape::Optional(Box::new(T::shape()))
    }
}

impl Described for (f64, f64) {
    fn shape() -> Shape {
        Shape::List(Box::new(Shape::Number))
    }
}

/// Declares the shapes of types that have one by themselves.
macro_rules! plain {
    ($($shape:ident: $($of:ty),+;)+) => {
        $($(impl Described for $of {
            fn shape() -> Shape {
                Shape::$shape
            }
        })+)+
    };
}

plain! {
    Number: f64, f32;
    Count: u8, u32, u64, usize;
    Text: String, &'static str;
    Flag: bool;
    Any: serde_json::Value;
}

/// Declares an answer: a struct that is one object in JSON, with the same names. `name as "256²"` gives a field a name
/// that is none in Rust; `name unless "Option::is_none"` leaves a
/// field out where the function says so.
#[macro_export]
macro_rules! answer {
    (
        $(#[doc = $about:literal])+
        $vis:vis struct $name:ident {
            $($(#[doc = $doc:literal])+ $seen:vis $field:ident $(as $other:literal)? $(unless $absent:literal)?: $of:ty),+ $(,)?
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug, PartialEq, serde::Serialize)]
        $vis struct $name {
            $($(#[doc = $doc])+ $(#[serde(rename = $other)])?
            $(#[serde(skip_serializing_if = $absent)])? $seen $field: $of),+
        }

        impl $crate::answer::Described for $name {
            fn shape() -> $crate::answer::Shape {
                $crate::answer::Shape::Object(vec![$($crate::answer::Field {
                    name: $crate::answer!(@name $field $($other)?),
                    about: concat!($($doc),+).trim_ascii(),
                    shape: <$of as $crate::answer::Described>::shape(),
                }),+])
            }
        }

        impl $crate::answer::Documented for $name {
            const ABOUT: &'static str = concat!($($about),+);
        }
    };
    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident $other:literal) => { $other };
}

#[cfg(test)]
mod tests {
    use super::*;

    answer! {
        /// A thing
        /// of two lines.
        struct Thing {
            /// How long it is, in metres.
            length: Option<f64>,
            /// Its parts.
            parts as "its parts": Vec<usize>,
        }
    }

    #[test]
    fn fields_are_documented_where_they_are_declared() {
        let line = Thing::line();
        assert_eq!(line.about, "A thing of two lines.");
        let rows: Vec<(&str, &str, String)> = (line.fields.iter())
            .map(|f| (f.name, f.about, f.shape.words()))
            .collect();
        let length = "How long it is, in metres.";
        assert_eq!(rows[0], ("length", length, "number or null".into()));
        assert_eq!(
            rows[1],
            ("its parts", "Its parts.", "list of counts".into())
        );
        let thing = Thing {
            length: Some(f64::INFINITY),
            parts: vec![1, 2],
        };
        let json = crate::json::value(&thing).to_string();
        assert_eq!(json, r#"{"length":"inf","its parts":[1,2]}"#);
    }
}
