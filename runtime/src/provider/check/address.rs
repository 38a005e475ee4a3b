//! Where requests go: endpoints, hosts.

use url::{Host, Url};

use crate::{
    base::text::shown_on_one_line,
    provider::{
        check::{Fault, parameters},
        revoke::Template,
    },
};

/// `https://...` of any host; `http://` only of this machine, for an operator's own test servers.
pub(in crate::provider) fn endpoint(key: &str, text: &str) -> Result<Url, Fault> {
    let refused = |why: &str| Fault::new(format!("`{key}`: {why}: `{}`", shown_on_one_line(text)));
    let url = Url::parse(text).map_err(|error| refused(&format!("not a URL ({error})")))?;
    let is_this_machine = match url.host() {
        Some(Host::Domain(domain)) => domain == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return Err(refused("a URL without a host")),
    };
    match url.scheme() {
        "https" => {}
        "http" if is_this_machine => {}
        "http" => {
            return Err(refused("an endpoint is sent secrets, so it has to be https").hint(
                "write `https://`; `http://` is taken only for 127.0.0.1, [::1] and localhost, for test servers of your own",
            ));
        }
        _other => return Err(refused("an endpoint has to be https")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Fault::new(format!(
            "`{key}`: an endpoint has no user name or password in it"
        )));
    }
    if url.fragment().is_some() {
        return Err(refused("an endpoint has no `#` (RFC 6749 section 3.1)"));
    }
    parameters(key, url.query_pairs().map(|(name, _)| name.into_owned()), &[])?;
    Ok(url)
}

/// An endpoint in whose path `{client_id}` stands for the client's id.
pub(in crate::provider) fn template(key: &str, text: &str) -> Result<Template, Fault> {
    let url = endpoint(key, text)?;
    let whole_segments = url
        .path_segments()
        .into_iter()
        .flatten()
        .filter(|segment| *segment == "%7Bclient_id%7D")
        .count();
    let escapes = url.path().matches('%').count();
    if whole_segments != 1 || escapes != 2 {
        return Err(Fault::new(format!(
            "`{key}`: `{{client_id}}` has to stand once between two `/`, beside no other escape: `{}`",
            shown_on_one_line(text)
        )));
    }
    Ok(Template::of_checked(url))
}

/// `host` or `host:port`, written as it is compared.
pub(in crate::provider) fn host(key: &str, text: &str) -> Result<String, Fault> {
    let refused = |why: &str| Fault::new(format!("`{key}`: {why}: `{}`", shown_on_one_line(text)));
    if text.contains('*') {
        return Err(refused("a credential goes to hosts that are named, never to a pattern")
            .hint("name each host: somebody else may own another name under the pattern"));
    }
    if text.contains("://") || text.contains(['/', '@', '?', '#']) {
        return Err(
            refused("a host is a name without scheme or path").hint("write `api.example.com` or `localhost:8443`")
        );
    }
    let (bare, port) = match text.rsplit_once(':') {
        Some((bare, port)) if !bare.contains(':') || bare.ends_with(']') => (bare, Some(port)),
        Some(_) | None => (text, None),
    };
    if let Some(port) = port
        && !(port
            .parse::<u16>()
            .is_ok_and(|number| number != 0 && number.to_string() == port))
    {
        return Err(refused("a port is a number from 1 to 65535"));
    }
    let parsed = Host::parse(bare).map_err(|error| refused(&format!("not a host ({error})")))?;
    if parsed.to_string() != bare || bare.ends_with('.') {
        return Err(refused("a host is written as it is compared").hint(format!(
            "write `{}{}`",
            parsed.to_string().trim_end_matches('.'),
            port.map(|port| format!(":{port}")).unwrap_or_default()
        )));
    }
    if port == Some("443") {
        return Err(refused("443 is the port where none is written").hint(format!("write `{bare}`")));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn endpoints_are_https_or_on_this_machine() {
        for good in [
            "https://slack.com/oauth/v2/authorize",
            "https://localhost:8443/a",
            "http://localhost:8000/a",
            "http://127.0.0.1:8000/a",
            "http://[::1]:8000/a",
            "https://login.example/authorize?tenant=1",
        ] {
            assert!(endpoint("oauth2.token", good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "slack.com/authorize",
            "http://slack.com/authorize",
            "http://localhost.example/a",
            "http://127.0.0.1.example/a",
            "ftp://slack.com/a",
            "javascript:alert(1)",
            "https://user@slack.com/a",
            "https://user:pass@slack.com/a",
            "https://slack.com/a#b",
            "https://slack.com/a?state=1",
            "https://slack.com/a?Redirect_URI=x",
        ] {
            assert!(endpoint("oauth2.token", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_password_in_an_endpoint_is_not_shown() {
        let fault = endpoint("oauth2.token", "https://user:hunter2-planted@slack.com/a").unwrap_err();
        assert!(!format!("{fault:?}").contains("hunter2"), "{fault:?}");
    }

    #[test]
    fn hosts_are_exact_names_as_they_are_compared() {
        for good in [
            "slack.com",
            "localhost:8443",
            "127.0.0.1:80",
            "[::1]:8443",
            "[::1]",
            "xn--bcher-kva.example",
        ] {
            assert_eq!(host("hosts", good).unwrap(), good);
        }
        for bad in [
            "",
            "*.slack.com",
            "*",
            "https://slack.com",
            "slack.com/api",
            "Slack.com",
            "slack.com.",
            "bücher.example",
            "slack.com:0",
            "slack.com:443",
            "slack.com:65536",
            "slack.com:x",
            "slack.com:",
            "slack.com:+80",
            "127.1",
            "0x7f000001",
            "::1",
            "a b",
            "user@slack.com",
        ] {
            assert!(host("hosts", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_client_id_stays_one_segment_of_a_template() {
        let template = template("r", "https://api.github.com/applications/{client_id}/token").unwrap();
        assert_eq!(
            template.of("Iv1.a/../b?c").as_str(),
            "https://api.github.com/applications/Iv1.a%2F..%2Fb%3Fc/token"
        );
        for bad in [
            "https://a.example/b",
            "https://a.example/x{client_id}/b",
            "https://a.example/%20/{client_id}",
        ] {
            assert!(super::template("r", bad).is_err(), "{bad}");
        }
    }
}
