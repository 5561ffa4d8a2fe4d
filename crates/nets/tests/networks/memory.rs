//! Does the memory of an implicit step grow with the evaluations of its search? An allocator that counts says that it does not.

#![allow(
    unsafe_code,
    reason = "an allocator is unsafe to implement; this one passes on to that of the system"
)]

use crate::common::{Images, classes};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use timestep_engine::Exact;
use timestep_nets::{
    ControlConfig, Effort, InputShape, Network, NetworkConfig, Parameters, Pass, ops,
};

thread_local! {
    /// Bytes that this thread holds and the most that it held, while it counts.
    static COUNT: Cell<Option<(isize, isize)>> = const { Cell::new(None) };
}

/// The allocator of the system; on a thread that asks for it, it counts.
struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

fn count(bytes: isize) {
    // A thread that ends may free memory after its own variables are gone.
    let _gone = COUNT.try_with(|count| {
        if let Some((now, most)) = count.get() {
            let now = now + bytes;
            count.set(Some((now, most.max(now))));
        }
    });
}

// SAFETY: memory comes from the allocator of the system, which is given what the caller gave; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller vouches for the layout.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller vouches for the place and its layout, which are those of `alloc`.
        unsafe { System.dealloc(at, layout) }
    }
}

/// The most bytes that this thread held in `work` beyond those from before.
fn peak<T>(work: impl FnOnce() -> T) -> (T, isize) {
    COUNT.set(Some((0, 0)));
    let done = work();
    let (_, most) = COUNT.take().expect("counted");
    (done, most)
}

const INPUT: InputShape = InputShape {
    channels: 3,
    height: 8,
    width: 8,
};

/// What a training step on 16 images took, and its peak of memory.
fn step(scheme: &str, steps: &[usize], h: f64) -> (Effort, isize) {
    let mut config = NetworkConfig::new("preact", scheme, INPUT, 5).with_segments(steps, 8);
    config.scheme.h = vec![h];
    measure(&config)
}

/// The same of any network. The exact engine computes on the thread that asks.
fn measure(config: &NetworkConfig) -> (Effort, isize) {
    let network = Network::build(config).expect("builds");
    let parameters: Parameters = network.init(1);
    let (images, targets) = (Images::named("memory", 16, INPUT), classes(16, 0.0));
    peak(|| {
        let pass = Pass::training(&Exact, &parameters);
        let logits = network
            .forward(&pass, images.on(&pass))
            .expect("small steps are solved");
        let loss = ops::cross_entropy(&logits, &targets);
        let mut gradients = timestep_engine::WideGradients::zeros(network.specs());
        let ends = [timestep_engine::End::Loss(loss.value(), 1.0)];
        pass.tape().backward(&ends, &mut gradients);
        pass.effort()
    })
}

#[test]
fn implicit_steps_take_the_same_memory_however_long_they_search() {
    let (few, small) = step("implicit-midpoint", &[2, 2], 0.02);
    let (many, large) = step("implicit-midpoint", &[2, 2], 0.6);
    // Three steps: the first of the second segment is the transition's own.
    assert_eq!((few.steps, many.steps), (3, 3));
    let all = |effort: &Effort| effort.evaluations + effort.backward;
    assert!(all(&many) >= 4 * all(&few), "{many:?} against {few:?}");
    let ratio = large as f64 / small as f64;
    assert!(
        (0.97..1.03).contains(&ratio),
        "{large} bytes against {small}"
    );
    assert!(few.contraction() < many.contraction() && many.worst >= many.contractions / 3.0);
    // What a network keeps that stores activations does grow, so that bytes are counted at all.
    let (none, shallow) = step("euler", &[2, 2], 1.0);
    let (_, deep) = step("euler", &[8, 8], 1.0);
    assert!(!none.is_any() && deep > 3 * shallow, "{shallow} to {deep}");
}

/// A network that chooses its steps keeps a state for each, and the activations of one.
#[test]
fn chosen_steps_keep_one_state_each() {
    let of = |rtol: f64| {
        let mut config = NetworkConfig::new("preact", "bosh3", INPUT, 5).with_segments(&[2, 1], 8);
        config.scheme.control = Some(ControlConfig::new(rtol));
        measure(&config)
    };
    let ((few, small), (many, large)) = (of(1e-1), of(1e-5));
    let more = many.steps - few.steps;
    assert!(more >= 10, "{few:?}, {many:?}");
    assert_eq!(
        many.backward,
        3 * many.steps,
        "three stages of each are taken once more"
    );
    let state = (16 * 8 * 8 * 8 * size_of::<f64>()) as u64;
    let grown = (large - small) as u64;
    // What norms measured, and the moments of the steps, are little beside the states.
    assert!(
        grown < more * state * 5 / 4,
        "{grown} for {more} states of {state}"
    );
}
