//! Is a scheme from a file as good as one of the program? Analyses, networks, training, weights that carry it.

use crate::common::{objects, ok, refused, wrong};
use std::path::Path;

const KUTTA3: &str = "name = \"my-kutta\"\n\n[tableau]\na = [[], [\"1/2\"], [-1, 2]]\nb = [\"1/6\", \"2/3\", \"1/6\"]\n";
const LEARNED: &str = "name = \"my-lm3\"\n\n[multistep]\nlearned = true\nstates = [1.4, -0.5, 0.1]\ninit = [-0.1, 0]\ndecay = 2\n";
const AB3: &str = "name = \"my-ab3\"\n\n[multistep]\nstates = [1]\nslopes = [\"23/12\", \"-16/12\", \"5/12\"]\nstart = \"heun\"\n";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in [
        ("kutta.toml", KUTTA3),
        ("lm3.toml", LEARNED),
        ("ab3.toml", AB3),
    ] {
        std::fs::write(folder.path().join(name), text).expect("written");
    }
    folder
}

fn train(at: &Path, file: &str, name: &str, more: &[&str]) -> String {
    let args = [
        &[
            "train",
            "--net",
            "lm-resnet-20",
            "--steps",
            "4,4",
            "--width",
            "4",
            "--epochs",
            "1",
            "--overfit",
            "64",
            "--batch",
            "32",
            "--scheme-file",
            file,
            "--name",
            name,
        ][..],
        more,
    ]
    .concat();
    ok(at, &args)
}

/// The lines of a text that hold a word.
fn lines(text: &str, word: &str) -> Vec<String> {
    let all = text.lines().filter(|line| line.contains(word));
    all.map(str::to_owned).collect()
}

#[test]
fn analyses_answer_for_files_as_for_names() {
    let folder = folder();
    let at = folder.path();
    for what in ["order", "stability", "modified-equation"] {
        let found = objects(
            at,
            &[
                "analyze",
                what,
                "kutta3",
                "ab3",
                "--scheme-file",
                "kutta.toml",
                "--scheme-file",
                "ab3.toml",
            ],
        );
        let [kutta, ab3, my_kutta, my_ab3] = &found[..] else {
            panic!("four answers: {found:?}");
        };
        assert_eq!(
            (&my_kutta["scheme"], &my_ab3["scheme"]),
            (&"my-kutta".into(), &"my-ab3".into())
        );
        for (own, built_in) in [(my_kutta, kutta), (my_ab3, ab3)] {
            let (mut own, mut built_in) = (own.clone(), built_in.clone());
            for one in [&mut own, &mut built_in] {
                one["scheme"] = "".into();
            }
            assert_eq!(own, built_in, "{what}");
        }
    }
    let own = ok(
        at,
        &[
            "analyze",
            "stability",
            "--scheme-file",
            "kutta.toml",
            "--svg",
            "kutta.svg",
        ],
    );
    assert!(
        own.starts_with("my-kutta: stable for real hλ in [-2.5127, 0]"),
        "{own}"
    );
    let svg = std::fs::read_to_string(at.join("kutta.svg")).expect("written");
    assert!(svg.contains("Stability region of my-kutta"));
    ok(
        at,
        &[
            "analyze",
            "stability",
            "lm:-0.9",
            "euler",
            "--scheme-file",
            "ab3.toml",
            "--svg",
            "all.svg",
        ],
    );
    let svg = std::fs::read_to_string(at.join("all.svg")).expect("written");
    for words in ["lm (k = -0.9): ", "euler: ", "my-ab3: "] {
        assert!(svg.contains(words), "{words}");
    }
}

/// A step of the start costs what the starting procedure costs; the summary says so.
#[test]
fn summaries_count_the_evaluations_of_the_start() {
    let folder = folder();
    let at = folder.path();
    let args = [
        "summary",
        "--block",
        "preact",
        "--steps",
        "5",
        "--width",
        "4",
        "--scheme-file",
    ];
    let evaluations = |file: &str| {
        let found = objects(at, &[&args[..], &[file]].concat());
        (
            found[0]["scheme"]["key"].clone(),
            found[0]["block_evaluations"].as_u64(),
        )
    };
    // Two steps of Heun's method, then three of one evaluation.
    assert_eq!(evaluations("ab3.toml"), ("my-ab3".into(), Some(7)));
    assert_eq!(evaluations("kutta.toml"), ("my-kutta".into(), Some(15)));
    let text = ok(
        at,
        &["summary", "--block", "preact", "--scheme-file", "lm3.toml"],
    );
    assert!(text.contains("preact x my-lm3"), "{text}");
}

