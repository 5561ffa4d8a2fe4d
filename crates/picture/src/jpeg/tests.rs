//! Are the pixels those of libjpeg-turbo, and what is said of files that make no sense?

use super::frame::Block;
use super::idct::RowOfBlocks;
use super::*;
use crate::{Format, read_bytes};
use std::fs;
use std::path::{Path, PathBuf};
#[cfg(target_arch = "x86_64")]
use timestep_kernels::simd::Avx2;
use timestep_kernels::simd::{Lanes, Plain};

/// Files that Pillow made, beside what it decodes from them; see `make.py` there.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/jpeg")
}

fn file(name: &str) -> Vec<u8> {
    fs::read(folder().join(name)).expect("a file of the folder")
}

/// What this crate's own decoder makes of a file, or what it says is wrong.
fn own(content: &[u8]) -> Result<Vec<u8>, Fault> {
    let decoder = Decoder::new(content)?;
    let (width, height) = decoder.frame.size;
    let mut samples = vec![0; width * height * decoder.frame.components.len()];
    decoder.decode(&mut samples)?;
    Ok(samples)
}

fn reason(content: &[u8]) -> String {
    read_bytes("x.jpg".as_ref(), content)
        .expect_err("refused")
        .reason()
}

#[test]
fn pixels_are_those_of_libjpeg_turbo() {
    let mut compared = Vec::new();
    for entry in fs::read_dir(folder()).expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|e| e != "png") {
            continue;
        }
        let name = path.file_stem().expect("a name").display().to_string();
        let expected = read_bytes(&path, &fs::read(&path).expect("read")).expect("a picture");
        let Samples::U8(expected) = expected.samples() else {
            panic!("{name}: not 8 bits");
        };
        let found = own(&file(&format!("{name}.jpg"))).expect(&name);
        assert!(found == *expected, "{name}");
        compared.push(name);
    }
    for name in [
        "420",
        "progressive-restarts",
        "wide-3",
        "grey",
        "rgb",
        "440",
    ] {
        assert!(
            compared.iter().any(|c| c == name),
            "{name} was not compared"
        );
    }
}

#[test]
fn pixels_of_a_large_picture_do_not_depend_on_who_makes_its_rows() {
    // Large enough for all cores: smooth, so that every row differs from its neighbours.
    let size = (1030, 1021);
    let samples: Vec<u8> = (0..size.0 * size.1)
        .flat_map(|i| {
            let (x, y) = (i % size.0, i / size.0);
            [(x / 5) as u8, (y / 5) as u8, ((x + y) / 9) as u8]
        })
        .collect();
    let picture = Picture::new(size, 3, false, Samples::U8(samples.clone()), Format::Jpeg)
        .expect("a picture");
    let mut content = Vec::new();
    write(&mut content, &picture, 100).expect("written");
    let found = own(&content).expect("decoded");
    let largest = (found.iter().zip(&samples))
        .map(|(a, b)| a.abs_diff(*b))
        .max();
    assert!(largest <= Some(3), "{largest:?}");
}

#[test]
fn transform_is_that_of_the_definition_on_every_processor() {
    let mut state = 1_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 40) as i16 % 40
    };
    let table = [3_u16; 64];
    let blocks: [Block; 5] = std::array::from_fn(|n| {
        let mut block: Block = std::array::from_fn(|k| if k < 8 * n { next() } else { 0 });
        block[0] = 20 * n as i16;
        block
    });
    let mut plain = vec![0; 64 * blocks.len()];
    Lanes::<Plain<8>>::plain().vectorize(RowOfBlocks {
        blocks: &blocks,
        table: &table,
        samples: &mut plain,
    });
    #[cfg(target_arch = "x86_64")]
    if let Some(lanes) = Lanes::<Avx2>::detect() {
        let mut samples = vec![0; plain.len()];
        lanes.vectorize(RowOfBlocks {
            blocks: &blocks,
            table: &table,
            samples: &mut samples,
        });
        assert!(samples == plain);
    }
    for (n, block) in blocks.iter().enumerate() {
        for y in 0..8 {
            for x in 0..8 {
                let wave = |k: usize, at: usize| {
                    let scale = if k == 0 { 0.125_f64.sqrt() } else { 0.5 };
                    scale * (std::f64::consts::PI * k as f64 * (2 * at + 1) as f64 / 16.0).cos()
                };
                let sum = (0..64).map(|k| {
                    f64::from(block[k]) * f64::from(table[k]) * wave(k / 8, y) * wave(k % 8, x)
                });
                let exact = (128.0 + sum.sum::<f64>()).clamp(0.0, 255.0);
                let found = f64::from(plain[8 * blocks.len() * y + 8 * n + x]);
                assert!((found - exact).abs() < 0.6, "{n} {y} {x}: {found} {exact}");
            }
        }
    }
}

