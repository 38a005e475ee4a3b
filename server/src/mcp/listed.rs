//! The tools, as agents are told of them.

use std::sync::Arc;

use pocket_runtime::{ToolDescription, ToolName};
use rmcp::{
    ErrorData,
    model::{JsonObject, ListToolsResult, PaginatedRequestParams, Tool, ToolAnnotations},
};

/// How many tools one page has.
const PAGE: usize = 100;

/// One page of them, by name; the cursor is the last name of the page before.
pub(super) fn page(
    tools: &[ToolDescription],
    asked: Option<PaginatedRequestParams>,
) -> Result<ListToolsResult, ErrorData> {
    let cursor = asked.and_then(|asked| asked.cursor);
    if let Some(cursor) = &cursor
        && cursor.parse::<ToolName>().is_err()
    {
        return Err(ErrorData::invalid_params("there is no such cursor", None));
    }
    let is_left = |tool: &&ToolDescription| cursor.as_deref().is_none_or(|last| tool.name.as_str() > last);
    let mut left = tools.iter().filter(is_left);
    let page: Vec<Tool> = left.by_ref().take(PAGE).map(listed).collect();
    let last = page.last().map(|tool| tool.name.to_string());
    let mut result = ListToolsResult::with_all_items(page);
    result.next_cursor = last.filter(|_last| left.next().is_some());
    Ok(result)
}

fn listed(tool: &ToolDescription) -> Tool {
    let mut listed = Tool::new(
        tool.name.to_string(),
        tool.description.clone(),
        schema(&tool.input_schema),
    );
    listed.title.clone_from(&tool.title);
    listed.output_schema = tool.output_schema.as_ref().map(schema);
    listed.annotations = tool
        .annotations
        .as_ref()
        .and_then(|hints| serde_json::from_value::<ToolAnnotations>(hints.clone()).ok());
    listed
}

/// An object is what agents can fill in; a schema may also be `true`.
fn schema(schema: &serde_json::Value) -> Arc<JsonObject> {
    let mut schema = schema.as_object().cloned().unwrap_or_default();
    schema.entry("type").or_insert_with(|| "object".into());
    Arc::new(schema)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::collections::BTreeMap;

    use pocket_runtime::{FunctionTool, Pocket};

    use super::*;

    async fn tools(count: usize) -> Vec<ToolDescription> {
        let folder = tempfile::tempdir().unwrap();
        let mut builder = Pocket::builder()
            .home(pocket_runtime::Home::at(folder.path()))
            .accounts_in_memory()
            .unlocked();
        for at in 0..count {
            let name = format!("tool_{at:03}");
            let nothing = |_input: BTreeMap<String, String>, _call| async { Ok::<_, String>("nothing") };
            builder = builder.function(FunctionTool::new(name, "Does nothing.", nothing));
        }
        builder.build().await.unwrap().tools().await
    }

    fn of(cursor: Option<String>) -> Option<PaginatedRequestParams> {
        Some(PaginatedRequestParams::default().with_cursor(cursor))
    }

    #[tokio::test]
    async fn all_tools_are_told_page_by_page_and_each_once() {
        for count in [0, 1, PAGE, PAGE + 1, 2 * PAGE + 7] {
            let tools = tools(count).await;
            let (mut seen, mut cursor) = (Vec::new(), None);
            loop {
                let page = page(&tools, of(cursor)).unwrap();
                assert!(page.tools.len() <= PAGE);
                seen.extend(page.tools.iter().map(|tool| tool.name.to_string()));
                cursor = page.next_cursor;
                if cursor.is_none() {
                    break;
                }
            }
            let names: Vec<String> = tools.iter().map(|tool| tool.name.to_string()).collect();
            assert_eq!(seen, names, "{count}");
        }
        assert!(page(&[], of(Some("no name!".to_owned()))).is_err());
    }
}
