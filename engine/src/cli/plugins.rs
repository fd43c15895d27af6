//! `plugin list`: what connectors declare, readably. `plugin check` is in `check`.

use std::{iter, time::Duration};

use anyhow::Context;
use patchbay::config;
use patchbay_domain::platform::{LimitScope, Manifest, RateLimit};
use patchbay_plugin_host::{HostConfig, PluginHost, PluginInfo, Plugins};
use serde_json::Value;

use super::table::table;

/// A table of the connectors in the plugins folder, those that are refused among them.
pub async fn list(config: &config::Plugins) -> anyhow::Result<String> {
    let host = PluginHost::new(HostConfig { cache_dir: None, ..config.host() })?;
    let loaded = Plugins::load(host, &config.dir).await;
    let plugins = loaded.context("set PATCHBAY_PLUGINS_DIR to the folder with the connectors")?.list();
    if plugins.is_empty() {
        return Ok(format!("There is no .wasm file in {}.\n", config.dir.display()));
    }
    let titles = ["FILE", "NAME", "VERSION", "CHANNEL TYPES", "CAPABILITIES", "HOSTS", "ERROR"].map(str::to_owned);
    let rows: Vec<Vec<String>> = iter::once(titles.to_vec()).chain(plugins.iter().map(row)).collect();
    Ok(table(&rows))
}

fn row(plugin: &PluginInfo) -> Vec<String> {
    let PluginInfo { file, manifest, digest: _, error } = plugin;
    let of = |value: fn(&Manifest) -> String| manifest.as_ref().map_or_else(none, value);
    vec![
        file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        of(|manifest| manifest.name.clone()),
        of(|manifest| manifest.version.clone()),
        of(|manifest| joined(&manifest.channel_types)),
        of(|manifest| joined(&manifest.capabilities)),
        of(|manifest| joined(&manifest.hosts)),
        error.clone().unwrap_or_default(),
    ]
}

pub fn describe(manifest: &Manifest, digest: &str) -> String {
    let Manifest {
        id,
        name,
        version,
        channel_types,
        config_schema,
        hosts,
        capabilities,
        limits,
        reply_window_ms,
        address_field,
        poll_every_ms,
        oauth2,
    } = manifest;
    let span = |milliseconds: &Option<u64>| milliseconds.map_or_else(none, time);
    let row = |title: &str, value: String| vec![format!("  {title}"), value];
    let rows = [
        row("channel types", joined(channel_types)),
        row("capabilities", joined(capabilities)),
        row("hosts", joined(hosts)),
        row("settings", joined(&fields(config_schema))),
        row("limits", joined(&limits.iter().map(limit).collect::<Vec<_>>())),
        row("reply window", span(reply_window_ms)),
        row("address field", address_field.clone().unwrap_or_else(none)),
        row("polled every", span(poll_every_ms)),
        row("OAuth2 tokens from", oauth2.as_ref().map_or_else(none, |oauth2| oauth2.token_url.clone())),
        row("SHA-256", digest.to_owned()),
    ];
    format!("{name} ({id} {version})\n{}  (* secret, ? may be left out)\n", table(&rows))
}

fn none() -> String {
    "–".to_owned()
}

fn joined(items: &[String]) -> String {
    if items.is_empty() { none() } else { items.join(", ") }
}

/// The fields of a channel's configuration: `*` marks secrets, `?` what may be left out.
fn fields(schema: &Value) -> Vec<String> {
    let required = |name: &String| {
        let names = schema.get("required").and_then(Value::as_array);
        names.is_some_and(|names| names.iter().any(|required| required.as_str() == Some(name)))
    };
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return Vec::new() };
    let shown = |(name, property): (&String, &Value)| {
        let secret = property.get("writeOnly").and_then(Value::as_bool).unwrap_or(false);
        format!("{name}{}{}", if secret { "*" } else { "" }, if required(name) { "" } else { "?" })
    };
    properties.iter().map(shown).collect()
}

fn limit(limit: &RateLimit) -> String {
    let RateLimit { scope, permits, per_ms, burst } = limit;
    let scope = match scope {
        LimitScope::Channel => "channel",
        LimitScope::Recipient => "recipient",
    };
    let burst = burst.map(|burst| format!(" (bursts of {burst})")).unwrap_or_default();
    format!("{permits} per {} and {scope}{burst}", time(*per_ms))
}

