//! From which numbers does a run start? From random ones, or from those of a network that was trained before.
//!
//! `train.init` names weights of the same network. Where they tell the same classes apart as the data has,
//! everything is taken over; otherwise the head starts anew, from the random numbers of the recipe's seed,
//! and the rest is taken over. Nothing else may differ, for a number that is silently left out looks like
//! a number that was learned.

use crate::TrainError;
use crate::setup::Setup;
use crate::trained::{Card, card_of, check_finite, weights_path};
use std::collections::BTreeSet;
use std::path::Path;
use timestep_nets::{Network, NetworkConfig, ParamId, Parameters, WeightsFile};

/// First numbers of a run.
#[derive(Clone, Debug)]
pub struct Start {
    /// The numbers.
    pub parameters: Parameters,
    /// What a person should know about them, in one line.
    pub note: Option<String>,
}

impl Start {
    /// The first numbers of the run of `setup`.
    ///
    /// # Errors
    /// [`TrainError::File`] and [`TrainError::Damaged`] for files that are no weights of ours,
    /// [`TrainError::OtherStart`] for those of another network.
    pub fn of(setup: &Setup) -> Result<Self, TrainError> {
        let recipe = setup.recipe();
        let parameters = setup.network.init(recipe.train.seed);
        if recipe.train.init.is_empty() {
            return Ok(Self {
                parameters,
                note: None,
            });
        }
        let path = weights_path(Path::new(&recipe.train.init));
        let (file, card) = card_of(&path)?;
        check_finite(&path, &file)?;
        let other = |differences| TrainError::OtherStart {
            path: path.clone(),
            network: setup.network.config().name.clone(),
            differences,
        };
        let found = Trained {
            file: &file,
            card: &card,
        };
        found
            .take(&setup.network, parameters, &setup.dataset.classes)
            .map_err(other)
    }
}

/// Weights to start from.
struct Trained<'f> {
    file: &'f WeightsFile,
    card: &'f Card,
}

impl Trained<'_> {
    /// The numbers for `network`, whose data has `classes`; what is made anew is that of `parameters`.
    ///
    /// # Errors
    /// Everything in which the networks differ, but the head.
    fn take(
        &self,
        network: &Network,
        mut parameters: Parameters,
        classes: &[String],
    ) -> Result<Start, Vec<String>> {
        let same =
            self.card.classes == classes && self.card.network.classes == network.config().classes;
        let head = network
            .part("head")
            .map_or(0..0, |head| head.parameters.clone());
        let mut differences = decisions(&self.card.network, network.config());
        let specs = network.specs().clone();
        for (at, spec) in specs.iter().enumerate() {
            if !same && head.contains(&at) {
                continue;
            }
            match self.file.arrays.get(&spec.name) {
                None => differences.push(format!("`{}` is missing", spec.name)),
                Some((shape, _)) if *shape != spec.shape => differences.push(format!(
                    "`{}` has shape {shape:?} instead of {:?}",
                    spec.name, spec.shape
                )),
                Some((_, values)) => parameters
                    .value_mut(ParamId::new(at))
                    .copy_from_slice(values),
            }
        }
        let known: BTreeSet<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
        for name in self.file.arrays.keys() {
            if !known.contains(name.as_str()) {
                differences.push(format!("`{name}` is not in the network"));
            }
        }
        if !differences.is_empty() {
            return Err(differences);
        }
        let note = (!same).then(|| {
            format!(
                "the head starts anew: the weights tell {} apart, the data has {}",
                counted(&self.card.classes),
                if classes.len() == self.card.classes.len() {
                    "others".to_owned()
                } else {
                    classes.len().to_string()
                }
            )
        });
        Ok(Start { parameters, note })
    }
}

/// `10 classes`.
fn counted(classes: &[String]) -> String {
    format!("{} classes", classes.len())
}

