//! `cargo xtask plugins`: each connector under `plugins/` as a component, `<name>.wasm`.
//!
//! A connector is a folder whose package is called `patchbay-plugin-<folder>` and makes a `cdylib`; a package that makes
//! none is a library that connectors share. Cargo knows what has to be built again.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use serde_json::Value;
use wit_component::ComponentEncoder;

use crate::command::Project;
use crate::toolchain::Toolchain;

#[derive(Args)]
pub struct Arguments {
    /// Where the components go [default: plugins in cargo's target folder]
    #[arg(long)]
    out: Option<PathBuf>,
    /// Folders under plugins/ [default: all]
    names: Vec<String>,
}

pub fn plugins(arguments: &Arguments) -> Result<()> {
    let default = || Ok::<_, anyhow::Error>(Project::find()?.target.join("plugins"));
    let out = arguments.out.clone().map_or_else(default, Ok)?;
    build(&out, &arguments.names)
}

/// Builds the connectors of these names, or all of them, into the folder `out`.
pub fn build(out: &Path, names: &[String]) -> Result<()> {
    let project = Project::find()?;
    let packages = packages(&project.root.join("plugins"), names)?;
    fs::create_dir_all(out).with_context(|| format!("the folder {} cannot be made", out.display()))?;
    let started = Instant::now();

    let mut cargo = Toolchain::find(&project.root)?.cargo_build(&project);
    cargo.args(["--profile", "plugin", "--lib", "--message-format", "json-render-diagnostics"]);
    cargo.args(packages.iter().flat_map(|package| ["--package", package]));
    let mut running = cargo.stdout(Stdio::piped()).spawn().context("cargo could not be started")?;
    let messages = running.stdout.take().context("cargo's output is not there")?;
    let mut built = 0;
    for line in BufReader::new(messages).lines() {
        let Some((name, module)) = connector(&line?) else { continue };
        let size = componentise(&module, &out.join(&name).with_extension("wasm"))?;
        println!("{name:<12} {:>6} kB {:>7.1} s", size.div_ceil(1000), started.elapsed().as_secs_f32());
        built += 1;
    }
    let status = running.wait()?;
    ensure!(status.success(), "the connectors could not be built: cargo ended with {status}");
    ensure!(built > 0 || names.is_empty(), "{} is no connector: it makes no cdylib", names.join(", "));
    println!("{built} connectors are in {}", out.display());
    Ok(())
}

fn packages(folder: &Path, names: &[String]) -> Result<Vec<String>> {
    let mut known = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let entry = entry?;
        if entry.path().join("Cargo.toml").is_file() {
            known.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    known.sort();
    if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
        bail!("there is no connector {unknown}; there are {}", known.join(", "));
    }
    let wanted = if names.is_empty() { &known } else { names };
    Ok(wanted.iter().map(|name| format!("patchbay-plugin-{name}")).collect())
}

/// A connector's folder and its core module, if this message of cargo's says that one is ready.
fn connector(message: &str) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_str(message).ok()?;
    if message.get("reason")? != "compiler-artifact" {
        return None;
    }
    let mut files = message.get("filenames")?.as_array()?.iter().filter_map(Value::as_str).map(PathBuf::from);
    let module = files.find(|file| file.extension().is_some_and(|extension| extension == "wasm"))?;
    let folder = Path::new(message.get("manifest_path")?.as_str()?).parent()?;
    Some((folder.file_name()?.to_str()?.to_owned(), module))
}

/// Writes the component, in one go and only if it changed, because an engine may be watching the folder.
fn componentise(module: &Path, component: &Path) -> Result<usize> {
    let core = fs::read(module).with_context(|| format!("{} cannot be read", module.display()))?;
    let bytes = ComponentEncoder::default()
        .validate(true)
        .module(&core)
        .and_then(ComponentEncoder::encode)
        .with_context(|| format!("{} cannot be made a component", module.display()))?;
    if fs::read(component).is_ok_and(|present| present == bytes) {
        return Ok(bytes.len());
    }
    let unfinished = component.with_extension("unfinished");
    fs::write(&unfinished, &bytes)
        .and_then(|()| fs::rename(&unfinished, component))
        .with_context(|| format!("{} cannot be written", component.display()))?;
    Ok(bytes.len())
}
