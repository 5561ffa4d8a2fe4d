//! How much memory may a file or a setting claim? As much as this machine has, or as `TIMESTEP_MEMORY` says.
//!
//! Sizes that come from outside (a picture's head, the widths in a recipe) are compared with this budget before
//! anything of that size is allocated, so that a claim ends in a sentence and not in a killed program.

use std::sync::OnceLock;

/// The environment variable that sets the budget, as in `64G`.
pub const MEMORY_VARIABLE: &str = "TIMESTEP_MEMORY";

/// The budget where the system does not say how much memory there is.
const UNKNOWN: u64 = 16 << 30;

/// Bytes that what was claimed may take.
///
/// `TIMESTEP_MEMORY` if it holds a size, otherwise the memory of this machine, or the limit of this process or its
/// container if that is lower; 16 GiB where the system does not say.
#[must_use]
pub fn memory_budget() -> u64 {
    static BUDGET: OnceLock<u64> = OnceLock::new();
    *BUDGET.get_or_init(|| {
        let asked = std::env::var(MEMORY_VARIABLE).ok();
        asked
            .as_deref()
            .and_then(parse_size)
            .unwrap_or_else(there_is)
    })
}

/// What `TIMESTEP_MEMORY` holds, if it is set and no size.
#[must_use]
pub fn bad_memory_budget() -> Option<String> {
    let text = std::env::var_os(MEMORY_VARIABLE)?;
    let text = text.to_string_lossy();
    parse_size(&text).is_none().then(|| text.into_owned())
}

/// Reads `512M`, `2G`, `1.5GiB` or a number of bytes; units are powers of 1024. `None` if it is no size of at least
/// one byte.
#[must_use]
pub fn parse_size(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| c.is_ascii_alphabetic());
    let (number, unit) = text.split_at(digits.unwrap_or(text.len()));
    let factor = match unit.to_ascii_uppercase().trim_end_matches("IB") {
        "" | "B" => 1.0,
        "K" | "KB" => 1024.0,
        "M" | "MB" => 1024.0 * 1024.0,
        "G" | "GB" => 1024.0 * 1024.0 * 1024.0,
        "T" | "TB" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    let bytes = number.trim().parse::<f64>().ok()? * factor;
    // Sizes beyond 2^53 lose their last digits, which no memory has.
    (bytes.is_finite() && bytes >= 1.0).then_some(bytes as u64)
}

/// The least of what the system, the container and the limits of the process allow.
fn there_is() -> u64 {
    let text = |path| std::fs::read_to_string(path).unwrap_or_default();
    let limits = [
        line_number(&text("/proc/meminfo"), "MemTotal:").map(|kib| kib << 10),
        text("/sys/fs/cgroup/memory.max").trim().parse().ok(),
        text("/sys/fs/cgroup/memory/memory.limit_in_bytes")
            .trim()
            .parse()
            .ok(),
        line_number(&text("/proc/self/limits"), "Max address space"),
    ];
    limits.into_iter().flatten().min().unwrap_or(UNKNOWN)
}

/// The first number of the line that begins so; none for `unlimited`.
fn line_number(text: &str, start: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(start))?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        for (text, bytes) in [
            ("512M", 512 << 20),
            ("2g", 2 << 30),
            ("1.5GiB", 3 << 29),
            ("300000", 300_000),
            ("64KB", 64 << 10),
            ("1T", 1 << 40),
        ] {
            assert_eq!(parse_size(text), Some(bytes), "{text}");
        }
        for text in ["", "M", "-1G", "NaN", "12X", "0", "infG"] {
            assert_eq!(parse_size(text), None, "{text}");
        }
    }

    #[test]
    fn lines_of_the_system_are_read() {
        let limits = "Max stack size  8388608  unlimited  bytes\nMax address space  unlimited  unlimited  bytes\n";
        assert_eq!(line_number(limits, "Max address space"), None);
        assert_eq!(line_number(limits, "Max stack size"), Some(8_388_608));
        assert_eq!(
            line_number("MemTotal:       16384 kB\n", "MemTotal:"),
            Some(16_384)
        );
        assert!(there_is() > 1 << 20);
    }
}
