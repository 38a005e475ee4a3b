//! A browser that follows nothing by itself, keeps cookies of a host, and sends forms.

use std::{collections::BTreeMap, sync::Mutex, time::Duration};

use reqwest::Method;
use url::Url;

use crate::base::net::{Net, NetSettings};

pub(super) struct Browser {
    http: reqwest::Client,
    cookies: Mutex<BTreeMap<String, String>>,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) status: u16,
    pub(super) to: Option<String>,
    pub(super) policy: String,
    pub(super) cookie: Option<String>,
    pub(super) html: String,
}

impl Shown {
    /// The mark of its form.
    fn form(&self) -> String {
        let (_, rest) = self.html.split_once("name=\"form\" value=\"").unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    }

    pub(super) fn to(&self) -> &str {
        self.to.as_deref().unwrap_or_else(|| panic!("not a redirect: {self:?}"))
    }
}

impl Browser {
    pub(super) fn new() -> Self {
        Self::trusting(NetSettings::default())
    }

    /// One whose user accepted this certificate.
    pub(super) fn accepting(pem: &str) -> Self {
        Self::trusting(NetSettings {
            ca_pem: Some(pem.as_bytes().to_vec()),
            ..NetSettings::default()
        })
    }

    fn trusting(settings: NetSettings) -> Self {
        Self {
            http: Net::new(settings).unwrap().http().unwrap(),
            cookies: Mutex::default(),
        }
    }

    /// One that has this cookie already.
    pub(super) fn with_cookie(name: &str, value: &str) -> Self {
        let browser = Self::new();
        browser.set_cookie(name, value);
        browser
    }

    pub(super) fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    pub(super) async fn get(&self, url: &str) -> Shown {
        self.request(Method::GET, url, &[], "").await
    }

    pub(super) async fn request(&self, method: Method, url: &str, headers: &[(&str, &str)], body: &str) -> Shown {
        let cookies: Vec<String> = self
            .cookies
            .lock()
            .unwrap()
            .iter()
            .map(|(k, v)| format!("{k}={v}"))
            .collect();
        let mut request = self.http.request(method, url).body(body.to_owned());
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = Self::until_connected(&request).await;
        let header = |name: &str| {
            response
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap().to_owned())
        };
        let cookie = header("set-cookie");
        if let Some((name, value)) = cookie
            .as_ref()
            .and_then(|cookie| cookie.split(';').next()?.split_once('='))
        {
            self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
        }
        Shown {
            status: response.status().as_u16(),
            to: header("location"),
            policy: header("content-security-policy").unwrap_or_default(),
            cookie,
            html: response.text().await.unwrap(),
        }
    }

    /// A user whose browser finds nobody at a port loads the page again: the port may just be changing hands.
    async fn until_connected(request: &reqwest::RequestBuilder) -> reqwest::Response {
        for _again in 0..60 {
            match request.try_clone().unwrap().send().await {
                Err(error) if error.is_connect() => tokio::time::sleep(Duration::from_millis(50)).await,
                sent => return sent.unwrap(),
            }
        }
        request.try_clone().unwrap().send().await.unwrap()
    }

    /// Fills in a page's form and sends it.
    pub(super) async fn send(&self, url: &str, page: &Shown, fields: &[(&str, &str)]) -> Shown {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.append_pair("form", &page.form());
        body.extend_pairs(fields);
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "same-origin"),
        ];
        self.request(Method::POST, url, &headers, &body.finish()).await
    }

    /// From the sign-in's page through the provider to the address that it sends the browser back to, which is not opened yet.
    pub(super) async fn until_callback(&self, url: &str) -> String {
        let page = self.get(url).await;
        assert_eq!(page.status, 200, "{page:?}");
        let sent = self.send(url, &page, &[]).await;
        assert_eq!(sent.status, 303, "{sent:?}");
        let provider = self.get(sent.to()).await;
        Url::parse(provider.to()).unwrap().to_string()
    }

    /// The whole way, to the last page.
    pub(super) async fn sign_in(&self, url: &str) -> Shown {
        let callback = self.until_callback(url).await;
        let answered = self.get(&callback).await;
        assert_eq!(answered.status, 303, "{answered:?}");
        self.get(answered.to()).await
    }
}

impl Browser {
    /// Answers the question whether the account may become another's.
    pub(super) async fn answer(&self, url: &str, question: &Shown, word: &str) -> Shown {
        let sent = self.send(url, question, &[("word", word)]).await;
        self.get(sent.to()).await
    }
}
