//! How does noise that depends on the brightness get one level? By a curve of grey levels, which is undone afterwards.

use timestep_picture::Plane;
use timestep_picture::noise::Curve;

/// How many times stronger or weaker than the mean the noise may be for this; beyond, it is taken for that.
const MOST: f64 = 2.5;
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

    pub(super) fn apply(&self, plane: &Plane) -> Plane {
        self.tables
            .as_ref()
            .map_or_else(|| plane.clone(), |t| looked_up(plane, &t.forward))
    }

    pub(super) fn undo(&self, plane: &Plane) -> Plane {
        self.tables
            .as_ref()
            .map_or_else(|| plane.clone(), |t| looked_up(plane, &t.back))
    }
}

/// Every pixel by a table, on straight lines; beyond its ends with the slope there.
fn looked_up(plane: &Plane, table: &[f32]) -> Plane {
    let most = (COUNT - 2) as f32;
    let pixel = |p: &f32| {
        let at = p * FINE as f32;
        let left = at.clamp(0.0, most).floor();
        let (a, b) = (table[left as usize], table[left as usize + 1]);
        a + (b - a) * (at - left)
    };
    plane.with_pixels(plane.pixels().iter().map(pixel).collect::<Vec<f32>>())
}

/// The factors that give noise of this curve the level `mean`, pixel by pixel.
pub(super) fn gains(curve: &Curve, mean: f64, brightness: &Plane) -> Vec<f32> {
    let gain = |i: usize| (mean / curve.at(i as f64).clamp(mean / MOST, mean * MOST)) as f32;
    let table: Vec<f32> = (0..256).map(gain).collect();
    let at = |p: &f32| table[p.clamp(0.0, 255.0).round() as usize];
    brightness.pixels().iter().map(at).collect()
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
        let changed = way.apply(&plane);
        let back = way.undo(&changed);
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
        assert_eq!((flat.apply(&plane), flat.level()), (plane, 7.0));
    }
}
