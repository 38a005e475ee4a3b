//! The HTTP API, as its description has it, for a person to read.

use std::sync::Arc;

use axum::{
    Extension,
    response::{IntoResponse as _, Response},
};
use maud::{Markup, html};
use serde_json::{Map, Value};

use crate::{
    browser::Visitor,
    pages::{Page, Place, frame::sentence},
};

/// What the description is made of, rendered once: it does not change while a server runs. Every request of a page is handed it.
#[derive(Clone)]
pub(super) struct Reference(Arc<str>);

impl Reference {
    pub(super) fn of(description: &Value) -> Self {
        Self(content(description).into_string().into())
    }

    pub(super) fn show(&self, visitor: &Visitor) -> Response {
        let content = maud::PreEscaped(self.0.to_string());
        Page::new("HTTP API", Place::Reference, &content)
            .of(visitor)
            .into_response()
    }
}

/// The page.
pub(super) async fn show(
    Extension(reference): Extension<Reference>,
    Extension(visitor): Extension<Visitor>,
) -> Response {
    reference.show(&visitor)
}

fn content(description: &Value) -> Markup {
    html! {
        p { (words(&description["info"]["description"])) }
        p { "For programs that make clients: " a href="/api/openapi.json" { "openapi.json" } "." }
        @for (path, methods) in fields(&description["paths"]) {
            @for (method, operation) in fields(methods) { (operation_of(method, path, operation)) }
        }
        h2 { "Shapes" }
        @for (name, schema) in fields(&description["components"]["schemas"]) { (shape(name, schema)) }
    }
}

fn operation_of(method: &str, path: &str, operation: &Value) -> Markup {
    let parameters = list(&operation["parameters"]);
    let contents: Vec<_> = fields(&operation["requestBody"]["content"]).collect();
    html! {
        section.operation {
            h2 { code { (method.to_uppercase()) " " (path) } }
            p { (words(&operation["summary"])) }
            @if operation["description"].is_string() { p { (words(&operation["description"])) } }
            @if !parameters.is_empty() {
                h3 { "Takes" }
                dl {
                    @for parameter in parameters {
                        dt { code { (text(&parameter["name"])) } " in the " (text(&parameter["in"])) ": " (kind(&parameter["schema"])) (must(&parameter["required"])) }
                        dd { (words(&parameter["description"])) }
                    }
                }
            }
            @if !contents.is_empty() {
                h3 { "Body" }
                @for (media, content) in contents {
                    p { code { (media) } ": " (kind(&content["schema"])) }
                }
                p { (words(&operation["requestBody"]["description"])) }
            }
            h3 { "Answers" }
            dl {
                @for (status, response) in fields(&operation["responses"]) {
                    dt { code { (status) } @for (media, content) in fields(&response["content"]) { " " code { (media) } ": " (kind(&content["schema"])) } }
                    dd { (words(&response["description"])) }
                }
            }
        }
    }
}

fn shape(name: &str, schema: &Value) -> Markup {
    let required: Vec<&str> = list(&schema["required"]).iter().filter_map(Value::as_str).collect();
    html! {
        section.shape id={ "shape-" (name) } {
            h3 { code { (name) } }
            @if schema["description"].is_string() { p { (words(&schema["description"])) } }
            @if schema["properties"].is_object() {
                dl {
                    @for (field, of) in fields(&schema["properties"]) {
                        dt { code { (field) } ": " (kind(of)) @if required.contains(&field.as_str()) { ", always" } }
                        dd { (words(&of["description"])) }
                    }
                }
            } @else { p { (kind(schema)) } }
        }
    }
}

fn must(required: &Value) -> &'static str {
    if required == true { ", always" } else { "" }
}

/// What a value is, in a few words.
fn kind(schema: &Value) -> Markup {
    if let Some(name) = schema["$ref"].as_str().and_then(|to| to.rsplit('/').next()) {
        return html! { a href={ "#shape-" (name) } { code { (name) } } };
    }
    let either = ["oneOf", "anyOf", "allOf"]
        .into_iter()
        .find_map(|of| schema[of].as_array());
    if let Some(either) = either {
        return html! { @for (at, one) in either.iter().enumerate() { @if at > 0 { " or " } (kind(one)) } };
    }
    if let Some(values) = schema["enum"].as_array() {
        return html! { @for (at, value) in values.iter().enumerate() { @if at > 0 { " or " } code { (value) } } };
    }
    match &schema["type"] {
        Value::Array(types) => html! {
            @for (at, one) in types.iter().enumerate() { @if at > 0 { " or " } (of_type(text(one), schema)) }
        },
        Value::String(one) => of_type(one, schema),
        _any => html! { "any JSON" },
    }
}

fn of_type(name: &str, schema: &Value) -> Markup {
    html! {
        @match name {
            "array" => { "a list of " (kind(&schema["items"])) }
            "integer" => { "a whole number" }
            "number" => { "a number" }
            "boolean" => { "true or false" }
            "null" => { "null" }
            "string" => { "text" }
            "object" => { "an object" }
            other => { (other) }
        }
    }
}

fn words(text: &Value) -> Markup {
    sentence(self::text(text))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn fields(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}
