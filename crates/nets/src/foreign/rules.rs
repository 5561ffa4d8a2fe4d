//! Which foreign names mean which of ours? One rule for each convention, tried in order.
//!
//! A rule proposes a name of the target; it counts only if the target has that name. A rule that
//! would have to guess proposes nothing.

/// A convention of naming: how it is called in a report, and what it says.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Short name for a table.
    pub name: &'static str,
    /// What it does, in one sentence.
    pub sentence: &'static str,
    /// Proposes our name for a foreign one.
    apply: fn(&str, &Blocks) -> Option<String>,
}

impl Rule {
    /// Our name for a foreign one, without looking whether the target has it.
    pub(super) fn propose(&self, name: &str, blocks: &Blocks) -> Option<String> {
        (self.apply)(name, blocks)
    }
}

/// All rules, in the order in which they are tried.
///
/// A wrapper's prefix (`module.`, `_orig_mod.`) is removed before any of them and reported as the
/// rule `prefix`.
pub const RULES: &[Rule] = &[
    Rule {
        name: "exact",
        sentence: "our names are those of torchvision (ResNet, ResNeXt) and timm (SE-ResNet, \
                   Inception-ResNet-v2), so most need no change",
        apply: |name, _| Some(name.to_string()),
    },
    Rule {
        name: "shortcut",
        sentence: "`shortcut` is `downsample`",
        apply: |name, _| replaced(name, ".shortcut.", ".downsample."),
    },
    Rule {
        name: "squeeze-excite",
        sentence: "`se_module.fc1`, or `se.fc.0` and `se.fc.2`, are `se.fc1` and `se.fc2`",
        apply: |name, _| {
            replaced(name, ".se_module.", ".se.")
                .or_else(|| replaced(name, ".se.fc.0.", ".se.fc1."))
                .or_else(|| replaced(name, ".se.fc.2.", ".se.fc2."))
        },
    },
    Rule {
        name: "head",
        sentence: "the last layer may be called `fc`, `classif`, `linear`, `classifier`, \
                   `last_linear`, `head` or `head.fc`",
        apply: |name, blocks| {
            let (layer, part) = name.rsplit_once('.')?;
            let head = blocks.head.filter(|_| HEADS.contains(&layer))?;
            Some(format!("{head}.{part}"))
        },
    },
    Rule {
        name: "lm-resnet-blocks",
        sentence: "the LM-ResNet authors number the blocks through all segments: `blocks.I` is \
                   `layerS.N`",
        apply: |name, blocks| {
            let (block, rest) = name.strip_prefix("blocks.")?.split_once('.')?;
            Some(format!("{}.{rest}", blocks.get(block)?))
        },
    },
    Rule {
        name: "lm-resnet-downsample",
        sentence: "the LM-ResNet authors' `downsample1`, `downsample21` and `downsample31` are \
                   the shortcuts of the first blocks of segments 1, 2 and 3",
        apply: |name, _| {
            SHORTCUTS.iter().find_map(|(theirs, segment)| {
                let rest = name.strip_prefix(theirs)?.strip_prefix(".downsample.")?;
                Some(format!("layer{segment}.0.downsample.{rest}"))
            })
        },
    },
    Rule {
        name: "lm-resnet-coefficient",
        sentence: "the LM-ResNet authors store `ks = 1 - k` for all blocks: `ks.I` gives \
                   `layerS.N.memory_k = 1 - ks.I`",
        apply: |name, blocks| Some(format!("{}.memory_k", blocks.get(coefficient(name)?)?)),
    },
];

/// What training wrappers put before every name: removed first, and reported as a rule.
pub(super) const PREFIX: &str = "prefix";

/// The rule that gives `1 - ks`.
pub(super) const COEFFICIENT: &str = "lm-resnet-coefficient";

/// Names of the last layer.
const HEADS: [&str; 7] = [
    "fc",
    "classif",
    "linear",
    "classifier",
    "last_linear",
    "head",
    "head.fc",
];

/// The LM-ResNet authors' shortcuts and our segments.
const SHORTCUTS: [(&str, usize); 3] =
    [("downsample1", 1), ("downsample21", 2), ("downsample31", 3)];

