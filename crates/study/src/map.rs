//! Where is a network on the map of table 1 in Lu et al. 2018? Equation, and the scheme that steps it.

use crate::answer;
use timestep_nets::{NetError, Network, presets};
use timestep_numerics::noise::{ActsOn, NoiseFacts, noise_facts, noises};

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The differential equation.
    pub equation: &'static str,
    /// The numerical scheme.
    pub scheme: String,
}

impl Place {
    /// The row of a network.
    #[must_use]
    pub fn of(network: &Network) -> Self {
        let theory = network.scheme();
        let equation = match (theory.parts, theory.coefficient.is_some()) {
            (2, _) => "x1' = f0(x2), x2' = f1(x1)",
            _ if splits(theory.written()) => "u' = f0(u) + f1(u)",
            (_, true) if theory.key == "lm" => "(1+k) u' + (1-k)/2 u'' = f(u)",
            _ => "u' = f(u)",
        };
        let body = network.body();
        let scheme = body.scheme.unwrap_or(theory.title);
        Self {
            equation,
            scheme: format!("{scheme}{}", body.sizes),
        }
    }
}

/// Does a scheme step the terms of a right-hand side in turn?
fn splits(scheme: &str) -> bool {
    timestep_numerics::scheme::<f64>(scheme).is_ok_and(|s| !s.terms().is_empty())
}

/// What makes the steps of a network random in training.
#[must_use]
pub fn law(network: &Network) -> Option<&'static NoiseFacts> {
    let config = network.config();
    if config.body.drop_path > 0.0 {
        return noises()
            .into_iter()
            .find(|law| law.acts_on == ActsOn::Joins);
    }
    noise_facts(&config.noise.name)
}

answer! {
    /// A family of published networks as a numerical scheme.
    pub struct FamilyOnTheMap {
        /// The family.
        pub family: String,
        /// A network of it.
        pub example: &'static str,
        /// Its block.
        pub block: String,
        /// The differential equation.
        pub equation: &'static str,
        /// The numerical scheme that steps it.
        pub scheme: String,
        /// Its order.
        pub order: u32,
    }
}

/// One row for each family of published networks.
///
/// # Errors
/// [`NetError`] for a published network that cannot be built.
pub fn families() -> Result<Vec<FamilyOnTheMap>, NetError> {
    let mut rows: Vec<FamilyOnTheMap> = Vec::new();
    for preset in presets() {
        let family = family(preset.key);
        if rows.iter().any(|row| row.family == family) {
            continue;
        }
        let network = Network::build(&preset.at_home())?;
        let (place, theory) = (Place::of(&network), network.scheme());
        rows.push(FamilyOnTheMap {
            family,
            example: preset.key,
            block: network.config().block.name.clone(),
            equation: place.equation,
            scheme: format!("{} (`{}`)", place.scheme, theory.key),
            order: theory.order,
        });
    }
    Ok(rows)
}

/// The name of a network without its numbers: `lm-resnext` for `lm-resnext-29-8x64d`.
fn family(name: &str) -> String {
    let numbers = |part: &&str| !part.starts_with(|c: char| c.is_ascii_digit());
    name.split('-')
        .filter(numbers)
        .collect::<Vec<_>>()
        .join("-")
}

#[cfg(test)]
mod tests {
    use super::family;

    #[test]
    fn families_are_names_without_numbers() {
        assert_eq!(family("lm-resnext-29-8x64d"), "lm-resnext");
        assert_eq!(family("wrn-28-10"), "wrn");
        assert_eq!(family("inception-resnet-v2"), "inception-resnet-v2");
        assert_eq!(family("lm-resnext-29-8x64d-history"), "lm-resnext-history");
    }
}
