//! `tool`: what the model is told of it.

use crate::{
    base::{name::ToolName, text::is_invisible},
    package::{
        Schema, Severity,
        manifest::reader::{Fields, Item, Report},
    },
};

/// The longest description, in bytes: it is part of every request to a model.
const LONGEST_DESCRIPTION: usize = 4 << 10;

const KNOWN: &[&str] = &[
    "name",
    "title",
    "description",
    "inputSchema",
    "outputSchema",
    "annotations",
];

/// The section, read.
pub(super) struct Tool {
    pub(super) name: ToolName,
    pub(super) title: Option<String>,
    pub(super) description: String,
    pub(super) input_schema: Schema,
    pub(super) output_schema: Option<Schema>,
    pub(super) annotations: Option<serde_json::Value>,
}

/// Whether a text may have more than one line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lines {
    One,
    Many,
}

pub(super) fn read<'t>(item: &Item<'t>, report: &mut Report<'t>) -> Option<Tool> {
    let fields = report.object(item)?;
    report.unknown_fields(&fields, KNOWN, Severity::Warning);
    let name = name(&fields, report);
    let title = fields.get("title").and_then(|item| text(&item, Lines::One, report));
    let description = fields
        .get("description")
        .and_then(|item| text(&item, Lines::Many, report));
    let input_schema = match fields.get("inputSchema") {
        Some(item) => schema(&item, report).map(Schema::of_object),
        None => Some(Schema::any_object()),
    };
    let output_schema = fields.get("outputSchema").and_then(|item| schema(&item, report));
    let annotations = fields.get("annotations").and_then(|item| {
        report.object(&item)?;
        serde_json::from_str(report.written(&item).1).ok()
    });
    Some(Tool {
        name: name?,
        title,
        description: description.unwrap_or_default(),
        input_schema: input_schema?,
        output_schema,
        annotations,
    })
}

fn name<'t>(fields: &Fields<'t>, report: &mut Report<'t>) -> Option<ToolName> {
    let Some(item) = fields.get("name") else {
        report.missing(fields, "name", "give the tool a name of letters, digits, `_` and `-`");
        return None;
    };
    let text = report.string(&item)?;
    match text.parse() {
        Ok(name) => Some(name),
        Err(error) => {
            let near: String = text
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' })
                .take(64)
                .collect();
            let hint = (!near.is_empty()).then(|| format!("`{near}` would do"));
            report.error(&item, error.to_string(), hint.as_deref());
            None
        }
    }
}

fn text<'t>(item: &Item<'t>, lines: Lines, report: &mut Report<'t>) -> Option<String> {
    let text = report.string(item)?;
    let allowed = |c: char| !is_invisible(c) || (lines == Lines::Many && matches!(c, '\n' | '\r'));
    if let Some(c) = text.chars().find(|c| !allowed(*c)) {
        report.error(
            item,
            format!(
                "a character that cannot be seen is not allowed here: U+{:04X}",
                u32::from(c)
            ),
            Some("remove it: it could make the text read otherwise than it is"),
        );
        return None;
    }
    if text.len() > LONGEST_DESCRIPTION {
        report.error(
            item,
            format!("at most {LONGEST_DESCRIPTION} bytes are taken here: {}", text.len()),
            Some("say it in fewer words: models read it with every request"),
        );
        return None;
    }
    Some(text.to_owned())
}

fn schema<'t>(item: &Item<'t>, report: &mut Report<'t>) -> Option<Schema> {
    report.object(item)?;
    match Schema::from_text(report.written(item).1) {
        Ok(schema) => Some(schema),
        Err(error) => {
            let at = item.at_pointer(&error.pointer);
            // A message of the schema compiler may quote the schema.
            let message: String = error.message.chars().take(400).collect();
            report.error(&at, crate::base::text::shown_on_one_line(&message), error.hint());
            None
        }
    }
}
