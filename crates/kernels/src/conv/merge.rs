//! How are groups of few channels computed? Several as one group of at most a vector, with zeros between them.
//!
//! A vector of a group's output channels costs the same however few they are, so the zeros cost no
//! multiplication: where `k` groups take `k` vectors of `d` products, their union takes one vector of
//! `k · d`. What is won: 3×3 convolutions can be computed by Winograd's method, which needs whole
//! vectors. The price: NaN and infinity in a group's features reach the groups beside it, since zero
//! times them is NaN, as they reach all pixels of a tile.

use crate::shape::ConvShape;
use std::borrow::Cow;

/// The same convolution with as many groups as fit a vector of `lanes` channels merged into one.
pub(crate) fn merged(shape: &ConvShape, lanes: usize) -> ConvShape {
    let most = lanes / shape.group_input().max(shape.group_output());
    let mut together = most.clamp(1, shape.groups);
    while !shape.groups.is_multiple_of(together) {
        together -= 1;
    }
    ConvShape {
        groups: shape.groups / together,
        ..*shape
    }
}

/// For each output channel the part of the merged weights that are not zeros between groups.
fn parts(shape: &ConvShape, merged: &ConvShape) -> impl Iterator<Item = std::ops::Range<usize>> {
    let each = shape.group_input() * shape.taps();
    let wide = merged.group_input() * shape.taps();
    let (outputs, together) = (shape.group_output(), shape.groups / merged.groups);
    (0..shape.output).map(move |o| {
        let start = o * wide + o / outputs % together * each;
        start..start + each
    })
}

/// Weights of a convolution as those of the merged one.
pub(crate) fn spread<'w>(
    shape: &ConvShape,
    merged: &ConvShape,
    weights: &'w [f32],
) -> Cow<'w, [f32]> {
    if shape.groups == merged.groups {
        return Cow::Borrowed(weights);
    }
    let mut all = vec![0.0; merged.weight_len()];
    let own = weights.chunks_exact(shape.group_input() * shape.taps());
    for (part, own) in parts(shape, merged).zip(own) {
        all[part].copy_from_slice(own);
    }
    Cow::Owned(all)
}

/// Gradients of the weights, from those of the merged convolution: what lies between groups is left out.
pub(crate) fn gather(shape: &ConvShape, merged: &ConvShape, all: Vec<f32>) -> Vec<f32> {
    if shape.groups == merged.groups {
        return all;
    }
    let mut own = Vec::with_capacity(shape.weight_len());
    for part in parts(shape, merged) {
        own.extend_from_slice(&all[part]);
    }
    own
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(input: usize, output: usize, groups: usize) -> ConvShape {
        ConvShape {
            batch: 1,
            height: 3,
            width: 3,
            input,
            output,
            kernel: [1, 2],
            stride: 1,
            padding: [0, 0],
            groups,
        }
    }

    #[test]
    fn groups_are_merged_as_far_as_a_vector_goes() {
        for (input, output, groups, lanes, expected) in [
            (128, 128, 32, 16, 8),
            (128, 128, 32, 8, 16),
            (256, 256, 32, 16, 16),
            (512, 512, 32, 16, 32),
            (64, 64, 1, 16, 1),
            (12, 12, 12, 16, 1),
            // Five groups would fit, but six cannot be cut so.
            (18, 6, 6, 16, 2),
            (12, 60, 6, 16, 6),
        ] {
            let merged = merged(&shape(input, output, groups), lanes);
            assert_eq!(merged.groups, expected, "{input} {output} {groups} {lanes}");
        }
    }

    #[test]
    fn weights_are_spread_and_gathered() {
        let small = shape(4, 2, 2);
        let merged = merged(&small, 16);
        assert_eq!(merged.groups, 1);
        let weights: Vec<f32> = (1..=8).map(|x| x as f32).collect();
        let all = spread(&small, &merged, &weights);
        let expected = [
            1.0, 2.0, 3.0, 4.0, 0.0, 0.0, 0.0, 0.0, //
            0.0, 0.0, 0.0, 0.0, 5.0, 6.0, 7.0, 8.0,
        ];
        assert_eq!(*all, expected);
        assert_eq!(gather(&small, &merged, vec![9.0; 16]), [9.0; 8]);
        assert_eq!(gather(&small, &merged, all.into_owned()), weights);
    }
}
