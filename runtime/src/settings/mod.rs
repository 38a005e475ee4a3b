//! `pocket.toml`, `.secrets.toml` and `POCKET_*` variables, merged once, filling each stage's settings.

mod asks;
mod client_file;
mod credentials;
mod file;
mod layer;
mod limits_file;
mod proxy_file;
mod tool_file;
mod wording;

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fmt,
    path::{Path, PathBuf},
};

pub use asks::ProjectAsks;
pub use credentials::CredentialSettings;
use file::SettingsFile;
use layer::Layer;

use crate::{
    auth,
    base::{code::Code, home::Home, name::ToolName, net::NetSettings},
    package::{FolderGrant, Rule},
    provider::{ProviderError, Providers},
    sandbox::{CredentialsMode, Limits},
    source::SourceSettings,
};

/// All that can be set, read once when a [`Pocket`](crate::Pocket) is built.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// Clients, callback port, public URL.
    pub auth: auth::Settings,
    /// Where tokens are kept, and the key under which they are sealed comes from.
    pub store: auth::StoreSettings,
    /// Every provider.
    pub providers: Providers,
    /// The limits of calls.
    pub limits: Limits,
    /// What git hosts are read as GitHub is.
    pub sources: SourceSettings,
    /// How guests get their credentials where a tool's own settings do not say it.
    pub credentials: CredentialSettings,
    /// Roots of trust and proxy of all clients.
    pub net: NetSettings,
    /// Wins over every grant.
    pub deny: Vec<Rule>,
    /// The tools of the project, by the name they have in it.
    pub tools: BTreeMap<ToolName, ToolSettings>,
    /// The names of the `POCKET_*` variables, settings or not: some hold secrets, and no program that is started needs any.
    pub own_variables: Vec<OsString>,
    /// The files that these settings name: a CA, a key, a certificate.
    pub own_files: Vec<PathBuf>,
}

/// What `[tools.<name>]` says of one tool.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToolSettings {
    /// Where it comes from, as written.
    pub source: String,
    /// Environment variables, over the manifest's.
    pub variables: BTreeMap<String, String>,
    /// How the guest gets its credential, where that is said of this tool.
    pub credentials: Option<CredentialsMode>,
    /// Whether it has an account of its own, which no other tool uses.
    pub own_account: bool,
    /// Hosts, beyond the provider's; they need not be asked for.
    pub http: Vec<Rule>,
    /// Folders.
    pub files: Vec<FolderGrant>,
}

/// Settings, and what of them a project's files ask for.
#[derive(Debug, Clone)]
pub struct ReadSettings {
    /// All layers together.
    pub settings: Settings,
    /// What holds only once a person on this machine agreed to it.
    pub asks: ProjectAsks,
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// A file is there and cannot be read.
    #[error("cannot read settings: `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{place}: {message}")]
    NotValid {
        /// File, line and column, or the variable.
        place: Place,
        /// What is wrong.
        message: String,
        /// What would mend it.
        hint: Option<String>,
    },
    /// A provider of the operator's own is not what it should be.
    #[error("{place}: {source}")]
    Provider {
        /// File, line and column, or the variable.
        place: Place,
        /// What is wrong.
        source: ProviderError,
    },
    /// The platform names no folder in which things can be kept.
    #[error("this platform names no folder for settings and data")]
    NoHome,
}

/// Where a setting stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub(crate) file: String,
    pub(crate) line_and_column: Option<(usize, usize)>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some((line, column)) = self.line_and_column {
            write!(f, ":{line}:{column}")?;
        }
        Ok(())
    }
}

impl SettingsError {
    /// Its stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Unreadable { .. } | Self::NotValid { .. } | Self::Provider { .. } => Code::NotValid,
            Self::NoHome => Code::Internal,
        }
    }

    /// What would mend it.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Unreadable { path, source } => vec![match source.kind() {
                std::io::ErrorKind::PermissionDenied => format!("let this user read `{}`", path.display()),
                std::io::ErrorKind::NotFound => "make this file, or take out the setting that names it".to_owned(),
                _other => {
                    "it has to be a plain file of text, of no more than 4 MiB, that this user can read".to_owned()
                }
            }],
            Self::NotValid { hint, .. } => hint.iter().cloned().collect(),
            Self::Provider { source, .. } => source.hints(),
            Self::NoHome => vec!["set POCKET_HOME to a folder".to_owned()],
        }
    }
}

