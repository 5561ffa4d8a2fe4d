//! What does a rank tell the others of its shards, beside gradients? Losses, right answers, statistics of norms.

use std::sync::Arc;
use timestep_nets::{Effort, ParamId, Specs, Statistics};

/// What was found in a part of the batch that was computed at once.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Part {
    /// Mean loss.
    pub(crate) loss: f64,
    /// Images in it.
    pub(crate) images: usize,
    /// Images of which the most likely class is the right one.
    pub(crate) correct: usize,
    /// What its norms measured.
    pub(crate) statistics: Statistics,
    /// What its steps took.
    pub(crate) effort: Effort,
}

/// What a rank found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Report {
    /// Are all losses finite? If not, the parts end before the first that is not.
    pub(crate) finite: bool,
    /// Which parameters a gradient reached.
    pub(crate) reached: Vec<bool>,
    /// The parts, in the order of their images.
    pub(crate) parts: Vec<Part>,
}

impl Report {
    /// Nothing found yet.
    pub(crate) fn new(specs: &Specs) -> Self {
        Self {
            finite: true,
            reached: vec![false; specs.len()],
            parts: Vec::new(),
        }
    }

    /// As bytes for others.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![u8::from(self.finite)];
        bytes.extend(self.reached.iter().map(|reached| u8::from(*reached)));
        for part in &self.parts {
            bytes.extend(part.loss.to_bits().to_le_bytes());
            for number in [part.images, part.correct, part.statistics.len()] {
                bytes.extend((number as u64).to_le_bytes());
            }
            let effort = part.effort.to_numbers();
            bytes.extend(effort.iter().flat_map(|number| number.to_le_bytes()));
            for (id, values) in &part.statistics {
                bytes.extend((id.index() as u64).to_le_bytes());
                bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
            }
        }
        bytes
    }

    /// From the bytes of another; `None` if it made them for another network.
    pub(crate) fn from_bytes(specs: &Arc<Specs>, bytes: &[u8]) -> Option<Self> {
        let (finite, bytes) = bytes.split_first()?;
        let (reached, mut rest) = bytes.split_at_checked(specs.len())?;
        let mut report = Self {
            finite: *finite == 1,
            reached: reached.iter().map(|reached| *reached == 1).collect(),
            parts: Vec::new(),
        };
        while !rest.is_empty() {
            let mut part = Part {
                loss: f64::from_bits(number(&mut rest)?),
                images: number(&mut rest)? as usize,
                correct: number(&mut rest)? as usize,
                statistics: Vec::new(),
                effort: Effort::default(),
            };
            let statistics = number(&mut rest)?;
            let mut effort = [0; 7];
            for value in &mut effort {
                *value = number(&mut rest)?;
            }
            part.effort = Effort::from_numbers(effort);
            for _ in 0..statistics {
                let at = number(&mut rest)? as usize;
                let length = 4 * specs.get(at)?.len();
                let (values, more) = rest.split_at_checked(length)?;
                rest = more;
                let values = values.as_chunks::<4>().0.iter();
                let values = values.map(|value| f32::from_le_bytes(*value)).collect();
                part.statistics.push((ParamId::new(at), values));
            }
            report.parts.push(part);
        }
        Some(report)
    }
}

/// The number that comes next.
fn number(rest: &mut &[u8]) -> Option<u64> {
    let (number, more) = rest.split_first_chunk::<8>()?;
    *rest = more;
    Some(u64::from_le_bytes(*number))
}
