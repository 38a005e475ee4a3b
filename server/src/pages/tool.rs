//! One tool, with a form to try it.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Path as InPath, State},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use maud::{Markup, PreEscaped, html};
use pocket_runtime::{AuthRequirement, Code, Input, Reach, Schema, ToolDescription, shown, shown_on_one_line};

use crate::{
    api::problem::Problem,
    browser::{Fields, Posted, Visitor},
    pages::{
        Page, Place, Refused,
        form::{self, Errors, Field, Path, View},
        frame::{mark, sentence},
        tools::{reaches, title},
    },
    server::Core,
};

/// The field of the input as JSON.
const RAW: &str = "raw";

/// A tool as a visitor sees it.
struct Shown {
    tool: ToolDescription,
    form: Field,
    reach: Reach,
    need: Option<AuthRequirement>,
}

/// What a visitor typed so far.
struct Typed<'t> {
    fields: Fields,
    errors: Errors,
    new_row: Option<String>,
    raw: &'t str,
    raw_error: Option<String>,
}

impl Typed<'_> {
    fn nothing(form: &Field) -> Self {
        Self {
            fields: form::blank(form, &Path::root()),
            errors: Errors::default(),
            new_row: None,
            raw: "{}",
            raw_error: None,
        }
    }
}

/// Shows it.
pub(super) async fn show(
    State(core): State<Arc<Core>>,
    Extension(visitor): Extension<Visitor>,
    InPath(name): InPath<String>,
) -> Result<Response, Refused> {
    let shown = Shown::find(&core, &visitor, &name).await?;
    Ok(shown.page(&visitor, StatusCode::OK, &Typed::nothing(&shown.form)))
}

/// Calls it with what was typed, or shows that again with what is wrong.
pub(super) async fn call(
    State(core): State<Arc<Core>>,
    Extension(visitor): Extension<Visitor>,
    InPath(name): InPath<String>,
    Posted(mut fields): Posted,
) -> Result<Response, Refused> {
    let shown = Shown::find(&core, &visitor, &name).await?;
    let wrong = StatusCode::UNPROCESSABLE_ENTITY;
    let begin = |text: String| {
        let call = core
            .calls
            .begin(&core.tools.now(), &visitor.caller, &name, Input::Text(text));
        Redirect::to(&format!("/calls/{}", call.id)).into_response()
    };
    if let Some(raw) = fields.remove(RAW) {
        return Ok(match shown.check_raw(&raw) {
            Ok(()) => begin(raw),
            Err(says) => {
                let typed = Typed {
                    raw: &raw,
                    raw_error: Some(says),
                    ..Typed::nothing(&shown.form)
                };
                shown.page(&visitor, wrong, &typed)
            }
        });
    }
    if !form::fit(&fields) {
        return Err(
            Problem::new(Code::InvalidInput, "the lists of this form have too many rows")
                .hint("give the input as JSON")
                .into(),
        );
    }
    let typed = |fields: Fields| Typed {
        fields,
        ..Typed::nothing(&shown.form)
    };
    if let Some(list) = fields.remove("add") {
        let new_row = form::add(&mut fields, &list);
        let typed = Typed {
            new_row,
            ..typed(fields)
        };
        return Ok(shown.page(&visitor, StatusCode::OK, &typed));
    }
    if let Some(row) = fields.remove("remove") {
        form::remove(&mut fields, &row);
        return Ok(shown.page(&visitor, StatusCode::OK, &typed(fields)));
    }
    let (text, errors) = shown.read(&fields);
    if errors.is_empty() {
        return Ok(begin(text));
    }
    let typed = Typed {
        errors,
        ..typed(fields)
    };
    Ok(shown.page(&visitor, wrong, &typed))
}

impl Shown {
    async fn find(core: &Core, visitor: &Visitor, name: &str) -> Result<Self, Refused> {
        let no_tool = || {
            let name = shown_on_one_line(name);
            Problem::new(Code::NotFound, format!("there is no tool of this name: `{name}`"))
        };
        let pocket = visitor.caller.pocket(&core.tools.now());
        // Told as that of a tool which the key does not reach.
        if !visitor.caller.reaches(name) {
            return Err(no_tool().into());
        }
        let tool = pocket.description_of(name).await.map_err(|_none| no_tool())?;
        Ok(Self {
            form: Field::of_schema(&tool.input_schema),
            reach: pocket.reach_of(name).await?,
            need: pocket.need_of(name).await?,
            tool,
        })
    }