/// Whether a variable is one of Pocket's. Windows makes no difference between capitals and others.
fn is_own(name: &OsStr) -> bool {
    name.to_string_lossy().to_ascii_uppercase().starts_with("POCKET_")
}

impl Settings {
    /// What holds where nothing is set.
    ///
    /// # Errors
    /// When an embedded provider file is not valid, which a test rules out.
    pub fn standard() -> Result<Self, SettingsError> {
        Self::from_files(&[], Path::new("."))
    }

    /// Reads, low to high: the user's `config.toml` in `home`, the project's `pocket.toml` and `.secrets.toml`, and the
    /// `POCKET_*` variables, in which `__` stands for a step down (`POCKET_AUTH__SLACK__CLIENT_ID`). `POCKET_STORE_KEY` is the
    /// key of the token store.
    ///
    /// # Errors
    /// When one of them cannot be read, has an unknown key or a value that does not fit: with file, line and column.
    pub fn read(
        home: &Home,
        project: Option<&Path>,
        variables: impl IntoIterator<Item = (impl Into<OsString>, impl Into<OsString>)>,
    ) -> Result<ReadSettings, SettingsError> {
        let lock = |project: &Path| layer::text_of(&project.join("pocket.lock"));
        Self::read_beside(home, project, variables, lock)
    }

    /// The same with this text in place of the project's `pocket.lock`: where this process had it written and may not read it since.
    ///
    /// # Errors
    /// As [`Settings::read`].
    pub fn read_with_lock(
        home: &Home,
        project: &Path,
        variables: impl IntoIterator<Item = (impl Into<OsString>, impl Into<OsString>)>,
        lock: String,
    ) -> Result<ReadSettings, SettingsError> {
        Self::read_beside(home, Some(project), variables, |_project| Ok(Some(lock)))
    }

    fn read_beside(
        home: &Home,
        project: Option<&Path>,
        variables: impl IntoIterator<Item = (impl Into<OsString>, impl Into<OsString>)>,
        lock: impl FnOnce(&Path) -> Result<Option<String>, SettingsError>,
    ) -> Result<ReadSettings, SettingsError> {
        let user = Layer::file(&home.config().join("config.toml"))?;
        let in_project = |name: &str| project.map_or(Ok(None), |folder| Layer::file(&folder.join(name)));
        let public = in_project("pocket.toml")?;
        let secrets = in_project(".secrets.toml")?;
        if let Some(layer) = &secrets {
            layer.warn_if_others_reach_it();
        }
        let variables: Vec<(OsString, OsString)> = variables.into_iter().map(|(n, v)| (n.into(), v.into())).collect();
        let own_variables = variables.iter().map(|(name, _)| name).filter(|name| is_own(name));
        let own_variables = own_variables.cloned().collect();
        let environment = Layer::variables(variables)?;
        let asks = match project {
            Some(folder) => ProjectAsks::of(lock(folder)?, user.as_ref(), [public.as_ref(), secrets.as_ref()])?,
            None => ProjectAsks::none(),
        };
        let project = project.unwrap_or(Path::new("."));
        let layers: Vec<Layer> = [user, public, secrets, environment].into_iter().flatten().collect();
        let settings = Self {
            own_variables,
            ..Self::from_files(&layers, project)?
        };
        Ok(ReadSettings { settings, asks })
    }

    /// The same without anything that the project's files say, for a project that nobody on this machine has trusted.
    ///
    /// # Errors
    /// As [`Settings::read`].
    pub fn read_without_project(
        home: &Home,
        variables: impl IntoIterator<Item = (impl Into<OsString>, impl Into<OsString>)>,
    ) -> Result<Self, SettingsError> {
        Ok(Self::read(home, None, variables)?.settings)
    }

    fn from_files(layers: &[Layer], project: &Path) -> Result<Self, SettingsError> {
        let mut merged = SettingsFile::default();
        let mut providers = Providers::builtin().map_err(|source| SettingsError::Provider {
            place: Place {
                file: "built in".to_owned(),
                line_and_column: None,
            },
            source,
        })?;
        for layer in layers {
            let file = layer.parsed()?;
            for (path, table) in file.of_providers() {
                let [_table, name] = path;
                providers = providers.with(name, &table).map_err(|source| SettingsError::Provider {
                    place: layer.place_of(&path).unwrap_or_else(|| layer.place()),
                    source,
                })?;
            }
            merged.overlay(file);
        }
        merged.into_settings(providers, project, layers)
    }
}
