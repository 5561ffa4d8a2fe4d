//! What is shown of published networks?

use super::{Cell, Entry, Row};
use serde_json::Value;
use timestep_nets::{Home, Network, Preset, Published};
use timestep_study::map::Place;
use timestep_train::TrainError;

impl Entry for Preset {
    /// What it costs on the images that it was published for.
    fn row(&self) -> Result<Row, TrainError> {
        let network = Network::build(&self.at_home())?;
        let (cost, config) = (network.cost(), network.config());
        let input = config.input;
        let cifar10 = self.published.iter().find(|e| e.data == "CIFAR-10");
        let published: Vec<String> = (self.published.iter())
            .map(|e| format!("{} {} % ({})", e.data, e.error, e.source))
            .collect();
        let published = (!published.is_empty()).then(|| published.join(", "));
        Ok(vec![
            Cell::new("network", self.key),
            Cell::new("block", config.block.name.as_str()),
            Cell::new("scheme", config.scheme.name.as_str()),
            Cell::new(
                "input",
                format!("{}x{}x{}", input.channels, input.height, input.width),
            ),
            Cell::new("parameters", cost.parameters),
            Cell::new("coefficients", network.coefficient_count()),
            Cell::new("multiply_adds", cost.multiply_adds),
            Cell::new("published", published),
            // For programs that read an earlier version: `published` says the same.
            Cell::new("depth", depth(self.key)).programs(),
            Cell::new("cifar10_error", cifar10.map(|e| e.error)).programs(),
            Cell::new("source", cifar10.map_or(Value::Null, |e| e.source.into())).programs(),
        ])
    }

    /// What it is made of, and its place in the table of equations and schemes.
    fn page(&self) -> Result<String, TrainError> {
        let config = self.at_home();
        let network = Network::build(&config)?;
        let mut published = String::new();
        for Published {
            data,
            error,
            source,
        } in self.published
        {
            published.push_str(&format!(
                "Published test error on {data}: {error} % ({source}).\n"
            ));
        }
        let coefficients = match network.coefficient_count() {
            0 => "no learned coefficients".to_owned(),
            n => format!("{n} learned coefficients"),
        };
        let place = Place::of(&network);
        let input = config.input;
        let (name, scheme) = (self.key, network.scheme());
        let recipe = match self.home {
            Home::Cifar => format!("`timestep train cifar10/{name} --dry-run`, "),
            Home::Imagenet(_) => String::new(),
        };
        let steps: Vec<String> = config.body.steps.iter().map(ToString::to_string).collect();
        Ok(format!(
            "A stem, {} segments of {} steps, and a head; block `{}`, scheme `{}`.\n\
             {} trained numbers for {} classes of {}×{}×{} images, and {coefficients}.\n{published}\n\
             # As a differential equation\nIt is the equation {}, stepped by: {}.\n\
             u_next = {}; see `timestep explain {}`.\n\n\
             # Next\n`timestep summary {name}`, {recipe}`timestep cite {name}`\n",
            config.body.steps.len(),
            steps.join(", "),
            config.block.name,
            scheme.key,
            network.cost().parameters,
            config.classes,
            input.channels,
            input.height,
            input.width,
            place.equation,
            place.scheme,
            scheme.equation,
            scheme.key,
        ))
    }
}

/// The depth in a name, which is the first number that is no width.
fn depth(name: &str) -> Option<usize> {
    let numbers = name.split('-').filter_map(|part| part.parse().ok());
    numbers.into_iter().find(|n| *n >= 16)
}
