//! What did a run write down? Read from its folder, for reports and comparisons.

mod listed;
mod reading;
mod record;
mod restorer;
mod rows;

pub use listed::listed;
pub use reading::close;
pub use record::{Ending, Record, Start};
pub use restorer::{Evaluated, PhaseRow, RestorerEnding, RestorerRecord};
pub use rows::{COLUMNS, Epoch, SettingRow};

/// A word of a command line as a POSIX shell takes it.
#[must_use]
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=,:+%@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// A time in words.
#[must_use]
pub fn duration(seconds: f64) -> String {
    if seconds < 120.0 {
        return format!("{seconds:.1} s");
    }
    let minutes = (seconds / 60.0).floor();
    if minutes < 120.0 {
        return format!("{minutes:.0} min {:.0} s", seconds - 60.0 * minutes);
    }
    let hours = (minutes / 60.0).floor();
    format!("{hours:.0} h {:.0} min", minutes - 60.0 * hours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_as_shells_need_it() {
        assert_eq!(quoted("runs/a-1/recipe.toml"), "runs/a-1/recipe.toml");
        assert_eq!(quoted("top1>=0.9"), "'top1>=0.9'");
        assert_eq!(quoted("it's <b>"), "'it'\\''s <b>'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn times_read_as_people_say_them() {
        assert_eq!(duration(11.749), "11.7 s");
        assert_eq!(duration(192.0), "3 min 12 s");
        assert_eq!(duration(38_720.0), "10 h 45 min");
    }
}
