//! How much did compression take? Its errors are noise of a level that the file itself says.
//!
//! Coefficients of a JPEG file are rounded to multiples of a step, so the error of a pixel grows with the square root of the steps
//! (half of the coefficients are 0 and lose less than a uniform error). [`level`] is what removes most of it on photographs.

use timestep_picture::Picture;
use timestep_picture::noise::Noise;

/// Mean step at low frequencies of quality 50 in the tables that most programs use.
const MIDDLE: f64 = 15.0;
/// Level of the noise there.
const LEVEL: f64 = 4.5;
/// Steps below the first are as good as none: what is left of them is not seen, and fine texture is. From the second on they count.
const FROM: (f64, f64) = (11.0, 15.0);

/// The level of the noise that compression left in a picture, in grey levels; none where it left hardly any.
pub(super) fn level(picture: &Picture) -> Option<f64> {
    let steps = f64::from(picture.meta.steps?);
    let share = ((steps - FROM.0) / (FROM.1 - FROM.0)).clamp(0.0, 1.0);
    (share > 0.0).then(|| (share * LEVEL * (steps / MIDDLE).sqrt()).min(40.0))
}

/// It as noise of so many channels.
pub(super) fn noise(level: f64, channels: usize) -> Noise {
    Noise::white(&vec![level; channels])
}
