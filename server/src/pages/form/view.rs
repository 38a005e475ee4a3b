//! A form as a person sees it: every field with its label, and what is said of it tied to it for who hears the page.

use maud::{Markup, PreEscaped, html};
use pocket_runtime::shown_on_one_line;
use serde_json::Value;

use super::{
    field::{Field, Lines, Shape},
    path::Path,
    read::Errors,
};
use crate::{browser::Fields, pages::frame::sentence};

/// A form with what was typed in it, and what is wrong with that.
pub(in crate::pages) struct View<'v> {
    pub(in crate::pages) form: &'v Field,
    pub(in crate::pages) typed: &'v Fields,
    pub(in crate::pages) errors: &'v Errors,
    /// The row that was just added, where the reader goes on.
    pub(in crate::pages) new_row: Option<&'v str>,
}

impl View<'_> {
    /// All of it, without what encloses and sends it.
    pub(in crate::pages) fn fields(&self) -> Markup {
        let root = Path::root();
        html! {
            (self.summary())
            @if let Shape::Fields(fields) = &self.form.shape {
                @for (name, field) in fields { (self.field(field, &root.step(name))) }
            } @else {
                (self.field(self.form, &root))
            }
        }
    }

    fn summary(&self) -> Markup {
        html! {
            @if !self.errors.is_empty() {
                div.errors role="alert" tabindex="-1" autofocus {
                    p { strong { "The tool was not called:" } }
                    ul {
                        @for (name, says) in self.errors.all() {
                            li {
                                @if name.is_empty() { (sentence(says)) }
                                @else { a href={ "#" (Path::id(name)) } { code { (spoken(name)) } } ": " (sentence(says)) }
                            }
                        }
                    }
                }
            }
        }
    }

    fn field(&self, field: &Field, at: &Path) -> Markup {
        match &field.shape {
            Shape::Text(_) | Shape::Number | Shape::Integer | Shape::Truth | Shape::Choice(_) => self.single(field, at),
            Shape::Fields(_) | Shape::List { .. } | Shape::OneOf(_) | Shape::Raw(_) => self.part(field, at),
        }
    }

    /// One value with a label.
    fn single(&self, field: &Field, at: &Path) -> Markup {
        let id = Path::id(&at.name);
        html! {
            div.field {
                label for=(id) { (field.title) (mark(field)) }
                (self.said(field, at))
                (self.control(field, at, &id))
            }
        }
    }

    fn control(&self, field: &Field, at: &Path, id: &str) -> Markup {
        let name = &at.name;
        let value = self.typed(name);
        let (described, wrong) = (self.described(field, at), self.errors.of(name).map(|_| "true"));
        html! {
            @match &field.shape {
                Shape::Text(Lines::Many) => {
                    // The first line break after the tag is none of the text.
                    textarea id=(id) name=(name) rows="1" aria-describedby=[described] aria-invalid=[wrong] { (PreEscaped("\n")) (value) }
                }
                Shape::Number | Shape::Integer => {
                    input type="text" inputmode=(if field.shape == Shape::Integer { "numeric" } else { "decimal" })
                        id=(id) name=(name) value=(value) autocomplete="off" aria-describedby=[described] aria-invalid=[wrong];
                }
                Shape::Truth => {
                    select id=(id) name=(name) aria-describedby=[described] aria-invalid=[wrong] {
                        (nothing(field, value))
                        option value="true" selected[value == "true"] { "yes" }
                        option value="false" selected[value == "false"] { "no" }
                    }
                }
                Shape::Choice(values) => {
                    select id=(id) name=(name) aria-describedby=[described] aria-invalid=[wrong] {
                        (nothing(field, value))
                        @for (which, choice) in values.iter().enumerate() {
                            option value=(which) selected[value == which.to_string()] { (in_words(choice)) }
                        }
                    }
                }
                _line => {
                    input type="text" id=(id) name=(name) value=(value) autocomplete="off" aria-describedby=[described] aria-invalid=[wrong];
                }
            }
        }
    }

    /// Several values under one heading, with a box where all of them may be left out.
    fn part(&self, field: &Field, at: &Path) -> Markup {
        let id = Path::id(&at.name);
        html! {
            fieldset id=(id) aria-describedby=[self.described(field, at)] {
                legend {
                    @if field.has_box() {
                        label.choice {
                            input.given type="checkbox" name=(at.given()) checked[self.typed.contains_key(&at.given())];
                            (field.title)
                        }
                    } @else { (field.title) }
                    (mark(field))
                }
                div.inside {
                    (self.said(field, at))
                    @match &field.shape {
                        Shape::Fields(fields) => {
                            @for (name, field) in fields { (self.field(field, &at.step(name))) }
                        }
                        Shape::List { item, .. } => (self.rows(item, at)),
                        Shape::OneOf(ways) => (self.ways(ways, at)),
                        Shape::Raw(why) => (self.raw(field, at, why)),
                        _single => {}
                    }
                }
            }
        }
    }

    fn rows(&self, item: &Field, list: &Path) -> Markup {
        let rows = self
            .typed(&list.count())
            .parse::<usize>()
            .unwrap_or(0)
            .min(super::MOST_ROWS);
        html! {
            input type="hidden" name=(list.count()) value=(rows);
            @for row in 0..rows {
                @let at = list.step(&row.to_string());
                @let number = row + 1;
                @let item = Field { title: format!("{} {number}", item.title), ..item.clone() };
                div.row tabindex="-1" autofocus[self.new_row == Some(at.name.as_str())] {
                    (self.field(&item, &at))
                    button.quiet name="remove" value=(at.name) aria-label={ "Remove " (item.title) } { "Remove" }
                }
            }
            button.quiet name="add" value=(list.name) { "Add " (item.title.to_lowercase()) }
        }
    }

    fn ways(&self, ways: &[Field], at: &Path) -> Markup {
        let taken = self.typed(&at.taken());
        html! {
            @for (which, way) in ways.iter().enumerate() {
                @let in_it = at.way(which);
                div.way {
                    label.choice {
                        input.given type="radio" name=(at.taken()) value=(which) checked[taken == which.to_string()];
                        (way.title)
                    }
                    div.inside {
                        @if let Shape::Fields(fields) = &way.shape {
                            (self.said(way, &in_it))
                            @for (name, field) in fields { (self.field(field, &in_it.step(name))) }
                        } @else {
                            (self.field(way, &in_it))
                        }
                    }
                }
            }
        }
    }

    fn raw(&self, field: &Field, at: &Path, why: &str) -> Markup {
        let name = format!("{} as JSON", field.title);
        let wrong = self.errors.of(&at.name).map(|_| "true");
        html! {
            p.hint { "Write JSON here: " (why) "." }
            textarea.code name=(at.name) rows="3" spellcheck="false" aria-label=(name) aria-describedby=[self.described(field, at)] aria-invalid=[wrong] {
                (PreEscaped("\n")) (self.typed(&at.name))
            }
        }
    }

    fn typed(&self, name: &str) -> &str {
        self.typed.get(name).map(String::as_str).unwrap_or_default()
    }

    /// What its author and its schema say of it, and what is wrong.
    fn said(&self, field: &Field, at: &Path) -> Markup {
        let id = Path::id(&at.name);
        html! {
            @if !field.about.is_empty() || !field.bounds.is_empty() {
                p.hint id={ "about-" (id) } {
                    (sentence(&field.about))
                    @if !field.about.is_empty() && !field.bounds.is_empty() { br; }
                    @if !field.bounds.is_empty() { span.bounds { (field.bounds) } }
                }
            }
            @if let Some(says) = self.errors.of(&at.name) { p.wrong id={ "wrong-" (id) } { (sentence(says)) } }
        }
    }

    /// The elements that say it.
    fn described(&self, field: &Field, at: &Path) -> Option<String> {
        let id = Path::id(&at.name);
        let about = !field.about.is_empty() || !field.bounds.is_empty();
        let said = [
            self.errors.of(&at.name).map(|_| format!("wrong-{id}")),
            about.then(|| format!("about-{id}")),
        ];
        let said: Vec<String> = said.into_iter().flatten().collect();
        (!said.is_empty()).then(|| said.join(" "))
    }
}

/// The choice of none.
fn nothing(field: &Field, value: &str) -> Markup {
    html! {
        option value="" selected[value.is_empty()] { @if field.is_required { "choose" } @else { "left out" } }
    }
}

fn mark(field: &Field) -> Markup {
    html! { @if !field.is_required { span.dim { " (may be left out)" } } }
}

fn in_words(value: &Value) -> String {
    match value {
        Value::String(text) => shown_on_one_line(text),
        other => shown_on_one_line(&other.to_string()),
    }
}

/// A field's name as a person reads it.
fn spoken(name: &str) -> String {
    let name = name.trim_start_matches('/').replace('/', " / ");
    shown_on_one_line(&name.replace("~1", "/").replace("~2", "|").replace("~0", "~"))
}
