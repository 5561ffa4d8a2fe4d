//! How does an answer become JSON? As its fields say, with numbers exact, and with words for numbers that JSON has not.

use serde::Serialize;
use serde::ser::{
    Error as _, Impossible, SerializeMap, SerializeSeq, SerializeStruct, SerializeTuple,
};
use serde_json::{Error, Map, Value};

/// A number for JSON, which has no infinities; `-0` is 0.
#[must_use]
pub fn number(value: f64) -> Value {
    if value.is_finite() {
        Value::from(value + 0.0)
    } else if value.is_nan() {
        Value::from("nan")
    } else {
        Value::from(if value > 0.0 { "inf" } else { "-inf" })
    }
}

/// An answer as JSON.
///
/// # Panics
/// For a type that no answer has: one with bytes, or with keys that are no text.
#[must_use]
pub fn value<T: Serialize + ?Sized>(answer: &T) -> Value {
    answer
        .serialize(Exact)
        .expect("answers are made of numbers, texts, lists and objects")
}

/// Builds values as [`serde_json::to_value`] does, but for numbers that are not finite.
struct Exact;

/// A list that is being built.
struct List(Vec<Value>);

/// An object that is being built, and the key whose value comes next.
struct Object(Map<String, Value>, String);

/// What no answer has.
fn unknown<T>(what: &str) -> Result<T, Error> {
    Err(Error::custom(format!("no answer has {what}")))
}

/// Methods that make a value of a plain one.
macro_rules! plain {
    ($($name:ident: $of:ty),+) => {
        $(fn $name(self, v: $of) -> Result<Value, Error> {
            Ok(Value::from(v))
        })+
    };
}

impl serde::Serializer for Exact {
    type Ok = Value;
    type Error = Error;
    type SerializeSeq = List;
    type SerializeTuple = List;
    type SerializeTupleStruct = Impossible<Value, Error>;
    type SerializeTupleVariant = Impossible<Value, Error>;
    type SerializeMap = Object;
    type SerializeStruct = Object;
    type SerializeStructVariant = Impossible<Value, Error>;

    plain! {
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_str: &str
    }

    fn serialize_f32(self, v: f32) -> Result<Value, Error> {
        Ok(number(f64::from(v)))
    }

    fn serialize_f64(self, v: f64) -> Result<Value, Error> {
        Ok(number(v))
    }

    fn serialize_char(self, v: char) -> Result<Value, Error> {
        Ok(Value::from(v.to_string()))
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<Value, Error> {
        unknown("bytes")
    }

    fn serialize_none(self) -> Result<Value, Error> {
        Ok(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value, Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Value, Error> {
        Ok(Value::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Value, Error> {
        Ok(Value::Null)
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Value, Error> {
        Ok(Value::from(variant))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Value, Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Value, Error> {
        let mut object = Map::new();
        object.insert(variant.to_owned(), value.serialize(self)?);
        Ok(Value::Object(object))
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<List, Error> {
        Ok(List(Vec::with_capacity(len.unwrap_or_default())))
    }

    fn serialize_tuple(self, len: usize) -> Result<List, Error> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Error> {
        unknown("structs without names of fields")
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        unknown("variants without names of fields")
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Object, Error> {
        Ok(Object(Map::new(), String::new()))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Object, Error> {
        self.serialize_map(None)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        unknown("variants with fields")
    }
}

impl SerializeSeq for List {
    type Ok = Value;
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.0.push(value.serialize(Exact)?);
        Ok(())
    }

    fn end(self) -> Result<Value, Error> {
        Ok(Value::Array(self.0))
    }
}

impl SerializeTuple for List {
    type Ok = Value;
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        SerializeSeq::serialize_element(self, value)
    }

    fn end(self) -> Result<Value, Error> {
        SerializeSeq::end(self)
    }
}

impl SerializeMap for Object {
    type Ok = Value;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        match key.serialize(Exact)? {
            Value::String(key) => self.1 = key,
            _ => return unknown("keys that are no text"),
        }
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let key = std::mem::take(&mut self.1);
        self.0.insert(key, value.serialize(Exact)?);
        Ok(())
    }

    fn end(self) -> Result<Value, Error> {
        Ok(Value::Object(self.0))
    }
}

impl SerializeStruct for Object {
    type Ok = Value;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.0.insert(key.to_owned(), value.serialize(Exact)?);
        Ok(())
    }

    fn end(self) -> Result<Value, Error> {
        SerializeMap::end(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_no_minus_zero_and_no_bare_nan() {
        assert_eq!(number(-0.0).to_string(), "0.0");
        assert_eq!(number(f64::NAN), "nan");
        assert_eq!(number(f64::NEG_INFINITY), "-inf");
        let nested = value(&(vec![Some(f64::INFINITY), None], [1_u64, 2], "text"));
        assert_eq!(nested.to_string(), r#"[["inf",null],[1,2],"text"]"#);
    }
}
