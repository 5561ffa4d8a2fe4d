//! Is the bound never below the norm, and how far above it?

use super::*;
use timestep_numerics::random::Stream;

/// Numbers of a normal law.
fn kernel(extents: [usize; 4], seed: u64) -> Vec<f32> {
    let mut stream = Stream::new(seed, "kernel", 0, 0);
    let numbers = extents.iter().product();
    (0..numbers).map(|_| stream.normal() as f32).collect()
}

/// The convolution of `[in, side, side]` with zeros around it, or its adjoint.
fn apply(
    kernel: &[f32],
    [output, input, rows, columns]: [usize; 4],
    side: usize,
    from: &[f64],
    adjoint: bool,
) -> Vec<f64> {
    let mut to = vec![0.0; if adjoint { input } else { output } * side * side];
    for o in 0..output {
        for i in 0..input {
            for y in 0..rows {
                for x in 0..columns {
                    let weight = f64::from(kernel[((o * input + i) * rows + y) * columns + x]);
                    for row in 0..side {
                        for column in 0..side {
                            let (r, c) = (row + y, column + x);
                            let (above, left) = (rows / 2, columns / 2);
                            if r < above || c < left || r - above >= side || c - left >= side {
                                continue;
                            }
                            let at_in = (i * side + r - above) * side + c - left;
                            let at_out = (o * side + row) * side + column;
                            match adjoint {
                                false => to[at_out] += weight * from[at_in],
                                true => to[at_in] += weight * from[at_out],
                            }
                        }
                    }
                }
            }
        }
    }
    to
}

/// The norm on images of a size, from below, by power iteration.
fn measured(kernel: &[f32], extents: [usize; 4], side: usize) -> f64 {
    let mut stream = Stream::new(7, "image", 0, 0);
    let mut u: Vec<f64> = (0..extents[1] * side * side)
        .map(|_| stream.normal())
        .collect();
    let mut norm = 0.0;
    for _ in 0..300 {
        let length = u.iter().map(|v| v * v).sum::<f64>().sqrt();
        u.iter_mut().for_each(|v| *v /= length);
        let image = apply(kernel, extents, side, &u, false);
        norm = image.iter().map(|v| v * v).sum::<f64>().sqrt();
        u = apply(kernel, extents, side, &image, true);
    }
    norm
}

#[test]
fn the_bound_is_never_below_the_norm_and_at_most_a_third_above_it() {
    let cases = [
        [4, 4, 3, 3],
        [8, 3, 3, 3],
        [3, 8, 3, 3],
        [6, 6, 1, 1],
        [2, 2, 5, 5],
        [3, 3, 1, 7],
        [3, 3, 2, 2],
    ];
    for (seed, extents) in cases.into_iter().enumerate() {
        let kernel = kernel(extents, seed as u64);
        let (bound, at) = convolution_norm(&kernel, extents, 1);
        assert_eq!(convolution_norm_near(&kernel, extents, 1, at), bound);
        let norm = measured(&kernel, extents, 14);
        assert!(norm <= bound, "{extents:?}: {norm} above {bound}");
        assert!(bound < 1.34 * norm, "{extents:?}: {bound} against {norm}");
    }
}

/// A mean over nine pixels has norm 1 on the plane; one tap alone has no frequencies to miss.
#[test]
fn known_norms_are_found() {
    let (mean, at) = convolution_norm(&[1.0 / 9.0; 9], [1, 1, 3, 3], 1);
    assert_eq!(at.at, [0, 0]);
    assert!((1.0..1.18).contains(&mean), "{mean}");
    let (diagonal, _) = convolution_norm(&[3.0, 0.0, 0.0, -4.0], [2, 2, 1, 1], 1);
    assert!((4.0..4.01).contains(&diagonal), "{diagonal}");
    assert_eq!(convolution_norm(&[0.0; 9], [1, 1, 3, 3], 1).0, 0.0);
    let (broken, _) = convolution_norm(&[f32::NAN; 9], [1, 1, 3, 3], 1);
    assert_eq!(broken, f64::INFINITY);
}

/// Groups do not see each other: the larger one counts.
#[test]
fn of_groups_the_largest_counts() {
    let extents = [4, 2, 3, 3];
    let numbers = kernel(extents, 3);
    let (first, second) = numbers.split_at(numbers.len() / 2);
    let half = [2, 2, 3, 3];
    let each = [first, second].map(|own| convolution_norm(own, half, 1).0);
    let (found, at) = convolution_norm(&numbers, extents, 2);
    assert_eq!(found, each[0].max(each[1]));
    assert_eq!(at.group, usize::from(each[1] > each[0]));
    assert_eq!(convolution_norm_near(&numbers, extents, 2, at), found);
    assert!(each[0] != each[1]);
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let extents = [24, 16, 3, 3];
    let numbers = kernel(extents, 5);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let found = pool
            .expect("threads")
            .install(|| convolution_norm(&numbers, extents, 1).0);
        found.to_bits()
    };
    assert_eq!(on(1), on(2));
    assert_eq!(on(1), on(3));
}
