//! The part of a provider's endpoints that is a customer's own.

use url::Url;

use crate::{
    base::text::shown_on_one_line,
    provider::{
        HostPattern,
        check::{self, Fault},
    },
};

const KEY: &str = "oauth2.domain_url";
const PLACEHOLDER: &str = "{domain_url}";

/// What `{domain_url}` stands for in endpoints: `https://login.salesforce.com`, or a customer's own.
pub(super) struct DomainUrl(Option<String>);

impl DomainUrl {
    /// `written` are the endpoints as the file has them: one at least has to have it in it.
    pub(super) fn of_file<'a>(
        url: Option<&str>,
        domains: &[String],
        mut written: impl Iterator<Item = &'a str>,
    ) -> Result<Self, Fault> {
        let patterns = domains
            .iter()
            .map(|text| HostPattern::of_text("oauth2.domains", text))
            .collect::<Result<Vec<_>, _>>()?;
        let Some(text) = url else {
            return match patterns.is_empty() {
                true => Ok(Self(None)),
                false => Err(Fault::new(format!("`oauth2.domains`: there is no `{KEY}`"))),
            };
        };
        if !written.any(|endpoint| endpoint.contains(PLACEHOLDER)) {
            return Err(Fault::new(format!("`{KEY}`: no endpoint has `{PLACEHOLDER}` in it"))
                .hint("this provider's endpoints are the same for everybody: leave `domain_url` out"));
        }
        let refused = |why: &str| Fault::new(format!("`{KEY}`: {why}: `{}`", shown_on_one_line(text)));
        let parsed = check::endpoint(KEY, text)?;
        if parsed.path() != "/" || parsed.query().is_some() {
            return Err(refused("it has no path").hint(format!("write `{}`", parsed.origin().ascii_serialization())));
        }
        let origin = parsed.origin().ascii_serialization();
        if !patterns.iter().any(|pattern| pattern.host_in(&origin).is_some()) {
            return Err(refused("its host is none of this provider's")
                .hint(format!("`oauth2.domains` has them: {}", domains.join(", "))));
        }
        Ok(Self(Some(origin)))
    }

    /// An endpoint, filled in.
    pub(super) fn endpoint(&self, key: &str, text: &str) -> Result<Url, Fault> {
        check::endpoint(key, &self.filled(key, text)?)
    }

    /// An endpoint that may not be there, filled in.
    pub(super) fn endpoint_or_none(&self, key: &str, text: Option<String>) -> Result<Option<Url>, Fault> {
        text.map(|text| self.endpoint(key, &text)).transpose()
    }

    fn filled(&self, key: &str, text: &str) -> Result<String, Fault> {
        match (text.strip_prefix(PLACEHOLDER), &self.0) {
            (Some(rest), Some(origin)) if rest.starts_with('/') => Ok(format!("{origin}{rest}")),
            (Some(_), Some(_)) => Err(Fault::new(format!("`{key}`: after `{PLACEHOLDER}` comes a path"))),
            (Some(_), None) => Err(Fault::new(format!("`{key}`: there is no `{KEY}`"))),
            (None, _) => Ok(text.to_owned()),
        }
    }
}
