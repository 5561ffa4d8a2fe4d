//! Are checkpoints read as PyTorch means them, and bad ones refused without harm?
//!
//! The files come from `tests/golden/import/make.py`.

use super::*;
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;

macro_rules! golden {
    ($name:literal) => {
        include_bytes!(concat!("../../../../tests/golden/import/", $name)).as_slice()
    };
}

fn array(file: &ForeignFile, name: &str) -> (Vec<usize>, Vec<f32>) {
    file.arrays[name].clone()
}

fn counting(shape: &[usize]) -> (Vec<usize>, Vec<f32>) {
    let count: usize = shape.iter().product();
    (shape.to_vec(), (0..count).map(|i| i as f32).collect())
}

fn plain_arrays() -> Arrays {
    [
        ("conv1.weight", counting(&[3, 2, 1, 1])),
        ("bn1.weight", counting(&[3])),
        ("bn1.bias", counting(&[3])),
        ("bn1.running_mean", counting(&[3])),
        ("bn1.running_var", counting(&[3])),
        ("fc.weight", counting(&[2, 3])),
        ("fc.bias", counting(&[2])),
    ]
    .into_iter()
    .map(|(name, array)| (name.to_string(), array))
    .collect()
}

#[test]
fn a_state_dict_is_read_in_every_form() {
    for bytes in [
        golden!("plain.pth"),
        golden!("protocol4.pth"),
        golden!("big-endian.pth"),
    ] {
        let file = read_pytorch(bytes).unwrap();
        assert_eq!(file.arrays, plain_arrays());
        assert!(file.unwrapped.is_empty() && file.skipped.is_empty());
        assert!(file.was_type.is_empty());
    }
}

#[test]
fn a_training_checkpoint_is_opened() {
    let file = read_pytorch(golden!("nested.pth")).unwrap();
    assert_eq!(file.unwrapped, ["state_dict"]);
    let expected: Arrays = plain_arrays()
        .into_iter()
        .map(|(name, array)| (format!("module.{name}"), array))
        .collect();
    assert_eq!(file.arrays, expected);
}

#[test]
fn every_number_type_becomes_f32() {
    let file = read_pytorch(golden!("types.pth")).unwrap();
    let smallest = 5.960_464_5e-8;
    let half = vec![0.0, 1.5, -2.0, 6.103_515_6e-5, smallest];
    assert_eq!(array(&file, "f16").1, half);
    let brain = array(&file, "bf16").1;
    assert_eq!(brain[..3], [0.0, 1.5, -2.0]);
    assert!((brain[3] / 3e38 - 1.0).abs() < 0.004);
    assert_eq!(array(&file, "f64").1, [0.5, 1e-3]);
    assert_eq!(array(&file, "i32").1, [-7.0, 7.0]);
    assert_eq!(array(&file, "i8").1, [-1.0, 127.0]);
    assert_eq!(array(&file, "u8").1, [0.0, 255.0]);
    assert_eq!(array(&file, "bool").1, [1.0, 0.0]);
    assert_eq!(file.was_type["bf16"], "bfloat16");
    assert_eq!(file.was_type.len(), 7);
}

#[test]
fn views_are_read_through_their_strides() {
    let file = read_pytorch(golden!("views.pth")).unwrap();
    let transposed = vec![0.0, 3.0, 1.0, 4.0, 2.0, 5.0];
    assert_eq!(array(&file, "transposed"), (vec![3, 2], transposed));
    assert_eq!(array(&file, "sliced"), (vec![3], vec![4.0, 6.0, 8.0]));
    assert_eq!(array(&file, "expanded"), (vec![2, 3], vec![5.0; 6]));
    assert_eq!(array(&file, "scalar"), (vec![], vec![7.0]));
    assert_eq!(array(&file, "empty"), (vec![0, 3], vec![]));
    assert_eq!(array(&file, "whole"), counting(&[6]));
    assert_eq!(array(&file, "part"), (vec![2], vec![2.0, 3.0]));
    assert_eq!(array(&file, "parameter"), counting(&[2]));
}

