//! What happens in training, in lines for a person.

use timestep_train::event::{Event, What};

/// A restorer says how it gets on every so many evaluations.
const EVALUATIONS: usize = 5;

/// The words for the events of one run. It is told of each event, in their order.
#[derive(Clone, Debug, Default)]
pub struct Words {
    epochs: usize,
    /// Whether the test images are the training images.
    overfit: bool,
}

impl Words {
    /// The lines that an event is worth.
    pub fn of(&mut self, event: &Event) -> Vec<String> {
        match event {
            Event::Start {
                run,
                recipe,
                what,
                resumed,
                ..
            } => {
                if let What::Classifier {
                    epochs, overfit, ..
                } = what
                {
                    (self.epochs, self.overfit) = (*epochs, *overfit);
                }
                let mut lines = vec![format!("{recipe}: {} → {run}", opening(what))];
                lines.extend(resumed.iter().map(|at| format!("continuing after {at}")));
                lines
            }
            Event::Epoch { .. } => self.epoch(event).into_iter().collect(),
            Event::Phase {
                phase,
                of,
                first,
                last,
                parameters,
                pictures,
                iterations,
                batch,
            } => {
                let steps = match last - first {
                    0 => format!("step {first}"),
                    _ => format!("steps {first} to {last} together"),
                };
                let length = match batch {
                    None => format!("at most {iterations} iterations"),
                    Some(batch) => {
                        format!("{iterations} steps on {batch} of them with noise of their own")
                    }
                };
                vec![format!(
                    "phase {phase}/{of}  {steps}, {parameters} parameters, {pictures} pictures, {length}"
                )]
            }
            Event::Evaluation {
                evaluation,
                psnr,
                seconds,
                ..
            } if evaluation % EVALUATIONS == 0 => vec![format!(
                "  evaluation {evaluation}  {psnr:.3} dB  {seconds:.0} s"
            )],
            Event::PhaseEnd { restored, .. } => {
                let test = restored
                    .test
                    .map_or(String::new(), |t| format!("  test {:.3} dB", t.psnr));
                vec![format!(
                    "phase {}  train {:.3} dB{test}  after {} evaluations",
                    restored.phase, restored.psnr, restored.evaluation
                )]
            }
            Event::Warning { message, hint } => {
                let mut lines = vec![format!("warning: {message}")];
                lines.extend(hint.iter().map(|hint| format!("hint: {hint}")));
                lines
            }
            _ => Vec::new(),
        }
    }

    /// What stands beside a bar while an epoch is under way; `None` for other events than steps.
    #[must_use]
    pub fn under_way(&self, event: &Event) -> Option<String> {
        let Event::Step {
            epoch, loss, lr, ..
        } = event
        else {
            return None;
        };
        let (all, lr) = (self.epochs, rate(*lr));
        Some(format!("epoch {epoch:>3}/{all}  loss {loss:.3}  lr {lr}"))
    }

    /// The line of a whole epoch.
    fn epoch(&self, event: &Event) -> Option<String> {
        let Event::Epoch {
            epoch,
            train,
            test,
            lr,
            images_per_second,
            ema,
            memory_k,
            effort,
            best,
            ..
        } = event
        else {
            return None;
        };
        let k: Vec<f64> = memory_k.iter().flatten().flatten().copied().collect();
        let mean = match k.is_empty() {
            true => String::new(),
            false => format!("  mean k {:+.3}", k.iter().sum::<f64>() / k.len() as f64),
        };
        let average = ema.map_or_else(String::new, |ema| format!("  ema {:.4}", ema.top1));
        let took = effort.map_or_else(String::new, |e| {
            let map = e
                .contraction
                .map_or_else(String::new, |c| format!(", contraction {c:.2}"));
            format!("  f per step {:.1} + {:.1}{map}", e.evaluations, e.backward)
        });
        Some(format!(
            "epoch {epoch:>3}/{}  loss {:.4}  train {:.4}  {} {:.4}{}{average}  lr {}{mean}{took}  \
             {images_per_second:.0} images/s",
            self.epochs,
            train.loss,
            train.top1,
            if self.overfit {
                "the same again"
            } else {
                "test"
            },
            test.top1,
            if *best { "*" } else { " " },
            rate(*lr),
        ))
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
