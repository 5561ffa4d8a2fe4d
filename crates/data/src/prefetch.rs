//! How is the next batch made while the current one is used?
//!
//! One thread runs ahead of the loop that asks for batches and holds one finished batch until it
//! is fetched; the decoding of its images still goes to all threads of the pool. What is in a batch
//! does not depend on who makes it, so nothing but the waiting changes.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{Builder, JoinHandle};

use crate::batch::{Batch, Plan};
use crate::error::DataError;

/// A thread that makes the batches of an epoch in order.
///
/// When it is dropped the thread finishes the batch at hand, finds nobody who takes it, and ends;
/// nobody waits for it.
#[derive(Debug)]
pub(crate) struct Ahead {
    batches: Receiver<Result<Batch, DataError>>,
    worker: Option<JoinHandle<()>>,
}

impl Ahead {
    /// Starts with batch `first`; `None` if the system has no thread to give, or if the caller is
    /// itself a thread of the pool: its waiting could keep the pool from decoding.
    pub(crate) fn start(plan: Arc<Plan>, first: usize) -> Option<Self> {
        if in_pool() {
            return None;
        }
        // Without room in the channel the thread is one batch ahead, not two.
        let (give, batches) = sync_channel(0);
        let run = move || {
            for number in (first..plan.batches()).step_by(plan.every) {
                if give.send(plan.fill(number)).is_err() {
                    break;
                }
            }
        };
        let worker = Builder::new().name("data".to_owned()).spawn(run).ok()?;
        Some(Self {
            batches,
            worker: Some(worker),
        })
    }

    /// Waits for the next batch; `None` behind the last. A panic of the thread goes on here.
    pub(crate) fn next(&mut self) -> Option<Result<Batch, DataError>> {
        let Ok(batch) = self.batches.recv() else {
            if let Some(Err(panic)) = self.worker.take().map(JoinHandle::join) {
                resume_unwind(panic);
            }
            return None;
        };
        Some(batch)
    }
}

/// Whether this is a thread of a pool, which must not wait for others of it.
pub(crate) fn in_pool() -> bool {
    rayon::current_thread_index().is_some()
}
