//! Programs in Python, each in an environment of its own, outside the clone: they serve the next run and every clone.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, bail};

use crate::command::{run, succeeds};

/// Beside what was installed: what was asked for.
const INSTALLED: &str = "installed.txt";

/// Installs what a file of requirements pins, by version and hash, where that has not been done since it changed, and
/// answers the folder of its programs.
pub fn install(name: &str, requirements: &Path) -> Result<PathBuf> {
    let environment = cache()?.join("python").join(name);
    let programs = environment.join("bin");
    let wanted = fs::read_to_string(requirements).with_context(|| requirements.display().to_string())?;
    if fs::read_to_string(environment.join(INSTALLED)).is_ok_and(|installed| installed == wanted) {
        return Ok(programs);
    }
    if !succeeds(Command::new("python3").args(["-c", "import sys; sys.exit(sys.version_info < (3, 11))"])) {
        bail!("Python is missing, which {name} is written in: install Python 3.11 or later");
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
    let arguments = ["install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--requirement"];
    run(Command::new(programs.join("pip")).args(arguments).arg(requirements))
        .with_context(|| format!("{name} cannot be had from PyPI"))?;
    fs::write(environment.join(INSTALLED), wanted)?;
    Ok(programs)
}

/// The folder of .ci/run.
fn cache() -> Result<PathBuf> {
    if let Some(named) = env::var_os("PATCHBAY_CI_CACHE") {
        return Ok(named.into());
    }
    let home = env::var_os("HOME").context("neither PATCHBAY_CI_CACHE nor HOME is set")?;
    Ok(Path::new(&home).join(".cache/patchbay-ci"))
}
