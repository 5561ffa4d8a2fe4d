//! How does noise that depends on the brightness get one level? By a curve of grey levels, which is undone afterwards.

use rayon::prelude::*;
use timestep_picture::Plane;
use timestep_picture::noise::Curve;

/// How many times stronger or weaker than the mean the noise may be for this; beyond, it is taken for that.
pub(super) const MOST: f64 = 2.5;
/// Steps of a grey level in the tables.
const FINE: usize = 2;
/// Entries: 0 to 255.
const COUNT: usize = 255 * FINE + 1;

/// A rising curve of grey levels `T` with `T(0) = 0` and `T(255) = 255`.
#[derive(Clone, Debug)]
pub(super) struct Brightness {
    /// None where the noise has one level already.
    tables: Option<Tables>,
    level: f64,
}

#[derive(Clone, Debug)]
struct Tables {
    forward: Vec<f32>,
    back: Vec<f32>,
}

impl Brightness {
    /// For noise of this curve and this mean level.
    pub(super) fn new(curve: &Curve, mean: f64) -> Self {
        let at = |i: f64| curve.at(i / FINE as f64).clamp(mean / MOST, mean * MOST);
        let (low, high) = (0..COUNT).fold((f64::MAX, 0.0_f64), |(low, high), i| {
            (low.min(at(i as f64)), high.max(at(i as f64)))
        });
        // Within the error of the curve.
        if mean == 0.0 || high <= 1.1 * low {
            return Self {
                tables: None,
                level: mean,
            };
        }
        let mut forward = vec![0.0_f64];
        for i in 0..COUNT - 1 {
            let step = 1.0 / (FINE as f64 * at(i as f64 + 0.5));
            forward.push(forward[i] + step);
        }
        let level = 255.0 / forward[COUNT - 1];
        for v in &mut forward {
            *v *= level;
        }
        let mut back = Vec::with_capacity(COUNT);
        let mut place = 0;
        for i in 0..COUNT {
            let wanted = i as f64 / FINE as f64;
            while place + 2 < COUNT && forward[place + 1] < wanted {
                place += 1;
            }
            let share = (wanted - forward[place]) / (forward[place + 1] - forward[place]);
            back.push(((place as f64 + share) / FINE as f64) as f32);
        }
        Self {
            tables: Some(Tables {
                forward: forward.into_iter().map(|v| v as f32).collect(),
                back,
            }),
            level,
        }
    }

    /// The level of the noise after it.
    pub(super) fn level(&self) -> f64 {
        self.level
    }

    pub(super) fn apply(&self, plane: &mut Plane) {
        if let Some(tables) = &self.tables {
            look_up(plane, &tables.forward);
        }
    }

    pub(super) fn undo(&self, plane: &mut Plane) {
        if let Some(tables) = &self.tables {
            look_up(plane, &tables.back);
        }
    }
}

/// Pixels that one thread changes at a time.
const PIECE: usize = 1 << 15;

/// Every pixel by a table, on straight lines; beyond its ends with the slope there.
fn look_up(plane: &mut Plane, table: &[f32]) {
    let pixel = |p: &mut f32| {
        let at = *p * FINE as f32;
        // As a whole number: it is not negative.
        let left = at.clamp(0.0, (COUNT - 2) as f32) as usize;
        let (a, b) = (table[left], table[left + 1]);
        *p = a + (b - a) * (at - left as f32);
    };
    let pieces = plane.pixels_mut().par_chunks_mut(PIECE);
    pieces.for_each(|piece| piece.iter_mut().for_each(pixel));
}

/// Changes every pixel as that of another plane says.
pub(super) fn each(plane: &mut Plane, other: &Plane, change: impl Fn(f32, f32) -> f32 + Sync) {
    let pieces = plane.pixels_mut().par_chunks_mut(PIECE);
    let pieces = pieces.zip(other.pixels().par_chunks(PIECE));
    pieces.for_each(|(piece, other)| {
        for (p, o) in piece.iter_mut().zip(other) {
            *p = change(*p, *o);
        }
    });
}

/// The factors that give noise of this curve the level `mean`, pixel by pixel.
pub(super) fn gains(curve: &Curve, mean: f64, brightness: &Plane) -> Plane {
    let gain = |i: usize| (mean / curve.at(i as f64).clamp(mean / MOST, mean * MOST)) as f32;
    let table: Vec<f32> = (0..256).map(gain).collect();
    let mut gains = brightness.clone();
    let pieces = gains.pixels_mut().par_chunks_mut(PIECE);
    // Rounded, and beyond 0 and 255 as there.
    pieces.for_each(|piece| {
        piece
            .iter_mut()
            .for_each(|p| *p = table[(*p + 0.5) as u8 as usize])
    });
    gains
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_is_undone_and_gives_noise_one_level() {
        let curve = Curve {
            levels: std::array::from_fn(|k| 5.0 + 2.0 * k as f64),
        };
        let way = Brightness::new(&curve, 12.0);
        let pixels: Vec<f32> = (-40..300).map(|i| i as f32).collect();
        let plane = Plane::new(pixels.len(), 1, pixels).expect("fits");
        let mut changed = plane.clone();
        way.apply(&mut changed);
        let mut back = changed.clone();
        way.undo(&mut back);
        for (a, b) in plane.pixels().iter().zip(back.pixels()) {
            assert!((a - b).abs() < 0.05, "{a} {b}");
        }
        let slope = |grey: usize| {
            let at = grey + 40;
            f64::from(changed.pixels()[at + 1] - changed.pixels()[at - 1]) / 2.0
        };
        for grey in [40, 128, 220] {
            let level = slope(grey) * curve.at(grey as f64);
            assert!((level / way.level() - 1.0).abs() < 0.05, "{grey}: {level}");
        }
        let flat = Brightness::new(&Curve::flat(7.0), 7.0);
        let mut same = plane.clone();
        flat.apply(&mut same);
        assert_eq!((same, flat.level()), (plane, 7.0));
    }
}
