//! Small networks with numbers as trained ones have them.

use std::sync::Arc;
use timestep_engine::Exact;
use timestep_export::{Graph, Subject};
use timestep_nets::{InputShape, Mode, Network, NetworkConfig, Parameters, Pass, Role, preset};

/// A network, its graph and its numbers.
pub(crate) struct Small {
    pub(crate) network: Network,
    pub(crate) graph: Graph,
    pub(crate) parameters: Parameters,
    pub(crate) classes: Vec<String>,
}

/// Number `n` of a sequence that covers -1 … 1 evenly.
pub(crate) fn spread(n: usize) -> f32 {
    let golden = 0.618_033_988_749_895_f64;
    (((n + 1) as f64 * golden).fract() * 2.0 - 1.0) as f32
}

impl Small {
    /// A published network for small images, narrow, with few classes.
    pub(crate) fn of(name: &str, side: usize, width: usize) -> Self {
        let input = InputShape {
            channels: 3,
            height: side,
            width: side,
        };
        let config = preset(name).expect("published").config(input, 5);
        Self::build(&match width {
            0 => config,
            width => config.scaled_to(width),
        })
    }

    pub(crate) fn build(config: &NetworkConfig) -> Self {
        let network = Network::build(config).expect("a network");
        let mut parameters = network.init(5);
        let specs = network.specs().clone();
        for (spec, id) in specs.iter().zip(specs.ids()) {
            let (middle, reach) = match spec.role {
                Role::Weight | Role::Bias => continue,
                Role::Coefficient => (-0.2, 0.2),
                Role::Buffer if spec.name.ends_with("running_var") => (1.0, 0.5),
                Role::Norm if spec.name.ends_with("weight") => (0.6, 0.3),
                Role::Buffer | Role::Norm => (0.0, 0.2),
            };
            let from = 17 * id.index();
            for (n, value) in parameters.value_mut(id).iter_mut().enumerate() {
                *value = middle + reach * spread(from + n);
            }
        }
        let graph = Graph::of(&network).expect("a graph");
        let classes = (0..config.classes)
            .map(|n| format!("kind \"{n}\""))
            .collect();
        Self {
            network,
            graph,
            parameters,
            classes,
        }
    }

    pub(crate) fn subject(&self) -> Subject<'_> {
        Subject {
            name: &self.network.config().name,
            graph: &self.graph,
            parameters: &self.parameters,
            classes: &self.classes,
            mean: &[0.5, 0.4, 0.3],
            std: &[0.2, 0.25, 0.3],
            version: "timestep 0.0.1",
        }
    }

    /// Extents of a batch.
    pub(crate) fn dims(&self, batch: usize) -> [usize; 4] {
        let shape = self.graph.input;
        [batch, shape.channels, shape.height, shape.width]
    }

    /// The logits of images in double precision.
    pub(crate) fn logits(&self, dims: [usize; 4], images: &[f32]) -> Vec<f64> {
        let engine = Arc::new(Exact);
        let pass = Pass::new(&*engine, &self.parameters, Mode::Eval);
        let images = pass.images(dims, images);
        self.network.forward(&pass, images).expect("logits").read()
    }
}
