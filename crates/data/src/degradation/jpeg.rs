//! Compression: the picture is stored as a JPEG file and read again.
//!
//! # What it does
//! Samples are rounded to 8 bits, encoded with the quality `quality` by the encoder that writes files (colours of every
//! pixel are kept, 4:4:4), and decoded. Nothing random happens.
//!
//! # Limits
//! Cameras and networks mostly halve the resolution of colours (4:2:0), which is not done here.
//!
//! # References
//! G. K. Wallace: The JPEG still picture compression standard, Communications of the ACM 34(4), 1991.

use super::{Degradation, DegradationFacts};
use std::io::Cursor;
use std::path::Path;
use timestep_picture::{Format, Picture, Plane, Samples, encode, read_bytes};
use timestep_registry::{Facts, Kind, Range, Setting};

pub(super) static FACTS: DegradationFacts = DegradationFacts {
    named: Facts {
        settings: &[Setting::number(
            "jpeg.quality",
            20.0,
            Range::Positive,
            "quality of the file, 1 to 100",
        )],
        references: &["wallace1991jpeg"],
        ..Facts::new(
            Kind::Degradation,
            "jpeg",
            "stored as a JPEG file of low quality",
            include_str!("jpeg.rs"),
        )
    },
    make: |values| {
        Box::new(Jpeg {
            quality: values.number("quality").round().clamp(1.0, 100.0) as u8,
        })
    },
};

/// Storage as a JPEG file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jpeg {
    /// 1 to 100.
    pub quality: u8,
}

impl Degradation for Jpeg {
    fn facts(&self) -> &'static DegradationFacts {
        &FACTS
    }

    fn apply(&self, planes: &[Plane], _: u64, _: u64) -> Vec<Plane> {
        stored(planes, self.quality)
    }

    fn describe(&self) -> String {
        format!("stored as JPEG of quality {}", self.quality)
    }
}

/// The planes rounded to 8 bits, written as a JPEG file and read again.
pub(super) fn stored(planes: &[Plane], quality: u8) -> Vec<Plane> {
    let (width, height) = (planes[0].width(), planes[0].height());
    let rounded = |v: f32| v.round().clamp(0.0, 255.0) as u8;
    let mut samples = Vec::with_capacity(width * height * planes.len());
    for at in 0..width * height {
        samples.extend(planes.iter().map(|plane| rounded(plane.pixels()[at])));
    }
    let picture = Picture::new(
        (width, height),
        planes.len(),
        false,
        Samples::U8(samples),
        Format::Jpeg,
    );
    let mut file = Cursor::new(Vec::new());
    let back = picture.and_then(|picture| {
        encode(&mut file, &picture, Format::Jpeg, quality).ok()?;
        read_bytes(Path::new("a picture in memory"), file.get_ref()).ok()
    });
    // Only pictures of more than 65535 rows or columns are no JPEG file: they are rounded alone.
    back.map_or_else(
        || {
            let each = planes.iter().map(|plane| {
                let pixels = plane.pixels().iter().map(|v| f32::from(rounded(*v)));
                plane.with_pixels(pixels.collect::<Vec<f32>>())
            });
            each.collect()
        },
        |picture| picture.planes(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use timestep_picture::metrics::psnr;

    #[test]
    fn lower_quality_is_farther_from_the_picture() {
        let pixels = (0..64 * 64).map(|i| {
            let (x, y) = ((i % 64) as f32, (i / 64) as f32);
            128.0 + 60.0 * (x / 5.0).sin() + 40.0 * (y / 3.0 + x / 9.0).cos()
        });
        let clean = [Plane::new(64, 64, pixels.collect()).expect("fits")];
        let at = |quality| psnr(&Jpeg { quality }.apply(&clean, 0, 0), &clean);
        assert!(
            at(10) < at(40) && at(40) < at(95),
            "{} {} {}",
            at(10),
            at(40),
            at(95)
        );
        assert!(at(10) > 20.0 && at(95) > 40.0, "{} {}", at(10), at(95));
    }
}