/// The decisions about an architecture in which the weights' network differs. The number of classes and the size of
/// images are no such decisions: the same weights fit.
fn decisions(theirs: &NetworkConfig, ours: &NetworkConfig) -> Vec<String> {
    let comparable = |config: &NetworkConfig| {
        let mut config = config.architecture();
        config.classes = ours.classes;
        config.name.clear();
        (config.input.height, config.input.width) = (ours.input.height, ours.input.width);
        // Numbers, words and lists of them, under the names that the card writes.
        serde_json::to_value(&config).unwrap_or_default()
    };
    let (theirs, ours) = (comparable(theirs), comparable(ours));
    // What is not written on one side has its default there.
    let own = ours.as_object().into_iter().flatten();
    let all = theirs.as_object().into_iter().flatten();
    let more = all.filter(|(field, _)| ours.get(field).is_none());
    let written = |value: Option<&serde_json::Value>| match value {
        None => "the default".to_owned(),
        Some(value) => value.to_string(),
    };
    own.chain(more)
        .filter(|(field, _)| theirs.get(field) != ours.get(field))
        .map(|(field, _)| {
            let (theirs, ours) = (written(theirs.get(field)), written(ours.get(field)));
            format!("{field} is {theirs} instead of {ours}")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use timestep_data::Normalise;
    use timestep_nets::{InputShape, preset};

    fn network(classes: usize, change: impl Fn(&mut NetworkConfig)) -> Network {
        let input = InputShape {
            channels: 1,
            height: 8,
            width: 8,
        };
        let mut config = preset("lm-resnet-20")
            .expect("known")
            .config(input, classes);
        config = config.scaled_to(4);
        change(&mut config);
        Network::build(&config).expect("builds")
    }

    fn classes(names: &str) -> Vec<String> {
        names.chars().map(String::from).collect()
    }

    /// A file of a network with random weights.
    fn trained(network: &Network, names: &str) -> (WeightsFile, Card) {
        let parameters = network.init(7);
        let mut file = WeightsFile::default();
        for (spec, id) in network.specs().iter().zip(parameters.ids()) {
            let array = (spec.shape.clone(), parameters.value(id).to_vec());
            file.arrays.insert(spec.name.clone(), array);
        }
        let card = Card {
            network: network.config().clone(),
            classes: classes(names),
            normalise: Normalise::new(vec![0.0], vec![1.0]).expect("one channel"),
            data: "digits".into(),
            recipe: String::new(),
            epoch: 1,
            top1: 0.5,
        };
        (file, card)
    }

    fn take(
        theirs: &Network,
        names: &str,
        ours: &Network,
        data: &str,
    ) -> Result<Start, Vec<String>> {
        let (file, card) = trained(theirs, names);
        let found = Trained {
            file: &file,
            card: &card,
        };
        found.take(ours, ours.init(0), &classes(data))
    }

    #[test]
    fn the_same_classes_keep_their_head() {
        let ours = network(3, |_| {});
        let start = take(&ours, "abc", &ours, "abc").expect("the same network");
        assert_eq!(start.parameters, ours.init(7));
        assert_eq!(start.note, None);
    }

    #[test]
    fn other_classes_have_a_head_of_their_own() {
        for (names, note) in [
            (
                "ab",
                "the head starts anew: the weights tell 2 classes apart, the data has 3",
            ),
            (
                "xyz",
                "the head starts anew: the weights tell 3 classes apart, the data has others",
            ),
        ] {
            let (theirs, ours) = (network(names.len(), |_| {}), network(3, |_| {}));
            let start = take(&theirs, names, &ours, "abc").expect("only the head differs");
            assert_eq!(start.note.as_deref(), Some(note));
            let head = ours.part("head").expect("a head").parameters.clone();
            let (random, learned) = (ours.init(0), ours.init(7));
            for id in ours.specs().ids() {
                let from = if head.contains(&id.index()) {
                    &random
                } else {
                    &learned
                };
                assert_eq!(start.parameters.value(id), from.value(id));
            }
        }
    }

    #[test]
    fn another_network_is_refused_with_all_that_differs() {
        let ours = network(3, |_| {});
        let wide = network(3, |config| config.body.steps = vec![3, 3, 2]);
        let differences = take(&wide, "abc", &ours, "abc").expect_err("fewer steps");
        assert_eq!(differences[0], "steps is [3,3,2] instead of [3,3,3]");
        assert!(
            differences
                .iter()
                .any(|d| d == "`layer3.2.bn1.weight` is missing"),
            "{differences:?}"
        );
        let euler = network(3, |config| config.scheme.name = "euler".into());
        let differences = take(&euler, "abc", &ours, "abc").expect_err("no coefficients");
        assert_eq!(differences[0], "scheme is \"euler\" instead of \"lm\"");
        // Step sizes are written where they are not 1.
        let fine = network(3, |config| config.scheme.h = vec![0.5]);
        let differences = take(&fine, "abc", &ours, "abc").expect_err("other steps");
        assert_eq!(differences, ["h is [0.5] instead of the default"]);
        let differences = take(&ours, "abc", &fine, "abc").expect_err("other steps");
        assert_eq!(differences, ["h is the default instead of [0.5]"]);
        // More dropout or other noise in training is the same network.
        let noisy = network(3, |config| config.block.dropout = 0.3);
        assert!(take(&noisy, "abc", &ours, "abc").is_ok());
    }
}
