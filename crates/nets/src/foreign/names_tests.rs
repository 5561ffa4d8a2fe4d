//! Do foreign names reach the right arrays, and does the report tell how?

use super::*;

fn target(name: &str, shape: &[usize]) -> Target {
    Target {
        name: name.into(),
        shape: shape.into(),
        is_buffer: name.contains("running_"),
        is_coefficient: name.ends_with("memory_k"),
    }
}

/// A file of arrays that count from 0.
fn file(arrays: &[(&str, &[usize])]) -> ForeignFile {
    let mut file = ForeignFile::default();
    for (name, shape) in arrays {
        let count: usize = shape.iter().product();
        let values = (0..count).map(|i| i as f32).collect();
        file.arrays
            .insert((*name).to_string(), (shape.to_vec(), values));
    }
    file
}

/// Names and shapes of a norm.
fn norm(list: &mut Vec<(String, Vec<usize>)>, name: &str, channels: usize) {
    for part in ["weight", "bias", "running_mean", "running_var"] {
        list.push((format!("{name}.{part}"), vec![channels]));
    }
}

const CHANNELS: [usize; 3] = [2, 4, 8];

/// The branch of step `n` of `segment`, under any name.
fn branch(list: &mut Vec<(String, Vec<usize>)>, name: &str, segment: usize, n: usize) {
    let output = CHANNELS[segment];
    let input = if n == 0 {
        CHANNELS[segment.saturating_sub(1)]
    } else {
        output
    };
    norm(list, &format!("{name}.bn1"), input);
    list.push((format!("{name}.conv1.weight"), vec![output, input, 3, 3]));
    norm(list, &format!("{name}.bn2"), output);
    list.push((format!("{name}.conv2.weight"), vec![output, output, 3, 3]));
}

fn shortcut(list: &mut Vec<(String, Vec<usize>)>, name: &str, input: usize, output: usize) {
    norm(list, &format!("{name}.downsample.0"), input);
    list.push((
        format!("{name}.downsample.2.weight"),
        vec![output, input, 1, 1],
    ));
}

fn ends(list: &mut Vec<(String, Vec<usize>)>) {
    list.push(("conv1.weight".into(), vec![2, 3, 3, 3]));
    norm(list, "bn", 8);
    list.push(("fc.weight".into(), vec![10, 8]));
    list.push(("fc.bias".into(), vec![10]));
}

/// What the authors' `MResNet` of 20 layers saves, narrower.
fn authors(channelwise: bool) -> ForeignFile {
    let mut list = Vec::new();
    ends(&mut list);
    norm(&mut list, "bn1", 2);
    for i in 0..9 {
        branch(&mut list, &format!("blocks.{i}"), i / 3, i % 3);
        let shape = if channelwise {
            vec![CHANNELS[i / 3], 1, 1]
        } else {
            vec![1]
        };
        list.push((format!("ks.{i}"), shape));
    }
    shortcut(&mut list, "downsample1", 2, 8);
    shortcut(&mut list, "downsample21", 2, 4);
    shortcut(&mut list, "downsample31", 4, 8);
    let mut file = ForeignFile::default();
    for (index, (name, shape)) in list.into_iter().enumerate() {
        let count: usize = shape.iter().product();
        let value = match name.strip_prefix("ks.") {
            Some(i) => 1.0 + i.parse::<f32>().unwrap() / 8.0,
            None => index as f32,
        };
        file.arrays.insert(name, (shape, vec![value; count]));
    }
    file
}

/// Our LM-ResNet-20, as narrow.
fn ours(coefficients: bool, channelwise: bool) -> Vec<Target> {
    let mut list = Vec::new();
    ends(&mut list);
    for (segment, &channels) in CHANNELS.iter().enumerate() {
        for n in 0..3 {
            let name = format!("layer{}.{n}", segment + 1);
            branch(&mut list, &name, segment, n);
            if n == 0 && segment > 0 {
                shortcut(&mut list, &name, CHANNELS[segment - 1], channels);
            } else if n > 0 && coefficients {
                let count = if channelwise { channels } else { 1 };
                list.push((format!("{name}.memory_k"), vec![count]));
            }
        }
    }
    list.iter().map(|(n, s)| target(n, s)).collect()
}

#[test]
fn the_authors_file_fills_our_network() {
    for channelwise in [false, true] {
        let (file, target) = (authors(channelwise), ours(true, channelwise));
        let mapping = map_names(&file, &target);
        assert!(mapping.is_complete(), "{mapping:#?}");
        assert_eq!(mapping.matched, target.len());
        for (theirs, ours) in [
            ("blocks.4.conv1.weight", "layer2.1.conv1.weight"),
            ("blocks.8.bn2.running_var", "layer3.2.bn2.running_var"),
            (
                "downsample21.downsample.0.bias",
                "layer2.0.downsample.0.bias",
            ),
            (
                "downsample31.downsample.2.weight",
                "layer3.0.downsample.2.weight",
            ),
            ("conv1.weight", "conv1.weight"),
        ] {
            assert_eq!(mapping.arrays[ours], file.arrays[theirs], "{ours}");
        }
        // k = 1 - ks: block 4 is the second of segment 2.
        assert_eq!(mapping.arrays["layer2.1.memory_k"].1[0], -0.5);
        assert_eq!(mapping.arrays["layer3.2.memory_k"].1[0], -1.0);
        let how = |c: &&Converted| c.how.starts_with("1 - ks.");
        assert_eq!(mapping.converted.iter().filter(how).count(), 6);
        // Three coefficients at the start of a segment, the stem's norm, the unused shortcut.
        assert_eq!(mapping.dropped.len(), 3 + 4 + 5);
        let reason = |name: &str| {
            let dropped = mapping.dropped.iter().find(|d| d.name == name);
            dropped.unwrap().reason.clone()
        };
        assert!(reason("ks.3").contains("`layer2.0` starts a segment"));
        assert!(reason("bn1.weight").contains("never use it"));
        assert!(mapping.notes.is_empty());
    }
}

