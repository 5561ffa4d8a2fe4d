//! Which of our arrays does each foreign array fill? Every decision is in the report.

use super::rules::{self, Blocks, RULES};
use super::{Arrays, ForeignFile};
use std::collections::BTreeMap;

/// One array that a network of ours needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Our name.
    pub name: String,
    /// Our shape.
    pub shape: Vec<usize>,
    /// Is it a running statistic?
    pub is_buffer: bool,
    /// Is it a learned coefficient of a scheme?
    pub is_coefficient: bool,
}

/// An array that had another name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renamed {
    /// Name in the file.
    pub from: String,
    /// Our name.
    pub to: String,
    /// The rules that led there, such as `prefix` and a name from [`RULES`].
    pub rules: Vec<&'static str>,
}

/// An array whose numbers or shape were changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Converted {
    /// Our name.
    pub name: String,
    /// What was done, as `1 - ks.4` or `shape [10, 64, 1, 1] to [10, 64]`.
    pub how: String,
}

/// An array that found its name but not its shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongShape {
    /// Name in the file.
    pub from: String,
    /// Our name.
    pub name: String,
    /// Shape in the file.
    pub found: Vec<usize>,
    /// Our shape.
    pub needed: Vec<usize>,
}

/// An array that is left out for a reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// Name in the file.
    pub name: String,
    /// Why nothing is lost.
    pub reason: String,
}

/// The arrays under our names, and how they got them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mapping {
    /// The arrays that were placed, under our names and in our shapes.
    pub arrays: Arrays,
    /// Number of arrays that were placed.
    pub matched: usize,
    /// Those that had another name.
    pub renamed: Vec<Renamed>,
    /// Those whose numbers or shape were changed.
    pub converted: Vec<Converted>,
    /// Ours that nothing fills: trained arrays first, then running statistics.
    pub missing: Vec<String>,
    /// Theirs that fit nowhere.
    pub unexpected: Vec<String>,
    /// Those with the right name and another shape; not in `missing` or `unexpected`.
    pub wrong_shape: Vec<WrongShape>,
    /// Theirs that are left out for a reason.
    pub dropped: Vec<Dropped>,
    /// What the names cannot tell and a person should know.
    pub notes: Vec<String>,
}

impl Mapping {
    /// Is every array of ours filled and every one of theirs accounted for?
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty() && self.unexpected.is_empty() && self.wrong_shape.is_empty()
    }
}

/// An array of the file, and the way to our name.
struct Candidate<'a> {
    from: &'a str,
    to: &'a Target,
    rules: Vec<&'static str>,
}

/// Brings the arrays of a file to the names and shapes of `target`.
///
/// [`RULES`] are tried in order and the first that leads to a name of the target counts. If two
/// arrays lead to the same name, one that has that name exactly wins; otherwise neither counts.
#[must_use]
pub fn map_names(file: &ForeignFile, target: &[Target]) -> Mapping {
    let by_name: BTreeMap<&str, &Target> = target.iter().map(|t| (t.name.as_str(), t)).collect();
    let ours = |name: &str| by_name.contains_key(name);
    let blocks = Blocks::new(
        file.arrays.keys().map(|name| rules::without_prefix(name)),
        target.iter().map(|t| t.name.as_str()),
    );
    // `ks` or `blocks` tell the authors' files from others, which also have a `bn1`.
    let authors = file.arrays.keys().any(|name| {
        let name = rules::without_prefix(name);
        rules::coefficient(name).is_some() || name.starts_with("blocks.")
    });

    let mut mapping = Mapping::default();
    let mut claims: BTreeMap<&str, Vec<Candidate<'_>>> = BTreeMap::new();
    for from in file.arrays.keys() {
        let bare = rules::without_prefix(from);
        let found = RULES.iter().find_map(|rule| {
            let to = by_name.get(rule.propose(bare, &blocks)?.as_str())?;
            Some((rule.name, *to))
        });
        if let Some((rule, to)) = found {
            let prefix = (bare != from).then_some(rules::PREFIX);
            let rule = (bare != to.name).then_some(rule);
            let rules = prefix.into_iter().chain(rule).collect();
            let candidate = Candidate { from, to, rules };
            claims.entry(&to.name).or_default().push(candidate);
        } else if let Some(reason) = rules::superfluous(bare, &blocks, &ours).or_else(|| {
            authors
                .then(|| rules::unused_by_authors(bare, &ours))
                .flatten()
        }) {
            mapping.dropped.push(Dropped {
                name: from.clone(),
                reason,
            });
        } else {
            mapping.unexpected.push(from.clone());
        }
    }
    for (_, mut claim) in claims {
        // The shortest way first: an exact name has no rules.
        claim.sort_by_key(|candidate| candidate.rules.len());
        let alone = claim.len() == 1 || (claim[0].rules.is_empty() && !claim[1].rules.is_empty());
        let losers = claim.split_off(usize::from(alone));
        mapping
            .unexpected
            .extend(losers.iter().map(|c| c.from.to_string()));
        for winner in claim {
            place(&mut mapping, file, winner);
        }
    }
    mapping.unexpected.sort();
    mapping.matched = mapping.arrays.len();
    let open = |t: &&Target| {
        !mapping.arrays.contains_key(&t.name)
            && !mapping.wrong_shape.iter().any(|w| w.name == t.name)
    };
    let mut missing: Vec<&Target> = target.iter().filter(open).collect();
    missing.sort_by_key(|t| t.is_buffer);
    mapping.missing = missing.into_iter().map(|t| t.name.clone()).collect();
    mapping.notes.extend(untrained(file));
    mapping
}

