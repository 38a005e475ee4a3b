//! Reads a schema, keyword by keyword, into a graph.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};

use crate::package::{
    fault::shortened,
    schema::{
        SchemaError,
        graph::{Node, count},
        patterns::Patterns,
    },
};

/// The drafts whose schemas mean the same here once the keywords below are refused.
const DRAFTS: [&str; 3] = [
    "https://json-schema.org/draft/2020-12/schema",
    "https://json-schema.org/draft/2019-09/schema",
    "http://json-schema.org/draft-07/schema",
];

/// Keywords of older drafts that draft 2020-12 would pass over without a word, and what it has in their place.
const RENAMED: [(&str, &str); 3] = [
    ("additionalItems", "draft 2020-12 writes `prefixItems` and `items`"),
    (
        "dependencies",
        "draft 2020-12 writes `dependentRequired` and `dependentSchemas`",
    ),
    ("$recursiveRef", "draft 2020-12 writes `$ref` or `$dynamicRef`"),
];

/// The nodes of a schema, the root first, and the JSON pointer of each.
pub(super) fn read(schema: &Value) -> Result<(Vec<Node>, Vec<String>), SchemaError> {
    let mut reader = Reader::new(schema);
    reader.node(schema, "")?;
    // Following a reference may find schemas that have references of their own.
    while let Some(reference) = reader.references.pop() {
        let target = reader.target(&reference)?;
        if let Some(node) = reader.nodes.get_mut(reference.from) {
            node.in_place.push(target);
        }
    }
    Ok((reader.nodes, reader.pointers))
}

struct Reference<'s> {
    from: usize,
    pointer: String,
    written: &'s str,
}

struct Reader<'s> {
    root: &'s Value,
    /// The root's own `$id`: a reference may be written with it.
    id: Option<&'s str>,
    nodes: Vec<Node>,
    /// Where each node stands.
    pointers: Vec<String>,
    /// The node of each value, by where the value lies in memory.
    read: HashMap<*const Value, usize>,
    anchors: HashMap<&'s str, usize>,
    references: Vec<Reference<'s>>,
    patterns: Patterns,
}

impl<'s> Reader<'s> {
    fn new(root: &'s Value) -> Self {
        Self {
            root,
            id: root.get("$id").and_then(Value::as_str),
            nodes: Vec::new(),
            pointers: Vec::new(),
            read: HashMap::new(),
            anchors: HashMap::new(),
            references: Vec::new(),
            patterns: Patterns::default(),
        }
    }

