//! What if the program itself is at fault? A panic becomes a failure that says what to report.

use crate::failure::{Failure, INTERNAL};
use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook};
use std::sync::{Mutex, PoisonError};
use timestep_study::codes::Code;

/// What the first panic said, and where. Later ones are consequences: every thread of a pool may have its own.
static FIRST: Mutex<Option<String>> = Mutex::new(None);

/// Runs a command. A panic in it, in whichever thread, becomes a failure with exit code 3.
pub(crate) fn guarded(run: impl FnOnce() -> Result<u8, Failure>) -> Result<u8, Failure> {
    set_hook(Box::new(remember));
    // Nothing that the command worked on is used afterwards.
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Err(internal()))
}

fn remember(info: &PanicHookInfo<'_>) {
    let mut first = FIRST.lock().unwrap_or_else(PoisonError::into_inner);
    if first.is_some() {
        return;
    }
    let place = info
        .location()
        .map(|at| format!(" at {}:{}", at.file(), at.line()));
    let said = info.payload_as_str().unwrap_or("no message");
    let mut text = format!("{}: {said}", place.unwrap_or_default());
    // Captured only if RUST_BACKTRACE asks for it.
    let trace = Backtrace::capture();
    if trace.status() == BacktraceStatus::Captured {
        text += &format!("\n{trace}");
    }
    *first = Some(text);
}

fn internal() -> Failure {
    let first = FIRST.lock().unwrap_or_else(PoisonError::into_inner).take();
    Failure {
        code: INTERNAL,
        error: Code::Internal,
        message: format!("internal error{}", first.unwrap_or_default()),
        hint: Some(format!(
            "this is a fault of the program: please report this message, the command and the files it was given at \
             {}/issues",
            env!("CARGO_PKG_REPOSITORY")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_failure_that_says_what_to_report() {
        let nothing: Option<u8> = std::hint::black_box(None);
        let failure = guarded(|| Ok(nothing.expect("on purpose"))).expect_err("it panics");
        let restored = std::panic::take_hook();
        drop(restored);
        assert_eq!((failure.code, failure.error), (INTERNAL, Code::Internal));
        let message = failure.message;
        assert!(
            message.starts_with("internal error at ") && message.contains("guard.rs:"),
            "{message}"
        );
        assert!(message.contains("on purpose"), "{message}");
        assert!(failure.hint.is_some_and(|hint| hint.contains("report")));
    }
}
