//! How long is `"1h30m"`?

use std::time::Duration;

/// Reads a time budget such as `90s`, `30m`, `1h30m`, `1.5h` or `2d`; empty means none.
///
/// # Errors
/// A sentence about what is wrong with `text`.
pub fn parse_time(text: &str) -> Result<Option<Duration>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let mut rest = text;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let number: f64 = number
            .parse()
            .map_err(|_| format!("a number is missing before `{rest}`"))?;
        let letters = tail
            .find(|c: char| !c.is_alphabetic())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        seconds += number
            * match unit {
                "s" => 1.0,
                "m" | "min" => 60.0,
                "h" => 3600.0,
                "d" => 86_400.0,
                "" => return Err(format!("`{number}` has no unit (s, m, h or d)")),
                _ => return Err(format!("`{unit}` is not a unit of time (s, m, h or d)")),
            };
        rest = tail.trim_start();
    }
    match Duration::try_from_secs_f64(seconds) {
        Ok(time) if time.is_zero() => Err("the time must be longer than nothing".to_owned()),
        Ok(time) => Ok(Some(time)),
        Err(_) => Err("the time is too long".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_times() {
        let seconds = |text| parse_time(text).expect("valid").map(|time| time.as_secs());
        assert_eq!(seconds(""), None);
        assert_eq!(seconds("90s"), Some(90));
        assert_eq!(seconds("30m"), Some(1800));
        assert_eq!(seconds("1h30m"), Some(5400));
        assert_eq!(seconds("1.5h"), Some(5400));
        assert_eq!(seconds(" 1h 5min "), Some(3900));
        assert_eq!(seconds("2d"), Some(172_800));
    }

    #[test]
    fn refuses_what_is_not_a_time() {
        for text in [
            "30", "m", "-3m", "3 weeks", "1..5h", "0s", "3m5", "ü", "9e99h", "1h,5m",
        ] {
            assert!(parse_time(text).is_err(), "{text}");
        }
        assert!(parse_time(&format!("{}d", "9".repeat(400))).is_err());
    }
}
