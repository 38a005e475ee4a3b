//! The credential that the host puts in the tool's environment.

use std::env::{self, VarError};
use std::fmt::{self, Debug, Formatter};

use crate::Error;

/// The credential of the call by its name, such as `SLACK_BOT_TOKEN`.
///
/// ```no_run
/// # fn main() -> Result<(), pocket_tool::Error> {
/// let token = pocket_tool::credential("SLACK_BOT_TOKEN")?;
/// let request = pocket_tool::http::get("https://slack.com/api/auth.test").bearer(&token);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`Error::Failed`] if the host gave none, which is a matter of the manifest and not of the user.
pub fn credential(name: &str) -> Result<Credential, Error> {
    from_variable(name, env::var(name))
}

/// A token ready to use, which shows itself to nobody by accident.
///
/// It may be a placeholder: where the operator chose so, the host puts the real one in on the way out. So
/// it goes where the provider expects a token, whole and unchanged, and nowhere else.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential(String);

impl Credential {
    /// The token itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Credential {
    fn as_ref(&self) -> &str {
        self.expose()
    }
}

impl Debug for Credential {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(…)")
    }
}

fn from_variable(name: &str, value: Result<String, VarError>) -> Result<Credential, Error> {
    match value {
        Ok(value) if !value.is_empty() => Ok(Credential(value)),
        Ok(_) => Err(Error::failed(format!("the credential is empty: `{name}`"))),
        Err(VarError::NotPresent) => Err(Error::failed(format!(
            "the host gave no such credential (`auth` in `pocket.json` says which provider's it gives): `{name}`"
        ))),
        Err(VarError::NotUnicode(_)) => Err(Error::failed(format!("the credential is not UTF-8: `{name}`"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_a_credential() {
        let credential = from_variable("T", Ok("xoxb-planted".into()));
        assert_eq!(format!("{credential:?}"), "Ok(Credential(…))");
        assert_eq!(credential.map(|c| c.expose().to_owned()), Ok("xoxb-planted".to_owned()));
    }

    #[test]
    fn a_missing_credential_is_named() {
        let error = from_variable("SLACK_BOT_TOKEN", Err(VarError::NotPresent))
            .err()
            .map(|e| e.to_string());
        assert!(error.is_some_and(|e| e.ends_with("`SLACK_BOT_TOKEN`")));
        assert!(from_variable("T", Ok(String::new())).is_err());
    }
}
