//! What a tool is called in an API, and what that is told of it.

use std::collections::BTreeSet;

use crate::{
    base::digest::Digest,
    pocket::{ToolDescription, definition::DefinitionFormat},
};

/// The longest description that OpenAI's API takes, in characters.
pub(super) const LONGEST_FOR_OPENAI: usize = 1024;

/// The longest name that each of the APIs takes; Anthropic's and MCP take 128.
const LONGEST_NAME: usize = 64;

/// What a tool is called in an API: its own name wherever the API takes that, which all take but for how it begins. `FunctionDeclaration`
/// in the reference of the Gemini API has a name begin with a letter or `_`.
///
/// Another name is made of it and of its digest, and is none of those that are taken.
pub(super) fn named(own: &str, format: DefinitionFormat, taken: &BTreeSet<String>) -> String {
    let begins_well = own.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if format != DefinitionFormat::Gemini || begins_well {
        return own.to_owned();
    }
    let mut digest = Digest::of(own.as_bytes());
    loop {
        let hex = digest.hex();
        let suffix = hex.get(..8).unwrap_or_default();
        let begin: String = own.chars().take(LONGEST_NAME - 2 - suffix.len()).collect();
        let name = format!("_{begin}-{suffix}");
        if !taken.contains(&name) {
            return name;
        }
        digest = Digest::of(digest.as_bytes());
    }
}

/// What an API is told of a tool, and whether that is cut.
pub(super) fn described(tool: &ToolDescription, format: DefinitionFormat) -> (Option<String>, bool) {
    let text = &tool.description;
    if text.is_empty() {
        // Gemini's wants one.
        let title = tool.title.clone().or_else(|| Some(tool.name.to_string()));
        return (title.filter(|_| format == DefinitionFormat::Gemini), false);
    }
    if format == DefinitionFormat::OpenAi && text.chars().count() > LONGEST_FOR_OPENAI {
        let mut cut: String = text.chars().take(LONGEST_FOR_OPENAI - 1).collect();
        cut.push('…');
        return (Some(cut), true);
    }
    (Some(text.clone()), false)
}
