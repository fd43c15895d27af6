//! The two keys an installation needs. They are given; or, with the embedded
//! database, made on the first start and kept in the data folder, readable by
//! its owner alone. With PostgreSQL they must be given, the same to every node.

use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

use rand::{TryRng, rngs::SysRng};

use super::{ConfigError, MasterKey, Secret, Settings, Storage};

const MAKE: &str = "make one with `openssl rand -hex 32`";

pub(super) struct Keys {
    pub jwt_secret: Secret,
    pub master_key: MasterKey,
}

struct Key<T> {
    setting: &'static str,
    variable: &'static str,
    purpose: &'static str,
    file: &'static str,
    allowed: &'static str,
    parse: fn(&str) -> Option<T>,
}

const JWT_SECRET: Key<Secret> = Key {
    setting: "auth.jwt_secret",
    variable: "JWT_SECRET",
    purpose: "it signs access tokens",
    file: "jwt-secret",
    allowed: "at least 32 bytes",
    parse: |text| (text.len() >= 32).then(|| Secret::new(text)),
};

const MASTER_KEY: Key<MasterKey> = Key {
    setting: "secrets.master_key",
    variable: "PATCHBAY_MASTER_KEY",
    purpose: "it encrypts channel credentials",
    file: "master-key",
    allowed: "exactly 32 bytes as 64 hexadecimal digits",
    parse: MasterKey::parse,
};

pub(super) fn read(settings: &Settings, storage: &Storage) -> Result<Keys, ConfigError> {
    let jwt_secret = JWT_SECRET.given(settings)?;
    let master_key = MASTER_KEY.given(settings)?;
    if !storage.is_embedded() {
        return match (jwt_secret, master_key) {
            (Some(jwt_secret), Some(master_key)) => Ok(Keys { jwt_secret, master_key }),
            (jwt_secret, master_key) => Err(ConfigError::Missing(
                [
                    jwt_secret.is_none().then(|| JWT_SECRET.missing()),
                    master_key.is_none().then(|| MASTER_KEY.missing()),
                ]
                .into_iter()
                .flatten()
                .collect(),
            )),
        };
    }
    Ok(Keys {
        jwt_secret: jwt_secret.map_or_else(|| JWT_SECRET.kept(&storage.data_dir), Ok)?,
        master_key: master_key.map_or_else(|| MASTER_KEY.kept(&storage.data_dir), Ok)?,
    })
}

impl<T> Key<T> {
    fn given(&self, settings: &Settings) -> Result<Option<T>, ConfigError> {
        match settings.optional(self.setting)? {
            Some(_) => settings.parsed(self.setting, &format!("{}; {MAKE}", self.allowed), self.parse).map(Some),
            None => Ok(None),
        }
    }

    fn missing(&self) -> String {
        let Self { setting, variable, purpose, .. } = self;
        format!("With PostgreSQL {variable} (`{setting}`) is required, the same on every node: {purpose}; {MAKE}.")
    }

    fn kept(&self, data_dir: &Path) -> Result<T, ConfigError> {
        let path = data_dir.join(self.file);
        let text = read_or_make(data_dir, &path).map_err(|cause| ConfigError::KeyFile { path: path.clone(), cause })?;
        (self.parse)(text.trim()).ok_or(ConfigError::DamagedKeyFile {
            path,
            allowed: self.allowed,
            variable: self.variable,
        })
    }
}

/// Written whole under another name first: a crash leaves no half key, and of two starts at once one wins.
fn read_or_make(data_dir: &Path, path: &PathBuf) -> io::Result<String> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        read => return read,
    }
    let mut key = [0; 32];
    SysRng.try_fill_bytes(&mut key).map_err(io::Error::other)?;
    let mut file = tempfile::NamedTempFile::new_in(data_dir)?;
    writeln!(file, "{}", hex::encode(key))?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => fs::File::open(data_dir)?.sync_all()?,
        Err(lost) if lost.error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(failed) => return Err(failed.error),
    }
    fs::read_to_string(path)
}
