//! Which patches are similar to each reference patch? The nearest in a window, by squared distance.
//!
//! One row of references at a time, displacement by displacement: squared differences of whole lines are added over
//! the rows of a patch, then over its columns, and compared with the worst distance that each reference still takes.
//! Lines are split by column modulo the step between references, so that all these sums run over contiguous floats.

use super::grid::Grid;
use timestep_kernels::simd::{Fours, Lanes, LanesOp, floats};

/// What pixels outside the picture hold: their patches are farther than any other.
const OUTSIDE: f32 = 1e15;

/// Distances from here on belong to patches that reach outside.
const FAR: f32 = 1e29;

/// A picture whose lines are split by column modulo the step.
#[derive(Debug)]
pub(super) struct Lines {
    /// Line by line, first those of columns that are multiples of the step.
    split: Vec<f32>,
    height: usize,
    /// Floats of a split line.
    length: usize,
    /// Columns before the picture, a multiple of the step and at least the reach of the window.
    margin: usize,
    reach: usize,
    patch: usize,
    step: usize,
    /// References that stand together: number of the first, and how many.
    runs: Vec<(usize, usize)>,
}

impl Lines {
    /// Splits the lines of `picture`.
    ///
    /// The last reference of a row may not be on the grid: what surrounds it is put behind the end of each line once
    /// more, where it is.
    pub(super) fn new(picture: &[f32], grid: &Grid) -> Self {
        let (step, reach) = (grid.step, grid.search);
        let margin = reach.next_multiple_of(step);
        let regular = (grid.width - grid.patch) / step + 1;
        let mut runs = vec![(0, regular)];
        // Far enough from the picture for either window, and for vectors that reach over the last reference.
        let extra = (grid.width + 2 * reach)
            .max((regular + 32) * step)
            .next_multiple_of(step);
        let last = grid.width - grid.patch;
        let odd = grid.columns.len() > regular;
        if odd {
            runs.push((extra / step, 1));
        }
        let length = (margin + extra + reach + grid.patch) / step + 64;
        let mut split = vec![OUTSIDE; step * grid.height * length];
        for (y, line) in picture.chunks_exact(grid.width).enumerate() {
            let mut put = |column: usize, pixel: f32| {
                let at = column + margin;
                split[(at % step * grid.height + y) * length + at / step] = pixel;
            };
            for (x, pixel) in line.iter().enumerate() {
                put(x, *pixel);
                if odd && x + reach >= last {
                    put(extra + x - last, *pixel);
                }
            }
        }
        Self {
            split,
            height: grid.height,
            length,
            margin,
            reach,
            patch: grid.patch,
            step,
            runs,
        }
    }

    /// Where column `column` of row `y` is among the split lines; `STEP` is the step.
    #[inline(always)]
    fn at<const STEP: usize>(&self, y: usize, column: usize) -> usize {
        (column % STEP * self.height + y) * self.length + column / STEP
    }
}

/// The displacement with number `rank` along one axis: 0, -1, 1, -2, 2, …: the near ones first.
pub(super) fn displacement(rank: usize) -> isize {
    let half = rank.div_ceil(2) as isize;
    if rank % 2 == 1 { -half } else { half }
}

/// Vertical and horizontal displacement of a match in a window that reaches `reach` pixels.
pub(super) fn decode(code: u16, reach: usize) -> (isize, isize) {
    let ranks = 2 * reach + 1;
    let code = usize::from(code);
    (displacement(code / ranks), displacement(code % ranks))
}

/// Finds the `count` nearest patches of every reference of the row whose patches start in row `y`.
///
/// The outcome has `count` codes for each reference, see [`decode`], the reference itself among them; where
/// there are fewer patches, it is repeated. Of equally distant patches the nearer row, then column, wins.
#[derive(Debug)]
pub(super) struct MatchRow<'a> {
    pub(super) lines: &'a Lines,
    pub(super) y: usize,
    pub(super) count: usize,
}

impl<S: Fours> LanesOp<S> for MatchRow<'_> {
    type Out = Vec<u16>;

    #[inline(always)]
    fn run(self, s: Lanes<S>) -> Vec<u16> {
        // Known sizes make straight code of the sums.
        match (self.lines.patch, self.lines.step) {
            (6, 2) => self.search::<S, 6, 2>(s),
            (7, 2) => self.search::<S, 7, 2>(s),
            (8, 3) => self.search::<S, 8, 3>(s),
            (9, 3) => self.search::<S, 9, 3>(s),
            (patch, step) => unreachable!("no settings have patches of {patch}, step {step}"),
        }
    }
}

