//! Which bytes are a tool, of which kind, and what is told of those that are not.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;

use super::inspect::{Inspected, inspect};
use crate::package::ComponentKind;

/// Without names, so that the file ends with the export.
pub(crate) const COMMAND: &str = r#"(component
    (import "wasi:cli/environment@0.2.6" (instance))
    (instance)
    (export "wasi:cli/run@0.2.6" (instance 1)))"#;

fn look(text: &str) -> Result<Inspected, Vec<String>> {
    inspect(&wat::parse_str(text).unwrap()).map_err(|faults| faults.into_iter().map(|fault| fault.message).collect())
}

#[test]
fn what_a_component_exports_says_which_way_it_is_a_tool() {
    let command = look(COMMAND).unwrap();
    assert_eq!(command.kind, ComponentKind::Command);
    assert_eq!(command.imports[0].0, "wasi:cli/environment@0.2.6");
    let both = r#"(component (instance $i)
        (export "wasi:cli/run@0.2.0" (instance $i))
        (export "pocket:tool/tool@0.1.0" (instance $i)))"#;
    assert_eq!(look(both).unwrap().kind, ComponentKind::Typed);
}

#[test]
fn a_component_that_is_no_tool_is_told_both_ways_to_be_one() {
    assert_eq!(
        look("(component)").unwrap_err(),
        ["it exports neither `wasi:cli/run@0.2` nor `pocket:tool/tool@0.1.0`: found nothing"]
    );
    let other = r#"(component (instance $i) (export "wasi:http/incoming-handler@0.2.0" (instance $i)))"#;
    let faults = inspect(&wat::parse_str(other).unwrap()).unwrap_err();
    assert!(faults[0].message.ends_with("found `wasi:http/incoming-handler@0.2.0`"));
    assert!(faults[0].hint.unwrap().contains("this is a server"));
    // The name alone is not enough.
    let function = r#"(component (component $c) (export "pocket:tool/tool@0.1.0" (component $c)))"#;
    assert!(look(function).is_err());
}

#[test]
fn what_nothing_gives_is_refused_by_name_all_at_once() {
    let text = r#"(component
        (import "wasi:keyvalue/store@0.2.0" (instance))
        (import "wasi:io/poll@0.3.0" (instance))
        (import "wasi:io/poll@0.2.0" (instance))
        (import "log" (func)))"#;
    let faults = look(text).unwrap_err();
    assert_eq!(
        faults,
        [
            "nothing here gives this import: `wasi:keyvalue/store@0.2.0`",
            "WASI 0.3 is not supported yet: it imports `wasi:io/poll@0.3.0`",
            "only interfaces are imported: found the func `log`",
            "it exports neither `wasi:cli/run@0.2` nor `pocket:tool/tool@0.1.0`: found nothing",
        ]
    );
}

#[test]
fn what_is_not_a_component_is_told_apart() {
    let message = |bytes: &[u8]| inspect(bytes).unwrap_err()[0].message.clone();
    assert!(message(&wat::parse_str("(module)").unwrap()).starts_with("this is a core module (wasm32-wasip1?)"));
    assert_eq!(message(b"#!/bin/sh"), "this is not WebAssembly");
    assert_eq!(message(b""), "the file is empty");
    assert_eq!(
        message(b"\0asm\x09\0\0\0"),
        "this is WebAssembly of a version that is not known here"
    );
}

#[test]
fn a_component_cut_short_anywhere_is_refused() {
    let whole = wat::parse_str(COMMAND).unwrap();
    for length in 0..whole.len() {
        assert!(inspect(&whole[..length]).is_err(), "{length}");
    }
    assert!(inspect(&whole).is_ok());
}

