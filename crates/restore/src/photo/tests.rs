use super::*;
use timestep_picture::metrics::psnr;
use timestep_picture::noise::measure;

fn scene(channels: usize) -> Vec<Plane> {
    let channel = |c: usize| {
        let pixel = |i: usize| {
            let (x, y) = ((i % 96) as f32, (i / 96) as f32);
            110.0 - 30.0 * c as f32 + 50.0 * (x / 19.0 + c as f32).sin() * (y / 23.0).cos()
        };
        Plane::new(96, 80, (0..96 * 80).map(pixel).collect()).expect("fits")
    };
    (0..channels).map(channel).collect()
}

/// A mean of neighbours, as a method that helps.
fn blur(_: Part, plane: Plane, _: f64) -> Result<Plane, RestoreError> {
    let (w, h) = (plane.width() as isize, plane.height() as isize);
    let at =
        |x: isize, y: isize| plane.pixels()[(y.clamp(0, h - 1) * w + x.clamp(0, w - 1)) as usize];
    let pixels: Vec<f32> = (0..w * h)
        .map(|i| {
            let (x, y) = (i % w, i / w);
            (-1..=1)
                .flat_map(|dy| (-1..=1).map(move |dx| (dx, dy)))
                .map(|(dx, dy)| at(x + dx, y + dy))
                .sum::<f32>()
                / 9.0
        })
        .collect();
    Ok(plane.with_pixels(pixels))
}

#[test]
fn nothing_is_changed_by_a_method_that_changes_nothing() {
    for channels in [1, 3] {
        let planes = scene(channels);
        let mut noise = Noise::white(&vec![9.0; channels]);
        noise.channels[0].scales[0].levels[2] = 20.0;
        let same = restore(
            planes.clone(),
            &noise,
            &|_, plane, _| Ok(plane),
            &mut |_, _| (),
        )
        .expect("restores");
        for (a, b) in planes.iter().zip(&same) {
            let worst = a
                .pixels()
                .iter()
                .zip(b.pixels())
                .map(|(a, b)| (a - b).abs());
            assert!(worst.fold(0.0, f32::max) < 0.05);
        }
    }
}

#[test]
fn every_part_is_cleaned_once_at_its_level_and_noise_goes() {
    let clean = scene(3);
    let noisy = timestep_data::degradation("gaussian:sigma=12").expect("a degradation");
    let noisy = timestep_data::Degradation::apply(&*noisy, &clean, 1, 2);
    let mut noise = measure(std::slice::from_ref(&noisy));
    for channel in &mut noise.channels {
        // Not as fine as white noise.
        channel.scales[1].levels = channel.scales[0].levels.map(|level| 0.7 * level);
        channel.scales[2].levels = channel.scales[0].levels.map(|level| 0.25 * level);
    }
    let seen = std::cell::RefCell::new(Vec::new());
    let mut shown = 0;
    let restored = restore(
        noisy.clone(),
        &noise,
        &|part, plane, level| {
            seen.borrow_mut().push((part, level));
            blur(part, plane, level)
        },
        &mut |_, _| shown += 1,
    )
    .expect("restores");
    let parts: Vec<Part> = seen.borrow().iter().map(|(part, _)| *part).collect();
    // Details of colours are cleaned without the method.
    let colours = &Part::ALL[2..3];
    assert_eq!(parts, [&Part::ALL[..2], colours, colours].concat());
    for (part, level) in seen.into_inner() {
        let expected = 12.0 * [1.0, 0.7, 0.25][part.scale];
        assert!((level / expected - 1.0).abs() < 0.35, "{part:?} {level}");
    }
    assert!(psnr(&restored, &clean) > psnr(&noisy, &clean) + 4.0);
    assert_eq!(shown, 3);
    // Hardly any noise: nothing is touched.
    let quiet = Noise::white(&[0.3; 3]);
    assert_eq!(
        restore(noisy.clone(), &quiet, &blur, &mut |_, _| ()).expect("restores"),
        noisy
    );
}

#[test]
fn a_corrected_pixel_depends_on_its_halo_alone() {
    let plane = &scene(1)[0];
    let mut other = plane.clone();
    other.pixels_mut()[40 * 96 + 50] += 100.0;
    let mut coarse = Noise::white(&[9.0]);
    coarse.channels[0].scales[1] = timestep_picture::noise::Curve::flat(7.0);
    let run =
        |p: &Plane| restore(vec![p.clone()], &coarse, &blur, &mut |_, _| ()).expect("restores");
    let (a, b) = (run(plane), run(&other));
    for (i, (a, b)) in a[0].pixels().iter().zip(b[0].pixels()).enumerate() {
        let apart = (i % 96).abs_diff(50).max((i / 96).abs_diff(40));
        if apart > reach(1) {
            assert_eq!(a, b, "{apart}");
        }
    }
}
