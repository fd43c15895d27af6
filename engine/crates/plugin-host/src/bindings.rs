//! What wasmtime makes of the contract. Only this crate sees these types.

wasmtime::component::bindgen!({
    world: "connector",
    path: "../../../plugin-sdk/wit",
    exports: { default: async },
});
