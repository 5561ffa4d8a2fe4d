//! How is work spread over all cores? Piece by piece, each computed by whichever thread is free.
//!
//! All loops of the kernels over pieces of work come through one function of `rayon` that takes a closure behind a pointer.
//! Its own iterators would be compiled for every loop anew, hundreds of functions that do the same. A piece takes far
//! longer than the call.

use rayon::prelude::*;
use std::sync::{Mutex, PoisonError};

/// Threads that share the work.
pub(crate) fn threads() -> usize {
    rayon::current_num_threads()
}

/// Calls `job` with every number below `count`, on all threads of the pool.
fn spread(count: usize, job: &(dyn Fn(usize) + Sync)) {
    (0..count).into_par_iter().for_each(job);
}

/// Takes what only one thread asks for.
fn take<T>(place: &Mutex<Option<T>>) -> Option<T> {
    place.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Does something with every piece of work, on all threads of the pool.
pub(crate) fn each<T: Send>(work: impl IntoIterator<Item = T>, f: impl Fn(T) + Sync) {
    let pieces: Vec<Mutex<Option<T>>> = work.into_iter().map(|t| Mutex::new(Some(t))).collect();
    spread(pieces.len(), &|i| {
        if let Some(piece) = take(&pieces[i]) {
            f(piece);
        }
    });
}

/// What a function makes of every piece of work, in the order of the pieces, computed on all threads of the pool.
pub(crate) fn map<T: Send, R: Send>(
    work: impl IntoIterator<Item = T>,
    f: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let pieces = work.into_iter();
    let places: Vec<Mutex<(Option<T>, Option<R>)>> =
        pieces.map(|t| Mutex::new((Some(t), None))).collect();
    let lock = |i: usize| places[i].lock().unwrap_or_else(PoisonError::into_inner);
    spread(places.len(), &|i| {
        let piece = lock(i).0.take();
        let result = piece.map(&f);
        lock(i).1 = result;
    });
    let results = places.into_iter().map(|place| {
        let (_, result) = place.into_inner().unwrap_or_else(PoisonError::into_inner);
        result.expect("every piece is computed, or a panic goes on")
    });
    results.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_is_taken_once_and_results_keep_their_order() {
        let mut numbers: Vec<u32> = (0..1000).collect();
        each(numbers.chunks_mut(7).enumerate(), |(i, chunk)| {
            chunk.iter_mut().for_each(|n| *n += i as u32);
        });
        let wanted: Vec<u32> = (0..1000).map(|n| n + n / 7).collect();
        assert_eq!(numbers, wanted);
        let texts = map(numbers, |n| n.to_string());
        assert!(texts.iter().zip(&wanted).all(|(t, n)| *t == n.to_string()));
        assert!(map(0..0, |n: usize| n).is_empty());
    }
}