/// Puts one array in its place, if its shape allows.
fn place(mapping: &mut Mapping, file: &ForeignFile, candidate: Candidate<'_>) {
    let Candidate { from, to, rules } = candidate;
    let (found, values) = &file.arrays[from];
    if !same_up_to_ones(found, to) {
        mapping.wrong_shape.push(WrongShape {
            from: from.to_string(),
            name: to.name.clone(),
            found: found.clone(),
            needed: to.shape.clone(),
        });
        return;
    }
    if *found != to.shape {
        mapping.converted.push(Converted {
            name: to.name.clone(),
            how: format!("shape {found:?} to {:?}", to.shape),
        });
    }
    let values = if rules.contains(&rules::COEFFICIENT) {
        mapping.converted.push(Converted {
            name: to.name.clone(),
            how: format!("1 - {}", rules::without_prefix(from)),
        });
        values.iter().map(|ks| 1.0 - ks).collect()
    } else {
        values.clone()
    };
    if !rules.is_empty() {
        mapping.renamed.push(Renamed {
            from: from.to_string(),
            to: to.name.clone(),
            rules,
        });
    }
    mapping
        .arrays
        .insert(to.name.clone(), (to.shape.clone(), values));
}

/// Is the shape ours, up to what holds the same numbers in the same order: a linear layer as a
/// 1×1 convolution or the other way round, a coefficient with axes of length 1 after it?
fn same_up_to_ones(found: &[usize], to: &Target) -> bool {
    if found == to.shape {
        return true;
    }
    let kept = match (to.is_coefficient, to.is_buffer) {
        (true, _) => 0,
        (false, true) => return false,
        // `[n, 1]` and `[n]` are different things: a matrix and a bias.
        (false, false) => 2,
    };
    let core = |shape: &[usize]| {
        let ones = shape.iter().rev().take_while(|d| **d == 1).count();
        shape[..(shape.len() - ones).max(kept.min(shape.len()))].to_vec()
    };
    let ranks = |shape: &[usize]| matches!(shape.len(), 2 | 4);
    (to.is_coefficient || (ranks(found) && ranks(&to.shape))) && core(found) == core(&to.shape)
}

/// A warning if the LM-ResNet authors' coefficients look as if they were never trained.
fn untrained(file: &ForeignFile) -> Option<String> {
    let ks: Vec<f32> = file
        .arrays
        .iter()
        .filter(|(name, _)| rules::coefficient(rules::without_prefix(name)).is_some())
        .flat_map(|(_, (_, values))| values.iter().copied())
        .collect();
    // Their first values are uniform on this interval, and `pretrain=True`, the default of their
    // class, trains a plain residual network that leaves them there.
    let initial = !ks.is_empty() && ks.iter().all(|k| (1.0..=1.1).contains(k));
    initial.then(|| {
        "all `ks` lie in [1, 1.1], where they start: the network was probably trained with \
         `pretrain=True`, as a plain residual network"
            .into()
    })
}
