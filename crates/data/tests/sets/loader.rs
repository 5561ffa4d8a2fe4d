//! Are batches the same bits whatever the threads, the batch size and the starting point?

use timestep_data::{
    Augment, Batch, Cutout, DataError, Draw, ImageShape, Jitter, Loader, Mixup, Normalise,
    OpenOptions, PadMode, RandAugment, Split, View, fill_batch, open, order,
};

fn split() -> Split {
    let shape = ImageShape::new(3, 8, 6);
    let n = 53;
    let pixels = (0..n * shape.len()).map(|i| (i * i % 253) as u8).collect();
    Split::from_pixels(shape, pixels, (0..n).map(|i| (i % 5) as u16).collect()).unwrap()
}

const AUGMENT: Augment = Augment {
    view: View::Padded,
    pad: 2,
    pad_mode: PadMode::Reflect,
    flip: true,
    alternate: false,
    jitter: Jitter::OFF,
    rand_augment: RandAugment::OFF,
    cutout: Cutout::OFF,
    mixup: Mixup::OFF,
};

fn epoch(split: &Split, batch: usize, seed: u64, number: u64, first: usize) -> Vec<Batch> {
    let normalise = Normalise::from_split(split).unwrap();
    let loader = Loader::new(split, batch, normalise).unwrap();
    let loader = loader.shuffled(seed).augmented(AUGMENT, seed).unwrap();
    loader
        .epoch(number, first)
        .collect::<Result<_, _>>()
        .unwrap()
}

#[test]
fn thread_count_does_not_matter() {
    let split = split();
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            (
                epoch(&split, 16, 3, 0, 0),
                Normalise::from_split(&split).unwrap(),
            )
        })
    };
    let one = with(1);
    assert_eq!(one, with(2));
    assert_eq!(one, with(5));
}

#[test]
fn batch_size_does_not_matter_and_no_image_is_lost() {
    let split = split();
    let flat = |batches: Vec<Batch>| {
        let images: Vec<f32> = batches.iter().flat_map(|b| b.images.clone()).collect();
        let labels: Vec<u32> = batches.iter().flat_map(|b| b.labels.clone()).collect();
        (images, labels)
    };
    let batches = epoch(&split, 16, 3, 1, 0);
    assert_eq!(
        batches.iter().map(Batch::len).collect::<Vec<_>>(),
        [16, 16, 16, 5]
    );
    let whole = flat(batches);
    assert_eq!(whole, flat(epoch(&split, 53, 3, 1, 0)));
    assert_eq!(whole, flat(epoch(&split, 1, 3, 1, 0)));
    assert_eq!(whole.1.len(), 53);
}

#[test]
fn a_batch_knows_its_images_and_its_number_and_so_do_its_parts() {
    let split = split();
    let order = order(3, 1, 53);
    for (number, batch) in epoch(&split, 16, 3, 1, 0).into_iter().enumerate() {
        let numbers = order
            .iter()
            .skip(16 * number)
            .take(16)
            .map(|&i| u64::from(i));
        assert_eq!(batch.indices, numbers.collect::<Vec<_>>());
        assert_eq!(batch.number, number as u64);
        let parts = [
            batch.part(0..3),
            batch.part(3..11),
            batch.part(11..usize::MAX),
        ];
        assert_eq!(batch.part(0..batch.len()), batch);
        assert!(batch.part(20..30).is_empty());
        let mut whole = batch.part(0..0);
        for part in parts {
            assert_eq!((part.number, part.shape), (batch.number, batch.shape));
            whole.images.extend(part.images);
            whole.labels.extend(part.labels);
            whole.indices.extend(part.indices);
        }
        assert_eq!(whole, batch);
    }
}

#[test]
fn an_epoch_resumes_in_the_middle() {
    let split = split();
    let whole = epoch(&split, 10, 8, 4, 0);
    for first in 0..=6 {
        assert_eq!(epoch(&split, 10, 8, 4, first), whole[first.min(6)..]);
    }
    assert!(epoch(&split, 10, 8, 4, usize::MAX).is_empty());
    let loader = Loader::new(&split, 10, Normalise::identity(3)).unwrap();
    let mut batches = loader.epoch(0, 4);
    assert_eq!(
        (loader.batches(), batches.len(), batches.position()),
        (6, 2, 4)
    );
    assert_eq!(batches.next_indices(), (40..50).collect::<Vec<u32>>());
    assert!(batches.next().unwrap().is_ok());
    assert_eq!((batches.len(), batches.position()), (1, 5));
}

#[test]
fn seeds_and_epochs_differ() {
    let split = split();
    let base = epoch(&split, 53, 1, 0, 0);
    assert_eq!(base, epoch(&split, 53, 1, 0, 0));
    assert_ne!(base, epoch(&split, 53, 2, 0, 0));
    assert_ne!(base, epoch(&split, 53, 1, 1, 0));
}

#[test]
fn order_is_a_permutation_and_evenly_drawn() {
    for n in [0, 1, 2, 1000] {
        let mut numbers = order(5, 2, n);
        numbers.sort_unstable();
        assert!(numbers.into_iter().eq(0..n as u32));
    }
    // Each of the 24 orders of 4 things, 24000 times in all: five deviations are 155.
    let mut counts = std::collections::BTreeMap::<Vec<u32>, u32>::new();
    for epoch in 0..24_000 {
        *counts.entry(order(1, epoch, 4)).or_default() += 1;
    }
    assert_eq!(counts.len(), 24);
    assert!(
        counts.values().all(|&c| c.abs_diff(1000) < 155),
        "{counts:?}"
    );
}

