//! The `handlers` table of a provider file: its format, read into the types of this stage.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::{
    base::{
        text::shown_on_one_line,
        word::{some_word, word},
    },
    provider::{
        BasicAuth, ClientAuth, FieldsEntry, Flow, Handler, OAuth2, Scopes, Secrecy, TokenEntry, TypedField,
        check::{self, Fault},
        variable_file::{ACCESS_TOKEN, BASIC, SecrecyFile, VariableFile, variables_of},
    },
};

/// Where tokens that are typed stand.
const HELP: &str = "It stands in your account's settings at the provider.";

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table of a way to get a token, with its `flow`")]
pub(super) struct HandlerFile {
    #[serde(deserialize_with = "word")]
    flow: FlowFile,
    #[serde(default, deserialize_with = "some_word")]
    scopes: Option<ScopesFile>,
    variables: Option<Vec<VariableFile>>,
    /// `token` only.
    label: Option<String>,
    /// `token` and `fields`.
    help: Option<String>,
    /// `token` only.
    minimum: Option<usize>,
    /// `fields` only.
    fields: Option<Vec<TypedFieldFile>>,
    /// `fields` only.
    basic: Option<BasicFile>,
}

#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table of a value that is typed: name, label, help, minimum, secrecy"
)]
struct TypedFieldFile {
    name: String,
    label: String,
    help: Option<String>,
    minimum: Option<usize>,
    #[serde(default = "secret", deserialize_with = "word")]
    secrecy: SecrecyFile,
}

#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table of which field is the `username` and which the `password`"
)]
struct BasicFile {
    username: String,
    password: String,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum FlowFile {
    Oauth2,
    Device,
    ClientCredentials,
    Token,
    Fields,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum ScopesFile {
    Asked,
    None,
}

const fn secret() -> SecrecyFile {
    SecrecyFile::Secret
}

/// What all handlers of a file share.
pub(super) struct Shared<'a> {
    /// The provider's name.
    pub(super) provider: &'a str,
    /// What all handlers fill, but those that name variables of their own.
    pub(super) variables: Option<Vec<VariableFile>>,
    pub(super) oauth2: Option<&'a OAuth2>,
}

/// The handlers, the default one first. A file that says nothing of them and has an authorization server has one for it.
pub(super) fn handlers_of(
    mut files: BTreeMap<String, HandlerFile>,
    default: Option<String>,
    mut shared: Shared<'_>,
) -> Result<Vec<Handler>, Fault> {
    if shared.oauth2.is_some() {
        if files.is_empty() {
            files.insert(format!("{}-oauth2", shared.provider), HandlerFile::oauth2());
        }
        if shared.variables.is_none() {
            shared.variables = Some(vec![VariableFile::token_of(shared.provider)]);
        }
    }
    let default = match (default, files.len()) {
        (_, 0) => {
            return Err(Fault::new("`handlers`: there is none")
                .hint("add one, such as `handlers.acme-token = { flow = \"token\" }`"));
        }
        (Some(default), _) => default,
        (None, 1) => files.keys().next().cloned().unwrap_or_default(),
        (None, _) => {
            return Err(Fault::new(
                "`default`: where there are several handlers, it names one of them",
            ));
        }
    };
    if !files.contains_key(&default) {
        return Err(Fault::new(format!(
            "`default`: there is no such handler: `{}`",
            shown_on_one_line(&default)
        )));
    }
    let mut handlers = files
        .into_iter()
        .map(|(name, file)| file.handler(name, &shared))
        .collect::<Result<Vec<_>, _>>()?;
    if shared.oauth2.is_some() && !handlers.iter().any(|handler| handler.flow.oauth2().is_some()) {
        return Err(Fault::new(
            "`oauth2`: no handler has `flow = \"oauth2\"`, `\"device\"` or `\"client-credentials\"`",
        ));
    }
    handlers.sort_by_key(|handler| handler.name != default);
    Ok(handlers)
}

impl HandlerFile {
    /// Of a file that says nothing of handlers.
    const fn oauth2() -> Self {
        Self {
            flow: FlowFile::Oauth2,
            scopes: None,
            variables: None,
            label: None,
            help: None,
            minimum: None,
            fields: None,
            basic: None,
        }
    }

