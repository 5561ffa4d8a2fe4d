//! Are products with the Jacobian of a step those of the step, and its spectrum the right one?

use timestep_nets::{
    DType, InputShape, Measured, NetError, Network, NetworkConfig, ParamId, Parameters, StepAt,
    Tensor, TensorData, Tracer, Transition, Verdict, Visit, device, preset, stream,
};
use timestep_numerics::Complex64;
use timestep_numerics::analysis::{AnalysisError, Effort, arnoldi};

/// Numbers in (-1, 1) that depend on a name alone.
fn noise(name: &str, n: usize) -> Vec<f64> {
    use rand_chacha::rand_core::Rng;
    let mut rng = stream(3, name);
    (0..n)
        .map(|_| f64::from(rng.next_u32()) / f64::from(u32::MAX) * 2.0 - 1.0)
        .collect()
}

fn input(height: usize, width: usize) -> InputShape {
    InputShape {
        channels: 3,
        height,
        width,
    }
}

fn one_image(shape: InputShape, dtype: DType) -> Tensor<4> {
    let n = shape.channels * shape.height * shape.width;
    let data = TensorData::new(
        noise("image", n),
        [1, shape.channels, shape.height, shape.width],
    );
    let device = device("cpu").expect("cpu");
    Tensor::from_data(data, (&device, dtype))
}

/// A network with running statistics and coefficients that are not those of the start.
fn network(config: &NetworkConfig, dtype: DType) -> (Network, Parameters) {
    let network = Network::build(config).expect("builds");
    let device = device("cpu").expect("cpu");
    let mut parameters = network.init(5, &device);
    let specs = parameters.specs().clone();
    let ids: Vec<ParamId> = parameters.ids().collect();
    for (spec, id) in specs.iter().zip(ids) {
        let draw = noise(&spec.name, spec.len());
        let values: Vec<f64> = match &spec.name {
            n if n.ends_with("running_var") => draw.iter().map(|x| 1.0 + 0.4 * x).collect(),
            n if n.ends_with("running_mean") => draw.iter().map(|x| 0.2 * x).collect(),
            n if n.contains("memory_k") => draw.iter().map(|x| 0.4 * x).collect(),
            _ => continue,
        };
        let data = TensorData::new(values, [spec.len()]);
        parameters.set(id, Tensor::from_data(data, (&device, DType::F32)));
    }
    (network, parameters.cast(dtype))
}

