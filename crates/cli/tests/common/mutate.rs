//! How are files changed at random, and readers watched?

use super::readers::Reader;
use std::panic::catch_unwind;
use std::time::{Duration, Instant};
use timestep_numerics::random::Stream;

/// Seed of all changes.
const SEED: u64 = 16;
/// No reader may think longer about a small file.
const LONGEST: Duration = Duration::from_secs(10);

/// Reads an input, and tells which harm that did. One that lasts too long is read twice more: another program may have
/// had the processor.
pub fn watched(read: Reader, input: &[u8]) -> Result<bool, String> {
    let mut time = Duration::ZERO;
    for _ in 0..3 {
        let began = Instant::now();
        let taken = catch_unwind(|| read(input)).map_err(|_| "panics".to_owned())?;
        time = began.elapsed();
        if time < LONGEST {
            return Ok(taken);
        }
    }
    Err(format!("takes {time:?}"))
}

fn number(variable: &str) -> Option<usize> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Reads changed inputs, a share of all, until they are done; what brought the reader down is told together.
pub fn mutate(name: &str, share: f64, seeds: &[Vec<u8>], read: Reader) {
    let only = std::env::var("TIMESTEP_MUTATION").ok();
    let only = match only.as_deref().and_then(|text| text.split_once(':')) {
        Some((reader, _)) if reader != name => return,
        Some((_, number)) => number.parse::<u64>().ok(),
        None => None,
    };
    let all = number("TIMESTEP_MUTATIONS").unwrap_or(2600);
    let count = (all as f64 * share).ceil() as usize;
    let mut failed = Vec::new();
    for case in 0..count as u64 {
        if only.is_some_and(|only| only != case) {
            continue;
        }
        let input = changed(&mut Stream::new(SEED, name, 0, case), seeds);
        if let Err(harm) = watched(read, &input) {
            failed.push(format!("{name}:{case} {harm}"));
        }
    }
    assert!(
        failed.is_empty(),
        "{} of {count}; repeat one with TIMESTEP_MUTATION={}: {failed:?}",
        failed.len(),
        failed[0]
    );
    assert_memory(name);
}

/// The whole test program, with all its readers, stays small.
fn assert_memory(name: &str) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    let kib = line.and_then(|l| l.split_whitespace().next()?.parse::<u64>().ok());
    if let Some(kib) = kib {
        assert!(kib < 3 << 20, "{name}: {} MiB", kib >> 10);
    }
}

/// Numbers that sizes and counts go wrong at.
const NUMBERS: [&str; 14] = [
    "0",
    "-1",
    "1",
    "255",
    "65536",
    "2147483647",
    "4294967296",
    "9223372036854775807",
    "18446744073709551615",
    "1e999",
    "1e-400",
    "NaN",
    "",
    "0.5",
];

/// One of the seeds with one to eight changes.
fn changed(stream: &mut Stream, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = seeds[stream.below(seeds.len())].clone();
    for _ in 0..1 + stream.below(8) {
        change(stream, &mut bytes, seeds);
    }
    bytes
}

fn change(stream: &mut Stream, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
    if bytes.is_empty() {
        bytes.push(stream.next_u32() as u8);
    }
    // Heads decide more than what follows them.
    let end = match stream.below(3) {
        0 => bytes.len().min(64),
        1 => bytes.len().min(1024),
        _ => bytes.len(),
    };
    let at = stream.below(end);
    let length = 1 + stream.below(64.min(bytes.len() - at));
    match stream.below(10) {
        0 | 1 => bytes[at] ^= 1 << stream.below(8),
        2 => bytes[at] = [0, 1, 0x7F, 0x80, 0xFF][stream.below(5)],
        3 => {
            let value = [0, 1, 0x7FFF_FFFF, 0x8000_0000, u32::MAX, 65536][stream.below(6)];
            let value = match stream.below(2) {
                0 => u32::to_le_bytes(value),
                _ => u32::to_be_bytes(value),
            };
            let end = (at + 4).min(bytes.len());
            bytes[at..end].copy_from_slice(&value[..end - at]);
        }
        4 => bytes.truncate(at),
        5 => drop(bytes.drain(at..at + length)),
        6 => {
            let part = bytes[at..at + length].to_vec();
            bytes.splice(at..at, part);
        }
        7 => {
            let random: Vec<u8> = (0..length).map(|_| stream.next_u32() as u8).collect();
            bytes.splice(at..at, random);
        }
        8 => {
            let other = &seeds[stream.below(seeds.len())];
            let from = stream.below(other.len().max(1)).min(other.len());
            let to = (from + length).min(other.len());
            bytes.splice(at..at + length, other[from..to].iter().copied());
        }
        // A number in text becomes another one.
        _ => {
            let digit = |b: &u8| b.is_ascii_digit();
            let Some(start) = bytes[at..].iter().position(digit).map(|n| at + n) else {
                return;
            };
            let digits = bytes[start..].iter().take_while(|b| digit(b)).count();
            let new = NUMBERS[stream.below(NUMBERS.len())];
            bytes.splice(start..start + digits, new.bytes());
        }
    }
}
