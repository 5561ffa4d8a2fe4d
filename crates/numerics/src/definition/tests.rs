//! Do definitions mean what they say, and do wrong ones say what is wrong?

use super::*;
use crate::analysis;
use crate::{StageId, facts, scheme};

const KUTTA3: &str = "name = \"my-kutta\"\n[tableau]\na = [[], [\"1/2\"], [-1, 2]]\nb = [\"1/6\", \"2/3\", \"1/6\"]\nc = [0, 0.5, 1]\n";
const AB3: &str = "name = \"my-ab3\"\n[multistep]\nstates = [1]\nslopes = [\"23/12\", \"-16/12\", \"5/12\"]\nstart = \"heun\"\n";
const LM: &str =
    "name = \"my-lm\"\n[multistep]\nlearned = true\nstates = [1.5, -0.5]\ninit = [-0.1, 0]\n";
const HALVES: &str = "name = \"two-heuns\"\n[composition]\nsteps = [{ scheme = \"heun\", h = \"1/2\" }, { scheme = \"heun\", h = 0.5 }]\n";

/// Ten steps of `u' = cos u - u/3`, with coefficients where there are any.
fn run(name: &str) -> Vec<f64> {
    let scheme = scheme::<f64>(name).expect("a scheme");
    let mut f = |_: StageId, u: &f64| Ok::<_, StepError>(u.cos() - u / 3.0);
    let (mut u, mut memory, mut all) = (0.3, Memory::new(), Vec::new());
    for step in 0..10 {
        let ctx = StepCtx::new(step, 0.1).with_coefs(vec![-0.5; 3]);
        u = scheme.step(&mut f, &u, &mut memory, &ctx).expect("steps");
        all.push(u);
    }
    all
}

#[test]
fn a_defined_scheme_is_the_registered_one() {
    for (text, key) in [(KUTTA3, "kutta3"), (AB3, "ab3"), (LM, "lm")] {
        let (own, built_in) = (
            facts(text).expect("defined"),
            facts(key).expect("registered"),
        );
        assert_eq!(own.order, built_in.order);
        assert_eq!(
            (own.stages, own.start_stages, own.memory, own.keeps_slopes),
            (
                built_in.stages,
                built_in.start_stages,
                built_in.memory,
                built_in.keeps_slopes
            )
        );
        assert_eq!(own.coefficient.is_some(), built_in.coefficient.is_some());
        for (a, b) in run(text).iter().zip(run(key)) {
            assert!((a - b).abs() < 1e-15, "{key}: {a} {b}");
        }
        let (mine, theirs) = (
            analysis::stability(text, None).expect("an answer"),
            analysis::stability(key, None).expect("an answer"),
        );
        assert!((mine.real_interval.0 - theirs.real_interval.0).abs() < 1e-9);
        assert!((mine.imaginary_interval - theirs.imaginary_interval).abs() < 1e-6);
        let equation = |name| analysis::modified_equation(name, None, 5).expect("an answer");
        assert_eq!(equation(text).to_string(), equation(key).to_string());
        let order = analysis::order(text, None).expect("an answer");
        assert!(
            (order.order - f64::from(own.order)).abs() < 0.1,
            "{order:?}"
        );
    }
}

#[test]
fn a_composition_is_its_steps_one_after_the_other() {
    let own = facts(HALVES).expect("defined");
    assert_eq!(
        (own.order, own.stages, own.equation),
        (2, 4, "heun of 1/2 h, then heun of 0.5 h")
    );
    let heun = scheme::<f64>("heun").expect("registered");
    let mut f = |_: StageId, u: &f64| Ok::<_, StepError>(u.cos() - u / 3.0);
    let mut u = 0.3;
    for expected in run(HALVES) {
        for _ in 0..2 {
            let ctx = StepCtx::new(1, 0.05);
            u = heun
                .step(&mut f, &u, &mut Memory::new(), &ctx)
                .expect("steps");
        }
        assert!((u - expected).abs() < 1e-15);
    }
}

/// The line that recipes keep says the same, and is its own line.
#[test]
fn one_line_says_what_the_file_said() {
    for text in [KUTTA3, AB3, LM, HALVES] {
        let own = facts(text).expect("defined");
        assert!(!own.written().contains('\n'), "{}", own.written());
        let again = facts(own.written()).expect("defined");
        assert!(std::ptr::eq(own, again));
        assert_eq!(Definition::parse(own.written()), Definition::parse(text));
    }
    // Another scheme of the same name is another scheme.
    let other =
        facts(&KUTTA3.replace("c = [0, 0.5, 1]", "sharing = \"per-stage\"")).expect("defined");
    assert_eq!(other.key, "my-kutta");
    assert_eq!(other.sharing, Sharing::PerStage);
}

