//! `pocket new`: begin a tool of your own.

use std::path::Path;

use anyhow::Context as _;
use pocket_runtime::Code;
use serde_json::json;

use crate::{
    args::{self, Kind},
    failure::Failure,
    terminal::Terminal,
};

/// A file of a new tool: its path, and its text with `{{name}}`, `{{component}}` and `{{sdk}}` to be filled in.
type Template = (&'static str, &'static str);

const SHARED: &[Template] = &[
    (".gitignore", "target/\n*.wasm\n"),
    ("README.md", include_str!("templates/README.md")),
];

const COMMAND: &[Template] = &[
    ("Cargo.toml", include_str!("templates/command.Cargo.toml")),
    ("pocket.json", include_str!("templates/pocket.json")),
    ("src/main.rs", include_str!("templates/command.main.rs")),
];

const TYPED: &[Template] = &[
    ("Cargo.toml", include_str!("templates/typed.Cargo.toml")),
    ("pocket.json", include_str!("templates/pocket.json")),
    ("src/lib.rs", include_str!("templates/typed.lib.rs")),
];

pub(crate) fn new(args: args::New, terminal: &Terminal) -> Result<(), Failure> {
    let args::New { name, kind, sdk_path } = args;
    let folder = Path::new(name.as_str());
    if folder.exists() {
        return Err(Failure::said(
            Code::NotValid,
            format!("there is something of this name already: `{name}`"),
        )
        .hint("choose another name, or another folder"));
    }
    if !name.as_str().starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Err(Failure::said(
            Code::NotValid,
            format!("cargo wants a name that begins with a letter: `{name}`"),
        )
        .hint(format!(
            "`pocket new tool-{}` would do",
            name.as_str().trim_start_matches(['-', '_'])
        )));
    }
    if let Some(path) = sdk_path.as_ref().filter(|path| !path.join("Cargo.toml").is_file()) {
        return Err(Failure::said(
            Code::NotFound,
            format!("the SDK is not in this folder: `{}`", path.display()),
        )
        .hint("in a checkout of Pocket it is `guest-sdk`"));
    }
    let sdk = sdk(sdk_path.as_deref());
    let templates = match kind {
        Kind::Command => COMMAND,
        Kind::Typed => TYPED,
    };
    // cargo names a program as its package, and a library with `_` for `-`.
    let component = match kind {
        Kind::Command => format!("{name}.wasm"),
        Kind::Typed => format!("{}.wasm", name.as_str().replace('-', "_")),
    };
    let fill = |text: &str| {
        text.replace("{{name}}", name.as_str())
            .replace("{{component}}", &component)
            .replace("{{sdk}}", &sdk)
    };
    for (path, text) in templates.iter().chain(SHARED) {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(folder))
            .and_then(|()| std::fs::write(&path, fill(text)))
            .with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    terminal.done(format_args!("made `{name}`"));
    terminal.say(format_args!("  pocket build ./{name}"));
    terminal.say(format_args!("  pocket run ./{name} '{{\"name\": \"world\"}}'"));
    if terminal.is_json() {
        terminal.value(&json!({ "folder": name }));
    }
    Ok(())
}

/// The dependency on the SDK, as a `Cargo.toml` has it.
fn sdk(path: Option<&Path>) -> String {
    match path {
        None => format!("{{ git = {:?} }}", env!("CARGO_PKG_REPOSITORY")),
        Some(path) => {
            let path = std::path::absolute(path).unwrap_or_else(|_unknown| path.to_owned());
            format!("{{ path = {:?} }}", path.display().to_string())
        }
    }
}
