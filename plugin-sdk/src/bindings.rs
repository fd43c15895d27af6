//! The contract as Rust, generated from `wit/connector.wit`; nothing is written by hand here.
#![expect(clippy::pedantic, clippy::too_many_arguments, reason = "generated code")]

wit_bindgen::generate!({
    world: "connector",
    path: "wit",
    additional_derives: [Clone, PartialEq],
    generate_unused_types: true,
    pub_export_macro: true,
    export_macro_name: "export_component",
    default_bindings_module: "patchbay_plugin_sdk::bindings",
});
