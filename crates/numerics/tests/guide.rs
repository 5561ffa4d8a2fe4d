//! Is the scheme of the guide "Add a scheme" one that compiles, and does it do what the guide says?
//!
//! `guide/ebdf2.rs` is the file that a reader writes, character by character.

#![allow(unreachable_pub)] // In its own crate the scheme is public.

use timestep_numerics::{
    HEADINGS, Memory, Rhs, Scheme, SchemeFacts, StageId, State, StepCtx, StepError,
};

// The file is a public module where a reader puts it.
#[allow(unreachable_pub)]
#[path = "guide/ebdf2.rs"]
mod ebdf2;

use ebdf2::ExtrapolatedBdf2;

/// The error at time 1 of `u' = -u²`, `u(0) = 1`, whose solution is `1/(1+t)`.
fn error(steps: usize) -> f64 {
    let mut f = |_: StageId, u: &f64| Ok(-u * u);
    let mut memory = Memory::new();
    let mut u = 1.0;
    for n in 0..steps {
        let ctx = StepCtx::new(n, 1.0 / steps as f64);
        u = ExtrapolatedBdf2
            .step(&mut f, &u, &mut memory, &ctx)
            .expect("steps");
    }
    (u - 0.5).abs()
}

#[test]
fn the_scheme_has_the_order_that_its_facts_say() {
    let order = (error(200) / error(400)).log2();
    assert!((order - 2.0).abs() < 0.05, "{order}");
}

/// The largest factor of `u' = λ u` in the long run, for `h = 1`.
fn growth(lambda: f64) -> f64 {
    let mut f = |_: StageId, u: &f64| Ok(lambda * u);
    let (mut memory, mut u) = (Memory::new(), 1.0_f64);
    for n in 0..400 {
        u = ExtrapolatedBdf2
            .step(&mut f, &u, &mut memory, &StepCtx::new(n, 1.0))
            .expect("steps");
    }
    u.abs()
}

#[test]
fn it_is_stable_where_its_page_says() {
    assert!(growth(-1.32) < 1.0 && growth(-1.35) > 1.0);
}

#[test]
fn the_guide_shows_this_file_and_its_page_is_complete() {
    let guide = include_str!("../../../docs/guides/add-a-scheme.md");
    let file = include_str!("guide/ebdf2.rs");
    assert!(
        guide.contains(&format!("```rust\n{file}```")),
        "the guide shows another file"
    );
    let page = Scheme::<f64>::facts(&ExtrapolatedBdf2).page();
    let found: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("# "))
        .collect();
    assert_eq!(found, HEADINGS);
}
