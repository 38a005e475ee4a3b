//! A provider file with each of its fields wrong in turn: the error names the field, at start.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use toml::{Table, Value};

use crate::provider::{ProviderError, Providers};

/// Every key of the format.
const EVERY_KEY: &str = r#"
title = "Acme"
hosts = ["api.acme.example"]
placement.header = { name = "authorization", prefix = "Bearer " }
scope_error = { error = "/error", name = "missing_scope", scopes = "/needed" }
token_prefixes = ["acme_"]
variables = [{ name = "ACME_TOKEN", field = "access_token", secrecy = "secret" }, { name = "ACME_URL", field = "url", secrecy = "public" }]
default = "acme-oauth2"
sure = "vendor"
checked = "2026-11-25"
unsure = ["oauth2.token"]
notes = ["A note."]

[handlers.acme-oauth2]
flow = "oauth2"
scopes = "asked"

[handlers.acme-token]
flow = "token"
label = "Token"
help = "It stands there."
minimum = 8
variables = [{ name = "ACME_TOKEN" }]

[handlers.acme-pair]
flow = "fields"
help = "They stand there."
fields = [
    { name = "user", label = "User", help = "Who.", minimum = 1, secrecy = "public" },
    { name = "password", label = "Password" },
]
basic = { username = "user", password = "password" }
variables = [{ name = "ACME_BASIC", field = "basic" }]

[oauth2]
domain_url = "https://login.acme.example"
domains = ["*.acme.example"]
authorize = "{domain_url}/authorize"
token = "{domain_url}/token"
device = "{domain_url}/device"
redirect = "loopback"
issuer = "https://login.acme.example"
iss = "sent"
client_auth = "post"
public_clients = true
pkce = "s256"
body = "form"
scope_param = "scope"
user_scope_param = "user_scope"
scope_separator = " "
reply_scope_separator = ","
recommended_scopes = ["a"]
added_scopes = ["b"]
asks_scopes = true
ok_field = "ok"
error = "/error"
default_ttl = "2h"

[oauth2.authorize_params]
prompt = "consent"

[oauth2.token_params]
audience = "x"

[oauth2.headers]
accept = "application/json"

[oauth2.implies]
a = ["c"]

[oauth2.errors]
odd = "invalid_grant"

[oauth2.revoke]
kind = "rfc7009"
url = "{domain_url}/revoke"
auth = "none"

[oauth2.reply]
access_token = "/access_token"
refresh_token = "/refresh_token"
expires_in = "/expires_in"
scope = "/scope"
token_type = "/token_type"
token_types = ["bot"]
identity = ["/who"]
fields = { url = "/url" }

[oauth2.user_reply]
access_token = "/user/access_token"
refresh_token = "/user/refresh_token"
expires_in = "/user/expires_in"
scope = "/user/scope"
token_type = "/user/token_type"
token_types = ["user"]
identity = ["/user/who"]
fields = { url = "/url" }

[oauth2.refresh]
url = "{domain_url}/refresh"
rotation = "rotates"
idle_days = 30
absolute_days = 365
grant = "acme_exchange"
token_param = "acme_token"
at_once = true
early = "24h"
errors = { gone = "invalid_grant" }

[oauth2.lookup]
url = "https://login.acme.example/me"
prefix = "OAuth "
fields = { site = "/0/site" }
identity = ["/0/name"]

[oauth2.host_fields]
url = "*.acme.example"
"#;

/// Tables in which a user writes names of his own, with what one of them holds.
const OWN_NAMES: &[&str] = &[
    "handlers",
    "authorize_params",
    "token_params",
    "headers",
    "implies",
    "errors",
    "host_fields",
    "fields",
];

fn sample() -> Table {
    EVERY_KEY.parse().unwrap()
}

fn read(table: &Table) -> Result<(), ProviderError> {
    Providers::builtin().unwrap().with("acme", table).map(|_| ())
}

