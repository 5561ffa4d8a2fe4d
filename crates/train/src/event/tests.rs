use super::*;

fn epoch(loss: f64, all_k: Vec<Vec<Vec<f64>>>) -> Event {
    Event::Epoch {
        epoch: 12,
        step: 276,
        train: TrainMetrics { loss, top1: 0.75 },
        test: TestMetrics {
            loss: 0.5,
            top1: 0.875,
            top5: 1.0,
        },
        ema: None,
        lr: 0.1,
        images_per_second: 1500.0,
        seconds: 2.5,
        memory_k: vec![vec![None, Some(-0.0625)], vec![Some(f64::NEG_INFINITY)]],
        all_k,
        effort: None,
        best: true,
    }
}

/// One of each kind.
fn all() -> Vec<Event> {
    let test = TestMetrics {
        loss: 0.5,
        top1: 0.9,
        top5: 1.0,
    };
    vec![
        Event::Start {
            run: "runs/a".into(),
            recipe: "digits/lm-resnet-20".into(),
            what: What::Classifier {
                network: "lm-resnet-20".into(),
                data: "digits".into(),
                parameters: 272_090,
                multiply_adds: 2_500_000,
                train_images: 1437,
                test_images: 360,
                overfit: false,
                epochs: 20,
                steps_per_epoch: 23,
            },
            seed: 0,
            resumed: Some(Position::Epochs { epoch: 3, step: 69 }),
        },
        Event::Start {
            run: "runs/b".into(),
            recipe: "denoising/trd-5x5-s25".into(),
            what: What::Restorer(RestoreStart {
                model: "trd-5x5".into(),
                sigma: 25.0,
                parameters: 10_445,
                train_pictures: 100,
                train_pixels: 3_240_000,
                test_pictures: 0,
                test_data: String::new(),
                phases: 6,
            }),
            seed: 1000,
            resumed: None,
        },
        Event::Phase {
            phase: 1,
            of: 6,
            first: 1,
            last: 1,
            parameters: 2089,
            pictures: 100,
            iterations: 40,
            batch: None,
        },
        Event::Evaluation {
            phase: 1,
            evaluation: 1,
            loss: f64::INFINITY,
            psnr: f64::NEG_INFINITY,
            seconds: 1.5,
        },
        Event::PhaseEnd {
            restored: restored(Some(RestoreTest { psnr: 27.25 })),
            seconds: 300.0,
            memory_k: vec![vec![], vec![-0.25]],
        },
        Event::Step {
            epoch: 1,
            step: 10,
            loss: 2.5,
            lr: 0.01,
        },
        epoch(0.7, vec![]),
        epoch(0.7, vec![vec![vec![], vec![-0.5, f64::INFINITY]]]),
        Event::Checkpoint {
            at: Position::Epochs { epoch: 1, step: 23 },
            path: "state/last".into(),
            best: false,
        },
        Event::Warning {
            message: "k is \"large\"".into(),
            hint: None,
        },
        Event::Diverged {
            at: Position::Epochs { epoch: 3, step: 60 },
            segment: Some(2),
            block_step: Some(1),
            what: "loss".into(),
            lr: Some(0.8),
        },
        Event::Diverged {
            at: Position::Phases {
                phase: 1,
                evaluation: 0,
            },
            segment: None,
            block_step: None,
            what: "the loss".into(),
            lr: None,
        },
        Event::Interrupted {
            at: Position::Epochs { epoch: 3, step: 60 },
            resume: "runs/a".into(),
        },
        Event::End {
            reason: EndReason::Epochs,
            measured: Measured::Classifier {
                epoch: 20,
                step: 460,
                test,
                best: Best {
                    epoch: 19,
                    top1: 0.99,
                },
            },
            seconds: 50.0,
        },
        Event::End {
            reason: EndReason::Phases,
            measured: Measured::Restorer {
                last: restored(None),
                best: BestPhase {
                    phase: 6,
                    psnr: 28.5,
                },
            },
            seconds: 5000.0,
        },
    ]
}

