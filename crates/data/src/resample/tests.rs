//! Are windows the pixels of Pillow, and near those of the plain formula?

use super::*;
use image::{GrayImage, RgbImage};
use timestep_numerics::random::Stream;

fn image(channels: usize, w: usize, h: usize, value: impl Fn(usize) -> u8) -> DynamicImage {
    let data: Vec<u8> = (0..w * h * channels).map(value).collect();
    let (w, h) = (w as u32, h as u32);
    if channels == 1 {
        GrayImage::from_raw(w, h, data).unwrap().into()
    } else {
        RgbImage::from_raw(w, h, data).unwrap().into()
    }
}

#[test]
fn every_byte_is_that_of_pillow() {
    let cases = include_str!("../../tests/golden/resample.txt");
    assert_eq!(cases.lines().count(), 9);
    for line in cases.lines() {
        let (numbers, hex) = line.rsplit_once(' ').unwrap();
        let n: Vec<usize> = numbers.split(' ').map(|n| n.parse().unwrap()).collect();
        let expected: Vec<u8> = (0..hex.len())
            .step_by(2)
            .map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap())
            .collect();
        let [c, w, h, left, top, width, height] = n[..7].try_into().unwrap();
        let window = Window {
            area: Area {
                left,
                top,
                width,
                height,
            },
            scaled: (n[7], n[8]),
            left: n[9],
            top: n[10],
            flip: n[13] == 1,
        };
        let shape = ImageShape::new(c, n[12], n[11]);
        let made_up = image(c, w, h, |i| ((i * i * 7 + i * 13 + i * i / 5) % 256) as u8);
        let planar = cut(made_up, &window, shape);
        let interleaved: Vec<u8> = (0..planar.len())
            .map(|i| planar[i % c * shape.plane() + i / c])
            .collect();
        assert_eq!(interleaved, expected, "{numbers}");
    }
}

/// One output value by the definition: a triangle over the area in both directions, no rounding.
fn by_definition(image: &RgbImage, window: &Window, c: usize, y: usize, x: usize) -> f64 {
    let weights = |at: usize, extent: usize, scaled: usize| -> Vec<f64> {
        let scale = extent as f64 / scaled as f64;
        let (centre, reach) = ((at as f64 + 0.5) * scale, scale.max(1.0));
        let all = (0..extent).map(|i| (1.0 - ((i as f64 + 0.5 - centre) / reach).abs()).max(0.0));
        let all: Vec<f64> = all.collect();
        let sum: f64 = all.iter().sum();
        all.into_iter().map(|w| w / sum).collect()
    };
    let area = window.area;
    let across = weights(window.left + x, area.width, window.scaled.0);
    let down = weights(window.top + y, area.height, window.scaled.1);
    let mut sum = 0.0;
    for (j, wy) in down.iter().enumerate() {
        for (i, wx) in across.iter().enumerate() {
            let pixel = image.get_pixel((area.left + i) as u32, (area.top + j) as u32);
            sum += wx * wy * f64::from(pixel[c]);
        }
    }
    sum
}

#[test]
fn random_windows_are_near_the_definition() {
    let mut stream = Stream::new(1, "test", 0, 0);
    for _ in 0..60 {
        let mut upto = |n: usize| 1 + stream.below(n);
        let (w, h) = (upto(50), upto(50));
        let (width, height) = (upto(w), upto(h));
        let area = Area {
            left: upto(w - width + 1) - 1,
            top: upto(h - height + 1) - 1,
            width,
            height,
        };
        let scaled = (upto(40), upto(40));
        let shape = ImageShape::new(3, upto(scaled.1), upto(scaled.0));
        let window = Window {
            area,
            scaled,
            left: upto(scaled.0 - shape.width + 1) - 1,
            top: upto(scaled.1 - shape.height + 1) - 1,
            flip: stream.unit() < 0.5,
        };
        let made_up = image(3, w, h, |i| (i * i % 253) as u8);
        let got = cut(made_up.clone(), &window, shape);
        let rgb = made_up.into_rgb8();
        for (i, &v) in got.iter().enumerate() {
            let (c, rest) = (i / shape.plane(), i % shape.plane());
            let (y, x) = (rest / shape.width, rest % shape.width);
            let x = if window.flip { shape.width - 1 - x } else { x };
            let exact = by_definition(&rgb, &window, c, y, x);
            // Half a level for each of the two roundings.
            assert!(
                (f64::from(v) - exact).abs() < 1.01,
                "{window:?}: {v} {exact}"
            );
        }
    }
}

#[test]
fn unscaled_windows_are_copies_and_constants_stay() {
    let made_up = image(3, 9, 7, |i| (i * 29 % 256) as u8);
    let shape = ImageShape::new(3, 4, 5);
    let window = Window {
        area: Area {
            left: 0,
            top: 0,
            width: 9,
            height: 7,
        },
        scaled: (9, 7),
        left: 3,
        top: 2,
        flip: false,
    };
    let got = cut(made_up.clone(), &window, shape);
    let turned = Window {
        flip: true,
        ..window
    };
    let turned = cut(made_up.clone(), &turned, shape);
    let rgb = made_up.into_rgb8();
    for (i, &v) in got.iter().enumerate() {
        let (c, y, x) = (i / 20, i % 20 / 5, i % 5);
        assert_eq!(v, rgb.get_pixel(x as u32 + 3, y as u32 + 2)[c]);
        assert_eq!(v, turned[c * 20 + y * 5 + 4 - x]);
    }
    for value in [0, 1, 128, 254, 255] {
        for extent in [1, 2, 33, 1000] {
            let flat = image(1, extent, 3, |_| value);
            let window = Window::middle((extent, 3), 17, ImageShape::new(1, 5, 5));
            let got = cut(flat, &window, ImageShape::new(1, 5, 5));
            assert_eq!(got, [value; 25], "{extent}");
        }
    }
}

#[test]
fn grey_in_colour_and_colour_in_grey() {
    let window = Window::middle((6, 6), 4, ImageShape::new(3, 4, 4));
    let grey = image(1, 6, 6, |i| (i * 7) as u8);
    let three = cut(grey.clone(), &window, ImageShape::new(3, 4, 4));
    let one = cut(grey, &window, ImageShape::new(1, 4, 4));
    assert!(three.chunks(16).all(|plane| plane == one));
}
