//! What is said about pictures that are restored? A bar, a line (or object) for each picture, and a summary.

use crate::failure::{Failure, NEGATIVE, USAGE};
use crate::progress::eta;
use crate::ui::Ui;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use timestep_picture::{file_cause, file_hint};
use timestep_report::text::pictures::{levels, measured};
use timestep_restore::batch::{Item, Plan};
use timestep_restore::job::{Outcome, Quality};
use timestep_study::coded::of_file;
use timestep_study::codes::Code;
use timestep_study::conditions::{self, Condition};
use timestep_study::pictures::{AllPictures, FailedPicture, RestoredPicture, SkippedPicture};
use timestep_train::plain::line;

/// The bar; a picture is a thousand of its steps.
const BAR: &str = "{msg} {bar:30} {percent:>3} %  {prefix}";
const STEPS: u64 = 1000;

/// Speaks while pictures are restored, and sums up.
pub(crate) struct Report<'a> {
    ui: Ui,
    method: &'a str,
    bar: Option<ProgressBar>,
    pictures: usize,
    /// Pictures that were begun before those under way.
    before: u64,
    /// Shares of those under way that are done, in steps.
    under_way: Vec<AtomicU64>,
    began: Instant,
    done: usize,
    skipped: usize,
    ignored: usize,
    qualities: Vec<Quality>,
    failed: Vec<Failure>,
}

impl<'a> Report<'a> {
    /// A report on so many pictures.
    pub(crate) fn new(ui: Ui, method: &'a str, pictures: usize) -> Self {
        let bar = (ui.live() && pictures > 0).then(|| {
            let bar = ProgressBar::new(STEPS * pictures as u64);
            // The template is a constant; with a wrong one the bar would keep its plain style.
            if let Ok(style) = ProgressStyle::with_template(BAR) {
                bar.set_style(style);
            }
            // There is no pace yet: pictures are read and their noise is measured first.
            bar.set_prefix("measuring");
            bar
        });
        Self {
            ui,
            method,
            bar,
            pictures,
            before: 0,
            under_way: Vec::new(),
            began: Instant::now(),
            done: 0,
            skipped: 0,
            ignored: 0,
            qualities: Vec::new(),
            failed: Vec::new(),
        }
    }

    /// What the plan leaves out.
    pub(crate) fn planned(&mut self, plan: &Plan) {
        (self.skipped, self.ignored) = (plan.skipped.len(), plan.ignored);
        for item in &plan.skipped {
            self.ui.event(&SkippedPicture {
                event: "skipped",
                input: item.input.display().to_string(),
                output: item.output.display().to_string(),
            });
        }
        match plan.skipped.as_slice() {
            [] => {}
            [one] => self.note(&format!(
                "`{}` exists and is skipped; --force replaces it",
                one.output.display()
            )),
            all => self.note(&format!(
                "{} outputs exist and are skipped; --force replaces them",
                all.len()
            )),
        }
        if plan.ignored > 0 {
            let count = plan.ignored;
            self.note(&format!("{count} files in the folders are no pictures"));
        }
        for (path, error) in &plan.failed {
            let failure = Failure {
                code: USAGE,
                error: of_file(error, true),
                message: format!("cannot read `{}`: {}", path.display(), file_cause(error)),
                hint: file_hint(path, error),
            };
            self.failed(path, failure);
        }
    }

    /// So many pictures are begun at the same time, this one first.
    pub(crate) fn begin(&mut self, input: &Path, count: usize) {
        self.before += self.under_way.len() as u64;
        self.under_way = (0..count).map(|_| AtomicU64::new(0)).collect();
        if let Some(bar) = &self.bar {
            bar.set_position(STEPS * self.before);
            let name = input.file_name().unwrap_or(input.as_os_str());
            let name = line(&name.to_string_lossy());
            bar.set_message(match count {
                1 => name,
                _ => format!("{name} and {} more", count - 1),
            });
        }
    }

    /// A share of a picture under way is done, counted from 0.
    pub(crate) fn progress(&self, number: usize, share: f64) {
        let Some(bar) = &self.bar else {
            return;
        };
        let steps = (share * STEPS as f64) as u64;
        self.under_way[number].store(steps, Ordering::Relaxed);
        let now = self.under_way.iter().map(|s| s.load(Ordering::Relaxed));
        let all = STEPS * self.before + now.sum::<u64>();
        bar.set_position(all);
        let done = all as f64 / STEPS as f64;
        if let Some(left) = left(self.began.elapsed(), done, self.pictures) {
            bar.set_prefix(format!("ETA {}", eta(left)));
        }
    }

