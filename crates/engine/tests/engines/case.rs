//! What is a case? Leaves, parameters, and a function of them that uses some operations.

use std::rc::Rc;
use std::sync::Arc;
use timestep_engine::{Array, Features, Init, ParamId, Parameters, Role, Spec, Specs, Tape};

/// What the function of a case is given.
pub(crate) struct Inputs {
    pub(crate) tape: Rc<dyn Tape>,
    /// The leaves.
    pub(crate) u: Vec<Features>,
    /// The parameters.
    pub(crate) p: Vec<Array>,
}

/// What it gives back.
pub(crate) enum Out {
    Features(Features),
    Array(Array),
    /// Numbers that nothing goes back through: statistics.
    Numbers(Vec<f64>),
}

impl From<Features> for Out {
    fn from(features: Features) -> Self {
        Out::Features(features)
    }
}

impl From<Array> for Out {
    fn from(array: Array) -> Self {
        Out::Array(array)
    }
}

/// The function of a case.
pub(crate) type Run = Box<dyn Fn(&Inputs) -> Vec<Out> + Send + Sync>;

/// A function of leaves and parameters, and what to expect of it.
pub(crate) struct Case {
    pub(crate) name: String,
    /// Extents of the leaves.
    pub(crate) leaves: Vec<[usize; 4]>,
    specs: Vec<Spec>,
    pub(crate) run: Run,
    /// The function whose derivative the backward pass finds, where it is another one.
    pub(crate) slope_of: Option<Run>,
    /// What errors in `f32` may be, relative to the largest number.
    pub(crate) tolerance: f64,
}

impl Case {
    /// A case without inputs and results.
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            leaves: Vec::new(),
            specs: Vec::new(),
            run: Box::new(|_| Vec::new()),
            slope_of: None,
            tolerance: 2e-5,
        }
    }

    /// One more leaf.
    pub(crate) fn leaf(mut self, dims: [usize; 4]) -> Self {
        self.leaves.push(dims);
        self
    }

    fn parameter(mut self, count: usize, role: Role, init: Init) -> Self {
        let name = format!("p{}", self.specs.len());
        let shape = vec![count];
        self.specs.push(Spec {
            name,
            shape,
            role,
            init,
        });
        self
    }

    /// One more parameter of `count` numbers between `-size` and `size`.
    pub(crate) fn weight(self, count: usize, size: f64) -> Self {
        self.parameter(count, Role::Weight, Init::Uniform(-size, size))
    }

    /// One more parameter of `count` positive numbers, not close to 0: the scale of a norm, by which a norm of it divides.
    pub(crate) fn scale(self, count: usize) -> Self {
        self.parameter(count, Role::Norm, Init::Uniform(0.5, 1.5))
    }

    /// One more parameter that is not trained, of positive numbers.
    pub(crate) fn buffer(self, count: usize) -> Self {
        self.parameter(count, Role::Buffer, Init::Uniform(0.5, 1.5))
    }

    /// The function.
    pub(crate) fn run(mut self, run: impl Fn(&Inputs) -> Vec<Out> + Send + Sync + 'static) -> Self {
        self.run = Box::new(run);
        self
    }

    /// The function with one result.
    pub(crate) fn gives<O: Into<Out>>(
        self,
        run: impl Fn(&Inputs) -> O + Send + Sync + 'static,
    ) -> Self {
        self.run(move |i| vec![run(i).into()])
    }

    /// The function whose derivative the backward pass finds.
    pub(crate) fn slope_of<O: Into<Out>>(
        mut self,
        run: impl Fn(&Inputs) -> O + Send + Sync + 'static,
    ) -> Self {
        self.slope_of = Some(Box::new(move |i| vec![run(i).into()]));
        self
    }

    /// For long chains, in which errors grow.
    pub(crate) fn tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// The parameters, the same in every test.
    pub(crate) fn parameters(&self) -> Parameters {
        let specs = Arc::new(Specs::new(self.specs.clone()));
        let mut values = Vec::new();
        for (at, spec) in specs.iter().enumerate() {
            let Init::Uniform(low, high) = spec.init else {
                panic!("cases draw their parameters");
            };
            let drawn = random(&format!("{}/p{at}", self.name), spec.len());
            let between = |x: &f32| low as f32 + (x + 1.0) / 2.0 * (high - low) as f32;
            values.extend(drawn.iter().map(between));
        }
        Parameters::new(specs, values)
    }

    /// The numbers of the leaves, the same in every test.
    pub(crate) fn leaf_values(&self) -> Vec<Vec<f32>> {
        let all = self.leaves.iter().enumerate();
        all.map(|(at, dims)| random(&format!("{}/u{at}", self.name), dims.iter().product()))
            .collect()
    }

    /// Inputs on a tape.
    pub(crate) fn inputs(&self, tape: &Rc<dyn Tape>, u: Vec<Features>) -> Inputs {
        let ids = (0..self.specs.len()).map(ParamId::new);
        Inputs {
            tape: tape.clone(),
            u,
            p: ids.map(|id| Array::parameter(tape, id)).collect(),
        }
    }
}

/// Numbers between -1 and 1 that depend on a name only (Steele, Lea, Flood 2014: SplitMix64).
pub(crate) fn random(name: &str, count: usize) -> Vec<f32> {
    let mut state = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let number = |bits: u64| (bits >> 40) as f32 / (1_u64 << 23) as f32 - 1.0;
    (0..count).map(|_| number(next())).collect()
}
