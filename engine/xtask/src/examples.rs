//! Connectors in other languages than Rust, each a folder of `plugins/examples` with a `package.json`: `npm install`
//! where its packages are not those of the lock file, then `node build.js <component>`, and its own tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::command::{Project, run};
use crate::npm;

const FOLDER: &str = "plugins/examples";

/// Builds each example into the folder `out` as `<folder>.wasm`, and runs its tests.
pub fn build(project: &Project, out: &Path) -> Result<()> {
    for example in examples(&project.root.join(FOLDER))? {
        let name = example.file_name().unwrap_or_default().to_owned();
        npm::install(&example)?;
        run(npm::npm(&example).arg("test"))?;
        run(Command::new("node").arg("build.js").arg(out.join(name).with_extension("wasm")).current_dir(&example))?;
    }
    Ok(())
}

/// In the order of their names.
fn examples(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut examples: Vec<PathBuf> = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    examples.retain(|example| example.join("package.json").is_file());
    examples.sort();
    Ok(examples)
}
