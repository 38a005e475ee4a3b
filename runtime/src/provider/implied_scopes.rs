//! Scopes that come with another one: what a provider grants under a wider or another name.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    base::text::shown_on_one_line,
    provider::check::{self, Fault},
};

/// Scopes that come with another one. GitHub drops `public_repo` from what it grants where `repo` is among it; Google grants
/// `email` under a name that is a URL.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImpliedScopes {
    /// All that come with a scope, at once or over others.
    by_scope: BTreeMap<String, BTreeSet<String>>,
}

impl ImpliedScopes {
    /// Whether who was granted these scopes has this one.
    #[must_use]
    pub fn covers(&self, granted: &[String], scope: &str) -> bool {
        granted
            .iter()
            .any(|have| have == scope || self.by_scope.get(have).is_some_and(|implied| implied.contains(scope)))
    }

    /// Those of the wanted scopes that do not come with the granted ones.
    #[must_use]
    pub fn missing(&self, granted: &[String], wanted: &[String]) -> Vec<String> {
        let missing = wanted.iter().filter(|scope| !self.covers(granted, scope));
        missing.cloned().collect()
    }

    /// From the table of a provider file, which tells for each scope those just below it.
    pub(super) fn of_table(table: &BTreeMap<String, Vec<String>>) -> Result<Self, Fault> {
        const KEY: &str = "oauth2.implies";
        for (scope, below) in table {
            check::words(KEY, scope)?;
            let mut seen = BTreeSet::new();
            for implied in below {
                check::words(KEY, implied)?;
                if implied == scope || !seen.insert(implied) {
                    return Err(Fault::new(format!(
                        "`{KEY}`: `{}` names itself or one scope twice: `{}`",
                        shown_on_one_line(scope),
                        shown_on_one_line(implied)
                    )));
                }
            }
        }
        let by_scope = table.keys().map(|scope| (scope.clone(), all_below(table, scope)));
        Ok(Self {
            by_scope: by_scope.collect(),
        })
    }
}

/// Everything that is reached from a scope. Two names of the same scope lead to each other.
fn all_below(table: &BTreeMap<String, Vec<String>>, scope: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![scope];
    while let Some(from) = open.pop() {
        for implied in table.get(from).into_iter().flatten() {
            if found.insert(implied.clone()) {
                open.push(implied);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn table(text: &str) -> BTreeMap<String, Vec<String>> {
        toml::from_str(text).unwrap()
    }

    fn strings(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_scope_brings_those_below_it_and_those_below_them_and_none_above() {
        let implied = ImpliedScopes::of_table(&table("a = [\"b\"]\nb = [\"c\"]\nd = [\"e\"]")).unwrap();
        assert!(implied.covers(&strings(&["a"]), "c"));
        assert!(implied.covers(&strings(&["x", "b"]), "c"));
        assert!(!implied.covers(&strings(&["b"]), "a"), "a part never brings the whole");
        assert!(!implied.covers(&strings(&["a"]), "e"));
        assert!(!implied.covers(&[], "a"));
        assert_eq!(
            implied.missing(&strings(&["b"]), &strings(&["a", "c", "z"])),
            ["a", "z"]
        );
    }

    #[test]
    fn two_names_of_one_scope_lead_to_each_other() {
        let implied = ImpliedScopes::of_table(&table("a = [\"b\"]\nb = [\"a\"]")).unwrap();
        assert!(implied.covers(&strings(&["a"]), "b"));
        assert!(implied.covers(&strings(&["b"]), "a"));
    }

    #[test]
    fn without_a_table_a_scope_is_itself_alone() {
        let none = ImpliedScopes::default();
        assert!(none.covers(&strings(&["repo"]), "repo"));
        assert!(!none.covers(&strings(&["repo"]), "public_repo"));
    }

    #[test]
    fn a_table_that_says_nothing_sensible_is_refused() {
        for bad in [
            "a = [\"a\"]",
            "a = [\"b\", \"b\"]",
            "a = [\"\"]",
            "\" \" = [\"b\"]",
            "a = [\"b\\n\"]",
        ] {
            assert!(ImpliedScopes::of_table(&table(bad)).is_err(), "{bad}");
        }
    }
}