fn time(milliseconds: u64) -> String {
    config::show_duration(Duration::from_millis(milliseconds))
}

#[cfg(test)]
mod tests {
    use patchbay_domain::platform::{OAuth2, OAuth2Details};
    use serde_json::json;

    use super::*;
    use crate::cli::check::check;

    fn manifest() -> Manifest {
        Manifest {
            id: "whatsapp".to_owned(),
            name: "WhatsApp".to_owned(),
            version: "1.2.0".to_owned(),
            channel_types: vec!["WHATSAPP".to_owned()],
            config_schema: json!({
                "properties": { "accessToken": { "writeOnly": true }, "apiVersion": {}, "phoneNumberId": {} },
                "required": ["phoneNumberId", "accessToken"],
            }),
            hosts: vec!["graph.facebook.com".to_owned(), "{config.apiBaseUrl}".to_owned()],
            capabilities: vec!["text".to_owned(), "media".to_owned()],
            limits: vec![
                RateLimit { scope: LimitScope::Channel, permits: 80, per_ms: 1_000, burst: None },
                RateLimit { scope: LimitScope::Recipient, permits: 1, per_ms: 6_000, burst: Some(45) },
            ],
            reply_window_ms: Some(86_400_000),
            address_field: Some("phoneNumberId".to_owned()),
            poll_every_ms: None,
            oauth2: None,
        }
    }

    #[test]
    fn a_manifest_reads_like_a_page() {
        let text = "\
WhatsApp (whatsapp 1.2.0)
  channel types       WHATSAPP
  capabilities        text, media
  hosts               graph.facebook.com, {config.apiBaseUrl}
  settings            accessToken*, apiVersion?, phoneNumberId
  limits              80 per 1s and channel, 1 per 6s and recipient (bursts of 45)
  reply window        1d
  address field       phoneNumberId
  polled every        –
  OAuth2 tokens from  –
  SHA-256             abc
  (* secret, ? may be left out)
";
        assert_eq!(describe(&manifest(), "abc"), text);
        let oauth2 = OAuth2 {
            token_url: "https://example.com/token".to_owned(),
            client_id_field: "clientId".to_owned(),
            client_secret: "clientSecret".to_owned(),
            access_token: "accessToken".to_owned(),
            refresh_token: "refreshToken".to_owned(),
            details: OAuth2Details::default(),
        };
        let bare = Manifest { oauth2: Some(oauth2), limits: Vec::new(), hosts: Vec::new(), ..manifest() };
        let text = describe(&bare, "abc");
        for line in ["hosts               –", "limits              –", "OAuth2 tokens from  https://example.com/token"]
        {
            assert!(text.contains(line), "{text}");
        }
    }

    #[tokio::test]
    async fn what_is_no_connector_is_refused_by_name_and_listed_with_its_reason() {
        let folder = tempfile::TempDir::new().unwrap();
        let data_dir = folder.path().display().to_string();
        let settings = config::Settings::load(None, |name| match name {
            "PATCHBAY_PLUGINS_DIR" | "PATCHBAY_DATA_DIR" => Some(data_dir.clone()),
            _ => None,
        });
        let config = config::Plugins::read(&settings.unwrap()).unwrap();
        assert_eq!(list(&config).await.unwrap(), format!("There is no .wasm file in {data_dir}.\n"));

        let file = folder.path().join("broken.wasm");
        std::fs::write(&file, "no connector").unwrap();
        let report = check(&file, None, &config).await.unwrap();
        assert!(!report.passed());
        let refusal = report.text();
        assert!(refusal.contains(&format!("{} is refused: the file is not WebAssembly", file.display())), "{refusal}");
        let listed = list(&config).await.unwrap();
        assert_eq!(listed.lines().count(), 2, "{listed}");
        assert!(listed.lines().nth(1).unwrap().starts_with("broken.wasm  –"), "{listed}");

        let missing = check(&folder.path().join("none.wasm"), None, &config).await.unwrap_err();
        assert!(missing.to_string().ends_with("none.wasm cannot be read"), "{missing}");
    }
}