/// `module.` of data-parallel training and `_orig_mod.` of compiled modules, in any number.
pub(super) fn without_prefix(mut name: &str) -> &str {
    while let Some(rest) = name
        .strip_prefix("module.")
        .or_else(|| name.strip_prefix("_orig_mod."))
    {
        name = rest;
    }
    name
}

/// The index in a name `ks.I`.
pub(super) fn coefficient(name: &str) -> Option<&str> {
    name.strip_prefix("ks.").filter(|i| is_number(i))
}

/// `name` with one occurrence of `from` replaced.
fn replaced(name: &str, from: &str, to: &str) -> Option<String> {
    let (before, after) = name.split_once(from)?;
    Some(format!("{before}{to}{after}"))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// What the rules know of both sides.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// Our blocks `layerS.N` in order, if the other side has as many; else none.
    ours: Vec<String>,
    /// Our last layer, `fc` or `classif`.
    head: Option<&'static str>,
}

impl Blocks {
    /// `foreign` without prefixes.
    pub(super) fn new<'a>(
        foreign: impl Iterator<Item = &'a str> + Clone,
        target: impl Iterator<Item = &'a str> + Clone,
    ) -> Self {
        let mut ours: Vec<(usize, usize)> = target.clone().filter_map(block_of).collect();
        ours.sort_unstable();
        ours.dedup();
        // Blocks and coefficients are counted: with another number of them there is no telling
        // where the segments begin, and nothing is guessed.
        let highest = |prefix: &str| {
            foreign
                .clone()
                .filter_map(|name| name.strip_prefix(prefix)?.split('.').next()?.parse().ok())
                .max()
                .map(|highest: usize| highest.saturating_add(1))
        };
        let fits = |count: Option<usize>| count.is_none_or(|count| count == ours.len());
        if !fits(highest("blocks.")) || !fits(highest("ks.")) {
            ours.clear();
        }
        let heads: Vec<&'static str> = ["fc", "classif"]
            .into_iter()
            .filter(|head| target.clone().any(|name| name == format!("{head}.weight")))
            .collect();
        Self {
            ours: ours
                .into_iter()
                .map(|(s, n)| format!("layer{s}.{n}"))
                .collect(),
            head: match heads.as_slice() {
                [one] => Some(one),
                _ => None,
            },
        }
    }

    /// Our block for index `index` through all segments.
    pub(super) fn get(&self, index: &str) -> Option<&str> {
        let index: usize = index.parse().ok()?;
        self.ours.get(index).map(String::as_str)
    }
}

/// Segment and step in `layerS.N.rest`.
fn block_of(name: &str) -> Option<(usize, usize)> {
    let mut parts = name.strip_prefix("layer")?.split('.');
    let (segment, step) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    parts.next().map(|_| (segment, step))
}

/// Why a foreign array without a place in the target may be left out, if there is a reason.
pub(super) fn superfluous(
    name: &str,
    blocks: &Blocks,
    ours: &dyn Fn(&str) -> bool,
) -> Option<String> {
    if name.rsplit('.').next() == Some("num_batches_tracked") {
        return Some("a counter that nothing here needs".into());
    }
    // The rest holds for files of the LM-ResNet authors only.
    if blocks.ours.is_empty() {
        return None;
    }
    if let Some(block) = coefficient(name).and_then(|index| blocks.get(index)) {
        let any = blocks.ours.iter().any(|b| ours(&format!("{b}.memory_k")));
        return Some(match (any, block.ends_with(".0")) {
            (false, _) => "the network has no learned coefficients".into(),
            (true, true) => format!(
                "`{block}` starts a segment: it has no memory, and the authors never use this \
                 coefficient"
            ),
            (true, false) => return None,
        });
    }
    None
}

/// Why a module that the LM-ResNet authors build but never use may be left out.
pub(super) fn unused_by_authors(name: &str, ours: &dyn Fn(&str) -> bool) -> Option<String> {
    let reason = "the LM-ResNet authors build it but never use it";
    let stem = name.starts_with("bn1.") && !ours("bn1.weight");
    let shortcut = name.starts_with("downsample1.") && !ours("layer1.0.downsample.2.weight");
    (stem || shortcut).then(|| reason.into())
}
