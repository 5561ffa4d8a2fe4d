//! Is the body of the guide "Add a body" one that compiles, and does a network of it learn?
//!
//! `guide/isotropic.rs` is the file that a reader writes, character by character; its registry line is `add` here.

use super::*;
use crate::{InputShape, Network, Pass, ops};
use timestep_engine::{End, Gradients, Targets, engine};

// What the file finds in the module above it, where a reader puts it.
#[path = "guide"]
mod guide {
    pub(super) use super::super::{
        BodyFacts, Parts, SegmentBuilder, image, shared_scheme, with_head,
    };

    pub(super) mod isotropic;

    pub(super) fn facts() -> &'static BodyFacts {
        &isotropic::FACTS
    }
}

#[test]
fn the_guide_shows_this_file_and_its_page_is_complete() {
    let guide = include_str!("../../../../docs/guides/add-a-body.md");
    let file = include_str!("guide/isotropic.rs");
    assert!(
        guide.contains(&format!("```rust\n{file}```")),
        "the guide shows another file"
    );
    assert_eq!(guide::facts().lacks(&BODY_HEADINGS), None);
}

#[test]
fn a_body_is_one_file_and_one_line() {
    // It is there already where a reader has followed the guide.
    if BODIES.find("isotropic").is_none() {
        BODIES.add(guide::facts()).expect("free names");
    }
    let input = InputShape {
        channels: 1,
        height: 6,
        width: 6,
    };
    for (block, scheme) in [
        ("preact", "lm"),
        ("postact", "euler"),
        ("preact", "reversible"),
    ] {
        let mut config = NetworkConfig::new(block, scheme, input, 2).with_segments(&[2, 2], 8);
        config.body.name = "isotropic".into();
        let network = Network::build(&config).expect("fits");
        let shapes = network
            .segments()
            .iter()
            .map(|s| (s.summary().channels, s.summary().size));
        let six = Size {
            height: 6,
            width: 6,
        };
        assert_eq!(shapes.collect::<Vec<_>>(), [(8, six); 2]);
        let (first, last) = losses(&network);
        assert!(last < 0.5 * first, "{block} {scheme}: {first} {last}");
    }
    let mut odd = NetworkConfig::new("preact", "reversible", input, 2).with_segments(&[3], 7);
    odd.body.name = "isotropic".into();
    assert!(matches!(
        Network::build(&odd),
        Err(NetError::Incompatible(_))
    ));
}

/// The loss before and after thirty steps of gradient descent on bright and dark images.
fn losses(network: &Network) -> (f64, f64) {
    let engine = engine("cpu").expect("the default");
    let labels: Vec<u32> = (0..8).map(|image| image % 2).collect();
    let pixel = |i: usize| if labels[i / 36] == 0 { 1.0 } else { -1.0 } + (i as f32 * 0.7).sin();
    let images: Vec<f32> = (0..8 * 36).map(pixel).collect();
    let mut parameters = network.init(1);
    let mut losses = Vec::new();
    for _ in 0..30 {
        let mut gradients = Gradients::zeros(network.specs());
        let pass = Pass::training(&*engine, &parameters);
        let logits = network
            .forward(&pass, pass.images([8, 1, 6, 6], &images))
            .expect("steps");
        let loss = ops::cross_entropy(&logits, &Targets::of(&labels));
        losses.push(loss.read()[0]);
        pass.tape()
            .backward(&[End::Loss(loss.value(), 1.0)], &mut gradients);
        drop((logits, loss, pass));
        let moved = parameters.values_mut().iter_mut().zip(gradients.values());
        moved.for_each(|(value, gradient)| *value -= 0.05 * gradient);
    }
    (losses[0], losses[29])
}
