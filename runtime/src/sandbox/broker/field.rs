//! The swap in a field of a request's body.

use std::ops::Range;

use http::{HeaderMap, header};

use crate::{
    base::json,
    sandbox::broker::{Misplaced, placeholder::Placeholder},
};

/// A body is read for a field only up to this many bytes.
pub(in crate::sandbox) const LARGEST: usize = 64 << 10;

/// How a body writes its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) enum Field {
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `application/json`.
    Json,
}

impl Field {
    /// Of a body that can be read at all.
    pub(in crate::sandbox) fn of(headers: &HeaderMap) -> Option<Self> {
        if headers.contains_key(header::CONTENT_ENCODING) {
            return None;
        }
        let mut types = headers.get_all(header::CONTENT_TYPE).iter();
        let (only, None) = (types.next()?, types.next()) else {
            return None;
        };
        let kind = only.to_str().ok()?.split(';').next()?.trim();
        if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            Some(Self::Form)
        } else if kind.eq_ignore_ascii_case("application/json") {
            Some(Self::Json)
        } else {
            None
        }
    }

    /// Where in a body the placeholder stands as the value of the field, if it stands in it at all.
    pub(super) fn place(
        self,
        name: &str,
        body: &[u8],
        placeholder: &Placeholder,
    ) -> Result<Option<Range<usize>>, Misplaced> {
        match placeholder.times_in(body) {
            0 => return Ok(None),
            1 => {}
            _several => return Err(Misplaced::Body),
        }
        let range = placeholder.range_in(body).ok_or(Misplaced::Body)?;
        // With another text in the very bytes that are to be replaced: the field may hold the placeholder in an encoding, while it
        // stands as it is in a text that the provider publishes.
        let stand_in = vec![b'x'; range.len()];
        let mut changed = body.to_vec();
        changed.splice(range.clone(), stand_in.iter().copied());
        if self.has_only(name, &changed, &stand_in) {
            Ok(Some(range))
        } else {
            Err(Misplaced::Body)
        }
    }

    /// Whether the field is there once, and has this value.
    fn has_only(self, name: &str, body: &[u8], value: &[u8]) -> bool {
        match self {
            Self::Form => {
                let mut values = url::form_urlencoded::parse(body).filter(|(key, _)| key == name);
                values.next().is_some_and(|(_, found)| found.as_bytes() == value) && values.next().is_none()
            }
            // A name that is there twice is refused here, since a reader may take either.
            Self::Json => std::str::from_utf8(body)
                .ok()
                .and_then(|text| json::parse(text).ok())
                .and_then(|read| Some(read.get(name)?.as_str()?.as_bytes() == value))
                .unwrap_or(false),
        }
    }

    /// A value as such a body writes it.
    pub(super) fn written(self, value: &str) -> String {
        match self {
            Self::Form => url::form_urlencoded::byte_serialize(value.as_bytes()).collect(),
            Self::Json => {
                let quoted = serde_json::Value::from(value).to_string();
                quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::base::secret::Secret;

    fn placeholder() -> Placeholder {
        Placeholder::of("TOKEN", &Secret::new("planted-0123456789-0123456789"), &[]).unwrap()
    }

    #[test]
    fn only_the_whole_value_of_the_top_level_field_counts() {
        let placeholder = placeholder();
        let text = &placeholder.text;
        let place = |field: Field, body: String| field.place("token", body.as_bytes(), &placeholder);
        let escaped = format!("\\u{:04x}{}", text.as_bytes()[0], &text[1..]);
        let encoded = format!("%{:02x}{}", text.as_bytes()[0], &text[1..]);
        let json = format!("{{\"a\": 1.50, \"token\": \"{text}\"}}");
        let at = json.find(text.as_str()).unwrap();
        assert_eq!(place(Field::Json, json), Ok(Some(at..at + text.len())));
        assert_eq!(
            place(Field::Form, format!("token={text}&a=b")),
            Ok(Some(6..6 + text.len()))
        );
        for body in [
            format!("{{\"token\": \"x{text}\"}}"),
            format!("{{\"other\": \"{text}\"}}"),
            format!("{{\"a\": {{\"token\": \"{text}\"}}}}"),
            format!("{{\"token\": \"a\", \"token\": \"{text}\"}}"),
            format!("{{\"token\": \"{text}\", \"text\": \"{text}\"}}"),
            format!("{{\"{text}\": \"{text}\"}}"),
            format!("{{\"token\": \"{escaped}\", \"text\": \"{text}\"}}"),
            format!("token={text}"),
        ] {
            assert_eq!(place(Field::Json, body.clone()), Err(Misplaced::Body), "{body}");
        }
        for body in [
            format!("token=x{text}"),
            format!("other={text}"),
            format!("token=a&token={text}"),
            format!("token={text}&token=a"),
            format!("token={text}&text={text}"),
            format!("token={encoded}&text={text}"),
        ] {
            assert_eq!(place(Field::Form, body.clone()), Err(Misplaced::Body), "{body}");
        }
        assert_eq!(place(Field::Json, "not JSON".to_owned()), Ok(None));
    }

    #[test]
    fn a_value_is_written_as_its_body_writes_values() {
        assert_eq!(Field::Form.written("a/b c"), "a%2Fb+c");
        assert_eq!(Field::Json.written("a\"b"), "a\\\"b");
    }

    #[test]
    fn a_body_that_cannot_be_read_has_no_fields() {
        let mut headers = HeaderMap::new();
        assert_eq!(Field::of(&headers), None);
        headers.insert("content-type", "Application/JSON; charset=utf-8".parse().unwrap());
        assert_eq!(Field::of(&headers), Some(Field::Json));
        headers.insert("content-encoding", "gzip".parse().unwrap());
        assert_eq!(Field::of(&headers), None);
    }
}
