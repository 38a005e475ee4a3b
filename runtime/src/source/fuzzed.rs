//! What a git source was read as, which nobody outside of this stage sees otherwise.

use crate::source::{Folder, GitSource, SourceError, SourceSettings, place::Place, remote::Transport};

/// What a git source was read as, but for its login.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    /// What git is given.
    pub(crate) url: String,
    pub(crate) host: String,
    pub(crate) is_web: bool,
    pub(crate) is_ssh: bool,
    place: Place,
}

impl Parts {
    pub(crate) fn of(source: &GitSource) -> Self {
        Self {
            url: source.remote.url.clone(),
            host: source.remote.host.clone(),
            is_web: source.remote.transport == Transport::Http,
            is_ssh: source.remote.transport == Transport::Ssh,
            place: source.place.clone(),
        }
    }

    /// The folder, where the text says which; else what stands after `/tree/` as one.
    pub(crate) fn folder(&self) -> Result<Folder, SourceError> {
        match &self.place {
            Place::Exact { folder, .. } => Ok(folder.clone()),
            Place::Tree(steps) => steps.join("/").parse(),
        }
    }

    /// The source as it is written with an exact ref and folder; none where the text leaves open which is meant.
    pub(crate) fn rewritten(&self, source: &GitSource) -> Option<String> {
        match &self.place {
            Place::Exact {
                reference: Some(reference),
                folder,
            } => Some(source.rewritten(reference.as_str(), folder)),
            Place::Exact { reference: None, .. } | Place::Tree(_) => None,
        }
    }
}

/// A source that reads GitHub's pages on a host of the operator's too.
pub(crate) fn settings() -> SourceSettings {
    SourceSettings::with_github_hosts(vec!["github.example.com".to_owned(), "127.0.0.1:8080".to_owned()])
}
