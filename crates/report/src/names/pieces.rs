//! What is shown of the pieces of a network: schemes, blocks, bodies, noises, devices?

use super::{Cell, Entry, Row, with_names};
use crate::text::Answer;
use crate::text::page::Page;
use timestep_engine::EngineFacts;
use timestep_nets::{BlockFacts, BodyFacts};
use timestep_numerics::SchemeFacts;
use timestep_numerics::noise::{NoiseFacts, PER};
use timestep_registry::{Facts, Kind, named};
use timestep_study::schemes::Theory;
use timestep_train::TrainError;

impl Entry for SchemeFacts {
    fn row(&self) -> Result<Row, TrainError> {
        Ok(vec![
            Cell::new("scheme", self.key),
            Cell::new("network", self.network),
            Cell::new("equation", self.equation),
            Cell::new("order", self.order),
            Cell::new("stages", self.stages),
            Cell::new("memory", self.memory),
            Cell::new("coefficient", self.coefficient.map(|c| c.name)),
        ])
    }

    fn page(&self) -> Result<String, TrainError> {
        let mut page = Page::new(usize::MAX);
        Theory::of(self, None).text(&mut page);
        Ok(format!(
            "{}\n# Measured now, on the code that networks run\n{}",
            with_names(self),
            page.into_text().trim_end()
        ))
    }

    fn measured(&self) -> Option<Theory> {
        Some(Theory::of(self, None))
    }
}

impl Entry for BlockFacts {
    fn row(&self) -> Result<Row, TrainError> {
        Ok(vec![
            Cell::new("block", self.key),
            Cell::new("equation", self.equation),
            Cell::new("what", self.title),
        ])
    }
}

impl Entry for BodyFacts {}

/// What stands where there is no noise.
pub(super) static NO_NOISE: NoNoise = NoNoise {
    named: Facts::new(
        Kind::Noise,
        "none",
        "steps are not random; also turns off what a published network has",
        include_str!("none.md"),
    ),
};

/// No noise.
pub(super) struct NoNoise {
    named: Facts,
}

named!(NoNoise);

impl Entry for NoNoise {
    fn row(&self) -> Result<Row, TrainError> {
        Ok(noise_row(self, "u + f(u)"))
    }
}

impl Entry for NoiseFacts {
    fn row(&self) -> Result<Row, TrainError> {
        Ok(noise_row(self, self.equation))
    }

    fn page(&self) -> Result<String, TrainError> {
        let all = std::iter::once(&PER).chain(self.settings);
        let settings: String = all
            .map(|own| {
                format!(
                    "`--set {}=…`  {} [default: {}]\n",
                    own.path, own.help, own.default
                )
            })
            .collect();
        let (page, key) = (with_names(self), self.key);
        Ok(format!(
            "{page}\n# Use it\n`timestep train --noise {key}`, or `+{key}` after the name of a recipe\n{settings}"
        ))
    }
}

/// The row of a noise.
fn noise_row(facts: &Facts, equation: &str) -> Row {
    vec![
        Cell::new("noise", facts.key),
        Cell::new("equation", equation),
        Cell::new("what", facts.title),
    ]
}

impl Entry for EngineFacts {
    fn row(&self) -> Result<Row, TrainError> {
        Ok(vec![
            Cell::new("device", self.key),
            Cell::new("precision", self.precision),
            Cell::new("what", self.title),
            Cell::new("when", self.when),
        ])
    }

    fn page(&self) -> Result<String, TrainError> {
        let (page, key, when) = (self.named.page(), self.key, self.when);
        let command = match self.evaluated > 0.0 {
            true => format!("`timestep eval runs/NAME --device {key}`"),
            false => format!("`timestep train --device {key}`"),
        };
        Ok(format!("{page}\n# Use it\n{command}, {when}\n"))
    }
}
