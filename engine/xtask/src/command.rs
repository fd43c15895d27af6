//! Other programs: how they are found, shown, started and answered for.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, thread};

use anyhow::{Context, Result, bail, ensure};

/// The cargo that started us, or the one on the path.
pub fn cargo(root: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    // What cargo says of this program's package: build scripts that look at it would run again, with all that needs them.
    for (name, _) in env::vars_os() {
        let of_package = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
        if name.to_str().is_some_and(of_package) {
            command.env_remove(name);
        }
    }
    command
}

/// Where the project lies and where cargo builds it.
pub struct Project {
    pub root: PathBuf,
    pub target: PathBuf,
    /// What cargo knows of its packages.
    pub metadata: serde_json::Value,
}

impl Project {
    pub fn find() -> Result<Self> {
        Self::at(Path::new("."))
    }

    /// The project that a folder belongs to.
    pub fn at(folder: &Path) -> Result<Self> {
        let output = cargo(folder)
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .stderr(Stdio::inherit())
            .output()
            .context("cargo could not be started")?;
        ensure!(output.status.success(), "`cargo metadata` failed: {}", output.status);
        let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        let folder = |key: &str| {
            metadata
                .get(key)
                .and_then(serde_json::Value::as_str)
                .map(PathBuf::from)
                .with_context(|| format!("`cargo metadata` names no {key}"))
        };
        Ok(Self { root: folder("workspace_root")?, target: folder("target_directory")?, metadata })
    }
}

/// Shows the command, runs it to its end, and fails unless it succeeds.
pub fn run(command: &mut Command) -> Result<()> {
    let shown = shown(command);
    println!("$ {shown}");
    let status = command.status().with_context(|| format!("`{shown}` could not be started"))?;
    ensure!(status.success(), "`{shown}` failed: {status}");
    Ok(())
}

/// Whether the command can be started and succeeds; it says nothing.
pub fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Whether packages can be installed with apt-get.
pub fn on_debian_as_root() -> bool {
    let root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    root && Path::new("/etc/debian_version").exists() && succeeds(Command::new("apt-get").arg("--version"))
}

/// Asks again and again until there is an answer, or until `limit` has passed.
pub fn wait_for<T>(what: &str, limit: Duration, mut ask: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        if started.elapsed() > limit {
            bail!("{what} did not answer within {} s", limit.as_secs());
        }
        #[expect(clippy::disallowed_methods, reason = "this program has one thread and waits for another program")]
        thread::sleep(Duration::from_millis(100));
    }
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_else(|| command.get_program());
    let arguments = command.get_args().map(|argument| argument.to_string_lossy());
    [program.to_string_lossy()].into_iter().chain(arguments).collect::<Vec<_>>().join(" ")
}
