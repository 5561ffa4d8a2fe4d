//! Which known names look like the one that was given?

/// The names closest to `given`, best first, at most three; none when nothing is alike.
#[must_use]
pub fn near<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let given = given.to_lowercase();
    let mut scored: Vec<(f64, &str)> = known
        .into_iter()
        .map(|name| (likeness(&given, name), name))
        .filter(|(score, _)| *score > 0.72)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored.dedup_by(|a, b| a.1 == b.1);
    // Names that are much worse than the best one only distract.
    let best = scored.first().map_or(0.0, |s| s.0);
    let close = scored.into_iter().filter(|s| s.0 > best - 0.1);
    close.take(3).map(|s| s.1).collect()
}

/// How alike two names are, from 0 to 1.
fn likeness(given: &str, name: &str) -> f64 {
    let whole = strsim::normalized_damerau_levenshtein(given, name);
    // `epochs` means `train.epochs`, and `cifar` means `cifar10`.
    let tail = name.rsplit('.').next().unwrap_or(name);
    let last = given.rsplit('.').next().unwrap_or(given);
    let tails = 0.95 * strsim::normalized_damerau_levenshtein(last, tail);
    let prefix = if given.len() >= 3 && name.starts_with(given) {
        0.9
    } else {
        0.0
    };
    whole.max(tails).max(prefix)
}

/// `` `a`, `b` or `c` `` for a sentence.
#[must_use]
pub fn quoted<S: AsRef<str>>(names: &[S], last: &str) -> String {
    let mut text = String::new();
    for (i, name) in names.iter().enumerate() {
        match i {
            0 => {}
            _ if i + 1 == names.len() => text.push_str(last),
            _ => text.push_str(", "),
        }
        text.push('`');
        text.push_str(name.as_ref());
        text.push('`');
    }
    text
}

/// ``did you mean `a` or `b`?``; nothing if there is nothing near.
#[must_use]
pub fn did_you_mean<S: AsRef<str>>(near: &[S]) -> Option<String> {
    (!near.is_empty()).then(|| format!("did you mean {}?", quoted(near, " or ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_typos_tails_and_prefixes() {
        let known = [
            "train.epochs",
            "train.batch",
            "train.eval_batch",
            "optimiser.lr",
        ];
        assert_eq!(near("train.epoch", known), ["train.epochs"]);
        assert_eq!(near("epochs", known), ["train.epochs"]);
        assert_eq!(near("optimizer.lr", known)[0], "optimiser.lr");
        let data = ["cifar10", "cifar100", "digits"];
        assert_eq!(near("cifar", data), ["cifar10", "cifar100"]);
        assert_eq!(near("CIFAR10", data)[0], "cifar10");
        assert!(near("xyzzy", known).is_empty());
    }

    #[test]
    fn quotes_for_a_sentence() {
        assert_eq!(quoted(&["a"], " or "), "`a`");
        assert_eq!(quoted(&["a", "b", "c"], " or "), "`a`, `b` or `c`");
        assert_eq!(
            did_you_mean(&["a", "b"]).as_deref(),
            Some("did you mean `a` or `b`?")
        );
        assert_eq!(did_you_mean::<&str>(&[]), None);
    }
}
