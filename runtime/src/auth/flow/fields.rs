//! Several values that a user typed: a key pair, a user name with its password.

use std::collections::BTreeMap;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use zeroize::Zeroizing;

use crate::{
    auth::flow::{
        Tokens,
        typed::{self, NotAToken},
    },
    base::secret::Secret,
    provider::{BasicAuth, FieldsEntry, Secrecy, TypedField},
};

/// The value that is made of two fields.
pub(in crate::auth) const BASIC: &str = "basic";

/// Why what was typed cannot be kept. Says nothing of what it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotFields {
    #[error("`{label}`: {why}")]
    Field { label: String, why: NotAToken },
    /// RFC 7617 section 2.
    #[error("`{label}`: there is a colon in it, which a user name cannot have")]
    Colon { label: String },
}

/// The values, by the name of each field, in what was typed; with `basic`, where it is made of two of them.
pub(crate) fn accept(
    entry: &FieldsEntry,
    typed: &BTreeMap<String, Secret>,
) -> Result<BTreeMap<String, Secret>, NotFields> {
    let mut values = BTreeMap::new();
    for field in &entry.fields {
        let text = typed.get(&field.name).map_or("", Secret::expose);
        let value = accept_one(field, text).map_err(|why| NotFields::Field {
            label: field.label.clone(),
            why,
        })?;
        values.insert(field.name.clone(), value);
    }
    if let Some(basic) = &entry.basic {
        let made = basic_of(entry, basic, &values)?;
        values.insert(BASIC.to_owned(), made);
    }
    Ok(values)
}

/// As the account keeps them. What stands for the token is the value that opens most.
pub(crate) fn tokens(entry: &FieldsEntry, values: BTreeMap<String, Secret>) -> Option<Tokens> {
    let secret = entry.fields.iter().find(|field| field.secrecy == Secrecy::Secret)?;
    let access = values.get(BASIC).or_else(|| values.get(&secret.name))?.clone();
    Some(Tokens {
        access,
        refresh: None,
        expires_at: None,
        // Nobody says which scopes typed values have.
        scopes: Some(Vec::new()),
        identity: None,
        fields: values,
    })
}

/// Passwords and names may have spaces in them; neither can have what no one can see.
fn accept_one(field: &TypedField, text: &str) -> Result<Secret, NotAToken> {
    let value = text.trim_matches(['\r', '\n', '\t']);
    typed::check_length(value, field.minimum)?;
    if typed::has_invisible(value) {
        return Err(NotAToken::Invisible);
    }
    Ok(Secret::new(value))
}

fn basic_of(entry: &FieldsEntry, basic: &BasicAuth, values: &BTreeMap<String, Secret>) -> Result<Secret, NotFields> {
    let value = |name: &str| values.get(name).map_or("", Secret::expose);
    if value(&basic.username).contains(':') {
        let label = entry.fields.iter().find(|field| field.name == basic.username);
        return Err(NotFields::Colon {
            label: label.map(|field| field.label.clone()).unwrap_or_default(),
        });
    }
    let pair = Zeroizing::new(format!("{}:{}", value(&basic.username), value(&basic.password)));
    Ok(Secret::new(BASE64_STANDARD.encode(pair.as_bytes())))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::provider::{Flow, Providers};

    fn entry(minimum: usize) -> FieldsEntry {
        let table = format!(
            r#"
            [handlers.acme-basic]
            flow = "fields"
            fields = [
                {{ name = "username", label = "User name", secrecy = "public" }},
                {{ name = "password", label = "Password", minimum = {minimum} }},
            ]
            basic = {{ username = "username", password = "password" }}
            variables = [{{ name = "BASIC_AUTH", field = "basic" }}]
            "#
        );
        let providers = Providers::builtin()
            .unwrap()
            .with("acme", &table.parse().unwrap())
            .unwrap();
        let flow = &providers.find("acme").unwrap().handlers[0].flow;
        let Flow::Fields(entry) = flow else {
            panic!("{flow:?}");
        };
        entry.clone()
    }

    fn typed(username: &str, password: &str) -> BTreeMap<String, Secret> {
        [("username", username), ("password", password)]
            .map(|(name, value)| (name.to_owned(), Secret::new(value)))
            .into()
    }

    #[test]
    fn user_name_and_password_are_kept_and_make_what_basic_authentication_sends() {
        let values = accept(&entry(1), &typed("Aladdin", "open sesame\r\n")).unwrap();
        assert_eq!(
            values["basic"].expose(),
            "QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            "RFC 7617 section 2"
        );
        let tokens = tokens(&entry(1), values).unwrap();
        assert_eq!(tokens.access.expose(), "QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(tokens.fields["password"].expose(), "open sesame");
        assert!(!format!("{tokens:?}").contains("sesame"));
    }

    #[test]
    fn a_password_may_be_left_empty_only_where_the_file_says_so() {
        assert!(accept(&entry(0), &typed("sk_key", "")).is_ok());
        let error = accept(&entry(1), &typed("sk_key", "")).unwrap_err();
        assert_eq!(error.to_string(), "`Password`: nothing was entered");
    }

    #[test]
    fn what_cannot_be_kept_is_refused_by_its_label_and_not_shown() {
        for (username, password) in [
            ("", "hunter2"),
            ("hunter2:a", "p"),
            ("u", "hunter2\u{200b}"),
            ("u\nhunter2", "p"),
            ("u", &"hunter2".repeat(4_000)),
        ] {
            let error = accept(&entry(1), &typed(username, password)).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
    }
}
