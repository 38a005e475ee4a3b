//! `[auth.<name>]`, as a layer has it.

use serde::{Deserialize, Deserializer, de::Error as _};

use crate::{
    auth,
    base::{secret::Secret, word::some_word},
    package::TokenKind,
    provider::Providers,
    settings::{
        Place, SettingsError,
        file::replace,
        layer::{self, Layer},
    },
};

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a table of your client with a provider: client_id, client_secret"
)]
pub(super) struct ClientFile {
    client_id: Option<String>,
    client_secret: Option<Secret>,
    #[serde(deserialize_with = "some_word")]
    token: Option<TokenKind>,
    #[serde(deserialize_with = "some_bool")]
    use_recommended_scope: Option<bool>,
    /// Where the provider's endpoints are a customer's own: `https://acme.my.salesforce.com`.
    pub(super) domain_url: Option<String>,
}

/// `true` or `false`, or either as text.
pub(super) fn some_bool<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "`true` or `false`")]
    enum Written {
        Bool(bool),
        Text(String),
    }
    match Written::deserialize(deserializer)? {
        Written::Bool(value) => Ok(Some(value)),
        Written::Text(text) => match text.as_str() {
            "true" => Ok(Some(true)),
            "false" => Ok(Some(false)),
            _other => Err(D::Error::custom("expected `true` or `false`")),
        },
    }
}

impl ClientFile {
    /// Lays `over` on top.
    pub(super) fn overlay(&mut self, over: Self) {
        let Self {
            client_id,
            client_secret,
            token,
            use_recommended_scope,
            // Laid over the provider's file.
            domain_url: _,
        } = over;
        replace(&mut self.client_id, client_id);
        replace(&mut self.client_secret, client_secret);
        replace(&mut self.token, token);
        replace(&mut self.use_recommended_scope, use_recommended_scope);
    }

    /// The client, with the provider's own name.
    pub(super) fn client(
        self,
        name: &str,
        providers: &Providers,
        layers: &[Layer],
    ) -> Result<(String, auth::Client), SettingsError> {
        let Self {
            client_id,
            client_secret,
            token,
            use_recommended_scope,
            domain_url: _,
        } = self;
        let place = |key: Option<&str>| place_of_client(name, key, layers);
        let provider = providers.find(name).map_err(|source| SettingsError::Provider {
            place: place(None),
            source,
        })?;
        let refused = |key: Option<&str>, message: String, what: &str| SettingsError::NotValid {
            place: place(key),
            message,
            hint: Some(format!(
                "copy the client {what} from the page of your app at {}",
                provider.title
            )),
        };
        let client_id = client_id.ok_or_else(|| refused(None, "it has no `client_id`".to_owned(), "id"))?;
        let is_example = client_id.ends_with("...").then_some(PLACEHOLDER);
        if let Some(fault) = client_fault(&client_id).or(is_example) {
            return Err(refused(Some("client_id"), format!("`client_id`: {fault}"), "id"));
        }
        if let Some(fault) = client_secret.as_ref().and_then(|secret| client_fault(secret.expose())) {
            let message = format!("`client_secret`: {fault}");
            return Err(refused(Some("client_secret"), message, "secret"));
        }
        let client = auth::Client {
            client_id,
            client_secret,
            token,
            recommended_scopes: use_recommended_scope,
        };
        Ok((provider.name.clone(), client))
    }
}

/// What stands in examples for a value that only the user has.
const PLACEHOLDER: &str = "this is the placeholder of an example";

/// Why no provider gave this out as a client's id or secret. It never shows it.
fn client_fault(text: &str) -> Option<&'static str> {
    if text.trim().is_empty() {
        Some("it is empty")
    } else if text.trim() != text {
        Some("there is white space or a line break around it")
    } else if text.contains(char::is_control) {
        Some("there is a line break or another control character in it")
    } else if text.chars().all(|c| matches!(c, '.' | '…')) {
        Some(PLACEHOLDER)
    } else {
        None
    }
}

/// `[auth.<name>]` or a key of it, with the file or the variables that say it.
fn place_of_client(name: &str, key: Option<&str>, layers: &[Layer]) -> Place {
    let path: Vec<&str> = ["auth", name].into_iter().chain(key).collect();
    let table = format!("[auth.{name}]");
    match layer::place_in(layers, &path) {
        Some(Place { file, line_and_column }) => Place {
            file: format!("{table} in {file}"),
            line_and_column,
        },
        None => Place {
            file: table,
            line_and_column: None,
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::settings::Settings;

    fn read(file: &str, variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(".secrets.toml"), file).unwrap();
        let home = crate::base::home::Home::at(folder.path().join("home"));
        let read = Settings::read(&home, Some(folder.path()), variables.iter().copied())?;
        Ok(read.settings)
    }

    #[test]
    fn what_no_provider_gave_out_is_told_with_its_key_and_never_shown() {
        for (keys, says) in [
            ("client_id = \"\"", "`client_id`: it is empty"),
            ("client_id = \"...\"", "`client_id`: this is the placeholder"),
            ("client_id = \"Ov23...\"", "`client_id`: this is the placeholder"),
            (
                "client_id = \"hunter2\\n\"",
                "`client_id`: there is white space or a line break",
            ),
            ("client_id = \"hunter2\\nb\"", "`client_id`: there is a line break"),
            (
                "client_id = \"a\"\nclient_secret = \"\"",
                "`client_secret`: it is empty",
            ),
            (
                "client_id = \"a\"\nclient_secret = \"...\"",
                "`client_secret`: this is the placeholder",
            ),
            (
                "client_id = \"a\"\nclient_secret = \" hunter2\"",
                "`client_secret`: there is white space",
            ),
            (
                "client_id = \"a\"\nclient_secret = \"hunter2\\t\"",
                "`client_secret`: there is white space",
            ),
        ] {
            let error = read(&format!("[auth.github]\n{keys}\n"), &[]).unwrap_err();
            let line = keys.lines().count() + 1;
            let begins = format!("[auth.github] in .secrets.toml:{line}:1: {says}");
            assert!(error.to_string().starts_with(&begins), "{keys}: {error}");
            assert!(
                error.hints().join("").contains("the page of your app at GitHub"),
                "{error:?}"
            );
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
        }
        let secret = "[auth.github]\nclient_id = \"a.b c\"\nclient_secret = \"a...\"";
        assert_eq!(read(secret, &[]).unwrap().auth.clients["github"].client_id, "a.b c");
    }

    #[test]
    fn a_provider_that_there_is_not_is_told_with_the_place_of_its_name() {
        let error = read("\n[auth.githup]\nclient_id = \"a\"\n", &[]).unwrap_err();
        let begins = "[auth.githup] in .secrets.toml:2:7: ";
        assert!(error.to_string().starts_with(begins), "{error}");
        let error = read("", &[("POCKET_AUTH__GITHUP__CLIENT_ID", "a")]).unwrap_err();
        let begins = "[auth.githup] in variable POCKET_AUTH__GITHUP__CLIENT_ID: ";
        assert!(error.to_string().starts_with(begins), "{error}");
    }
}
