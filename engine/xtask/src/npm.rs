//! Packages of Node.js, which connectors in JavaScript are built with, and of which the tests' Prism and `socket.io-client` are some.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Result, bail};

use crate::command::{run, succeeds};

/// Installs what a folder's lock file names, where that has not been done since it changed.
pub fn install(folder: &Path) -> Result<()> {
    if !succeeds(npm(folder).arg("--version")) {
        bail!("npm is missing, which installs the packages of {}: install Node.js 20 or later", folder.display());
    }
    if has_packages(folder) {
        return Ok(());
    }
    // Not `npm ci`: it refuses a lock file because of optional packages for other machines that were never published.
    run(npm(folder).args(["install", "--no-save", "--no-audit", "--no-fund"]))
}

pub fn npm(folder: &Path) -> Command {
    let mut command = Command::new("npm");
    command.current_dir(folder);
    command
}

fn has_packages(folder: &Path) -> bool {
    let changed = |file: &str| -> Option<SystemTime> { fs::metadata(folder.join(file)).ok()?.modified().ok() };
    match (changed("node_modules/.package-lock.json"), changed("package-lock.json")) {
        (Some(installed), Some(locked)) => installed >= locked,
        _ => false,
    }
}
