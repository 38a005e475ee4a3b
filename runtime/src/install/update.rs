//! What an update of a tool would change.

use crate::{
    base::text::shown_on_one_line,
    install::{Candidate, Installed},
    package::{Access, AuthRequirement, CredentialGrant, Grant, Manifest, Permissions, Rule, TokenKind},
    source::PinnedSource,
};

/// What an update of a tool would change.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Update {
    /// What is there now.
    pub candidate: Candidate,
    /// What changes, in the order in which a person should read it; empty when nothing does.
    pub changes: Vec<Change>,
    /// Whether it asks for more than was granted: only a person may take such an update.
    pub widens: bool,
    /// What of the old grant still fits: nothing more than it had.
    pub grant: Grant,
}

/// One thing that an update changes: `commit`, `component`, `scopes`, `hosts`, `description`, ...
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Change {
    /// What changes.
    pub what: String,
    /// From; empty where there was nothing.
    pub from: String,
    /// To; empty where there is nothing any more.
    pub to: String,
}

impl Update {
    /// From what is installed to what is there now.
    pub(super) fn between(installed: &Installed, candidate: Candidate) -> Self {
        let (old, new) = (&installed.package.manifest, &candidate.package.manifest);
        let mut changes = pins(&installed.source, &candidate.source);
        changes.push(change(
            "component",
            installed.package.component.digest.to_string(),
            candidate.package.component.digest.to_string(),
        ));
        changes.extend(of_manifest(old, new));
        changes.retain(|change| change.from != change.to);
        Self {
            changes,
            widens: widens(old.auth.as_ref(), new.auth.as_ref())
                || widens_permissions(&old.permissions, &new.permissions),
            grant: narrowed(&installed.grant, old.auth.as_ref(), new.auth.as_ref()),
            candidate,
        }
    }
}

/// A grant as far as it still fits: the hosts and folders of a lock hold only where the manifest asks them too, so they
/// stay; the credential goes only where what is asked is not more than what was agreed.
pub(super) fn narrowed(grant: &Grant, agreed: Option<&AuthRequirement>, asked: Option<&AuthRequirement>) -> Grant {
    let Grant {
        http,
        files,
        credential,
        timeout,
        memory,
    } = grant.clone();
    Grant {
        http,
        files,
        credential: match (asked, widens(agreed, asked)) {
            (Some(_), false) => credential,
            (Some(_), true) | (None, _) => CredentialGrant::Withheld,
        },
        timeout,
        memory,
    }
}

/// Whether two name the same account: provider, handler and whose token.
pub(super) fn same_account(a: &AuthRequirement, b: &AuthRequirement) -> bool {
    (&a.provider, &a.handler, a.token) == (&b.provider, &b.handler, b.token)
}

fn widens(old: Option<&AuthRequirement>, new: Option<&AuthRequirement>) -> bool {
    match (old, new) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(old), Some(new)) => !same_account(old, new) || new.scopes.iter().any(|scope| !old.scopes.contains(scope)),
    }
}

fn widens_permissions(old: &Permissions, new: &Permissions) -> bool {
    let Permissions {
        http,
        files,
        timeout,
        memory,
        credentials_in_env,
    } = new;
    let had = |guest: &str, access: Access| {
        old.files
            .iter()
            .any(|file| file.guest == guest && (file.access == Access::Write || access == Access::Read))
    };
    http.iter().any(|rule| !old.http.contains(rule))
        || files.iter().any(|file| !had(&file.guest, file.access))
        || *timeout > old.timeout
        || *memory > old.memory
        || (*credentials_in_env && !old.credentials_in_env)
}

fn pins(old: &PinnedSource, new: &PinnedSource) -> Vec<Change> {
    match (old, new) {
        (
            PinnedSource::Git { commit, folder, .. },
            PinnedSource::Git {
                commit: new_commit,
                folder: new_folder,
                ..
            },
        ) => vec![
            change("commit", commit.to_string(), new_commit.to_string()),
            change("folder", folder.to_string(), new_folder.to_string()),
        ],
        (PinnedSource::Path(_), _) | (_, PinnedSource::Path(_)) => {
            vec![change("source", old.written().to_owned(), new.written().to_owned())]
        }
    }
}

fn of_manifest(old: &Manifest, new: &Manifest) -> Vec<Change> {
    let facets = OF_AUTH.iter().chain(OF_PERMISSIONS).chain(OF_TOOL);
    facets.map(|(what, read)| change(what, read(old), read(new))).collect()
}

