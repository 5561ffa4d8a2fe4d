//! How is a curve drawn with characters? Dots of Braille letters, of which each is two wide and four high.

/// Bits of the dots of a letter by column and row.
const DOTS: [[u32; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];
/// The letter without dots.
const EMPTY: u32 = 0x2800;

/// A curve through values at equal distances: `rows` lines of `width` characters, the highest value and the lowest
/// beside the first and the last line as `shown` writes them. Values that are not finite are left out; empty without any.
pub(super) fn curve(
    values: &[f64],
    width: usize,
    rows: usize,
    shown: impl Fn(f64) -> String,
) -> Vec<String> {
    let finite = values.iter().copied().filter(|v| v.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
        (low.min(v), high.max(v))
    });
    if low > high || rows == 0 {
        return Vec::new();
    }
    let (top, bottom) = (shown(high), shown(low));
    let label = top.chars().count().max(bottom.chars().count());
    let columns = width.saturating_sub(label + 1).max(1);
    let (across, down) = (2 * columns, 4 * rows);
    let mut letters = vec![vec![EMPTY; columns]; rows];
    let height = |v: f64| match high > low {
        true => ((high - v) / (high - low) * (down - 1) as f64).round() as usize,
        false => down / 2,
    };
    let mut before: Option<usize> = None;
    for x in 0..across {
        // The value at this dot: between two of them where there are fewer values than dots.
        let place = x as f64 / (across - 1) as f64 * (values.len() - 1) as f64;
        let (left, right) = (place.floor() as usize, place.ceil() as usize);
        let v = match values.len() < across {
            true if left < right => {
                values[left] + (values[right] - values[left]) * (place - place.floor())
            }
            true => values[left],
            false => values[place.round() as usize],
        };
        if !v.is_finite() {
            before = None;
            continue;
        }
        let y = height(v);
        // A steep part is a line, not two dots.
        let from = before.map_or(y, |b| {
            if b < y {
                b + 1
            } else if b > y {
                b - 1
            } else {
                y
            }
        });
        for y in from.min(y)..=from.max(y) {
            letters[y / 4][x / 2] |= DOTS[x % 2][y % 4];
        }
        before = Some(y);
    }
    let line = |(n, row): (usize, &Vec<u32>)| {
        let head = match n {
            0 => top.as_str(),
            n if n + 1 == rows => bottom.as_str(),
            _ => "",
        };
        let dots = row.iter().filter_map(|letter| char::from_u32(*letter));
        format!("{head:>label$} {}", dots.collect::<String>())
    };
    letters.iter().enumerate().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rise_goes_from_the_lower_left_to_the_upper_right() {
        let values: Vec<f64> = (0..32).map(f64::from).collect();
        let lines = curve(&values, 12, 4, |v| format!("{v:.0}"));
        assert_eq!(lines.len(), 4);
        assert!(
            lines.iter().all(|line| line.chars().count() == 12),
            "{lines:?}"
        );
        assert!(lines[0].starts_with("31 ") && lines[3].starts_with(" 0 "));
        let first = |line: &str| line.chars().skip(3).position(|c| c != '\u{2800}');
        let places: Vec<_> = lines.iter().map(|line| first(line)).collect();
        assert!(
            places.windows(2).all(|pair| pair[0] > pair[1]),
            "{places:?}"
        );
    }

    #[test]
    fn gaps_and_flat_curves_are_drawn() {
        assert!(curve(&[f64::NAN], 20, 4, |v| v.to_string()).is_empty());
        assert_eq!(curve(&[1.0, 1.0], 20, 3, |v| v.to_string()).len(), 3);
        let gap = curve(&[0.0, f64::INFINITY, 1.0], 20, 3, |v| format!("{v:.1}"));
        assert!(gap[1].contains('\u{2800}'));
    }
}