    fn handler(self, name: String, shared: &Shared<'_>) -> Result<Handler, Fault> {
        check::name("`handlers`", &name)?;
        let flow = self.flow(&name, shared.oauth2)?;
        let scopes = match (self.scopes, flow.oauth2()) {
            (Some(ScopesFile::Asked), None) => {
                return Err(Fault::new(format!(
                    "`handlers.{name}.scopes`: what is typed has the scopes that it has"
                )));
            }
            (Some(ScopesFile::Asked) | None, Some(_)) => Scopes::Asked,
            (Some(ScopesFile::None), _) | (None, None) => Scopes::None,
        };
        let files = self.variables.as_ref().or(shared.variables.as_ref());
        let variables = variables_of(files.map_or(&[], Vec::as_slice), &flow, &name)?;
        Ok(Handler {
            name,
            flow,
            scopes,
            variables,
        })
    }

    fn flow(&self, name: &str, oauth2: Option<&OAuth2>) -> Result<Flow, Fault> {
        self.only_its_own_keys(name)?;
        let key = |key: &str| format!("handlers.{name}.{key}");
        let server = || match oauth2 {
            Some(oauth2) => Ok(Box::new(oauth2.clone())),
            None => Err(Fault::new(format!("`{}`: the provider has no `oauth2`", key("flow")))),
        };
        let flow = match self.flow {
            FlowFile::Oauth2 => Flow::OAuth2(server()?),
            FlowFile::Device => Flow::Device(server()?),
            FlowFile::ClientCredentials => Flow::ClientCredentials(server()?),
            FlowFile::Token => Flow::Token(TokenEntry {
                label: check::words(&key("label"), self.label.as_deref().unwrap_or("Token"))?,
                help: check::words(&key("help"), self.help.as_deref().unwrap_or(HELP))?,
                minimum: self.minimum.unwrap_or(1),
            }),
            FlowFile::Fields => Flow::Fields(self.fields_entry(name)?),
        };
        has_its_endpoints(&flow)?;
        Ok(flow)
    }

    /// Refuses the keys of another flow.
    fn only_its_own_keys(&self, name: &str) -> Result<(), Fault> {
        let of_token = [self.label.is_some(), self.minimum.is_some()];
        let of_fields = [self.fields.is_some(), self.basic.is_some()];
        let foreign = match self.flow {
            FlowFile::Oauth2 | FlowFile::Device | FlowFile::ClientCredentials => {
                self.help.is_some() || of_token.contains(&true) || of_fields.contains(&true)
            }
            FlowFile::Token => of_fields.contains(&true),
            FlowFile::Fields => of_token.contains(&true),
        };
        if foreign {
            return Err(Fault::new(format!(
                "`handlers.{name}`: `label`, `help` and `minimum` are of a secret that is typed, and `help`, `fields` and `basic` of several values"
            )));
        }
        Ok(())
    }

