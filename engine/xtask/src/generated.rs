//! The proof that `cargo xtask new-connector` writes what works: a connector in a workspace of its own beside cargo's
//! target folder, with the dependencies of this one, formatted, tested, and made a component for the engine's tests.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::command::{Project, cargo, run};
use crate::{new_connector, plugins};

const NAME: &str = "acme-chat";

/// Writes, tests and builds the connector: the component goes to `out`, its fixtures stay in `new-connector` beside it.
pub fn build(project: &Project, out: &Path) -> Result<()> {
    let folder = project.target.join("new-connector");
    prepare(project, &folder).with_context(|| format!("{} cannot be prepared", folder.display()))?;
    new_connector::write(&folder, NAME)?;
    let cargo = || {
        let mut cargo = cargo(&folder);
        // A target folder of its own, which stays.
        cargo.env("CARGO_TARGET_DIR", folder.join("target"));
        cargo
    };
    run(cargo().args(["fmt", "--check"]))?;
    run(cargo().args(["test", "--quiet", "--offline"]))?;
    // WebAssembly is built where the others are, with their standard library.
    let generated = Project { target: project.target.clone(), ..Project::at(&folder)? };
    plugins::build_of(&generated, plugins::SHIPPED, out, &[])
}

/// A workspace without members that is otherwise the project's.
fn prepare(project: &Project, folder: &Path) -> Result<()> {
    let plugins = folder.join("plugins");
    if plugins.exists() {
        fs::remove_dir_all(plugins)?;
    }
    fs::create_dir_all(folder)?;
    for file in ["Cargo.lock", "rustfmt.toml", "clippy.toml"] {
        fs::copy(project.root.join(file), folder.join(file))?;
    }
    let manifest = fs::read_to_string(project.root.join("Cargo.toml"))?;
    fs::write(folder.join("Cargo.toml"), emptied(&manifest, &project.root)?)?;
    Ok(())
}

fn emptied(manifest: &str, root: &Path) -> Result<String> {
    let sections = manifest.split_once("members = [").zip(manifest.find("[workspace.package]"));
    let Some(((before, _), package)) = sections else { bail!("Cargo.toml has no members or no [workspace.package]") };
    let shared = manifest.get(package..).unwrap_or_default();
    let absolute = format!("path = \"{}/", root.display());
    Ok(format!("{before}members = []\n\n{}", shared.replace("path = \"", &absolute)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_keeps_all_but_its_members() {
        let manifest = "[workspace]\nresolver = \"3\"\nmembers = [\"a\"]\ndefault-members = [\"a\"]\n\n\
                        [workspace.package]\nedition = \"2024\"\n\n[workspace.dependencies]\na = { path = \"a\" }\n";
        let emptied: toml::Table = emptied(manifest, Path::new("/project")).unwrap().parse().unwrap();
        let workspace = &emptied["workspace"];
        assert_eq!(workspace["resolver"].as_str(), Some("3"));
        assert_eq!(workspace["members"].as_array().unwrap().len(), 0);
        assert_eq!(workspace["package"]["edition"].as_str(), Some("2024"));
        assert_eq!(workspace["dependencies"]["a"]["path"].as_str(), Some("/project/a"));
    }
}
