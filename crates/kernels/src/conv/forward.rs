//! How is a forward pass spread over the cores? In pieces: some strips, and of small batches some of the output channels.

use crate::conv::direct::DirectForward;
use crate::conv::int8::{Int8Forward, LANES as INT8_LANES};
use crate::conv::packed::{PackedConv, Weights};
use crate::conv::units::Units;
use crate::conv::winograd::WinogradForward;
use crate::elementwise::{RUN, Term, add_term};
use crate::kernels::Kernels;
use crate::parallel::{map, threads};
use crate::scratch::Arena;
use crate::shape::{ConvShape, Strip, chunks, strip_rows, strips};
use crate::simd::{Op, Simd};
use crate::sums::{Moments, add_moments};
use crate::view::{Affine, View};
use std::ops::Range;

/// Most chunks of a pass: enough for many cores, few enough to be worth a task.
const CHUNKS: usize = 64;

/// What becomes of the results of a convolution before they are stored: `coef · relu(scale · y + shift) + Σ coefsᵢ · viewᵢ`.
#[derive(Clone, Copy, Debug)]
pub struct Finish<'a> {
    /// A norm with known statistics.
    pub norm: Option<Affine<'a>>,
    /// Is there a ReLU after it?
    pub relu: bool,
    /// What the result is multiplied with then.
    pub coef: f32,
    /// What is added.
    pub terms: &'a [Term<'a>],
}

impl Default for Finish<'_> {
    /// Results as they are.
    fn default() -> Self {
        Self {
            norm: None,
            relu: false,
            coef: 1.0,
            terms: &[],
        }
    }
}

impl Finish<'_> {
    fn check(&self, len: usize, channels: usize) {
        if let Some(norm) = &self.norm {
            let lengths = [norm.scale, norm.shift].map(<[f32]>::len);
            assert_eq!(lengths, [channels; 2], "one scale and shift per channel");
        }
        for term in self.terms {
            term.view.check(len, channels);
            let coefs = term.coefs.len();
            assert_eq!(coefs, channels, "one coefficient per channel");
        }
    }

    /// Does it to some channels of finished pixels, while they are in the cache.
    ///
    /// # Safety
    /// The processor has the instructions of `S`; `out` holds `pixels` pixels of `stored` channels, the terms as many from float `at` on.
    #[inline(always)]
    unsafe fn run<S: Simd>(
        &self,
        out: *mut f32,
        at: usize,
        pixels: usize,
        (stored, channels): (usize, &Range<usize>),
    ) {
        // SAFETY: channels `c .. c + n` of every pixel exist.
        unsafe {
            if self.norm.is_some() || self.relu || self.coef != 1.0 {
                let coef = S::splat(self.coef);
                for c in channels.clone().step_by(S::LANES) {
                    let n = (channels.end - c).min(S::LANES);
                    let norm = self.norm.map(|norm| {
                        let (scale, shift) = (norm.scale.as_ptr(), norm.shift.as_ptr());
                        (scale.add(c), shift.add(c))
                    });
                    // A closure would be code of its own, for the wrong instruction set.
                    #[allow(clippy::manual_map)]
                    let norm = match norm {
                        Some((scale, shift)) => {
                            Some((S::load_some(scale, n), S::load_some(shift, n)))
                        }
                        None => None,
                    };
                    for p in 0..pixels {
                        let to = out.add(p * stored + c);
                        let mut y = S::load_some(to, n);
                        if let Some((scale, shift)) = norm {
                            y = S::fma(y, scale, shift);
                        }
                        if self.relu {
                            y = S::relu(y);
                        }
                        S::store_some(to, S::mul(coef, y), n);
                    }
                }
            }
            for term in self.terms {
                add_term::<S>(term, at, pixels, (stored, channels), out, false);
            }
        }
    }
}

/// Where pieces write.
#[derive(Clone, Copy)]
struct Place(*mut f32);

// SAFETY: no two pieces of a pass write the same channel of the same pixel, and nobody reads before all are done.
unsafe impl Send for Place {}
// SAFETY: as above.
unsafe impl Sync for Place {}

/// Some strips and some units of output channels.
#[derive(Clone, Debug)]
struct Cut {
    strips: Range<usize>,
    units: Range<usize>,
}

