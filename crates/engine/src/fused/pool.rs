//! How do windows shrink features? By their largest value or by their mean; and how do whole images become one row?

use super::arrays::{Data, Row, Target};
use super::back::{Back, Node, Slot};
use super::record::Record;
use super::saved::Saved;
use super::stored::{Held, Place};
use crate::Window;
use std::rc::Rc;
use timestep_kernels::layout::Extent;
use timestep_kernels::{Buffer, Kernels, MaxPool, MeanPool, max_pool_backward};

/// What is taken from each window.
enum Taken {
    /// The largest value: where it was.
    Largest(Vec<u32>),
    /// The mean.
    Mean(MeanPool),
}

/// Windows over features.
struct Windows {
    input: Place,
    taken: Taken,
    out: Extent,
    slot: Slot,
}

impl Node for Windows {
    fn backward(self: Box<Self>, back: &mut Back<'_>) {
        if let Some(grad) = back.take_whole(self.slot, &self.out) {
            let extent = &self.input.extent;
            let found = match &self.taken {
                Taken::Largest(places) => max_pool_backward(extent, places, &grad),
                Taken::Mean(pool) => Kernels::detect().mean_pool_backward(pool, extent, &grad),
            };
            self.input.add(back, &Rc::new(Buffer::from(found)));
        }
    }
}

/// Mean over all pixels.
struct Mean {
    input: Saved,
    own: usize,
}

impl Node for Mean {
    fn backward(self: Box<Self>, back: &mut Back<'_>) {
        let Some(grad) = back.take_array(self.own) else {
            return;
        };
        let stored = self.input.load();
        let e = &stored.extent;
        let mut input = Buffer::new(e.len());
        let view = stored.view();
        let kernels = Kernels::detect();
        let sums = kernels.pool_backward(&view, e.batch, e.channels, &grad, &mut input);
        let ones = vec![1.0; e.channels];
        stored.deposit(back, &Rc::new(input), ones, &sums);
    }
}

impl Record {
    fn windows(&self, plain: &Held, values: Vec<f32>, out: Extent, taken: Taken) -> Held {
        let input = plain.stored.place();
        let slot = input.slot.map(|_| self.slot());
        if let Some(slot) = slot {
            self.push(Box::new(Windows {
                input,
                taken,
                out,
                slot,
            }));
        }
        Held::new(Buffer::from(values), out, slot, None)
    }

    /// The largest value in every window.
    pub(super) fn largest(&self, features: &Held, window: Window) -> Held {
        if self.only_evaluates() {
            return self.largest_values(features, window);
        }
        let plain = self.settle(features);
        let pool = MaxPool {
            kernel: window.kernel,
            stride: window.stride,
            padding: window.padding,
        };
        let extent = &plain.stored.extent;
        let (values, places) = Kernels::detect().max_pool(&pool, &plain.stored.view(), extent);
        self.windows(&plain, values, pool.output(extent), Taken::Largest(places))
    }

    /// The same, where nobody will ask where it was.
    fn largest_values(&self, features: &Held, window: Window) -> Held {
        let stored = &features.stored;
        let pool = MaxPool {
            kernel: window.kernel,
            stride: window.stride,
            padding: window.padding,
        };
        let extent = pool.output(&stored.extent);
        let mut out = Buffer::new(extent.len());
        Kernels::detect().max_pool_values(&pool, &stored.view(), &stored.extent, &mut out);
        Held::new(out, extent, None, None)
    }

    /// The mean of every window over the pixels inside the image.
    pub(super) fn means(&self, features: &Held, window: Window) -> Held {
        let plain = self.settle(features);
        let pool = MeanPool {
            kernel: window.kernel,
            stride: window.stride,
            padding: window.padding,
        };
        let extent = &plain.stored.extent;
        let values = Kernels::detect().mean_pool(&pool, &plain.stored.view(), extent);
        let out = pool.output(extent);
        self.windows(&plain, values, out, Taken::Mean(pool))
    }

    /// Mean over height and width: `[batch, channels]`.
    pub(super) fn average(&self, features: &Held) -> Row {
        let input = &features.stored;
        let e = &input.extent;
        let mut data = vec![0.0; e.batch * e.channels];
        Kernels::detect().pool(&input.view(), e.batch, e.channels, &mut data);
        let target = if input.wanted() {
            let own = self.array_slot();
            self.push(Box::new(Mean {
                input: self.saved(features),
                own,
            }));
            Target::Slot(own)
        } else {
            Target::Nothing
        };
        Row {
            shape: [e.batch, e.channels],
            data: Data::Own(Rc::new(data)),
            target,
        }
    }
}
