//! RandAugment, cutout and mixup in batches: the same bits however batches are made and cut, and nothing moved by them.

use timestep_data::{
    Augment, Batch, Cutout, Draw, ImageShape, Loader, Mixup, Normalise, RandAugment, Share, Split,
    fill_batch, shard,
};

const SHAPE: ImageShape = ImageShape::new(3, 8, 6);

fn split() -> Split {
    let n = 53;
    let pixels = (0..n * SHAPE.len()).map(|i| (i * i % 253) as u8).collect();
    Split::from_pixels(SHAPE, pixels, (0..n).map(|i| (i % 5) as u16).collect()).unwrap()
}

const ALL: Augment = Augment {
    pad: 2,
    rand_augment: RandAugment {
        operations: 2,
        magnitude: 20,
    },
    cutout: Cutout { size: 3 },
    mixup: Mixup { alpha: 0.5 },
    ..Augment::CIFAR
};

fn epoch(split: &Split, augment: Augment, batch: usize, first: usize) -> Vec<Batch> {
    let normalise = Normalise::from_split(split).unwrap();
    let loader = Loader::new(split, batch, normalise).unwrap();
    let loader = loader.shuffled(3).augmented(augment, 3).unwrap();
    loader.epoch(5, first).collect::<Result<_, _>>().unwrap()
}

#[test]
fn threads_and_resuming_change_no_bit() {
    let split = split();
    let whole = epoch(&split, ALL, 10, 0);
    for first in 0..6 {
        assert_eq!(epoch(&split, ALL, 10, first), whole[first..]);
    }
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        assert_eq!(pool.install(|| epoch(&split, ALL, 10, 0)), whole);
    }
}

#[test]
fn a_share_of_a_batch_is_a_part_of_the_whole() {
    let split = split();
    let normalise = Normalise::from_split(&split).unwrap();
    let loader = Loader::new(&split, 10, normalise).unwrap().shuffled(3);
    let loader = loader.augmented(ALL, 3).unwrap();
    let whole = epoch(&split, ALL, 10, 0);
    for shards in 1..6 {
        for own in [0..1, 0..shards, shards - 1..shards, shards / 2..shards] {
            let share = Share { shards, own };
            for ahead in [false, true] {
                let some = loader.clone().shared(share.clone()).prefetched(ahead);
                for (part, whole) in some.epoch(5, 0).zip(&whole) {
                    let part = part.unwrap();
                    assert_eq!(part, whole.part(share.places(whole.len())), "{share:?}");
                    assert_eq!(part.whole, whole.len());
                }
            }
        }
    }
    // The last batch has three images: a shard of five may have none.
    assert_eq!(shard(3, 5, 0), 0..0);
    assert_eq!((1..5).map(|n| shard(3, 5, n).len()).sum::<usize>(), 3);
}

#[test]
fn one_of_several_batches_is_made() {
    let split = split();
    let normalise = Normalise::from_split(&split).unwrap();
    let loader = Loader::new(&split, 10, normalise).unwrap();
    let numbers = |every, first, ahead| -> Vec<u64> {
        let some = loader.clone().one_of(every).prefetched(ahead);
        let batches = some.epoch(0, first);
        assert_eq!(batches.len(), batches.clone().count());
        batches.map(|batch| batch.unwrap().number).collect()
    };
    for ahead in [false, true] {
        assert_eq!(numbers(1, 4, ahead), [4, 5]);
        assert_eq!(numbers(4, 1, ahead), [1, 5]);
        assert_eq!(numbers(4, 3, ahead), [3]);
        assert!(numbers(7, 6, ahead).is_empty());
    }
}

#[test]
fn what_varies_one_image_does_not_depend_on_its_batch() {
    let split = split();
    let single = Augment {
        mixup: Mixup::OFF,
        ..ALL
    };
    let flat = |size| -> Vec<f32> {
        let batches = epoch(&split, single, size, 0);
        assert!(batches.iter().all(|batch| batch.mix.is_none()));
        batches.into_iter().flat_map(|batch| batch.images).collect()
    };
    let whole = flat(53);
    assert_eq!(whole, flat(10));
    assert_eq!(whole, flat(1));
}

