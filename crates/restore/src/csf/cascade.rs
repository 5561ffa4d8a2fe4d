//! How is one stage computed, forwards and backwards?

use super::CsfModel;
use super::fourier::Fourier;
use super::frame::Frame;
use crate::learned::{Gaussians, Stage, StageGrads};
use realfft::num_complex::Complex32;
use timestep_kernels::Kernels;
use timestep_kernels::diffusion::{Bank, Border};
use timestep_picture::Plane;

/// One stage made ready for the kernels.
#[derive(Debug)]
pub(super) struct Ready {
    size: usize,
    bank: Bank,
    taps: Vec<Vec<f64>>,
    lambda: f64,
}

impl Ready {
    pub(super) fn new(stage: &Stage, size: usize) -> Self {
        Self {
            size,
            bank: stage.bank(size, Gaussians::shrinkage()),
            taps: (0..size * size - 1).map(|i| stage.taps(size, i)).collect(),
            lambda: stage.lambda(),
        }
    }

    /// Empty gradients.
    pub(super) fn zeros(&self) -> StageGrads {
        StageGrads::zeros(&self.bank)
    }
}

/// Everything that depends on the size of a picture.
#[derive(Debug)]
pub(super) struct Space {
    frame: Frame,
    fourier: Fourier,
    kernels: Kernels,
}

/// What the backward pass needs of the forward pass.
pub(super) struct Trace {
    /// The input, extended.
    input: Vec<f32>,
    noisy: Vec<f32>,
    /// `1 / (λ + Σ|F(k_i)|²)`, laid out as a spectrum.
    divisor: Vec<f32>,
    /// The result with its border, and its spectrum.
    outer: Vec<f32>,
    spectrum: Vec<Complex32>,
}

impl Space {
    pub(super) fn new(width: usize, height: usize) -> Self {
        let frame = Frame::new(width, height);
        Self {
            frame,
            fourier: Fourier::new(frame.outer.0, frame.outer.1),
            kernels: Kernels::detect(),
        }
    }

    /// `1 / (λ + Σ_i |F(k_i)|²)`: the sum is the transform of the filters' autocorrelations, which are even.
    fn divisor(&self, stage: &Ready) -> Vec<f32> {
        let (w, h) = self.frame.outer;
        let f = stage.size;
        let mut even = vec![0.0_f64; w * h];
        for taps in &stage.taps {
            for (a, x) in taps.iter().enumerate() {
                for (b, y) in taps.iter().enumerate() {
                    let row = (a / f + h * f - b / f) % h;
                    let column = (a % f + w * f - b % f) % w;
                    even[row * w + column] += x * y;
                }
            }
        }
        let even: Vec<f32> = even.iter().map(|x| *x as f32).collect();
        let lambda = stage.lambda as f32;
        let spectrum = self.fourier.forward(&even);
        spectrum
            .iter()
            .map(|s| 1.0 / (lambda + s.re.max(0.0)))
            .collect()
    }

    /// One stage.
    pub(super) fn stage(
        &self,
        stage: &Ready,
        noisy: &Plane,
        x: &Plane,
        alone: bool,
    ) -> (Plane, Trace) {
        let noisy = self.frame.extend(noisy.pixels());
        let input = self.frame.extend(x.pixels());
        let mut sum = vec![0.0; self.frame.area()];
        let weights = [1.0, 0.0, stage.lambda as f32];
        let size = self.frame.outer;
        if alone {
            let k = self.kernels;
            k.diffuse_alone(
                &stage.bank,
                &input,
                &noisy,
                size,
                Border::Wrap,
                weights,
                &mut sum,
            );
        } else {
            let k = self.kernels;
            k.diffuse(
                &stage.bank,
                &input,
                &noisy,
                size,
                Border::Wrap,
                weights,
                &mut sum,
            );
        }
        let divisor = self.divisor(stage);
        let mut spectrum = self.fourier.forward(&sum);
        for (s, d) in spectrum.iter_mut().zip(&divisor) {
            *s *= d;
        }
        let outer = self.fourier.inverse(spectrum.clone());
        let trace = Trace {
            input,
            noisy,
            divisor,
            outer,
            spectrum,
        };
        (x.with_pixels(self.frame.crop(&trace.outer)), trace)
    }

    /// Adds the gradients of a stage, given that of its result.
    ///
    /// With `c = Ω⁻¹ e`, `Ω = λ + Σ KᵀK`: the sum before the division has gradient `c`; `∂ℓ/∂λ = cᵀ(y - x)`; and through
    /// `Ω`, `∂ℓ/∂k(d) = -Σ_a k(a) (R(a-d) + R(d-a))` with the correlation `R(δ) = Σ_p x(p+δ) c(p)`.
    pub(super) fn back(&self, stage: &Ready, trace: &Trace, e: &[f32], grads: &mut StageGrads) {
        let mut through = self.fourier.forward(&self.frame.surround(e));
        for (s, d) in through.iter_mut().zip(&trace.divisor) {
            *s *= d;
        }
        let products = trace.spectrum.iter().zip(&through);
        let correlation = self
            .fourier
            .inverse(products.map(|(x, c)| x * c.conj()).collect());
        let c = self.fourier.inverse(through);
        let differences = trace.noisy.iter().zip(&trace.outer).zip(&c);
        grads.lambda += differences
            .map(|((y, x), c)| f64::from(y - x) * f64::from(*c))
            .sum::<f64>();
        let size = self.frame.outer;
        let bank = &mut grads.bank;
        self.kernels.diffuse_backward(
            &stage.bank,
            &trace.input,
            &c,
            size,
            Border::Wrap,
            bank,
            None,
        );
        let (w, h) = size;
        let f = stage.size;
        let at = |dy: isize, dx: isize| {
            let row = dy.rem_euclid(h as isize) as usize;
            f64::from(correlation[row * w + dx.rem_euclid(w as isize) as usize])
        };
        let reach = f as isize - 1;
        // R(δ) + R(-δ) for every difference of two taps.
        let side = 2 * f - 1;
        let both: Vec<f64> = (-reach..=reach)
            .flat_map(|dy| (-reach..=reach).map(move |dx| (dy, dx)))
            .map(|(dy, dx)| at(dy, dx) + at(-dy, -dx))
            .collect();
        for (taps, grads) in stage.taps.iter().zip(bank.filters.chunks_mut(f * f)) {
            for (d, grad) in grads.iter_mut().enumerate() {
                for (a, k) in taps.iter().enumerate() {
                    let (dy, dx) = (a / f + f - 1 - d / f, a % f + f - 1 - d % f);
                    *grad -= k * both[dy * side + dx];
                }
            }
        }
    }
}

/// A trained cascade, ready to run.
#[derive(Debug)]
pub struct Cascade {
    stages: Vec<Ready>,
}

impl Cascade {
    /// Prepares a model.
    #[must_use]
    pub fn new(model: &CsfModel) -> Self {
        let stages = model.stages.iter();
        Self {
            stages: stages.map(|s| Ready::new(s, model.size)).collect(),
        }
    }

    /// Restores a plane, calling `each` with the number of the stage and its result.
    #[must_use]
    pub fn run(&self, noisy: &Plane, mut each: impl FnMut(usize, &Plane)) -> Plane {
        let space = Space::new(noisy.width(), noisy.height());
        let mut x = noisy.clone();
        for (t, stage) in self.stages.iter().enumerate() {
            x = space.stage(stage, noisy, &x, false).0;
            each(t, &x);
        }
        x
    }
}