#[test]
fn coefficients_start_and_fade_as_the_file_says() {
    let text = "name = \"fading\"\n[multistep]\nlearned = true\nstates = [1, -0.1, 0.1]\ninit = [-0.2, 0.1]\ndecay = 2";
    let own = facts(text).expect("defined").coefficient.expect("learned");
    assert_eq!((own.default, own.older), (-0.1, &[0.1][..]));
    assert_eq!(own.init_of(0), (-0.2, 0.1));
    assert_eq!(own.init_of(1), (-0.05, 0.025));
    assert_eq!((own.count(0), own.count(1), own.count(5)), (0, 1, 2));
}

/// The order of a multistep method is not better than its start allows.
#[test]
fn a_start_of_low_order_is_said() {
    let text = AB3
        .replace("start = \"heun\"\n", "")
        .replace("my-ab3", "ab3-by-euler");
    assert_eq!(facts(&text).expect("defined").order, 2);
    let found = analysis::order(&text, None).expect("an answer");
    assert!((found.order - 2.0).abs() < 0.1, "{found:?}");
    // One that follows u'/2 = f(u) starts in its own time.
    let slow = "name = \"slow\"\n[multistep]\nstates = [1.5, -0.5]\nslopes = [\"7/4\", \"-3/4\"]";
    let own = facts(slow).expect("defined");
    let found = analysis::order(slow, None).expect("an answer");
    assert!((found.time_scale - 0.5).abs() < 1e-12);
    assert!(
        (found.order - f64::from(own.order)).abs() < 0.1,
        "{own:?} {found:?}"
    );
}

