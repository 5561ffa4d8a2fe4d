//! Which taps does an input position see, for a stride? Positions fall into classes.

/// Input positions along one axis that see the same taps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Class {
    /// First position.
    pub(crate) first: usize,
    /// Output position that the first position meets through its first tap, shifted by the border.
    pub(crate) start: usize,
    /// Taps in the order of growing output positions.
    pub(crate) taps: Vec<usize>,
}

/// The classes of one axis, and the border that the output gradient needs before and after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Axis {
    pub(crate) classes: Vec<Class>,
    pub(crate) before: usize,
    pub(crate) after: usize,
}

impl Axis {
    pub(crate) fn new(
        input: usize,
        output: usize,
        kernel: usize,
        stride: usize,
        padding: usize,
    ) -> Self {
        let mut raw = Vec::new();
        let (mut before, mut after) = (0_isize, 0_isize);
        for residue in 0..stride {
            let first = (residue + stride * padding - padding) % stride;
            let taps: Vec<usize> = (residue..kernel).step_by(stride).rev().collect();
            // `first + padding ≡ residue`, and a position meets output `(x + padding - tap) / stride`.
            let base = ((first + padding - residue) / stride) as isize;
            let start = base - taps.len().saturating_sub(1) as isize;
            if !taps.is_empty() && first < input {
                let last = base + ((input - 1 - first) / stride) as isize;
                before = before.max(-start);
                after = after.max(last - (output as isize - 1));
            }
            raw.push((first, start, taps));
        }
        let classes = raw
            .into_iter()
            .map(|(first, start, taps)| Class {
                first,
                start: (start + before).max(0) as usize,
                taps,
            })
            .collect();
        Self {
            classes,
            before: before as usize,
            after: after as usize,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_of_a_stride_share_the_taps() {
        let plain = Axis::new(8, 8, 3, 1, 1);
        assert_eq!((plain.before, plain.after, plain.classes.len()), (1, 1, 1));
        assert_eq!(plain.classes[0].taps, [2, 1, 0]);
        let strided = Axis::new(8, 4, 3, 2, 1);
        let taps: Vec<_> = strided
            .classes
            .iter()
            .map(|c| (c.first, c.taps.clone()))
            .collect();
        assert_eq!(taps, [(1, vec![2, 0]), (0, vec![1])]);
        // Every tap meets every output position that exists, for odd sizes too.
        for (input, kernel, stride, padding) in
            [(7, 3, 2, 1), (1, 3, 1, 1), (9, 7, 2, 3), (5, 1, 2, 0)]
        {
            let output = (input + 2 * padding - kernel) / stride + 1;
            let axis = Axis::new(input, output, kernel, stride, padding);
            let mut seen = vec![0; kernel * output];
            for class in &axis.classes {
                for (i, x) in (class.first..input).step_by(stride).enumerate() {
                    for (t, tap) in class.taps.iter().enumerate() {
                        let at = class.start + i + t;
                        if (axis.before..axis.before + output).contains(&at) {
                            let o = at - axis.before;
                            assert_eq!(o * stride + tap, x + padding);
                            seen[tap * output + o] += 1;
                        }
                    }
                }
            }
            for tap in 0..kernel {
                for o in 0..output {
                    let inside = (padding..input + padding).contains(&(o * stride + tap));
                    assert_eq!(seen[tap * output + o], usize::from(inside));
                }
            }
        }
    }
}
