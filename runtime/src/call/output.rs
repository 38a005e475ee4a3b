//! What a call gave, in the one shape that all doors show.

use serde_json::json;

use crate::{
    Error,
    sandbox::{LogLine, Usage},
};

/// What a call that ended well gave.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Output {
    /// What the tool gave.
    pub value: Value,
    /// What it logged.
    pub logs: Vec<LogLine>,
    /// What it cost.
    pub usage: Usage,
    /// Its requests that were refused: why, and the rule that would allow each.
    pub refusals: Vec<String>,
}

/// What a tool gave.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// JSON.
    Json(serde_json::Value),
    /// Text that is not JSON.
    Text(String),
}

impl Value {
    /// As JSON: text becomes a string.
    #[must_use]
    pub fn into_json(self) -> serde_json::Value {
        match self {
            Self::Json(value) => value,
            Self::Text(text) => serde_json::Value::String(text),
        }
    }
}

/// A call that ended, well or not.
#[derive(Debug)]
#[non_exhaustive]
pub struct Called {
    /// The tool's name.
    pub tool: String,
    /// What it gave, or why it gave nothing.
    pub ended: Result<Value, Error>,
    /// What it logged.
    pub logs: Vec<LogLine>,
    /// What it cost.
    pub usage: Usage,
    /// Its requests that were refused: why, and the rule that would allow each.
    pub refusals: Vec<String>,
    /// The output digit by digit as the tool wrote it, on one line, where it has numbers that [`Value::Json`] may not hold
    /// exactly; nothing where a secret had to be taken out of it, or a function of the embedding program made it.
    pub exact: Option<String>,
}

impl Called {
    /// The output, or why there is none.
    ///
    /// # Errors
    /// When the call gave none.
    pub fn into_output(self) -> Result<Output, Error> {
        let Self {
            tool: _,
            ended,
            logs,
            usage,
            refusals,
            exact: _,
        } = self;
        Ok(Output {
            value: ended?,
            logs,
            usage,
            refusals,
        })
    }

    /// The same as text, with the output's numbers digit by digit.
    #[must_use]
    pub fn to_json_text(&self) -> String {
        let mut shape = self.to_json();
        let Some(exact) = &self.exact else {
            return shape.to_string();
        };
        if let Some(fields) = shape.as_object_mut() {
            fields.remove("output");
        }
        let others = shape.to_string();
        let others = others.strip_prefix('{').unwrap_or_default();
        format!("{{\"output\":{exact},{others}")
    }

    /// The one shape at all doors: `{tool, code, output | text, error, logs, usage}`.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let code = self.ended.as_ref().err().map_or(crate::Code::Ok, Error::code);
        let mut shape = json!({ "tool": self.tool, "code": code, "logs": self.logs, "usage": self.usage });
        if let Some(fields) = shape.as_object_mut() {
            match &self.ended {
                Ok(Value::Json(value)) => fields.insert("output".to_owned(), value.clone()),
                Ok(Value::Text(text)) => fields.insert("text".to_owned(), json!(text)),
                Err(error) => fields.insert("error".to_owned(), error.to_json()),
            };
            if !self.refusals.is_empty() {
                fields.insert("refusals".to_owned(), json!(self.refusals));
            }
        }
        shape
    }
}
