//! `cargo xtask plugins`: each connector under `plugins/` as a component, `<folder>.wasm`.
//!
//! A connector is a package that makes a `cdylib`; other packages there are libraries that connectors share. Cargo knows
//! what has to be built again.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::Value;
use wit_component::ComponentEncoder;

use crate::command::{self, Project};
use crate::toolchain::Toolchain;
use crate::{examples, generated};

#[derive(Args)]
pub struct Arguments {
    /// Where the components go [default: plugins in cargo's target folder]
    #[arg(long)]
    out: Option<PathBuf>,
    /// The connectors of the engine's tests as well, which misbehave [default: test-plugins in cargo's target folder]
    #[arg(long)]
    guests: bool,
    /// Those in other languages, built with npm, and a new one instead [default: example-plugins in cargo's target folder]
    #[arg(long, conflicts_with_all = ["guests", "names"])]
    examples: bool,
    /// Folders under plugins/ [default: all connectors]
    names: Vec<String>,
}

/// The folders of the connectors that are installed.
pub const SHIPPED: &[&str] = &["plugins"];
/// These and those that only tests load.
pub const TESTED: &[&str] = &["plugins", "engine/tests/guests"];

/// Where those go that are only examples, in cargo's target folder.
pub const EXAMPLES: &str = "example-plugins";

pub fn plugins(arguments: &Arguments) -> Result<()> {
    let Arguments { out, guests, examples, names } = arguments;
    if *examples {
        let project = Project::find()?;
        let out = out.clone().unwrap_or_else(|| project.target.join(EXAMPLES));
        examples::build(&project, &out)?;
        return generated::build(&project, &out);
    }
    let (folders, place) = if *guests { (TESTED, "test-plugins") } else { (SHIPPED, "plugins") };
    let default = || Ok::<_, anyhow::Error>(Project::find()?.target.join(place));
    build(folders, &out.clone().map_or_else(default, Ok)?, names)
}

/// Builds the connectors of these names, or all that lie in the folders, into the folder `out`.
pub fn build(folders: &[&str], out: &Path, names: &[String]) -> Result<()> {
    build_of(&Project::find()?, folders, out, names)
}

/// The same for the connectors of this project.
pub fn build_of(project: &Project, folders: &[&str], out: &Path, names: &[String]) -> Result<()> {
    let all = folders.iter().flat_map(|folder| Connector::all(project, folder)).collect();
    let connectors = chosen(all, names)?;
    let toolchain = Toolchain::find(&project.root)?;
    fs::create_dir_all(out).with_context(|| format!("the folder {} cannot be made", out.display()))?;
    for connector in &connectors {
        let started = Instant::now();
        let module = connector.compile(project, &toolchain)?;
        let component = out.join(&connector.folder).with_extension("wasm");
        let size = componentise(&module, &component)?;
        println!("{} {} kB, {:.1} s", component.display(), size.div_ceil(1000), started.elapsed().as_secs_f32());
    }
    Ok(())
}

/// The packages of the connectors that are installed, with their folders, in the order of these.
pub fn packages(project: &Project) -> Vec<(String, String)> {
    let all = SHIPPED.iter().flat_map(|folder| Connector::all(project, folder));
    all.map(|connector| (connector.package, connector.folder)).collect()
}

fn chosen(known: Vec<Connector>, names: &[String]) -> Result<Vec<Connector>> {
    if names.is_empty() {
        return Ok(known);
    }
    if let Some(unknown) = names.iter().find(|&name| known.iter().all(|connector| connector.folder != *name)) {
        let folders: Vec<_> = known.into_iter().map(|connector| connector.folder).collect();
        bail!("there is no connector {unknown}; there are {}", folders.join(", "));
    }
    Ok(known.into_iter().filter(|connector| names.contains(&connector.folder)).collect())
}

struct Connector {
    folder: String,
    package: String,
    /// What the library is called in Rust.
    library: String,
}

impl Connector {
    /// In the order of their folders.
    fn all(project: &Project, folder: &str) -> Vec<Self> {
        let plugins = project.root.join(folder);
        let packages = project.metadata.get("packages").and_then(Value::as_array).into_iter().flatten();
        let mut connectors: Vec<_> = packages.filter_map(|package| Self::read(package, &plugins)).collect();
        connectors.sort_by(|a, b| a.folder.cmp(&b.folder));
        connectors
    }

    /// The package, if it lies in `plugins` and makes a `cdylib`.
    fn read(package: &Value, plugins: &Path) -> Option<Self> {
        let folder = Path::new(package.get("manifest_path")?.as_str()?).parent()?;
        let makes_cdylib = |target: &&Value| {
            let kinds = target.get("crate_types").and_then(Value::as_array);
            kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind == "cdylib"))
        };
        let library = package.get("targets")?.as_array()?.iter().find(makes_cdylib)?;
        (folder.parent()? == plugins).then_some(())?;
        Some(Self {
            folder: folder.file_name()?.to_str()?.to_owned(),
            package: package.get("name")?.as_str()?.to_owned(),
            library: library.get("name")?.as_str()?.replace('-', "_"),
        })
    }

    /// The core module. Only the `cdylib` is built: beside an `rlib`, cargo would leave out link-time optimisation.
    fn compile(&self, project: &Project, toolchain: &Toolchain) -> Result<PathBuf> {
        let mut cargo = toolchain.cargo(project, "rustc");
        command::run(cargo.args([
            "--profile",
            "plugin",
            "--package",
            &self.package,
            "--lib",
            "--crate-type",
            "cdylib",
        ]))?;
        Ok(Toolchain::output(project).join("plugin").join(&self.library).with_extension("wasm"))
    }
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
