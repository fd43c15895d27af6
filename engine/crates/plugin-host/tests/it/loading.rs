//! A file that cannot be used is refused with a sentence that says what to do.

use patchbay_plugin_host::{HostConfig, HostError, PluginHost};

use crate::{
    guest::Guest,
    world::{host, load, until},
};

async fn refusal(file: Vec<u8>) -> HostError {
    host(HostConfig::default()).load(file).await.unwrap_err()
}

fn component(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

#[tokio::test]
async fn a_module_or_component_that_wants_wasi_is_told_how_to_be_built() {
    let preview1 = r#"(import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))"#;
    let module = refusal(Guest::default().imports(preview1).build()).await;
    assert!(matches!(&module, HostError::Wasi(import) if import == "wasi_snapshot_preview1"), "{module:?}");
    let wants = r#"(component (import "wasi:cli/environment@0.2.0" (instance)))"#;
    let component = refusal(component(wants)).await;
    assert!(matches!(&component, HostError::Wasi(import) if import == "wasi:cli/environment@0.2.0"), "{component:?}");
    for error in [module, component] {
        let sentence = error.to_string();
        assert!(sentence.contains("wasm32-unknown-unknown") && sentence.contains("disableFeatures"), "{sentence}");
    }
}

/// As componentize-js makes it when a feature is left on: what is offered, then what is not.
#[tokio::test]
async fn the_one_import_that_is_too_many_is_named_among_those_that_are_offered() {
    let wants = r#"(component
        (import "patchbay:connector/types@0.1.0" (instance))
        (import "patchbay:connector/crypto@0.1.0" (instance))
        (import "wasi:random/random@0.2.10" (instance)))"#;
    let error = refusal(component(wants)).await;
    assert!(matches!(&error, HostError::Wasi(import) if import == "wasi:random/random@0.2.10"), "{error:?}");
}

#[tokio::test]
async fn an_import_that_is_not_offered_is_named() {
    let module = refusal(Guest::default().imports(r#"(import "env" "abort" (func))"#).build()).await;
    assert!(matches!(&module, HostError::UnknownImport(import) if import == "env"), "{module:?}");
    for import in ["acme:net/sockets@1.0.0", "patchbay:connector/files@0.1.0"] {
        let error = refusal(component(&format!(r#"(component (import "{import}" (instance)))"#))).await;
        assert!(matches!(&error, HostError::UnknownImport(named) if named == import), "{error:?}");
        let sentence = error.to_string();
        assert!(sentence.contains(import) && sentence.contains("remove what needs it"), "{sentence}");
    }
}

#[tokio::test]
async fn another_version_of_the_contract_is_named_beside_ours() {
    let error = refusal(Guest::default().contract_version("0.2.0").build()).await;
    assert!(matches!(&error, HostError::Version { import, .. } if import.ends_with("@0.2.0")), "{error:?}");
    assert!(error.to_string().contains("0.1.0") && error.to_string().contains("rebuild"), "{error}");
    for version in ["0.2.0", "1.0.0"] {
        let import = format!("patchbay:connector/log@{version}");
        let error = refusal(component(&format!(r#"(component (import "{import}" (instance)))"#))).await;
        assert!(matches!(&error, HostError::Version { import: named, .. } if *named == import), "{error:?}");
        assert!(error.to_string().contains(&import), "{error}");
    }
}

#[tokio::test]
async fn what_is_missing_or_not_webassembly_is_said() {
    for nonsense in [&b""[..], b"\0asm", b"#!/bin/sh", b"\0asm\x01\0\0\0nonsense", b"\0asm\x0d\0\x01\0nonsense"] {
        let error = refusal(nonsense.to_vec()).await;
        assert!(matches!(error, HostError::NotWebAssembly(_) | HostError::Compile(_)), "{nonsense:?}: {error:?}");
    }
    let bare = refusal(component("(module)")).await;
    assert!(bare.to_string().contains("patchbay-plugin-sdk"), "{bare}");
    let empty = refusal(component("(component)")).await;
    assert!(matches!(empty, HostError::MissingExport("describe")), "{empty:?}");
    let other = refusal(component(r#"(module (func (export "describe")))"#)).await;
    assert!(other.to_string().contains("patchbay-plugin-sdk"), "{other}");
    let half = refusal(Guest::default().without("resume").build()).await;
    assert!(half.to_string().contains("resume"), "{half}");
}

#[tokio::test]
async fn an_export_of_another_type_is_refused() {
    let odd = r#"(component
        (core module $m (func (export "f")))
        (core instance $i (instantiate $m))
        (func $f (canon lift (core func $i "f")))
        (export "describe" (func $f)) (export "addresses" (func $f)) (export "accept" (func $f))
        (export "parse" (func $f)) (export "perform" (func $f)) (export "resume" (func $f)))"#;
    let error = refusal(component(odd)).await;
    assert!(matches!(error, HostError::WrongType(_)), "{error:?}");
}

#[tokio::test]
async fn a_manifest_that_cannot_be_true_is_refused() {
    let shouting = refusal(Guest { id: "Shouting", ..Guest::default() }.build()).await;
    assert!(shouting.to_string().contains("lower-case"), "{shouting}");
    let schema = refusal(Guest { config_schema: "{", ..Guest::default() }.build()).await;
    assert!(schema.to_string().contains("config-schema"), "{schema}");
}

#[tokio::test]
async fn more_memory_than_the_limit_is_refused_at_once() {
    let config = HostConfig { memory_bytes: 1 << 20, ..HostConfig::default() };
    let mut large = Guest::default();
    large.put(&vec![0; 2 << 20]);
    let error = host(config).load(large.build()).await.unwrap_err();
    assert!(error.to_string().contains("memory"), "{error}");
}

#[tokio::test]
async fn the_defaults_make_a_host() {
    let host = PluginHost::new(HostConfig::default()).unwrap();
    assert_eq!(host.load(Guest::default().build()).await.unwrap().manifest().id, "test");
}

#[tokio::test]
async fn the_digest_is_that_of_the_file() {
    let (one, same) = (load(Guest::default()).await, load(Guest::default()).await);
    let other = load(Guest { version: "1.0.1", ..Guest::default() }).await;
    assert_eq!(one.digest(), same.digest());
    assert_ne!(one.digest(), other.digest());
    assert_eq!(one.digest().len(), 64);
}

#[tokio::test]
async fn compiled_code_is_kept_in_a_folder_for_the_engine_alone() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("a/cache");
    let config = HostConfig { cache_dir: Some(cache.clone()), ..HostConfig::default() };
    host(config.clone()).load(Guest::default().build()).await.unwrap();
    until("the compiled code", || files(&cache) > 0).await;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&cache).unwrap().permissions().mode() & 0o777, 0o700);
    }
    assert_eq!(host(config).load(Guest::default().build()).await.unwrap().manifest().id, "test");
}

fn files(folder: &std::path::Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries.map(|entry| entry.unwrap().path()).map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}
