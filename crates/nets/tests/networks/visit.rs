//! Does a visit to every step see the forward pass, and is the way of images through a network measured right?

use crate::common::Images;
use crate::common::steps::{config, dot, input, network, one_image, steps};
use timestep_engine::{Engine, Exact, Features, Fused};
use timestep_nets::{Mode, NetError, Pass, Tracer, Transition, Visit, preset};
use timestep_numerics::analysis::Effort;

#[test]
fn the_visit_is_the_forward_pass() {
    let config = config("preact", "lm");
    for engine in [&Exact as &dyn Engine, &Fused] {
        let (network, parameters) = network(&config);
        let image = one_image(config.input);
        let mut probed = Vec::new();
        let pass = Pass::new(engine, &parameters, Mode::Eval);
        let mut probe = |segment: usize, step: usize, u: &Features| {
            probed.push((segment, step, u.read()));
        };
        network
            .forward_probed(&pass, image.on(&pass), Some(&mut probe))
            .expect("forward");
        let mut seen = Vec::new();
        network
            .each_step(engine, &parameters, image.view(), &mut |visit| {
                seen.push(match visit {
                    Visit::Begin {
                        segment,
                        taken,
                        state,
                    } => (segment, taken, state.read()),
                    Visit::Step(at) => (at.segment, at.step, at.next.read()),
                });
                Ok::<_, NetError>(())
            })
            .expect("all steps");
        // The stem is the beginning of segment 1.
        assert_eq!(probed.len(), seen.len());
        for (a, b) in probed.iter().zip(&seen) {
            assert!((a.0, a.1) == (b.0, b.1) || (a.0, b.0) == (0, 1));
            let largest = a.2.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
            assert!(
                a.2.iter()
                    .zip(&b.2)
                    .all(|(a, b)| (a - b).abs() < 1e-5 * largest)
            );
        }
    }
}

#[test]
fn what_has_no_eigenvalues_is_refused_with_its_reason() {
    let mut small = preset("fractalnet-20").expect("a preset").at_home();
    small.body.width = 4;
    small.input = input(32, 32);
    let refused = steps(&Fused, &small, |at| {
        at.spectrum(
            Effort {
                products: 5,
                tolerance: 0.1,
            },
            0,
        )
        .map(drop)
    });
    let error = refused.expect_err("no identity");
    assert!(matches!(error, NetError::Unmeasurable(_)), "{error}");
    assert!(error.to_string().contains("identity") && error.hint().is_some());
    // Its way can be traced all the same, with increments where a segment keeps the number of channels.
    let (network, parameters) = network(&small);
    let mut tracer = Tracer::new();
    let image = one_image(small.input);
    tracer
        .add(&Fused, &network, &parameters, image.view())
        .expect("a way");
    let ways = tracer.finish();
    for way in &ways {
        assert_eq!((way.rows.len(), way.rows[0].step), (2, 0));
        let keeps = way.means.len() == 2;
        assert!(way.rows[1].state > 0.0 && way.rows[1].increment.is_some() == keeps);
        assert_eq!(way.straightness.is_some(), keeps);
        let last = way.means.last().expect("the last state");
        assert_eq!(last[0].len(), way.channels);
    }
    assert!(ways.iter().any(|w| w.means.len() == 1) && ways.iter().any(|w| w.means.len() == 2));
    // A vector of another length.
    steps(&Fused, &config("preact", "euler"), |at| {
        assert!(at.transposed_product(&[1.0]).is_err() && at.value(&[1.0]).is_err());
        Ok(())
    })
    .expect("all steps");
}

#[test]
fn a_state_that_is_not_finite_is_named() {
    let mut config = config("preact", "euler");
    config.body.transition = Transition::StridedStep;
    let (network, parameters) = network(&config);
    for engine in [&Exact as &dyn Engine, &Fused] {
        let mut broken = one_image(config.input);
        broken.values.fill(f32::NAN);
        let found = network.each_step(engine, &parameters, broken.view(), &mut |_| {
            Ok::<_, NetError>(())
        });
        let text = found.expect_err("not finite").to_string();
        assert!(
            text.contains("segment 1") && text.contains("not finite"),
            "{text}"
        );
    }
}

#[test]
fn ways_are_means_over_images_whatever_the_batches() {
    let mut config = config("preact", "lm");
    config.body.steps = vec![3, 2];
    let (network, parameters) = network(&config);
    let all = Images::named("images", 3, config.input);
    let images = |from: usize, count: usize| all.part(from, count);
    let trace = |batches: &[(usize, usize)]| {
        let mut tracer = Tracer::new();
        for (from, count) in batches {
            let batch = images(*from, *count);
            tracer
                .add(&Exact, &network, &parameters, batch.view())
                .expect("a way");
        }
        tracer.finish()
    };
    let (together, apart) = (trace(&[(0, 3)]), trace(&[(0, 1), (1, 2)]));
    let close = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() < 1e-9,
        (a, b) => a == b,
    };
    for (a, b) in together.iter().zip(&apart) {
        assert!(close(a.straightness, b.straightness));
        for (a, b) in a.rows.iter().zip(&b.rows) {
            assert!(close(Some(a.state), Some(b.state)) && close(a.increment, b.increment));
            assert!(close(a.slope, b.slope) && close(a.cosine, b.cosine));
        }
        assert!(a.means.iter().all(|state| state.len() == 3));
    }
    // One image by hand, from its states.
    let mut states: Vec<Vec<f64>> = Vec::new();
    network
        .each_step(&Exact, &parameters, images(0, 1).view(), &mut |visit| {
            let (segment, state) = match visit {
                Visit::Begin { segment, state, .. } => (segment, state),
                Visit::Step(at) => (at.segment, at.next),
            };
            if segment == 1 {
                states.push(state.read());
            }
            Ok::<_, NetError>(())
        })
        .expect("all steps");
    let moves: Vec<Vec<f64>> = states
        .windows(2)
        .map(|w| w[1].iter().zip(&w[0]).map(|(a, b)| a - b).collect())
        .collect();
    let way = &trace(&[(0, 1)])[0];
    let length = |v: &[f64]| dot(v, v).sqrt();
    let root = |v: &[f64]| length(v) / (v.len() as f64).sqrt();
    assert_eq!(way.rows.len(), 4);
    for (i, row) in way.rows.iter().enumerate().skip(1) {
        assert!((row.state - root(&states[i])).abs() < 1e-12);
        assert!(close(row.increment, Some(root(&moves[i - 1]))));
        if i > 1 {
            let (a, b) = (&moves[i - 1], &moves[i - 2]);
            assert!(close(row.cosine, Some(dot(a, b) / length(a) / length(b))));
        }
    }
    let whole: Vec<f64> = states[3]
        .iter()
        .zip(&states[0])
        .map(|(a, b)| a - b)
        .collect();
    let along: f64 = moves.iter().map(|m| length(m)).sum();
    assert!(close(way.straightness, Some(length(&whole) / along)));
    // Features averaged over the pixels, channel by channel.
    let pixels = states[0].len() / way.channels;
    for (mean, plane) in way.means[0][0].iter().zip(states[0].chunks(pixels)) {
        assert!((mean - plane.iter().sum::<f64>() / pixels as f64).abs() < 1e-12);
    }
}
