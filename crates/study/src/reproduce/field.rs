//! What does each network of the table `field` cost, how good is it, and how far is it a differential equation?

use super::{Progress, Reproduction, Task};
use crate::answer;
use crate::convergence::converge;
use crate::resampled::{Place, Way};
use crate::sample::{Sample as Images, Wanted};
use crate::statistics::{Sample, welch};
use serde::{Serialize, Serializer};
use timestep_nets::Engine;
use timestep_train::event::{Event, SearchMetrics, What};
use timestep_train::{TrainError, Trained};

/// Test images on which distances are measured, at most.
const IMAGES: usize = 2000;

answer! {
    /// A network of the table `field`: means over the seeds that are done.
    pub struct FieldRow {
        /// The network, as the table calls it.
        pub network: &'static str,
        /// Recipe that trains it.
        pub recipe: &'static str,
        /// Settings on top of it.
        pub settings: Vec<&'static str>,
        /// How far it is: `done`, `refused`, `diverged`, `begun` or `waiting`.
        pub state: &'static str,
        /// Seeds that are done.
        pub seeds: usize,
        /// Learned numbers.
        pub parameters: Option<usize>,
        /// Evaluations of a block for a batch, on the way forward, in the last epoch of training.
        pub evaluations: Option<f64>,
        /// The same on the way back; null where steps are fixed and explicit, and blocks are not evaluated again.
        pub backward_evaluations: Option<f64>,
        /// Seconds of a run.
        pub seconds: Option<f64>,
        /// Top-1 on the test images after the last epoch, from 0 to 1.
        pub top1: Option<f64>,
        /// Its standard deviation over the seeds; null below two.
        pub deviation: Option<f64>,
        /// Its mean minus that of the first row; null in the first.
        pub difference: Option<f64>,
        /// 95 % interval of the difference (Welch); null below two seeds.
        pub interval: Option<(f64, f64)>,
        /// `better`, `worse`, or `inconclusive` where the interval holds 0 or is not known; null in the first row.
        pub verdict: Option<&'static str>,
        /// Change of the weights from step to step, as a part of their size; null where no segment has two steps.
        pub roughness: Option<f64>,
        /// Distance of the last state with twice the steps, as a part of its size; null if it cannot be resampled.
        pub distance: Option<f64>,
        /// Top-1 with twice the steps, on the images of the distance.
        pub top1_twice: Option<f64>,
        /// Distance of the last state with half the steps.
        pub distance_half: Option<f64>,
        /// Top-1 with half the steps.
        pub top1_half: Option<f64>,
        /// Test images of the distances.
        pub images: usize,
        /// What the runs were given to work with, in words.
        pub budget: String,
        /// What a reader should know about the row.
        pub note: &'static str,
    }
}

/// The table `field`; in JSON the list of its rows.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldTable {
    /// What it compares.
    pub title: &'static str,
    /// What the runs were given to work with, in words.
    pub budget: String,
    /// Its rows, in order.
    pub rows: Vec<FieldRow>,
}

impl Serialize for FieldTable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.rows.serialize(serializer)
    }
}

/// What one run says.
#[derive(Default)]
struct Run {
    top1: f64,
    parameters: usize,
    evaluations: f64,
    backward: Option<f64>,
    seconds: f64,
    roughness: Option<f64>,
    /// Distance and top-1 with half and with twice the steps.
    apart: Option<[(f64, f64); 2]>,
    images: usize,
}