#[test]
fn coefficients_for_a_network_without_them_are_dropped_aloud() {
    let mapping = map_names(&authors(false), &ours(false, false));
    assert!(mapping.is_complete());
    let without = |d: &&Dropped| d.reason == "the network has no learned coefficients";
    assert_eq!(mapping.dropped.iter().filter(without).count(), 9);
}

#[test]
fn another_number_of_blocks_is_not_guessed() {
    let mut file = authors(false);
    file.arrays.retain(|name, _| !name.starts_with("blocks.8."));
    let mapping = map_names(&file, &ours(true, false));
    assert!(mapping.missing.contains(&"layer1.0.conv1.weight".into()));
    assert!(mapping.unexpected.contains(&"blocks.0.conv1.weight".into()));
    assert!(mapping.unexpected.contains(&"ks.1".into()));
    let statistic = |name: &String| name.contains("running_");
    let first = mapping.missing.iter().position(statistic).unwrap();
    assert!(mapping.missing[first..].iter().all(statistic));
}

#[test]
fn untrained_coefficients_are_pointed_out() {
    let mut file = authors(false);
    for (name, (_, values)) in &mut file.arrays {
        if name.starts_with("ks.") {
            values.fill(1.05);
        }
    }
    let mapping = map_names(&file, &ours(true, false));
    assert!(mapping.notes[0].contains("pretrain=True"));
}

#[test]
fn prefixes_and_heads_are_renamed() {
    let file = file(&[
        ("module.conv1.weight", &[3, 2, 1, 1]),
        ("_orig_mod.module.linear.bias", &[2]),
        ("last_linear.weight", &[2, 3, 1, 1]),
        ("module.bn1.num_batches_tracked", &[]),
    ]);
    let target = [
        target("conv1.weight", &[3, 2, 1, 1]),
        target("classif.weight", &[2, 3]),
        target("classif.bias", &[2]),
    ];
    let mapping = map_names(&file, &target);
    assert!(mapping.is_complete(), "{mapping:#?}");
    let rules: Vec<(&str, &[&str])> = mapping
        .renamed
        .iter()
        .map(|r| (r.to.as_str(), r.rules.as_slice()))
        .collect();
    let expected: [(&str, &[&str]); 3] = [
        ("classif.bias", &["prefix", "head"]),
        ("classif.weight", &["head"]),
        ("conv1.weight", &["prefix"]),
    ];
    assert_eq!(rules, expected);
    assert_eq!(mapping.converted[0].how, "shape [2, 3, 1, 1] to [2, 3]");
    assert_eq!(mapping.dropped.len(), 1);
}

#[test]
fn squeeze_excite_and_shortcut_are_renamed() {
    let file = file(&[
        ("layer1.0.se.fc.0.weight", &[1, 4]),
        ("layer1.0.se.fc.2.weight", &[4, 1]),
        ("layer1.0.shortcut.0.weight", &[4, 2, 1, 1]),
        ("layer1.1.se_module.fc1.bias", &[1]),
    ]);
    let target = [
        target("layer1.0.se.fc1.weight", &[1, 4, 1, 1]),
        target("layer1.0.se.fc2.weight", &[4, 1, 1, 1]),
        target("layer1.0.downsample.0.weight", &[4, 2, 1, 1]),
        target("layer1.1.se.fc1.bias", &[1]),
    ];
    let mapping = map_names(&file, &target);
    assert!(mapping.is_complete(), "{mapping:#?}");
    assert_eq!(mapping.converted.len(), 2);
}

#[test]
fn two_claims_to_one_name_are_not_decided() {
    let needed = [target("fc.bias", &[2])];
    let both = file(&[("head.bias", &[2]), ("linear.bias", &[2])]);
    let mapping = map_names(&both, &needed);
    assert_eq!(mapping.unexpected, ["head.bias", "linear.bias"]);
    assert_eq!(mapping.missing, ["fc.bias"]);
    let exact = file(&[("fc.bias", &[2]), ("head.bias", &[2])]);
    let mapping = map_names(&exact, &needed);
    assert_eq!((mapping.matched, mapping.unexpected.len()), (1, 1));
}

#[test]
fn another_shape_is_reported_once() {
    let mapping = map_names(
        &file(&[("fc.weight", &[10, 8]), ("fc.bias", &[10, 1])]),
        &[target("fc.weight", &[100, 8]), target("fc.bias", &[10])],
    );
    assert_eq!(mapping.wrong_shape.len(), 2);
    assert_eq!(mapping.wrong_shape[1].needed, [100, 8]);
    assert!(mapping.missing.is_empty() && mapping.unexpected.is_empty());
    assert!(!mapping.is_complete());
}

#[test]
fn every_rule_is_explained() {
    for rule in RULES {
        assert!(!rule.name.is_empty() && rule.sentence.len() > 20);
    }
}
