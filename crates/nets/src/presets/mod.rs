//! Which published networks are there by name, and what are they made of?

mod cifar;
mod cifar_families;
mod imagenet;

use crate::{InputShape, NetError, NetworkConfig};
use std::sync::LazyLock;
use timestep_registry::{Facts, Kind, near};

/// The images for which a network was published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// 32×32 colour images of 10 classes.
    Cifar,
    /// Colour images of 1,000 classes, with this many rows and columns.
    Imagenet(usize),
}

impl Home {
    /// The recipe of the data: its training protocol.
    #[must_use]
    pub fn recipe(self) -> &'static str {
        match self {
            Home::Cifar => "cifar10",
            Home::Imagenet(_) => "imagenet",
        }
    }

    /// Images to train on and to test with.
    #[must_use]
    pub fn images(self) -> (usize, usize) {
        match self {
            Home::Cifar => (50_000, 10_000),
            Home::Imagenet(_) => (1_281_167, 50_000),
        }
    }

    /// Images and classes.
    #[must_use]
    pub fn input(self) -> (InputShape, usize) {
        let (side, classes) = match self {
            Home::Cifar => (32, 10),
            Home::Imagenet(side) => (side, 1000),
        };
        let input = InputShape {
            channels: 3,
            height: side,
            width: side,
        };
        (input, classes)
    }
}

/// A published result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Published {
    /// Data set: `CIFAR-10`.
    pub data: &'static str,
    /// Top-1 test error in percent.
    pub error: f64,
    /// Who published it.
    pub source: &'static str,
}

/// Numbers that a network is known to have.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts {
    /// Trained numbers without coefficients, at home.
    pub parameters: usize,
    /// Learned coefficients.
    pub coefficients: usize,
    /// Millions of multiply-adds an image, where they are published or derived elsewhere.
    pub multiply_adds: Option<f64>,
}

/// A published network.
#[derive(Debug)]
pub struct Preset {
    /// What is known of everything that can be named; its key is the name as published: `lm-resnet-20`.
    pub named: Facts,
    /// Images for which it was published, and for which it is counted.
    pub home: Home,
    /// What it is made of.
    make: fn(&'static str) -> NetworkConfig,
    /// What it is known to count.
    pub counts: Counts,
    /// Published errors.
    pub published: &'static [Published],
}

timestep_registry::named!(Preset);

/// What is known of a published network beside its numbers.
const fn facts(name: &'static str, references: &'static [&'static str]) -> Facts {
    Facts {
        references,
        ..Facts::new(Kind::Network, name, "published network", "")
    }
}

impl Preset {
    /// Its configuration for images and classes.
    #[must_use]
    pub fn config(&self, input: InputShape, classes: usize) -> NetworkConfig {
        let mut network = (self.make)(self.key);
        network.input = input;
        network.classes = classes;
        network
    }

    /// Its configuration for the images and classes that it was published for.
    #[must_use]
    pub fn at_home(&self) -> NetworkConfig {
        let (input, classes) = self.home.input();
        self.config(input, classes)
    }
}

/// A configuration with a name, for the images at home.
fn named(name: &str, home: Home, block: &str, scheme: &str) -> NetworkConfig {
    let (input, classes) = home.input();
    let mut network = NetworkConfig::new(block, scheme, input, classes);
    network.name = name.to_owned();
    network
}

/// The number at some place of a name: 29 in `resnext-29-8x64d` is number 0, 8 is number 1.
fn number(name: &str, place: usize) -> usize {
    let digits = name.split(|c: char| !c.is_ascii_digit());
    let mut numbers = digits.filter_map(|d| d.parse().ok());
    numbers.nth(place).unwrap_or(0)
}

/// A published error.
const fn error(data: &'static str, error: f64, source: &'static str) -> Published {
    Published {
        data,
        error,
        source,
    }
}

/// Known numbers.
const fn counts(parameters: usize, coefficients: usize, millions: f64) -> Counts {
    Counts {
        parameters,
        coefficients,
        multiply_adds: if millions > 0.0 { Some(millions) } else { None },
    }
}

static ALL: LazyLock<Vec<&'static Preset>> =
    LazyLock::new(|| cifar::PRESETS.iter().chain(imagenet::PRESETS).collect());

/// Every published network, in registry order.
#[must_use]
pub fn presets() -> &'static [&'static Preset] {
    &ALL
}

/// A published network by name.
///
/// # Errors
/// [`NetError::Unknown`] with near names.
pub fn preset(name: &str) -> Result<&'static Preset, NetError> {
    ALL.iter()
        .copied()
        .find(|p| p.answers_to(name))
        .ok_or_else(|| NetError::Unknown {
            kind: "network",
            name: name.to_string(),
            near: (near(name, ALL.iter().map(|p| p.key)).into_iter())
                .map(str::to_owned)
                .collect(),
            list: "timestep list networks",
        })
}
