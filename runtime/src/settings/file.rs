//! The format of a settings file, every key optional.

use std::{
    collections::BTreeMap,
    num::NonZeroU16,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Deserializer, de::Error as _};

use crate::{
    auth,
    base::{key::KeySource, net::NetSettings, secret::Secret, word::some_word},
    provider::Providers,
    sandbox::Limits,
    settings::{
        Settings, SettingsError,
        client_file::ClientFile,
        credentials::CredentialsFile,
        layer::{self, Layer},
        limits_file::LimitsFile,
        proxy_file::ProxyFile,
        tool_file::{RuleFile, ToolFile},
    },
    source::SourceSettings,
};

/// What one layer says.
#[derive(Debug, Default, Deserialize)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "tables of settings: tools, auth, providers, store"
)]
pub(super) struct SettingsFile {
    tools: BTreeMap<String, ToolFile>,
    pub(super) limits: LimitsFile,
    deny: DenyFile,
    auth: BTreeMap<String, ClientFile>,
    pub(super) providers: BTreeMap<String, toml::Table>,
    callback: CallbackFile,
    renewals: RenewalsFile,
    store: StoreFile,
    sources: SourcesFile,
    network: NetworkFile,
    credentials: CredentialsFile,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table of what is refused: http")]
struct DenyFile {
    http: Vec<RuleFile>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a table of where sign-ins come back to: port, certificate_file"
)]
struct CallbackFile {
    #[serde(deserialize_with = "some_port")]
    port: Option<u16>,
    certificate_file: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a table of how fast tokens are renewed: at_once, per_second"
)]
struct RenewalsFile {
    #[serde(deserialize_with = "some_count")]
    at_once: Option<NonZeroU16>,
    #[serde(deserialize_with = "some_count")]
    per_second: Option<NonZeroU16>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a table of where tokens are kept: url, key, key_file, keyring"
)]
struct StoreFile {
    url: Option<auth::StoreUrl>,
    sign_ins_url: Option<auth::StoreUrl>,
    key: Option<Secret>,
    key_file: Option<PathBuf>,
    #[serde(deserialize_with = "some_word")]
    keyring: Option<Keyring>,
}

/// Whether the keyring of the user's system is asked when a store is made.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Keyring {
    #[default]
    Auto,
    Off,
}

#[derive(Debug, Default, Deserialize)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a table of where tools come from: github_hosts"
)]
struct SourcesFile {
    github_hosts: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a table of how the network is reached: ca_file, proxy"
)]
struct NetworkFile {
    ca_file: Option<PathBuf>,
    proxy: ProxyFile,
}

/// A number, or its digits: a variable of the environment is always text.
fn some_port<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a port from 1 to 65535")]
    enum Written {
        Number(u16),
        Text(String),
    }
    match Written::deserialize(deserializer)? {
        Written::Number(port) => Ok(Some(port)),
        Written::Text(text) => text
            .parse()
            .map(Some)
            .map_err(|_error| D::Error::custom("expected a port from 1 to 65535")),
    }
}

/// The same of a number that counts something.
fn some_count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NonZeroU16>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a number from 1 to 65535")]
    enum Written {
        Number(NonZeroU16),
        Text(String),
    }
    match Written::deserialize(deserializer)? {
        Written::Number(count) => Ok(Some(count)),
        Written::Text(text) => text
            .parse()
            .map(Some)
            .map_err(|_error| D::Error::custom("expected a number from 1 to 65535")),
    }
}

impl SettingsFile {
    /// From a table that was never text.
    pub(super) fn deserialize_table(table: toml::Table) -> Result<Self, toml::de::Error> {
        Self::deserialize(table)
    }

    /// What it says of providers, with the place of it: `[providers.<name>]`, and the keys of `[auth.<name>]` that are of the
    /// provider's file.
    pub(super) fn of_providers(&self) -> Vec<([&str; 2], toml::Table)> {
        let tables = self
            .providers
            .iter()
            .map(|(name, table)| (["providers", name.as_str()], table.clone()));
        let domains = self.auth.iter().filter_map(|(name, client)| {
            let url = toml::Value::from(client.domain_url.clone()?);
            let oauth2 = toml::Table::from_iter([("domain_url".to_owned(), url)]);
            Some((
                ["auth", name.as_str()],
                toml::Table::from_iter([("oauth2".to_owned(), oauth2.into())]),
            ))
        });
        tables.chain(domains).collect()
    }

