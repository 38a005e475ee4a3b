//! What would mend a text that is not JSON.

/// What would mend it: by the parser's own words, and the character at the place where it stopped.
pub(crate) fn hint(message: &str, found: Option<char>) -> Option<&'static str> {
    if message == "trailing comma" {
        return Some("remove this comma: after the last item JSON has none");
    }
    if message.starts_with("EOF") {
        return Some("it ends too early: close every `\"`, `[` and `{`");
    }
    match (message, found) {
        (_, Some('/' | '#')) => Some("remove the comment: JSON has none"),
        (_, Some('\'')) => Some("write text and keys in double quotes: `\"...\"`"),
        (_, Some('\u{201c}' | '\u{201d}')) => Some("write plain double quotes: `\"`"),
        ("expected value" | "expected ident", _) => Some(
            "a value is text in double quotes, a number, `true`, `false`, `null`, an array `[...]` or an object `{...}`",
        ),
        ("key must be a string", _) => Some("write the key in double quotes: `\"...\"`"),
        ("expected `:`", _) => Some("write `:` between the key and its value"),
        ("expected `,` or `}`" | "expected `,` or `]`", _) => Some("write a comma before this, or close what is open"),
        ("trailing characters", _) => Some("remove what stands after the value: there is one only"),
        ("invalid escape", _) => Some("write a backslash in text twice: `\\\\`"),
        ("invalid number" | "number out of range", _) => {
            Some("write a number as `12`, `-0.5` or `1e6`, or as text in double quotes")
        }
        (words, _) if words.starts_with("control character") => {
            Some("write a line break in text as `\\n`, a tab as `\\t`")
        }
        (_, _) => None,
    }
}
