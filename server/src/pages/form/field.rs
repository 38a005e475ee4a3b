//! What a form asks for.

use serde_json::Value;

/// A value that a form asks for.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::pages) struct Field {
    /// What it is called.
    pub(super) title: String,
    /// What its author says of it.
    pub(super) about: String,
    /// What the schema says of its bounds, in words.
    pub(super) bounds: String,
    pub(super) is_required: bool,
    pub(super) default: Option<Value>,
    pub(super) shape: Shape,
}

/// How a value is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    Text(Lines),
    Number,
    Integer,
    Truth,
    /// One of these.
    Choice(Vec<Value>),
    /// An object, by its fields.
    Fields(Vec<(String, Field)>),
    /// Each item alike; there are at least so many.
    List {
        item: Box<Field>,
        least: usize,
    },
    /// One of several ways.
    OneOf(Vec<Field>),
    /// JSON, and why no form asks for it.
    Raw(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lines {
    One,
    Many,
}

impl Field {
    /// Whether a form asks for no more than one JSON text.
    pub(in crate::pages) const fn is_raw(&self) -> bool {
        matches!(self.shape, Shape::Raw(_))
    }

    /// Whether it asks for nothing at all.
    pub(in crate::pages) fn is_empty(&self) -> bool {
        matches!(&self.shape, Shape::Fields(fields) if fields.is_empty())
    }

    /// Whether it has a box that says whether it is given: an empty text, number or choice says so by itself.
    pub(super) const fn has_box(&self) -> bool {
        let is_part = matches!(
            self.shape,
            Shape::Fields(_) | Shape::List { .. } | Shape::OneOf(_) | Shape::Raw(_)
        );
        is_part && !self.is_required
    }
}
