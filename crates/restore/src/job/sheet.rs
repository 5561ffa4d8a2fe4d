//! What would become of a picture? A sheet of it and of three strengths, whole and in detail, to choose from.

use super::{DenoiseJob, JobError, Outcome};
use timestep_kernels::Buffer;
use timestep_picture::{Format, Picture, Plane, Samples};

/// The strengths that are shown beside the picture, as factors of the one that is asked for.
pub const STRENGTHS: [f64; 3] = [0.5, 1.0, 1.5];

/// Columns of a picture on the sheet, at most.
const WIDE: usize = 480;
/// Rows of its middle, which is shown pixel by pixel, at most.
const HIGH: usize = 360;
/// White pixels around pictures.
const GAP: usize = 8;

/// Makes the sheet: in the first column the picture, with its noise if noise is added, then the [`STRENGTHS`]. Above the whole,
/// made smaller if it is wide; below its middle as it is. 8 bits, the picture's colours and profile, turned as its EXIF data say.
///
/// Beside it the outcome of the strength that is asked for.
///
/// # Errors
/// As [`DenoiseJob::run`].
pub fn sheet(
    job: &DenoiseJob<'_>,
    picture: &Picture,
    done: &mut dyn FnMut(f64) -> bool,
) -> Result<(Picture, Outcome), JobError> {
    let (mut columns, mut asked) = (Vec::new(), None);
    let count = STRENGTHS.len() + 1;
    let way = picture.meta.orientation();
    for (n, factor) in [0.0].into_iter().chain(STRENGTHS).enumerate() {
        let job = DenoiseJob {
            method: job.method,
            sigma: job.sigma,
            strength: (job.strength * factor).min(100.0),
            luma: job.luma,
            chroma: job.chroma,
            // The picture is there twice.
            memory: job.memory.map(|m| m.saturating_sub(picture.bytes())),
            add_noise: job.add_noise.clone(),
        };
        let mut part = |share: f64| done((n as f64 + share) / count as f64);
        let outcome = job.run(picture.clone(), 0, None, None, &mut part)?;
        let planes = outcome.picture.planes();
        let seen: Vec<Plane> = planes.iter().map(|p| p.turned(way)).collect();
        columns.push(Column::new(&seen));
        if n == 2 {
            asked = Some(outcome);
        }
    }
    let sheet = put_together(&columns, picture);
    // Of the four strengths one is that.
    Ok((
        sheet,
        asked.unwrap_or_else(|| unreachable!("the third of four")),
    ))
}

/// A picture on the sheet.
struct Column {
    /// All of it.
    whole: Vec<Plane>,
    /// Its middle, if the whole was made smaller.
    middle: Option<Vec<Plane>>,
}

impl Column {
    fn new(planes: &[Plane]) -> Self {
        let (width, height) = (planes[0].width(), planes[0].height());
        if width <= WIDE {
            return Self {
                whole: planes.to_vec(),
                middle: None,
            };
        }
        let high = HIGH.min(height);
        let middle = |p: &Plane| p.crop((width - WIDE) / 2, (height - high) / 2, WIDE, high);
        Self {
            whole: planes.iter().map(|p| reduced(p, WIDE)).collect(),
            middle: Some(planes.iter().map(middle).collect()),
        }
    }

    /// What is shown, from top to bottom.
    fn pieces(&self) -> impl Iterator<Item = &Vec<Plane>> {
        [&self.whole].into_iter().chain(&self.middle)
    }
}

/// The plane with so many columns, fewer than it has: means of the pixels, and of shares of them, that lie under each.
fn reduced(plane: &Plane, width: usize) -> Plane {
    let height = (plane.height() * width).div_ceil(plane.width());
    // Which pixels lie under one, with their shares.
    let under = |from: usize, to: usize| -> Vec<Vec<(usize, f32)>> {
        let step = from as f64 / to as f64;
        let one = |n: usize| {
            let (start, end) = (n as f64 * step, ((n + 1) as f64 * step).min(from as f64));
            let share = |i: usize| (end.min(i as f64 + 1.0) - start.max(i as f64)) / (end - start);
            let pixels = start as usize..(end.ceil() as usize).min(from);
            pixels.map(|i| (i, share(i) as f32)).collect()
        };
        (0..to).map(one).collect()
    };
    let (columns, rows) = (under(plane.width(), width), under(plane.height(), height));
    let mut pixels = Buffer::zeros(width * height);
    for (out, rows) in pixels.chunks_exact_mut(width).zip(&rows) {
        for (y, by) in rows {
            let row = plane.row(*y);
            for (out, columns) in out.iter_mut().zip(&columns) {
                let sum: f32 = columns.iter().map(|(x, share)| share * row[*x]).sum();
                *out += by * sum;
            }
        }
    }
    Plane::new(width, height, pixels.into()).unwrap_or_else(|e| unreachable!("{e}"))
}

