//! `[network.proxy]`, as a layer has it.

use serde::{Deserialize, Deserializer};

use crate::{
    base::{
        proxy::{NotAProxy, ProxySettings},
        secret::Secret,
        text::shown_on_one_line,
    },
    settings::{
        Place, SettingsError,
        client_file::some_bool,
        file::replace,
        layer::{self, Layer},
    },
};

#[derive(Debug, Default, Deserialize)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a table of the proxy: url, user, password"
)]
pub(super) struct ProxyFile {
    /// It may have a password in it.
    url: Option<Secret>,
    user: Option<Secret>,
    password: Option<Secret>,
    #[serde(deserialize_with = "some_bool")]
    resolves: Option<bool>,
    #[serde(deserialize_with = "some_bool")]
    inner: Option<bool>,
    #[serde(deserialize_with = "hosts")]
    except: Vec<String>,
}

/// A list, or its hosts with commas between: a variable of the environment is always text.
fn hosts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a list of hosts and networks")]
    enum Written {
        List(Vec<String>),
        Text(String),
    }
    Ok(match Written::deserialize(deserializer)? {
        Written::List(hosts) => hosts,
        Written::Text(text) => text.split(',').map(|host| host.trim().to_owned()).collect(),
    })
}

impl ProxyFile {
    /// Lays `over` on top. A user and password are for the proxy beside which they were written: they do not go to one that a later
    /// layer names.
    pub(super) fn overlay(&mut self, over: Self) {
        let Self {
            url,
            user,
            password,
            resolves,
            inner,
            except,
        } = over;
        if url.is_some() {
            (self.user, self.password) = (None, None);
        }
        replace(&mut self.url, url);
        replace(&mut self.user, user);
        replace(&mut self.password, password);
        replace(&mut self.resolves, resolves);
        replace(&mut self.inner, inner);
        self.except.extend(except);
    }

    /// The proxy, where one is named.
    pub(super) fn into_settings(self, layers: &[Layer]) -> Result<Option<ProxySettings>, SettingsError> {
        let Self {
            url,
            user,
            password,
            resolves,
            inner,
            except,
        } = self;
        let at = |key| move |fault: NotAProxy| not_valid(key, layers, fault.to_string(), fault.hints());
        let Some(url) = url else {
            return match [("user", user.is_some()), ("password", password.is_some())]
                .iter()
                .find(|key| key.1)
            {
                Some((key, _)) => Err(not_valid(
                    key,
                    layers,
                    format!("`{key}` is there, and `url` is not"),
                    vec!["name the proxy with `url` under `[network.proxy]`".to_owned()],
                )),
                None => Ok(None),
            };
        };
        let mut proxy = ProxySettings::new(url.expose()).map_err(at("url"))?;
        proxy = match (user, password) {
            (Some(user), password) => {
                let password = password.unwrap_or_else(|| Secret::new(""));
                proxy.with_login(user, password).map_err(at("user"))?
            }
            (None, Some(password)) => match proxy.login().map(|(user, _)| user.clone()) {
                Some(user) => proxy.with_login(user, password).map_err(at("password"))?,
                None => {
                    let hint = "name the user with `user` under `[network.proxy]`".to_owned();
                    let message = "`password` is there, and `user` is not".to_owned();
                    return Err(not_valid("password", layers, message, vec![hint]));
                }
            },
            (None, None) => proxy,
        };
        proxy.resolves = resolves.unwrap_or_default();
        proxy.inner = inner.unwrap_or_default();
        let proxy = proxy
            .with_direct(except.iter().map(String::as_str))
            .map_err(at("except"))?;
        Ok(Some(proxy))
    }
}

fn not_valid(key: &str, layers: &[Layer], message: String, hints: Vec<String>) -> SettingsError {
    let path = ["network", "proxy", key];
    SettingsError::NotValid {
        place: layer::place_in(layers, &path).unwrap_or(Place {
            file: "settings".to_owned(),
            line_and_column: None,
        }),
        message,
        hint: hints.into_iter().next(),
    }
}

