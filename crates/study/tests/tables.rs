//! Does every row of every table take a training step with its own block, scheme, noise and optimiser?
//!
//! The networks are those of the recipes, narrower and with one or two steps a segment: seconds, not hours.

use timestep_nets::{Draws, Home, InputShape, Network, Targets, device, preset};
use timestep_numerics::random::Stream;
use timestep_study::tables::TABLES;
use timestep_train::recipe::Layers;
use timestep_train::{Examples, Learner, network_config};

#[test]
fn every_row_takes_a_step() {
    let engine = device("cpu").expect("cpu");
    let mut done = Vec::new();
    for row in TABLES.iter().flat_map(|table| table.rows) {
        let Some(name) = row.recipe else { continue };
        if done.contains(&(name, row.sets)) {
            continue;
        }
        done.push((name, row.sets));
        let mut layers = Layers::load(name);
        for set in row.sets {
            layers.set(set);
        }
        let recipe = layers
            .resolve()
            .unwrap_or_else(|e| panic!("{name}: {e}"))
            .recipe;
        let home = preset(&recipe.network.preset).map_or(Home::Cifar, |p| p.home);
        let side = match home {
            Home::Cifar => 32,
            Home::Imagenet(_) => 64,
        };
        let input = InputShape {
            channels: 3,
            height: side,
            width: side,
        };
        let mut config = network_config(&recipe.network, &recipe.noise, input, 5)
            .unwrap_or_else(|e| panic!("{name}: {e}"))
            .scaled_to(4);
        for steps in &mut config.body.steps {
            *steps = (*steps).min(2);
        }
        let network = Network::build(&config).unwrap_or_else(|e| panic!("{name}: {e}"));
        let mut parameters = network.init(1);
        let before = parameters.clone();
        let mut learner = Learner::of(engine.clone(), &recipe, &network).expect("a checked recipe");
        let mut stream = Stream::new(2, "images", 0, Stream::WHOLE);
        let batch = 4;
        let mut images = vec![0.0; batch * 3 * side * side];
        stream.fill_uniform(&mut images, -0.5, 0.5);
        let targets = Targets {
            labels: vec![0, 3, 1, 4],
            smoothing: recipe.train.label_smoothing,
            mixed: None,
        };
        let examples = Examples {
            dims: [batch, 3, side, side],
            images: &images,
            targets: &targets,
        };
        let draws = Some(Draws {
            seed: 1,
            step: 1,
            images: (0..batch as u64).collect(),
        });
        let lr = recipe.optimiser.lr;
        let found = learner.step(&network, &mut parameters, &examples, lr, draws);
        let found = found.unwrap_or_else(|e| panic!("{name}: {e}"));
        let loss = found
            .unwrap_or_else(|| panic!("{name}: the loss is not finite"))
            .loss;
        assert!(loss > 0.0, "{name}: {loss}");
        let moved = parameters
            .ids()
            .filter(|id| parameters.value(*id) != before.value(*id))
            .count();
        // Dropped blocks and branches do not move; the head always does.
        assert!(moved > 2, "{name}: {moved} parameters moved");
    }
    assert!(done.len() > 35, "{} rows", done.len());
}
