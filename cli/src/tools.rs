//! `pocket tools`: the tools of this project as the API of a model takes them.

use pocket_runtime::{ToolName, shown_on_one_line};

use crate::{args, failure::Failure, session::Place, terminal::Terminal};

/// The definitions are all of stdout, with `--json` or without; what they do not say goes to stderr.
pub(crate) async fn tools(args: args::Tools, place: &Place, terminal: &Terminal) -> Result<(), Failure> {
    let args::Tools { names, format } = args;
    let session = place.open(terminal)?;
    if let Some(name) = names.iter().find(|name| !session.settings.tools.contains_key(name)) {
        return Err(session.no_tool(name));
    }
    let names: Vec<ToolName> = if names.is_empty() {
        session.settings.tools.keys().cloned().collect()
    } else {
        names
    };
    if names.is_empty() {
        terminal.say("no tools; `pocket add SOURCE` adds one");
    }
    let pocket = session.open_tools(&names).await?;
    let mut definitions = Vec::new();
    for tool in pocket.definitions(format).await {
        for line in &tool.simplified {
            terminal.note(format_args!("`{}`: {}", tool.name, shown_on_one_line(line)));
        }
        definitions.push(tool.definition);
    }
    terminal.value(&serde_json::Value::Array(definitions));
    Ok(())
}