/// Whoever has the proxy sees where requests go, so its place is shown; its user and password are not.
pub(super) fn in_words(entry: &toml::Value) -> String {
    let key = |name: &str| entry.get(name);
    let mut line = match key("url").and_then(toml::Value::as_str).map(ProxySettings::new) {
        Some(Ok(proxy)) => format!("that requests go through the proxy {proxy}"),
        Some(Err(_)) | None => "how the proxy is used".to_owned(),
    };
    if ["user", "password"].iter().any(|name| key(name).is_some()) {
        line.push_str(", with a user and password");
    }
    for name in ["resolves", "inner", "except"] {
        if let Some(value) = key(name) {
            line.push_str(&format!(", {name} = {}", shown_on_one_line(&value.to_string())));
        }
    }
    line
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::path::Path;

    use super::*;
    use crate::{base::home::Home, settings::Settings};

    type Variables<'a> = &'a [(&'a str, &'a str)];

    fn read(
        user: &str,
        project: &str,
        secrets: &str,
        variables: Variables<'_>,
    ) -> Result<Option<ProxySettings>, SettingsError> {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path().join("home"));
        let write = |path: &Path, text: &str| {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            crate::base::files::write_atomic(path, text.as_bytes(), crate::base::files::FileMode::Private).unwrap();
        };
        write(&home.config().join("config.toml"), user);
        write(&folder.path().join("pocket.toml"), project);
        write(&folder.path().join(".secrets.toml"), secrets);
        let read = Settings::read(&home, Some(folder.path()), variables.iter().copied())?;
        let shown = format!("{:?} {:?}", read.settings, read.asks);
        assert!(!shown.contains("planted"), "{shown}");
        Ok(read.settings.net.proxy)
    }

    fn login(proxy: &ProxySettings) -> Option<(&str, &str)> {
        proxy.login().map(|(user, password)| (user.expose(), password.expose()))
    }

    #[test]
    fn it_is_read_from_files_and_variables_with_its_password_from_either() {
        assert_eq!(read("", "", "", &[]).unwrap(), None);
        let url =
            "[network.proxy]\nurl = \"http://proxy.example:3128\"\nexcept = [\"git.example\", \"192.0.2.0/24\"]\n";
        let secrets = "[network.proxy]\nuser = \"me\"\npassword = \"planted\"\n";
        let proxy = read("", url, secrets, &[]).unwrap().unwrap();
        assert_eq!(login(&proxy), Some(("me", "planted")));
        assert!(proxy.is_direct("git.example") && !proxy.resolves && !proxy.inner);
        let variables = [
            ("POCKET_NETWORK__PROXY__URL", "http://me@proxy.example"),
            ("POCKET_NETWORK__PROXY__PASSWORD", "planted"),
            ("POCKET_NETWORK__PROXY__RESOLVES", "true"),
            ("POCKET_NETWORK__PROXY__EXCEPT", "git.example, *.inner.example"),
        ];
        let proxy = read("", "", "", &variables).unwrap().unwrap();
        assert_eq!(login(&proxy), Some(("me", "planted")));
        assert!(proxy.resolves && proxy.direct().len() == 2);
    }

    #[test]
    fn a_password_does_not_go_to_a_proxy_that_another_file_names() {
        let ours = "[network.proxy]\nurl = \"http://proxy.example\"\nuser = \"me\"\npassword = \"planted\"\n";
        let theirs = "[network.proxy]\nurl = \"http://evil.example\"\n";
        let proxy = read(ours, theirs, "", &[]).unwrap().unwrap();
        assert_eq!(
            (proxy.to_string().as_str(), login(&proxy)),
            ("http://evil.example:80", None)
        );
        let resolving = "[network.proxy]\nresolves = true\n";
        assert!(login(&read(ours, resolving, "", &[]).unwrap().unwrap()).is_some());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place_and_without_a_password() {
        for (text, says) in [
            (
                "url = \"https://me:planted@proxy.example\"",
                "pocket.toml:2:1: this is not the URL of an HTTP proxy",
            ),
            (
                "url = \"http://me:planted@proxy.example/x\"",
                "pocket.toml:2:1: the URL of a proxy has nothing after",
            ),
            (
                "password = \"planted\"",
                "pocket.toml:2:1: `password` is there, and `url` is not",
            ),
            (
                "url = \"http://p\"\npassword = \"planted\"",
                "pocket.toml:3:1: `password` is there, and `user` is not",
            ),
            (
                "url = \"http://p\"\nexcept = [\"http://x\"]",
                "pocket.toml:3:1: this is neither a host nor a network",
            ),
            (
                "url = \"http://p\"\nresolves = \"planted\"",
                "pocket.toml:3:12: expected `true` or `false`",
            ),
        ] {
            let error = read("", &format!("[network.proxy]\n{text}\n"), "", &[]).unwrap_err();
            assert!(error.to_string().starts_with(says), "{error}");
            assert!(!format!("{error} {error:?}").contains("planted"), "{error}");
        }
    }

    #[test]
    fn a_project_that_asks_for_it_is_shown_with_its_place_alone() {
        let table: toml::Value =
            toml::from_str("url = \"http://me:planted@proxy.example:8080\"\npassword = \"planted\"\nresolves = true\n")
                .unwrap();
        assert_eq!(
            in_words(&table),
            "that requests go through the proxy http://proxy.example:8080, with a user and password, resolves = true"
        );
    }
}
