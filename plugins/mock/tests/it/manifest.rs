use patchbay_plugin_mock::Mock;
use patchbay_plugin_sdk::Connector;
use serde_json::{Value, json};

#[test]
fn the_manifest_serves_mock_channels_and_reaches_only_configured_hosts() {
    let manifest = Mock::describe();
    assert_eq!(manifest.id, "mock");
    assert_eq!(manifest.channel_types, ["MOCK"]);
    assert_eq!(manifest.hosts, ["{config.callbackUrl}", "{config.apiBaseUrl}"]);
    assert_eq!(manifest.reply_window_ms, None);
}

#[test]
fn the_schema_names_every_setting_and_keeps_the_secret_write_only() {
    let schema: Value = serde_json::from_str(&Mock::describe().config_schema).unwrap();
    let names: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["apiBaseUrl", "callbackUrl", "limits", "onUnknownOutcome", "secret"]);
    assert_eq!(schema["properties"]["secret"]["writeOnly"], json!(true));
    assert_eq!(schema["required"], json!([]));
}
