//! How does an event look as JSON? With its version first, and without bare `NaN`s.
//!
//! The shape of each event is derived beside its definition; here it is wrapped in the version,
//! and real numbers are guarded, because JSON has no way to write those that are not finite.

use super::{Event, VERSION};
use serde::{Deserialize, Serialize};

/// An event on its way out.
#[derive(Serialize)]
struct Outgoing<'a> {
    v: u32,
    #[serde(flatten, serialize_with = "Event::serialize")]
    event: &'a Event,
}

/// An event on its way in.
#[derive(Deserialize)]
struct Incoming {
    v: u32,
    #[serde(flatten, deserialize_with = "Event::deserialize")]
    event: Event,
}

impl Serialize for Event {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Outgoing {
            v: VERSION,
            event: self,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let line = Incoming::deserialize(deserializer)?;
        if line.v != VERSION {
            return Err(serde::de::Error::custom(format!(
                "the event has version {}; this program reads version {VERSION}",
                line.v
            )));
        }
        Ok(line.event)
    }
}

/// A real number that JSON can hold whatever it is.
#[derive(Clone, Copy)]
struct Real(f64);

impl Serialize for Real {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_finite() {
            serializer.serialize_f64(self.0)
        } else {
            serializer.serialize_str(non_finite(self.0))
        }
    }
}

/// The word for a number that is not finite.
fn non_finite(value: f64) -> &'static str {
    if value.is_nan() {
        "nan"
    } else if value > 0.0 {
        "inf"
    } else {
        "-inf"
    }
}

impl<'de> Deserialize<'de> for Real {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Real;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a number, \"nan\", \"inf\" or \"-inf\"")
            }
            fn visit_f64<E>(self, v: f64) -> Result<Real, E> {
                Ok(Real(v))
            }
            fn visit_i64<E>(self, v: i64) -> Result<Real, E> {
                Ok(Real(v as f64))
            }
            fn visit_u64<E>(self, v: u64) -> Result<Real, E> {
                Ok(Real(v as f64))
            }
            fn visit_str<E: serde::de::Error>(self, v: &str) -> Result<Real, E> {
                match v {
                    "nan" => Ok(Real(f64::NAN)),
                    "inf" => Ok(Real(f64::INFINITY)),
                    "-inf" => Ok(Real(f64::NEG_INFINITY)),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(v), &self)),
                }
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// `#[serde(with = "real")]`: a number.
pub(super) mod real {
    use super::Real;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(in crate::event) fn serialize<S: Serializer>(value: &f64, s: S) -> Result<S::Ok, S::Error> {
        Real(*value).serialize(s)
    }

    pub(in crate::event) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<f64, D::Error> {
        Ok(Real::deserialize(d)?.0)
    }
}

/// `#[serde(with = "real_maybe")]`: a number, or none.
pub(super) mod real_maybe {
    use super::Real;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(in crate::event) fn serialize<S: Serializer>(
        value: &Option<f64>,
        s: S,
    ) -> Result<S::Ok, S::Error> {
        value.map(Real).serialize(s)
    }

    pub(in crate::event) fn deserialize<'de, D: Deserializer<'de>>(
        d: D,
    ) -> Result<Option<f64>, D::Error> {
        Ok(Option::<Real>::deserialize(d)?.map(|value| value.0))
    }
}

/// `#[serde(with = "real_lists")]`: rows of lists of numbers.
pub(super) mod real_lists {
    use super::Real;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(in crate::event) fn serialize<S: Serializer>(
        rows: &[Vec<Vec<f64>>],
        s: S,
    ) -> Result<S::Ok, S::Error> {
        let guarded = |list: &Vec<f64>| list.iter().map(|k| Real(*k)).collect::<Vec<_>>();
        s.collect_seq(
            rows.iter()
                .map(|row| row.iter().map(guarded).collect::<Vec<_>>()),
        )
    }

    pub(in crate::event) fn deserialize<'de, D: Deserializer<'de>>(
        d: D,
    ) -> Result<Vec<Vec<Vec<f64>>>, D::Error> {
        let rows = Vec::<Vec<Vec<Real>>>::deserialize(d)?;
        let plain = |list: Vec<Real>| list.into_iter().map(|k| k.0).collect();
        let row = |row: Vec<Vec<Real>>| row.into_iter().map(plain).collect();
        Ok(rows.into_iter().map(row).collect())
    }
}

/// `#[serde(with = "real_grid")]`: rows of numbers, some of them absent.
pub(super) mod real_grid {
    use super::Real;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(in crate::event) fn serialize<S: Serializer>(
        rows: &[Vec<Option<f64>>],
        s: S,
    ) -> Result<S::Ok, S::Error> {
        let guarded = |row: &Vec<Option<f64>>| row.iter().map(|k| k.map(Real)).collect::<Vec<_>>();
        s.collect_seq(rows.iter().map(guarded))
    }

    pub(in crate::event) fn deserialize<'de, D: Deserializer<'de>>(
        d: D,
    ) -> Result<Vec<Vec<Option<f64>>>, D::Error> {
        let rows = Vec::<Vec<Option<Real>>>::deserialize(d)?;
        Ok(rows
            .into_iter()
            .map(|row| row.into_iter().map(|k| k.map(|k| k.0)).collect())
            .collect())
    }
}
