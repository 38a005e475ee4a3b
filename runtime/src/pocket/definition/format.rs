//! Whose wire shape a definition has.

use std::{fmt, str::FromStr};

/// Whose wire shape a [`ToolDefinition`](crate::ToolDefinition) has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DefinitionFormat {
    /// An item of `tools` in a request to OpenAI's chat completions API, and to the many that take the same. `strict` is true where
    /// the schema is within the limits of what OpenAI's guide to structured outputs calls strict mode.
    OpenAi,
    /// An item of `tools` in a request to Anthropic's messages API.
    Anthropic,
    /// An item of `functionDeclarations` in a request to Google's Gemini API. Its schema is in `parameters`, the subset of an OpenAPI
    /// 3.0 schema that every version of the API and Vertex AI take, rather than in the younger `parametersJsonSchema`.
    Gemini,
    /// An item of `tools` in what an MCP server answers to `tools/list`, in revisions 2025-11-25 and 2026-07-28.
    Mcp,
}

/// Why a text is not a [`DefinitionFormat`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a format is `openai`, `anthropic`, `gemini` or `mcp`: {0:?}")]
pub struct NotADefinitionFormat(String);

impl DefinitionFormat {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::OpenAi, Self::Anthropic, Self::Gemini, Self::Mcp];

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Mcp => "mcp",
        }
    }
}

impl FromStr for DefinitionFormat {
    type Err = NotADefinitionFormat;

    fn from_str(text: &str) -> Result<Self, NotADefinitionFormat> {
        Self::ALL
            .into_iter()
            .find(|format| format.word() == text)
            .ok_or_else(|| NotADefinitionFormat(text.to_owned()))
    }
}

impl fmt::Display for DefinitionFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
