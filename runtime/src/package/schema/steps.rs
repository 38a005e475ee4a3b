//! How much checking a value may take, known before it is checked.
//!
//! A step is one schema met on one value, or about that much work. What is counted is every way through the schema, though
//! the validator often finds out sooner; so a count is an upper bound, also for looking for every violation.

use std::collections::HashMap;

use serde_json::Value;

use crate::package::schema::graph::{Graph, Node};

/// The most steps that checking may take.
pub(super) const MOST: u64 = 5_000_000;

/// The most steps after which every violation is looked for.
const MOST_TOLD: u64 = 200_000;

/// Larger than any count that is ever taken.
const ENDLESS: u64 = u64::MAX;

/// The deepest that a schema without recursion is followed ahead of time.
const FOLLOWED: usize = 256;

/// What checking by one schema costs.
pub(super) struct Steps {
    graph: Graph,
    /// For each node, on a value with nothing in it.
    leaves: Vec<Leaf>,
    /// For one value, whatever it is: [`ENDLESS`] where that depends on the value's depth.
    ahead: u64,
    /// Whether some step's cost grows with the length of a text, or items are compared.
    grows: bool,
}

impl Steps {
    pub(super) fn of(graph: Graph) -> Self {
        let mut ahead = Ahead {
            graph: &graph,
            known: vec![None; graph.nodes.len()],
        };
        let Cost { whole, .. } = ahead.cost(0, 0);
        let leaves = leaves(&graph);
        let grows = graph
            .nodes
            .iter()
            .any(|node| node.pattern > 0 || node.name_pattern > 0 || node.unique);
        Self {
            ahead: whole,
            grows,
            leaves,
            graph,
        }
    }

    /// A bound of the steps for this value: rough where that is enough to let it pass.
    pub(super) fn bound(&self, value: &Value) -> u64 {
        let rough = self.ahead.saturating_mul(weight(value, self.grows));
        if rough <= MOST { rough } else { self.counted(value) }
    }

    /// Whether every violation can be looked for: a choice of which no alternative fits is first checked, then asked why,
    /// and so is each choice in it; and the violations are all held in memory at once.
    pub(super) fn can_tell_all(&self, value: &Value) -> bool {
        let counted = self.counted(value);
        let nested = (depth(value) + 1).saturating_mul(self.graph.longest_chain as u64 + 1);
        counted <= MOST_TOLD && counted.saturating_mul(nested) <= MOST
    }

    /// A closer bound, counted on the value itself.
    fn counted(&self, value: &Value) -> u64 {
        let mut count = Count {
            graph: &self.graph,
            leaves: &self.leaves,
            known: HashMap::new(),
            visits: 0,
        };
        count.whole(0, value)
    }
}

/// How much a value weighs when nothing is known of where the schema meets it.
fn weight(value: &Value, grows: bool) -> u64 {
    let text = |text: &str| {
        let length = text.len() as u64;
        if grows { length } else { length / 64 }
    };
    let own: u64 = if grows { 16 } else { 1 };
    let within: u64 = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(string) => text(string),
        Value::Array(items) => items.iter().map(|item| weight(item, grows)).sum(),
        Value::Object(fields) => fields.iter().map(|(name, item)| text(name) + weight(item, grows)).sum(),
    };
    own + within
}

/// How many levels of values are in one.
fn depth(value: &Value) -> u64 {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
    }
}

/// What one schema costs with all it leads to, and what it costs once more to know what it looked at.
#[derive(Clone, Copy)]
struct Cost {
    whole: u64,
    marks: u64,
}

impl Cost {
    const ENDLESS: Self = Self {
        whole: ENDLESS,
        marks: ENDLESS,
    };

    /// With one more schema on the same value.
    const fn and(self, next: Self) -> Self {
        Self {
            whole: self.whole.saturating_add(next.whole),
            marks: self.marks.saturating_add(next.whole).saturating_add(next.marks),
        }
    }
}

/// Costs that hold for every value.
struct Ahead<'g> {
    graph: &'g Graph,
    /// `ENDLESS` while a node is being followed: who comes back to it goes round.
    known: Vec<Option<Cost>>,
}

impl Ahead<'_> {
    fn cost(&mut self, at: usize, depth: usize) -> Cost {
        if let Some(cost) = self.known.get(at).copied().flatten() {
            return cost;
        }
        let Some(node) = self.graph.nodes.get(at) else {
            return Cost::ENDLESS;
        };
        if depth > FOLLOWED {
            return Cost::ENDLESS;
        }
        self.set(at, Cost::ENDLESS);
        let mut cost = Cost {
            whole: node.own.saturating_add(node.pattern).saturating_add(node.name_pattern),
            marks: 1,
        };
        for next in &node.in_place {
            cost = cost.and(self.cost(*next, depth + 1));
        }
        for next in node.within() {
            let next = self.cost(next, depth + 1);
            cost.whole = cost.whole.saturating_add(next.whole);
            cost.marks = cost.marks.saturating_add(next.whole);
        }
        if node.unevaluated {
            cost.whole = cost.whole.saturating_add(cost.marks);
        }
        self.set(at, cost);
        cost
    }

    fn set(&mut self, at: usize, cost: Cost) {
        if let Some(slot) = self.known.get_mut(at) {
            *slot = Some(cost);
        }
    }
}

