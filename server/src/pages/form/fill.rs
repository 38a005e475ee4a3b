//! What a form has in it before anybody typed.

use serde_json::Value;

use super::{
    MOST_ROWS,
    field::{Field, Lines, Shape},
    path::Path,
};
use crate::browser::Fields;

/// How many rows a list has at first, at the most.
const FIRST_ROWS: usize = 20;

/// A form with what its schema says where nobody says otherwise.
pub(in crate::pages) fn blank(form: &Field, at: &Path) -> Fields {
    let mut typed = Fields::new();
    begin(form, at, &mut typed);
    typed
}

fn begin(field: &Field, at: &Path, typed: &mut Fields) {
    if let Some(default) = &field.default {
        let mut filled = Fields::new();
        if fill(field, default, at, &mut filled) {
            typed.extend(filled);
            return;
        }
    }
    match &field.shape {
        Shape::Fields(fields) => {
            for (name, field) in fields {
                begin(field, &at.step(name), typed);
            }
        }
        Shape::List { item, least } => {
            let rows = (*least).min(FIRST_ROWS);
            typed.insert(at.count(), rows.to_string());
            for row in 0..rows {
                begin(item, &at.step(&row.to_string()), typed);
            }
        }
        Shape::OneOf(ways) => {
            for (which, way) in ways.iter().enumerate() {
                begin(way, &at.way(which), typed);
            }
        }
        // There is nothing to choose.
        Shape::Choice(values) if values.len() == 1 && field.is_required => {
            typed.insert(at.name.clone(), "0".to_owned());
        }
        Shape::Text(_) | Shape::Number | Shape::Integer | Shape::Truth | Shape::Choice(_) | Shape::Raw(_) => {}
    }
}

/// Puts a value into a form; says whether the form can hold it.
pub(super) fn fill(field: &Field, value: &Value, at: &Path, typed: &mut Fields) -> bool {
    if field.has_box() {
        typed.insert(at.given(), "on".to_owned());
    }
    let text = match (&field.shape, value) {
        (Shape::Text(lines), Value::String(text)) => {
            // A field of one line loses its breaks, and every field the difference between the two kinds of break; an empty one is left out.
            let is_kept = !text.contains('\r') && (*lines == Lines::Many || !text.contains('\n'));
            if !is_kept || (text.is_empty() && !field.is_required) {
                return false;
            }
            text.clone()
        }
        (Shape::Number, Value::Number(number)) => number.to_string(),
        (Shape::Integer, Value::Number(number)) if !number.is_f64() => number.to_string(),
        (Shape::Truth, Value::Bool(truth)) => truth.to_string(),
        (Shape::Choice(values), value) => match values.iter().position(|one| one == value) {
            Some(which) => which.to_string(),
            None => return false,
        },
        (Shape::Fields(fields), Value::Object(values)) => {
            let is_known = |name: &String| fields.iter().any(|(known, _)| known == name);
            return values.keys().all(is_known)
                && fields.iter().all(|(name, field)| match values.get(name) {
                    Some(value) => fill(field, value, &at.step(name), typed),
                    None => !field.is_required,
                });
        }
        (Shape::List { item, .. }, Value::Array(items)) => {
            typed.insert(at.count(), items.len().to_string());
            let mut rows = items.iter().enumerate();
            return items.len() <= MOST_ROWS
                && rows.all(|(row, value)| fill(item, value, &at.step(&row.to_string()), typed));
        }
        (Shape::OneOf(ways), value) => return fill_a_way(ways, value, at, typed),
        (Shape::Raw(_), value) => format!("{value:#}"),
        _of_another_kind => return false,
    };
    typed.insert(at.name.clone(), text);
    true
}

fn fill_a_way(ways: &[Field], value: &Value, at: &Path, typed: &mut Fields) -> bool {
    for (which, way) in ways.iter().enumerate() {
        let mut filled = Fields::new();
        if fill(way, value, &at.way(which), &mut filled) {
            typed.extend(filled);
            typed.insert(at.taken(), which.to_string());
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn defaults_stand_in_it_and_lists_have_the_rows_that_they_need() {
        let form = Field::of_schema(&json!({
            "type": "object",
            "properties": {
                "a": { "type": "string", "default": "x" },
                "b": { "type": "integer", "default": "no integer" },
                "c": { "type": "array", "items": { "type": "boolean", "default": true }, "minItems": 2 },
                "d": { "const": "only" },
            },
            "required": ["c", "d"]
        }));
        let typed = blank(&form, &Path::root());
        let expected = [
            ("/a", "x"),
            ("#/c", "2"),
            ("/c/0", "true"),
            ("/c/1", "true"),
            ("/d", "0"),
        ];
        assert_eq!(
            typed,
            expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
        );
    }
}
