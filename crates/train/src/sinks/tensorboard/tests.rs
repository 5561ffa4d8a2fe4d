//! Are the event files what TensorBoard reads? Decoded here from the format's description alone.

use super::*;
use crate::sinks::tests::epoch;

/// A field of a protocol buffer.
#[derive(Debug, PartialEq)]
enum Field<'a> {
    Varint(u64),
    Double(f64),
    Bytes(&'a [u8]),
    Float(f32),
}

/// A table-free CRC-32C, bit by bit, to check the one in use.
fn crc(data: &[u8]) -> u32 {
    !data.iter().fold(!0_u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 }
        })
    })
}

fn unmasked(masked: u32) -> u32 {
    masked.wrapping_sub(0xa282_ead8).rotate_left(15)
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (head, tail) = bytes.split_at(count);
    *bytes = tail;
    head
}

fn take_array<const N: usize>(bytes: &mut &[u8]) -> [u8; N] {
    take(bytes, N).try_into().expect("N bytes were taken")
}

fn take_varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let [byte] = take_array(bytes);
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return value;
        }
    }
    panic!("a varint of more than ten bytes");
}

fn records(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut records = Vec::new();
    while !bytes.is_empty() {
        let length = take_array::<8>(&mut bytes);
        assert_eq!(
            unmasked(u32::from_le_bytes(take_array(&mut bytes))),
            crc(&length)
        );
        let data = take(&mut bytes, u64::from_le_bytes(length) as usize);
        assert_eq!(
            unmasked(u32::from_le_bytes(take_array(&mut bytes))),
            crc(data)
        );
        records.push(data);
    }
    records
}

fn fields(mut bytes: &[u8]) -> Vec<(u64, Field<'_>)> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = take_varint(&mut bytes);
        let field = match key & 7 {
            0 => Field::Varint(take_varint(&mut bytes)),
            1 => Field::Double(f64::from_le_bytes(take_array(&mut bytes))),
            2 => {
                let length = take_varint(&mut bytes) as usize;
                Field::Bytes(take(&mut bytes, length))
            }
            5 => Field::Float(f32::from_le_bytes(take_array(&mut bytes))),
            wire => panic!("wire type {wire} is not used"),
        };
        fields.push((key >> 3, field));
    }
    fields
}

fn scalars(summary: &[u8]) -> Vec<(&str, f32)> {
    fields(summary)
        .into_iter()
        .map(|(number, field)| match (number, field) {
            (1, Field::Bytes(value)) => scalar(value),
            other => panic!("not a value: {other:?}"),
        })
        .collect()
}

fn scalar(value: &[u8]) -> (&str, f32) {
    match fields(value)[..] {
        [(1, Field::Bytes(tag)), (2, Field::Float(number))] => {
            (std::str::from_utf8(tag).expect("tags are text"), number)
        }
        ref other => panic!("not a scalar: {other:?}"),
    }
}

const TIME: f64 = 1_700_000_000.25;

fn open(folder: &Path, resumed: Option<usize>) -> TensorboardSink {
    TensorboardSink::open_with(folder, resumed, || TIME).expect("opens")
}

#[test]
fn checksums_match_published_vectors() {
    // RFC 3720, B.4, and the check value of CRC-32C.
    assert_eq!(crc(b"123456789"), 0xe306_9283);
    assert_eq!(crc(&[0; 32]), 0x8a91_36aa);
    assert_eq!(crc(&[0xff; 32]), 0x62a8_ab43);
    for data in [&b"123456789"[..], &[0; 32], &[]] {
        assert_eq!(unmasked(masked_crc(data)), crc(data));
    }
}

#[test]
fn the_first_record_has_known_bytes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sink = TensorboardSink::open_with(folder.path(), None, || 0.0).expect("opens");
    let bytes = std::fs::read(sink.path()).expect("readable");
    let mut data = vec![0x09, 0, 0, 0, 0, 0, 0, 0, 0, 0x1a, 13];
    data.extend_from_slice(b"brain.Event:2");
    assert_eq!(bytes[..8], [24, 0, 0, 0, 0, 0, 0, 0]);
    // The length of 24 bytes begins every event file there is, with this checksum after it.
    assert_eq!(bytes[8..12], [0xa3, 0x7f, 0x4b, 0x22]);
    assert_eq!(bytes[12..36], data);
    let name = sink
        .path()
        .file_name()
        .expect("a file")
        .to_string_lossy()
        .into_owned();
    assert_eq!(name, "events.out.tfevents.0000000000.timestep.000");
}

#[test]
fn the_scalars_come_back() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut sink = open(folder.path(), None);
    sink.on(&Event::Step {
        epoch: 1,
        step: 3,
        loss: 2.5,
        lr: 0.25,
    })
    .expect("writes");
    sink.on(&epoch(300)).expect("writes");
    sink.on(&Event::Warning {
        message: "x".into(),
        hint: None,
    })
    .expect("ignores");
    let bytes = std::fs::read(sink.path()).expect("readable");
    let records = records(&bytes);
    assert_eq!(records.len(), 3);

    let version = (3, Field::Bytes(b"brain.Event:2"));
    assert_eq!(fields(records[0]), [(1, Field::Double(TIME)), version]);
    let event = fields(records[1]);
    assert_eq!(
        event[..2],
        [(1, Field::Double(TIME)), (2, Field::Varint(3))]
    );
    let [_, _, (5, Field::Bytes(summary))] = event[..] else {
        panic!("{event:?}")
    };
    assert_eq!(scalars(summary), [("loss/batch", 2.5), ("lr", 0.25)]);

    let event = fields(records[2]);
    let [_, (2, Field::Varint(3000)), (5, Field::Bytes(summary))] = event[..] else {
        panic!("{event:?}")
    };
    let expected = [
        ("loss/train", (0.5_f64 / 300.0) as f32),
        ("loss/test", 0.25),
        ("top1/train", 0.75),
        ("top1/test", 0.875),
        ("top5/test", 1.0),
        ("lr", 0.1),
        ("images_per_second", 1000.0),
        ("memory_k/segment1/step2", -0.5),
        ("memory_k/segment1/step2/age2", 0.125),
    ];
    assert_eq!(scalars(summary), expected);
}

#[test]
fn a_resumed_run_gets_its_own_file_that_voids_later_steps() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let first = open(folder.path(), None);
    let second = open(folder.path(), Some(30));
    assert!(first.path() < second.path());
    let bytes = std::fs::read(second.path()).expect("readable");
    let start = (7, Field::Bytes(&[0x08, 1]));
    let event = fields(records(&bytes)[1]);
    assert_eq!(
        event,
        [(1, Field::Double(TIME)), (2, Field::Varint(31)), start]
    );
}
