//! Which operations run on the kernels of this project instead of Burn's? Those of features on the CPU in `f32`.
//!
//! All contact with Burn's internals is here, in `tape.rs`: dispatch, `FlexTensor`, autodiff nodes.
//! Other devices and precisions take the composed operations of [`crate::ops`].

mod bridge;
mod combine;
mod conv;
mod gate;
mod loss;
mod norm;
mod pool;
mod recorded;
mod reversal;
mod slot;
mod stored;
mod tape;

use bridge::added_up;
pub(crate) use bridge::{embed, export, global_average_pool, import, join, narrow, sample, settle};
pub(crate) use combine::combine;
pub(crate) use conv::{Convolved, conv2d};
pub(crate) use gate::{gate, mask, mix};
pub(crate) use loss::cross_entropy;
pub(crate) use norm::{add_bias, norm_eval, norm_train, relu};
pub(crate) use pool::{max_pool, mean_pool};
pub(crate) use reversal::{Reversal, reconstructed};
pub(crate) use stored::Fused;

use slot::Slot;
use std::cell::Cell;
use std::sync::{Mutex, MutexGuard, PoisonError};

use burn::tensor::{DType, Device, Tensor};

thread_local! {
    static COMPOSED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `f` with the composed operations of Burn in this thread: what other devices use.
///
/// For comparisons; the result differs by rounding only.
pub fn composed<R>(f: impl FnOnce() -> R) -> R {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            COMPOSED.set(self.0);
        }
    }
    let _restore = Restore(COMPOSED.replace(true));
    f()
}

/// Do operations on this tensor run on the fused kernels?
pub(crate) fn suits<const D: usize>(tensor: &Tensor<D>) -> bool {
    !COMPOSED.get() && tensor.dtype() == DType::F32 && tensor.device() == Device::flex()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