/// A name for people, and what a manifest says there; empty where it says nothing.
type Facet = (&'static str, fn(&Manifest) -> String);

const OF_AUTH: &[Facet] = &[
    ("provider", |manifest| of_auth(manifest, |auth| auth.provider.clone())),
    ("handler", |manifest| {
        of_auth(manifest, |auth| auth.handler.clone().unwrap_or_default())
    }),
    ("token", |manifest| {
        of_auth(manifest, |auth| match auth.token {
            TokenKind::Bot => "bot".to_owned(),
            TokenKind::User => "user".to_owned(),
        })
    }),
    ("scopes", |manifest| of_auth(manifest, |auth| auth.scopes.join(", "))),
];

const OF_PERMISSIONS: &[Facet] = &[
    ("hosts", |manifest| {
        let rules = manifest.permissions.http.iter();
        joined(&rules.map(Rule::in_words).collect::<Vec<_>>())
    }),
    ("files", |manifest| {
        let words = manifest.permissions.files.iter().map(|file| {
            let access = match file.access {
                Access::Read => "read",
                Access::Write => "write",
            };
            format!("{} ({access})", file.guest)
        });
        joined(&words.collect::<Vec<_>>())
    }),
    ("timeout", |manifest| {
        let timeout = manifest.permissions.timeout;
        timeout.map_or_else(String::new, |time| format!("{} ms", time.as_millis()))
    }),
    ("memory", |manifest| {
        let memory = manifest.permissions.memory;
        memory.map_or_else(String::new, |bytes| format!("{bytes} B"))
    }),
    ("credentials", |manifest| {
        match manifest.permissions.credentials_in_env {
            true => "the tool must hold the secret itself".to_owned(),
            false => String::new(),
        }
    }),
];

const OF_TOOL: &[Facet] = &[
    ("name", |manifest| manifest.name.to_string()),
    ("title", |manifest| manifest.title.clone().unwrap_or_default()),
    ("description", |manifest| manifest.description.clone()),
    ("input schema", |manifest| manifest.input_schema.as_str().to_owned()),
    ("output schema", |manifest| {
        let schema = manifest.output_schema.as_ref();
        schema.map_or_else(String::new, |schema| schema.as_str().to_owned())
    }),
    ("annotations", |manifest| {
        let annotations = manifest.annotations.as_ref();
        annotations.map_or_else(String::new, ToString::to_string)
    }),
    ("variables", |manifest| {
        let words = manifest.variables.iter().map(|(name, value)| format!("{name}={value}"));
        joined(&words.collect::<Vec<_>>())
    }),
];

fn of_auth(manifest: &Manifest, read: fn(&AuthRequirement) -> String) -> String {
    manifest.auth.as_ref().map(read).unwrap_or_default()
}

fn joined(words: &[impl ToString]) -> String {
    words.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// All of it may come from a stranger.
fn change(what: &str, from: String, to: String) -> Change {
    Change {
        what: what.to_owned(),
        from: shown_on_one_line(&from),
        to: shown_on_one_line(&to),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::time::Duration;

    use super::*;
    use crate::package::FilePermission;

    fn auth(provider: &str, scopes: &[&str]) -> AuthRequirement {
        let mut auth = AuthRequirement::new(provider);
        auth.scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        auth
    }

    fn credential(agreed: Option<&AuthRequirement>, asked: Option<&AuthRequirement>) -> CredentialGrant {
        let grant = Grant {
            credential: CredentialGrant::Given,
            ..Grant::default()
        };
        narrowed(&grant, agreed, asked).credential
    }

    #[test]
    fn a_credential_stays_only_for_what_was_agreed_or_less() {
        let agreed = auth("slack", &["a", "b"]);
        let given = |asked: &AuthRequirement| credential(Some(&agreed), Some(asked));
        assert_eq!(given(&agreed), CredentialGrant::Given);
        assert_eq!(given(&auth("slack", &["b"])), CredentialGrant::Given);
        assert_eq!(given(&auth("slack", &["b", "c"])), CredentialGrant::Withheld);
        assert_eq!(given(&auth("github", &["a"])), CredentialGrant::Withheld);
        let mut handler = agreed.clone();
        handler.handler = Some("slack-token".to_owned());
        assert_eq!(given(&handler), CredentialGrant::Withheld);
        let mut user = agreed.clone();
        user.token = TokenKind::User;
        assert_eq!(given(&user), CredentialGrant::Withheld);
        assert_eq!(credential(None, Some(&agreed)), CredentialGrant::Withheld);
        assert_eq!(credential(Some(&agreed), None), CredentialGrant::Withheld);
    }

    #[test]
    fn nothing_is_granted_that_was_not() {
        let agreed = auth("slack", &[]);
        assert_eq!(
            narrowed(&Grant::default(), Some(&agreed), Some(&agreed)),
            Grant::default()
        );
    }

    #[test]
    fn asking_more_of_anything_widens_and_asking_less_does_not() {
        let file = |access| FilePermission {
            guest: "/data".to_owned(),
            access,
        };
        let base = Permissions {
            http: vec!["https://a.example".parse().unwrap()],
            files: vec![file(Access::Read)],
            timeout: Some(Duration::from_secs(60)),
            memory: None,
            credentials_in_env: false,
        };
        assert!(!widens_permissions(&base, &base));
        assert!(!widens_permissions(&base, &Permissions::default()));
        let mut more = [base.clone(), base.clone(), base.clone(), base.clone(), base.clone()];
        more[0].http.push("https://b.example".parse().unwrap());
        more[1].files = vec![file(Access::Write)];
        more[2].timeout = Some(Duration::from_secs(61));
        more[3].memory = Some(1);
        more[4].credentials_in_env = true;
        for wider in &more {
            assert!(widens_permissions(&base, wider), "{wider:?}");
            assert!(!widens_permissions(wider, &base), "{wider:?}");
        }
    }
}