#[test]
fn names_of_any_length_do_not_flood_an_error() {
    let name = "x".repeat(10_000);
    let faults = look(&format!(
        "(component (import \"{name}\" (func)) (component $c) (export \"{name}\" (component $c)))"
    ));
    for message in faults.unwrap_err() {
        assert!(message.len() < 400, "{message}");
    }
    let exports: String = (0..10_000)
        .map(|n| format!("(export \"e{n}\" (component $c))"))
        .collect();
    let faults = look(&format!("(component (component $c) {exports})")).unwrap_err();
    assert!(
        faults[0].ends_with("`e0`, `e1`, `e2`, `e3`, `e4`, and 9995 more"),
        "{}",
        faults[0]
    );
    let imports: String = (0..10_000).map(|n| format!("(import \"i{n}\" (func))")).collect();
    assert!(look(&format!("(component {imports})")).unwrap_err().len() <= 22);
}

/// A command that instantiates modules so often.
fn instances(core: usize) -> String {
    let instances = "(core instance (instantiate $m))".repeat(core);
    format!(
        "(component (core module $m (memory 1) (table 1 funcref)) {instances} (instance $r) (export \"wasi:cli/run@0.2.0\" (instance $r)))"
    )
}

#[test]
fn more_instances_memories_or_tables_than_a_slot_has_are_refused() {
    assert!(look(&instances(4)).is_ok());
    assert_eq!(
        look(&instances(5)).unwrap_err(),
        ["a component has at most 4 memories: 5"]
    );
    let many = instances(33).replace("(memory 1) (table 1 funcref)", "");
    assert_eq!(
        look(&many).unwrap_err(),
        ["a component has at most 32 core instances: 33"]
    );
    let tables = instances(3).replace("(table 1 funcref)", &"(table 1 funcref)".repeat(3));
    assert_eq!(look(&tables).unwrap_err(), ["a component has at most 8 tables: 9"]);
}

#[test]
fn instances_of_components_in_components_are_counted_as_often_as_they_are_made() {
    let text = r#"(component
        (component $inner
            (core module $m (memory 1))
            (core instance (instantiate $m))
            (core instance (instantiate $m)))
        (component $middle
            (alias outer 1 $inner (component $i))
            (instance (instantiate $i))
            (instance (instantiate $i)))
        (instance (instantiate $middle))
        (instance (instantiate $middle))
        (instance $r) (export "wasi:cli/run@0.2.0" (instance $r)))"#;
    assert_eq!(look(text).unwrap_err(), ["a component has at most 4 memories: 8"]);
}

#[test]
fn what_an_instance_exports_is_not_instantiated_uncounted() {
    let text = |times: usize| {
        let instances = "(core instance (instantiate $again))".repeat(times);
        format!(
            r#"(component
                (component $c (core module $m (memory 1)) (export "m" (core module $m)))
                (instance $i (instantiate $c))
                (alias export $i "m" (core module $again))
                {instances}
                (instance $r) (export "wasi:cli/run@0.2.0" (instance $r)))"#
        )
    };
    assert!(look(&text(0)).is_ok());
    let refused = look(&text(1)).unwrap_err();
    assert!(
        refused[0].ends_with("so that nobody can count what it makes"),
        "{refused:?}"
    );
}

/// Each of `many` components compares a type of `wide` exports `often`.
fn compared(wide: usize, many: usize, often: usize) -> Vec<u8> {
    use std::fmt::Write as _;
    let mut text =
        String::from("(component (instance $r) (export \"wasi:cli/run@0.2.0\" (instance $r))(type $T (instance ");
    for at in 0..wide {
        write!(text, "(export \"e{at}\" (func))").unwrap();
    }
    text.push_str("))(component $c (alias outer 1 $T (type $U)) (import \"a\" (instance (type $U))))");
    for _ in 0..many {
        text.push_str("(component (alias outer 1 $T (type $U)) (alias outer 1 $c (component $x)) (import \"a\" (instance $a (type $U)))");
        text.push_str(&"(instance (instantiate $x (with \"a\" (instance $a))))".repeat(often));
        text.push(')');
    }
    text.push(')');
    wat::parse_str(text).unwrap()
}

