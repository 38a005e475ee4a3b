//! A rule as a person reads it who is asked for it.

use crate::{
    base::text::shown_on_one_line,
    package::rule::{Rule, host::Hosts},
};

impl Rule {
    /// The rule as a person reads it who is asked for it: with what its hosts do not show. A name that is written in ASCII
    /// (`xn--...`) stands there in Unicode too, and a wildcard below a name under which anybody may have a host is marked.
    #[must_use]
    pub fn in_words(&self) -> String {
        let (name, is_wildcard) = match &self.hosts {
            Hosts::Exact(name) => (name, false),
            Hosts::Below(name) => (name, true),
        };
        let mut notes = Vec::new();
        if let Some(unicode) = in_unicode(name) {
            notes.push(format!("in Unicode `{}`", shown_on_one_line(&unicode)));
        }
        if is_wildcard && is_public_suffix(name) {
            notes.push(format!(
                "anybody may have a host below `{name}`: it is a public suffix, so this is whoever takes a name there"
            ));
        }
        if notes.is_empty() {
            self.to_string()
        } else {
            format!("{self} ({})", notes.join("; "))
        }
    }
}

/// A name with labels of Unicode, which ASCII does not show.
fn in_unicode(name: &str) -> Option<String> {
    if !name.split('.').any(|label| label.starts_with("xn--")) {
        return None;
    }
    // What cannot be decoded stays as it is.
    let (unicode, _errors) = idna::domain_to_unicode(name);
    (unicode != name).then_some(unicode)
}

/// Whether whoever registers a name gets one right below this one, by the list of public suffixes (https://publicsuffix.org).
fn is_public_suffix(name: &str) -> bool {
    psl::suffix(name.as_bytes()).is_some_and(|suffix| suffix.is_known() && suffix.as_bytes() == name.as_bytes())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn in_words(rule: &str) -> String {
        rule.parse::<Rule>().unwrap().in_words()
    }

    #[test]
    fn a_wildcard_is_marked_where_anybody_may_have_a_host() {
        for marked in [
            "https://*.co.uk",
            "https://*.github.io/a/*",
            "https://*.s3.amazonaws.com",
            "https://*.city.kawasaki.jp",
            "https://*.xn--55qx5d.cn",
            "https://*.公司.cn",
        ] {
            let told = in_words(marked);
            // A city of that name has a host of its own.
            assert_eq!(told.contains("public suffix"), !marked.contains("kawasaki"), "{told}");
        }
        for plain in [
            "https://co.uk",
            "https://someone.github.io",
            "https://*.someone.github.io",
            "https://*.example.com",
            "https://*.no-such-top-level.internal",
            "https://127.0.0.1:8080/a",
        ] {
            assert_eq!(in_words(plain), plain);
        }
    }

    #[test]
    fn a_name_of_other_letters_is_shown_in_both_ways() {
        assert_eq!(
            in_words("https://bücher.example/a"),
            "https://xn--bcher-kva.example/a (in Unicode `bücher.example`)"
        );
        // Cyrillic letters that look as Latin ones do.
        assert!(in_words("GET https://*.аррӏе.com").contains("xn--"));
        assert!(in_words("https://*.公司.cn").contains("in Unicode `公司.cn`; anybody"));
    }
}
