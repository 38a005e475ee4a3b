//! Whether alternatives exclude each other, so that `anyOf` says of them what `oneOf` does.

use super::shape::{Alternative, Shape};

/// Whether nothing fits two of them, as far as that is soon found.
pub(super) fn are_apart(shapes: &[Shape]) -> bool {
    if shapes.len() > 100 {
        return false;
    }
    let of_one_kind = |one: &Shape, other: &Shape| {
        let mut pairs = one
            .alternatives
            .iter()
            .flat_map(|one| other.alternatives.iter().map(move |other| (one, other)));
        (one.nullable && other.nullable)
            || pairs.any(|(one, other)| one.kind.and(other.kind).is_some() && !differ(one, other))
    };
    let others = |place: usize| shapes.get(place + 1..).unwrap_or_default();
    !shapes
        .iter()
        .enumerate()
        .any(|(place, one)| others(place).iter().any(|other| of_one_kind(one, other)))
}

/// Whether two have no text in common: themselves, or in a property that both require, as a tag.
fn differ(one: &Alternative, other: &Alternative) -> bool {
    if let (Some(one), Some(other)) = (&one.choices, &other.choices) {
        return !one.iter().any(|text| other.contains(text));
    }
    let tags = one.required.iter().filter(|name| other.required.contains(name));
    tags.into_iter()
        .any(|name| match (one.properties.get(name), other.properties.get(name)) {
            (Some(one), Some(other)) => match (one.alternatives.as_slice(), other.alternatives.as_slice()) {
                ([one_tag], [other_tag]) if !(one.nullable && other.nullable) => {
                    one_tag.choices.is_some() && other_tag.choices.is_some() && differ(one_tag, other_tag)
                }
                _several => false,
            },
            _not_both => false,
        })
}
