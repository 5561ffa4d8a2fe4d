//! What does a person see while a network trains? A bar in a terminal, a line per epoch otherwise.

use crate::ui::Ui;
use indicatif::{ProgressBar, ProgressStyle};
use std::time::{Duration, Instant};
use timestep_train::event::{Event, Position, Sink, SinkError, What};

/// A restorer says how it gets on every so many evaluations.
const EVALUATIONS: usize = 5;

/// Shows events on standard error, or as JSON lines on standard output.
pub(crate) struct Display {
    ui: Ui,
    bar: Option<ProgressBar>,
    epochs: usize,
    per_epoch: usize,
    loss: f64,
    /// Whether the test images are the training images.
    overfit: bool,
}

impl Display {
    /// A display that speaks as `ui` says.
    pub(crate) fn new(ui: Ui) -> Self {
        Self {
            ui,
            bar: None,
            epochs: 0,
            per_epoch: 0,
            loss: f64::NAN,
            overfit: false,
        }
    }

    /// Says a line above the bar.
    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.ui.note(text)),
            None => self.ui.note(text),
        }
    }

    fn start(&mut self, steps_done: usize) {
        if !self.ui.live() {
            return;
        }
        let bar = ProgressBar::new((self.epochs * self.per_epoch) as u64);
        // The template is a constant that the tests render.
        if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {percent:>3} %  ETA {eta}")
        {
            bar.set_style(style);
        }
        bar.set_position(steps_done as u64);
        bar.reset_eta();
        self.bar = Some(bar);
    }

    fn show(&mut self, event: &Event) {
        match event {
            Event::Start {
                run,
                recipe,
                what,
                resumed,
                ..
            } => {
                self.line(&format!("{recipe}: {} → {run}", opening(what)));
                if let Some(at) = resumed {
                    self.line(&format!("continuing after {at}"));
                }
                if let What::Classifier {
                    epochs,
                    steps_per_epoch,
                    overfit,
                    ..
                } = what
                {
                    self.overfit = *overfit;
                    (self.epochs, self.per_epoch) = (*epochs, *steps_per_epoch);
                    self.start(resumed.map_or(0, Position::count));
                }
            }
            Event::Step {
                epoch,
                step,
                loss,
                lr,
            } => {
                self.loss = *loss;
                if let Some(bar) = &self.bar {
                    bar.set_position(*step as u64);
                    bar.set_message(format!(
                        "epoch {epoch:>3}/{}  loss {loss:.3}  lr {}",
                        self.epochs,
                        rate(*lr)
                    ));
                }
            }
            Event::Epoch {
                epoch,
                step,
                train,
                test,
                lr,
                images_per_second,
                ema,
                memory_k,
                best,
                ..
            } => {
                let k: Vec<f64> = memory_k.iter().flatten().flatten().copied().collect();
                let mean = if k.is_empty() {
                    String::new()
                } else {
                    format!("  mean k {:+.3}", k.iter().sum::<f64>() / k.len() as f64)
                };
                let average = ema.map_or_else(String::new, |ema| format!("  ema {:.4}", ema.top1));
                let lr = rate(*lr);
                self.line(&format!(
                    "epoch {epoch:>3}/{}  loss {:.4}  train {:.4}  {} {:.4}{}{average}  lr {lr}{mean}  \
                     {images_per_second:.0} images/s",
                    self.epochs,
                    train.loss,
                    train.top1,
                    if self.overfit { "the same again" } else { "test" },
                    test.top1,
                    if *best { "*" } else { " " },
                ));
                if let Some(bar) = &self.bar {
                    bar.set_position(*step as u64);
                }
            }
            Event::Phase {
                phase,
                of,
                first,
                last,
                parameters,
                pictures,
                iterations,
            } => {
                let steps = match last - first {
                    0 => format!("step {first}"),
                    _ => format!("steps {first} to {last} together"),
                };
                self.line(&format!(
                    "phase {phase}/{of}  {steps}, {parameters} parameters, {pictures} pictures, at most \
                     {iterations} iterations"
                ));
            }
            Event::Evaluation {
                evaluation,
                psnr,
                seconds,
                ..
            } if evaluation % EVALUATIONS == 0 => {
                self.line(&format!(
                    "  evaluation {evaluation}  {psnr:.3} dB  {seconds:.0} s"
                ));
            }
            Event::PhaseEnd { restored, .. } => {
                let test = restored
                    .test
                    .map_or(String::new(), |t| format!("  test {:.3} dB", t.psnr));
                self.line(&format!(
                    "phase {}  train {:.3} dB{test}  after {} evaluations",
                    restored.phase, restored.psnr, restored.evaluation
                ));
            }
            Event::Warning { message, hint } => {
                self.line(&format!("warning: {message}"));
                if let Some(hint) = hint {
                    self.line(&format!("hint: {hint}"));
                }
            }
            Event::Diverged { .. } | Event::Interrupted { .. } | Event::End { .. } => {
                if let Some(bar) = self.bar.take() {
                    bar.finish_and_clear();
                }
            }
            _ => {}
        }
    }
}