    /// The JSON of what was typed, with what the form and the schema find wrong.
    fn read(&self, fields: &Fields) -> (String, Errors) {
        let (text, mut errors) = form::read(&self.form, fields);
        if errors.is_empty()
            && let Ok(value) = Input::parse(&text)
            && let Ok(schema) = Schema::compile(&self.tool.input_schema)
            && let Err(violations) = schema.check(&value)
        {
            errors.add(&violations);
        }
        (text, errors)
    }

    fn check_raw(&self, text: &str) -> Result<(), String> {
        let value = Input::parse(text).map_err(|error| error.to_string())?;
        let Ok(schema) = Schema::compile(&self.tool.input_schema) else {
            return Ok(());
        };
        schema.check(&value).map_err(|violations| {
            let says = violations.iter().map(|one| match one.pointer.as_str() {
                "" => one.message.clone(),
                pointer => format!("{pointer}: {}", one.message),
            });
            says.collect::<Vec<_>>().join("; ")
        })
    }

    fn page(&self, visitor: &Visitor, status: StatusCode, typed: &Typed<'_>) -> Response {
        let name = self.tool.name.as_str();
        let content = html! {
            p.names { code { (name) } @if let Some(source) = &self.tool.source { span.dim { "from " (place(source)) } } }
            p.about { (sentence(&self.tool.description)) }
            (reaches(&self.reach, name))
            @if let Some(need) = &self.need { (signs_in(need)) }
            h2 { "Try it" }
            @if !self.form.is_raw() { (self.as_form(visitor, typed)) }
            details.raw open[self.form.is_raw() || typed.raw_error.is_some()] {
                summary { "Input as JSON" }
                (as_json(visitor, typed))
            }
            details { summary { "Schema of the input" } pre { (pretty(&self.tool.input_schema)) } }
        };
        let title = title(&self.tool);
        Page::new(&title, Place::Tools, &content)
            .with_status(status)
            .of(visitor)
            .into_response()
    }

    fn as_form(&self, visitor: &Visitor, typed: &Typed<'_>) -> Markup {
        let view = View {
            form: &self.form,
            typed: &typed.fields,
            errors: &typed.errors,
            new_row: typed.new_row.as_deref(),
        };
        html! {
            form.card method="post" {
                (mark(visitor))
                // The first button is the one that the enter key stands for.
                button.unseen tabindex="-1" aria-hidden="true" { "Call" }
                @if self.form.is_empty() { p { "This tool takes no input." } }
                (view.fields())
                button { "Call" }
            }
        }
    }
}

/// Where a tool comes from, but for where on this machine: who has a key need not know.
fn place(source: &str) -> String {
    let is_file = source
        .get(..5)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("file:"));
    if is_file || source.starts_with(['/', '~']) {
        "a folder of the server".to_owned()
    } else {
        shown_on_one_line(source)
    }
}

fn as_json(visitor: &Visitor, typed: &Typed<'_>) -> Markup {
    let wrong = typed.raw_error.as_deref();
    html! {
        form.card method="post" {
            (mark(visitor))
            label for="raw" { "JSON" }
            @if let Some(wrong) = wrong { p.wrong id="wrong-raw" role="alert" { (sentence(wrong)) } }
            textarea.code id="raw" name=(RAW) rows="6" spellcheck="false" aria-invalid=[wrong.map(|_| "true")]
                aria-describedby=[wrong.map(|_| "wrong-raw")] { (PreEscaped("\n")) (typed.raw) }
            button { "Call with this" }
        }
    }
}

fn signs_in(need: &AuthRequirement) -> Markup {
    html! {
        p.needs {
            "Acts with your " strong { (need.provider) } " account"
            @if !need.scopes.is_empty() {
                ", and needs its scopes "
                @for (at, scope) in need.scopes.iter().enumerate() { @if at > 0 { ", " } code { (shown_on_one_line(scope)) } }
            }
            ". " a href="/accounts" { "Accounts" }
        }
    }
}

fn pretty(json: &serde_json::Value) -> String {
    shown(&format!("{json:#}"))
}
