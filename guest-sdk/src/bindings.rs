//! The world `pocket:tool/typed-tool`, generated from the WIT that the host reads too.

#![allow(
    missing_docs,
    unsafe_code,
    clippy::allow_attributes_without_reason,
    reason = "generated code lifts and lowers values by hand"
)]

wit_bindgen::generate!({
    path: "wit",
    world: "typed-tool",
    pub_export_macro: true,
    export_macro_name: "__export_typed_tool",
    default_bindings_module: "pocket_tool::bindings",
});
