//! Whether what a component exports is what a tool is called by. wasmtime itself looks only when it is called.

use wasmtime::component::{
    Component,
    types::{ComponentFunc, ComponentItem, Type},
};

use crate::package::ComponentKind;

/// That the function by which a tool of this kind is called is there, and of its type.
///
/// # Errors
/// What is wrong.
pub(super) fn check(code: &Component, kind: ComponentKind) -> Result<(), String> {
    let (interface, name, fits): (_, _, fn(&ComponentFunc) -> bool) = match kind {
        ComponentKind::Command => ("wasi:cli/run@0.2.0", "run", is_run),
        ComponentKind::Typed => ("pocket:tool/tool@0.1.0", "invoke", is_invoke),
    };
    let found = code
        .get_export(None, interface)
        .and_then(|(_item, instance)| code.get_export(Some(&instance), name));
    match found {
        Some((ComponentItem::ComponentFunc(function), _index)) if fits(&function) && !function.async_() => Ok(()),
        Some(_other) => Err(format!(
            "its export `{name}` of `{interface}` is not the function of that name"
        )),
        None => Err(format!("it exports no `{name}` of `{interface}`")),
    }
}

/// `func() -> result`.
fn is_run(function: &ComponentFunc) -> bool {
    let results: Vec<Type> = function.results().collect();
    function.params().len() == 0
        && matches!(&results[..], [Type::Result(result)] if result.ok().is_none() && result.err().is_none())
}

/// `func(input: string) -> result<string, error>`.
fn is_invoke(function: &ComponentFunc) -> bool {
    let params: Vec<Type> = function.params().map(|(_name, ty)| ty).collect();
    let results: Vec<Type> = function.results().collect();
    let ([Type::String], [Type::Result(result)]) = (&params[..], &results[..]) else {
        return false;
    };
    matches!((result.ok(), result.err()), (Some(Type::String), Some(error)) if is_error(&error))
}

fn is_error(error: &Type) -> bool {
    let Type::Variant(error) = error else { return false };
    let expected = [
        ("invalid-input", Type::String),
        ("unauthorized", Type::String),
        ("rate-limited", Type::U32),
        ("failed", Type::String),
    ];
    let cases = error.cases();
    cases.len() == expected.len()
        && cases
            .zip(expected)
            .all(|(case, (name, ty))| case.name == name && case.ty == Some(ty))
}
