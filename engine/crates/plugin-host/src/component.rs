//! From a file to a component, and whether it asks for nothing but what the contract offers.

use wasmparser::{Parser, Payload};
use wasmtime::{
    Engine,
    component::{Component, types::ComponentItem},
};
use wit_component::ComponentEncoder;

use crate::HostError;

const PACKAGE: &str = "patchbay:connector/";
pub const VERSION: &str = "0.1.0";
const EXPORTS: [&str; 6] = ["describe", "addresses", "accept", "parse", "perform", "resume"];

/// Compiles a component, or a core module that becomes one.
pub fn compile(engine: &Engine, bytes: &[u8]) -> Result<Component, HostError> {
    let component = if Parser::is_component(bytes) {
        Component::new(engine, bytes)
    } else if Parser::is_core_wasm(bytes) {
        Component::new(engine, componentise(bytes)?)
    } else {
        return Err(HostError::NotWebAssembly("it does not begin with \\0asm".to_owned()));
    };
    component.map_err(|error| HostError::Compile(format!("{error:#}")))
}

fn componentise(module: &[u8]) -> Result<Vec<u8>, HostError> {
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload.map_err(|error| HostError::NotWebAssembly(error.to_string()))?;
        let Payload::ImportSection(imports) = payload else { continue };
        for import in imports.into_imports() {
            let import = import.map_err(|error| HostError::NotWebAssembly(error.to_string()))?;
            offered(import.module)?;
        }
    }
    let encode = || ComponentEncoder::default().validate(true).module(module)?.encode();
    encode().map_err(|error| HostError::NoContract(error.root_cause().to_string()))
}

/// Refuses a component that the engine could not call, naming the first thing that is wrong.
pub fn check(engine: &Engine, component: &Component) -> Result<(), HostError> {
    let component = component.component_type();
    component.imports(engine).try_for_each(|(name, _)| offered(name))?;
    for export in EXPORTS {
        let found = component
            .exports(engine)
            .any(|(name, item)| name == export && matches!(item.ty, ComponentItem::ComponentFunc(_)));
        if !found {
            return Err(HostError::MissingExport(export));
        }
    }
    Ok(())
}

fn offered(import: &str) -> Result<(), HostError> {
    if import.starts_with("wasi:") || import.starts_with("wasi_") {
        return Err(HostError::Wasi(import.to_owned()));
    }
    let Some(named) = import.strip_prefix(PACKAGE) else { return Err(HostError::UnknownImport(import.to_owned())) };
    match named.split_once('@') {
        Some(("types" | "crypto" | "log", VERSION)) => Ok(()),
        Some((_, VERSION)) | None => Err(HostError::UnknownImport(import.to_owned())),
        Some(_) => Err(HostError::Version { import: import.to_owned(), offered: VERSION }),
    }
}
