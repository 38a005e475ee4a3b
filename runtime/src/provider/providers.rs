//! Every provider that is known.

use std::{collections::BTreeMap, sync::OnceLock};

use crate::{
    base::{nearest::nearest, text::shown_on_one_line},
    provider::{Provider, ProviderError, Sure, builtin::FILES, file},
};

/// Every provider that is known: the embedded files, and what the operator adds or redefines.
#[derive(Debug, Clone)]
pub struct Providers {
    by_name: BTreeMap<String, Known>,
}

/// A provider that is known: read when it is first asked for, since a call needs one of them.
#[derive(Debug, Clone)]
struct Known {
    /// The embedded file, where nothing was laid over it.
    file: &'static str,
    read: OnceLock<Result<Read, ProviderError>>,
}

/// A provider, and the table it was read from, over which an operator's can be laid.
#[derive(Debug, Clone)]
struct Read {
    table: toml::Table,
    provider: Provider,
}

impl Known {
    fn read(&self, name: &str) -> Result<&Read, ProviderError> {
        let read = self.read.get_or_init(|| {
            let table = self.file.parse::<toml::Table>();
            let table = table.map_err(|error| ProviderError::NotValid {
                provider: name.to_owned(),
                message: error.message().to_owned(),
                hint: None,
            })?;
            Read::of_table(name, table)
        });
        read.as_ref().map_err(Clone::clone)
    }
}

impl Read {
    fn of_table(name: &str, table: toml::Table) -> Result<Self, ProviderError> {
        let provider = file::read(name, table.clone())?;
        Ok(Self { table, provider })
    }
}

impl Providers {
    /// The embedded files. Each is read when it is first asked for.
    ///
    /// # Errors
    /// None today; a test holds that every file is as it should be.
    pub fn builtin() -> Result<Self, ProviderError> {
        let known = FILES.iter().map(|(name, file)| {
            let read = OnceLock::new();
            ((*name).to_owned(), Known { file, read })
        });
        Ok(Self {
            by_name: known.collect(),
        })
    }

    /// These, with one provider added or changed by the operator's `[providers.<name>]`: what the table leaves out stays.
    ///
    /// What it is laid over is [`Sure::Changed`], but for a customer's own `oauth2.domain_url` alone: the file says where that goes.
    ///
    /// `handlers`, each handler, `oauth2`, `oauth2.reply`, `oauth2.user_reply` and `oauth2.refresh` are merged key by key; every
    /// other key that is named is replaced as a whole: lists, parameters, headers, errors, `placement`, `oauth2.revoke`,
    /// `oauth2.implies`.
    ///
    /// ```
    /// use pocket_runtime::Providers;
    ///
    /// let table: toml::Table = r#"
    ///     hosts = ["localhost:8443"]
    ///     oauth2.authorize = "https://localhost:8443/oauth/v2/authorize"
    ///     oauth2.token = "https://localhost:8443/api/oauth.v2.access"
    /// "#.parse()?;
    /// let providers = Providers::builtin()?.with("slack", &table)?;
    /// assert_eq!(providers.find("Slack")?.hosts, ["localhost:8443"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// A provider of one's own needs hosts, a variable and a handler:
    ///
    /// ```
    /// # use pocket_runtime::Providers;
    /// let table: toml::Table = r#"
    ///     hosts = ["api.acme.example"]
    ///     variables = [{ name = "ACME_TOKEN" }]
    ///     placement.header = { name = "authorization", prefix = "Bearer " }
    ///     handlers.acme-oauth2.flow = "oauth2"
    ///     oauth2.authorize = "https://acme.example/authorize"
    ///     oauth2.token = "https://acme.example/token"
    /// "#.parse()?;
    /// let providers = Providers::builtin()?.with("acme", &table)?;
    /// assert_eq!(providers.find("acme")?.handler(None)?.name, "acme-oauth2");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When the outcome is not as a provider file has to be.
    pub fn with(mut self, name: &str, table: &toml::Table) -> Result<Self, ProviderError> {
        let name = name.to_lowercase();
        let before = self.by_name.get(&name).map(|known| known.read(&name)).transpose()?;
        let mut merged = before.map(|read| read.table.clone()).unwrap_or_default();
        file::lay_over(&mut merged, table);
        let mut read = Read::of_table(&name, merged)?;
        let is_added = |host: &&String| {
            before.is_none_or(|Read { provider, .. }| {
                !provider.hosts.contains(host) || provider.operator_hosts.contains(host)
            })
        };
        let added = read.provider.hosts.iter().filter(is_added).cloned();
        read.provider.operator_hosts = added.collect();
        read.provider.operator_hosts.sort_unstable();
        // What the built-in file says of its sources it does not say of these words.
        read.provider.sure = match before.map(|before| before.provider.sure) {
            None | Some(Sure::Operator) => read.provider.sure,
            Some(sure) if is_own_domain(table) => sure,
            Some(_built_in) => Sure::Changed,
        };
        let known = Known {
            file: "",
            read: OnceLock::from(Ok(read)),
        };
        self.by_name.insert(name, known);
        Ok(self)
    }

    /// Every provider, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Provider> {
        let read = self.by_name.iter().filter_map(|(name, known)| known.read(name).ok());
        read.map(|read| &read.provider)
    }

    /// The provider of that name, in any case.
    ///
    /// # Errors
    /// [`ProviderError::Unknown`], with the nearest name there is.
    pub fn find(&self, name: &str) -> Result<&Provider, ProviderError> {
        match self.by_name.get(&name.to_lowercase()) {
            Some(known) => Ok(&known.read(&name.to_lowercase())?.provider),
            None => Err(ProviderError::Unknown {
                name: shown_on_one_line(name),
                nearest: nearest(name, self.by_name.keys().map(String::as_str)).map(str::to_owned),
                known: self.by_name.len(),
            }),
        }
    }
}

/// Whether a table says no more than where a customer's own domain is.
fn is_own_domain(table: &toml::Table) -> bool {
    let only = |table: &toml::Table, key: &str| table.len() == 1 && table.contains_key(key);
    let oauth2 = table.get("oauth2").and_then(toml::Value::as_table);
    only(table, "oauth2") && oauth2.is_some_and(|oauth2| only(oauth2, "domain_url"))
}

#[cfg(test)]
mod tests;