/// A pass by one of the methods.
enum Pass<'a> {
    Direct(DirectForward<'a>),
    Winograd(WinogradForward<'a>),
    Int8(Int8Forward<'a>),
}

/// One piece of a forward pass.
struct Piece<'a> {
    pass: &'a Pass<'a>,
    /// Outputs of a vector.
    lanes: usize,
    shape: &'a ConvShape,
    view: &'a View<'a>,
    strips: &'a [Strip],
    units: Range<usize>,
    rows: usize,
    out: Place,
    finish: &'a Finish<'a>,
    moments: Option<Moments>,
}

impl Piece<'_> {
    /// Finishes consecutive strips, and gathers their moments.
    ///
    /// # Safety
    /// The processor has the instructions of `S`; the strips are part of the output.
    #[inline(always)]
    unsafe fn finish<S: Simd>(&mut self, strips: &[Strip], channels: &Range<usize>) {
        let Some(first) = strips.first() else {
            return;
        };
        let (stored, width) = (self.shape.output, self.shape.out_width());
        let pixels = width * strips.iter().map(|strip| strip.rows).sum::<usize>();
        let at = first.range(self.shape.out_height(), width * stored).start;
        // Moments are summed run by run: their length is part of the result.
        let most = match self.moments {
            Some(_) => RUN,
            None => (4096 / channels.len()).clamp(8, RUN),
        };
        let mut start = 0;
        while start < pixels {
            let run = most.min(pixels - start);
            let at = at + start * stored;
            // SAFETY: pixels `start .. start + run` of the strips and of all terms.
            unsafe {
                let out = self.out.0.add(at);
                self.finish.run::<S>(out, at, run, (stored, channels));
                if let Some(moments) = &mut self.moments {
                    add_moments::<S>(out, run, moments);
                }
            }
            start += run;
        }
    }
}

impl<S: Simd> Op<S> for Piece<'_> {
    type Out = Option<Moments>;

    #[inline(always)]
    unsafe fn run(mut self) -> Option<Moments> {
        let (height, pitch) = (
            self.shape.out_height(),
            self.shape.out_width() * self.shape.output,
        );
        let channels = Units::of(self.shape, self.lanes).channels(&self.units);
        let (pass, strips, units) = (self.pass, self.strips, self.units.clone());
        macro_rules! strip_by_strip {
            ($pass:ident) => {{
                let mut arena = Arena::borrow(&$pass.scratch(self.rows));
                for strip in strips {
                    // SAFETY: lengths were checked in `conv_packed`.
                    unsafe {
                        let out = self.out.0.add(strip.range(height, pitch).start);
                        $pass.strip::<S>(self.view, strip, &units, out, &mut arena.pieces());
                        self.finish::<S>(std::slice::from_ref(strip), &channels);
                    }
                }
            }};
        }
        match pass {
            Pass::Int8(pass) => strip_by_strip!(pass),
            Pass::Direct(pass) => strip_by_strip!(pass),
            Pass::Winograd(pass) => {
                let mut arena = Arena::borrow(&pass.scratch(self.rows));
                for group in pass.groups(strips) {
                    // SAFETY: lengths were checked in `conv_packed`.
                    unsafe {
                        let out = self.out.0.add(group[0].range(height, pitch).start);
                        pass.strips::<S>(self.view, group, &units, out, &mut arena.pieces());
                        self.finish::<S>(group, &channels);
                    }
                }
            }
        }
        self.moments
    }
}

/// Cuts a pass whose outputs depend on nothing but their inputs: there the cut changes no bit, so it may look at the threads.
///
/// `most` chunks of strips are worth it, whatever the threads; each piece of channels costs a copy of the strips' input.
fn cuts(shape: &ConvShape, strips: usize, most: usize, units: usize) -> Vec<Cut> {
    /// Multiply-adds that are worth a task: some ten microseconds.
    const TASK: usize = 1 << 20;
    let tasks = (shape.multiply_adds() / TASK).clamp(1, CHUNKS);
    let rows = tasks.min(most).min(strips);
    // Four pieces a thread, so that one that is late delays nobody for long.
    let wanted = if threads() > 1 { 4 * threads() } else { 1 };
    let columns = tasks.min(wanted).div_ceil(rows).min(units);
    let units = chunks(units, columns);
    // Strips outside: who takes the first half of the pieces has the upper half of the image, now as in the layer before, whose
    // results lie in its own cache.
    let cut = |strips: Range<usize>| {
        let units = units.iter().cloned();
        let cuts = units.map(|units| Cut {
            strips: strips.clone(),
            units,
        });
        cuts.collect::<Vec<_>>()
    };
    chunks(strips, rows).into_iter().flat_map(cut).collect()
}

