//! What is wrong with a value, in words that do not repeat the value.

use jsonschema::{
    JsonType, ValidationError,
    error::{TypeKind, ValidationErrorKind as Kind},
};
use serde_json::Value;

use crate::{
    base::text::shown_on_one_line,
    package::{
        fault::{listed, shortened},
        schema::Violation,
    },
};

/// The most alternatives of an `anyOf` or `oneOf` of which it is said why they do not fit.
const MOST_ALTERNATIVES: usize = 3;

/// What the validator found.
pub(super) fn violation(error: &ValidationError<'_>) -> Violation {
    Violation {
        pointer: pointer(error.instance_path().as_str()),
        message: message(error, Alternatives::Told),
    }
}

/// What a value is, for an error.
pub(super) fn described(value: &Value) -> String {
    match value {
        Value::Null => "`null`".to_owned(),
        Value::Bool(value) => format!("`{value}`"),
        Value::Number(number) => format!("the number `{number}`"),
        Value::String(text) => format!("the string `{}`", shortened(text)),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(fields) => format!("an object of {}", fields.len()),
    }
}

/// Whether it is said why each alternative of a choice does not fit.
#[derive(Clone, Copy)]
enum Alternatives {
    Told,
    Counted,
}

/// A pointer of ordinary length stays as it is.
fn pointer(pointer: &str) -> String {
    const LONGEST: usize = 512;
    if pointer.len() <= LONGEST {
        return shown_on_one_line(pointer);
    }
    let start: String = pointer.chars().take(LONGEST).collect();
    format!("{}…", shown_on_one_line(&start))
}

fn message(error: &ValidationError<'_>, alternatives: Alternatives) -> String {
    let value = error.instance();
    let found = |expected: String| format!("{expected}: found {}", described(value));
    match error.kind() {
        Kind::Type { kind } => found(format!("{} is expected", types(kind))),
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            format!("this field is missing: `{}`", shortened(name))
        }
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            format!(
                "there is no such field: {}",
                listed(unexpected.iter().map(String::as_str))
            )
        }
        Kind::AdditionalItems { limit } => found(format!("at most {limit} items are expected")),
        Kind::UnevaluatedItems { unexpected } => format!("{} more items than the schema has", unexpected.len()),
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => match alternatives {
            Alternatives::Told => choice(error.instance_path().as_str(), context),
            Alternatives::Counted => format!("none of {} alternatives fits", context.len()),
        },
        Kind::OneOfMultipleValid { .. } => found("exactly one alternative has to fit, and more do".to_owned()),
        Kind::Constant { expected_value } => found(format!("only `{}` is accepted", in_short(expected_value))),
        Kind::Enum { options } => {
            let options: Vec<String> = options.as_array().into_iter().flatten().map(in_short).collect();
            found(format!(
                "one of {} is expected",
                listed(options.iter().map(String::as_str))
            ))
        }
        Kind::ExclusiveMaximum { limit } => found(format!("less than {limit} is expected")),
        Kind::ExclusiveMinimum { limit } => found(format!("more than {limit} is expected")),
        Kind::Maximum { limit } => found(format!("at most {limit} is expected")),
        Kind::Minimum { limit } => found(format!("at least {limit} is expected")),
        Kind::MaxLength { limit } => found(format!("at most {limit} characters are expected")),
        Kind::MinLength { limit } => found(format!("at least {limit} characters are expected")),
        Kind::MaxItems { limit } => found(format!("at most {limit} items are expected")),
        Kind::MinItems { limit } => found(format!("at least {limit} items are expected")),
        Kind::MaxProperties { limit } => found(format!("at most {limit} fields are expected")),
        Kind::MinProperties { limit } => found(format!("at least {limit} fields are expected")),
        Kind::MultipleOf { multiple_of } => found(format!("a multiple of {multiple_of} is expected")),
        Kind::Pattern { pattern } => found(format!("text that matches `{}` is expected", shortened(pattern))),
        Kind::PropertyNames { error } => {
            format!("a field's name does not fit: {}", message(error, Alternatives::Counted))
        }
        Kind::Contains => "no item is as one of them has to be".to_owned(),
        Kind::UniqueItems => "each item may be there once".to_owned(),
        Kind::Not { .. } => found("a value that the schema rules out".to_owned()),
        Kind::FalseSchema => "nothing is accepted here".to_owned(),
        Kind::Format { format } => found(format!("text in the format `{}` is expected", shortened(format))),
        Kind::Referencing(_)
        | Kind::BacktrackLimitExceeded { .. }
        | Kind::RegexEngineFailure { .. }
        | Kind::ContentEncoding { .. }
        | Kind::ContentMediaType { .. }
        | Kind::FromUtf8 { .. }
        | Kind::Custom { .. } => shortened(&error.to_string()),
    }
}

/// Why no alternative fits the value at `here`: for each the first thing that is wrong with it.
fn choice(here: &str, context: &[Vec<ValidationError<'_>>]) -> String {
    let mut reasons: Vec<String> = Vec::new();
    for error in context.iter().filter_map(|errors| errors.first()) {
        let reason = message(error, Alternatives::Counted);
        let reason = match error.instance_path().as_str() {
            at if at == here => reason,
            at => format!("{reason} at {}", pointer(at)),
        };
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    let rest = reasons.len().saturating_sub(MOST_ALTERNATIVES);
    reasons.truncate(MOST_ALTERNATIVES);
    if rest > 0 {
        reasons.push(format!("and {rest} more"));
    }
    format!("none of {} alternatives fits ({})", context.len(), reasons.join("; "))
}

fn types(kind: &TypeKind) -> String {
    let word = |kind: JsonType| match kind {
        JsonType::Array => "a list",
        JsonType::Boolean => "`true` or `false`",
        JsonType::Integer => "a whole number",
        JsonType::Null => "`null`",
        JsonType::Number => "a number",
        JsonType::Object => "an object",
        JsonType::String => "a string",
    };
    match kind {
        TypeKind::Single(kind) => word(*kind).to_owned(),
        TypeKind::Multiple(kinds) => kinds.iter().map(word).collect::<Vec<_>>().join(" or "),
    }
}

/// A value of the schema as JSON, cut.
fn in_short(value: &Value) -> String {
    match value {
        Value::String(text) => shortened(text),
        Value::Array(_) | Value::Object(_) => described(value),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}
