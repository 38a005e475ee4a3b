//! What the references of a schema lead to.

use std::collections::{BTreeMap, HashMap};

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::pocket::definition::keywords;

/// The keywords that lead elsewhere.
pub(super) const KEYWORDS: [&str; 2] = ["$ref", "$dynamicRef"];

/// A schema, and what the references in it lead to: parts of itself, since no tool's schema may have others.
pub(super) struct References<'s> {
    root: &'s Value,
    /// A reference may be written with the root's own `$id`.
    id: Option<&'s str>,
    anchors: HashMap<&'s str, &'s Value>,
}

impl<'s> References<'s> {
    /// Those of a whole schema.
    pub(super) fn of(root: &'s Value) -> Self {
        let mut anchors = HashMap::new();
        collect(root, &mut anchors);
        Self {
            root,
            id: root.get("$id").and_then(Value::as_str),
            anchors,
        }
    }

    /// The whole schema.
    pub(super) const fn root(&self) -> &'s Value {
        self.root
    }

    /// The schema that a reference leads to, and where it stands.
    pub(super) fn target(&self, written: &str) -> Option<(&'s Value, String)> {
        let fragment = self.fragment(written)?;
        if fragment.is_empty() || fragment.starts_with('/') {
            return Some((self.root.pointer(&fragment)?, fragment));
        }
        let target = *self.anchors.get(fragment.as_str())?;
        Some((target, format!("#{fragment}")))
    }

    fn fragment(&self, written: &str) -> Option<String> {
        let own = self.id.and_then(|id| written.strip_prefix(id.trim_end_matches('#')));
        let fragment = match own.unwrap_or(written) {
            "" => "",
            other => other.strip_prefix('#')?,
        };
        Some(percent_decode_str(fragment).decode_utf8().ok()?.into_owned())
    }

    /// Makes the references in `root`, which was made of this schema, lead to what they led to: what has no place in it any more gets
    /// one in `$defs`.
    pub(super) fn rejoin(&self, root: &mut Map<String, Value>) {
        let mut joining = Joining {
            references: self,
            before: Value::Object(root.clone()),
            moved: BTreeMap::new(),
            waiting: Vec::new(),
        };
        joining.rewrite_fields(root);
        let mut parts = Vec::new();
        while let Some((name, mut part)) = joining.waiting.pop() {
            joining.rewrite(&mut part);
            parts.push((name, part));
        }
        if parts.is_empty() {
            return;
        }
        let named = root.entry("$defs").or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(named) = named {
            named.extend(parts);
        }
    }
}

fn collect<'s>(schema: &'s Value, anchors: &mut HashMap<&'s str, &'s Value>) {
    let Some(fields) = schema.as_object() else { return };
    for keyword in ["$anchor", "$dynamicAnchor"] {
        if let Some(name) = fields.get(keyword).and_then(Value::as_str) {
            anchors.entry(name).or_insert(schema);
        }
    }
    for (_, within) in keywords::within(fields) {
        collect(within, anchors);
    }
}

struct Joining<'a, 's> {
    references: &'a References<'s>,
    before: Value,
    /// The name that a part got, by where it stood.
    moved: BTreeMap<String, String>,
    /// Parts whose own references are not rewritten yet.
    waiting: Vec<(String, Value)>,
}

impl Joining<'_, '_> {
    fn rewrite(&mut self, schema: &mut Value) {
        if let Value::Object(fields) = schema {
            self.rewrite_fields(fields);
        }
    }

    fn rewrite_fields(&mut self, fields: &mut Map<String, Value>) {
        // References by these names were rewritten, and no name may come twice.
        for name in ["$anchor", "$dynamicAnchor", "$id", "$schema", "$vocabulary"] {
            fields.remove(name);
        }
        for keyword in KEYWORDS {
            if let Some(Value::String(written)) = fields.get_mut(keyword)
                && let Some(new) = self.leading(written)
            {
                *written = new;
            }
        }
        keywords::change_within(fields, |_, schema| self.rewrite(schema));
    }

    fn leading(&mut self, written: &str) -> Option<String> {
        let (target, at) = self.references.target(written)?;
        if self.before.pointer(&at) == Some(target) {
            let (_, fragment) = written.split_once('#').unwrap_or_default();
            return Some(format!("#{fragment}"));
        }
        if let Some(name) = self.moved.get(&at) {
            return Some(format!("#/$defs/{name}"));
        }
        let is_taken = |name: &str| self.before.get("$defs").and_then(|defs| defs.get(name)).is_some();
        let name = (self.moved.len() + 1..)
            .map(|number| format!("part-{number}"))
            .find(|name| !is_taken(name) && !self.moved.values().any(|taken| taken == name))?;
        self.moved.insert(at, name.clone());
        self.waiting.push((name.clone(), target.clone()));
        Some(format!("#/$defs/{name}"))
    }
}
