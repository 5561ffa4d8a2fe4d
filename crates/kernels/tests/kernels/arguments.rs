//! Are arguments that do not fit refused, with a sentence?

use crate::common::{Case, Kind, all_kernels, shape};
use std::panic::{AssertUnwindSafe, catch_unwind};
use timestep_kernels::{ConvShape, Scaled, Sum, View};

/// `f` must panic with a message that contains `sentence`.
fn refuses(sentence: &str, f: impl FnOnce()) {
    let panic = catch_unwind(AssertUnwindSafe(f)).expect_err(sentence);
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
    let text = text.expect("a message");
    assert!(
        text.contains(sentence),
        "{text:?} does not say {sentence:?}"
    );
}

#[test]
fn arguments_that_do_not_fit_are_refused_with_a_sentence() {
    let shape = shape(1, (4, 4), (16, 16), (3, 1, 1), 1);
    let good = Case::new(shape, Kind::NormRelu, (2, true), 1);
    type Break = fn(&mut Case);
    let both: [(&str, Break); 5] = [
        ("length of the features", |c| c.data.truncate(3)),
        ("length of the weights", |c| c.weights.push(0.0)),
        ("one scale, shift and centre a channel", |c| {
            c.affine[0].truncate(3)
        }),
        ("one scale, shift and centre a channel", |c| {
            c.affine[1].push(0.0)
        }),
        ("one scale, shift and centre a channel", |c| {
            c.affine[2].truncate(3)
        }),
    ];
    let backward: [(&str, Break); 4] = [
        ("length of a gradient's term", |c| c.terms[1].0.truncate(3)),
        ("one factor a channel", |c| c.terms[0].1.truncate(3)),
        ("one constant a channel", |c| {
            c.constant = Some(vec![0.0; 15])
        }),
        ("a gradient has at least one term", |c| c.terms.clear()),
    ];
    for kernels in all_kernels() {
        for (sentence, spoil) in both.iter().chain(&backward) {
            let mut bad = good.clone();
            spoil(&mut bad);
            // Results of the right length: only the spoilt argument is wrong.
            let mut input = vec![0.0; shape.input_len()];
            refuses(sentence, || {
                drop(bad.backward_into(&kernels, Some(&mut input), None))
            });
        }
        for (sentence, spoil) in &both {
            let mut bad = good.clone();
            spoil(&mut bad);
            refuses(sentence, || drop(bad.forward(&kernels)));
        }
        let (view, weights) = (good.view(), &good.weights);
        for len in [shape.output_len() - 1, shape.output_len() + 1] {
            let mut out = vec![0.0; len];
            refuses("length of the output", || {
                kernels.conv_forward(&shape, &view, weights, &mut out, false);
            });
            refuses("length of the gradient", || {
                good.backward_into(&kernels, Some(&mut out), None);
            });
            let mut out = vec![0.0; len];
            refuses("length of the gradient", || {
                good.backward_into(&kernels, None, Some(&mut out));
            });
        }
    }
}

#[test]
fn impossible_shapes_are_refused_with_a_sentence() {
    let good = shape(1, (4, 4), (16, 16), (3, 1, 1), 1);
    let kernels = all_kernels()[0];
    for (sentence, bad) in [
        (
            "channels must be divisible by groups",
            ConvShape { groups: 0, ..good },
        ),
        (
            "channels must be divisible by groups",
            ConvShape { groups: 3, ..good },
        ),
        (
            "channels must be divisible by groups",
            ConvShape {
                groups: 8,
                output: 12,
                ..good
            },
        ),
        (
            "kernel and stride must be positive",
            ConvShape {
                kernel: [0, 3],
                ..good
            },
        ),
        (
            "kernel and stride must be positive",
            ConvShape { stride: 0, ..good },
        ),
        (
            "the padding below the kernel",
            ConvShape {
                padding: [1, 3],
                ..good
            },
        ),
        (
            "must not be smaller than the kernel",
            ConvShape {
                kernel: [7, 3],
                ..good
            },
        ),
        (
            "must not be smaller than the kernel",
            ConvShape {
                width: 1,
                padding: [0; 2],
                ..good
            },
        ),
        ("no extent may be 0", ConvShape { batch: 0, ..good }),
        ("no extent may be 0", ConvShape { input: 0, ..good }),
        ("no extent may be 0", ConvShape { output: 0, ..good }),
        (
            "no extent may be 0",
            ConvShape {
                height: 0,
                padding: [2; 2],
                ..good
            },
        ),
        (
            "no extent may be 0",
            ConvShape {
                width: 0,
                padding: [2; 2],
                ..good
            },
        ),
    ] {
        let view = View::plain(&[]);
        let sum = Sum {
            terms: vec![Scaled {
                data: &[],
                scale: &[],
            }],
            constant: None,
        };
        refuses(sentence, || {
            drop(kernels.conv_forward(&bad, &view, &[], &mut [], false))
        });
        refuses(sentence, || {
            drop(kernels.conv_backward(&bad, &view, &[], &sum, None, None))
        });
    }
}
