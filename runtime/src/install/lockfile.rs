//! `pocket.lock`: the format, as plain data.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};

use crate::{
    base::{digest::Digest, name::ToolName, text::shown},
    install::{InstallError, grant_file::GrantFile},
    package::{AuthRequirement, TokenKind},
    source::{Commit, Folder},
};

/// The version that this Pocket writes.
const VERSION: i64 = 1;
/// More than any project's tools need.
pub(super) const LARGEST: u64 = 4 << 20;

/// What `pocket.lock` says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Lockfile {
    /// The tools, by name.
    pub(super) tools: BTreeMap<ToolName, Locked>,
}

/// One tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Locked {
    /// As written, without a password.
    pub(super) source: String,
    /// What it stood for; nothing for a path, which is read anew at every load.
    pub(super) pin: Option<Pin>,
    /// [`Candidate::digest`](crate::Candidate::digest) of what a person agreed to.
    pub(super) agreed: Digest,
    /// The account that a person agreed to.
    pub(super) auth: Option<AuthRequirement>,
    /// What was granted.
    pub(super) grant: GrantFile,
}

/// Exactly what a git source stood for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pin {
    pub(super) commit: Commit,
    pub(super) folder: Folder,
    pub(super) tree: Digest,
    pub(super) manifest: Digest,
    pub(super) component: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LockWire {
    version: i64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tools: BTreeMap<String, LockedWire>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LockedWire {
    source: String,
    #[serde(default, with = "as_text", skip_serializing_if = "Option::is_none")]
    commit: Option<Commit>,
    #[serde(default, with = "as_text", skip_serializing_if = "Option::is_none")]
    folder: Option<Folder>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tree: Option<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    manifest: Option<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    component: Option<Digest>,
    agreed: Digest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    auth: Option<AuthWire>,
    #[serde(default)]
    grant: GrantFile,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthWire {
    provider: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    handler: Option<String>,
    #[serde(default)]
    token: TokenKind,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    scopes: Vec<String>,
}

/// What can be written as text and read back from it.
mod as_text {
    use std::{fmt::Display, str::FromStr};

    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<T: Display, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.collect_str(value),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Some).map_err(D::Error::custom)
    }
}

impl Lockfile {
    /// Reads the text of the file at `path`.
    ///
    /// # Errors
    /// When it is not one, with line and column; when a later Pocket wrote it.
    pub(super) fn parse(text: &str, path: &Path) -> Result<Self, InstallError> {
        let refused = |place, message| InstallError::FileNotValid {
            path: path.to_owned(),
            place,
            message,
        };
        if let Some(line) = text.lines().position(|line| line.starts_with("<<<<<<< ")) {
            let line = line + 1;
            return Err(refused(Some((line, 1)), "there is a merge conflict in it".to_owned()));
        }
        let syntax = |e: &toml::de::Error| refused(place(text, e), shown(e.message()));
        let table: toml::Table = toml::from_str(text).map_err(|e| syntax(&e))?;
        match table.get("version").and_then(toml::Value::as_integer) {
            Some(VERSION) => {}
            Some(version) if version > VERSION => {
                return Err(InstallError::FileTooNew {
                    path: path.to_owned(),
                    version,
                });
            }
            Some(_) | None => return Err(refused(None, format!("it has to say `version = {VERSION}`"))),
        }
        let wire: LockWire = toml::from_str(text).map_err(|e| syntax(&e))?;
        let tools = wire.tools.into_iter().map(|(name, tool)| {
            let told = |message: String| refused(None, format!("[tools.{}]: {message}", shown(&name)));
            let key: ToolName = name.parse().map_err(|e: crate::NotAToolName| told(e.to_string()))?;
            Ok::<_, InstallError>((key, tool.read().map_err(told)?))
        });
        Ok(Self {
            tools: tools.collect::<Result<_, _>>()?,
        })
    }

