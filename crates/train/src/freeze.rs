//! Which numbers of a network move, and which of them decay?
//!
//! Parts that are frozen (`train.freeze`: the stem, segments, the head) stay as they are, bit for bit: they
//! have no gradients, do not decay, and their norms use the running statistics that they have, as in
//! evaluation, and leave them alone. With statistics of the batch a frozen part would still compute
//! something else in every step, and something else again when it is measured.

use crate::TrainError;
use crate::optimisers::Group;
use crate::recipe::OptimiserSettings;
use std::sync::Arc;
use timestep_nets::{Network, Part, Role, Specs};

/// Which parameters are trained when these parts are frozen, in the order of the table; `None`: all.
///
/// # Errors
/// [`TrainError::UnknownPart`] for a part that the network does not have, [`TrainError::AllFrozen`] if
/// nothing would be left to train.
pub(crate) fn trained(
    network: &Network,
    frozen: &[String],
) -> Result<Option<Arc<[bool]>>, TrainError> {
    if frozen.is_empty() {
        return Ok(None);
    }
    let find = |name: &String| {
        network.part(name).ok_or_else(|| TrainError::UnknownPart {
            name: name.clone(),
            parts: network.parts().iter().map(|p| p.name.clone()).collect(),
        })
    };
    let parts = frozen.iter().map(find).collect::<Result<Vec<&Part>, _>>()?;
    let trained = network.trained_without(&parts);
    if trained.iter().any(|trained| *trained) {
        Ok(Some(trained))
    } else {
        Err(TrainError::AllFrozen)
    }
}

/// Which numbers decay how much, and which are frozen because they are not marked in `trained`: runs of parameters
/// in the order of the table, without running statistics.
#[must_use]
pub fn groups(settings: &OptimiserSettings, specs: &Specs, trained: Option<&[bool]>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (spec, id) in specs.iter().zip(specs.ids()) {
        let decays = match spec.role {
            Role::Weight => true,
            Role::Bias | Role::Norm => settings.decay_norms,
            Role::Coefficient => settings.decay_coefficients,
            Role::Buffer => continue,
        };
        let group = Group {
            range: specs.range(id),
            decay: if decays { settings.weight_decay } else { 0.0 },
            frozen: trained.is_some_and(|trained| !trained[id.index()]),
        };
        match groups.last_mut() {
            Some(last)
                if (last.decay, last.frozen) == (group.decay, group.frozen)
                    && last.range.end == group.range.start =>
            {
                last.range.end = group.range.end;
            }
            _ => groups.push(group),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimisers::optimisers;
    use timestep_nets::{Home, preset};

    fn network() -> Network {
        let input = Home::Cifar.input().0;
        let config = preset("lm-resnet-20").expect("known").config(input, 10);
        Network::build(&config).expect("builds")
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn groups_decay_as_told() {
        let network = network();
        let specs = network.specs();
        let mut settings = OptimiserSettings {
            weight_decay: 0.1,
            ..OptimiserSettings::of(optimisers()[0])
        };
        for (norms, coefficients) in [(true, false), (false, false), (true, true)] {
            settings.decay_norms = norms;
            settings.decay_coefficients = coefficients;
            let groups = groups(&settings, specs, None);
            for (spec, id) in specs.iter().zip(specs.ids()) {
                let range = specs.range(id);
                let inside = |g: &&Group| g.range.start <= range.start && range.end <= g.range.end;
                let decay = groups.iter().find(inside).map(|group| group.decay);
                let on = |on: bool| Some(if on { 0.1 } else { 0.0 });
                let wanted = match spec.role {
                    Role::Weight => on(true),
                    Role::Bias | Role::Norm => on(norms),
                    Role::Coefficient => on(coefficients),
                    Role::Buffer => None,
                };
                assert_eq!(decay, wanted, "{}", spec.name);
            }
        }
    }

    #[test]
    fn frozen_parts_are_groups_that_do_not_move() {
        let network = network();
        let marks = trained(&network, &names(&["stem", "layer2"])).expect("parts");
        let groups = groups(
            &OptimiserSettings::default(),
            network.specs(),
            marks.as_deref(),
        );
        let specs = network.specs();
        for (spec, id) in specs.iter().zip(specs.ids()) {
            let start = specs.range(id).start;
            let frozen = groups
                .iter()
                .find(|g| g.range.contains(&start))
                .map(|g| g.frozen);
            let inside = spec.name.starts_with("conv1.") || spec.name.starts_with("layer2.");
            assert_eq!(frozen, spec.is_trained().then_some(inside), "{}", spec.name);
        }
        assert!(trained(&network, &[]).expect("nothing").is_none());
    }

    #[test]
    fn parts_that_are_not_there_and_all_parts_are_refused() {
        let network = network();
        let error = trained(&network, &names(&["layer9"])).expect_err("not there");
        assert_eq!(error.to_string(), "the network has no part `layer9`");
        assert_eq!(
            error.hint().as_deref(),
            Some("its parts are `stem`, `layer1`, `layer2`, `layer3`, `head`")
        );
        let all = names(&["stem", "layer1", "layer2", "layer3", "head"]);
        assert!(matches!(
            trained(&network, &all),
            Err(TrainError::AllFrozen)
        ));
    }
}
