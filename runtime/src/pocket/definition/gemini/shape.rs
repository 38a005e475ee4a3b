//! What a value may be, type by type: between JSON Schema, whose keywords mean nothing for other types, and a schema that is of one type.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// The most alternatives of one value.
const MOST_ALTERNATIVES: usize = 32;

/// The most alternatives within the values of one: two lists of them, one within the other, multiply.
const MOST_WITHIN: usize = 5_000;

/// What a value may be.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) default: Option<Value>,
    pub(super) alternatives: Vec<Alternative>,
    /// Whether it may be null.
    pub(super) nullable: bool,
    /// Whether there was more to say than is said.
    pub(super) is_cut: bool,
}

/// One type that a value may have, and what then holds for it.
#[derive(Debug, Clone)]
pub(super) struct Alternative {
    pub(super) kind: Kind,
    pub(super) description: Option<String>,
    /// Keywords as they are written: lengths, limits, `pattern`, `format`.
    pub(super) bounds: Map<String, Value>,
    /// The texts to choose from.
    pub(super) choices: Option<Vec<String>>,
    /// None: any.
    pub(super) items: Option<Box<Shape>>,
    pub(super) properties: BTreeMap<String, Shape>,
    pub(super) required: Vec<String>,
}

/// A type of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    String,
    Integer,
    Number,
    Boolean,
    Object,
    Array,
}

impl Kind {
    /// Those that together are every value but null.
    pub(super) const ALL: [Self; 5] = [Self::String, Self::Number, Self::Boolean, Self::Object, Self::Array];

    /// How JSON Schema calls it.
    pub(super) fn of_word(word: &str) -> Option<Self> {
        Some(match word {
            "string" => Self::String,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "boolean" => Self::Boolean,
            "object" => Self::Object,
            "array" => Self::Array,
            _null_or_none => return None,
        })
    }

    /// Of which a value is; none for null.
    pub(super) fn of_value(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Null => return None,
            Value::Bool(_) => Self::Boolean,
            Value::Number(number) if number.as_f64().is_some_and(|number| number.fract() == 0.0) => Self::Integer,
            Value::Number(_) => Self::Number,
            Value::String(_) => Self::String,
            Value::Array(_) => Self::Array,
            Value::Object(_) => Self::Object,
        })
    }

    /// The type of what is of both.
    pub(super) fn and(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Integer, Self::Number) | (Self::Number, Self::Integer) => Some(Self::Integer),
            (one, other) if one == other => Some(one),
            _none => None,
        }
    }
}

impl Alternative {
    /// Any value of a type.
    pub(super) fn any(kind: Kind) -> Self {
        Self {
            kind,
            description: None,
            bounds: Map::new(),
            choices: None,
            items: None,
            properties: BTreeMap::new(),
            required: Vec::new(),
        }
    }

    /// How many alternatives there are in it, itself counted.
    fn weight(&self) -> usize {
        let items = self.items.as_ref().map_or(0, |items| items.weight());
        1 + items + self.properties.values().map(Shape::weight).sum::<usize>()
    }

    /// What is both, or looser where that cannot be said; none where nothing is.
    pub(super) fn and(&self, other: &Self) -> Option<Self> {
        let mut both = self.clone();
        both.kind = self.kind.and(other.kind)?;
        both.description = self.description.clone().or_else(|| other.description.clone());
        for (keyword, value) in &other.bounds {
            let tighter = both
                .bounds
                .get(keyword)
                .is_none_or(|own| is_tighter(keyword, value, own));
            if tighter {
                both.bounds.insert(keyword.clone(), value.clone());
            }
        }
        both.choices = match (&self.choices, &other.choices) {
            (Some(one), Some(other)) => Some(one.iter().filter(|text| other.contains(text)).cloned().collect()),
            (one, other) => one.clone().or_else(|| other.clone()),
        };
        if both.choices.as_ref().is_some_and(Vec::is_empty) {
            return None;
        }
        both.items = match (&self.items, &other.items) {
            (Some(one), Some(other)) => Some(Box::new(one.and(other))),
            (one, other) => one.clone().or_else(|| other.clone()),
        };
        for (name, shape) in &other.properties {
            let shape = both
                .properties
                .get(name)
                .map_or_else(|| shape.clone(), |own| own.and(shape));
            both.properties.insert(name.clone(), shape);
        }
        let missing = other.required.iter().filter(|name| !self.required.contains(name));
        both.required.extend(missing.cloned());
        Some(both)
    }
}

impl Shape {
    /// Any value at all.
    pub(super) fn any() -> Self {
        Self {
            alternatives: Kind::ALL.map(Alternative::any).to_vec(),
            nullable: true,
            ..Self::default()
        }
    }

    /// What fits one of several.
    pub(super) fn one_of(shapes: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::default();
        for shape in shapes {
            all.nullable |= shape.nullable;
            all.is_cut |= shape.is_cut;
            let mut words = joined(shape.title, shape.description);
            for mut alternative in shape.alternatives {
                alternative.description = joined(words.take(), alternative.description);
                all.alternatives.push(alternative);
            }
        }
        all
    }

    /// What fits both. Where their alternatives are too many to be told together, those of one are.
    pub(super) fn and(&self, other: &Self) -> Self {
        let is_little = self.both_weigh(other) <= MOST_WITHIN
            && self.alternatives.len() * other.alternatives.len() <= MOST_ALTERNATIVES;
        let alternatives = if is_little {
            // In the order of the other's: where the own are of any type, it is the order that was written.
            let pairs = other
                .alternatives
                .iter()
                .flat_map(|other| self.alternatives.iter().map(move |one| one.and(other)));
            pairs.flatten().collect()
        } else {
            self.alternatives.clone()
        };
        Self {
            title: self.title.clone().or_else(|| other.title.clone()),
            description: self.description.clone().or_else(|| other.description.clone()),
            default: self.default.clone().or_else(|| other.default.clone()),
            alternatives,
            nullable: self.nullable && other.nullable,
            is_cut: self.is_cut || other.is_cut || !is_little,
        }
    }

    /// How many alternatives [`Shape::and`] would give at most, those within counted.
    fn both_weigh(&self, other: &Self) -> usize {
        let mut weight: usize = 0;
        for one in &self.alternatives {
            let of_kind = other
                .alternatives
                .iter()
                .filter(|other| one.kind.and(other.kind).is_some());
            weight += of_kind.map(|other| one.weight() + other.weight()).sum::<usize>();
        }
        weight
    }

    fn weight(&self) -> usize {
        self.alternatives.iter().map(Alternative::weight).sum()
    }
}

/// Two texts as one, each once.
pub(super) fn joined(one: Option<String>, other: Option<String>) -> Option<String> {
    match (one, other) {
        (Some(one), Some(other)) if one != other => Some(format!("{one}\n{other}")),
        (one, other) => one.or(other),
    }
}

/// Whether one bound says more than another. Of two patterns or formats one is told.
fn is_tighter(keyword: &str, value: &Value, own: &Value) -> bool {
    let (Some(value), Some(own)) = (value.as_f64(), own.as_f64()) else {
        return false;
    };
    if keyword.starts_with("min") {
        value > own
    } else {
        value < own
    }
}