#[test]
fn weights_carry_their_scheme() {
    let folder = folder();
    let at = folder.path();
    for (file, name) in [
        ("lm3.toml", "lm3"),
        ("kutta.toml", "kutta"),
        ("ab3.toml", "ab3"),
    ] {
        train(at, file, name, &[]);
        // Whatever follows must do without it.
        let hidden = at.join(format!("{file}.hidden"));
        std::fs::rename(at.join(file), &hidden).expect("renamed");
        let run = format!("runs/{name}");
        let weights = format!("{run}/weights/best.safetensors");
        let recipe = std::fs::read_to_string(at.join(&run).join("recipe.toml")).expect("a recipe");
        let kept = lines(&recipe, "scheme = ");
        assert!(
            kept.len() == 1 && kept[0].contains(&format!("my-{name}")),
            "{kept:?}"
        );
        let summary = objects(at, &["summary", &weights]);
        assert_eq!(summary[0]["scheme"]["key"], format!("my-{name}"));
        ok(at, &["eval", &weights]);
        ok(at, &["analyze", "momentum", &weights]);
        ok(at, &["analyze", "stability", &weights, "--images", "1"]);
        ok(at, &["report", &run]);
        let twice = ok(
            at,
            &[
                "train",
                &run,
                "--epochs",
                "2",
                "--name",
                &format!("{name}-again"),
            ],
        );
        assert!(twice.contains("top-1") || !twice.is_empty(), "{twice}");
        ok(at, &["export", &weights, "-o", &format!("{name}.onnx")]);
    }
    let text = ok(
        at,
        &["analyze", "momentum", "runs/lm3/weights/best.safetensors"],
    );
    assert!(text.contains("k"), "{text}");
    let k = objects(at, &["analyze", "momentum", "runs/lm3"]);
    let learned = &k[0]["segments"][0]["all_k"];
    assert_eq!(learned[3].as_array().map(Vec::len), Some(2), "{learned}");
}

#[test]
fn a_run_of_a_file_is_continued_without_it() {
    let folder = folder();
    let at = folder.path();
    train(at, "lm3.toml", "whole", &["--set", "train.epochs=2"]);
    train(
        at,
        "lm3.toml",
        "parts",
        &["--set", "train.epochs=2", "--time", "0.001s"],
    );
    std::fs::remove_file(at.join("lm3.toml")).expect("removed");
    ok(at, &["train", "--resume", "runs/parts", "--time", "10m"]);
    let bytes =
        |run: &str| std::fs::read(at.join(run).join("weights/last.safetensors")).expect("weights");
    let numbers = |bytes: Vec<u8>| {
        let head = u64::from_le_bytes(bytes[..8].try_into().expect("eight")) as usize;
        bytes[8 + head..].to_vec()
    };
    assert_eq!(numbers(bytes("runs/whole")), numbers(bytes("runs/parts")));
}

#[test]
fn wrong_files_are_refused_in_their_words() {
    let folder = folder();
    let at = folder.path();
    std::fs::write(at.join("typo.toml"), KUTTA3.replace("tableau", "tablaeu")).expect("written");
    std::fs::write(at.join("sum.toml"), KUTTA3.replace("2/3", "0.666")).expect("written");
    std::fs::write(at.join("bytes.toml"), [0xFF, 0xFE, 0]).expect("written");
    std::fs::write(at.join("large.toml"), vec![b'#'; 200_000]).expect("written");
    let text = wrong(
        at,
        &["summary", "--scheme", "lm", "--scheme-file", "kutta.toml"],
    );
    assert!(text.contains("cannot be used with"), "{text}");
    assert!(wrong(at, &["analyze", "order"]).contains("SCHEME"));
    let commands: [&[&str]; 4] = [
        &["analyze", "order"],
        &["analyze", "stability"],
        &["summary", "--block", "preact"],
        &["train", "--dry-run"],
    ];
    for command in commands {
        for (file, says) in [
            ("typo.toml", "did you mean `tableau`"),
            ("sum.toml", "sum to 0.99"),
            ("bytes.toml", "is no text"),
            ("large.toml", "large"),
            ("missing.toml", "missing.toml"),
        ] {
            let text = refused(at, &[command, &["--scheme-file", file]].concat());
            assert!(text.contains(says), "{command:?} {file}: {text}");
        }
    }
    for (wrong, says) in [
        (&["analyze", "order", "lm:x"][..], "no number"),
        (&["analyze", "order", "lm:-0.5", "--k", "0"], "of its own"),
        (
            &[
                "analyze",
                "order",
                "--scheme-file",
                "kutta.toml",
                "--k",
                "0.5",
            ],
            "no coefficient",
        ),
    ] {
        let text = refused(at, wrong);
        assert!(text.contains(says), "{wrong:?}: {text}");
    }
}