/// Columns beside each other on white.
fn put_together(columns: &[Column], picture: &Picture) -> Picture {
    let wide = columns[0].whole[0].width() + GAP;
    let high: usize = columns[0].pieces().map(|p| p[0].height() + GAP).sum();
    let size = (columns.len() * wide + GAP, high + GAP);
    let colours = picture.colours();
    let white = Samples::U8(vec![255; size.0 * size.1 * colours]);
    let mut sheet = Picture::new(size, colours, false, white, Format::Png)
        .unwrap_or_else(|| unreachable!("as many samples as pixels"));
    for (n, column) in columns.iter().enumerate() {
        let mut top = GAP;
        for piece in column.pieces() {
            sheet.put(GAP + n * wide, top, piece);
            top += piece[0].height() + GAP;
        }
    }
    sheet.meta.icc = picture.meta.icc.clone();
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Bm3d;
    use crate::job::Sigma;

    fn picture(width: usize, height: usize) -> Picture {
        let sample = |i: usize| (i * i % 251) as u8;
        let samples = Samples::U8((0..width * height).map(sample).collect());
        Picture::new((width, height), 1, false, samples, Format::Png).expect("fits")
    }

    fn sheet_of(picture: &Picture) -> (Picture, Outcome, Vec<f64>) {
        let job = DenoiseJob {
            method: &Bm3d::default(),
            sigma: Sigma::Given(20.0),
            strength: 1.0,
            luma: 1.0,
            chroma: 1.0,
            memory: None,
            add_noise: None,
        };
        let mut shares = Vec::new();
        let done = &mut |share| {
            shares.push(share);
            true
        };
        let (sheet, outcome) = sheet(&job, picture, done).expect("a sheet");
        (sheet, outcome, shares)
    }

    #[test]
    fn a_small_picture_and_its_strengths_stand_beside_each_other() {
        let small = picture(40, 30);
        let (sheet, outcome, shares) = sheet_of(&small);
        assert_eq!((sheet.width(), sheet.height()), (4 * 48 + 8, 46));
        let part = |n: usize| sheet.planes_of(8 + n * 48, 8, 40, 30);
        assert_eq!(part(0), small.planes());
        assert_eq!(part(2), outcome.picture.planes());
        assert!(part(1) != part(0) && part(1) != part(2) && part(3) != part(2));
        assert_eq!(sheet.planes_of(0, 0, 200, 8)[0].pixels(), [255.0; 1600]);
        assert!(shares.is_sorted() && shares.last() == Some(&1.0));
    }

    #[test]
    fn a_picture_that_lies_on_its_side_is_turned() {
        let mut lying = picture(40, 30);
        let mut exif = b"II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
        exif.extend(b"\x06\0\0\0\0\0\0\0");
        lying.meta.exif = Some(exif);
        let (sheet, _, _) = sheet_of(&lying);
        assert_eq!((sheet.width(), sheet.height()), (4 * 38 + 8, 56));
        let upright: Vec<Plane> = lying.planes().iter().map(|p| p.turned(6)).collect();
        assert_eq!(sheet.planes_of(8, 8, 30, 40), upright);
        assert!(sheet.meta.exif.is_none());
    }

    #[test]
    fn a_wide_picture_is_made_smaller_and_its_middle_shown_as_it_is() {
        let wide = picture(600, 50);
        let (sheet, _, _) = sheet_of(&wide);
        assert_eq!(
            (sheet.width(), sheet.height()),
            (4 * 488 + 8, 8 + 40 + 8 + 50 + 8)
        );
        assert_eq!(
            sheet.planes_of(8, 56, 480, 50),
            wide.planes_of(60, 0, 480, 50)
        );
        // A mean keeps the mean.
        let mean = |p: &Plane| p.pixels().iter().sum::<f32>() / p.pixels().len() as f32;
        let (all, part) = (&wide.planes()[0], &reduced(&wide.planes()[0], 480));
        assert_eq!((part.width(), part.height()), (480, 40));
        assert!((mean(all) - mean(part)).abs() < 0.1);
        assert_eq!(
            reduced(&Plane::filled(600, 50, 77.0).expect("fits"), 480).row(3)[5].round(),
            77.0
        );
    }
}
