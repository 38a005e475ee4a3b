//! Which part of a schema leads to which: on the same value, or on a value within it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    base::json,
    package::schema::{SchemaError, read::read},
};

/// The most values in a schema, itself counted.
const MOST_NODES: usize = 10_000;

/// The longest way through a schema on one value: with a value's depth it bounds the stack that checking needs.
const LONGEST_CHAIN: usize = 16;

/// A schema as a graph. The root is the first node.
pub(super) struct Graph {
    pub(super) nodes: Vec<Node>,
    /// The longest way through it on one value.
    pub(super) longest_chain: usize,
}

/// One schema object, by what checking a value against it takes.
#[derive(Default)]
pub(super) struct Node {
    /// What its own keywords cost, whatever the value.
    pub(super) own: u64,
    /// What each eight bytes of a string cost.
    pub(super) pattern: u64,
    /// What each eight bytes of a property's name cost.
    pub(super) name_pattern: u64,
    /// Whether items are compared with each other.
    pub(super) unique: bool,
    /// Whether it has to find out what the schemas beside it looked at.
    pub(super) unevaluated: bool,
    /// On the same value.
    pub(super) in_place: Vec<usize>,
    /// On the property of that name.
    pub(super) properties: BTreeMap<String, usize>,
    /// On any property.
    pub(super) every_property: Vec<usize>,
    /// On the properties not named in `properties`.
    pub(super) other_properties: Vec<usize>,
    /// On the name of each property.
    pub(super) names: Vec<usize>,
    /// On the item at that place.
    pub(super) prefix: Vec<usize>,
    /// On any item.
    pub(super) every_item: Vec<usize>,
}

impl Node {
    /// Every node that is met on another value than this one.
    pub(super) fn within(&self) -> impl Iterator<Item = usize> {
        self.properties
            .values()
            .chain(&self.every_property)
            .chain(&self.other_properties)
            .chain(&self.names)
            .chain(&self.prefix)
            .chain(&self.every_item)
            .copied()
    }
}

impl Graph {
    /// Reads a schema, and refuses what may not be in one.
    pub(super) fn of(schema: &Value) -> Result<Self, SchemaError> {
        check_size(schema)?;
        let (nodes, pointers) = read(schema)?;
        let mut graph = Self {
            nodes,
            longest_chain: 0,
        };
        graph.longest_chain = graph.check_chains(&pointers)?;
        Ok(graph)
    }

    /// The longest way through a schema on one value; one that leads back to itself, or too far, is refused.
    fn check_chains(&self, pointers: &[String]) -> Result<usize, SchemaError> {
        // The length of the longest chain from each node, once known.
        let mut known: Vec<Option<usize>> = vec![None; self.nodes.len()];
        let mut longest = 0;
        for start in 0..self.nodes.len() {
            longest = longest.max(
                self.chain(start, 0, &mut known)
                    .ok_or_else(|| too_far(pointers.get(start)))?,
            );
        }
        Ok(longest)
    }

    fn chain(&self, at: usize, depth: usize, known: &mut [Option<usize>]) -> Option<usize> {
        if depth > LONGEST_CHAIN {
            return None;
        }
        if let Some(length) = known.get(at).copied().flatten() {
            return (depth + length <= LONGEST_CHAIN).then_some(length);
        }
        let mut longest = 0;
        for next in self
            .nodes
            .get(at)
            .map(|node| node.in_place.as_slice())
            .unwrap_or_default()
        {
            longest = longest.max(1 + self.chain(*next, depth + 1, known)?);
        }
        if let Some(slot) = known.get_mut(at) {
            *slot = Some(longest);
        }
        Some(longest)
    }
}

fn too_far(pointer: Option<&String>) -> SchemaError {
    SchemaError::new(
        pointer.cloned().unwrap_or_default(),
        format!("this leads back to itself, or over more than {LONGEST_CHAIN} schemas, without going into the value"),
        Some("let a `$ref` that comes back stand below `properties` or `items`, and nest `allOf` and `anyOf` less"),
    )
}

fn check_size(schema: &Value) -> Result<(), SchemaError> {
    json::check_depth(schema)
        .map_err(|_too_deep| SchemaError::new("", format!("a schema nests at most {} levels", json::DEEPEST), None))?;
    let nodes = count(schema);
    if nodes > MOST_NODES {
        return Err(SchemaError::new(
            "",
            format!("a schema has at most {MOST_NODES} values: {nodes}"),
            None,
        ));
    }
    Ok(())
}

/// How many values there are in one, itself counted.
pub(super) fn count(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 1,
        Value::Array(items) => 1 + items.iter().map(count).sum::<usize>(),
        Value::Object(fields) => 1 + fields.values().map(count).sum::<usize>(),
    }
}