/// A learning rate; small ones in powers of ten, because those of `lion` would be 0.0001 or nothing.
fn rate(lr: f64) -> String {
    if lr == 0.0 || lr >= 0.001 {
        format!("{lr:.4}")
    } else {
        format!("{lr:.1e}")
    }
}

/// What a run begins with.
fn opening(what: &What) -> String {
    match what {
        What::Classifier {
            network,
            data,
            parameters,
            train_images,
            test_images,
            overfit,
            ..
        } if *overfit => format!(
            "{network}, {parameters} parameters, on {data} ({train_images} images to learn by heart; the {test_images} test images are \
             the same)"
        ),
        What::Classifier {
            network,
            data,
            parameters,
            train_images,
            test_images,
            ..
        } => format!(
            "{network}, {parameters} parameters, on {data} ({train_images} train, {test_images} test images)"
        ),
        What::Restorer(start) => format!(
            "{}, {} parameters, for noise {} ({} train, {} test pictures)",
            start.model, start.parameters, start.sigma, start.train_pictures, start.test_pictures
        ),
    }
}

/// Work that lasts shows how far it is after so long.
const PATIENCE: Duration = Duration::from_secs(2);

/// How far work of equal pieces is, and how long it will take at the pace so far: a bar on a terminal, once two seconds
/// have passed.
pub(crate) struct Waiting {
    ui: Ui,
    what: &'static str,
    total: usize,
    began: Instant,
    bar: Option<ProgressBar>,
}

impl Waiting {
    /// Work on `total` pieces, which are called `what`.
    pub(crate) fn new(ui: Ui, what: &'static str, total: usize) -> Self {
        Self {
            ui,
            what,
            total,
            began: Instant::now(),
            bar: None,
        }
    }

    /// So many pieces of `total` are done, where there are more or fewer than was thought.
    pub(crate) fn of(&mut self, done: usize, total: usize) {
        self.total = total;
        self.at(done);
    }

    /// So many pieces are done.
    pub(crate) fn at(&mut self, done: usize) {
        let elapsed = self.began.elapsed();
        if !self.ui.live() || elapsed < PATIENCE || done == 0 {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::new(self.total as u64);
            // The template is a constant; with a wrong one the bar would keep its plain style.
            if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent:>3} %  {msg}") {
                bar.set_style(style);
            }
            bar
        });
        bar.set_length(self.total as u64);
        bar.set_position(done as u64);
        let left = elapsed.mul_f64(self.total.saturating_sub(done) as f64 / done as f64);
        let total = self.total;
        bar.set_message(format!("{done}/{total} {}  ETA {}", self.what, eta(left)));
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A time to come: `8 s`, `3 min 20 s`, `2 h 05 min`.
pub(crate) fn eta(left: Duration) -> String {
    let seconds = left.as_secs_f64().ceil() as u64;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s:02} s"),
        (h, m, _) => format!("{h} h {m:02} min"),
    }
}

impl Sink for Display {
    fn on(&mut self, event: &Event) -> Result<(), SinkError> {
        if self.ui.json {
            self.ui.data(&event.to_json());
        }
        self.show(event);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_to_come() {
        let of = |seconds| eta(Duration::from_secs_f64(seconds));
        assert_eq!((of(7.2), of(200.0)), ("8 s".into(), "3 min 20 s".into()));
        assert_eq!(of(7500.0), "2 h 05 min");
    }
}