/// Every key, from the file's own to the innermost, with its value.
fn keys(value: &Value, path: &[String]) -> Vec<(Vec<String>, Value)> {
    let inner: Vec<(String, &Value)> = match value {
        Value::Table(table) => table.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .map(|(index, value)| (index.to_string(), value))
            .collect(),
        _leaf => Vec::new(),
    };
    inner
        .into_iter()
        .flat_map(|(key, value)| {
            let path: Vec<String> = path.iter().cloned().chain([key]).collect();
            let below = keys(value, &path);
            [(path, value.clone())].into_iter().chain(below)
        })
        .collect()
}

fn at<'a>(table: &'a mut Table, path: &[String]) -> &'a mut Value {
    let mut value = table.get_mut(&path[0]).unwrap();
    for key in &path[1..] {
        value = match value {
            Value::Array(list) => list.get_mut(key.parse::<usize>().unwrap()).unwrap(),
            other => other.get_mut(key).unwrap(),
        };
    }
    value
}

/// The last name in a path: items of a list have none.
fn name_of(path: &[String]) -> &str {
    path.iter().rev().find(|key| key.parse::<usize>().is_err()).unwrap()
}

fn told(error: &ProviderError) -> String {
    assert!(matches!(error, ProviderError::NotValid { .. }), "{error}");
    error.to_string()
}

/// Nobody who writes a file knows the names that things have in this program.
fn is_in_a_users_words(error: &str) {
    for word in [
        "struct ",
        "variant",
        "File",
        "enum",
        "string only",
        "a map",
        "usize",
        "u16",
    ] {
        assert!(!error.contains(word), "`{word}`: {error}");
    }
}

#[test]
fn a_file_with_every_key_of_the_format_is_read() {
    read(&sample()).unwrap();
}

/// The names that serde knows of a table are told when one is wrong: so no key of the format is missing above.
#[test]
fn the_sample_has_every_key_of_the_format() {
    let mut tables = vec![Vec::new()];
    tables.extend(
        keys(&Value::Table(sample()), &[])
            .into_iter()
            .filter_map(|(path, value)| value.is_table().then_some(path)),
    );
    let all: BTreeSet<String> = keys(&Value::Table(sample()), &[])
        .iter()
        .map(|(path, _)| name_of(path).to_owned())
        .collect();
    let mut told_of = 0;
    for path in tables {
        let mut table = sample();
        let inner = match path.as_slice() {
            [] => &mut table,
            path => at(&mut table, path).as_table_mut().unwrap(),
        };
        inner.insert("zzz".to_owned(), Value::Boolean(true));
        let Err(error) = read(&table) else {
            panic!("{path:?} takes any key of any type")
        };
        let error = told(&error);
        is_in_a_users_words(&error);
        // It has one of its keys at a time.
        if path.as_slice() == ["placement"] {
            continue;
        }
        let Some((_, known)) = error.split_once("unknown field `zzz`, expected") else {
            continue;
        };
        told_of += 1;
        for key in known.split('`').skip(1).step_by(2) {
            assert!(all.contains(key), "{path:?}: `{key}` is not in the sample");
        }
    }
    assert!(told_of >= 12, "{told_of}");
}

#[test]
fn a_value_of_another_type_is_told_with_its_key() {
    let mut count = 0;
    for (path, value) in keys(&Value::Table(sample()), &[]) {
        let wrong = match value {
            Value::String(_) | Value::Array(_) | Value::Table(_) => Value::Integer(7),
            Value::Integer(_) | Value::Boolean(_) => Value::from("seven"),
            Value::Float(_) | Value::Datetime(_) => unreachable!("the format has none"),
        };
        let mut table = sample();
        *at(&mut table, &path) = wrong;
        let error = told(&read(&table).unwrap_err());
        is_in_a_users_words(&error);
        let error = error.to_lowercase();
        // What stands in a table of the user's own names is told by that table's name at least, and so is what stands in an enum.
        let around = path
            .iter()
            .rposition(|key| OWN_NAMES.contains(&key.as_str()) || key == "placement");
        let names = [Some(name_of(&path)), around.map(|index| path[index].as_str())];
        assert!(
            names.into_iter().flatten().any(|name| error.contains(name)),
            "{path:?}: {error}"
        );
        count += 1;
    }
    assert!(count > 100, "{count}");
}

