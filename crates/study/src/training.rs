//! What a training reached.

use crate::answer;
use crate::learned::LearnedSegment;
use crate::statistics::Sample;
use timestep_train::event::Measured;

answer! {
    /// What a trained network is as a differential equation.
    pub struct LearnedEquation {
        /// `equation`.
        pub event: &'static str,
        /// Name of the network.
        pub network: String,
        /// Name of its scheme.
        pub scheme: &'static str,
        /// Its segments.
        pub segments: Vec<LearnedSegment>,
    }
}

answer! {
    /// Where a run is shown while it goes on.
    pub struct LivePage {
        /// `live`.
        pub event: &'static str,
        /// Address of the page; who knows it can read the log of the run.
        pub address: String,
    }
}

answer! {
    /// A restorer that was trained.
    pub struct TrainedRestorer {
        /// `trained`.
        pub event: &'static str,
        /// Name of the model.
        pub model: String,
        /// Its method.
        pub method: &'static str,
        /// Standard deviation of the noise, in grey levels.
        pub sigma: f64,
        /// PSNR on the training pictures in dB.
        pub psnr: f64,
        /// PSNR on the test pictures in dB; null without any.
        pub test_psnr: Option<f64>,
        /// Its weights.
        pub weights: String,
    }
}

answer! {
    /// Mean and spread over seeds.
    pub struct OverSeeds {
        /// `seeds`.
        pub event: &'static str,
        /// Of classifiers: accuracy of each run on the test images, from 0 to 1.
        pub top1 unless "Option::is_none": Option<Vec<f64>>,
        /// Of restorers: PSNR of each run in dB.
        pub psnr unless "Option::is_none": Option<Vec<f64>>,
        /// Their mean.
        pub mean: f64,
        /// Their standard deviation.
        pub deviation: f64,
    }
}

impl OverSeeds {
    /// The spread of what runs that differ in their seeds measured last: the accuracy of classifiers, or the PSNR of restorers.
    #[must_use]
    pub fn of<'a>(runs: impl IntoIterator<Item = &'a Measured>) -> Self {
        let (mut top1, mut psnr) = (Vec::new(), Vec::new());
        for measured in runs {
            match measured {
                Measured::Classifier { test, .. } => top1.push(test.top1),
                Measured::Restorer { last, .. } => psnr.push(last.counted()),
            }
        }
        let spread = Sample::of(if top1.is_empty() { &psnr } else { &top1 });
        Self {
            event: "seeds",
            mean: spread.mean,
            deviation: spread.deviation.unwrap_or(f64::NAN),
            top1: (!top1.is_empty()).then_some(top1),
            psnr: (!psnr.is_empty()).then_some(psnr),
        }
    }
}
