//! Whatever a form can hold comes back from it as it was.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Field, Path, fill::fill, read};
use crate::browser::Fields;

/// A schema and a value that fits it.
fn schema_and_value() -> impl Strategy<Value = (Value, Value)> {
    let text = "[a-zA-Z0-9 <>&\"'/~|\\n\u{e9}\u{1f600}]{0,12}";
    let leaf = prop_oneof![
        text.prop_map(|text| (json!({ "type": "string" }), json!(text))),
        any::<i64>().prop_map(|number| (json!({ "type": "integer" }), json!(number))),
        any::<i32>().prop_map(|number| (json!({ "type": "number" }), json!(f64::from(number) / 8.0))),
        any::<bool>().prop_map(|truth| (json!({ "type": "boolean" }), json!(truth))),
        (0_usize..3).prop_map(|which| (json!({ "enum": ["x", 2, null] }), json!(["x", 2, null])[which].clone())),
        text.prop_map(|text| (json!({}), json!([text, { "a": null }]))),
        any::<Option<i32>>().prop_map(|value| (json!({ "type": ["null", "integer"] }), json!(value))),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let key = "[a-z/~|]{1,4}";
        let fields = prop::collection::btree_map(key, (inner.clone(), any::<bool>(), any::<bool>()), 1..4);
        let rows = (inner.clone(), 0_usize..4).prop_map(|((schema, value), rows)| {
            let items = vec![value; rows];
            (json!({ "type": "array", "items": schema }), json!(items))
        });
        let one_of = (inner.clone(), inner, any::<bool>()).prop_map(|(one, other, first)| {
            let value = if first { one.1 } else { other.1 };
            (json!({ "oneOf": [one.0, other.0] }), value)
        });
        prop_oneof![fields.prop_map(object), rows, one_of]
    })
}

/// Each field required or not, and given or not.
fn object(fields: std::collections::BTreeMap<String, ((Value, Value), bool, bool)>) -> (Value, Value) {
    let (mut properties, mut required, mut values) = (Map::new(), Vec::new(), Map::new());
    for (name, ((schema, value), is_required, is_given)) in fields {
        properties.insert(name.clone(), schema);
        if is_required {
            required.push(name.clone());
        }
        if is_required || is_given {
            values.insert(name, value);
        }
    }
    let schema = json!({ "type": "object", "properties": properties, "required": required });
    (schema, Value::Object(values))
}

proptest! {
    #[test]
    fn a_value_in_a_form_comes_back_the_same((schema, value) in schema_and_value()) {
        let form = Field::of_schema(&schema);
        let mut typed = Fields::new();
        // A text that may be left out and is empty stands for itself in raw JSON alone.
        prop_assume!(fill(&form, &value, &Path::root(), &mut typed));
        // As a browser sends it, with every line break as two letters.
        let sent = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(typed.iter().map(|(name, value)| (name, value.replace('\n', "\r\n"))))
            .finish();
        let typed: Fields = url::form_urlencoded::parse(sent.as_bytes()).into_owned().collect();
        let (text, errors) = read(&form, &typed);
        prop_assert!(errors.is_empty(), "{errors:?}");
        let back: Value = serde_json::from_str(&text).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(back, value);
    }

    #[test]
    fn whatever_is_sent_is_read(
        (schema, _) in schema_and_value(),
        typed in prop::collection::btree_map("[?#:]?(/[a-z]|\\|[0-9]|/[0-9]){0,4}", "[0-9a-z{}\"]{0,4}", 0..12),
    ) {
        let form = Field::of_schema(&schema);
        let (text, errors) = read(&form, &typed);
        prop_assert!(!errors.is_empty() || serde_json::from_str::<Value>(&text).is_ok(), "{text}");
    }
}
