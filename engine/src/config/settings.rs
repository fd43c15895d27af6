//! The raw settings: defaults, then file, then environment, each value knowing
//! where it came from, so that a fault can be told in one sentence.

use std::{
    collections::BTreeMap,
    fmt::Display,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::Duration,
};

use toml::{Table, Value};

use super::{ConfigError, units};

const DEFAULTS: &str = include_str!("../../config.default.toml");

/// The environment variables and the keys they set.
pub const VARIABLES: &[(&str, &str)] = &[
    ("PORT", "server.port"),
    ("PATCHBAY_PUBLIC_URL", "server.public_url"),
    ("PATCHBAY_DATA_DIR", "storage.data_dir"),
    ("DATABASE_URL", "storage.database_url"),
    ("AMQP_URL", "bus.amqp_url"),
    ("JWT_SECRET", "auth.jwt_secret"),
    ("PATCHBAY_MASTER_KEY", "secrets.master_key"),
    ("PATCHBAY_PLUGINS_DIR", "plugins.dir"),
    ("PATCHBAY_EGRESS_ALLOW", "egress.allow"),
    ("PATCHBAY_WAHA_URL", "waha.base_url"),
    ("PATCHBAY_WAHA_API_KEY", "waha.api_key"),
    ("PATCHBAY_WAHA_HMAC_KEY", "waha.hmac_key"),
    ("RUST_LOG", "log.filter"),
];

/// Keys whose values no error may repeat.
const SECRET_KEYS: &[&str] =
    &["storage.database_url", "bus.amqp_url", "auth.jwt_secret", "secrets.master_key", "waha.api_key", "waha.hmac_key"];

#[derive(Clone, Debug)]
enum Origin {
    Default,
    File(PathBuf),
    Variable(&'static str),
}

struct Setting {
    value: Value,
    origin: Origin,
}

/// Every setting by its dotted key.
pub struct Settings {
    settings: BTreeMap<String, Setting>,
    #[cfg(test)]
    read: std::cell::RefCell<std::collections::BTreeSet<&'static str>>,
}

impl Settings {
    pub fn load(file: Option<&Path>, environment: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut settings = Self {
            settings: BTreeMap::new(),
            #[cfg(test)]
            read: std::cell::RefCell::default(),
        };
        let defaults = parse("config.default.toml", DEFAULTS)?;
        settings.add(&Origin::Default, "", defaults.clone());
        if let Some(path) = file {
            let text = std::fs::read_to_string(path)
                .map_err(|cause| ConfigError::Unreadable { path: path.to_owned(), cause })?;
            let name = path.display().to_string();
            let table = parse(&name, &text)?;
            check_keys(&name, "", &defaults, &table)?;
            settings.add(&Origin::File(path.to_owned()), "", table);
        }
        for (variable, key) in VARIABLES {
            if let Some(text) = environment(variable).filter(|text| !text.trim().is_empty()) {
                let setting =
                    Setting { value: Value::String(text.trim().to_owned()), origin: Origin::Variable(variable) };
                settings.settings.insert((*key).to_owned(), setting);
            }
        }
        Ok(settings)
    }

    fn add(&mut self, origin: &Origin, prefix: &str, table: Table) {
        for (name, value) in table {
            let key = format!("{prefix}{name}");
            match value {
                Value::Table(table) => self.add(origin, &format!("{key}."), table),
                value => {
                    self.settings.insert(key, Setting { value, origin: origin.clone() });
                }
            }
        }
    }

    fn get(&self, key: &'static str) -> Result<&Setting, ConfigError> {
        #[cfg(test)]
        self.read.borrow_mut().insert(key);
        self.settings.get(key).ok_or(ConfigError::Undocumented { key })
    }

    /// What a sentence calls a setting: its key and where it was set.
    pub(super) fn name(&self, key: &'static str) -> String {
        match self.settings.get(key).map(|setting| &setting.origin) {
            Some(Origin::File(path)) => format!("`{key}` in {}", path.display()),
            Some(Origin::Variable(variable)) => format!("The environment variable {variable} (`{key}`)"),
            Some(Origin::Default) | None => format!("`{key}`"),
        }
    }

    /// The sentence that refuses a value.
    pub(super) fn refuse(&self, key: &'static str, allowed: impl Into<String>) -> ConfigError {
        let (setting, allowed) = (self.name(key), allowed.into());
        if SECRET_KEYS.contains(&key) {
            return ConfigError::SecretValue { setting, allowed };
        }
        let value = self.settings.get(key).map_or_else(|| "missing".to_owned(), |setting| setting.value.to_string());
        ConfigError::Value { setting, value, allowed }
    }