#[test]
fn plain_batches_are_scaled_and_shifted() {
    let split = split();
    let normalise = Normalise::new(vec![0.5, 0.25, 0.0], vec![0.5, 0.2, 1.0]).unwrap();
    let batch = fill_batch(&split, &[7, 7, 0], None, &normalise).unwrap();
    assert_eq!((batch.len(), batch.labels.as_slice()), (3, &[2, 2, 0][..]));
    let plane = split.shape().plane();
    for (slot, index) in [7, 7, 0].into_iter().enumerate() {
        for (i, &raw) in split.pixels(index).unwrap().iter().enumerate() {
            let c = i / plane;
            let expected = (f32::from(raw) / 255.0 - normalise.mean[c]) / normalise.std[c];
            assert_eq!(batch.images[slot * split.shape().len() + i], expected);
        }
    }
}

#[test]
fn augmented_batches_follow_the_draw_of_each_image() {
    let split = split();
    let ImageShape { height, width, .. } = split.shape();
    let plane = split.shape().plane();
    for pad_mode in [PadMode::Zero, PadMode::Reflect] {
        let augment = Augment {
            pad: 3,
            pad_mode,
            flip: true,
            ..Augment::default()
        };
        let draw = Draw {
            augment: &augment,
            seed: 9,
            epoch: 2,
        };
        let normalise = Normalise::new(vec![0.5; 3], vec![0.25; 3]).unwrap();
        let indices: Vec<u32> = (0..53).collect();
        let batch = fill_batch(&split, &indices, Some(draw), &normalise).unwrap();
        for index in indices {
            let crop = augment.draw(9, 2, index);
            let image = split.pixels(index as usize).unwrap();
            for (i, &got) in batch.images[index as usize * image.len()..][..image.len()]
                .iter()
                .enumerate()
            {
                let (c, y, x) = (i / plane, i % plane / width, i % width);
                let x = if crop.flip { width - 1 - x } else { x };
                let place = |at: usize, extent: usize| -> Option<usize> {
                    let at = at as isize - 3;
                    let n = extent as isize;
                    match pad_mode {
                        PadMode::Zero => (0..n).contains(&at).then_some(at as usize),
                        PadMode::Reflect if at < 0 => Some(-at as usize),
                        PadMode::Reflect if at >= n => Some((2 * n - 2 - at) as usize),
                        PadMode::Reflect => Some(at as usize),
                    }
                };
                let from = place(y + crop.top, height).zip(place(x + crop.left, width));
                let raw = from.map_or(0, |(y, x)| image[c * plane + y * width + x]);
                assert_eq!(got, (f32::from(raw) / 255.0 - 0.5) / 0.25);
            }
        }
    }
}

#[test]
fn what_cannot_be_used_is_refused() {
    let split = split();
    let identity = Normalise::identity(3);
    let pad = Augment { pad: 6, ..AUGMENT };
    let draw = Draw {
        augment: &pad,
        seed: 0,
        epoch: 0,
    };
    let error = fill_batch(&split, &[0], Some(draw), &identity).unwrap_err();
    assert!(matches!(
        error,
        DataError::PadTooLarge {
            pad: 6,
            height: 8,
            width: 6
        }
    ));
    let loader = Loader::new(&split, 4, identity.clone()).unwrap();
    assert!(loader.augmented(pad, 0).is_err());
    assert!(Loader::new(&split, 0, identity.clone()).is_err());
    assert!(Loader::new(&split, 4, Normalise::identity(1)).is_err());
    let error = fill_batch(&split, &[53], None, &identity).unwrap_err();
    assert_eq!(
        error.to_string(),
        "image 53 was asked for, and the split has 53 (the first is 0)"
    );
    let zero = Normalise {
        mean: vec![0.0; 3],
        std: vec![0.0; 3],
    };
    assert!(fill_batch(&split, &[0], None, &zero).is_err());
}

#[test]
fn the_embedded_set_trains_as_documented() {
    let set = open("digits", &OpenOptions::default()).unwrap();
    let normalise = Normalise::from_split(&set.train).unwrap();
    let all: Vec<u32> = (0..set.train.len() as u32).collect();
    let batch = fill_batch(&set.train, &all, None, &normalise).unwrap();
    let n = batch.images.len() as f64;
    let mean = batch.images.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
    let var = batch
        .images
        .iter()
        .map(|&v| (f64::from(v) - mean).powi(2))
        .sum::<f64>()
        / n;
    assert!(
        mean.abs() < 1e-6 && (var - 1.0).abs() < 1e-5,
        "{mean} {var}"
    );
    assert_eq!(
        set.fingerprint(),
        open("digits", &OpenOptions::default())
            .unwrap()
            .fingerprint()
    );
    assert_eq!(set.fingerprint().len(), 64);
}

/// The promise that a saved run repeats: FNV-1a over the bits of an augmented epoch, by the independent program
/// `tests/golden/epoch.py`. It may never change.
#[test]
fn padded_batches_are_pinned() {
    let split = split();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for batch in epoch(&split, 16, 3, 5, 0) {
        for value in batch.images {
            hash = (hash ^ u64::from(value.to_bits())).wrapping_mul(0x100_0000_01b3);
        }
    }
    assert_eq!(hash, 15_671_547_015_678_436_496);
}
