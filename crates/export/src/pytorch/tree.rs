//! How do names with dots become modules within modules? As a tree that is written from its leaves.

/// A module: a leaf that an expression makes, or modules by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    make: Option<String>,
    children: Vec<(String, Tree)>,
}

impl Tree {
    /// Puts what `make` makes at a name with dots.
    pub(super) fn insert(&mut self, path: &str, make: String) {
        let (first, rest) = match path.split_once('.') {
            Some((first, rest)) => (first, Some(rest)),
            None => (path, None),
        };
        let at = match self.children.iter().position(|(name, _)| name == first) {
            Some(at) => at,
            None => {
                self.children.push((first.to_owned(), Tree::default()));
                self.children.len() - 1
            }
        };
        let child = &mut self.children[at].1;
        match rest {
            Some(rest) => child.insert(rest, make),
            None => child.make = Some(make),
        }
    }

    /// Lines that give `self` its modules.
    pub(super) fn lines(&self, indent: &str) -> String {
        let line = |(name, tree): &(String, Tree)| match is_quoted(name) {
            true => format!("{indent}self.add_module(\"{name}\", {})", tree.make(indent)),
            false => format!("{indent}self.{name} = {}", tree.make(indent)),
        };
        let lines: Vec<String> = self.children.iter().map(line).collect();
        lines.join("\n")
    }

    /// The expression that makes it, on several lines where one would be long.
    fn make(&self, indent: &str) -> String {
        if let Some(make) = &self.make {
            return make.clone();
        }
        let deeper = format!("{indent}    ");
        let mut children: Vec<&(String, Tree)> = self.children.iter().collect();
        let numbered = children.iter().all(|(name, _)| is_number(name));
        if numbered {
            children.sort_by_key(|(name, _)| name.parse::<usize>().unwrap_or(usize::MAX));
        }
        let counted = (children.iter().enumerate()).all(|(n, (name, _))| *name == n.to_string());
        let (open, parts, close) = if counted {
            let made = children
                .iter()
                .map(|(_, tree)| tree.make(&deeper))
                .collect();
            ("nn.ModuleList([", repeated(made), "])")
        } else {
            let part = |(name, tree): &&(String, Tree)| match is_quoted(name) {
                true => format!("**{{\"{name}\": {}}}", tree.make(&deeper)),
                false => format!("{name}={}", tree.make(&deeper)),
            };
            ("Group(", children.iter().map(part).collect(), ")")
        };
        let line = format!("{open}{}{close}", parts.join(", "));
        if line.len() + indent.len() <= 90 && !line.contains('\n') {
            return line;
        }
        let lines: Vec<String> = parts
            .iter()
            .map(|part| format!("{deeper}{part},\n"))
            .collect();
        format!("{open}\n{}{indent}{close}", lines.concat())
    }
}

/// Expressions of which several equal ones in a row are made in a loop.
fn repeated(made: Vec<String>) -> Vec<String> {
    let mut out = Vec::new();
    for run in made.chunk_by(|a, b| a == b) {
        match run {
            [one] => out.push(one.clone()),
            [one, ..] => out.push(format!("*[{one} for _ in range({})]", run.len())),
            [] => {}
        }
    }
    out
}

fn is_number(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_digit())
}

/// Can a name not stand after a dot? Python reads numbers and its own words otherwise; of those, layers have one.
fn is_quoted(name: &str) -> bool {
    is_number(name) || name == "in"
}

/// How a module of this name is reached from an object: `self` and `layer1.0.conv1` give `self.layer1[0].conv1`.
pub(super) fn access(object: &str, path: &str) -> String {
    let parts = path.split('.').filter(|part| !part.is_empty());
    parts.fold(object.to_owned(), |out, part| match is_quoted(part) {
        // A class of its own has no brackets, and needs none: its layers have names.
        true if is_number(part) => format!("{out}[{part}]"),
        true => format!("{out}[\"{part}\"]"),
        false => format!("{out}.{part}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_lists_where_they_are_counted_and_groups_elsewhere() {
        let mut tree = Tree::default();
        for n in 0..4 {
            tree.insert(
                &format!("layer.{n}"),
                if n == 0 { "A()" } else { "B()" }.into(),
            );
        }
        tree.insert("branch.conv", "C()".into());
        tree.insert("branch.2", "D()".into());
        tree.insert("fc", "E()".into());
        assert_eq!(
            tree.lines("  "),
            "  self.layer = nn.ModuleList([A(), *[B() for _ in range(3)]])\n  \
             self.branch = Group(conv=C(), **{\"2\": D()})\n  self.fc = E()"
        );
        assert_eq!(access("self", "layer1.0.conv1"), "self.layer1[0].conv1");
        let mut words = Tree::default();
        words.insert("attention.norm", "A()".into());
        words.insert("attention.in", "B()".into());
        assert_eq!(
            words.lines(""),
            "self.attention = Group(norm=A(), **{\"in\": B()})"
        );
        assert_eq!(access("self", "attention.in"), "self.attention[\"in\"]");
    }
}
