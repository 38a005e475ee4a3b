//! The browser's part in a sign-in: cookies, redirects, forms.

use std::{collections::BTreeMap, time::Duration};

use reqwest::{Method, StatusCode, header};
use url::Url;

const FORM: &str = "application/x-www-form-urlencoded";

/// A browser that accepts the listener's own certificate, as a person does when asked.
pub struct Browser {
    http: reqwest::Client,
    /// By host, then name: ports do not keep cookies apart.
    cookies: BTreeMap<(String, String), String>,
    visited: Vec<Url>,
    shown: Vec<Page>,
}

/// A page that a browser shows.
#[derive(Debug, Clone)]
pub struct Page {
    /// Where it is, after redirects.
    pub url: Url,
    /// The reply's status.
    pub status: StatusCode,
    /// HTML, or whatever it was.
    pub body: String,
    /// The reply's headers.
    pub headers: header::HeaderMap,
}

impl Browser {
    /// One without cookies.
    pub fn new() -> Self {
        crate::use_ring();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .tls_danger_accept_invalid_certs(true)
            .no_proxy()
            .timeout(Duration::from_secs(30))
            .build()
            .expect("a client can be made");
        Self {
            http,
            cookies: BTreeMap::new(),
            visited: Vec::new(),
            shown: Vec::new(),
        }
    }

    /// Opens a page, following redirects.
    pub async fn open(&mut self, url: &str) -> Page {
        let url = Url::parse(url).expect("the test opens a URL");
        self.go(Method::GET, url, None).await
    }

    /// Opens a page and follows nothing.
    pub async fn open_only(&mut self, url: &str) -> Page {
        let url = Url::parse(url).expect("the test opens a URL");
        self.request(Method::GET, &url, None).await
    }

    /// Sends the first form of a page with these fields over those it has, following redirects.
    pub async fn submit(&mut self, page: &Page, fields: &[(&str, &str)]) -> Page {
        let (action, body) = filled(page, fields);
        self.go(Method::POST, action, Some(body)).await
    }

    /// Sends JSON as a script of a page does, and follows nothing.
    pub async fn send(&mut self, method: Method, url: &str, json: &serde_json::Value) -> Page {
        let url = Url::parse(url).expect("the test opens a URL");
        self.request(method, &url, Some(("application/json", json.to_string())))
            .await
    }

    /// Every address that was asked for, redirects too, the latest last.
    pub fn visited(&self) -> &[Url] {
        &self.visited
    }

    /// The values of the cookies it has.
    pub fn cookies(&self) -> Vec<String> {
        self.cookies.values().cloned().collect()
    }

    /// Every page that it showed, with its headers.
    pub fn shown(&self) -> &[Page] {
        &self.shown
    }

    /// Sends the first form of a page and follows nothing: where it leads is in the reply's headers.
    pub async fn submit_only(&mut self, page: &Page, fields: &[(&str, &str)]) -> Page {
        let (action, body) = filled(page, fields);
        self.request(Method::POST, &action, Some((FORM, body))).await
    }

    async fn go(&mut self, method: Method, url: Url, body: Option<String>) -> Page {
        let mut page = self.request(method, &url, body.map(|body| (FORM, body))).await;
        for _ in 0..10 {
            let Some(location) = page
                .headers
                .get(header::LOCATION)
                .filter(|_| page.status.is_redirection())
            else {
                return page;
            };
            let location = location.to_str().expect("a location is text");
            let next = page.url.join(location).expect("a location is a URL");
            page = self.request(Method::GET, &next, None).await;
        }
        panic!("more than ten redirects from {url}");
    }

    async fn request(&mut self, method: Method, url: &Url, body: Option<(&str, String)>) -> Page {
        self.visited.push(url.clone());
        let host = url.host_str().unwrap_or_default().to_owned();
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .filter(|((of, _), _)| *of == host)
            .map(|((_, name), value)| format!("{name}={value}"))
            .collect();
        let mut request = self.http.request(method, url.clone());
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        if let Some((kind, body)) = body {
            request = request.header(header::CONTENT_TYPE, kind).body(body);
        }
        let reply = request
            .send()
            .await
            .unwrap_or_else(|e| panic!("cannot open {url}: {e:?}"));
        let (status, headers) = (reply.status(), reply.headers().clone());
        for cookie in headers.get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().expect("a cookie is text");
            let (pair, _attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
            if let Some((name, value)) = pair.split_once('=') {
                self.cookies
                    .insert((host.clone(), name.trim().to_owned()), value.trim().to_owned());
            }
        }
        let body = reply.text().await.expect("the page arrives");
        let page = Page {
            url: url.clone(),
            status,
            body,
            headers,
        };
        self.shown.push(page.clone());
        page
    }
}

/// Where the first form of a page goes, and its fields with these over them.
fn filled(page: &Page, fields: &[(&str, &str)]) -> (Url, String) {
    let form = Form::first(page).unwrap_or_else(|| panic!("the page has no form: {}", page.body));
    let mut values = form.fields;
    for (name, value) in fields {
        values.insert((*name).to_owned(), (*value).to_owned());
    }
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&values)
        .finish();
    (form.action, body)
}

impl Default for Browser {
    fn default() -> Self {
        Self::new()
    }
}

struct Form {
    action: Url,
    fields: BTreeMap<String, String>,
}

impl Form {
    /// Reads the first form as far as our pages and those of the servers of the tests need it: hidden and text inputs.
    fn first(page: &Page) -> Option<Self> {
        let (_, rest) = page.body.split_once("<form")?;
        let (tag, rest) = rest.split_once('>')?;
        let (inner, _) = rest.split_once("</form>")?;
        let action = attribute(tag, "action").unwrap_or_default();
        let action = page.url.join(&action).ok()?;
        let mut fields = BTreeMap::new();
        for input in inner.split("<input").skip(1) {
            let tag = input.split('>').next().unwrap_or_default();
            if let Some(name) = attribute(tag, "name") {
                fields.insert(name, attribute(tag, "value").unwrap_or_default());
            }
        }
        Some(Self { action, fields })
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    Some(
        value
            .replace("&amp;", "&")
            .replace("&quot;", "\"")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&#39;", "'"),
    )
}
