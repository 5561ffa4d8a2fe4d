//! Are the operations those of Pillow?

use super::*;

/// The picture of `tests/golden/rand_augment.py`.
fn picture(shape: ImageShape) -> Vec<u8> {
    let ImageShape {
        channels,
        height,
        width,
    } = shape;
    let mut out = Vec::new();
    for c in 0..channels {
        for y in 0..height {
            for x in 0..width {
                let v = 40 + (x * x * 5 + y * y * 3 + 17 * x * y * (c + 1) + 29 * c) % 180;
                out.push(v as u8);
            }
        }
    }
    out
}

fn find(name: &str) -> &'static Operation {
    let found = OPERATIONS.iter().find(|o| o.name == name);
    found.unwrap_or_else(|| panic!("there is no `{name}`"))
}

#[test]
fn every_byte_is_that_of_pillow() {
    let cases = include_str!("../../../tests/golden/rand_augment.txt");
    let mut seen = std::collections::BTreeSet::new();
    for line in cases.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let [name, bin, c, w, h, hex] = fields[..].try_into().expect("six fields");
        let number = |text: &str| -> usize { text.parse().unwrap() };
        let shape = ImageShape::new(number(c), number(h), number(w));
        let mut pixels = picture(shape);
        let operation = find(name);
        let bin: f64 = bin.parse().unwrap();
        assert!(operation.signed || bin > 0.0);
        (operation.apply)(&mut pixels, shape, bin);
        let expected: Vec<u8> = (0..hex.len())
            .step_by(2)
            .map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap())
            .collect();
        assert_eq!(pixels, expected, "{name} {bin} of {shape}");
        seen.insert(name);
    }
    assert_eq!(seen.len(), OPERATIONS.len());
}

#[test]
fn bin_0_and_the_identity_change_nothing() {
    for channels in [1, 3] {
        let shape = ImageShape::new(channels, 9, 12);
        for operation in &OPERATIONS {
            if matches!(operation.name, "auto-contrast" | "equalise") {
                continue;
            }
            let mut pixels = picture(shape);
            (operation.apply)(&mut pixels, shape, 0.0);
            assert_eq!(pixels, picture(shape), "{}", operation.name);
        }
    }
}

#[test]
fn extremes_and_single_pixels_are_fine() {
    for shape in [
        ImageShape::new(3, 1, 1),
        ImageShape::new(1, 1, 40),
        ImageShape::new(3, 300, 2),
    ] {
        for value in [0, 255] {
            for operation in &OPERATIONS {
                for bin in [-30.0, 30.0] {
                    if bin > 0.0 || operation.signed {
                        (operation.apply)(&mut vec![value; shape.len()], shape, bin);
                    }
                }
            }
        }
    }
}