    /// A picture is restored and written.
    pub(crate) fn restored(&mut self, item: &Item, outcome: &Outcome) {
        self.done += 1;
        let (input, output) = (item.input.display(), item.output.display());
        let quality = outcome.quality.as_ref();
        let picture = &outcome.picture;
        if self.ui.json {
            let (input, output) = (input.to_string(), output.to_string());
            let found = RestoredPicture::new(input, output, self.method, outcome);
            self.ui.event(&found);
        } else {
            let line = format!(
                "{input} → {output}: {}, {}{}, {:.2} s",
                picture.describe(),
                levels(outcome),
                quality.map_or(String::new(), |q| format!(", {}", measured(q))),
                outcome.seconds,
            );
            self.line(&line);
        }
        self.qualities.extend(outcome.quality.clone());
    }

    /// A picture failed.
    pub(crate) fn failed(&mut self, input: &Path, failure: Failure) {
        self.ui.event(&FailedPicture {
            event: "failed",
            input: input.display().to_string(),
            error: failure.error.key(),
            message: failure.message.clone(),
            hint: failure.hint.clone(),
        });
        self.failed.push(failure);
    }

    /// Takes the bar away.
    pub(crate) fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    /// Sums up; fails if a picture did, or a condition does not hold for the means.
    pub(crate) fn conclude(mut self, conditions: &[Condition]) -> Result<u8, Failure> {
        self.clear();
        let mean = |of: fn(&Quality) -> Option<f64>| {
            let values: Vec<f64> = self.qualities.iter().filter_map(of).collect();
            (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
        };
        let (psnr, ssim) = (mean(|q| Some(q.psnr)), mean(|q| q.ssim));
        let (noisy_psnr, noisy_ssim) = (mean(|q| Some(q.noisy_psnr)), mean(|q| q.noisy_ssim));
        let protocol = self.qualities.first().map(|q| q.protocol.as_str());
        let seconds = self.began.elapsed().as_secs_f64();
        self.ui.event(&AllPictures {
            event: "summary",
            method: self.method.to_owned(),
            restored: self.done,
            skipped: self.skipped,
            failed: self.failed.len(),
            ignored: self.ignored,
            seconds,
            psnr,
            ssim,
            noisy_psnr,
            noisy_ssim,
            protocol: protocol.map(str::to_owned),
        });
        if !self.ui.json {
            if let (Some(psnr), [_, _, ..]) = (psnr, self.qualities.as_slice()) {
                let similar = ssim.map_or(String::new(), |s| format!(", SSIM {s:.4}"));
                let count = self.qualities.len();
                self.ui.data(&format!(
                    "mean of {count} pictures: PSNR {psnr:.2} dB{similar}, {seconds:.2} s"
                ));
            }
            if let Some(protocol) = protocol {
                self.ui.data(protocol);
            }
        }
        if !self.failed.is_empty() {
            return Err(self.failure(NEGATIVE));
        }
        let missing = f64::NAN;
        conditions::check_values(
            conditions,
            &[
                ("psnr", psnr.unwrap_or(missing)),
                ("ssim", ssim.unwrap_or(missing)),
            ],
        )?;
        Ok(0)
    }

    /// The failure that names all pictures that failed.
    pub(crate) fn failure(&mut self, code: u8) -> Failure {
        self.clear();
        let all = self.done + self.failed.len();
        let (error, message) = match self.failed.as_slice() {
            [only] if all == 1 => (only.error, only.message.clone()),
            failed => {
                let lines = failed.iter().map(|f| format!("\n  {}", f.message));
                let lines = lines.collect::<String>();
                let message = format!("{} of {all} pictures failed:{lines}", failed.len());
                (Code::SomePictures, message)
            }
        };
        Failure {
            code,
            error,
            message,
            hint: self.failed.first().and_then(|first| first.hint.clone()),
        }
    }

    fn note(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.ui.note(text)),
            None => self.ui.note(text),
        }
    }

    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.ui.data(text)),
            None => self.ui.data(text),
        }
    }
}

/// How long the rest of so many pictures lasts when some, and a share of one, took so long; none before there is a pace.
fn left(elapsed: Duration, done: f64, pictures: usize) -> Option<Duration> {
    (done > 0.0).then(|| elapsed.mul_f64((pictures as f64 / done - 1.0).max(0.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_to_come_is_that_of_the_pace_so_far() {
        let ten = Duration::from_secs(10);
        assert_eq!(left(ten, 0.0, 3), None);
        assert_eq!(left(ten, 0.25, 1), Some(Duration::from_secs(30)));
        assert_eq!(left(ten, 3.0, 3), Some(Duration::ZERO));
    }
}
