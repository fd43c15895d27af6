//! A database server or broker of the test's own, which can be stopped and
//! started. Where its programs are installed it is a real one; where the
//! servers run elsewhere (in a container, say), a door in front of the shared
//! one is shut and opened, which to the engine looks the same.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;
use tokio::{io::copy_bidirectional, net::TcpStream, sync::watch};

use super::{port::free_port, size::Size, wait::until};

pub enum Server {
    Postgres { programs: PathBuf, folder: TempDir, port: u16 },
    Rabbit { folder: TempDir, port: u16, process: Option<Child> },
    Door { url: String, open: watch::Sender<bool> },
}

impl Server {
    pub async fn postgres() -> Self {
        let Some(programs) = postgres_programs() else { return Self::door(&Size::postgres_url()).await };
        let folder = open_folder();
        let server = Self::Postgres { programs, folder, port: free_port() };
        server.postgres_program("initdb", &["-D", "data", "-U", "postgres", "--auth=trust", "-E", "UTF8", "-N"]);
        let mut server = server;
        server.up().await;
        server
    }

    pub async fn rabbit() -> Self {
        if !Path::new("/usr/lib/rabbitmq/bin/rabbitmq-server").exists() {
            return Self::door(&Size::amqp_url()).await;
        }
        let mut server = Self::Rabbit { folder: open_folder(), port: free_port(), process: None };
        server.up().await;
        server
    }

    /// Where the engine finds it.
    pub fn url(&self) -> String {
        match self {
            Self::Postgres { port, .. } => format!("postgres://postgres@127.0.0.1:{port}/postgres"),
            Self::Rabbit { port, .. } => format!("amqp://guest:guest@127.0.0.1:{port}"),
            Self::Door { url, .. } => url.clone(),
        }
    }

    pub async fn up(&mut self) {
        match self {
            Self::Postgres { port, .. } => {
                let options = format!("-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''");
                self.postgres_program("pg_ctl", &["-D", "data", "-w", "-l", "log", "-o", &options, "start"]);
            }
            Self::Rabbit { folder, port, process } => {
                *process = Some(start_rabbit(folder.path(), *port));
                let port = *port;
                until("RabbitMQ to listen", Duration::from_secs(90), || async move {
                    TcpStream::connect(("127.0.0.1", port)).await.ok().map(drop)
                })
                .await;
            }
            Self::Door { open, .. } => drop(open.send_replace(true)),
        }
    }

    /// At once, without saying goodbye.
    pub async fn down(&mut self) {
        match self {
            Self::Postgres { .. } => self.postgres_program("pg_ctl", &["-D", "data", "-m", "immediate", "-w", "stop"]),
            Self::Rabbit { port, process, .. } => {
                let mut child = process.take().expect("RabbitMQ is running");
                // The whole group: the start script and the virtual machine below it.
                let group = format!("-{}", child.id());
                assert!(Command::new("kill").args(["-KILL", "--", &group]).status().unwrap().success());
                child.wait().unwrap();
                let port = *port;
                until("RabbitMQ to be gone", Duration::from_secs(30), || async move {
                    TcpStream::connect(("127.0.0.1", port)).await.err().map(drop)
                })
                .await;
            }
            Self::Door { open, .. } => drop(open.send_replace(false)),
        }
    }

    fn postgres_program(&self, program: &str, arguments: &[&str]) {
        let Self::Postgres { programs, folder, .. } = self else { return };
        // PostgreSQL refuses to run as root.
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(programs.join(program));
            command
        } else {
            Command::new(programs.join(program))
        };
        let output = command.args(arguments).current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::null());
        let status = output.status().unwrap();
        assert!(status.success(), "{program} {arguments:?} failed");
    }

    async fn door(behind: &str) -> Self {
        let mut url = url::Url::parse(behind).unwrap();
        let default = if url.scheme().starts_with("amqp") { 5672 } else { 5432 };
        let target = (url.host_str().unwrap().to_owned(), url.port().unwrap_or(default));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
        let (open, is_open) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let (target, mut is_open) = (target.clone(), is_open.clone());
                tokio::spawn(async move {
                    let Ok(mut server) = TcpStream::connect(target).await else { return };
                    tokio::select! {
                        _ = copy_bidirectional(&mut client, &mut server) => {}
                        _ = is_open.wait_for(|open| !open) => {}
                    }
                });
            }
        });
        Self::Door { url: url.into(), open }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        match self {
            Self::Postgres { programs, folder, .. } => {
                let stop = ["-D", "data", "-m", "immediate", "stop"];
                let mut command = if is_root() {
                    let mut command = Command::new("runuser");
                    command.args(["-u", "postgres", "--"]).arg(programs.join("pg_ctl"));
                    command
                } else {
                    Command::new(programs.join("pg_ctl"))
                };
                command.args(stop).current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::null()).status().ok();
            }
            Self::Rabbit { process, .. } => {
                if let Some(mut child) = process.take() {
                    Command::new("kill").args(["-KILL", "--", &format!("-{}", child.id())]).status().ok();
                    child.wait().ok();
                }
            }
            Self::Door { .. } => {}
        }
    }
}

fn start_rabbit(folder: &Path, port: u16) -> Child {
    use std::os::unix::process::CommandExt;
    std::fs::write(folder.join("enabled_plugins"), "[].").unwrap();
    let mut command = Command::new("/usr/lib/rabbitmq/bin/rabbitmq-server");
    command
        .env("RABBITMQ_NODENAME", format!("patchbay{port}@localhost"))
        .env("RABBITMQ_NODE_PORT", port.to_string())
        .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
        .env("RABBITMQ_DIST_PORT", free_port().to_string())
        .env("RABBITMQ_MNESIA_BASE", folder.join("mnesia"))
        .env("RABBITMQ_LOG_BASE", folder.join("log"))
        .env("RABBITMQ_ENABLED_PLUGINS_FILE", folder.join("enabled_plugins"))
        .env("RABBITMQ_CONFIG_FILE", folder.join("rabbitmq"))
        .env("HOME", folder)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0);
    command.spawn().unwrap()
}

fn postgres_programs() -> Option<PathBuf> {
    let mut versions: Vec<_> = std::fs::read_dir("/usr/lib/postgresql").ok()?.filter_map(Result::ok).collect();
    versions.sort_by_key(std::fs::DirEntry::file_name);
    let programs = versions.last()?.path().join("bin");
    programs.join("pg_ctl").exists().then_some(programs)
}

/// Servers drop their rights, so they must be able to write where root made the folder.
fn open_folder() -> TempDir {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    folder
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}
