//! What a definition does not say of a tool's schema, in words.

use std::collections::{BTreeMap, BTreeSet};

/// What a definition does not say of a tool's schema, by the place in it.
#[derive(Default)]
pub(super) struct Notes {
    places: BTreeMap<String, Place>,
}

#[derive(Default)]
struct Place {
    /// Keywords that the tool's schema goes on checking.
    checked: BTreeSet<String>,
    /// Keywords that only tell something.
    telling: BTreeSet<String>,
    said: BTreeSet<String>,
}

impl Notes {
    /// A keyword is left out that the tool's own schema goes on checking.
    pub(super) fn left_out(&mut self, at: &str, keyword: &str) {
        self.place(at).checked.insert(keyword.to_owned());
    }

    /// A keyword is left out by which nothing is checked.
    pub(super) fn untold(&mut self, at: &str, keyword: &str) {
        self.place(at).telling.insert(keyword.to_owned());
    }

    /// Something else became different.
    pub(super) fn say(&mut self, at: &str, words: impl Into<String>) {
        self.place(at).said.insert(words.into());
    }

    fn place(&mut self, at: &str) -> &mut Place {
        self.places.entry(at.to_owned()).or_default()
    }

    /// One line for each thing at each place.
    pub(super) fn into_lines(self) -> Vec<String> {
        let mut lines = Vec::new();
        for (at, place) in self.places {
            let at = if at.is_empty() {
                "the whole input".to_owned()
            } else {
                format!("`{at}`")
            };
            if let Some((keywords, is_one)) = listed(&place.checked) {
                let (are, them) = if is_one { ("is", "it") } else { ("are", "them") };
                lines.push(format!("{at}: {keywords} {are} left out; the tool still checks {them}"));
            }
            if let Some((keywords, is_one)) = listed(&place.telling) {
                let are = if is_one { "is" } else { "are" };
                lines.push(format!("{at}: {keywords} {are} left out"));
            }
            lines.extend(place.said.into_iter().map(|words| format!("{at}: {words}")));
        }
        lines
    }
}

/// ``Of `a` and `b` ``, and whether it is one.
fn listed(keywords: &BTreeSet<String>) -> Option<(String, bool)> {
    let quoted: Vec<String> = keywords.iter().map(|keyword| format!("`{keyword}`")).collect();
    let (last, others) = quoted.split_last()?;
    Some(if others.is_empty() {
        (last.clone(), true)
    } else {
        (format!("{} and {last}", others.join(", ")), false)
    })
}

/// The pointer to a name within the place at a pointer (RFC 6901).
pub(super) fn within(at: &str, names: &[&str]) -> String {
    let mut pointer = at.to_owned();
    for name in names {
        pointer.push('/');
        pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
    }
    pointer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_one_line_for_all_that_is_left_out_there() {
        let mut notes = Notes::default();
        notes.left_out("/properties/when", "then");
        notes.left_out("/properties/when", "if");
        notes.untold("", "examples");
        assert_eq!(
            notes.into_lines(),
            [
                "the whole input: `examples` is left out",
                "`/properties/when`: `if` and `then` are left out; the tool still checks them",
            ]
        );
    }

    #[test]
    fn names_are_escaped_in_a_pointer() {
        assert_eq!(within("/properties", &["a/b~c", "items"]), "/properties/a~1b~0c/items");
    }
}
