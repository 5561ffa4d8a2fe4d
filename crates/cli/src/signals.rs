//! What do signals do? Ctrl-C, SIGTERM, SIGHUP and SIGUSR1 ask the program to stop with its work saved.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A flag that Ctrl-C, SIGTERM, SIGHUP and SIGUSR1 set: work stops after the piece under way, and nothing is lost. A second one
/// of them kills. What the program was started to ignore it ignores: SIGHUP under `nohup`.
pub(crate) fn stop_flag() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    #[cfg(unix)]
    {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
        let ignored = ignored();
        // SIGUSR1 is what launchers pass on to all ranks, and what Slurm sends before the time is up.
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGUSR1] {
            if ignored >> (signal - 1) & 1 == 1 {
                continue;
            }
            // In this order: the first signal finds the flag not set yet. Without a handler the signal ends the
            // program at once; files are complete or not there anyway.
            let kill = signal_hook::flag::register_conditional_default(signal, stop.clone());
            drop(kill.and_then(|_| signal_hook::flag::register(signal, stop.clone())));
        }
    }
    #[cfg(not(unix))]
    drop(signal_hook::flag::register(
        signal_hook::consts::SIGINT,
        stop.clone(),
    ));
    stop
}

/// Makes a file that becomes larger than the shell allows (`ulimit -f`) a failed write instead of the end of the program.
pub(crate) fn survive_limits() {
    #[cfg(unix)]
    drop(signal_hook::flag::register(
        signal_hook::consts::SIGXFSZ,
        Arc::new(AtomicBool::new(false)),
    ));
}

/// The signals that this process was started to ignore, as the system shows them: bit 0 is signal 1.
#[cfg(unix)]
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}
