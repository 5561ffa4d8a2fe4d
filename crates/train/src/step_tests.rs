use super::*;
use crate::Setup;
use crate::recipe::Layers;
use timestep_nets::device;

/// The gradients of some images of a batch, by a pass of their own.
fn alone(
    setup: &Setup,
    parameters: &Parameters,
    examples: &Examples<'_>,
    places: Range<usize>,
) -> Gradients {
    let engine = device("cpu").expect("cpu");
    let [batch, channels, height, width] = examples.dims;
    let pass = Pass::training(&*engine, parameters);
    let image = channels * height * width;
    let pixels = &examples.images[places.start * image..places.end * image];
    let input = pass.images([places.len(), channels, height, width], pixels);
    let logits = setup.network.forward(&pass, input).expect("a pass");
    let loss = ops::cross_entropy(&logits, &examples.targets.part(places.clone()));
    let mut gradients = Gradients::zeros(setup.network.specs());
    let ends = [End::Loss(loss.value(), places.len() as f64 / batch as f64)];
    pass.tape().backward(&ends, &mut gradients);
    gradients
}

#[test]
fn shards_are_added_as_defined() {
    let mut layers = Layers::load("digits/lm-resnet-20");
    for set in [
        "network.steps=[2,2]",
        "network.width=4",
        "train.batch=11",
        "train.shards=3",
    ] {
        layers.set(set);
    }
    let setup = Setup::new(layers.resolve().expect("a recipe")).expect("digits are embedded");
    let parameters = setup.network.init(1);
    let images: Vec<f32> = (0..11 * 64).map(|i| (i as f32 * 0.37).sin()).collect();
    let labels: Vec<u32> = (0..11).map(|i| i % 10).collect();
    let examples = Examples {
        dims: [11, 1, 8, 8],
        images: &images,
        targets: &Targets::of(&labels),
    };
    let engine = device("cpu").expect("cpu");
    let learner = Learner::of(engine, setup.recipe(), &setup.network).expect("a recipe");
    let work = Work {
        network: &setup.network,
        parameters: &parameters,
        examples: &examples,
        draws: None,
        whole: 11,
        first: 0,
    };
    let (done, parts, found) = learner.find(work).expect("a pass").expect("finite");
    // Three shards of 3, 4 and 4 images; the last is added to the sum of the others.
    let [first, second, third] =
        [0..3, 3..7, 7..11].map(|places| alone(&setup, &parameters, &examples, places));
    let pairs = first
        .values()
        .iter()
        .zip(second.values())
        .zip(third.values());
    let wanted: Vec<u32> = pairs.map(|((a, b), c)| ((a + b) + c).to_bits()).collect();
    let found: Vec<u32> = found.values().iter().map(|value| value.to_bits()).collect();
    assert!(found == wanted);
    assert_eq!(
        parts.iter().map(|part| part.images).collect::<Vec<_>>(),
        [3, 4, 4]
    );
    assert_eq!(done.logits.len(), 110);
    let loss: f64 = parts
        .iter()
        .map(|part| part.images as f64 / 11.0 * part.loss)
        .sum();
    assert_eq!(done.loss.to_bits(), loss.to_bits());
    // Another cut has other statistics, and so another gradient.
    let whole = alone(&setup, &parameters, &examples, 0..11);
    assert!(
        whole
            .values()
            .iter()
            .zip(&wanted)
            .any(|(a, b)| a.to_bits() != *b)
    );
}
