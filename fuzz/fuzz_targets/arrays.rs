#![no_main]

#[path = "../../crates/cli/tests/common/readers.rs"]
mod readers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    readers::arrays(bytes);
});
