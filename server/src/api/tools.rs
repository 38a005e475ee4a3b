//! The tools.

use std::sync::Arc;

use axum::{Extension, Json, extract::State};
use pocket_runtime::ToolDescription;
use serde::Serialize;

use crate::{
    api::{extract::InPath, problem::Problem},
    caller::Caller,
    server::Core,
};

/// The tools of a key.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Tools {
    tools: Vec<Tool>,
}

/// What a tool is.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Tool {
    /// What it is called here.
    name: String,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// What it does, as its author wrote it.
    description: String,
    /// JSON Schema of its input.
    #[schema(value_type = Object)]
    input_schema: serde_json::Value,
    /// JSON Schema of its output.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    output_schema: Option<serde_json::Value>,
    /// Hints to clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    annotations: Option<serde_json::Value>,
    /// The provider that its user has to be signed in to.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
}

impl From<ToolDescription> for Tool {
    fn from(tool: ToolDescription) -> Self {
        Self {
            name: tool.name.to_string(),
            title: tool.title,
            description: tool.description,
            input_schema: tool.input_schema,
            output_schema: tool.output_schema,
            annotations: tool.annotations,
            provider: tool.provider,
        }
    }
}

/// The tools that this key may call, by name.
#[utoipa::path(
    get,
    path = "/api/tools",
    operation_id = "list_tools",
    tag = "tools",
    responses(
        (status = 200, description = "The tools", body = Tools),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(State(core): State<Arc<Core>>, Extension(caller): Extension<Caller>) -> Json<Tools> {
    let tools = core.tools.now().tools().await;
    let tools = tools.into_iter().filter(|tool| caller.reaches(tool.name.as_str()));
    Json(Tools {
        tools: tools.map(Tool::from).collect(),
    })
}

/// One tool.
#[utoipa::path(
    get,
    path = "/api/tools/{name}",
    operation_id = "get_tool",
    tag = "tools",
    params(("name" = String, Path, description = "Its name")),
    responses(
        (status = 200, description = "The tool", body = Tool),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get(
    State(core): State<Arc<Core>>,
    Extension(caller): Extension<Caller>,
    InPath(name): InPath<String>,
) -> Result<Json<Tool>, Problem> {
    if !caller.reaches(&name) {
        return Err(Problem::no_tool(&name));
    }
    match core.tools.now().description_of(&name).await {
        Ok(tool) => Ok(Json(tool.into())),
        // Told as that of a tool which the key does not reach.
        Err(_none) => Err(Problem::no_tool(&name)),
    }
}
