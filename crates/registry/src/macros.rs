//! How is a registry written? Files declared and listed in one line each.

/// Declares the files of a registry and lists what is in them: one line for each.
///
/// A table of facts, each in a constant of the same name:
///
/// ```ignore
/// registry! {
///     /// Every law of noise, in the order of lists.
///     pub static NOISES: [NoiseFacts] = FACTS;
///
///     pub mod drop_path;
///     mod gaussian;
/// }
/// ```
///
/// Things that are generic over a type of numbers, boxed, one or more to a file:
///
/// ```ignore
/// registry! {
///     /// Every scheme, in the order of lists.
///     fn every<S: State>() -> [Box<dyn Scheme<S>>];
///
///     mod euler: Euler;
///     mod poly: POLY2, POLY3;
/// }
/// ```
///
/// Names of a closed set, each with its page in a folder, so that every place which chooses one is checked by
/// the compiler:
///
/// ```ignore
/// registry! {
///     /// A kind of failure.
///     pub(crate) enum Code: Kind::Error = "codes/";
///
///     DataMissing = E0601;
/// }
/// ```
///
/// In tests, `MODULES` are the files that are declared: see [`unregistered`](crate::unregistered). `cargo fmt` does not look
/// into macros, so these files are formatted by `rustfmt` with their names.
#[macro_export]
macro_rules! registry {
    (
        $(#[$about:meta])*
        $vis:vis static $name:ident: [$facts:ty] = $item:ident;
        $($seen:vis mod $module:ident;)+
    ) => {
        $($seen mod $module;)+

        $(#[$about])*
        $vis static $name: $crate::Registry<$facts> = $crate::Registry::new(&[$(&$module::$item),+]);

        /// The files that are registered.
        #[cfg(test)]
        const MODULES: &[&str] = &[$(stringify!($module)),+];
    };
    (
        $(#[$about:meta])*
        $vis:vis fn $name:ident<$state:ident: $bound:path>() -> [$item:ty];
        $($seen:vis mod $module:ident: $($value:ident),+;)+
    ) => {
        $($seen mod $module;)+

        $(#[$about])*
        $vis fn $name<$state: $bound>() -> Vec<$item> {
            vec![$($(Box::new($module::$value)),+),+]
        }

        /// The files that are registered.
        #[cfg(test)]
        const MODULES: &[&str] = &[$(stringify!($module)),+];
    };
    (
        $(#[$about:meta])*
        $vis:vis enum $name:ident: $kind:path = $folder:literal;
        $($variant:ident = $key:ident;)+
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $vis enum $name {
            $(#[doc = concat!("`", $folder, stringify!($key), ".md`")] $variant),+
        }

        impl $name {
            /// All of them, in the order of lists.
            $vis const ALL: &[$name] = &[$($name::$variant),+];

            /// What is known about it; its page is the file of its key.
            $vis fn facts(self) -> &'static $crate::Facts {
                static FACTS: &[$crate::Facts] = &[$({
                    const PAGE: &str = include_str!(concat!($folder, stringify!($key), ".md"));
                    $crate::Facts::new($kind, stringify!($key), $crate::first_line(PAGE), PAGE)
                }),+];
                &FACTS[self as usize]
            }
        }
    };
}

/// Declares a setting that takes one of a few words, as an enumeration with those words: `KEYS`, `key` and `named`.
#[macro_export]
macro_rules! words {
    ($(#[$about:meta])* $vis:vis enum $name:ident { $($(#[$doc:meta])* $variant:ident = $key:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        $vis enum $name { $($(#[$doc])* #[serde(rename = $key)] $variant,)+ }

        impl $name {
            /// The words, as a recipe writes them.
            pub const KEYS: &'static [&'static str] = &[$($key),+];

            /// The word for this choice.
            #[must_use]
            pub fn key(self) -> &'static str {
                match self { $($name::$variant => $key),+ }
            }

            /// The choice with this word; the usual one where there is none.
            #[must_use]
            pub fn named(word: &str) -> Self {
                match word { $($key => $name::$variant,)+ _ => Self::default() }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.key())
            }
        }
    };
}

/// Lets the typed facts of a kind give on the [`Facts`](crate::Facts) that they hold in `named`.
#[macro_export]
macro_rules! named {
    ($typed:ty) => {
        impl std::ops::Deref for $typed {
            type Target = $crate::Facts;

            fn deref(&self) -> &$crate::Facts {
                &self.named
            }
        }
    };
}
