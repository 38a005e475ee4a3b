//! Reads a whole `pocket.json`: every section, all faults together.

use crate::{
    base::digest::Digest,
    package::{
        Fault, Manifest, Severity,
        manifest::{
            auth::{self, AskedHandler, Handlers},
            permissions,
            reader::{FILE, Fields, Item, Report, tree},
            tool, variables,
        },
    },
};

/// The largest manifest that is read, in bytes.
pub(crate) const LARGEST: usize = 1 << 20;

const KNOWN: &[&str] = &[
    "tool",
    "component",
    "auth",
    "variables",
    "permissions",
    "language",
    "baseImage",
    "entrypoint",
];

/// Hyperpocket's fields for its containers.
const OF_CONTAINERS: [&str; 3] = ["language", "baseImage", "entrypoint"];

/// What was read of a manifest.
#[derive(Debug)]
pub(crate) struct Read {
    /// What it says, where nothing is wrong with it.
    pub(crate) manifest: Option<Manifest>,
    /// Which component it names.
    pub(crate) component: ComponentField,
    /// The handler that `auth` asks for.
    pub(crate) handler: Option<AskedHandler>,
    /// Everything worth saying, in the order of the file.
    pub(crate) faults: Vec<Fault>,
}

/// Which component a manifest names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ComponentField {
    /// None: it is looked for.
    Absent,
    /// This one.
    Named {
        /// Its path as written.
        path: String,
        /// Where that stands.
        place: (u32, u32),
    },
    /// What it says could not be read.
    Unreadable,
}

/// Reads the bytes of a `pocket.json`.
pub(crate) fn read(bytes: &[u8], handlers: &impl Handlers) -> Read {
    let text = match text_of(bytes) {
        Ok(text) => text,
        Err(fault) => return unreadable(vec![fault]),
    };
    let mut report = Report::new(text);
    let Some(value) = tree(text, &mut report) else {
        return unreadable(report.faults);
    };
    let Some(top) = report.object(&Item::root(&value)) else {
        return unreadable(report.faults);
    };
    report.unknown_fields(&top, KNOWN, Severity::Warning);
    let tool = tool(&top, &mut report);
    let component = component(&top, &mut report);
    let auth = top
        .get("auth")
        .and_then(|item| auth::read(&item, handlers, &mut report));
    let filled = auth.as_ref().and_then(|(_, handler)| handler.as_ref());
    let variables = top
        .get("variables")
        .map(|item| variables::read(&item, filled, &mut report))
        .unwrap_or_default();
    let permissions = top
        .get("permissions")
        .map(|item| permissions::read(&item, &mut report))
        .unwrap_or_default();
    of_containers(&top, &mut report);
    report.faults.sort_by_key(|fault| fault.place);
    let (auth, handler) = auth.map_or((None, None), |(auth, handler)| (Some(auth), handler));
    let manifest = tool
        .filter(|_| !report.faults.iter().any(Fault::is_error))
        .map(|tool| Manifest {
            name: tool.name,
            title: tool.title,
            description: tool.description,
            input_schema: tool.input_schema,
            output_schema: tool.output_schema,
            annotations: tool.annotations,
            auth,
            variables,
            permissions,
            digest: Digest::of(bytes),
        });
    Read {
        manifest,
        component,
        handler,
        faults: report.faults,
    }
}

const fn unreadable(faults: Vec<Fault>) -> Read {
    Read {
        manifest: None,
        component: ComponentField::Unreadable,
        handler: None,
        faults,
    }
}

fn text_of(bytes: &[u8]) -> Result<&str, Fault> {
    if bytes.len() > LARGEST {
        return Err(Fault::of_file(
            FILE,
            format!("a manifest has at most 1 MiB: {} bytes", bytes.len()),
            None,
        ));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let hint = Some("save the file as UTF-8");
        Fault::of_file(FILE, format!("it is not UTF-8 text: line {line}"), hint)
    })
}

fn tool<'t>(top: &Fields<'t>, report: &mut Report<'t>) -> Option<tool::Tool> {
    let item = top.get("tool");
    if item.is_none() {
        let hint = "write `\"tool\": {\"name\": \"...\", \"description\": \"...\"}`";
        report.missing(top, "tool", hint);
    }
    tool::read(&item?, report)
}

fn of_containers<'t>(top: &Fields<'t>, report: &mut Report<'t>) {
    for item in OF_CONTAINERS.into_iter().filter_map(|name| top.get(name)) {
        report.note(&item, "this is for containers; nothing here uses it");
    }
}

fn component<'t>(top: &Fields<'t>, report: &mut Report<'t>) -> ComponentField {
    let Some(item) = top.get("component") else {
        return ComponentField::Absent;
    };
    match report.string(&item) {
        Some(path) => ComponentField::Named {
            path: path.to_owned(),
            place: report.written(&item).0,
        },
        None => ComponentField::Unreadable,
    }
}
