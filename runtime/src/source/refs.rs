//! The branches and tags of a remote, and what a written ref means among them.

use std::collections::BTreeMap;

use crate::{
    base::text::shown_on_one_line,
    source::{
        Commit, Folder, GitSource, SourceError,
        place::{Place, RefName},
    },
};

/// The branches and tags of a remote, as it told them.
#[derive(Debug, Default)]
pub(super) struct RemoteRefs {
    /// Full names (`refs/heads/main`), with the commit that each leads to.
    refs: BTreeMap<String, Commit>,
    /// What the default branch is, and where it is.
    head: Option<(Option<String>, Commit)>,
}

/// What a source stands for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resolved {
    pub(super) commit: Commit,
    pub(super) folder: Folder,
    /// The full name of a ref of which it is the tip.
    pub(super) tip: Option<String>,
}

impl RemoteRefs {
    /// One line of what the remote told; `name^{}` is where the annotated tag `name` leads to.
    pub(super) fn add(&mut self, name: &str, commit: Commit, symbolic: Option<&str>) {
        if name == "HEAD" {
            self.head = Some((symbolic.map(ToOwned::to_owned), commit));
        } else if let Some(tag) = name.strip_suffix("^{}") {
            self.refs.insert(tag.to_owned(), commit);
        } else if name.starts_with("refs/heads/") || name.starts_with("refs/tags/") {
            self.refs.entry(name.to_owned()).or_insert(commit);
        }
    }

    /// A ref that ends in this commit.
    pub(super) fn tip(&self, commit: Commit) -> Option<String> {
        let at = |(name, found): (&String, &Commit)| (*found == commit).then(|| name.clone());
        self.refs.iter().find_map(at)
    }

    /// The ref on whose history a pinned commit most likely lies: the one that was written, else the default branch.
    pub(super) fn likely(&self, source: &GitSource) -> Option<String> {
        let written = match &source.place {
            Place::Exact { reference, .. } => reference.as_ref().map(|name| self.named(name.as_str())),
            Place::Tree(steps) => Some(self.readings(steps).into_iter().map(|(name, ..)| name).collect()),
        };
        let named = written.into_iter().flatten().find(|name| self.refs.contains_key(name));
        named.or_else(|| self.head.as_ref().and_then(|(name, _)| name.clone()))
    }

    /// What the source means here.
    pub(super) fn resolve(&self, source: &GitSource) -> Result<Resolved, SourceError> {
        let url = || source.remote.shown();
        let readings = match &source.place {
            Place::Exact {
                reference: None,
                folder,
            } => return self.default_branch(folder).ok_or_else(|| SourceError::Empty(url())),
            Place::Exact {
                reference: Some(name),
                folder,
            } => self.exact(name, folder),
            Place::Tree(steps) => self.readings(steps),
        };
        let Some((name, commit, folder)) = readings.first() else {
            return Err(self.no_ref(source));
        };
        if readings.iter().any(|other| (other.1, &other.2) != (*commit, folder)) {
            return Err(SourceError::Ambiguous {
                written: shown_on_one_line(&source.written),
                readings: readings
                    .iter()
                    .map(|(name, _, folder)| source.rewritten(name, folder))
                    .collect(),
            });
        }
        Ok(Resolved {
            commit: *commit,
            folder: folder.clone(),
            tip: if self.refs.contains_key(name) {
                Some(name.clone())
            } else {
                self.tip(*commit)
            },
        })
    }

    fn default_branch(&self, folder: &Folder) -> Option<Resolved> {
        let (name, commit) = self.head.as_ref()?;
        let listed = name.as_ref().filter(|name| self.refs.get(*name) == Some(commit));
        Some(Resolved {
            commit: *commit,
            folder: folder.clone(),
            tip: listed
                .cloned()
                .or_else(|| self.tip(*commit))
                .or_else(|| Some("HEAD".to_owned())),
        })
    }

    /// The refs that a short or full name means.
    fn named(&self, name: &str) -> Vec<String> {
        [
            name.to_owned(),
            format!("refs/heads/{name}"),
            format!("refs/tags/{name}"),
        ]
        .into_iter()
        .filter(|full| self.refs.contains_key(full))
        .collect()
    }