impl MatchRow<'_> {
    /// The search for patches of `P` rows and columns, `STEP` apart.
    #[inline(always)]
    fn search<S: Fours, const P: usize, const STEP: usize>(self, s: Lanes<S>) -> Vec<u16> {
        let Self { lines, y, count } = self;
        let ranks = 2 * lines.reach + 1;
        let rows = lines.height - P;
        let mut codes = Vec::new();
        for &(first, references) in &lines.runs {
            let mut nearest = Nearest::new(references, count, S::LANES);
            let vectors = (references.next_multiple_of(S::LANES) + P / STEP + 1).div_ceil(S::LANES);
            // Sums over the rows of a patch: all of one column of the step, then all of the next.
            let mut down = vec![s.splat(0.0); STEP * vectors];
            for rank_y in 0..ranks {
                let Some(to) = y.checked_add_signed(displacement(rank_y)) else {
                    continue;
                };
                if to > rows {
                    continue;
                }
                for rank_x in 0..ranks {
                    // Not negative: the margin is at least the reach.
                    let shift = lines.margin.wrapping_add_signed(displacement(rank_x));
                    for (column, down) in down.chunks_exact_mut(vectors).enumerate() {
                        let here = lines.at::<STEP>(y, lines.margin + column) + first;
                        let there = lines.at::<STEP>(to, shift + column) + first;
                        differences::<S, P>(s, lines, here, there, down);
                    }
                    let code = (rank_y * ranks + rank_x) as u32;
                    offer::<S, P, STEP>(s, &down, &mut nearest, code);
                }
            }
            nearest.finish(&mut codes);
        }
        codes
    }
}

/// Adds squared differences over `P` rows, of lines that start at `here` and at `there`.
#[inline(always)]
fn differences<S: Fours, const P: usize>(
    s: Lanes<S>,
    lines: &Lines,
    here: usize,
    there: usize,
    down: &mut [S::V],
) {
    let floats = down.len() * S::LANES;
    let mut heres = [&lines.split[..0]; P];
    let mut theres = heres;
    for row in 0..P {
        heres[row] = &lines.split[here + row * lines.length..][..floats];
        theres[row] = &lines.split[there + row * lines.length..][..floats];
    }
    for (v, sum) in down.iter_mut().enumerate() {
        let mut total = s.splat(0.0);
        for row in 0..P {
            let here = s.load(&heres[row][v * S::LANES..]);
            let there = s.load(&theres[row][v * S::LANES..]);
            let difference = s.sub(here, there);
            total = s.fma(difference, difference, total);
        }
        *sum = total;
    }
}

/// Adds over the columns of a patch and offers the distances to the references.
#[inline(always)]
fn offer<S: Fours, const P: usize, const STEP: usize>(
    s: Lanes<S>,
    down: &[S::V],
    nearest: &mut Nearest,
    code: u32,
) {
    let length = down.len() / STEP * S::LANES;
    let down = floats::<S>(down);
    for start in (0..nearest.worst.len()).step_by(S::LANES) {
        let mut distance = s.splat(0.0);
        for column in 0..P {
            let at = column % STEP * length + column / STEP;
            distance = s.add(distance, s.load(&down[at + start..]));
        }
        let worst = s.load(&nearest.worst[start..]);
        let mut taken = s.bits(s.less(distance, worst));
        if taken == 0 {
            continue;
        }
        let distances = [distance];
        let distances = floats::<S>(&distances);
        while taken != 0 {
            let lane = taken.trailing_zeros() as usize;
            taken &= taken - 1;
            nearest.take(start + lane, distances[lane], code);
        }
    }
}

/// The nearest patches so far of each reference of a run.
struct Nearest {
    count: usize,
    references: usize,
    /// Distances from here on are too large; for a whole number of vectors.
    worst: Vec<f32>,
    /// Distance (its bits, as it is not negative) and code of those that were taken.
    taken: Vec<Vec<u64>>,
}

impl Nearest {
    fn new(references: usize, count: usize, lanes: usize) -> Self {
        let mut worst = vec![FAR; references];
        // Nothing is taken for the lanes that fill up the last vector.
        worst.resize(references.next_multiple_of(lanes), 0.0);
        Self {
            count,
            references,
            worst,
            taken: vec![Vec::with_capacity(2 * count + 16); references],
        }
    }

    /// Takes a patch that is nearer than the worst; once in a while only the nearest are kept.
    #[inline(always)]
    fn take(&mut self, reference: usize, distance: f32, code: u32) {
        let taken = &mut self.taken[reference];
        taken.push(u64::from(distance.to_bits()) << 32 | u64::from(code));
        if taken.len() == 2 * self.count + 16 {
            let (_, last, _) = taken.select_nth_unstable(self.count - 1);
            self.worst[reference] = f32::from_bits((*last >> 32) as u32);
            taken.truncate(self.count);
        }
    }

    /// Appends the codes of each reference.
    fn finish(mut self, codes: &mut Vec<u16>) {
        for taken in &mut self.taken {
            if taken.len() > self.count {
                taken.select_nth_unstable(self.count - 1);
                taken.truncate(self.count);
            }
            codes.extend(taken.iter().map(|t| *t as u16));
            codes.extend(std::iter::repeat_n(0, self.count - taken.len()));
        }
        debug_assert_eq!(self.taken.len(), self.references);
    }
}