    /// The node of a schema, read with all that it contains.
    fn node(&mut self, schema: &'s Value, pointer: &str) -> Result<usize, SchemaError> {
        if let Some(node) = self.read.get(&std::ptr::from_ref(schema)) {
            return Ok(*node);
        }
        let index = self.nodes.len();
        self.read.insert(std::ptr::from_ref(schema), index);
        self.pointers.push(pointer.to_owned());
        self.nodes.push(Node {
            own: 1,
            ..Node::default()
        });
        let fields = match schema {
            Value::Bool(_) => return Ok(index),
            Value::Object(fields) => fields,
            Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                return Err(SchemaError::new(
                    pointer,
                    "a schema is an object, `true` or `false`",
                    None,
                ));
            }
        };
        let mut node = Node {
            own: 1,
            ..Node::default()
        };
        for (keyword, value) in fields {
            let at = format!("{pointer}/{}", escaped(keyword));
            self.keyword(index, &mut node, (keyword, value), &at)?;
        }
        if let Some(slot) = self.nodes.get_mut(index) {
            *slot = node;
        }
        Ok(index)
    }

    fn keyword(
        &mut self,
        index: usize,
        node: &mut Node,
        (keyword, value): (&'s str, &'s Value),
        at: &str,
    ) -> Result<(), SchemaError> {
        node.own += 1;
        if let Some((_, now)) = RENAMED.iter().find(|(old, _)| *old == keyword) {
            let message = format!("draft 2020-12 has no such keyword: `{keyword}`");
            return Err(SchemaError::new(at, message, Some(now)));
        }
        match keyword {
            "$schema" | "$id" | "$vocabulary" => self.identity(index, keyword, value, at)?,
            "$anchor" | "$dynamicAnchor" => {
                if let Some(name) = value.as_str() {
                    self.anchors.insert(name, index);
                }
            }
            "$ref" | "$dynamicRef" => {
                let written = value
                    .as_str()
                    .ok_or_else(|| SchemaError::new(at, format!("`{keyword}` is a string"), None))?;
                self.references.push(Reference {
                    from: index,
                    pointer: at.to_owned(),
                    written,
                });
            }
            "$defs" | "definitions" => {
                self.named(value, at)?;
            }
            "allOf" | "anyOf" | "oneOf" => node.in_place.extend(self.listed(value, at)?),
            "not" | "if" | "then" | "else" => node.in_place.push(self.node(value, at)?),
            "dependentSchemas" => node.in_place.extend(self.named(value, at)?.into_values()),
            "pattern" => {
                if let Some(pattern) = value.as_str() {
                    node.pattern += self.patterns.cost(pattern, at)?;
                }
            }
            "uniqueItems" => node.unique = value == &Value::Bool(true),
            "enum" | "const" | "required" | "dependentRequired" | "type" => node.own += count(value) as u64,
            // Exact arithmetic on fractions.
            "multipleOf" => node.own += 20,
            _other => self.within(node, (keyword, value), at)?,
        }
        Ok(())
    }

    /// The keywords that go into the value.
    fn within(&mut self, node: &mut Node, (keyword, value): (&'s str, &'s Value), at: &str) -> Result<(), SchemaError> {
        match keyword {
            "properties" => {
                node.properties = self.named(value, at)?;
                node.own += node.properties.len() as u64;
            }
            "patternProperties" => {
                for pattern in value.as_object().into_iter().flat_map(Map::keys) {
                    node.name_pattern += self.patterns.cost(pattern, &format!("{at}/{}", escaped(pattern)))?;
                }
                node.every_property.extend(self.named(value, at)?.into_values());
            }
            "additionalProperties" => node.other_properties.push(self.node(value, at)?),
            "unevaluatedProperties" => {
                node.unevaluated = true;
                node.every_property.push(self.node(value, at)?);
            }
            "propertyNames" => node.names.push(self.node(value, at)?),
            "prefixItems" => node.prefix = self.listed(value, at)?,
            "items" if value.is_array() => {
                let hint = Some("draft 2020-12 writes `prefixItems` for a list of schemas");
                return Err(SchemaError::new(at, "`items` is one schema", hint));
            }
            "items" | "contains" => node.every_item.push(self.node(value, at)?),
            "unevaluatedItems" => {
                node.unevaluated = true;
                node.every_item.push(self.node(value, at)?);
            }
            _annotation_or_constant_cost => {}
        }
        Ok(())
    }

    /// What names a document, or its language: only the whole may.
    fn identity(&self, index: usize, keyword: &str, value: &Value, at: &str) -> Result<(), SchemaError> {
        if index != 0 {
            let hint = Some("name parts with `$defs` and refer to them with `#/$defs/NAME`");
            return Err(SchemaError::new(
                at,
                format!("only the whole schema may have `{keyword}`"),
                hint,
            ));
        }
        let draft = value.as_str().unwrap_or_default();
        if keyword == "$schema" && !DRAFTS.contains(&draft.trim_end_matches('#')) {
            let hint = Some("write it in JSON Schema draft 2020-12");
            return Err(SchemaError::new(
                at,
                format!("this draft is not known here: `{}`", shortened(draft)),
                hint,
            ));
        }
        Ok(())
    }

    fn listed(&mut self, value: &'s Value, at: &str) -> Result<Vec<usize>, SchemaError> {
        let items = value
            .as_array()
            .ok_or_else(|| SchemaError::new(at, "a list of schemas is expected", None))?;
        items
            .iter()
            .enumerate()
            .map(|(place, item)| self.node(item, &format!("{at}/{place}")))
            .collect()
    }

    fn named(&mut self, value: &'s Value, at: &str) -> Result<BTreeMap<String, usize>, SchemaError> {
        let fields = value
            .as_object()
            .ok_or_else(|| SchemaError::new(at, "an object of schemas is expected", None))?;
        fields
            .iter()
            .map(|(name, item)| Ok((name.clone(), self.node(item, &format!("{at}/{}", escaped(name)))?)))
            .collect()
    }

    /// The node that a reference leads to.
    fn target(&mut self, reference: &Reference<'s>) -> Result<usize, SchemaError> {
        let refused = || {
            SchemaError::new(
                reference.pointer.as_str(),
                format!(
                    "a reference leads to a part of this schema: found `{}`",
                    shortened(reference.written)
                ),
                Some("copy what it should lead to into `$defs`, and refer to `#/$defs/NAME`"),
            )
        };
        let own = self
            .id
            .and_then(|id| reference.written.strip_prefix(id.trim_end_matches('#')));
        let fragment = match own.unwrap_or(reference.written) {
            "" => "",
            other => other.strip_prefix('#').ok_or_else(refused)?,
        };
        let fragment = percent_decoded(fragment).ok_or_else(refused)?;
        if fragment.is_empty() || fragment.starts_with('/') {
            let value = self.root.pointer(&fragment).ok_or_else(refused)?;
            self.node(value, &fragment)
        } else {
            self.anchors.get(fragment.as_str()).copied().ok_or_else(refused)
        }
    }
}

/// A name as a JSON pointer has it.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            let value = digit(bytes.next()?)? * 16 + digit(bytes.next()?)?;
            decoded.push(u8::try_from(value).ok()?);
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).ok()
}