    fn exact(&self, name: &RefName, folder: &Folder) -> Vec<(String, Commit, Folder)> {
        let mut found = self.meant_by(name.as_str());
        found.dedup();
        found
            .into_iter()
            .map(|(name, commit)| (name, commit, folder.clone()))
            .collect()
    }

    fn meant_by(&self, name: &str) -> Vec<(String, Commit)> {
        let mut found: Vec<(String, Commit)> = self
            .named(name)
            .into_iter()
            .filter_map(|full| self.refs.get(&full).map(|commit| (full.clone(), *commit)))
            .collect();
        if let Ok(commit) = name.parse::<Commit>() {
            found.push((commit.to_string(), commit));
        }
        found
    }

    /// Every way in which what follows `/tree/` is a ref and a folder.
    fn readings(&self, steps: &[String]) -> Vec<(String, Commit, Folder)> {
        let mut readings = Vec::new();
        for end in 1..=steps.len() {
            let (name, folder) = steps.split_at(end);
            let Ok(folder) = folder.join("/").parse::<Folder>() else {
                continue;
            };
            for (name, commit) in self.meant_by(&name.join("/")) {
                readings.push((name, commit, folder.clone()));
            }
        }
        readings
    }

    fn no_ref(&self, source: &GitSource) -> SourceError {
        let name = match &source.place {
            Place::Exact { reference, .. } => reference
                .as_ref()
                .map(|name| name.as_str().to_owned())
                .unwrap_or_default(),
            Place::Tree(steps) => steps.join("/"),
        };
        let first = name.split('/').next().unwrap_or_default();
        let mut near: Vec<(usize, &str)> = self
            .refs
            .keys()
            .filter_map(|full| {
                full.strip_prefix("refs/heads/")
                    .or_else(|| full.strip_prefix("refs/tags/"))
            })
            .map(|short| {
                let far = |word: &str| strsim::damerau_levenshtein(word, short);
                (far(&name).min(far(first)), short)
            })
            .filter(|(distance, short)| *distance <= 1 + short.len() / 3)
            .collect();
        near.sort_unstable();
        near.dedup();
        let (there, more) = self.first_names();
        SourceError::NoRef {
            url: source.remote.shown(),
            name: shown_on_one_line(&name),
            nearest: near
                .into_iter()
                .take(3)
                .map(|(_, short)| shown_on_one_line(short))
                .collect(),
            there,
            more,
        }
    }

