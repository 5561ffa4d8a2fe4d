//! A network from parts: any block with any scheme, its cost, and the logits of a batch of images.
//!
//!     cargo run --release --example network

#![allow(clippy::print_stdout)]

use timestep_nets::{BLOCKS, Mode, Network, Pass, device, preset};
use timestep_numerics::schemes;

/// Pre-activation ResNet-20 with another block and another scheme in its steps.
pub fn composed(block: &str, scheme: &str) -> Result<Network, Box<dyn std::error::Error>> {
    let mut config = preset("preresnet-20")?.at_home();
    config.name = format!("{block} x {scheme}");
    config.block.name = block.to_owned();
    config.scheme.name = scheme.to_owned();
    config.body.width = 8;
    Ok(Network::build(&config)?)
}

/// The first logits of two grey images.
pub fn logits(network: &Network) -> Result<Vec<f64>, Box<dyn std::error::Error>> {
    let engine = device("cpu")?;
    let parameters = network.init(0);
    let shape = network.config().input;
    let dims = [2, shape.channels, shape.height, shape.width];
    let pass = Pass::new(&*engine, &parameters, Mode::Eval);
    let images = pass.images(dims, &vec![0.5; dims.iter().product()]);
    Ok(network.forward(&pass, images)?.read())
}

/// Every block with every scheme that fits it.
pub fn main() -> Result<(), Box<dyn std::error::Error>> {
    for block in BLOCKS.all() {
        let fitting = schemes()
            .into_iter()
            .filter_map(|s| composed(block.key, s.key).ok());
        for network in fitting {
            println!(
                "{:34} {:>9} parameters",
                network.config().name,
                network.cost().parameters
            );
        }
    }
    println!("logits of lm: {:.3?}", logits(&composed("preact", "lm")?)?);
    Ok(())
}