/// Calls `look` at every step.
fn steps(
    config: &NetworkConfig,
    dtype: DType,
    mut look: impl FnMut(&StepAt<'_>) -> Result<(), NetError>,
) -> Result<usize, NetError> {
    let (network, parameters) = network(config, dtype);
    let image = one_image(config.input, dtype);
    let mut count = 0;
    network.each_step(&parameters, image, &mut |visit| match visit {
        Visit::Begin { .. } => Ok(()),
        Visit::Step(at) => {
            count += 1;
            look(at)
        }
    })?;
    Ok(count)
}

fn config(block: &str, scheme: &str) -> NetworkConfig {
    NetworkConfig {
        steps: vec![2, 2],
        width: 4,
        ..NetworkConfig::new(block, scheme, input(4, 2), 5)
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// `J w` by central differences.
fn differences(at: &StepAt<'_>, w: &[f64]) -> Vec<f64> {
    let (point, eps) = (at.point().expect("a point"), 1e-6);
    let side = |sign: f64| {
        let moved: Vec<f64> = point
            .iter()
            .zip(w)
            .map(|(u, w)| u + sign * eps * w)
            .collect();
        at.value(&moved).expect("a value")
    };
    let (after, before) = (side(1.0), side(-1.0));
    after
        .iter()
        .zip(&before)
        .map(|(a, b)| (a - b) / (2.0 * eps))
        .collect()
}

const PAIRS: [(&str, &str, Measured); 9] = [
    ("preact", "euler", Measured::Slope),
    ("preact", "lm", Measured::Slope),
    ("postact", "lm3", Measured::Slope),
    ("se-preact", "rk4", Measured::Slope),
    ("preact-bottleneck", "ab2", Measured::Slope),
    ("preact", "poly2", Measured::Slope),
    ("preact", "reversible", Measured::Pair),
    ("preact", "two-way", Measured::Increment),
    ("postact", "fractal2", Measured::Increment),
];

#[test]
fn products_agree_with_finite_differences() {
    for (block, scheme, kind) in PAIRS {
        let count = steps(&config(block, scheme), DType::F64, |at| {
            assert_eq!(at.measured()?, kind, "{block} {scheme}");
            let n = at.point()?.len();
            let (v, w) = (noise("v", n), noise("w", n));
            let moved = dot(&v, &differences(at, &w));
            let product = dot(&at.transposed_product(&v)?, &w);
            let size = moved.abs().max(1e-3);
            assert!(
                (moved - product).abs() < 1e-6 * size.max(1.0),
                "{block} {scheme}: {at:?}: {moved} {product}"
            );
            Ok(())
        })
        .expect("all steps");
        // Strided steps have no square Jacobian; projections and reversible entrances take no such step.
        assert!((2..=4).contains(&count), "{block} {scheme}: {count}");
    }
}

#[test]
fn the_fused_kernels_find_the_same_products() {
    for (block, scheme, _) in PAIRS {
        let config = NetworkConfig {
            width: 16,
            input: input(8, 8),
            ..config(block, scheme)
        };
        let products = |dtype| {
            let mut all = Vec::new();
            steps(&config, dtype, |at| {
                let v = noise("v", at.point()?.len());
                all.push(at.transposed_product(&v)?);
                Ok(())
            })
            .expect("all steps");
            all
        };
        for (fused, exact) in products(DType::F32).iter().zip(products(DType::F64)) {
            let error: Vec<f64> = fused.iter().zip(&exact).map(|(a, b)| a - b).collect();
            let size = dot(&exact, &exact).sqrt();
            let error = dot(&error, &error).sqrt();
            // A ReLU may switch within rounding; then one pixel differs.
            assert!(size > 0.0 && error < 1e-3 * size, "{block} {scheme}");
        }
    }
}

#[test]
fn a_spectrum_is_that_of_the_dense_jacobian() {
    for (block, scheme) in [
        ("preact", "lm"),
        ("postact", "euler"),
        ("preact", "two-way"),
    ] {
        let config = NetworkConfig {
            steps: vec![3],
            ..config(block, scheme)
        };
        steps(&config, DType::F64, |at| {
            let n = at.point()?.len();
            assert_eq!(n, 32, "tiny");
            // Column by column.
            let columns: Vec<Vec<f64>> = (0..n)
                .map(|j| {
                    let unit: Vec<f64> = (0..n).map(|i| f64::from(u8::from(i == j))).collect();
                    differences(at, &unit)
                })
                .collect();
            let all = Effort {
                products: n,
                tolerance: 0.0,
            };
            let dense = arnoldi(&noise("start", n), all, |v| {
                let row = |i: usize| (0..n).map(|j| columns[j][i] * v[j]).sum();
                Ok::<_, AnalysisError>((0..n).map(row).collect())
            })?;
            let found = at.spectrum(all, 1)?;
            assert!((found.radius() - dense.radius()).abs() < 1e-5, "{at:?}");
            let [largest, left, right, top] = dense.outer().map(|r| r.value);
            let (low, high, up) = found.extent();
            assert!((low - left.re).abs() < 1e-5 && (high - right.re).abs() < 1e-5);
            assert!((up - top.im).abs() < 1e-5 && largest.norm() > 0.1);
            // What the eigenvalues of any matrix sum up to, and those of its square.
            let trace: f64 = (0..n).map(|i| columns[i][i]).sum();
            let square: f64 = (0..n)
                .flat_map(|i| (0..n).map(move |j| (i, j)))
                .map(|(i, j)| columns[i][j] * columns[j][i])
                .sum();
            let sum: Complex64 = found.values.iter().map(|v| v.z).sum();
            let squares: Complex64 = found.values.iter().map(|v| v.z * v.z).sum();
            assert!((sum - trace).norm() < 1e-4, "{sum} {trace}");
            assert!((squares - square).norm() < 1e-4, "{squares} {square}");
            Ok(())
        })
        .expect("all steps");
    }
}

/// Sets the parameters whose name ends so.
fn set(parameters: &mut Parameters, ending: &str, value: impl Fn(usize) -> f64) {
    let specs = parameters.specs().clone();
    let ids: Vec<ParamId> = parameters.ids().collect();
    let device = device("cpu").expect("cpu");
    let mut found = false;
    for (spec, id) in specs.iter().zip(ids) {
        if spec.name.starts_with("layer1.") && spec.name.ends_with(ending) {
            let values: Vec<f64> = (0..spec.len()).map(&value).collect();
            let data = TensorData::new(values, [spec.len()]);
            parameters.set(id, Tensor::from_data(data, (&device, DType::F32)));
            found = true;
        }
    }
    assert!(found, "no parameter ends with `{ending}`");
}

#[test]
fn a_linear_block_has_the_eigenvalues_it_was_given() {
    // Norms that do nothing but lift everything above zero, so that no ReLU acts; the first convolution
    // is the identity and the second mixes channels pixel by pixel: not normal, with a complex pair.
    let mix = [
        [-0.4, -1.3, 5.0, 0.0],
        [1.3, -0.4, 0.0, 3.0],
        [0.0, 0.0, -1.5, 7.0],
        [0.0, 0.0, 0.0, 0.25],
    ];
    let config = NetworkConfig {
        steps: vec![2],
        ..config("preact", "lm")
    };
    let (network, mut parameters) = network(&config, DType::F32);
    let centre = |i: usize| (i % 9 == 4).then_some((i / 9 / 4, i / 9 % 4));
    set(&mut parameters, "bn1.weight", |_| 1.0);
    set(&mut parameters, "bn2.weight", |_| 1.0);
    set(&mut parameters, "bn1.bias", |_| 100.0);
    set(&mut parameters, "bn2.bias", |_| 100.0);
    set(&mut parameters, "running_mean", |_| 0.0);
    set(&mut parameters, "running_var", |_| 1.0 - 1e-5);
    set(&mut parameters, "conv1.weight", |i| {
        f64::from(u8::from(centre(i).is_some_and(|(out, from)| out == from)))
    });
    set(&mut parameters, "conv2.weight", |i| {
        centre(i).map_or(0.0, |(out, from)| mix[out][from])
    });
    set(&mut parameters, "memory_k", |_| -0.5);
    let effort = Effort {
        products: 32,
        tolerance: 0.0,
    };
    let mut found = Vec::new();
    let image = one_image(config.input, DType::F32);
    network
        .each_step(&parameters, image, &mut |visit| {
            if let Visit::Step(at) = visit {
                found.push(at.spectrum(effort, 0)?);
            }
            Ok::<_, NetError>(())
        })
        .expect("all steps");
    assert_eq!(found.len(), 2);
    for step in &found {
        let near = |re: f64, im: f64| {
            let z = Complex64::new(re, im);
            step.settled().any(|v| (v.z - z).norm() < 2e-3)
        };
        assert!(near(-0.4, 1.3) && near(-0.4, -1.3) && near(-1.5, 0.0) && near(0.25, 0.0));
        assert!((step.radius() - 1.5).abs() < 2e-3, "{step:?}");
        let (low, high, top) = step.extent();
        assert!((low + 1.5).abs() < 2e-3 && (high - 0.25).abs() < 2e-3 && (top - 1.3).abs() < 2e-3);
        assert_eq!(step.dimension, 32);
    }
    // The first step is forward Euler: its largest growth is |1 + z| of the pair. The second has k = -0.5.
    let euler = Complex64::new(0.6, 1.3).norm();
    assert!(
        (found[0].growth() - euler).abs() < 2e-3,
        "{}",
        found[0].growth()
    );
    assert_eq!(found[0].region.history(), 0);
    let expected = found[1]
        .region
        .growth(Complex64::new(-0.4, 1.3))
        .expect("a number");
    assert!((found[1].growth() - expected).abs() < 2e-3 && expected > euler);
    assert_eq!(found[1].region.coefficients(), [-0.5]);
    assert_eq!(found[1].verdict(), Verdict::Outside);
    // The pair is outside because of the scheme, the positive value because of the equation. Eight pixels
    // have the same eigenvalues, and rounding makes the search find copies.
    let (own, scheme) = found[0].outside();
    assert!(own >= 1 && scheme >= 2 && scheme % 2 == 0, "{own} {scheme}");
}

#[test]
fn the_visit_is_the_forward_pass() {
    let config = config("preact", "lm");
    for dtype in [DType::F64, DType::F32] {
        let (network, parameters) = network(&config, dtype);
        let image = one_image(config.input, dtype);
        let numbers = |u: &timestep_nets::Features| -> Vec<f64> {
            u.to_nchw().to_data().iter::<f64>().collect()
        };
        let mut probed = Vec::new();
        let pass = timestep_nets::Pass::new(parameters.values(), timestep_nets::Mode::Eval);
        let mut probe = |segment: usize, step: usize, u: &timestep_nets::Features| {
            probed.push((segment, step, numbers(u)));
        };
        network
            .forward_probed(&pass, image.clone(), Some(&mut probe))
            .expect("forward");
        let mut seen = Vec::new();
        network
            .each_step(&parameters, image, &mut |visit| {
                seen.push(match visit {
                    Visit::Begin {
                        segment,
                        taken,
                        state,
                    } => (segment, taken, numbers(state)),
                    Visit::Step(at) => (at.segment, at.step, numbers(at.next)),
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
    let fractal = preset("fractalnet-20").expect("a preset").at_home();
    let small = NetworkConfig {
        width: 4,
        input: input(32, 32),
        ..fractal
    };
    let refused = steps(&small, DType::F32, |at| {
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
    let (network, parameters) = network(&small, DType::F32);
    let mut tracer = Tracer::new();
    let image = one_image(small.input, DType::F32);
    tracer.add(&network, &parameters, image).expect("a way");
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
    steps(&config("preact", "euler"), DType::F32, |at| {
        assert!(at.transposed_product(&[1.0]).is_err() && at.value(&[1.0]).is_err());
        Ok(())
    })
    .expect("all steps");
}

#[test]
fn a_state_that_is_not_finite_is_named() {
    let config = NetworkConfig {
        transition: Transition::StridedStep,
        ..config("preact", "euler")
    };
    let (network, parameters) = network(&config, DType::F32);
    let broken = one_image(config.input, DType::F32) * f32::NAN;
    let found = network.each_step(&parameters, broken, &mut |_| Ok::<_, NetError>(()));
    let text = found.expect_err("not finite").to_string();
    assert!(
        text.contains("segment 1") && text.contains("not finite"),
        "{text}"
    );
}

#[test]
fn ways_are_means_over_images_whatever_the_batches() {
    let config = NetworkConfig {
        steps: vec![3, 2],
        ..config("preact", "lm")
    };
    let (network, parameters) = network(&config, DType::F64);
    let shape = config.input;
    let n = shape.channels * shape.height * shape.width;
    let device = device("cpu").expect("cpu");
    let images = |from: usize, count: usize| {
        let all = noise("images", 3 * n);
        let data = TensorData::new(
            all[from * n..(from + count) * n].to_vec(),
            [count, shape.channels, shape.height, shape.width],
        );
        Tensor::<4>::from_data(data, (&device, DType::F64))
    };
    let trace = |batches: &[(usize, usize)]| {
        let mut tracer = Tracer::new();
        for (from, count) in batches {
            let batch = images(*from, *count);
            tracer.add(&network, &parameters, batch).expect("a way");
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
        .each_step(&parameters, images(0, 1), &mut |visit| {
            let (segment, state) = match visit {
                Visit::Begin { segment, state, .. } => (segment, state),
                Visit::Step(at) => (at.segment, at.next),
            };
            if segment == 1 {
                states.push(state.to_nchw().to_data().iter::<f64>().collect());
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
