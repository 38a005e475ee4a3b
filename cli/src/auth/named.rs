//! The provider that a person named.

use pocket_runtime::{Code, Provider, ProviderError, Settings, shown_on_one_line};

use crate::failure::Failure;

/// The provider of that name; where something else was typed that leads to one, an error that says what to type.
pub(super) fn provider<'a>(typed: &str, settings: &'a Settings) -> Result<&'a Provider, Failure> {
    if typed.trim().is_empty() {
        return Err(Failure::usage("no provider was named").hint("`pocket auth providers` lists those there are"));
    }
    if let Some((_scheme, rest)) = typed.split_once("://") {
        return Err(an_address(rest, settings));
    }
    settings.providers.find(typed).map_err(|error| match error {
        ProviderError::Unknown { .. } => a_handler(typed, settings).unwrap_or_else(|| error.into()),
        other => other.into(),
    })
}

/// An address tells the provider by a part of its host: `https://api.github.com/user`.
fn an_address(rest: &str, settings: &Settings) -> Failure {
    // A password may stand before the host, and a token behind the path.
    let bare = rest.split(['?', '#']).next().unwrap_or_default();
    let bare = bare.rsplit('@').next().unwrap_or_default();
    let host = bare.split('/').next().unwrap_or_default();
    let mut parts = host.split(['.', ':']);
    let meant = parts.find_map(|part| settings.providers.find(part).ok());
    let message = format!(
        "a provider is named by its name, not by an address: `{}`",
        shown_on_one_line(bare)
    );
    Failure::said(Code::NotFound, message).hint(match meant {
        Some(provider) => format!("did you mean `{}`?", provider.name),
        None => "`pocket auth providers` lists the names".to_owned(),
    })
}

/// A handler, where its provider has to be named.
fn a_handler(typed: &str, settings: &Settings) -> Option<Failure> {
    let name = typed.to_lowercase();
    let of = |provider: &&Provider| provider.handlers.iter().any(|handler| handler.name == name);
    let provider = &settings.providers.iter().find(of)?.name;
    let failure = Failure::said(Code::NotFound, format!("`{name}` is a handler of `{provider}`"));
    Some(failure.hint(format!(
        "sign in by it with `pocket auth login {provider} --handler {name}`"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_to_a_provider_says_how_to_name_it() {
        let settings = Settings::standard().expect("the embedded files are valid");
        for (typed, message, hint) in [
            ("", "no provider was named", "pocket auth providers"),
            (" ", "no provider was named", "pocket auth providers"),
            ("https://github.com", "not by an address", "did you mean `github`?"),
            (
                "https://user:planted@api.slack.com:443/x?key=planted",
                "`api.slack.com:443/x`",
                "`slack`",
            ),
            ("https://nowhere.example", "not by an address", "pocket auth providers"),
            (
                "github-token",
                "a handler of `github`",
                "`pocket auth login github --handler github-token`",
            ),
            ("slakc", "no provider has this name", "did you mean `slack`?"),
        ] {
            let Err(failure) = provider(typed, &settings) else {
                panic!("it is a provider: {typed}");
            };
            assert!(failure.message().contains(message), "{typed}: {}", failure.message());
            let hints = failure.hints().join("; ");
            assert!(hints.contains(hint), "{typed}: {hints}");
            assert!(!format!("{failure:?}").contains("planted"), "{typed}");
        }
        assert_eq!(
            provider("Slack", &settings).ok().map(|found| found.name.as_str()),
            Some("slack")
        );
    }
}