    /// Lays `over` on top: what it says wins, what it leaves out stays.
    pub(super) fn overlay(&mut self, over: Self) {
        let Self {
            tools,
            limits,
            deny,
            auth,
            providers: _,
            callback,
            renewals,
            store,
            sources,
            network,
            credentials,
        } = over;
        for (name, tool) in tools {
            self.tools.entry(name).or_default().overlay(tool);
        }
        for (name, client) in auth {
            self.auth.entry(name).or_default().overlay(client);
        }
        self.limits.overlay(limits);
        replace(&mut self.callback.port, callback.port);
        replace(&mut self.callback.certificate_file, callback.certificate_file);
        replace(&mut self.renewals.at_once, renewals.at_once);
        replace(&mut self.renewals.per_second, renewals.per_second);
        self.store.overlay(store);
        replace(&mut self.network.ca_file, network.ca_file);
        self.network.proxy.overlay(network.proxy);
        self.deny.http.extend(deny.http);
        self.sources.github_hosts.extend(sources.github_hosts);
        self.credentials.overlay(credentials);
    }

    /// The settings that all layers together make. The layers tell where what is wrong stands.
    pub(super) fn into_settings(
        self,
        providers: Providers,
        project: &Path,
        layers: &[Layer],
    ) -> Result<Settings, SettingsError> {
        let Self {
            tools,
            limits,
            deny,
            auth,
            providers: _,
            callback,
            renewals,
            store,
            sources,
            network,
            credentials,
        } = self;
        let own_files = [&callback.certificate_file, &store.key_file, &network.ca_file];
        let own_files = own_files.into_iter().flatten().map(|file| project.join(file)).collect();
        Ok(Settings {
            auth: auth_settings(auth, callback, renewals, &providers, layers, project)?,
            store: store.into_settings(project),
            limits: limits.over(Limits::default()),
            sources: SourceSettings::with_github_hosts(sources.github_hosts),
            credentials: credentials.into_settings(),
            own_variables: Vec::new(),
            own_files,
            net: net_settings(network, project, layers)?,
            deny: deny.http.into_iter().map(|rule| rule.0).collect(),
            tools: tools
                .into_iter()
                .map(|(name, tool)| tool.named(&name, project))
                .collect::<Result<_, _>>()?,
            providers,
        })
    }
}

fn auth_settings(
    clients: BTreeMap<String, ClientFile>,
    callback: CallbackFile,
    renewals: RenewalsFile,
    providers: &Providers,
    layers: &[Layer],
    project: &Path,
) -> Result<auth::Settings, SettingsError> {
    let mut settings = auth::Settings::default();
    if let Some(port) = callback.port {
        settings.callback_port = port;
    }
    settings.certificate_file = callback.certificate_file.map(|file| project.join(file));
    let RenewalsFile { at_once, per_second } = renewals;
    if let Some(at_once) = at_once {
        settings.renewals.at_once = at_once.get();
    }
    if let Some(per_second) = per_second {
        settings.renewals.per_second = per_second.get();
    }
    for (name, file) in clients {
        let (name, client) = file.client(&name, providers, layers)?;
        settings.clients.insert(name, client);
    }
    Ok(settings)
}

impl StoreFile {
    fn overlay(&mut self, over: Self) {
        let Self {
            url,
            sign_ins_url,
            key,
            key_file,
            keyring,
        } = over;
        replace(&mut self.url, url);
        replace(&mut self.sign_ins_url, sign_ins_url);
        replace(&mut self.key, key);
        replace(&mut self.key_file, key_file);
        replace(&mut self.keyring, keyring);
    }

    fn into_settings(self, project: &Path) -> auth::StoreSettings {
        let Self {
            url,
            sign_ins_url,
            key,
            key_file,
            keyring,
        } = self;
        let key = match (key, key_file, keyring.unwrap_or_default()) {
            (Some(key), _, _) => KeySource::Given(key),
            (None, Some(file), _) => KeySource::File(project.join(file)),
            (None, None, Keyring::Auto) => KeySource::System,
            (None, None, Keyring::Off) => KeySource::Home,
        };
        auth::StoreSettings::new(url, sign_ins_url, key)
    }
}

fn net_settings(network: NetworkFile, project: &Path, layers: &[Layer]) -> Result<NetSettings, SettingsError> {
    let mut settings = NetSettings::default();
    if let Some(file) = network.ca_file {
        let path = project.join(file);
        let pem = layer::bytes_of(&path).map_err(|source| SettingsError::Unreadable {
            path: path.clone(),
            source,
        })?;
        settings.ca_pem = Some(pem);
    }
    settings.proxy = network.proxy.into_settings(layers)?;
    Ok(settings)
}

pub(super) fn replace<T>(under: &mut Option<T>, over: Option<T>) {
    if over.is_some() {
        *under = over;
    }
}