#[test]
fn a_foreign_global_refuses_the_file_by_name() {
    let refused = |bytes| match read_pytorch(bytes) {
        Err(ForeignError::Refused(name)) => name,
        other => panic!("{other:?}"),
    };
    let attack = refused(golden!("malicious.pth"));
    assert!(
        attack == "posix.system" || attack == "nt.system",
        "{attack}"
    );
    assert_eq!(refused(golden!("whole-module.pth")), "__main__.Net");
    for (pickle, name) in [
        (&b"\x80\x02cbuiltins\neval\n."[..], "builtins.eval"),
        (b"\x80\x02(ios\nsystem\n.", "os.system"),
        (b"\x80\x04\x8c\x02os\x8c\x06system\x93.", "os.system"),
        (b"\x80\x02ctorch\nload\n.", "torch.load"),
    ] {
        let error = pickle::read(pickle).unwrap_err();
        assert_eq!(error, ForeignError::Refused(name.into()));
    }
}

#[test]
fn what_is_no_checkpoint_says_so() {
    use ForeignError as E;
    let error = |bytes| read_pytorch(bytes).unwrap_err();
    assert!(matches!(error(golden!("legacy.pth")), E::Legacy));
    assert!(matches!(error(golden!("torchscript.pth")), E::TorchScript));
    assert!(matches!(error(golden!("text.pth")), E::NotPytorch(_)));
    assert!(matches!(error(golden!("empty.pth")), E::NotPytorch(_)));
    assert!(matches!(error(b""), E::NotPytorch(_)));
    assert!(matches!(error(golden!("truncated.pth")), E::Corrupt(_)));
    let keys = vec!["model".to_string(), "net".to_string()];
    assert_eq!(error(golden!("ambiguous.pth")), E::Ambiguous(keys));
    for bytes in [
        golden!("outside.pth"),
        golden!("short-storage.pth"),
        golden!("huge.pth"),
    ] {
        let error = error(bytes);
        assert!(matches!(&error, E::Corrupt(reason) if reason.contains("`a`")));
        assert!(error.hint().is_some());
    }
}

/// xorshift: the mutations only have to be varied and the same on every run.
fn random(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 16) as usize
}

#[test]
fn mutated_files_never_panic() {
    let mut state = 0x9e37_79b9_7f4a_7c15;
    for original in [golden!("plain.pth"), golden!("views.pth")] {
        for length in (0..original.len()).step_by(7) {
            let _ = read_pytorch(&original[..length]);
        }
        for _ in 0..3000 {
            let mut bytes = original.to_vec();
            for _ in 0..1 + random(&mut state) % 4 {
                let at = random(&mut state) % bytes.len();
                bytes[at] = random(&mut state) as u8;
            }
            let _ = read_pytorch(&bytes);
        }
    }
}

/// The checksum of the archive catches most mutations above; here the pickle itself is mutated.
#[test]
fn mutated_pickles_never_panic() {
    let mut state = 0x2545_f491_4f6c_dd1d;
    let file = golden!("views.pth");
    let start = file.windows(3).position(|w| w == b"\x80\x02c").unwrap();
    let original = &file[start..start + 1200];
    assert!(pickle::read(original).is_ok());
    for length in 0..original.len() {
        let _ = pickle::read(&original[..length]);
    }
    for _ in 0..10_000 {
        let mut bytes = original.to_vec();
        for _ in 0..1 + random(&mut state) % 3 {
            let at = random(&mut state) % bytes.len();
            bytes[at] = match random(&mut state) % 2 {
                0 => random(&mut state) as u8,
                _ => original[random(&mut state) % original.len()],
            };
        }
        if pickle::read(&bytes).is_ok() {
            let _ = read_pytorch(&with_pickle(&bytes));
        }
    }
}

/// An archive of that pickle and storages of 24 bytes, all checksums right.
fn with_pickle(pickle: &[u8]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    writer.start_file("a/data.pkl", options).unwrap();
    writer.write_all(pickle).unwrap();
    for key in 0..7 {
        writer.start_file(format!("a/data/{key}"), options).unwrap();
        writer.write_all(&[1; 24]).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn absurd_pickles_are_errors() {
    // A text of 2^63 bytes, a million nested tuples, a list inside itself, a rebuilt nothing.
    let endless = b"\x80\x02\x8d\xff\xff\xff\xff\xff\xff\xff\x7fab.".to_vec();
    assert!(pickle::read(&endless).is_err());
    let mut nested = b"\x80\x02)".to_vec();
    nested.extend(std::iter::repeat_n(0x85, 1_000_000));
    nested.push(b'.');
    assert!(pickle::read(&nested).is_ok());
    assert!(pickle::read(b"\x80\x02]q\x00h\x00a.").is_ok());
    assert!(pickle::read(b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R.").is_err());
    let mut many = b"\x80\x02".to_vec();
    many.extend(std::iter::repeat_n(b'N', 4_000_001));
    assert!(pickle::read(&many).is_err());
}