fn restored(test: Option<RestoreTest>) -> Restored {
    Restored {
        phase: 1,
        evaluation: 44,
        loss: 45.5,
        psnr: 28.5,
        test,
    }
}

#[test]
fn the_form_of_the_ends_is_fixed() {
    let lines: Vec<String> = all()
        .iter()
        .filter(|event| event.name() == "end")
        .map(Event::to_json)
        .collect();
    assert_eq!(
        lines,
        [
            concat!(
                r#"{"v":1,"event":"end","reason":"epochs","epoch":20,"step":460,"#,
                r#""test":{"loss":0.5,"top1":0.9,"top5":1.0},"best":{"epoch":19,"top1":0.99},"seconds":50.0}"#,
            ),
            concat!(
                r#"{"v":1,"event":"end","reason":"phases","phase":1,"evaluation":44,"loss":45.5,"#,
                r#""psnr":28.5,"test":null,"best":{"phase":6,"psnr":28.5},"seconds":5000.0}"#,
            ),
        ]
    );
}

#[test]
fn the_form_of_an_epoch_is_fixed() {
    // A scheme with several coefficients per step says more.
    let several = epoch(0.5, vec![vec![vec![], vec![-0.5, 0.25]]]).to_json();
    assert!(
        several.contains(r#""all_k":[[[],[-0.5,0.25]]],"best""#),
        "{several}"
    );
    assert_eq!(
        epoch(f64::NAN, vec![]).to_json(),
        concat!(
            r#"{"v":1,"event":"epoch","epoch":12,"step":276,"train":{"loss":"nan","top1":0.75},"#,
            r#""test":{"loss":0.5,"top1":0.875,"top5":1.0},"lr":0.1,"images_per_second":1500.0,"#,
            r#""seconds":2.5,"memory_k":[[null,-0.0625],["-inf"]],"best":true}"#,
        )
    );
}

#[test]
fn every_event_comes_back_equal_and_begins_with_version_and_name() {
    for event in all() {
        let json = event.to_json();
        let start = format!(r#"{{"v":1,"event":"{}","#, event.name());
        assert!(json.starts_with(&start), "{json}");
        assert!(!json.contains('\n'));
        let back: Event = serde_json::from_str(&json).expect("its own output");
        assert_eq!(back, event);
    }
}

#[test]
fn numbers_that_are_not_finite_are_strings_both_ways() {
    for (value, word) in [
        (f64::NAN, "nan"),
        (f64::INFINITY, "inf"),
        (f64::NEG_INFINITY, "-inf"),
    ] {
        let event = Event::Step {
            epoch: 1,
            step: 1,
            loss: value,
            lr: 0.5,
        };
        let json = event.to_json();
        assert!(json.contains(&format!(r#""loss":"{word}""#)), "{json}");
        let Event::Step { loss, .. } = serde_json::from_str(&json).expect("its own output") else {
            panic!("another event came back");
        };
        assert_eq!(loss.to_bits(), value.to_bits());
    }
}

#[test]
fn whole_numbers_are_read_as_reals() {
    let json = r#"{"v":1,"event":"step","epoch":1,"step":1,"loss":2,"lr":-1}"#;
    let event: Event = serde_json::from_str(json).expect("valid");
    assert_eq!(
        event,
        Event::Step {
            epoch: 1,
            step: 1,
            loss: 2.0,
            lr: -1.0
        }
    );
}

#[test]
fn another_version_and_other_words_are_refused() {
    let json = r#"{"v":2,"event":"step","epoch":1,"step":1,"loss":2,"lr":1}"#;
    let error = serde_json::from_str::<Event>(json).expect_err("version 2");
    assert!(error.to_string().contains("version 2"), "{error}");
    let json = r#"{"v":1,"event":"step","epoch":1,"step":1,"loss":"huge","lr":1}"#;
    let error = serde_json::from_str::<Event>(json).expect_err("no such number");
    assert!(error.to_string().contains("huge"), "{error}");
}