impl Kernels {
    /// Convolves a view: `out = weights * view`.
    ///
    /// With `moments` the mean and variance of every output channel are gathered on the way.
    ///
    /// # Panics
    /// If a length does not fit the shape.
    pub fn conv_forward(
        &self,
        shape: &ConvShape,
        view: &View<'_>,
        weights: &[f32],
        out: &mut [f32],
        moments: bool,
    ) -> Option<Moments> {
        let weights = self.pack_conv(shape, weights);
        self.conv_packed(shape, view, &weights, &Finish::default(), out, moments)
    }

    /// A convolution and the scheme's step that uses it, in one pass over memory:
    /// `out = coef · (weights * view) + Σ coefsᵢ · viewᵢ`.
    ///
    /// # Panics
    /// If a length does not fit the shape.
    pub fn conv_combine(
        &self,
        shape: &ConvShape,
        view: &View<'_>,
        weights: &[f32],
        (coef, terms): (f32, &[Term<'_>]),
        out: &mut [f32],
        moments: bool,
    ) -> Option<Moments> {
        let finish = Finish {
            coef,
            terms,
            ..Finish::default()
        };
        let weights = self.pack_conv(shape, weights);
        self.conv_packed(shape, view, &weights, &finish, out, moments)
    }

    /// Both of the above and more, with weights that were packed before.
    ///
    /// # Panics
    /// If a length does not fit the shape, or the weights were packed for another one.
    pub fn conv_packed(
        &self,
        shape: &ConvShape,
        view: &View<'_>,
        weights: &PackedConv,
        finish: &Finish<'_>,
        out: &mut [f32],
        moments: bool,
    ) -> Option<Moments> {
        shape.check();
        view.check(shape.input_len(), shape.input);
        finish.check(shape.output_len(), shape.output);
        assert!(
            weights.suits(*self, shape),
            "weights packed for another shape"
        );
        assert_eq!(out.len(), shape.output_len(), "length of the output");
        let int8 = weights.is_int8();
        // Levels belong to an image: images stay apart.
        let shape = &match int8 {
            true => *shape,
            false => self.grouping(&shape.flattened()),
        };
        let in_row = (shape.width + 2 * shape.padding[1]) * shape.input * shape.stride;
        let out_row = shape.out_width() * shape.output;
        let winograd = !int8 && self.uses_winograd(shape);
        let row = in_row.max(out_row) / if winograd { shape.groups } else { 1 };
        let rows = strip_rows(shape, shape.out_height(), row, false);
        let strips = strips(shape.batch, shape.out_height(), rows);
        let lanes = if int8 { INT8_LANES } else { self.isa().lanes() };
        let (pass, most) = match weights.weights() {
            Weights::Int8(weights) => {
                let pass = Int8Forward::new(*self, shape, weights, view);
                (Pass::Int8(pass), CHUNKS)
            }
            Weights::Floats(weights) if winograd => {
                let pass = WinogradForward::new(shape, weights, lanes, rows);
                let most = pass.chunks(&strips, moments);
                (Pass::Winograd(pass), most)
            }
            Weights::Floats(weights) => {
                let pass = DirectForward::new(shape, weights, lanes);
                (Pass::Direct(pass), CHUNKS)
            }
        };
        let units = Units::of(shape, lanes).count();
        let cuts = if moments {
            let all = |strips| Cut {
                strips,
                units: 0..units,
            };
            chunks(strips.len(), most.min(CHUNKS))
                .into_iter()
                .map(all)
                .collect()
        } else {
            cuts(shape, strips.len(), most, units)
        };
        let place = Place(out.as_mut_ptr());
        let results: Vec<Option<Moments>> = map(cuts, |cut| {
            let op = Piece {
                pass: &pass,
                lanes,
                shape,
                view,
                strips: &strips[cut.strips],
                units: cut.units,
                rows,
                out: place,
                finish,
                moments: moments.then(|| Moments::new(shape.output)),
            };
            // SAFETY: the processor has the instructions (`Kernels::new`); lengths were
            // checked above.
            unsafe { self.isa().run(op) }
        });
        moments.then(|| {
            let mut all = Moments::new(shape.output);
            for part in results.iter().flatten() {
                all.merge(part);
            }
            all
        })
    }
}
