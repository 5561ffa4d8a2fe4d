//! `timestep watch`: how far is a run, and how does it go?

use crate::args::Watch;
use crate::failure::Failure;
use crate::screen;
use crate::signals::stop_flag;
use crate::ui::Ui;
use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use timestep_report::text;
use timestep_study::watch::{Follower, Watched};
use timestep_train::plain::visible;

/// The other screen, without a cursor; and back.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
/// See [`ENTER`].
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";

/// Looks until the run is over, or once.
pub(crate) fn run(args: &Watch, ui: Ui) -> Result<u8, Failure> {
    let mut follower = Follower::new(&args.run)?;
    follower.look()?;
    if args.once {
        follower.impatient();
        ui.answer(follower.look()?);
        return Ok(0);
    }
    let stop = stop_flag();
    let live = std::io::stdout().is_terminal() && !ui.json && !follower.is_over();
    let screen = live.then(Screen::enter);
    let interval = Duration::from_secs_f64(args.interval);
    while !follower.is_over() && !stop.load(Ordering::Relaxed) {
        if let Some(screen) = &screen {
            screen.show(follower.look()?);
        }
        wait(interval, &stop);
        follower.look()?;
    }
    drop(screen);
    ui.answer(follower.look()?);
    Ok(0)
}

/// Waits, in pieces that a signal ends.
fn wait(interval: Duration, stop: &AtomicBool) {
    let end = Instant::now() + interval;
    while !stop.load(Ordering::Relaxed) {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        std::thread::sleep(left.min(Duration::from_millis(50)));
    }
}

/// The other screen of a terminal; the usual one comes back when it is dropped.
struct Screen;

impl Screen {
    fn enter() -> Self {
        write(ENTER);
        Self
    }

    /// Draws over what was there.
    fn show(&self, run: &Watched) {
        let text = text::text(run, screen::width());
        let text = visible(&text);
        let text = text.replace('\n', "\x1b[K\r\n");
        write(&format!(
            "\x1b[H{text}\x1b[K\r\n(Ctrl-C ends watching; the run goes on)\x1b[K\x1b[J"
        ));
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        write(LEAVE);
    }
}

/// Writes to the terminal; one that is gone cannot be told so.
fn write(text: &str) {
    let mut out = std::io::stdout().lock();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}
