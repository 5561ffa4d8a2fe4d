//! What is known about a thing without making one, whatever kind of thing it is?

use crate::Setting;

/// Kinds of things that can be named, in the order of lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Published networks.
    Network,
    /// How a right-hand side becomes a step.
    Scheme,
    /// Right-hand sides.
    Block,
    /// Families of networks.
    Body,
    /// Laws that make steps random.
    Noise,
    /// Rules that move weights.
    Optimiser,
    /// Learning rates over time.
    Schedule,
    /// What removes noise from pictures.
    Method,
    /// What happens to clean pictures.
    Degradation,
    /// Data sets.
    Data,
    /// What repeats a run.
    Recipe,
    /// What a recipe says.
    Setting,
    /// Questions about schemes and networks.
    Analysis,
    /// Where the events of a run go.
    Log,
    /// What computes.
    Device,
    /// Kinds of failure.
    Error,
}

impl Kind {
    /// All kinds, in the order of lists.
    pub const ALL: &'static [Kind] = &[
        Kind::Network,
        Kind::Scheme,
        Kind::Block,
        Kind::Body,
        Kind::Noise,
        Kind::Optimiser,
        Kind::Schedule,
        Kind::Method,
        Kind::Degradation,
        Kind::Data,
        Kind::Recipe,
        Kind::Setting,
        Kind::Analysis,
        Kind::Log,
        Kind::Device,
        Kind::Error,
    ];

    /// One of this kind, in a sentence: `data set`.
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Kind::Network => "network",
            Kind::Scheme => "scheme",
            Kind::Block => "block",
            Kind::Body => "body",
            Kind::Noise => "noise",
            Kind::Optimiser => "optimiser",
            Kind::Schedule => "schedule",
            Kind::Method => "method",
            Kind::Degradation => "degradation",
            Kind::Data => "data set",
            Kind::Recipe => "recipe",
            Kind::Setting => "setting",
            Kind::Analysis => "analysis",
            Kind::Log => "log",
            Kind::Device => "device",
            Kind::Error => "error",
        }
    }

    /// The word after `timestep list`: `schemes`.
    #[must_use]
    pub const fn plural(self) -> &'static str {
        match self {
            Kind::Network => "networks",
            Kind::Scheme => "schemes",
            Kind::Block => "blocks",
            Kind::Body => "bodies",
            Kind::Noise => "noises",
            Kind::Optimiser => "optimisers",
            Kind::Schedule => "schedules",
            Kind::Method => "methods",
            Kind::Degradation => "degradations",
            Kind::Data => "data",
            Kind::Recipe => "recipes",
            Kind::Setting => "settings",
            Kind::Analysis => "analyses",
            Kind::Log => "logs",
            Kind::Device => "devices",
            Kind::Error => "errors",
        }
    }

    /// What they are, in one phrase.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Kind::Network => "Published networks",
            Kind::Scheme => "Schemes",
            Kind::Block => "Blocks",
            Kind::Body => "Bodies: what stands around the steps of a family of networks",
            Kind::Noise => "Noises",
            Kind::Optimiser => "Optimisers",
            Kind::Schedule => "Schedules of the learning rate",
            Kind::Method => "Methods that remove noise from pictures",
            Kind::Degradation => "Degradations of clean pictures",
            Kind::Data => "Data sets",
            Kind::Recipe => "Recipes",
            Kind::Setting => "Settings of a recipe",
            Kind::Analysis => "Analyses",
            Kind::Log => "Logs",
            Kind::Device => "Devices",
            Kind::Error => "Error codes",
        }
    }
}

/// What is known about a thing, whatever kind it is.
///
/// Written as `Facts { references: &["lu2018beyond"], ..Facts::new(…) }`: what is left out is empty.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// What it is.
    pub kind: Kind,
    /// Its name, in lists, on the command line and in recipes.
    pub key: &'static str,
    /// Other accepted names.
    pub aliases: &'static [&'static str],
    /// One line for lists.
    pub title: &'static str,
    /// What can be set on it and not on others of its kind.
    pub settings: &'static [Setting],
    /// Keys of its publications in the [bibliography](crate::bibtex).
    pub references: &'static [&'static str],
    /// Its source file, whose module comment is its page; or the page itself.
    pub source: &'static str,
}

impl Facts {
    /// Facts without aliases, settings and references.
    #[must_use]
    pub const fn new(
        kind: Kind,
        key: &'static str,
        title: &'static str,
        source: &'static str,
    ) -> Self {
        Self {
            kind,
            key,
            aliases: &[],
            title,
            settings: &[],
            references: &[],
            source,
        }
    }

    /// Key and aliases.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.key).chain(self.aliases.iter().copied())
    }

    /// Does `name` mean this? Case does not matter.
    #[must_use]
    pub fn answers_to(&self, name: &str) -> bool {
        self.names().any(|known| known.eq_ignore_ascii_case(name))
    }

    /// The page in Markdown: the `//!` lines at the head of the source, or the source where it is no program.
    #[must_use]
    pub fn page(&self) -> String {
        if !self.source.starts_with("//!") {
            return self.source.to_owned();
        }
        let lines = self.source.lines();
        let comment = lines.map_while(|line| line.strip_prefix("//!"));
        comment
            .map(|line| line.strip_prefix(' ').unwrap_or(line).to_owned() + "\n")
            .collect()
    }

    /// The first of these headings that the page lacks, or has before an earlier one.
    #[must_use]
    pub fn lacks<'h>(&self, headings: &[&'h str]) -> Option<&'h str> {
        let page = self.page();
        let mut lines = page.lines();
        let missing = |heading: &&&str| {
            let heading = format!("# {heading}");
            !lines.any(|line| line == heading)
        };
        headings.iter().find(missing).copied()
    }

    /// The setting with this key, for instance `momentum`.
    #[must_use]
    pub fn setting(&self, key: &str) -> Option<&'static Setting> {
        self.settings.iter().find(|setting| setting.key() == key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "//! A title.\n//!\n//! # Equation\n//! `u`\n//!\n//! # Reference\n//! None.\n\nuse x;\n//! no";

    #[test]
    fn the_page_is_the_comment_at_the_head_and_has_its_headings_in_order() {
        let facts = Facts::new(Kind::Scheme, "x", "X", PAGE);
        let page = facts.page();
        assert!(page.starts_with("A title.\n\n# Equation\n`u`\n") && page.ends_with("None.\n"));
        assert_eq!(facts.lacks(&["Equation", "Reference"]), None);
        assert_eq!(facts.lacks(&["Reference", "Equation"]), Some("Equation"));
        assert_eq!(facts.lacks(&["Equation", "Cost"]), Some("Cost"));
        let text = Facts::new(Kind::Error, "E0001", "x", "# What happened\nx\n");
        assert_eq!(text.page(), "# What happened\nx\n");
    }
}