    /// The text of the file: the same for the same content.
    pub(super) fn write(&self, path: &Path) -> Result<String, InstallError> {
        let tools = self.tools.iter();
        let wire = LockWire {
            version: VERSION,
            tools: tools
                .map(|(name, tool)| (name.to_string(), LockedWire::of(tool)))
                .collect(),
        };
        let text = toml::to_string(&wire).map_err(|e| InstallError::FileNotValid {
            path: path.to_owned(),
            place: None,
            message: e.to_string(),
        })?;
        Ok(format!(
            "# Written by `pocket add`, `update` and `remove`. Keep it under version control.\n{text}"
        ))
    }
}

impl LockedWire {
    fn of(tool: &Locked) -> Self {
        let Locked {
            source,
            pin,
            agreed,
            auth,
            grant,
        } = tool.clone();
        let mut wire = Self {
            source,
            commit: None,
            folder: None,
            tree: None,
            manifest: None,
            component: None,
            agreed,
            auth: auth.map(AuthWire::of),
            grant,
        };
        if let Some(Pin {
            commit,
            folder,
            tree,
            manifest,
            component,
        }) = pin
        {
            wire.commit = Some(commit);
            wire.folder = Some(folder);
            wire.tree = Some(tree);
            wire.manifest = Some(manifest);
            wire.component = Some(component);
        }
        wire
    }

    fn read(self) -> Result<Locked, String> {
        let Self {
            source,
            commit,
            folder,
            tree,
            manifest,
            component,
            agreed,
            auth,
            grant,
        } = self;
        let pin = match (commit, folder, tree, manifest, component) {
            (None, None, None, None, None) => None,
            (Some(commit), Some(folder), Some(tree), Some(manifest), Some(component)) => Some(Pin {
                commit,
                folder,
                tree,
                manifest,
                component,
            }),
            _some => {
                return Err(
                    "`commit`, `folder`, `tree`, `manifest` and `component` stand together or not at all".to_owned(),
                );
            }
        };
        Ok(Locked {
            source,
            pin,
            agreed,
            auth: auth.map(AuthWire::read),
            grant,
        })
    }
}

impl AuthWire {
    fn of(auth: AuthRequirement) -> Self {
        let AuthRequirement {
            provider,
            handler,
            scopes,
            token,
            // A setting, not what was agreed to.
            owner: _,
        } = auth;
        Self {
            provider,
            handler,
            token,
            scopes,
        }
    }

    fn read(self) -> AuthRequirement {
        let mut auth = AuthRequirement::new(self.provider);
        auth.handler = self.handler;
        auth.token = self.token;
        auth.scopes = self.scopes;
        auth.scopes.sort_unstable();
        auth.scopes.dedup();
        auth
    }
}

