//! Where does a picture come from, what does its head say, and how much memory may it take? What every decoder is given.

use crate::{Format, PictureError};
use std::io::{BufRead, Seek};
use std::path::Path;

/// How much memory a picture may take.
#[derive(Clone, Copy)]
pub struct Memory<'a> {
    /// Bytes allowed.
    pub allowed: u64,
    /// Bytes that the work on a picture of so many columns, rows and colours needs beside its samples.
    pub beside: &'a dyn Fn((usize, usize), usize) -> u64,
}

impl Memory<'static> {
    /// As much as this machine has (see [`timestep_kernels::memory_budget`]).
    #[must_use]
    pub fn of_machine() -> Self {
        Self {
            allowed: timestep_kernels::memory_budget(),
            beside: &|_, _| 0,
        }
    }
}

/// Where a picture comes from, and how much memory it may take.
#[derive(Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub(crate) path: &'a Path,
    pub(crate) format: Format,
    /// Bytes of the file.
    pub(crate) length: u64,
    pub(crate) memory: Memory<'a>,
}

/// What the head of a file says.
#[derive(Clone, Copy)]
pub(crate) struct Head {
    pub(crate) size: (usize, usize),
    pub(crate) colours: usize,
    /// Bytes of the samples; none if that is no number.
    pub(crate) samples: Option<u64>,
    /// Bytes that the decoder needs beside them.
    pub(crate) decoder: u64,
}

impl Origin<'_> {
    pub(crate) fn damaged(&self, reason: impl ToString) -> PictureError {
        PictureError::Damaged {
            path: self.path.to_owned(),
            format: self.format,
            // Some decoders end their words with a line of their own.
            reason: reason
                .to_string()
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" "),
        }
    }

    pub(crate) fn unsupported(&self, what: impl Into<String>) -> PictureError {
        PictureError::Unsupported {
            path: self.path.to_owned(),
            format: self.format,
            what: what.into(),
        }
    }

    /// Refuses what is larger than allowed before it is decoded.
    pub(crate) fn check_memory(&self, head: &Head) -> Result<(), PictureError> {
        if head.size.0 == 0 || head.size.1 == 0 {
            return Err(self.damaged("it has no pixels"));
        }
        let Some(samples) = head.samples else {
            return Err(self.too_large(u64::MAX));
        };
        // What the work needs is only taken when the decoder has gone.
        let beside = (self.memory.beside)(head.size, head.colours).max(head.decoder);
        let needs = samples.saturating_add(beside);
        self.fits(needs)
    }

    /// Refuses so many bytes if they are more than allowed.
    pub(crate) fn fits(&self, needs: u64) -> Result<(), PictureError> {
        if needs > self.memory.allowed {
            return Err(self.too_large(needs));
        }
        Ok(())
    }

    /// The bytes allowed as a length.
    pub(crate) fn allowed(&self) -> usize {
        usize::try_from(self.memory.allowed).unwrap_or(usize::MAX)
    }

    pub(crate) fn too_large(&self, needs: u64) -> PictureError {
        PictureError::TooLarge {
            path: self.path.to_owned(),
            needs,
            allowed: self.memory.allowed,
        }
    }

    /// Room for `count` values, or an error: a damaged head may claim any size.
    pub(crate) fn room<T: Clone>(&self, count: usize) -> Result<Vec<T>, PictureError> {
        let mut room = Vec::new();
        room.try_reserve_exact(count)
            .map_err(|_| self.too_large((count as u64).saturating_mul(size_of::<T>() as u64)))?;
        Ok(room)
    }
}

/// Bytes that can be read from any place. One type for all of them: decoders are generic, and large.
pub(crate) trait Bytes: BufRead + Seek {}

impl<T: BufRead + Seek> Bytes for T {}
