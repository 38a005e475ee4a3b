//! A tool as the APIs of models take it.

mod anthropic;
mod format;
mod gemini;
mod keywords;
mod mcp;
mod naming;
mod notes;
mod openai;
mod references;
mod root;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

pub use self::format::{DefinitionFormat, NotADefinitionFormat};
use self::{naming::named, notes::Notes};
use crate::{
    base::name::ToolName,
    pocket::{Pocket, ToolDescription},
};

/// A tool as an API takes it, for a program that speaks to a model.
///
/// Whatever input the tool takes, the definition lets a model send: where an API has no words for what a schema says, the definition says
/// less, and `simplified` tells so. Each call is still checked against the tool's own schema.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct ToolDefinition {
    /// The tool's own name, by which [`Pocket::invoke`] calls it.
    pub name: ToolName,
    /// The name in the definition, by which a model calls it. It is another only where the API does not take the tool's own.
    pub name_in_api: String,
    /// The definition, as it stands in a request.
    pub definition: Value,
    /// What the definition does not say of the tool, a line each, with the JSON pointer of the place in the input schema.
    pub simplified: Vec<String>,
}

impl ToolDescription {
    /// The tool as an API takes it, by itself. [`Pocket::definitions`] has the same names unless one is taken by another tool.
    ///
    /// ```
    /// # async fn definitions(pocket: pocket_runtime::Pocket) {
    /// use pocket_runtime::DefinitionFormat;
    ///
    /// for tool in pocket.tools().await {
    ///     println!("{}", tool.definition(DefinitionFormat::Anthropic).definition);
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn definition(&self, format: DefinitionFormat) -> ToolDefinition {
        define(self, format, &BTreeSet::new())
    }
}

impl Pocket {
    /// The tools as an API takes them, by name. No two have the same name there, and each has the same every time.
    pub async fn definitions(&self, format: DefinitionFormat) -> Vec<ToolDefinition> {
        let tools = self.tools().await;
        let mut taken: BTreeSet<String> = tools.iter().map(|tool| tool.name.to_string()).collect();
        let mut definitions = Vec::new();
        for tool in &tools {
            let definition = define(tool, format, &taken);
            taken.insert(definition.name_in_api.clone());
            definitions.push(definition);
        }
        definitions
    }
}

fn define(tool: &ToolDescription, format: DefinitionFormat, taken: &BTreeSet<String>) -> ToolDefinition {
    let mut notes = Notes::default();
    let name = named(tool.name.as_str(), format, taken);
    let (description, is_cut) = naming::described(tool, format);
    let definition = match format {
        DefinitionFormat::OpenAi => {
            let parameters = openai::parameters(&tool.input_schema, &mut notes);
            let strict = openai::is_strict(&parameters);
            let function = shape(&name, description, Some(("parameters", parameters)));
            let mut function = Map::from_iter(function);
            function.insert("strict".to_owned(), json!(strict));
            json!({ "type": "function", "function": function })
        }
        DefinitionFormat::Anthropic => {
            let schema = anthropic::input_schema(&tool.input_schema, &mut notes);
            Value::Object(shape(&name, description, Some(("input_schema", schema))))
        }
        DefinitionFormat::Gemini => {
            let parameters = gemini::parameters(&tool.input_schema, &mut notes);
            Value::Object(shape(
                &name,
                description,
                parameters.map(|schema| ("parameters", schema)),
            ))
        }
        DefinitionFormat::Mcp => mcp::tool(tool, &mut notes),
    };
    let mut simplified = Vec::new();
    if name != tool.name.as_str() {
        simplified.push(format!(
            "its name is `{name}` here: the API takes none that begins as its own does"
        ));
    }
    if is_cut {
        simplified.push(format!(
            "its description is cut after {} characters: the API takes no more",
            naming::LONGEST_FOR_OPENAI
        ));
    }
    simplified.extend(notes.into_lines());
    ToolDefinition {
        name: tool.name.clone(),
        name_in_api: name,
        definition,
        simplified,
    }
}

fn shape(name: &str, description: Option<String>, schema: Option<(&str, Value)>) -> Map<String, Value> {
    let mut shape = Map::from_iter([("name".to_owned(), json!(name))]);
    if let Some(description) = description {
        shape.insert("description".to_owned(), json!(description));
    }
    if let Some((field, schema)) = schema {
        shape.insert(field.to_owned(), schema);
    }
    shape
}

#[cfg(test)]
mod tests;
