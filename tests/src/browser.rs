//! The browser's part in a sign-in: cookies, redirects, forms.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

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
    /// Where it comes to in the place of a site: a proxy that ends TLS stands between.
    site: Option<(Url, SocketAddr)>,
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
            site: None,
        }
    }

    /// One that reaches this site through a proxy, which ends TLS and goes on to this address.
    pub fn with_site(site: &str, address: SocketAddr) -> Self {
        let site = Url::parse(site).expect("the site is a URL");
        Self {
            site: Some((site, address)),
            ..Self::new()
        }
    }

    /// What the proxy makes of a request, where there is one.
    fn proxied(&self, method: Method, url: &Url) -> reqwest::RequestBuilder {
        let Some((site, address)) = self.site.as_ref().filter(|(site, _)| site.origin() == url.origin()) else {
            return self.http.request(method, url.clone());
        };
        let target = &url[url::Position::BeforePath..];
        let request = self.http.request(method, format!("http://{address}{target}"));
        request.header(header::HOST, site.authority())
    }

    /// Opens a page, following redirects.
    pub async fn open(&mut self, url: &str) -> Page {
        let url = Url::parse(url).expect("the test opens a URL");
        self.go(Method::GET, url, None).await
    }

    /// Opens a page and follows nothing.
    pub async fn open_only(&mut self, url: &str) -> Page {
        let url = Url::parse(url).expect("the test opens a URL");
        self.request(Method::GET, &url, None, None).await
    }

    /// Sends the first form of a page with these fields over those it has, following redirects.
    pub async fn submit(&mut self, page: &Page, fields: &[(&str, &str)]) -> Page {
        let (action, body) = filled(page, fields);
        self.go(Method::POST, action, Some(body)).await
    }

    /// Sends the last form of a page that goes to this path, with these fields over those it has, following redirects.
    pub async fn submit_to(&mut self, page: &Page, path: &str, fields: &[(&str, &str)]) -> Page {
        let form = Form::all(page).into_iter().rfind(|form| form.action.path() == path);
        let form = form.unwrap_or_else(|| panic!("no form of the page goes to {path}: {}", page.body));
        let (action, body) = form.filled(fields);
        self.go_from(Some(page), Method::POST, action, Some(body)).await
    }

    /// Sends the n-th form of a page with these fields over those it has, following redirects.
    pub async fn submit_nth(&mut self, page: &Page, which: usize, fields: &[(&str, &str)]) -> Page {
        let form = Form::all(page).into_iter().nth(which);
        let form = form.unwrap_or_else(|| panic!("the page has no such form: {}", page.body));
        let (action, body) = form.filled(fields);
        self.go_from(Some(page), Method::POST, action, Some(body)).await
    }

    /// Sends a form as a page of this origin does, or as none does that says so, and follows nothing.
    pub async fn post_as(&mut self, origin: Option<&str>, url: &str, fields: &[(&str, &str)]) -> Page {
        let url = Url::parse(url).expect("the test opens a URL");
        let body = encoded(fields.iter().copied());
        self.request(Method::POST, &url, Some((FORM, body)), origin).await
    }

    /// Sends JSON as a script of a page does, and follows nothing.
    pub async fn send(&mut self, method: Method, url: &str, json: &serde_json::Value) -> Page {
        let url = Url::parse(url).expect("the test opens a URL");
        self.request(method, &url, Some(("application/json", json.to_string())), None)
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
        self.request(Method::POST, &action, Some((FORM, body)), None).await
    }

    async fn go(&mut self, method: Method, url: Url, body: Option<String>) -> Page {
        self.go_from(None, method, url, body).await
    }

    async fn go_from(&mut self, from: Option<&Page>, method: Method, url: Url, body: Option<String>) -> Page {
        let origin = from.map(Page::origin);
        let body = body.map(|body| (FORM, body));
        let mut page = self.request(method, &url, body, origin.as_deref()).await;
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
            page = self.request(Method::GET, &next, None, None).await;
        }
        panic!("more than ten redirects from {url}");
    }

    async fn request(&mut self, method: Method, url: &Url, body: Option<(&str, String)>, origin: Option<&str>) -> Page {
        self.visited.push(url.clone());
        let host = url.host_str().unwrap_or_default().to_owned();
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .filter(|((of, _), _)| *of == host)
            .map(|((_, name), value)| format!("{name}={value}"))
            .collect();
        let mut request = self.proxied(method, url);
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        if let Some(origin) = origin {
            request = request.header(header::ORIGIN, origin);
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
    let form = Form::all(page).into_iter().next();
    let form = form.unwrap_or_else(|| panic!("the page has no form: {}", page.body));
    form.filled(fields)
}

fn encoded<'f>(fields: impl Iterator<Item = (&'f str, &'f str)>) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

impl Page {
    /// What a browser says of a page whose form it sends: nothing of one that asks for that.
    fn origin(&self) -> String {
        match self.headers.get(header::REFERRER_POLICY) {
            Some(policy) if policy == "no-referrer" => "null".to_owned(),
            _other => self.url.origin().ascii_serialization(),
        }
    }
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
    /// Reads the forms as far as our pages and those of the servers of the tests need it: inputs, and of boxes those that are ticked.
    fn all(page: &Page) -> Vec<Self> {
        let forms = page.body.split("<form").skip(1);
        forms.filter_map(|text| Self::read(text, &page.url)).collect()
    }

    fn read(text: &str, at: &Url) -> Option<Self> {
        let (tag, rest) = text.split_once('>')?;
        let (inner, _) = rest.split_once("</form>")?;
        let action = attribute(tag, "action").unwrap_or_default();
        let action = at.join(&action).ok()?;
        let mut fields = BTreeMap::new();
        for input in inner.split("<input").skip(1) {
            let tag = input.split('>').next().unwrap_or_default();
            let is_box = matches!(attribute(tag, "type").as_deref(), Some("checkbox" | "radio"));
            if let Some(name) = attribute(tag, "name")
                && (!is_box || tag.contains(" checked"))
            {
                let value = attribute(tag, "value");
                fields.insert(name, value.unwrap_or_else(|| if is_box { "on" } else { "" }.to_owned()));
            }
        }
        Some(Self { action, fields })
    }

    /// Where it goes, and its fields with these over them.
    fn filled(self, fields: &[(&str, &str)]) -> (Url, String) {
        let mut values = self.fields;
        for (name, value) in fields {
            values.insert((*name).to_owned(), (*value).to_owned());
        }
        let values = values.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        (self.action, encoded(values))
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
