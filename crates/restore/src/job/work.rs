//! What is read and overwritten while a picture is restored? Its rows, measured before, compared on the way.

use timestep_picture::metrics::Comparison;
use timestep_picture::noise::{self, Noise};
use timestep_picture::tiles::Canvas;
use timestep_picture::{Picture, Plane, colour, sigma};

/// The noise level of each colour channel, and the noise in opponent colours.
pub(super) fn measured(picture: &Picture, noisy: Option<&[Plane]>) -> (Vec<f64>, Noise) {
    let parts = sigma::parts(picture.width(), picture.height()).into_iter();
    let mut parts: Vec<Vec<Plane>> = parts
        .map(|[left, top, width, height]| match noisy {
            None => picture.planes_of(left, top, width, height),
            Some(planes) => planes
                .iter()
                .map(|p| p.crop(left, top, width, height))
                .collect(),
        })
        .collect();
    let alone = noise::by_blocks(&parts);
    for part in &mut parts {
        if let [r, g, b] = &part[..] {
            let mut rgb = [r.clone(), g.clone(), b.clone()];
            colour::to_opponent(&mut rgb);
            *part = rgb.into();
        }
    }
    let (noise, blocks) = noise::measure_beside_blocks(&parts);
    // One decision for all: where texture was taken for noise in brightness, it was in every channel.
    let by = match blocks.first() {
        Some(first) if *first > 0.0 && noise.white => noise.level(0, 0) / first,
        _ => 1.0,
    };
    (alone.into_iter().map(|level| by * level).collect(), noise)
}

/// A picture that is overwritten by its restored rows, compared on the way.
pub(super) struct Work<'a> {
    pub(super) picture: Picture,
    pub(super) noisy: Option<Vec<Plane>>,
    pub(super) reference: Option<&'a Picture>,
    pub(super) before: Option<Comparison>,
    pub(super) after: Option<Comparison>,
}

impl Work<'_> {
    /// Clean rows: of the reference, or of the picture before noise was added. Those of the picture are still
    /// there when they are asked for, because a row is compared before it is overwritten.
    fn clean(&self, top: usize, height: usize) -> Vec<Plane> {
        let clean = self.reference.unwrap_or(&self.picture);
        clean.planes_of(0, top, clean.width(), height)
    }
}

impl Canvas for Work<'_> {
    fn take(&mut self, top: usize, height: usize) -> Vec<Plane> {
        let width = self.picture.width();
        let planes: Vec<Plane> = match &self.noisy {
            Some(noisy) => noisy
                .iter()
                .map(|p| p.crop(0, top, width, height))
                .collect(),
            None => self.picture.planes_of(0, top, width, height),
        };
        if let Some(mut before) = self.before.take() {
            before.push(&planes, &self.clean(top, height));
            self.before = Some(before);
        }
        planes
    }

    fn give(&mut self, top: usize, planes: Vec<Plane>) {
        if let Some(mut after) = self.after.take() {
            after.push(&planes, &self.clean(top, planes[0].height()));
            self.after = Some(after);
        }
        self.picture.put(0, top, &planes);
    }
}
