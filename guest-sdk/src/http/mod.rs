//! A blocking HTTP client on `wasi:http`.
//!
//! Every request is decided by the host: what the tool's provider and the operator's grants do not allow
//! ends in [`Error::Denied`].
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use pocket_tool::{Error, http};
//! use serde_json::{Value, json};
//!
//! # fn run() -> Result<(), Error> {
//! let created: Value = http::post("https://api.example.com/v1/notes")
//!     .query(&[("draft", true)])
//!     .header("x-team", "T1")
//!     .json(&json!({ "title": "Standup" }))
//!     .timeout(Duration::from_secs(10))
//!     .send()?
//!     .error_for_status()?
//!     .json()?;
//!
//! match http::get("https://elsewhere.example.net/").send() {
//!     Ok(reply) => println!("{}", reply.status()),
//!     Err(http::Error::Denied(request)) => println!("not allowed: {request}"),
//!     Err(other) => return Err(other.into()),
//! }
//! # Ok(())
//! # }
//! ```

mod body;
mod error;
mod exchange;
mod redirect;
mod request;
mod response;
mod url;

pub use body::Body;
pub use error::Error;
pub use request::Request;
pub use response::Response;

/// A `GET` request.
pub fn get(url: impl AsRef<str>) -> Request {
    Request::new("GET", url)
}

/// A `HEAD` request.
pub fn head(url: impl AsRef<str>) -> Request {
    Request::new("HEAD", url)
}

/// A `POST` request.
pub fn post(url: impl AsRef<str>) -> Request {
    Request::new("POST", url)
}

/// A `PUT` request.
pub fn put(url: impl AsRef<str>) -> Request {
    Request::new("PUT", url)
}

/// A `PATCH` request.
pub fn patch(url: impl AsRef<str>) -> Request {
    Request::new("PATCH", url)
}

/// A `DELETE` request.
pub fn delete(url: impl AsRef<str>) -> Request {
    Request::new("DELETE", url)
}
