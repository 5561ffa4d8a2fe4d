//! Which things of a kind are there? Those of the program, and those that a user of the library adds.

use crate::Facts;
use std::fmt;
use std::ops::Deref;
use std::sync::{PoisonError, RwLock};

/// The things of one kind, in the order of lists.
pub struct Registry<T: 'static> {
    built_in: &'static [&'static T],
    added: RwLock<Vec<&'static T>>,
}

impl<T> fmt::Debug for Registry<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let built_in = self.built_in.len();
        write!(f, "Registry({built_in} built in)")
    }
}

impl<T: Deref<Target = Facts>> Registry<T> {
    /// A registry of what is part of the program: written by [`registry!`](crate::registry!).
    #[must_use]
    pub const fn new(built_in: &'static [&'static T]) -> Self {
        Self {
            built_in,
            added: RwLock::new(Vec::new()),
        }
    }

    /// Everything, in the order of lists.
    #[must_use]
    pub fn all(&self) -> Vec<&'static T> {
        let added = self.added.read().unwrap_or_else(PoisonError::into_inner);
        self.built_in.iter().chain(added.iter()).copied().collect()
    }

    /// The keys of everything, in the order of lists.
    pub fn keys(&self) -> impl Iterator<Item = &'static str> {
        self.all().into_iter().map(|entry| entry.key)
    }

    /// What answers to `name`, in any case; a key goes before an alias.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&'static T> {
        let all = self.all();
        let by_key = all
            .iter()
            .find(|entry| entry.key.eq_ignore_ascii_case(name));
        by_key
            .or_else(|| all.iter().find(|entry| entry.answers_to(name)))
            .copied()
    }

    /// Keys and aliases that look like `name`, as keys, nearest first.
    #[must_use]
    pub fn near(&self, name: &str) -> Vec<&'static str> {
        let all = self.all();
        let mut keys = Vec::new();
        for close in crate::near(name, all.iter().flat_map(|entry| entry.names())) {
            // Whoever nearly wrote an alias is told the key.
            let key = self.find(close).map(|entry| entry.key);
            keys.extend(key.filter(|key| !keys.contains(key)));
        }
        keys
    }

    /// Adds a thing of a program that uses this library; whatever looks a name up knows it from then on.
    ///
    /// Add before the first recipe is read: the list of its settings is made once.
    ///
    /// # Errors
    /// [`NameTaken`] if something else has one of its names.
    pub fn add(&self, entry: &'static T) -> Result<(), NameTaken> {
        match entry.names().find(|name| self.find(name).is_some()) {
            Some(name) => Err(NameTaken(name)),
            None => {
                let mut added = self.added.write().unwrap_or_else(PoisonError::into_inner);
                added.push(entry);
                Ok(())
            }
        }
    }
}

/// A name that something of the same kind has already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameTaken(pub &'static str);

impl fmt::Display for NameTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the name `{}` is taken", self.0)
    }
}

impl std::error::Error for NameTaken {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    struct Thing {
        named: Facts,
    }

    crate::named!(Thing);

    static ALPHA: Thing = Thing {
        named: Facts {
            aliases: &["beta", "first"],
            ..Facts::new(Kind::Block, "alpha", "", "")
        },
    };
    static BETA: Thing = Thing {
        named: Facts::new(Kind::Block, "beta", "", ""),
    };

    #[test]
    fn keys_go_before_aliases_and_near_aliases_lead_to_keys() {
        static ALL: Registry<Thing> = Registry::new(&[&ALPHA, &BETA]);
        let key = |name| ALL.find(name).map(|thing| thing.key);
        assert_eq!(
            (key("FIRST"), key("Beta"), key("c")),
            (Some("alpha"), Some("beta"), None)
        );
        assert_eq!(ALL.near("frist"), ["alpha"]);
        assert_eq!(ALL.keys().collect::<Vec<_>>(), ["alpha", "beta"]);
    }

    #[test]
    fn what_is_added_is_found_once() {
        static ALL: Registry<Thing> = Registry::new(&[&ALPHA]);
        static GAMMA: Thing = Thing {
            named: Facts::new(Kind::Block, "gamma", "", ""),
        };
        assert_eq!(ALL.add(&BETA), Err(NameTaken("beta")));
        assert_eq!(ALL.add(&GAMMA), Ok(()));
        assert_eq!(ALL.add(&GAMMA), Err(NameTaken("gamma")));
        assert_eq!(ALL.find("gamma").map(|thing| thing.key), Some("gamma"));
        assert_eq!(ALL.all().len(), 2);
    }
}