#[test]
fn a_batch_is_mixed_whole_before_it_is_cut() {
    let split = split();
    let plain = Augment {
        mixup: Mixup::OFF,
        ..ALL
    };
    let batches = epoch(&split, ALL, 10, 0);
    for (mixed, before) in batches.iter().zip(epoch(&split, plain, 10, 0)) {
        // Mixing moves no other draw.
        assert_eq!(
            (&mixed.labels, &mixed.indices),
            (&before.labels, &before.indices)
        );
        let mix = mixed.mix.as_ref().unwrap();
        let each = SHAPE.len();
        for i in 0..mixed.len() {
            let share = mix.share[i];
            // The partner is found by what the mixture is made of.
            let image = |batch: &Batch, i: usize| batch.images[i * each..][..each].to_vec();
            let is_partner = |j: &usize| {
                let (own, other) = (image(&before, i), image(&before, *j));
                let both = own.iter().zip(&other);
                let sum: Vec<f32> = both.map(|(a, b)| share * a + (1.0 - share) * b).collect();
                sum == image(mixed, i)
            };
            let partner = (0..mixed.len()).find(is_partner).expect("a partner");
            assert_eq!(before.labels[partner], mix.partner_labels[i]);
        }
        let parts = [mixed.part(0..4), mixed.part(4..99)];
        let shares: Vec<f32> = parts
            .iter()
            .flat_map(|part| part.mix.as_ref().unwrap().share.clone())
            .collect();
        assert_eq!(shares, mix.share);
        assert_eq!(parts[1].len(), parts[1].mix.as_ref().unwrap().share.len());
    }
    // Another number of the batch, another permutation: the same images would be mixed otherwise.
    assert_ne!(batches[0].mix, batches[1].mix);
}

#[test]
fn operations_come_after_the_crop_and_cutout_after_the_normalisation() {
    let split = split();
    let normalise = Normalise::new(vec![0.25; 3], vec![0.5; 3]).unwrap();
    let fill = |augment: Augment| {
        let draw = Draw {
            augment: &augment,
            seed: 9,
            epoch: 2,
        };
        let indices: Vec<u32> = (0..53).collect();
        fill_batch(&split, &indices, Some(draw), &normalise)
            .unwrap()
            .images
    };
    // At magnitude 0 most operations do nothing: what they leave is the crop.
    let still = RandAugment {
        operations: 1,
        magnitude: 0,
    };
    let cropped = fill(Augment {
        pad: 2,
        ..Augment::CIFAR
    });
    let varied = fill(Augment {
        pad: 2,
        rand_augment: still,
        ..Augment::CIFAR
    });
    let each = SHAPE.len();
    let same = cropped
        .chunks(each)
        .zip(varied.chunks(each))
        .filter(|(a, b)| a == b)
        .count();
    // Eleven of fourteen operations; solarising changes no value below 255, equalising nothing so small.
    assert!((42..53).contains(&same), "{same}");
    // A square of zeros, which no raw value gives here: 0.25·255 is not a whole number.
    let cut = fill(Augment {
        pad: 2,
        cutout: Cutout { size: 3 },
        ..Augment::CIFAR
    });
    for (before, after) in cropped.chunks(each).zip(cut.chunks(each)) {
        let changed = before.iter().zip(after).filter(|(a, b)| a != b);
        let zeros = after.iter().filter(|v| **v == 0.0).count();
        assert_eq!(changed.count(), zeros);
        assert!(
            zeros % 3 == 0 && (3 * 4..=3 * 9).contains(&zeros),
            "{zeros}"
        );
    }
}

#[test]
fn impossible_settings_are_refused_by_the_loader() {
    let split = split();
    for (augment, expected) in [
        (
            Augment {
                cutout: Cutout { size: 7 },
                ..Augment::default()
            },
            "the square of cutout is 7 pixels",
        ),
        (
            Augment {
                mixup: Mixup { alpha: -1.0 },
                ..Augment::default()
            },
            "alpha of mixup is -1",
        ),
        (
            Augment {
                rand_augment: RandAugment {
                    operations: 2,
                    magnitude: 40,
                },
                ..Augment::default()
            },
            "the magnitude of RandAugment is 40",
        ),
    ] {
        let loader = Loader::new(&split, 10, Normalise::identity(3)).unwrap();
        let error = loader.augmented(augment, 1).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}