#[test]
fn a_value_that_cannot_be_used_is_told_with_its_key() {
    for (key, wrong, names) in WRONG {
        let mut table = sample();
        let path: Vec<String> = key.split('.').map(str::to_owned).collect();
        let value = format!("it = {wrong}").parse::<Table>().unwrap()["it"].clone();
        *at(&mut table, &path) = value;
        let Err(error) = read(&table) else {
            panic!("{key} = {wrong}")
        };
        let error = told(&error);
        is_in_a_users_words(&error);
        assert!(error.contains(names), "{key} = {wrong}: {error}");
    }
    // No key is left out but those whose every text is good.
    let tried: BTreeSet<&str> = WRONG
        .iter()
        .map(|(key, ..)| key.rsplit('.').find(|key| key.parse::<usize>().is_err()).unwrap())
        .collect();
    for (path, value) in keys(&Value::Table(sample()), &[]) {
        let is_own = path
            .iter()
            .any(|key| OWN_NAMES.contains(&key.as_str()) && key != "handlers");
        let is_free = is_own || ANYTHING.contains(&name_of(&path)) || value.is_table();
        assert!(is_free || tried.contains(name_of(&path)), "{path:?} is not tried");
    }
}

/// Keys that take every value of their type.
const ANYTHING: &[&str] = &[
    "public_clients",
    "asks_scopes",
    "at_once",
    "token_types",
    "prefix",
    "audience",
    "prompt",
];

