//! A JSON Schema, compiled once at load.

mod graph;
mod patterns;
mod read;
mod steps;
mod words;

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use jsonschema::{Draft, Validator};
use serde_json::Value;

use self::{graph::Graph, steps::Steps};

/// The longest schema, in bytes.
const LONGEST: usize = 256 << 10;

/// The most violations that are told.
const MOST_VIOLATIONS: usize = 20;

/// A JSON Schema (draft 2020-12), kept as it was written and compiled for checking.
///
/// It never resolves a `$ref` out of its own document, and its patterns run in time linear in the text. What checking may
/// cost is bounded before it begins, for each value: see [`Schema::check`].
///
/// `format`, `contentEncoding` and `contentMediaType` are annotations, as the draft has it: they are not checked.
#[derive(Clone)]
pub struct Schema {
    text: Arc<str>,
    /// None where every value fits.
    compiled: Option<Arc<Compiled>>,
    root: Root,
}

struct Compiled {
    validator: Validator,
    steps: Steps,
}

/// What a value may be before its schema is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Root {
    Anything,
    Object,
}

/// One way in which a value does not fit a schema.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Violation {
    /// JSON pointer (RFC 6901) of the value at fault; empty for the whole.
    pub pointer: String,
    /// What is wrong.
    pub message: String,
}

/// Why a value is not a schema that we take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct SchemaError {
    /// JSON pointer of the place at fault.
    pub pointer: String,
    /// What is wrong.
    pub message: String,
    hint: Option<&'static str>,
}

impl SchemaError {
    fn new(pointer: impl Into<String>, message: impl Into<String>, hint: Option<&'static str>) -> Self {
        Self {
            pointer: pointer.into(),
            message: message.into(),
            hint,
        }
    }

    /// What would mend it, where one thing does.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        self.hint
    }
}

impl Schema {
    /// Compiles a schema: at most 256 KiB, 64 levels and 10,000 nodes, no `$ref` out of it, patterns that run in linear time.
    ///
    /// # Errors
    /// When it is not such a schema.
    pub fn compile(schema: &Value) -> Result<Self, SchemaError> {
        let text = schema.to_string();
        if text.len() > LONGEST {
            return Err(too_long(text.len()));
        }
        Ok(Self {
            compiled: compiled(schema)?,
            text: text.into(),
            root: Root::Anything,
        })
    }

    /// The same of a text, which is kept to the letter.
    ///
    /// # Errors
    /// When it is not such a schema.
    pub(crate) fn from_text(text: &str) -> Result<Self, SchemaError> {
        if text.len() > LONGEST {
            return Err(too_long(text.len()));
        }
        let value = crate::base::json::parse(text)
            .map_err(|error| SchemaError::new("", format!("it is not a JSON text: {error}"), None))?;
        Ok(Self {
            compiled: compiled(&value)?,
            text: text.into(),
            root: Root::Anything,
        })
    }

    /// The same schema for a value that has to be an object besides: a tool's input.
    pub(crate) fn of_object(self) -> Self {
        Self {
            root: Root::Object,
            ..self
        }
    }

    /// `{}` for a tool's input: any object fits.
    pub(crate) fn any_object() -> Self {
        Self {
            text: "{}".into(),
            compiled: None,
            root: Root::Object,
        }
    }

    /// The schema as the author wrote it, JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Checks a value against it.
    ///
    /// A bound of the steps that this may take is known first: from the schema alone where it has no recursion, else by
    /// counting which part of the schema meets which part of the value. Over five million steps (well under a second) the
    /// value is refused unchecked. Only where it is cheap is each violation told; else that there is one.
    ///
    /// # Errors
    /// Every violation, at most 20.
    pub fn check(&self, value: &Value) -> Result<(), Vec<Violation>> {
        let whole = |message: String| {
            vec![Violation {
                pointer: String::new(),
                message,
            }]
        };
        if self.root == Root::Object && !value.is_object() {
            return Err(whole(format!(
                "an object is expected: found {}",
                words::described(value)
            )));
        }
        let Some(compiled) = &self.compiled else {
            return Ok(());
        };
        if compiled.steps.bound(value) > steps::MOST {
            return Err(whole(format!(
                "checking it against the tool's schema would take more than {} steps",
                steps::MOST
            )));
        }
        if compiled.validator.is_valid(value) {
            return Ok(());
        }
        if !compiled.steps.can_tell_all(value) {
            return Err(whole(
                "it does not fit the tool's schema, and is too large to say where".to_owned(),
            ));
        }
        let violations: Vec<Violation> = compiled
            .validator
            .iter_errors(value)
            .take(MOST_VIOLATIONS)
            .map(|error| words::violation(&error))
            .collect();
        Err(violations)
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Schema").field(&self.text).finish()
    }
}

fn too_long(length: usize) -> SchemaError {
    SchemaError::new("", format!("a schema has at most {LONGEST} bytes: {length}"), None)
}

fn compiled(schema: &Value) -> Result<Option<Arc<Compiled>>, SchemaError> {
    if schema.as_object().is_some_and(serde_json::Map::is_empty) || schema == &Value::Bool(true) {
        return Ok(None);
    }
    let graph = Graph::of(schema)?;
    let mut bare = schema.clone();
    if let Some(fields) = bare.as_object_mut() {
        // `Graph::of` saw that it is the draft we check by, or one that says the same here.
        fields.remove("$schema");
    }
    // The schema is a stranger's and the compiler is not ours: what it does not foresee must not end the process.
    let built = catch_unwind(AssertUnwindSafe(|| {
        jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_pattern_options(patterns::options(patterns::LARGEST))
            .should_validate_formats(false)
            .offline()
            .build(&bare)
            .map_err(|error| {
                let violation = words::violation(&error);
                SchemaError::new(
                    violation.pointer,
                    format!("it is not a JSON Schema: {}", violation.message),
                    None,
                )
            })
    }));
    let validator =
        built.unwrap_or_else(|_panic| Err(SchemaError::new("", "this schema can not be compiled", None)))?;
    Ok(Some(Arc::new(Compiled {
        validator,
        steps: Steps::of(graph),
    })))
}

#[cfg(test)]
mod tests;