impl FieldTable {
    /// The table as far as it is. Distances are measured on this machine now; `told` hears whose.
    ///
    /// # Errors
    /// [`TrainError`] for runs that cannot be read, and for images that are not there.
    pub fn of(
        reproduction: &Reproduction,
        engine: &dyn Engine,
        told: &mut dyn FnMut(&str),
    ) -> Result<Self, TrainError> {
        let budget = reproduction.budget.describe();
        let tasks = reproduction.tasks();
        let mut rows: Vec<FieldRow> = Vec::new();
        let mut first: Option<Sample> = None;
        for (index, published) in reproduction.table.rows.iter().enumerate() {
            let mut state = "waiting";
            let mut runs = Vec::new();
            for task in tasks.iter().filter(|task| task.row == index) {
                let progress = reproduction.progress(task);
                if let Progress::Done(test) = &progress {
                    told(&format!("{}, seed {}", published.label, task.seed));
                    let run = Run::read(reproduction, task, engine)?;
                    let top1 = test.top1;
                    runs.push(Run { top1, ..run });
                }
                if runs.is_empty() {
                    state = progress.word();
                }
            }
            if !runs.is_empty() {
                state = "done";
            }
            let top1: Vec<f64> = runs.iter().map(|run| run.top1).collect();
            let sample = (!top1.is_empty()).then(|| Sample::of(&top1));
            let compared = match (&first, &sample) {
                (Some(first), Some(sample)) if index > 0 => Some(welch(first, sample)),
                _ => None,
            };
            let verdict = compared.as_ref().map(|d| match d.inconclusive() {
                true => "inconclusive",
                false if d.difference > 0.0 => "better",
                false => "worse",
            });
            let mean = |of: &dyn Fn(&Run) -> Option<f64>| mean(runs.iter().map(of));
            rows.push(FieldRow {
                network: published.label,
                recipe: published.recipe.unwrap_or_default(),
                settings: published.sets.to_vec(),
                state,
                seeds: runs.len(),
                parameters: runs.first().map(|run| run.parameters),
                evaluations: mean(&|run| Some(run.evaluations)),
                backward_evaluations: mean(&|run| run.backward),
                seconds: mean(&|run| Some(run.seconds)),
                top1: sample.as_ref().map(|sample| sample.mean),
                deviation: sample.as_ref().and_then(|sample| sample.deviation),
                difference: compared.as_ref().map(|d| d.difference),
                interval: compared.as_ref().and_then(|d| d.interval),
                verdict,
                roughness: mean(&|run| run.roughness),
                distance: mean(&|run| Some(run.apart?[1].0)),
                top1_twice: mean(&|run| Some(run.apart?[1].1)),
                distance_half: mean(&|run| Some(run.apart?[0].0)),
                top1_half: mean(&|run| Some(run.apart?[0].1)),
                images: runs.iter().map(|run| run.images).max().unwrap_or(0),
                budget: budget.clone(),
                note: published.note,
            });
            if index == 0 {
                first = sample;
            }
        }
        Ok(Self {
            title: reproduction.table.title,
            budget,
            rows,
        })
    }
}

/// The mean of what all have; `None` if one has not.
fn mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let all: Option<Vec<f64>> = values.collect();
    let all = all.filter(|all| !all.is_empty())?;
    Some(all.iter().sum::<f64>() / all.len() as f64)
}

impl Run {
    /// Reads the log of a run, and measures its last weights with other steps.
    fn read(
        reproduction: &Reproduction,
        task: &Task,
        engine: &dyn Engine,
    ) -> Result<Self, TrainError> {
        let path = task.folder.join("weights/last.safetensors");
        let trained = Trained::load(&path)?;
        let network = &trained.network;
        let mut run = Self {
            evaluations: network.block_evaluations() as f64,
            ..Self::default()
        };
        let mut batches = 1;
        let mut effort: Option<SearchMetrics> = None;
        let log = timestep_train::files::read_text(&task.folder.join("events.jsonl"))?;
        // A line that was cut off by a kill is no event.
        for event in log
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
        {
            match event {
                Event::Start {
                    what:
                        What::Classifier {
                            parameters,
                            steps_per_epoch,
                            ..
                        },
                    ..
                } => (run.parameters, batches) = (parameters, steps_per_epoch),
                Event::Epoch { effort: found, .. } => effort = found,
                Event::End { seconds, .. } => run.seconds = seconds,
                _ => {}
            }
        }
        if let Some(effort) = effort {
            let steps = effort.steps as f64 / batches.max(1) as f64;
            let taken: usize = network.own_steps().iter().map(|(taken, _)| taken).sum();
            run.evaluations = taken as f64 + steps * effort.evaluations;
            run.backward = Some(taken as f64 + steps * effort.backward);
        }
        let dir = &reproduction.budget.data_dir;
        let dir = (!dir.is_empty()).then(|| std::path::Path::new(dir));
        let wanted = Wanted {
            data: None,
            dir: dir.map(Into::into),
            images: IMAGES,
            seed: 0,
        };
        let images = Images::draw(&trained, &wanted)?;
        run.images = images.count();
        let place = Place {
            data: None,
            dir,
            seed: 0,
        };
        let name = path.display().to_string();
        let what = (name.as_str(), &trained);
        let found = converge(
            what,
            &images,
            &[0.5, 2.0],
            Way::default(),
            engine,
            place,
            &mut |_| {},
        );
        match found {
            Ok(found) => {
                run.roughness = found.roughness;
                if let [half, twice] = &found.rows[..] {
                    run.apart = Some([half, twice].map(|row| (row.distance, row.top1)));
                }
            }
            // A network of unlike blocks, or one whose equation has no steps of another size: the table has no distance for it.
            Err(TrainError::Net(_)) => {}
            Err(other) => return Err(other),
        }
        Ok(run)
    }
}
