use super::*;
use crate::Method;
use timestep_engine::{End, Engine, Exact, Features, Fused, Gradients, Recording, Wanted};
use timestep_numerics::random::Stream;
use timestep_picture::Plane;

const SIDE: usize = 9;

fn pixels(count: usize) -> Vec<f32> {
    let mut stream = Stream::new(3, "pictures", 0, 0);
    (0..count).map(|_| stream.unit() as f32).collect()
}

fn training() -> Recording {
    Recording {
        wanted: Wanted::Parameters,
        statistics: true,
    }
}

/// A network whose norms have learned something.
fn some() -> (Network, timestep_engine::Parameters) {
    let network = Network::new(4, 8).expect("a network");
    let mut parameters = network.start(5);
    let mut stream = Stream::new(4, "norms", 0, 0);
    for (id, spec) in parameters.ids().zip(network.specs().clone().iter()) {
        if spec.name.contains("norm") || spec.name.contains("bias") {
            for value in parameters.value_mut(id) {
                *value += (0.4 * stream.unit()) as f32;
            }
        }
    }
    (network, parameters)
}

#[test]
fn it_has_the_published_number_of_parameters() {
    let network = Network::new(17, 64).expect("a network");
    let model = network.folded(&network.start(1)).expect("folds");
    assert_eq!(model.count(), 576 + 64 + 15 * (36_864 + 64) + 576 + 1);
    assert_eq!((model.layers(), model.width()), (17, 64));
    assert!(Network::new(2, 64).is_err() && Network::new(17, 0).is_err());
}

/// Norms that use their running statistics, in plain double precision.
fn unfolded(
    network: &Network,
    parameters: &timestep_engine::Parameters,
    input: &[f32],
) -> Vec<f64> {
    let at = |layer: usize, what: &str| -> Option<Vec<f64>> {
        let id = network.specs().find(&format!("layers.{layer}.{what}"))?;
        Some(parameters.value(id).iter().map(|v| f64::from(*v)).collect())
    };
    let mut state: Vec<f64> = input.iter().map(|v| f64::from(*v)).collect();
    for layer in 0..4 {
        let weight = at(layer, "weight").expect("there");
        let inputs = state.len() / (SIDE * SIDE);
        let outputs = weight.len() / (9 * inputs);
        let mut next = vec![0.0; outputs * SIDE * SIDE];
        for (i, value) in next.iter_mut().enumerate() {
            let (out, y, x) = (i / (SIDE * SIDE), i / SIDE % SIDE, i % SIDE);
            for channel in 0..inputs {
                for tap in 0..9 {
                    let (v, u) = (y + tap / 3, x + tap % 3);
                    if (1..=SIDE).contains(&v) && (1..=SIDE).contains(&u) {
                        let from = state[(channel * SIDE + v - 1) * SIDE + u - 1];
                        *value += weight[(out * inputs + channel) * 9 + tap] * from;
                    }
                }
            }
            *value = match at(layer, "bias") {
                Some(bias) => *value + bias[out],
                None => {
                    let of = |what| at(layer, what).expect("a norm")[out];
                    let root = (of("norm.running_var") + 1e-5).sqrt();
                    (*value - of("norm.running_mean")) / root * of("norm.weight") + of("norm.bias")
                }
            };
            if layer < 3 {
                *value = value.max(0.0);
            }
        }
        state = next;
    }
    state
}

#[test]
fn folding_the_norms_changes_nothing_on_any_engine() {
    let (network, parameters) = some();
    let input = pixels(SIDE * SIDE);
    let expected = unfolded(&network, &parameters, &input);
    let model = network.folded(&parameters).expect("folds");
    assert!(expected.iter().any(|v| v.abs() > 0.05), "{expected:?}");
    for engine in [&Fused as &dyn Engine, &Exact] {
        let found = model.noise(engine, &input, (SIDE, SIDE));
        for (a, b) in found.iter().zip(&expected) {
            assert!((a - b).abs() < 1e-4, "{a} {b}");
        }
    }
}

#[test]
fn statistics_of_batches_are_those_of_the_norms_and_are_absorbed() {
    let (network, mut parameters) = some();
    let input = pixels(3 * SIDE * SIDE);
    let tape = Fused.open(&parameters, &training());
    let pictures = Features::images(&tape, [3, 1, SIDE, SIDE], &input);
    let (_, measured) = network.noise(&tape, &pictures);
    drop((tape, pictures));
    assert_eq!(measured.iter().map(|m| m.0).collect::<Vec<_>>(), [1, 2]);
    let id = network
        .specs()
        .find("layers.2.norm.running_var")
        .expect("there");
    let before = parameters.value(id)[3];
    network.absorb(&mut parameters, &measured, 0.1);
    let expected = 0.9 * f64::from(before) + 0.1 * measured[1].1.variance[3];
    assert!((f64::from(parameters.value(id)[3]) - expected).abs() < 1e-6);
}