/// What a schema costs on a value with nothing in it: a number, a text, a name.
#[derive(Clone, Copy)]
struct Leaf {
    /// Whatever the value.
    fixed: Cost,
    /// For each eight bytes of a text.
    growth: Cost,
}

impl Leaf {
    fn on(self, length: u64) -> u64 {
        let fixed = self.fixed.whole.saturating_mul(1 + length / 64);
        fixed.saturating_add(self.growth.whole.saturating_mul(length / 8 + 1))
    }

    fn on_value(self, value: &Value) -> Option<u64> {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => Some(self.fixed.whole),
            Value::String(text) => Some(self.on(text.len() as u64)),
            Value::Array(_) | Value::Object(_) => None,
        }
    }
}

fn leaves(graph: &Graph) -> Vec<Leaf> {
    fn read(graph: &Graph, at: usize, known: &mut [Option<Leaf>]) -> Leaf {
        if let Some(leaf) = known.get(at).copied().flatten() {
            return leaf;
        }
        let (own, pattern, unevaluated, in_place) = match graph.nodes.get(at) {
            Some(node) => (node.own, node.pattern, node.unevaluated, node.in_place.as_slice()),
            None => (0, 0, false, [].as_slice()),
        };
        let mut leaf = Leaf {
            fixed: Cost { whole: own, marks: 1 },
            growth: Cost {
                whole: pattern,
                marks: pattern,
            },
        };
        // It leads back to no node that is being read: a graph with such a way is refused when it is made.
        for next in in_place {
            let next = read(graph, *next, known);
            leaf.fixed = leaf.fixed.and(next.fixed);
            leaf.growth = leaf.growth.and(next.growth);
        }
        if unevaluated {
            leaf.fixed.whole = leaf.fixed.whole.saturating_add(leaf.fixed.marks);
            leaf.growth.whole = leaf.growth.whole.saturating_add(leaf.growth.marks);
        }
        if let Some(slot) = known.get_mut(at) {
            *slot = Some(leaf);
        }
        leaf
    }
    let mut known = vec![None; graph.nodes.len()];
    (0..graph.nodes.len()).map(|at| read(graph, at, &mut known)).collect()
}

/// Costs for one value: each pair of a schema and a part of the value is counted once, and used wherever it is met.
struct Count<'g> {
    graph: &'g Graph,
    leaves: &'g [Leaf],
    known: HashMap<(usize, *const Value), Cost>,
    visits: u64,
}

impl Count<'_> {
    fn whole(&mut self, at: usize, value: &Value) -> u64 {
        self.visits += 1;
        match self.leaves.get(at).and_then(|leaf| leaf.on_value(value)) {
            Some(whole) => whole,
            None => self.cost(at, value).whole,
        }
    }

    /// The cost on an object or a list.
    fn cost(&mut self, at: usize, value: &Value) -> Cost {
        self.visits += 1;
        let key = (at, std::ptr::from_ref(value));
        if let Some(cost) = self.known.get(&key) {
            return *cost;
        }
        let Some(node) = self.graph.nodes.get(at).filter(|_| self.visits <= MOST) else {
            return Cost::ENDLESS;
        };
        let mut cost = Cost {
            whole: node.own,
            marks: 1,
        };
        for next in &node.in_place {
            cost = cost.and(self.cost(*next, value));
        }
        let within = match value {
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
            Value::Array(items) => self.items(node, items),
            Value::Object(fields) => self.properties(node, fields),
        };
        cost.whole = cost.whole.saturating_add(within);
        cost.marks = cost.marks.saturating_add(within);
        if node.unevaluated {
            cost.whole = cost.whole.saturating_add(cost.marks);
        }
        self.known.insert(key, cost);
        cost
    }

    fn items(&mut self, node: &Node, items: &[Value]) -> u64 {
        let mut whole: u64 = 0;
        if node.unique {
            // Few items are compared with each other, many are hashed.
            let each = if items.len() <= 16 { 16 } else { 4 };
            let size: u64 = items.iter().map(|item| weight(item, false)).sum();
            self.visits = self.visits.saturating_add(size);
            whole = size.saturating_mul(each);
        }
        for (place, item) in items.iter().enumerate() {
            for next in node.prefix.get(place).into_iter().chain(&node.every_item) {
                whole = whole.saturating_add(self.whole(*next, item));
            }
        }
        whole
    }

    fn properties(&mut self, node: &Node, fields: &serde_json::Map<String, Value>) -> u64 {
        let mut whole: u64 = 0;
        for (name, value) in fields {
            let length = name.len() as u64;
            whole = whole.saturating_add(node.name_pattern.saturating_mul(length / 8 + 1));
            for next in &node.names {
                whole = whole.saturating_add(self.leaves.get(*next).map_or(0, |leaf| leaf.on(length)));
            }
            match node.properties.get(name) {
                Some(next) => whole = whole.saturating_add(self.whole(*next, value)),
                None => {
                    for next in &node.other_properties {
                        whole = whole.saturating_add(self.whole(*next, value));
                    }
                }
            }
            for next in &node.every_property {
                whole = whole.saturating_add(self.whole(*next, value));
            }
        }
        whole
    }
}
