//! What a tool is, for whoever may call it.

use crate::base::name::ToolName;

/// What a tool is, for whoever may call it: a model, a person.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct ToolDescription {
    /// What it is called here.
    pub name: ToolName,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it does, as its author wrote it.
    pub description: String,
    /// JSON Schema of its input.
    pub input_schema: serde_json::Value,
    /// JSON Schema of its output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<serde_json::Value>,
    /// Hints to clients, by which nothing is decided here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annotations: Option<serde_json::Value>,
    /// The provider that its user has to be signed in to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Where it comes from, as written; nothing for a function of the embedding program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}
