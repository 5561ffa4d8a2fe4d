//! Has every operation of a tape a case? A tape in between notes which methods were called.

use crate::cases;
use crate::pass::{everything, outcome_on};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use timestep_engine::{
    Backward, ConvSpec, End, Engine, Exact, Factor, FixedNorm, GradientSink, ParamId, Recording,
    Sampling, Statistics, Tape, Targets, Value, Window,
};

/// A tape that passes everything on and notes what was asked.
#[derive(Debug)]
struct Noting {
    tape: Rc<dyn Tape>,
    called: Rc<RefCell<BTreeSet<&'static str>>>,
}

macro_rules! passed_on {
    ($(fn $name:ident($($argument:ident: $kind:ty),*) $(-> $out:ty)?;)+) => {
        impl Tape for Noting {
            $(fn $name(&self $(, $argument: $kind)*) $(-> $out)? {
                self.called.borrow_mut().insert(stringify!($name));
                self.tape.$name($($argument),*)
            })+

            fn fork(&self, recording: &Recording) -> Rc<dyn Tape> {
                self.called.borrow_mut().insert("fork");
                Rc::new(Noting {
                    tape: self.tape.fork(recording),
                    called: self.called.clone(),
                })
            }

            fn fork_with(
                &self,
                recording: &Recording,
                others: &[(ParamId, Vec<f64>)],
            ) -> Rc<dyn Tape> {
                self.called.borrow_mut().insert("fork_with");
                Rc::new(Noting {
                    tape: self.tape.fork_with(recording, others),
                    called: self.called.clone(),
                })
            }
        }
    };
}

passed_on! {
    fn parameter(id: ParamId) -> Value;
    fn array(shape: [usize; 2], values: &[f64]) -> Value;
    fn features(dims: [usize; 4], values: &[f32], leaf: bool) -> Value;
    fn features_f64(dims: [usize; 4], values: &[f64], leaf: bool) -> Value;
    fn zeros(dims: [usize; 4]) -> Value;
    fn dims(features: &Value) -> [usize; 4];
    fn shape(array: &Value) -> [usize; 2];
    fn read(features: &Value) -> Vec<f64>;
    fn read_array(array: &Value) -> Vec<f64>;
    fn epsilon() -> f64;
    fn dot(a: &Value, b: &Value) -> f64;
    fn scaled_squares(error: &Value, states: [&Value; 2], absolute: f64, relative: f64) -> f64;
    fn is_finite(features: &Value) -> bool;
    fn is_zero(features: &Value) -> bool;
    fn compute(features: &Value);
    fn conv2d(input: &Value, weight: &Value, spec: &ConvSpec) -> Value;
    fn add_bias(input: &Value, bias: &Value) -> Value;
    fn norm_train(input: &Value, scale: &Value, shift: &Value, epsilon: f64) -> (Value, Statistics);
    fn norm_eval(input: &Value, learned: [&Value; 2], fixed: [&Value; 2], epsilon: f64) -> Value;
    fn relu(input: &Value) -> Value;
    fn conv2d_normed(
        input: &Value,
        conv: (&Value, &ConvSpec),
        norm: &FixedNorm<'_>,
        relu: bool
    ) -> Value;
    fn combine(terms: &[(Factor<'_>, &Value)]) -> Value;
    fn scaled(input: &Value, factor: f64) -> Value;
    fn narrow(input: &Value, first: usize, count: usize) -> Value;
    fn join(parts: &[&Value]) -> Value;
    fn halves(features: &Value) -> Option<[Value; 2]>;
    fn embed(input: &Value, first: usize, channels: usize) -> Value;
    fn sample(input: &Value, sampling: Sampling) -> Value;
    fn max_pool(input: &Value, window: Window) -> Value;
    fn mean_pool(input: &Value, window: Window) -> Value;
    fn gate(input: &Value, gates: &Value) -> Value;
    fn mask(input: &Value, mask: &[f32]) -> Value;
    fn mix(terms: &[(&Value, &[f32], &[f32])]) -> Value;
    fn attention(input: &Value, heads: usize) -> Value;
    fn layer_norm(input: &Value, learned: [&Value; 2], epsilon: f64) -> Value;
    fn global_average_pool(input: &Value) -> Value;
    fn linear(input: &Value, weight: &Value, bias: &Value) -> Value;
    fn add(a: &Value, b: &Value) -> Value;
    fn multiply(a: &Value, b: &Value) -> Value;
    fn affine(a: &Value, factor: f64, offset: f64) -> Value;
    fn adjoint(weight: &Value, shape: [usize; 4]) -> Value;
    fn relu_array(a: &Value) -> Value;
    fn sigmoid(a: &Value) -> Value;
    fn cross_entropy(logits: &Value, targets: &Targets) -> Value;
    fn backward(ends: &[End<'_>], into: &mut dyn GradientSink);
    fn gradient(leaf: &Value) -> Option<Value>;
    fn can_splice() -> bool;
    fn is_recorded(features: &Value) -> bool;
    fn plain(features: &Value) -> Value;
    fn adopt(features: &Value, leaf: bool) -> Value;
    fn splice(inputs: &[&Value], outputs: &[&Value], back: Backward) -> Vec<Value>;
}

/// The methods of the trait, read from its source.
fn methods() -> BTreeSet<&'static str> {
    let source = include_str!("../../src/tape.rs");
    let (_, body) = source.split_once("pub trait Tape").expect("the trait");
    let (body, _) = body.split_once("\n}").expect("its end");
    let starts = body.split("\n    fn ").skip(1);
    starts
        .map(|rest| rest.split_once('(').expect("arguments").0)
        .collect()
}

#[test]
fn every_method_of_a_tape_is_called_by_some_case() {
    let called = Rc::default();
    for case in cases::all() {
        let parameters = case.parameters();
        let tape: Rc<dyn Tape> = Rc::new(Noting {
            tape: Exact.open(&parameters, &everything()),
            called: Rc::clone(&called),
        });
        outcome_on(&case, &tape, &parameters);
    }
    assert!(methods().len() > 40, "the trait is read");
    assert_eq!(*called.borrow(), methods());
}