    fn fields_entry(&self, handler: &str) -> Result<FieldsEntry, Fault> {
        let key = format!("handlers.{handler}.fields");
        let mut names = BTreeSet::new();
        let fields: Vec<TypedField> = self
            .fields
            .iter()
            .flatten()
            .map(|file| {
                let field = file.field(&key)?;
                if !names.insert(field.name.clone()) {
                    return Err(Fault::new(format!(
                        "`{key}`: this one is there twice: `{}`",
                        field.name
                    )));
                }
                Ok(field)
            })
            .collect::<Result<_, _>>()?;
        if !fields.iter().any(|field| field.secrecy == Secrecy::Secret) {
            return Err(Fault::new(format!("`{key}`: none of them is secret"))
                .hint("add `fields = [{ name = \"api_key\", label = \"API key\" }]`"));
        }
        let basic = self
            .basic
            .as_ref()
            .map(|file| file.basic(handler, &fields))
            .transpose()?;
        Ok(FieldsEntry {
            help: words_or_none(&format!("handlers.{handler}.help"), self.help.as_deref())?,
            fields,
            basic,
        })
    }
}

impl TypedFieldFile {
    fn field(&self, key: &str) -> Result<TypedField, Fault> {
        check::name(&format!("`{key}`"), &self.name)?;
        if matches!(self.name.as_str(), BASIC | ACCESS_TOKEN | "refresh_token") {
            return Err(Fault::new(format!("`{key}`: this name is taken: `{}`", self.name)));
        }
        Ok(TypedField {
            name: self.name.clone(),
            label: check::words(&format!("{key}.label"), &self.label)?,
            help: words_or_none(&format!("{key}.help"), self.help.as_deref())?,
            minimum: self.minimum.unwrap_or(1),
            secrecy: self.secrecy.secrecy(),
        })
    }
}

impl BasicFile {
    fn basic(&self, handler: &str, fields: &[TypedField]) -> Result<BasicAuth, Fault> {
        let key = format!("handlers.{handler}.basic");
        for name in [&self.username, &self.password] {
            if !fields.iter().any(|field| field.name == *name) {
                return Err(Fault::new(format!(
                    "`{key}`: there is no such field: `{}`",
                    shown_on_one_line(name)
                )));
            }
        }
        if self.username == self.password {
            return Err(Fault::new(format!("`{key}`: user name and password are two fields")));
        }
        Ok(BasicAuth {
            username: self.username.clone(),
            password: self.password.clone(),
        })
    }
}

fn words_or_none(key: &str, text: Option<&str>) -> Result<Option<String>, Fault> {
    text.map(|text| check::words(key, text)).transpose()
}

/// Each flow has the endpoints that it needs, or an issuer who tells them.
fn has_its_endpoints(flow: &Flow) -> Result<(), Fault> {
    let Some(oauth2) = flow.oauth2() else { return Ok(()) };
    let needed: &[(&str, bool)] = match flow {
        Flow::OAuth2(_) => &[
            ("authorize", oauth2.authorize.is_some()),
            ("token", oauth2.token.is_some()),
        ],
        Flow::Device(_) => &[("device", oauth2.device.is_some()), ("token", oauth2.token.is_some())],
        Flow::ClientCredentials(_) => &[("token", oauth2.token.is_some())],
        Flow::Token(_) | Flow::Fields(_) => &[],
    };
    if let Some((missing, _)) = needed.iter().find(|(_key, is_there)| !is_there)
        && oauth2.issuer.name().is_none()
    {
        return Err(Fault::new(format!("`oauth2.{missing}`: it is missing"))
            .hint("write it, or write `oauth2.issuer`, and it is looked up there"));
    }
    if matches!(flow, Flow::ClientCredentials(_)) && oauth2.client_auth == ClientAuth::None {
        return Err(Fault::new(
            "`oauth2.client_auth`: a client without a secret has no credentials",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::provider::{Placement, Provider, ProviderError, Providers};

    fn acme(text: &str) -> Result<Provider, ProviderError> {
        let providers = Providers::builtin().unwrap().with("acme", &text.parse().unwrap())?;
        Ok(providers.find("acme").unwrap().clone())
    }

    const PAIR: &str = r#"
        [handlers.acme-keypair]
        flow = "fields"
        help = "Make a pair at acme.example."
        fields = [
            { name = "api_key", label = "API key", help = "The first one.", minimum = 8, secrecy = "public" },
            { name = "api_secret", label = "API secret" },
        ]
        variables = [{ name = "ACME_API_KEY", field = "api_key" }, { name = "ACME_API_SECRET", field = "api_secret" }]
    "#;

    const BASIC_AUTH: &str = r#"
        [handlers.acme-basic]
        flow = "fields"
        fields = [
            { name = "username", label = "User name", secrecy = "public" },
            { name = "password", label = "Password", minimum = 0 },
        ]
        basic = { username = "username", password = "password" }
        variables = [{ name = "BASIC_AUTH", field = "basic" }]
    "#;

    #[test]
    fn several_values_that_are_typed_fill_several_variables() {
        let provider = acme(PAIR).unwrap();
        let handler = &provider.handlers[0];
        let Flow::Fields(entry) = &handler.flow else {
            panic!("{handler:?}")
        };
        assert_eq!(entry.help.as_deref(), Some("Make a pair at acme.example."));
        assert_eq!(entry.fields[0].minimum, 8);
        assert_eq!(entry.fields[1].secrecy, Secrecy::Secret, "unless it says otherwise");
        assert_eq!(handler.scopes, Scopes::None);
        let secrecy: Vec<Secrecy> = handler.variables.iter().map(|variable| variable.secrecy).collect();
        assert_eq!(
            secrecy,
            [Secrecy::Public, Secrecy::Secret],
            "a variable is as secret as its field"
        );
        assert!(provider.placement.is_none());
    }

    #[test]
    fn user_name_and_password_make_one_value() {
        let provider = acme(BASIC_AUTH).unwrap();
        let Flow::Fields(entry) = &provider.handlers[0].flow else {
            panic!("{provider:?}")
        };
        let basic = entry.basic.as_ref().unwrap();
        assert_eq!(
            (basic.username.as_str(), basic.password.as_str()),
            ("username", "password")
        );
        assert_eq!(provider.handlers[0].variables[0].secrecy, Secrecy::Secret);
    }

    #[test]
    fn an_issuer_alone_is_a_whole_provider() {
        let provider = acme("oauth2.issuer = \"https://id.acme.example\"").unwrap();
        let handler = provider.handler(None).unwrap();
        assert_eq!(handler.name, "acme-oauth2");
        assert_eq!(handler.flow.discovers(), Some("https://id.acme.example"));
        assert_eq!(handler.variables[0].name, "ACME_TOKEN");
        assert_eq!(provider.placement, Some(Placement::bearer()));
        assert!(provider.hosts.is_empty(), "nobody says where its tokens may go");
    }

    #[test]
    fn what_a_file_says_of_endpoints_is_not_looked_up() {
        const TOKEN: &str =
            "oauth2.issuer = \"https://id.acme.example\"\noauth2.token = \"https://id.acme.example/t\"\n";
        let discovers = |more: &str| {
            acme(&format!("{TOKEN}{more}")).unwrap().handlers[0]
                .flow
                .discovers()
                .is_some()
        };
        assert!(discovers(""));
        assert!(!discovers("oauth2.authorize = \"https://id.acme.example/a\""));
        assert!(discovers("handlers.d.flow = \"device\""));
        assert!(!discovers(
            "handlers.d.flow = \"device\"\noauth2.device = \"https://id.acme.example/d\""
        ));
        assert!(!discovers("handlers.c.flow = \"client-credentials\""));
    }

    #[test]
    fn flows_that_cannot_work_are_refused_by_their_key() {
        const SERVER: &str = "oauth2.authorize = \"https://a.example/a\"\noauth2.token = \"https://a.example/t\"\n";
        let pair = |from: &str, to: &str| {
            assert!(PAIR.contains(from), "{from}");
            PAIR.replace(from, to)
        };
        let basic = |from: &str, to: &str| {
            assert!(BASIC_AUTH.contains(from), "{from}");
            BASIC_AUTH.replace(from, to)
        };
        for (text, says) in [
            (
                format!("{SERVER}handlers.d.flow = \"device\""),
                "`oauth2.device`: it is missing",
            ),
            (
                "oauth2.token = \"https://a.example/t\"".to_owned(),
                "`oauth2.authorize`: it is missing",
            ),
            (
                "oauth2.authorize = \"https://a.example/t\"".to_owned(),
                "`oauth2.token`: it is missing",
            ),
            (
                format!("{SERVER}oauth2.client_auth = \"none\"\nhandlers.c.flow = \"client-credentials\""),
                "`oauth2.client_auth`",
            ),
            (format!("{SERVER}handlers.t.flow = \"token\""), "no handler has"),
            (
                "handlers.c.flow = \"client-credentials\"".to_owned(),
                "the provider has no `oauth2`",
            ),
            (
                format!("{SERVER}handlers.o = {{ flow = \"oauth2\", help = \"h\" }}"),
                "are of a secret",
            ),
            (
                "handlers.t = { flow = \"token\", fields = [] }".to_owned(),
                "are of a secret",
            ),
            (
                pair("flow = \"fields\"", "flow = \"fields\"\nlabel = \"l\""),
                "are of a secret",
            ),
            (
                pair("flow = \"fields\"", "flow = \"fields\"\nscopes = \"asked\""),
                "`handlers.acme-keypair.scopes`",
            ),
            (
                pair("name = \"api_secret\",", "name = \"api_key\","),
                "twice: `api_key`",
            ),
            (
                pair("name = \"api_secret\",", "name = \"access_token\","),
                "this name is taken",
            ),
            (pair("name = \"api_secret\",", "name = \"Secret\","), "a name has"),
            (
                pair("label = \"API secret\"", "label = \"API secret\", secrecy = \"public\""),
                "none of them is secret",
            ),
            (
                pair("label = \"API secret\"", "label = \"\""),
                "`handlers.acme-keypair.fields.label`",
            ),
            (
                pair("field = \"api_secret\"", "field = \"other\""),
                "no such field: `other`",
            ),
            (
                pair("field = \"api_secret\" }", "field = \"api_key\" }"),
                "no variable has this one: `api_secret`",
            ),
            (pair(", field = \"api_secret\"", ""), "no such field: `access_token`"),
            (
                pair("field = \"api_secret\"", "field = \"api_secret\", secrecy = \"public\""),
                "never public",
            ),
            (
                pair("field = \"api_secret\"", "field = \"basic\""),
                "no such field: `basic`",
            ),
            (
                basic("password = \"password\" }", "password = \"pass\" }"),
                "no such field: `pass`",
            ),
            (
                basic("password = \"password\" }", "password = \"username\" }"),
                "are two fields",
            ),
            (
                basic("field = \"basic\"", "field = \"basic\", secrecy = \"public\""),
                "never public",
            ),
        ] {
            let error = acme(&text).unwrap_err();
            assert!(error.to_string().contains(says), "{text}: {error}");
        }
    }
}