#[test]
fn the_gradient_is_that_of_the_squared_error() {
    let (network, parameters) = some();
    let input = pixels(2 * SIDE * SIDE);
    let dims = [2, 1, SIDE, SIDE];
    let values: Vec<f64> = parameters.values().iter().map(|v| f64::from(*v)).collect();
    let loss = |values: Vec<f64>| -> f64 {
        let tape = Exact.open_f64(network.specs(), values, &training());
        let pictures = Features::images(&tape, dims, &input);
        let found = network.noise(&tape, &pictures).0.read();
        found.iter().map(|v| (v - 0.1).powi(2) / 2.0).sum()
    };
    let mut gradients = Gradients::zeros(network.specs());
    let tape = Fused.open(&parameters, &training());
    let pictures = Features::images(&tape, dims, &input);
    let (found, _) = network.noise(&tape, &pictures);
    let apart: Vec<f32> = found.read().iter().map(|v| (v - 0.1) as f32).collect();
    let apart = Features::images(&tape, dims, &apart);
    tape.backward(
        &[End::Features(found.value(), apart.value())],
        &mut gradients,
    );
    let mut checked = 0;
    for i in (0..values.len()).step_by(7) {
        let moved = |by: f64| {
            let mut other = values.clone();
            other[i] += by;
            loss(other)
        };
        let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
        let found = f64::from(gradients.values()[i]);
        assert!(
            (slope - found).abs() < 1e-3 + 2e-3 * slope.abs(),
            "{i}: {slope} {found}"
        );
        checked += usize::from(slope.abs() > 1e-2);
    }
    assert!(checked > 20, "{checked}");
}

#[test]
fn a_network_goes_through_a_file_in_half_precision() {
    let (network, parameters) = some();
    let model = network.folded(&parameters).expect("folds");
    let bytes = model
        .to_bytes(&[("training", "none".into())])
        .expect("bytes");
    assert!(bytes.len() < 2 * model.count() + 2000);
    let read = Model::from_bytes(&bytes).expect("reads");
    assert_eq!(
        read.to_bytes(&[("training", "none".into())])
            .expect("bytes"),
        bytes
    );
    let input = pixels(SIDE * SIDE);
    let of = |model: &Model| model.noise(&Fused, &input, (SIDE, SIDE));
    for (a, b) in of(&model).iter().zip(of(&read)) {
        assert!((a - b).abs() < 5e-3, "{a} {b}");
    }
    for cut in [0, 9, bytes.len() / 2, bytes.len() - 1] {
        assert!(Model::from_bytes(&bytes[..cut]).is_err(), "{cut}");
    }
}

#[test]
fn tiles_and_threads_change_no_bit() {
    let network = Network::new(5, 16).expect("a network");
    let model = network.folded(&network.start(5)).expect("folds");
    let method = Dncnn::new(model);
    let tiling = method.tiling().expect("tiles");
    let (w, h) = (150, 217);
    let grey: Vec<f32> = pixels(w * h).iter().map(|v| 255.0 * v).collect();
    let noisy = Plane::new(w, h, grey).expect("fits");
    for sigma in [8.0, 25.0, 70.0] {
        let run = |threads: usize, plane: &Plane| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let out = pool
                .expect("a pool")
                .install(|| method.denoise(std::slice::from_ref(plane), &[sigma]));
            out.expect("cleaned").remove(0)
        };
        let whole = run(1, &noisy);
        assert!(whole != noisy);
        assert_eq!(whole, run(2, &noisy));
        assert_eq!(whole, run(5, &noisy));
        for (left, top, width, height) in [
            (0, 0, 60, 50),
            (60, 0, 90, 49),
            (31, 47, 64, 150),
            (0, 163, 100, 11),
            (99, 201, 51, 16),
        ] {
            let start = |at: usize| at.saturating_sub(tiling.halo) / tiling.grid * tiling.grid;
            let (x0, y0) = (start(left), start(top));
            let x1 = (left + width + tiling.halo).min(w);
            let y1 = (top + height + tiling.halo).min(h);
            let part = run(2, &noisy.crop(x0, y0, x1 - x0, y1 - y0));
            let inner = part.crop(left - x0, top - y0, width, height);
            assert_eq!(inner, whole.crop(left, top, width, height), "{left} {top}");
        }
    }
}

#[test]
fn pictures_of_any_size_are_cleaned_and_without_noise_stay() {
    let network = Network::new(3, 8).expect("a network");
    let method = Dncnn::new(network.folded(&network.start(5)).expect("folds"));
    for (width, height) in [(1, 1), (1, 40), (3, 2), (7, 5)] {
        let grey = pixels(width * height).iter().map(|v| 255.0 * v).collect();
        let plane = Plane::new(width, height, grey).expect("fits");
        let planes = [plane.clone(), plane];
        let cleaned = method.denoise(&planes, &[25.0, 0.0]).expect("cleans");
        assert_eq!(cleaned[1], planes[1]);
        assert!(cleaned[0].pixels().iter().all(|v| v.is_finite()));
    }
}