#[test]
fn wrong_definitions_say_what_is_wrong() {
    let long = format!("name = \"x\"\n#{}", "x".repeat(70_000));
    let many = format!("name = \"x\"\n[tableau]\na = []\nb = [{}]", "0,".repeat(40));
    let deep = format!("{{ name = {}", "[".repeat(9000));
    for (text, says, hint) in [
        ("", "no name", ""),
        ("name = ", "no TOML", "bring-a-scheme"),
        (&long, "bytes", "another file"),
        (&deep, "no TOML", ""),
        ("name = \"x\"", "no numbers", "tableau"),
        (
            "name = \"X y\"\n[tableau]\nb=[1]",
            "no name for a scheme",
            "",
        ),
        (
            "name = \"rk4\"\n[tableau]\nb=[1]",
            "registered scheme `rk4`",
            "own",
        ),
        (
            "name = \"forward-euler\"\n[tableau]\nb=[1]",
            "registered scheme `euler`",
            "",
        ),
        ("name = \"x\"\ntablaeu = 1", "no `tablaeu`", "`tableau`"),
        (
            "name = \"x\"\n[tableau]\nb = [1]\nnodes = [0]",
            "`tableau` has no `nodes`",
            "`a`",
        ),
        ("name = \"x\"\ntableau = 3", "no table", ""),
        (
            "name = \"x\"\n[tableau]\nb=[1]\n[multistep]\nstates=[1]",
            "at once",
            "",
        ),
        ("name = \"x\"\n[tableau]\nb = []", "empty", ""),
        ("name = \"x\"\n[tableau]\nb = [nan]", "not finite", ""),
        ("name = \"x\"\n[tableau]\nb = [inf]", "not finite", ""),
        (
            "name = \"x\"\n[tableau]\nb = [\"inf\"]",
            "no number",
            "fraction",
        ),
        ("name = \"x\"\n[tableau]\nb = [\"1/0\"]", "no number", ""),
        (
            "name = \"x\"\n[tableau]\nb = [1e300]",
            "1e300, whose size is above",
            "",
        ),
        ("name = \"x\"\n[tableau]\nb = [true]", "no number", ""),
        (&many, "more than 32", ""),
        (
            "name = \"x\"\n[tableau]\nb = [0.999]",
            "sum to 0.999",
            "\"1/3\"",
        ),
        (
            "name = \"x\"\n[tableau]\na = [[]]\nb = [0.5, 0.5]",
            "1 rows",
            "",
        ),
        (
            "name = \"x\"\n[tableau]\na = [[], [1, 1]]\nb = [0.5, 0.5]",
            "implicit",
            "explicit",
        ),
        (
            "name = \"x\"\n[tableau]\na = [[], []]\nb = [0.5, 0.5]",
            "0 numbers, not 1",
            "",
        ),
        (
            "name = \"x\"\n[tableau]\na = [[], [1]]\nb = [0.5, 0.5]\nc = [0, 0.9]",
            "row 2 of `a` sums to 1",
            "",
        ),
        (
            "name = \"x\"\norder = 3\n[tableau]\na = [[], [1]]\nb = [0.5, 0.5]",
            "claims order 3",
            "mistyped",
        ),
        (
            "name = \"x\"\norder = -1\n[tableau]\nb = [1]",
            "`order` is no number",
            "",
        ),
        (
            "name = \"x\"\ntitle = \"a\\nb\"\n[tableau]\nb = [1]",
            "`title`",
            "",
        ),
        (
            "name = \"x\"\n[multistep]\nstates = [2]\nslopes = [1]",
            "constants would move",
            "",
        ),
        (
            "name = \"x\"\n[multistep]\nstates = []\nslopes = [1]",
            "empty",
            "",
        ),
        (
            "name = \"x\"\n[multistep]\nstates = [1]\nslopes = [1, -1]",
            "sum to 0",
            "",
        ),
        (
            "name = \"x\"\n[multistep]\nstates = [1]\nslopes = [-1, -1]",
            "does not run forward",
            "signs",
        ),
        (
            "name = \"x\"\n[multistep]\nstates = [1]\nslopes = [1, 0]\nstart = \"huen\"",
            "no way to start",
            "`heun`",
        ),
        (
            "name = \"x\"\n[multistep]\nstates = [1]\nslopes = [1]\nstart = \"heun\"",
            "none",
            "leave it out",
        ),
        (
            "name = \"x\"\n[multistep]\nstates = [1]\nslopes = [1]\ninit = [0, 1]",
            "`init` is for learned",
            "",
        ),
        (
            "name = \"x\"\n[multistep]\nlearned = true\nstates = [1]",
            "no earlier state",
            "",
        ),
        (
            "name = \"x\"\n[multistep]\nlearned = true\nstates = [1, 0]\ninit = [1, 0]",
            "no interval",
            "",
        ),
        (
            "name = \"x\"\n[multistep]\nlearned = true\nstates = [3, -2]",
            "does not run forward",
            "",
        ),
        ("name = \"x\"\n[composition]\nsteps = []", "0 steps", ""),
        (
            "name = \"x\"\n[composition]\nsteps = [{ scheme = \"lm\", h = 1 }]",
            "`lm` is no Runge-Kutta",
            "rk4",
        ),
        (
            "name = \"x\"\n[composition]\nsteps = [{ scheme = \"rk4\", h = 0.5 }]",
            "sum to 0.5",
            "",
        ),
        (
            "name = \"x\"\n[composition]\nsteps = [{ scheme = \"rk4\" }]",
            "no `h`",
            "",
        ),
    ] {
        let shown: String = text.chars().take(90).collect();
        let error = Definition::parse(text).expect_err(&shown);
        assert!(error.to_string().contains(says), "{shown}: {error}");
        assert!(error.hint().contains(hint), "{shown}: {}", error.hint());
        assert!(
            !error.hint().is_empty() && error.to_string().len() < 300,
            "{error}"
        );
    }
    let unknown = scheme::<f64>("name = 1").err().expect("no scheme");
    assert!(
        unknown
            .to_string()
            .starts_with("the definition of a scheme is wrong: it has no name")
    );
    assert!(unknown.problem().is_some());
}

/// Sixteen states, thirty-two stages and a small text are all that a definition can ask for.
#[test]
fn the_largest_definition_steps() {
    let rows: Vec<String> = (0..table::MOST_STAGES)
        .map(|i| format!("[{}]", vec!["0"; i].join(",")))
        .collect();
    let b = vec![format!("\"1/{}\"", table::MOST_STAGES); table::MOST_STAGES];
    let text = format!(
        "name = \"largest\"\n[tableau]\na = [{}]\nb = [{}]",
        rows.join(","),
        b.join(",")
    );
    assert_eq!(facts(&text).expect("defined").stages, 32);
    // All slopes are f(u): forward Euler.
    for (a, b) in run(&text).iter().zip(run("euler")) {
        assert!((a - b).abs() < 1e-14);
    }
    let zeros = ", 0".repeat(table::MOST_STEPS - 1);
    let text = format!("name = \"old\"\n[multistep]\nstates = [1{zeros}]\nslopes = [1{zeros}]");
    assert_eq!(facts(&text).expect("defined").memory, 15);
    assert_eq!(run(&text), run("euler"));
}
