//! What a redirect asks for next.

use super::{Error, Request};

/// The request that a response with this status and location asks for, if it asks for one.
///
/// As browsers do: 303 becomes a `GET`, and so does the `POST` of a 301 or 302; 307 and 308 keep all.
pub(super) fn redirected(request: &Request, status: u16, location: Option<&str>) -> Result<Option<Request>, Error> {
    let (true, Some(location)) = (matches!(status, 301 | 302 | 303 | 307 | 308), location) else {
        return Ok(None);
    };
    let mut next = request.clone();
    next.url = request.url.join(location)?;
    let post = next.method.eq_ignore_ascii_case("POST");
    let head = next.method.eq_ignore_ascii_case("HEAD");
    if (status == 303 && !head) || (matches!(status, 301 | 302) && post) {
        next.method = "GET".to_owned();
        next.body = None;
        next.headers.retain(|(name, _)| !name.starts_with("content-"));
    }
    if !next.url.same_origin(&request.url) {
        next.headers
            .retain(|(name, _)| !matches!(name.as_str(), "authorization" | "cookie"));
    }
    Ok(Some(next))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::super::{get, post};
    use super::*;

    #[test]
    fn a_credential_stays_at_its_origin() {
        let request = get("https://a/x").bearer("secret").header("accept", "text/html");
        let has_token = |location| {
            let next = redirected(&request, 302, Some(location)).unwrap().unwrap();
            assert!(next.headers.iter().any(|(name, _)| name == "accept"));
            next.headers.iter().any(|(name, _)| name == "authorization")
        };
        assert!(has_token("/y"));
        assert!(has_token("https://A/y"));
        assert!(!has_token("https://b/y"));
        assert!(!has_token("http://a/y"));
        assert!(!has_token("https://a:8443/y"));
    }

    #[test]
    fn a_post_becomes_a_get_where_browsers_do_so() {
        let request = post("https://a/x").json(&1);
        let next = |status| redirected(&request, status, Some("/y")).unwrap().unwrap();
        for status in [301, 302, 303] {
            assert_eq!((next(status).method.as_str(), next(status).body), ("GET", None));
        }
        for status in [307, 308] {
            assert_eq!(
                (next(status).method.as_str(), next(status).body.as_deref()),
                ("POST", Some(&b"1"[..]))
            );
        }
    }

    #[test]
    fn only_a_redirect_with_a_location_leads_on() {
        assert!(redirected(&get("https://a/"), 200, Some("/y")).unwrap().is_none());
        assert!(redirected(&get("https://a/"), 304, Some("/y")).unwrap().is_none());
        assert!(redirected(&get("https://a/"), 302, None).unwrap().is_none());
        assert!(redirected(&get("https://a/"), 302, Some("ftp://b/")).is_err());
    }
}