    fn read<T>(
        &self,
        key: &'static str,
        allowed: impl Into<String>,
        parse: impl FnOnce(&Setting) -> Option<T>,
    ) -> Result<T, ConfigError> {
        parse(self.get(key)?).ok_or_else(|| self.refuse(key, allowed))
    }

    /// A text, which may be empty.
    pub(super) fn text(&self, key: &'static str) -> Result<&str, ConfigError> {
        match &self.get(key)?.value {
            Value::String(text) => Ok(text.trim()),
            _ => Err(self.refuse(key, "a text in quotation marks")),
        }
    }

    /// A text that means "none" when it is empty.
    pub(super) fn optional(&self, key: &'static str) -> Result<Option<&str>, ConfigError> {
        self.text(key).map(|text| Some(text).filter(|text| !text.is_empty()))
    }

    /// A text with a form of its own.
    pub(super) fn parsed<T>(
        &self,
        key: &'static str,
        allowed: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, ConfigError> {
        parse(self.text(key)?).ok_or_else(|| self.refuse(key, allowed))
    }

    /// Texts with a form of their own: a TOML array, or separated by commas in the environment.
    pub(super) fn list<T>(
        &self,
        key: &'static str,
        allowed: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>, ConfigError> {
        self.read(key, format!("a list of {allowed}"), |setting| match (&setting.value, &setting.origin) {
            (Value::Array(items), _) => items.iter().map(|item| parse(item.as_str()?.trim())).collect(),
            (Value::String(text), Origin::Variable(_)) => {
                text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(parse).collect()
            }
            _ => None,
        })
    }

    pub(super) fn number<T>(&self, key: &'static str, range: RangeInclusive<T>) -> Result<T, ConfigError>
    where
        T: TryFrom<i64> + PartialOrd + Display,
    {
        let allowed = format!("a whole number from {} to {}", range.start(), range.end());
        self.read(key, allowed, |setting| {
            let number = match (&setting.value, &setting.origin) {
                (Value::Integer(number), _) => *number,
                (Value::String(text), Origin::Variable(_)) => text.parse().ok()?,
                _ => return None,
            };
            T::try_from(number).ok().filter(|number| range.contains(number))
        })
    }

    pub(super) fn duration(&self, key: &'static str, range: RangeInclusive<Duration>) -> Result<Duration, ConfigError> {
        let (least, most) = (units::show_duration(*range.start()), units::show_duration(*range.end()));
        let allowed = format!("a time from \"{least}\" to \"{most}\" with its unit: ms, s, m, h or d");
        self.parsed(key, &allowed, |text| units::duration(text).filter(|duration| range.contains(duration)))
    }

    pub(super) fn bytes(&self, key: &'static str, range: RangeInclusive<usize>) -> Result<usize, ConfigError> {
        let (least, most) = (units::show_bytes(*range.start()), units::show_bytes(*range.end()));
        let allowed = format!("a size from \"{least}\" to \"{most}\" with its unit: B, KiB, MiB or GiB");
        self.parsed(key, &allowed, |text| units::bytes(text).filter(|bytes| range.contains(bytes)))
    }
}

fn parse(name: &str, text: &str) -> Result<Table, ConfigError> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let message = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
        ConfigError::Syntax { origin: format!("Line {line} of {name}"), message }
    })
}

/// Refuses what the defaults do not have, and a value where a section belongs.
fn check_keys(origin: &str, prefix: &str, known: &Table, given: &Table) -> Result<(), ConfigError> {
    for (name, value) in given {
        let key = format!("{prefix}{name}");
        match (known.get(name), value) {
            (Some(Value::Table(known)), Value::Table(given)) => check_keys(origin, &format!("{key}."), known, given)?,
            (Some(Value::Table(_)), _) => {
                return Err(ConfigError::Value {
                    setting: format!("`{key}` in {origin}"),
                    value: "a single value".to_owned(),
                    allowed: format!("a section, which begins with [{key}]"),
                });
            }
            (Some(_), Value::Table(_)) => {
                return Err(ConfigError::Value {
                    setting: format!("`{key}` in {origin}"),
                    value: "a section".to_owned(),
                    allowed: "a single value".to_owned(),
                });
            }
            (Some(_), _) => {}
            (None, _) => {
                let names: Vec<_> = known.keys().map(|name| format!("`{prefix}{name}`")).collect();
                return Err(ConfigError::UnknownKey { origin: origin.to_owned(), key, known: names.join(", ") });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
impl Settings {
    /// Keys that are documented and that nothing has read.
    pub(super) fn unread(&self) -> Vec<&str> {
        let read = self.read.borrow();
        self.settings.keys().map(String::as_str).filter(|key| !read.contains(key)).collect()
    }
}