/// A key, a value of the right type that cannot be used, and what the error has to name.
const WRONG: &[(&str, &str, &str)] = &[
    ("title", "\"\"", "`title`"),
    ("title", "\"a\\nb\"", "`title`"),
    ("hosts", "[\"*.acme.example\"]", "`hosts`"),
    ("hosts", "[\"https://acme.example\"]", "`hosts`"),
    ("scope_error.error", "\"error\"", "`scope_error.error`"),
    ("scope_error.name", "\"\"", "`scope_error.name`"),
    ("scope_error.scopes", "\"needed\"", "`scope_error.scopes`"),
    ("placement", "{ cookie = \"a\" }", "`placement`"),
    ("placement", "{ query = \"\" }", "`placement.query`"),
    ("placement", "{ field = \"\" }", "`placement.field`"),
    ("placement", "\"cookie\"", "`placement`"),
    ("placement", "\"header\"", "`placement`"),
    ("placement", "{}", "`placement`"),
    ("placement", "{ query = \"a\", field = \"b\" }", "`placement`"),
    ("placement.header.name", "\"a b\"", "`placement.header`"),
    ("placement.header.prefix", "\"a\\nb\"", "`placement.header`"),
    ("token_prefixes", "[\"\"]", "`token_prefixes`"),
    ("token_prefixes", "[\"a\", \"a\"]", "`token_prefixes`"),
    ("variables", "[]", "`variables`"),
    ("variables.0.name", "\"acme-token\"", "`variables`"),
    ("variables.0.field", "\"nothing\"", "`variables`"),
    ("variables.0.secrecy", "\"public\"", "`variables`"),
    ("variables.0.secrecy", "\"perhaps\"", "secrecy"),
    ("default", "\"acme\"", "`default`"),
    ("sure", "\"certain\"", "`sure`"),
    ("checked", "\"25.11.2026\"", "`checked`"),
    ("unsure", "[\"oauth2.nothing\"]", "`unsure`"),
    ("notes", "[\"\"]", "`notes`"),
    ("handlers.acme-oauth2.flow", "\"implicit\"", "flow"),
    ("handlers.acme-oauth2.flow", "\"token\"", "handlers.acme-oauth2"),
    ("handlers.acme-oauth2.scopes", "\"some\"", "scopes"),
    ("handlers.acme-token.label", "\"\"", "handlers.acme-token.label"),
    ("handlers.acme-token.help", "\"\"", "handlers.acme-token.help"),
    ("handlers.acme-token.minimum", "-1", "minimum"),
    ("handlers.acme-token.variables", "[]", "acme-token"),
    ("handlers.acme-pair.fields", "[]", "handlers.acme-pair"),
    (
        "handlers.acme-pair.fields.0.name",
        "\"a b\"",
        "handlers.acme-pair.fields",
    ),
    (
        "handlers.acme-pair.fields.0.name",
        "\"access_token\"",
        "handlers.acme-pair.fields",
    ),
    (
        "handlers.acme-pair.fields.0.label",
        "\"\"",
        "handlers.acme-pair.fields.label",
    ),
    (
        "handlers.acme-pair.fields.0.help",
        "\"\"",
        "handlers.acme-pair.fields.help",
    ),
    (
        "handlers.acme-pair.fields.1.label",
        "\"\"",
        "handlers.acme-pair.fields.label",
    ),
    (
        "handlers.acme-pair.basic.username",
        "\"nobody\"",
        "handlers.acme-pair.basic",
    ),
    (
        "handlers.acme-pair.basic.password",
        "\"user\"",
        "handlers.acme-pair.basic",
    ),
    (
        "oauth2.domain_url",
        "\"http://login.acme.example\"",
        "`oauth2.domain_url`",
    ),
    ("oauth2.domain_url", "\"https://evil.example\"", "`oauth2.domain_url`"),
    (
        "oauth2.domain_url",
        "\"https://login.acme.example/path\"",
        "`oauth2.domain_url`",
    ),
    (
        "oauth2.domain_url",
        "\"https://login.acme.example@evil.example\"",
        "`oauth2.domain_url`",
    ),
    ("oauth2.domains", "[\"*.example\"]", "`oauth2.domains`"),
    ("oauth2.domains", "[]", "`oauth2.domain_url`"),
    ("oauth2.authorize", "\"http://acme.example\"", "`oauth2.authorize`"),
    ("oauth2.authorize", "\"{domain}/authorize\"", "`oauth2.authorize`"),
    (
        "oauth2.authorize",
        "\"{domain_url}.evil.example/a\"",
        "`oauth2.authorize`",
    ),
    ("oauth2.token", "\"file:///etc/passwd\"", "`oauth2.token`"),
    ("oauth2.device", "\"acme\"", "`oauth2.device`"),
    ("oauth2.redirect", "\"anywhere\"", "`oauth2.redirect`"),
    ("oauth2.issuer", "\"acme\"", "`oauth2.issuer`"),
    ("oauth2.iss", "\"maybe\"", "`oauth2.iss`"),
    ("oauth2.client_auth", "\"jwt\"", "`oauth2.client_auth`"),
    ("oauth2.pkce", "\"plain\"", "`oauth2.pkce`"),
    ("oauth2.body", "\"xml\"", "`oauth2.body`"),
    ("oauth2.scope_param", "\"state\"", "`oauth2.scope_param`"),
    ("oauth2.user_scope_param", "\"client_id\"", "`oauth2.user_scope_param`"),
    ("oauth2.scope_separator", "\"\"", "`oauth2.scope_separator`"),
    (
        "oauth2.reply_scope_separator",
        "\"--\"",
        "`oauth2.reply_scope_separator`",
    ),
    (
        "oauth2.recommended_scopes",
        "[\"a\", \"a\"]",
        "`oauth2.recommended_scopes`",
    ),
    ("oauth2.added_scopes", "[\"\"]", "`oauth2.added_scopes`"),
    ("oauth2.asks_scopes", "false", "`oauth2.asks_scopes`"),
    ("oauth2.ok_field", "\"\"", "`oauth2.ok_field`"),
    ("oauth2.error", "\"error\"", "`oauth2.error`"),
    ("oauth2.default_ttl", "\"1s\"", "`oauth2.default_ttl`"),
    ("oauth2.default_ttl", "\"soon\"", "`oauth2.default_ttl`"),
    (
        "oauth2.authorize_params",
        "{ state = \"x\" }",
        "`oauth2.authorize_params`",
    ),
    (
        "oauth2.authorize_params",
        "{ user_scope = \"x\" }",
        "`oauth2.authorize_params`",
    ),
    ("oauth2.token_params", "{ grant_type = \"x\" }", "`oauth2.token_params`"),
    ("oauth2.headers", "{ authorization = \"x\" }", "`oauth2.headers`"),
    ("oauth2.implies", "{ a = [\"a\"] }", "`oauth2.implies`"),
    ("oauth2.errors", "{ odd = \"odd\" }", "`oauth2.errors`"),
    ("oauth2.revoke.kind", "\"rfc7010\"", "`oauth2.revoke.kind`"),
    ("oauth2.revoke.kind", "\"bearer\"", "`oauth2.revoke.auth`"),
    ("oauth2.revoke.url", "\"http://acme.example\"", "`oauth2.revoke.url`"),
    ("oauth2.revoke.auth", "\"jwt\"", "`oauth2.revoke.auth`"),
    ("oauth2.revoke", "{ kind = \"rfc7009\" }", "`oauth2.revoke.url`"),
    (
        "oauth2.reply.access_token",
        "\"access_token\"",
        "`oauth2.reply.access_token`",
    ),
    ("oauth2.reply.refresh_token", "\"/\"", "`oauth2.reply.refresh_token`"),
    ("oauth2.reply.expires_in", "\"/a~\"", "`oauth2.reply.expires_in`"),
    ("oauth2.reply.scope", "\"\"", "`oauth2.reply.scope`"),
    ("oauth2.reply.token_type", "\"a\"", "`oauth2.reply.token_type`"),
    (
        "oauth2.reply.identity",
        "[\"/access_token\"]",
        "`oauth2.reply.identity`",
    ),
    ("oauth2.reply.identity", "[\"who\"]", "`oauth2.reply.identity`"),
    (
        "oauth2.reply.fields",
        "{ access_token = \"/a\" }",
        "`oauth2.reply.fields`",
    ),
    ("oauth2.reply.fields", "{ url = \"a\" }", "`oauth2.reply.fields`"),
    (
        "oauth2.user_reply.access_token",
        "\"a\"",
        "`oauth2.user_reply.access_token`",
    ),
    ("oauth2.user_reply.fields", "{}", "`oauth2.host_fields`"),
    ("oauth2.refresh.url", "\"http://acme.example\"", "`oauth2.refresh.url`"),
    ("oauth2.refresh.rotation", "\"sometimes\"", "`oauth2.refresh.rotation`"),
    ("oauth2.refresh.idle_days", "0", "`oauth2.refresh.idle_days`"),
    ("oauth2.refresh.absolute_days", "-1", "`oauth2.refresh.absolute_days`"),
    ("oauth2.refresh.grant", "\"refresh_token\"", "`oauth2.refresh.grant`"),
    (
        "oauth2.refresh.token_param",
        "\"client_secret\"",
        "`oauth2.refresh.token_param`",
    ),
    ("oauth2.refresh.early", "\"a day\"", "`oauth2.refresh.early`"),
    (
        "oauth2.refresh.errors",
        "{ gone = \"gone\" }",
        "`oauth2.refresh.errors`",
    ),
    ("oauth2.refresh", "{ at_once = true }", "`oauth2.refresh.at_once`"),
    ("oauth2.refresh", "{ grant = \"x\" }", "`oauth2.refresh.token_param`"),
    ("oauth2.refresh", "{ token_param = \"x\" }", "`oauth2.refresh.grant`"),
    ("oauth2.lookup.url", "\"http://acme.example\"", "`oauth2.lookup.url`"),
    ("oauth2.lookup.prefix", "\"a\\nb\"", "`oauth2.lookup.prefix`"),
    ("oauth2.lookup.fields", "{ site = \"site\" }", "`oauth2.lookup.fields`"),
    ("oauth2.lookup.identity", "[\"name\"]", "`oauth2.lookup.identity`"),
    (
        "oauth2.lookup",
        "{ url = \"https://login.acme.example/me\" }",
        "`oauth2.lookup`",
    ),
    ("oauth2.host_fields", "{ url = \"*\" }", "`oauth2.host_fields.url`"),
    ("oauth2.host_fields", "{ url = \"*.com\" }", "`oauth2.host_fields.url`"),
    (
        "oauth2.host_fields",
        "{ nothing = \"*.acme.example\" }",
        "`oauth2.host_fields`",
    ),
];
