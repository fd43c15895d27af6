//! What compiles a connector: a Rust that knows `wasm32-unknown-unknown`, the first of these that can be had:
//!
//! 1. the active one, with the target installed;
//! 2. Debian's `rustc-web`, with the standard library built from `rust-web-src`;
//! 3. the first, after `rustup target add`;
//! 4. the second, after `apt-get install`, as root on Debian.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::command::{self, Project, cargo, on_debian_as_root};

const TARGET: &str = "wasm32-unknown-unknown";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_PACKAGES: [&str; 2] = ["rustc-web", "rust-web-src"];

pub enum Toolchain {
    /// The active Rust has the target.
    Installed,
    /// Debian's Rust has the sources of the standard library, and another toolchain's linker may serve it.
    Debian { linker: PathBuf },
}

impl Toolchain {
    pub fn find(root: &Path) -> Result<Self> {
        let active = Compiler { program: env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()) };
        let present = || Self::installed(&active).or_else(|| Self::debian(&active));
        let added = || add_target(root).then(|| Self::installed(&active)).flatten();
        let fetched = || install_packages().then(|| Self::debian(&active)).flatten();
        match present().or_else(added).or_else(fetched) {
            Some(toolchain) => {
                println!("connectors are built with {}", toolchain.name());
                Ok(toolchain)
            }
            None => bail!(
                "no Rust here can compile to WebAssembly: run `rustup target add {TARGET}`, or on Debian, as root, \
                 `apt-get install {}`",
                DEBIAN_PACKAGES.join(" ")
            ),
        }
    }

    fn installed(active: &Compiler) -> Option<Self> {
        let libraries = active.sysroot()?.join("lib/rustlib").join(TARGET).join("lib");
        libraries.is_dir().then_some(Self::Installed)
    }

    /// The packages, if they are there and new enough for this project.
    fn debian(active: &Compiler) -> Option<Self> {
        let debian = Compiler { program: DEBIAN_RUSTC.into() };
        let sources = debian.sysroot()?.join("lib/rustlib/src/rust/library/std");
        if !sources.is_dir() || debian.version()? < version(env!("CARGO_PKG_RUST_VERSION"))? {
            return None;
        }
        let linkers =
            [active.linker(), debian.linker(), Some("/usr/bin/rust-lld".into()), Some("/usr/bin/wasm-ld".into())];
        let linker = linkers.into_iter().flatten().find(|linker| linker.is_file())?;
        Some(Self::Debian { linker })
    }

    fn name(&self) -> String {
        match self {
            Self::Installed => format!("the active Rust, which has the target {TARGET}"),
            Self::Debian { linker } => {
                format!("Debian's {DEBIAN_RUSTC} and a standard library of its own, linked by {}", linker.display())
            }
        }
    }

    /// Where the modules of each profile are.
    pub fn output(project: &Project) -> PathBuf {
        target_folder(project).join(TARGET)
    }

    /// Cargo's `subcommand` for WebAssembly.
    pub fn cargo(&self, project: &Project, subcommand: &str) -> Command {
        let mut command = cargo(&project.root);
        command.args([subcommand, "--target", TARGET]).env("CARGO_TARGET_DIR", target_folder(project));
        if let Self::Debian { linker } = self {
            command
                .arg("-Zbuild-std=std,panic_abort")
                .env("RUSTC", DEBIAN_RUSTC)
                .env("RUSTC_BOOTSTRAP", "1")
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
        }
        command
    }
}

/// A folder of its own, because two compilers must not share one.
fn target_folder(project: &Project) -> PathBuf {
    project.target.join("wasm")
}

/// A `rustc` that can be asked about itself.
struct Compiler {
    program: OsString,
}

impl Compiler {
    fn ask(&self, arguments: &[&str]) -> Option<String> {
        let output = Command::new(&self.program).args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    fn sysroot(&self) -> Option<PathBuf> {
        self.ask(&["--print", "sysroot"]).map(PathBuf::from)
    }

    fn fact(&self, name: &str) -> Option<String> {
        let facts = self.ask(&["--version", "--verbose"])?;
        facts.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ").map(str::to_owned))
    }

    fn version(&self) -> Option<(u32, u32)> {
        version(&self.fact("release")?)
    }

    /// The linker that comes with the toolchain.
    fn linker(&self) -> Option<PathBuf> {
        Some(self.sysroot()?.join("lib/rustlib").join(self.fact("host")?).join("bin/rust-lld"))
    }
}

/// Major and minor.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

fn add_target(root: &Path) -> bool {
    let mut rustup = Command::new("rustup");
    rustup.args(["target", "add", TARGET]).current_dir(root);
    attempt(&mut rustup)
}

fn install_packages() -> bool {
    on_debian_as_root()
        && attempt(Command::new("apt-get").arg("update"))
        && attempt(Command::new("apt-get").args(["install", "--yes", "--no-install-recommends"]).args(DEBIAN_PACKAGES))
}

/// Whether it worked. Where it did not, the next way is tried, so the reason is only shown.
fn attempt(command: &mut Command) -> bool {
    match command::run(command) {
        Ok(()) => true,
        Err(error) => {
            println!("{error:#}");
            false
        }
    }
}
