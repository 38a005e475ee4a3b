//! Every provider that is known.

use std::collections::BTreeMap;

use crate::{
    base::{nearest::nearest, text::shown_on_one_line},
    provider::{Provider, ProviderError, builtin::FILES, file},
};

/// Every provider that is known: the embedded files, and what the operator adds or redefines.
#[derive(Debug, Clone)]
pub struct Providers {
    by_name: BTreeMap<String, Known>,
}

/// A provider, and the table it was read from, over which an operator's can be laid.
#[derive(Debug, Clone)]
struct Known {
    table: toml::Table,
    provider: Provider,
}

impl Providers {
    /// The embedded files.
    ///
    /// # Errors
    /// When one of them is not as it should be; a test holds that none is.
    pub fn builtin() -> Result<Self, ProviderError> {
        let mut providers = Self {
            by_name: BTreeMap::new(),
        };
        for (name, text) in FILES {
            let table = text.parse::<toml::Table>().map_err(|error| ProviderError::NotValid {
                provider: (*name).to_owned(),
                message: error.message().to_owned(),
                hint: None,
            })?;
            providers = providers.laid_over(name, &table)?;
        }
        Ok(providers)
    }

    /// These, with one provider added or changed by the operator's `[providers.<name>]`: what the table leaves out stays.
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
    pub fn with(self, name: &str, table: &toml::Table) -> Result<Self, ProviderError> {
        let name = name.to_lowercase();
        let known = self.by_name.get(&name).map(|known| &known.provider);
        let (before, of_operator) = known.map_or((Vec::new(), Vec::new()), |provider| {
            (provider.hosts.clone(), provider.operator_hosts.clone())
        });
        let mut providers = self.laid_over(&name, table)?;
        if let Some(Known { provider, .. }) = providers.by_name.get_mut(&name) {
            let is_added = |host: &&String| !before.contains(host) || of_operator.contains(host);
            provider.operator_hosts = provider.hosts.iter().filter(is_added).cloned().collect();
            provider.operator_hosts.sort_unstable();
        }
        Ok(providers)
    }

    fn laid_over(mut self, name: &str, table: &toml::Table) -> Result<Self, ProviderError> {
        let name = name.to_lowercase();
        let mut merged = self
            .by_name
            .get(&name)
            .map(|known| known.table.clone())
            .unwrap_or_default();
        file::lay_over(&mut merged, table);
        let provider = file::read(&name, merged.clone())?;
        self.by_name.insert(
            name,
            Known {
                table: merged,
                provider,
            },
        );
        Ok(self)
    }

    /// Every provider, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Provider> {
        self.by_name.values().map(|known| &known.provider)
    }

    /// The provider of that name, in any case.
    ///
    /// # Errors
    /// [`ProviderError::Unknown`], with the nearest name there is.
    pub fn find(&self, name: &str) -> Result<&Provider, ProviderError> {
        match self.by_name.get(&name.to_lowercase()) {
            Some(known) => Ok(&known.provider),
            None => Err(ProviderError::Unknown {
                name: shown_on_one_line(name),
                nearest: nearest(name, self.by_name.keys().map(String::as_str)).map(str::to_owned),
            }),
        }
    }
}

#[cfg(test)]
mod tests;