    /// The first few branches and tags, the default branch first, and how many more there are.
    fn first_names(&self) -> (Vec<String>, usize) {
        const MOST: usize = 8;
        let short = |full: &str| {
            let name = full
                .strip_prefix("refs/heads/")
                .or_else(|| full.strip_prefix("refs/tags/"));
            shown_on_one_line(name.unwrap_or(full))
        };
        let default = self.head.as_ref().and_then(|(name, _)| name.as_deref());
        let others = self
            .refs
            .keys()
            .map(String::as_str)
            .filter(|name| Some(*name) != default);
        let mut names: Vec<String> = default.into_iter().chain(others).map(short).collect();
        let more = names.len().saturating_sub(MOST);
        names.truncate(MOST);
        (names, more)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::source::SourceSettings;

    fn commit(byte: u8) -> Commit {
        Commit::from_bytes([byte; 20])
    }

    fn refs(list: &[(&str, u8)]) -> RemoteRefs {
        let mut refs = RemoteRefs::default();
        refs.add("HEAD", commit(1), Some("refs/heads/main"));
        refs.add("refs/heads/main", commit(1), None);
        for (name, byte) in list {
            refs.add(name, commit(*byte), None);
        }
        refs
    }

    fn resolve(refs: &RemoteRefs, text: &str) -> Result<(Commit, String, Option<String>), SourceError> {
        let source = GitSource::parse(text, &SourceSettings::default()).unwrap().unwrap();
        refs.resolve(&source)
            .map(|found| (found.commit, found.folder.to_string(), found.tip))
    }

    const TREE: &str = "https://github.com/o/r/tree/";

    #[test]
    fn a_ref_with_slashes_is_told_from_the_folder_below_it() {
        let refs = refs(&[("refs/heads/feat/x", 2), ("refs/tags/v1", 3), ("refs/tags/v1^{}", 4)]);
        let main = Some("refs/heads/main".to_owned());
        assert_eq!(
            resolve(&refs, "https://github.com/o/r").unwrap(),
            (commit(1), String::new(), main.clone())
        );
        assert_eq!(
            resolve(&refs, &format!("{TREE}main/a/b")).unwrap(),
            (commit(1), "a/b".to_owned(), main)
        );
        assert_eq!(
            resolve(&refs, &format!("{TREE}feat/x/a")).unwrap(),
            (commit(2), "a".to_owned(), Some("refs/heads/feat/x".to_owned()))
        );
        let (tagged, _, tip) = resolve(&refs, &format!("{TREE}v1")).unwrap();
        assert_eq!((tagged, tip), (commit(4), Some("refs/tags/v1".to_owned())));
    }

    #[test]
    fn two_readings_are_refused_and_both_are_shown() {
        let refs = refs(&[("refs/heads/a", 2), ("refs/tags/a/b", 3)]);
        let Err(SourceError::Ambiguous { readings, .. }) = resolve(&refs, &format!("{TREE}a/b/c")) else {
            panic!("it was read");
        };
        assert_eq!(
            readings,
            [
                "https://github.com/o/r#refs/heads/a:b/c",
                "https://github.com/o/r#refs/tags/a/b:c"
            ]
        );
        for reading in &readings {
            assert!(resolve(&refs, reading).is_ok(), "{reading}");
        }
    }

    #[test]
    fn a_branch_and_a_tag_of_one_name_are_one_reading_only_where_they_are_one_commit() {
        let same = refs(&[("refs/heads/v1", 2), ("refs/tags/v1", 2)]);
        assert_eq!(resolve(&same, "https://h/r#v1").unwrap().0, commit(2));
        let other = refs(&[("refs/heads/v1", 2), ("refs/tags/v1", 3)]);
        assert!(matches!(
            resolve(&other, "https://h/r#v1"),
            Err(SourceError::Ambiguous { .. })
        ));
        assert_eq!(resolve(&other, "https://h/r#refs/tags/v1").unwrap().0, commit(3));
    }

    #[test]
    fn a_full_commit_is_itself_and_has_a_tip_where_a_branch_ends_in_it() {
        let refs = refs(&[]);
        let (found, _, tip) = resolve(&refs, &format!("https://h/r#{}:t", commit(1))).unwrap();
        assert_eq!((found, tip), (commit(1), Some("refs/heads/main".to_owned())));
        let (found, folder, tip) = resolve(&refs, &format!("{TREE}{}/a", commit(9))).unwrap();
        assert_eq!((found, folder.as_str(), tip), (commit(9), "a", None));
    }

    #[test]
    fn what_is_not_there_is_refused_with_the_nearest_names_made_safe() {
        let refs = refs(&[("refs/heads/mian\u{202e}", 2)]);
        let Err(error @ SourceError::NoRef { .. }) = resolve(&refs, "https://h/r#mian") else {
            panic!("it was read");
        };
        let hints = error.hints().concat();
        assert!(hints.contains("`main`") && hints.contains("mian\\u{202e}"), "{hints}");
        assert!(matches!(
            resolve(&RemoteRefs::default(), "https://h/r"),
            Err(SourceError::Empty(_))
        ));
    }

    #[test]
    fn a_name_like_none_that_is_there_is_refused_with_those_that_are() {
        let tags: Vec<String> = (0..20).map(|number| format!("refs/tags/v{number}")).collect();
        let tags: Vec<(&str, u8)> = tags.iter().map(|name| (name.as_str(), 2)).collect();
        let error = resolve(&refs(&tags), "https://h/r#something-else").unwrap_err();
        let hints = error.hints().concat();
        assert!(hints.starts_with("its branches and tags: `main`, `v0`, "), "{hints}");
        assert!(hints.ends_with(", and 13 more"), "{hints}");
        let error = resolve(&refs(&[]), "https://h/r#0a1b2c3").unwrap_err();
        assert!(error.hints().concat().contains("40 hex digits"), "{error:?}");
    }

    #[test]
    fn refs_that_are_neither_branches_nor_tags_lead_nowhere() {
        let refs = refs(&[("refs/pull/1/head", 7)]);
        assert!(resolve(&refs, "https://h/r#refs/pull/1/head").is_err());
        assert_eq!(refs.tip(commit(7)), None);
    }
}