#[test]
fn a_component_that_is_made_to_take_long_is_given_up() {
    use std::time::Duration;

    use super::validate::{NotValid, validate_within};

    let component = compared(1_000, 2, 20);
    assert!(validate_within(&component, Duration::from_secs(60)).is_ok());
    assert!(inspect(&component).is_ok());
    let bomb = compared(20_000, 20, 900);
    let given_up = validate_within(&bomb, Duration::from_millis(300));
    assert!(matches!(given_up, Err(NotValid::TooLong(_))), "{given_up:?}");
}

#[test]
fn an_instruction_that_the_engine_does_not_have_is_refused() {
    // The bodies of functions are left to the compiler; what a module declares is not.
    let of = |module: &str| {
        look(&format!(
            "(component (core module {module}) (instance $r) (export \"wasi:cli/run@0.2.0\" (instance $r)))"
        ))
    };
    assert!(of("(memory 1) (memory 1)").is_ok());
    assert!(of("(global i32 (i32.add (i32.const 1) (i32.const 2)))").is_ok());
    for module in ["(memory i64 1)", "(tag)", "(type (struct))", "(memory 1 2 shared)"] {
        assert!(of(module).is_err(), "{module}");
    }
}

/// Two types of `exports` exports, each an enum of `cases`, and one instantiation that compares them: a single item.
fn compared_at_once(cases: usize, exports: usize) -> String {
    let cases: String = (0..cases).map(|at| format!(" \"c{at}\"")).collect();
    let exports: String = (0..exports)
        .map(|at| format!("(export \"e{at}\" (type (eq 0)))"))
        .collect();
    let of = format!("(instance (type (enum{cases})) {exports})");
    format!(
        r#"(component (instance $r) (export "wasi:cli/run@0.2.0" (instance $r)) (type $A {of}) (type $B {of})
            (component $c (alias outer 1 $A (type $U)) (import "a" (instance (type $U))))
            (import "wasi:io/poll@0.2.0" (instance $i (type $B)))
            (instance (instantiate $c (with "a" (instance $i)))))"#
    )
}

#[test]
fn one_item_that_takes_long_to_compare_is_refused_before_it_is_compared() {
    assert!(look(&compared_at_once(100, 100)).is_ok());
    let before = std::time::Instant::now();
    let refused = look(&compared_at_once(10_000, 4_000)).unwrap_err();
    assert!(
        refused[0].starts_with("the types of a component weigh at most"),
        "{refused:?}"
    );
    assert!(before.elapsed() < std::time::Duration::from_secs(20));
}

#[test]
fn components_do_not_nest_without_end() {
    let nested = |levels: usize| {
        let text = format!(
            "(component {}{} (instance $r) (export \"wasi:cli/run@0.2.0\" (instance $r)))",
            "(component ".repeat(levels),
            ")".repeat(levels)
        );
        look(&text)
    };
    assert!(nested(16).is_ok());
    assert_eq!(
        nested(17).unwrap_err(),
        ["components stand in each other at most 16 levels deep"]
    );
}

#[test]
fn what_does_not_validate_is_refused() {
    let mut bytes = wat::parse_str(COMMAND).unwrap();
    // The index of the exported instance.
    let at = bytes.iter().rposition(|byte| *byte == 0x05).unwrap() + 1;
    bytes[at] = 0x70;
    let message = &inspect(&bytes).unwrap_err()[0].message;
    assert!(message.starts_with("it is not a valid component: "), "{message}");
    // A feature that the engine does not have.
    let wide = r#"(component (core module (memory i64 1)) (instance $r) (export "wasi:cli/run@0.2.0" (instance $r)))"#;
    assert!(look(wide).unwrap_err()[0].contains("memory64"));
}

proptest! {
    #[test]
    fn any_bytes_after_a_component_header_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut component = b"\0asm\x0d\0\x01\0".to_vec();
        component.extend(bytes);
        let _ = inspect(&component);
    }

    #[test]
    fn a_component_with_a_bit_flipped_is_answered(at in 0_usize..1_000_000, bit in 0_u8..8) {
        let mut bytes = wat::parse_str(instances(4)).unwrap();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        let _ = inspect(&bytes);
    }
}