/// Line and column of an error, from 1, in characters.
pub(super) fn place(text: &str, error: &toml::de::Error) -> Option<(usize, usize)> {
    let before = text.get(..error.span()?.start)?;
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Some((line, column))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn lockfile() -> Lockfile {
        let mut auth = AuthRequirement::new("slack");
        auth.scopes = vec!["channels:history".to_owned(), "im:history".to_owned()];
        let git = Locked {
            source: "https://github.com/org/repo/tree/main/tools/slack".to_owned(),
            pin: Some(Pin {
                commit: "0123456789abcdef0123456789abcdef01234567".parse().unwrap(),
                folder: "tools/slack".parse().unwrap(),
                tree: Digest::of(b"tree"),
                manifest: Digest::of(b"manifest"),
                component: Digest::of(b"component"),
            }),
            agreed: Digest::of(b"agreed"),
            auth: Some(auth),
            grant: GrantFile::default(),
        };
        let path = Locked {
            source: "./tools/echo".to_owned(),
            pin: None,
            auth: None,
            ..git.clone()
        };
        let root = Locked {
            source: "https://github.com/org/root".to_owned(),
            pin: git.pin.clone().map(|pin| Pin {
                folder: Folder::default(),
                ..pin
            }),
            ..git.clone()
        };
        let names = ["slack", "echo", "root"].map(|name| name.parse().unwrap());
        Lockfile {
            tools: names.into_iter().zip([git, path, root]).collect(),
        }
    }

    fn parse(text: &str) -> Result<Lockfile, InstallError> {
        Lockfile::parse(text, Path::new("pocket.lock"))
    }

    #[test]
    fn it_reads_back_as_it_was_written_sorted_by_name() {
        let lockfile = lockfile();
        let text = lockfile.write(Path::new("pocket.lock")).unwrap();
        assert_eq!(parse(&text).unwrap(), lockfile);
        assert_eq!(parse(&text).unwrap().write(Path::new("pocket.lock")).unwrap(), text);
        let at = |name: &str| text.find(&format!("[tools.{name}]")).unwrap();
        assert!(at("echo") < at("root") && at("root") < at("slack"), "{text}");
        assert!(parse("version = 1\n").unwrap().tools.is_empty());
    }

    #[test]
    fn what_is_not_a_lockfile_is_refused_with_the_place() {
        let text = lockfile().write(Path::new("pocket.lock")).unwrap();
        let refused = |text: &str| match parse(text) {
            Err(InstallError::FileNotValid { place, message, .. }) => (place, message),
            other => panic!("{other:?}"),
        };
        let (place, message) = refused(&text.replace("source = \"./", "sauce = \"./"));
        assert!(place.is_some() && message.contains("sauce"), "{place:?} {message}");
        let (place, message) = refused(&text.replace("0123456789abcdef0", "0123"));
        assert!(place.is_some() && message.contains("40 hex"), "{place:?} {message}");
        let (place, message) = refused(&text.replace("tools/slack\"\ntree", "../slack\"\ntree"));
        assert!(place.is_some() && message.contains("../slack"), "{place:?} {message}");
        let (_, message) = refused(&text.replacen("manifest = ", "# manifest = ", 1));
        assert!(message.contains("stand together"), "{message}");
        assert_eq!(refused("version = 1\n<<<<<<< HEAD\n").0, Some((2, 1)));
        assert_eq!(refused("version = 1\nx = \n").0.map(|(line, _)| line), Some(2));
        assert!(refused("version = 0\n").1.contains("version = 1"));
        refused("");
    }

    #[test]
    fn a_grant_that_cannot_be_read_is_refused_with_its_line_and_column() {
        let grant =
            "version = 1\n\n[tools.echo]\nsource = \"./tools/echo\"\nagreed = \"AGREED\"\n\n[tools.echo.grant]\n";
        let grant = grant.replace("AGREED", &Digest::of(b"agreed").to_string());
        let column = |line: &str, value: &str| line.find(value).unwrap() + 1;
        for (line, value) in [
            ("http = [{ rule = \"GET https://*\" }]", "\"GET https://*\""),
            ("http = [{ rule = \"ftp://a.example\" }]", "\"ftp://a.example\""),
            ("timeout = \"soon\"", "\"soon\""),
            ("memory = \"1 parsec\"", "\"1 parsec\""),
            (
                "files = [{ guest = \"/data\", folder = \"./data\", access = \"own\" }]",
                "\"own\"",
            ),
        ] {
            let Err(InstallError::FileNotValid { place, .. }) = parse(&format!("{grant}{line}\n")) else {
                panic!("{line} was read");
            };
            assert_eq!(place, Some((8, column(line, value))), "{line}");
        }
        assert!(parse(&format!("{grant}timeout = \"1m\"\n")).is_ok());
    }

    #[test]
    fn a_later_version_is_refused_as_such_whatever_else_it_has() {
        let later = parse("version = 2\n[new]\nx = 1\n");
        assert!(matches!(later, Err(InstallError::FileTooNew { version: 2, .. })));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_reading_panic(text in "\\PC{0,200}") {
            let _ = parse(&text);
            let _ = parse(&format!("version = 1\n[tools.a]\n{text}"));
        }
    }
}
