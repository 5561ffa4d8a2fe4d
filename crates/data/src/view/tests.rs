//! Are windows drawn from the documented ranges, and as evenly as documented?

use super::*;
use crate::{Augment, Draw};

const SHAPE: ImageShape = ImageShape::new(3, 224, 224);

fn drawn(augment: &Augment, extent: (usize, usize)) -> impl Iterator<Item = Window> {
    (0..4000).map(move |index| {
        let draw = Draw {
            augment,
            seed: 11,
            epoch: 3,
        };
        draw.window(index, extent, SHAPE).unwrap()
    })
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[test]
fn areas_and_ratios_are_in_range_and_evenly_drawn() {
    // A large square takes every rectangle with an area up to 3/4; larger ones are drawn again.
    let augment = Augment {
        view: View::RandomResized {
            scale: (0.08, 0.7),
            ratio: (3.0 / 4.0, 4.0 / 3.0),
        },
        flip: true,
        ..Augment::default()
    };
    let side = 4000;
    let (mut shares, mut logs, mut lefts, mut flips) = (vec![], vec![], vec![], 0);
    for w in drawn(&augment, (side, side)) {
        let Area {
            left,
            top,
            width,
            height,
        } = w.area;
        assert!(left + width <= side && top + height <= side);
        assert_eq!((w.scaled, w.left, w.top), ((224, 224), 0, 0));
        shares.push((width * height) as f64 / (side * side) as f64);
        logs.push((width as f64 / height as f64).ln());
        lefts.push((left as f64 + 0.5) / (side - width + 1) as f64);
        flips += u32::from(w.flip);
    }
    let limit = (4.0f64 / 3.0).ln();
    assert!(shares.iter().all(|s| (0.0799..0.7001).contains(s)));
    assert!(logs.iter().all(|l| l.abs() < limit + 1e-3));
    // Five deviations of the mean of 4000 even numbers of a range r: r/√12/√4000·5 = r·0.0228.
    assert!((mean(&shares) - 0.39).abs() < 0.62 * 0.0228);
    assert!(mean(&logs).abs() < 2.0 * limit * 0.0228);
    assert!((mean(&lefts) - 0.5).abs() < 0.0228);
    // Quarters of the range, each 1000 ± 5·√(4000·3/16).
    for values in [
        shares.iter().map(|s| (s - 0.08) / 0.62).collect::<Vec<_>>(),
        logs.iter().map(|l| l / limit / 2.0 + 0.5).collect(),
        lefts,
    ] {
        let mut counts = [0i32; 4];
        for v in values {
            counts[((v * 4.0) as usize).min(3)] += 1;
        }
        assert!(counts.iter().all(|c| (c - 1000).abs() < 137), "{counts:?}");
    }
    assert!(flips.abs_diff(2000) < 158);
}

#[test]
fn rectangles_fit_images_of_any_proportions() {
    for extent in [(500, 375), (1, 1), (1, 900), (900, 1), (3, 2), (20, 4000)] {
        for w in drawn(&Augment::IMAGENET, extent) {
            let Area {
                left,
                top,
                width,
                height,
            } = w.area;
            assert!(width >= 1 && height >= 1, "{extent:?}");
            assert!(left + width <= extent.0 && top + height <= extent.1);
            assert!(!w.flip || Augment::IMAGENET.flip);
        }
    }
}

#[test]
fn what_never_fits_gives_the_middle() {
    // Only whole-area squares are allowed, and the image is twice as wide as high.
    let view = View::RandomResized {
        scale: (1.0, 1.0),
        ratio: (1.0, 1.0),
    };
    let area = |extent| {
        let mut stream = Stream::new(0, "test", 0, 0);
        view.window(&mut stream, extent, SHAPE).unwrap().area
    };
    let square = |left, top| Area {
        left,
        top,
        width: 100,
        height: 100,
    };
    assert_eq!(area((200, 100)), square(50, 0));
    assert_eq!(area((100, 201)), square(0, 50));
    assert_eq!(area((100, 100)), square(0, 0));
}

#[test]
fn shorter_sides_and_places_are_evenly_drawn() {
    let augment = Augment {
        view: View::SCALED,
        ..Augment::default()
    };
    let (mut sides, mut tops) = (vec![], vec![]);
    for w in drawn(&augment, (375, 500)) {
        assert_eq!(w.area, Area::whole(375, 500));
        let (width, height) = w.scaled;
        assert!((256..=480).contains(&width));
        assert_eq!(height, width * 500 / 375);
        assert!(w.left + 224 <= width && w.top + 224 <= height);
        assert!(!w.flip);
        sides.push(width as f64);
        tops.push(w.top as f64 / (height - 224) as f64);
    }
    assert!(sides.contains(&256.0) && sides.contains(&480.0));
    assert!((mean(&sides) - 368.0).abs() < 225.0 * 0.0228);
    assert!((mean(&tops) - 0.5).abs() < 0.0228);
    assert!(tops.contains(&0.0) && tops.contains(&1.0));
}

#[test]
fn the_flip_changes_nothing_else() {
    for view in [View::RANDOM_RESIZED, View::SCALED] {
        let with = Augment {
            view,
            flip: true,
            ..Augment::default()
        };
        let without = Augment {
            flip: false,
            ..with
        };
        let mut flipped = 0;
        for (a, b) in drawn(&with, (300, 260)).zip(drawn(&without, (300, 260))) {
            flipped += u32::from(a.flip);
            assert_eq!(Window { flip: false, ..a }, b);
        }
        assert!(flipped.abs_diff(2000) < 158, "{flipped}");
    }
}

#[test]
fn the_middle_is_cut_as_torchvision_cuts_it() {
    // Longer sides are rounded down, half places to the even number: 117/2 is 58, 119/2 is 60.
    let middle = |extent, shorter| {
        let w = Window::middle(extent, shorter, SHAPE);
        (w.scaled, w.left, w.top)
    };
    assert_eq!(middle((500, 375), 256), ((341, 256), 58, 16));
    assert_eq!(middle((375, 503), 256), ((256, 343), 16, 60));
    assert_eq!(middle((100, 100), 224), ((224, 224), 0, 0));
    assert_eq!(middle((1, 300), 224), ((224, 67_200), 0, 33_488));
}

#[test]
fn ranges_that_cannot_be_drawn_from_are_refused() {
    let resized = |scale, ratio| View::RandomResized { scale, ratio };
    let sides = |low, high| View::Scaled {
        shorter: (low, high),
    };
    let ratio = (0.75, 4.0 / 3.0);
    for (view, expected) in [
        (
            resized((0.0, 1.0), ratio),
            "the area of random crops is 0..1",
        ),
        (resized((0.5, 0.2), ratio), "0.5..0.2, and must be"),
        (resized((0.5, 1.5), ratio), "at most 1"),
        (resized((f64::NAN, 1.0), ratio), "NaN..1"),
        (resized((0.1, 1.0), (2.0, 1.0)), "width / height of random"),
        (resized((0.1, 1.0), (1.0, f64::INFINITY)), "1..inf"),
        (sides(200, 480), "two lengths of 224 (the crop) to 16384"),
        (sides(300, 256), "is 300..256"),
        (sides(256, 20_000), "is 256..20000"),
    ] {
        let error = view.check(SHAPE).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    for view in [View::Padded, View::RANDOM_RESIZED, View::SCALED] {
        view.check(SHAPE).unwrap();
        assert_eq!(view.needs_whole(), view.name() != "pad");
    }
}
