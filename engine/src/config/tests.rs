use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt, path::PathBuf, time::Duration};

use tempfile::TempDir;

use super::*;

const JWT: &str = "0123456789abcdef0123456789abcdef";
const MASTER: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const POSTGRES: &str = "postgres://someone:hunter2@db.example.com/patchbay";

/// A start in a folder of its own, with this file and these variables.
struct Start {
    folder: TempDir,
    file: Option<PathBuf>,
    variables: BTreeMap<String, String>,
}

impl Start {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let data_dir = folder.path().join("data").display().to_string();
        Self { folder, file: None, variables: BTreeMap::from([("PATCHBAY_DATA_DIR".to_owned(), data_dir)]) }
    }

    fn file(mut self, text: &str) -> Self {
        let path = self.folder.path().join("patchbay.toml");
        fs::write(&path, text).unwrap();
        self.file = Some(path);
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    fn load(&self) -> Result<Config, ConfigError> {
        Config::load(self.file.as_deref(), |name| self.variables.get(name).cloned())
    }

    /// The sentence it is refused with, the folder's path shortened.
    fn refusal(&self) -> String {
        let sentence = self.load().unwrap_err().to_string();
        sentence.replace(&self.folder.path().display().to_string(), "DIR")
    }

    fn data(&self, name: &str) -> PathBuf {
        self.folder.path().join("data").join(name)
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn defaults_need_nothing() {
    let start = Start::new();
    let config = start.load().unwrap();
    assert_eq!(config.server.port, 8080);
    assert_eq!(config.server.public_url, "http://localhost:8080");
    assert!(config.server.workers > 0);
    assert_eq!(config.server.webhook_body_bytes, 16 << 20);
    assert_eq!(config.storage.database_url.expose(), format!("sqlite:{}", start.data("patchbay.db").display()));
    assert!(config.storage.is_embedded());
    assert!(config.bus.amqp_url.is_none());
    assert_eq!(config.auth.access_lifetime.business, Duration::from_hours(7 * 24));
    assert_eq!(config.plugins.cache_dir, start.data("plugin-cache"));
    assert_eq!(config.tickets.reopen_window, Duration::from_hours(24));
    assert_eq!(config.sessions.first_restart_delay, Duration::from_millis(100));
    assert_eq!(config.retention.pending_statuses, Duration::from_hours(7 * 24));
    assert!(config.egress.allow.is_empty() && config.egress.grants.is_empty());
}

#[test]
fn any_data_folder_makes_a_database_address() {
    let start = Start::new();
    let folder = start.folder.path().join("50% of?");
    let config = start.variable("PATCHBAY_DATA_DIR", &folder.display().to_string()).load().unwrap();
    assert!(config.storage.database_url.expose().ends_with("/50%25 of%3F/patchbay.db"));
}

#[test]
fn every_documented_key_is_read() {
    let start = Start::new();
    let settings = Settings::load(None, |name| start.variables.get(name).cloned()).unwrap();
    Config::read(&settings).unwrap();
    assert_eq!(settings.unread(), Vec::<&str>::new());
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let start = Start::new()
        .file("[server]\nport = 9000\njson_body_bytes = \"2MiB\"\n[bus]\nprefetch = 8\n")
        .variable("PORT", "9001");
    let config = start.load().unwrap();
    assert_eq!((config.server.port, config.server.json_body_bytes), (9001, 2 << 20));
    assert_eq!((config.bus.prefetch, config.bus.partitions), (8, 16));
    assert_eq!(config.server.public_url, "http://localhost:9001");
}

#[test]
fn every_variable_sets_its_key() {
    let config = Start::new()
        .variable("PORT", "1234")
        .variable("DATABASE_URL", POSTGRES)
        .variable("AMQP_URL", "amqp://guest:hunter2@broker:5672/%2f")
        .variable("JWT_SECRET", JWT)
        .variable("PATCHBAY_MASTER_KEY", MASTER)
        .variable("PATCHBAY_PUBLIC_URL", "https://desk.example.com/patchbay/")
        .variable("PATCHBAY_PLUGINS_DIR", "/opt/plugins")
        .variable("PATCHBAY_EGRESS_ALLOW", "127.0.0.1, waha.internal,waha=10.1.0.0/16,")
        .variable("PATCHBAY_WAHA_URL", "https://waha.example.com/")
        .variable("PATCHBAY_WAHA_API_KEY", "hunter3")
        .variable("PATCHBAY_WAHA_HMAC_KEY", "hunter4")
        .variable("RUST_LOG", "warn,patchbay::bus=debug")
        .load()
        .unwrap();
    assert_eq!(config.server.port, 1234);
    assert_eq!(config.storage.database_url.expose(), POSTGRES);
    assert!(!config.storage.is_embedded());
    assert_eq!(config.bus.amqp_url.unwrap().expose(), "amqp://guest:hunter2@broker:5672/%2f");
    assert_eq!(config.auth.jwt_secret.expose(), JWT);
    assert_eq!(config.secrets.master_key, MasterKey::parse(MASTER).unwrap());
    assert_eq!(config.server.public_url, "https://desk.example.com/patchbay");
    assert_eq!(config.plugins.dir, PathBuf::from("/opt/plugins"));
    assert_eq!(config.egress.allow, ["127.0.0.1", "waha.internal", "waha=10.1.0.0/16"]);
    let waha = config.waha.unwrap();
    assert_eq!(
        (waha.base_url.as_str(), waha.api_key.expose(), waha.hmac_key.expose()),
        ("https://waha.example.com", "hunter3", "hunter4")
    );
    assert!(config.log.filter.would_enable("patchbay::bus", &tracing::Level::DEBUG));
    assert!(!config.log.filter.would_enable("patchbay::api", &tracing::Level::INFO));
}

#[test]
fn a_level_is_not_one_for_what_compiles_connectors() {
    use tracing::Level;
    let told = |filter: &str, target: &str, level: Level| {
        let config = Start::new().variable("RUST_LOG", filter).load().unwrap();
        config.log.filter.would_enable(target, &level)
    };
    for compiler in ["cranelift_codegen::egraph", "regalloc2::ion", "wasmtime::runtime"] {
        assert!(!told("trace", compiler, Level::ERROR), "{compiler}");
    }
    assert!(told("debug", "patchbay::bus", Level::DEBUG));
    assert!(told("info,cranelift_codegen=debug", "cranelift_codegen::egraph", Level::DEBUG), "it is named");
}

#[test]
fn a_server_for_sessions_needs_its_keys() {
    assert!(Start::new().load().unwrap().waha.is_none());
    let start = Start::new().variable("PATCHBAY_WAHA_URL", "https://waha.example.com");
    assert_eq!(start.refusal(), "`waha.api_key` must be set where waha.base_url names a server.");
    let start = start.variable("PATCHBAY_WAHA_API_KEY", "hunter3");
    assert_eq!(start.refusal(), "`waha.hmac_key` must be set where waha.base_url names a server.");
}

#[test]
fn an_empty_variable_is_as_good_as_none() {
    let config = Start::new().variable("PORT", "").variable("AMQP_URL", " ").load().unwrap();
    assert_eq!(config.server.port, 8080);
    assert!(config.bus.amqp_url.is_none());
}

#[test]
fn lists_in_the_file_are_arrays() {
    let text =
        "[server]\ncors_origins = [\"*\", \"https://a.example:8443\"]\ntrusted_proxies = [\"10.0.0.0/8\", \"::1\"]\n";
    let config = Start::new().file(text).load().unwrap();
    assert_eq!(config.server.cors_origins, ["*", "https://a.example:8443"]);
    assert_eq!(
        config.server.trusted_proxies,
        ["10.0.0.0/8".parse().unwrap(), "::1/128".parse::<ipnet::IpNet>().unwrap()]
    );
}

#[test]
fn an_unknown_key_is_named_with_those_there_are() {
    for (text, sentence) in [
        (
            "[tickets]\nreopen_windw = \"1h\"",
            "DIR/patchbay.toml sets `tickets.reopen_windw`, which is no key; there are `tickets.reopen_window`.",
        ),
        (
            "[auth.access_lifetime]\nbuisness = \"1h\"",
            "DIR/patchbay.toml sets `auth.access_lifetime.buisness`, which is no key; there are `auth.access_lifetime.business`, `auth.access_lifetime.helpdesk`, `auth.access_lifetime.inbox`, `auth.access_lifetime.sessions`.",
        ),
        (
            "verbose = true",
            "DIR/patchbay.toml sets `verbose`, which is no key; there are `auth`, `bus`, `conversations`, `egress`, `log`, `plugins`, `realtime`, `retention`, `secrets`, `server`, `sessions`, `storage`, `tickets`, `waha`.",
        ),
        (
            "server = 1",
            "`server` in DIR/patchbay.toml is a single value, but it must be a section, which begins with [server].",
        ),
        ("[server.port]", "`server.port` in DIR/patchbay.toml is a section, but it must be a single value."),
    ] {
        assert_eq!(Start::new().file(text).refusal(), sentence);
    }
}

#[test]
fn a_bad_value_in_the_file_is_one_sentence() {
    for (text, sentence) in [
        ("[server]\nport = 70000", "`server.port` in FILE is 70000, but it must be a whole number from 0 to 65535."),
        ("[server]\nport = \"80\"", "`server.port` in FILE is \"80\", but it must be a whole number from 0 to 65535."),
        (
            "[server]\nbind = \"here\"",
            "`server.bind` in FILE is \"here\", but it must be an IP address, such as \"0.0.0.0\".",
        ),
        (
            "[server]\nshutdown_grace = \"20\"",
            "`server.shutdown_grace` in FILE is \"20\", but it must be a time from \"1s\" to \"1h\" with its unit: ms, s, m, h or d.",
        ),
        (
            "[server]\njson_body_bytes = 1000000",
            "`server.json_body_bytes` in FILE is 1000000, but it must be a text in quotation marks.",
        ),
        (
            "[server]\njson_body_bytes = \"1MB\"",
            "`server.json_body_bytes` in FILE is \"1MB\", but it must be a size from \"1KiB\" to \"1GiB\" with its unit: B, KiB, MiB or GiB.",
        ),
        (
            "[server]\ncors_origins = \"*\"",
            "`server.cors_origins` in FILE is \"*\", but it must be a list of origins such as \"https://desk.example.com\", or \"*\".",
        ),
        (
            "[server]\ncors_origins = [\"https://a.example/\"]",
            "`server.cors_origins` in FILE is [\"https://a.example/\"], but it must be a list of origins such as \"https://desk.example.com\", or \"*\".",
        ),
        (
            "[sessions]\nfirst_restart_delay = \"1m\"",
            "`sessions.longest_restart_delay` is \"30s\", but it must be a time from \"1m\" to \"1h\" with its unit: ms, s, m, h or d.",
        ),
        (
            "[bus]\nqueue_prefix = \"a b\"",
            "`bus.queue_prefix` in FILE is \"a b\", but it must be 1 to 100 letters, digits, dots, dashes or underscores.",
        ),
        ("[server\nport = 1", "Line 1 of FILE is not valid TOML: "),
        ("[server]\nport = 1\nport = 2", "Line 3 of FILE is not valid TOML: duplicate key"),
    ] {
        let refusal = Start::new().file(text).refusal();
        assert!(refusal.starts_with(&sentence.replace("FILE", "DIR/patchbay.toml")), "{refusal}");
        assert!(refusal.ends_with('.') && !refusal.contains('\n'), "{refusal}");
    }
}

#[test]
fn a_bad_variable_is_one_sentence() {
    for (variable, value, sentence) in [
        (
            "PORT",
            "http",
            "The environment variable PORT (`server.port`) is \"http\", but it must be a whole number from 0 to 65535.",
        ),
        (
            "PATCHBAY_PUBLIC_URL",
            "desk.example.com",
            "The environment variable PATCHBAY_PUBLIC_URL (`server.public_url`) is \"desk.example.com\", but it must be an address such as \"https://desk.example.com\".",
        ),
        (
            "PATCHBAY_EGRESS_ALLOW",
            "127.0.0.1,*.local",
            "The environment variable PATCHBAY_EGRESS_ALLOW (`egress.allow`) is \"127.0.0.1,*.local\", but it must be a list of host names, addresses or networks such as \"10.1.0.0/16\".",
        ),
        (
            "RUST_LOG",
            "verbose",
            "The environment variable RUST_LOG (`log.filter`) is \"verbose\", but it must be levels (error, warn, info, debug, trace, off) such as \"info\" or \"info,patchbay::bus=debug\".",
        ),
        (
            "DATABASE_URL",
            "mysql://root:hunter2@db/x",
            "The environment variable DATABASE_URL (`storage.database_url`) must be an address that begins with postgres:// or sqlite:.",
        ),
        (
            "AMQP_URL",
            "http://guest:hunter2@broker",
            "The environment variable AMQP_URL (`bus.amqp_url`) must be an address that begins with amqp:// or amqps://.",
        ),
        (
            "JWT_SECRET",
            "hunter2",
            "The environment variable JWT_SECRET (`auth.jwt_secret`) must be at least 32 bytes; make one with `openssl rand -hex 32`.",
        ),
        (
            "PATCHBAY_MASTER_KEY",
            &MASTER[1..],
            "The environment variable PATCHBAY_MASTER_KEY (`secrets.master_key`) must be exactly 32 bytes as 64 hexadecimal digits; make one with `openssl rand -hex 32`.",
        ),
    ] {
        assert_eq!(Start::new().variable(variable, value).refusal(), sentence);
    }
}

#[test]
fn a_missing_file_is_named() {
    let mut start = Start::new();
    start.file = Some(start.folder.path().join("none.toml"));
    assert_eq!(
        start.refusal(),
        "The configuration file DIR/none.toml cannot be read: No such file or directory (os error 2)."
    );
}

#[test]
fn the_broker_needs_postgres() {
    assert_eq!(
        Start::new().variable("AMQP_URL", "amqp://broker").refusal(),
        "The environment variable AMQP_URL (`bus.amqp_url`) needs PostgreSQL, but the database is SQLite: set DATABASE_URL to a postgres:// address, or leave AMQP_URL unset to keep the queues in the database."
    );
}

#[test]
fn postgres_needs_both_keys_and_makes_none() {
    let both = "With PostgreSQL JWT_SECRET (`auth.jwt_secret`) is required, the same on every node: it signs access tokens; make one with `openssl rand -hex 32`.\n\
                With PostgreSQL PATCHBAY_MASTER_KEY (`secrets.master_key`) is required, the same on every node: it encrypts channel credentials; make one with `openssl rand -hex 32`.";
    let start = Start::new().variable("DATABASE_URL", POSTGRES);
    assert_eq!(start.refusal(), both);
    assert!(!start.data("jwt-secret").exists() && !start.data("master-key").exists());
    let one = start.variable("JWT_SECRET", JWT).refusal();
    assert_eq!(one.lines().collect::<Vec<_>>(), [both.lines().nth(1).unwrap()]);
}

#[test]
fn generated_keys_stay_and_only_their_owner_reads_them() {
    let start = Start::new();
    let (first, second) = (start.load().unwrap(), start.load().unwrap());
    assert_eq!(first.auth.jwt_secret, second.auth.jwt_secret);
    assert_eq!(first.secrets.master_key, second.secrets.master_key);
    assert_ne!(hex::encode(first.secrets.master_key.expose()), first.auth.jwt_secret.expose());
    for name in ["jwt-secret", "master-key"] {
        assert_eq!(mode(&start.data(name)), 0o600, "{name}");
    }
    assert_eq!(mode(&start.data("")), 0o700);
    let another = Start::new().load().unwrap();
    assert_ne!(first.secrets.master_key, another.secrets.master_key);
}

#[test]
fn starts_at_once_agree_on_the_keys() {
    let start = Start::new();
    let keys: Vec<_> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..8).map(|_| scope.spawn(|| start.load().unwrap().secrets.master_key)).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    assert!(keys.windows(2).all(|pair| pair[0] == pair[1]));
    let left: Vec<_> =
        fs::read_dir(start.folder.path().join("data")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn a_given_key_wins_over_the_generated_one() {
    let start = Start::new();
    start.load().unwrap();
    let config = start.variable("JWT_SECRET", JWT).variable("PATCHBAY_MASTER_KEY", MASTER).load().unwrap();
    assert_eq!(config.auth.jwt_secret.expose(), JWT);
    assert_eq!(config.secrets.master_key, MasterKey::parse(MASTER).unwrap());
}

#[test]
fn a_damaged_key_file_stops_the_start() {
    let start = Start::new();
    start.load().unwrap();
    fs::write(start.data("master-key"), "abc").unwrap();
    assert_eq!(
        start.refusal(),
        "The key file DIR/data/master-key must hold exactly 32 bytes as 64 hexadecimal digits, but does not: restore it from a copy, or set PATCHBAY_MASTER_KEY."
    );
}

#[test]
fn an_unusable_data_folder_is_named() {
    let start = Start::new();
    fs::write(start.folder.path().join("data"), "a file").unwrap();
    assert_eq!(
        start.refusal(),
        "The data folder DIR/data cannot be made: File exists (os error 17); set PATCHBAY_DATA_DIR to a folder that can be written."
    );
}

#[test]
fn no_secret_is_shown() {
    let config = Start::new()
        .variable("DATABASE_URL", POSTGRES)
        .variable("AMQP_URL", "amqp://guest:hunter2@broker")
        .variable("JWT_SECRET", JWT)
        .variable("PATCHBAY_MASTER_KEY", MASTER)
        .load()
        .unwrap();
    let shown = format!("{config:?}");
    for secret in ["hunter2", JWT, MASTER, "0, 17, 34"] {
        assert!(!shown.contains(secret), "{secret}");
    }
}

#[test]
fn every_documented_variable_is_in_the_defaults() {
    let text = include_str!("../../config.default.toml");
    for (variable, key) in VARIABLES {
        let name = key.rsplit('.').next().unwrap();
        let place = text.find(&format!("({variable})")).unwrap_or_else(|| panic!("{variable} is not documented"));
        let line = text[place..].lines().find(|line| !line.starts_with(['#', '(']) && line.contains('=')).unwrap();
        assert!(line.starts_with(&format!("{name} =")), "{variable} stands at {line}");
    }
}