#[test]
fn four_colours_are_left_to_the_other_decoder() {
    let content = file("cmyk.jpg");
    assert!(matches!(own(&content), Err(Fault::Foreign)));
    let picture = read_bytes("x.jpg".as_ref(), &content).expect("read");
    assert_eq!((picture.width(), picture.channels()), (16, 3));
}

/// Where the data of the first scan begin.
fn data(content: &[u8]) -> usize {
    let scan = content.windows(2).position(|w| w == [0xFF, 0xDA]);
    let scan = scan.expect("a scan");
    scan + 2 + usize::from(u16::from_be_bytes([content[scan + 2], content[scan + 3]]))
}

#[test]
fn data_that_end_early_are_refused_though_an_end_marker_follows() {
    let content = file("420.jpg");
    let from = data(&content);
    for kept in [from, from + 1, (from + content.len()) / 2] {
        let cut = [&content[..kept], &[0xFF, 0xD9]].concat();
        let reason = reason(&cut);
        assert!(reason.contains("end before its last row"), "{reason}");
    }
    let restarts = file("restarts.jpg");
    let at = restarts.windows(2).position(|w| w == [0xFF, 0xD0]);
    let cut = [&restarts[..at.expect("a restart")], &[0xFF, 0xD9]].concat();
    assert!(reason(&cut).contains("a restart marker is missing"));
}

#[test]
fn bytes_between_data_and_marker_are_no_fault() {
    let content = file("420.jpg");
    let end = content.len() - 2;
    let longer = [&content[..end], &[0, 0x12, 0xFF, 0xFF, 0xD9]].concat();
    assert_eq!(own(&longer).ok(), own(&content).ok());
}

#[test]
fn segments_that_make_no_sense_are_named() {
    let content = file("420.jpg");
    let changed = |marker: u8, offset: usize, value: u8| {
        let at = content.windows(2).position(|w| w == [0xFF, marker]);
        let mut changed = content.clone();
        changed[at.expect("the marker") + offset] = value;
        reason(&changed)
    };
    // Factors of a component, table of a component, number and class of tables, component of a scan.
    for (marker, offset, value, words) in [
        (0xC0, 11, 0x50, "its frame segment makes no sense"),
        (0xC0, 12, 3, "a quantisation table is missing"),
        (0xDB, 4, 7, "a quantisation table makes no sense"),
        (0xC4, 4, 0x30, "a table of codes makes no sense"),
        (0xC4, 5, 9, "a table of codes"),
        (0xDA, 5, 99, "a scan makes no sense"),
    ] {
        let found = changed(marker, offset, value);
        assert!(found.contains(words), "{marker:x} {offset}: {found}");
    }
}

#[test]
fn more_scans_than_anyone_writes_are_refused() {
    let content = file("progressive-grey.jpg");
    let at = content
        .windows(2)
        .position(|w| w == [0xFF, 0xDA])
        .expect("a scan");
    let next = Walk::of(&content);
    assert!(next.complete);
    let end = content.len() - 2;
    // The first scan again and again.
    let behind = content[at + 2..]
        .windows(2)
        .position(|w| w[0] == 0xFF && !matches!(w[1], 0 | 0xFF))
        .expect("a marker");
    let scan = content[at..at + 2 + behind].to_vec();
    let mut many = content[..end].to_vec();
    for _ in 0..256 {
        many.extend(&scan);
    }
    many.extend([0xFF, 0xD9]);
    let reason = reason(&many);
    assert!(reason.contains("more than 256 scans"), "{reason}");
}
