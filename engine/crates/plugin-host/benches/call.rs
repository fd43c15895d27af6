//! What the sandbox costs: `parse` of a webhook with one message, in the
//! component and natively. Wanted: at most 1.5 times the native time, plus 10 µs.
//!
//! The component is `whatsapp.wasm` of `cargo xtask plugins`, in
//! `PATCHBAY_TEST_PLUGINS_DIR` or `target/plugins`.

#![expect(clippy::expect_used, reason = "a measurement ends where it cannot go on")]

use std::{hint::black_box, path::PathBuf, sync::Arc};

use chrono::{DateTime, Utc};
use criterion::{Criterion, criterion_group, criterion_main};
use patchbay_domain::{ChannelId, platform::Webhook};
use patchbay_plugin_host::{ChannelView, HostConfig, Instance, PluginHost, SecretMap};
use patchbay_plugin_sdk::{Connector, testing};
use patchbay_plugin_whatsapp::WhatsApp;
use serde_json::{Value, json};

const BODY: &str = r#"{"object":"whatsapp_business_account","entry":[{"id":"419561257915477","changes":[{"value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550783881","phone_number_id":"106540352242922"},"contacts":[{"profile":{"name":"Sheena Nelson"},"wa_id":"16505551234"}],"messages":[{"from":"16505551234","id":"wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQTRBNjU5OUFFRTAzODEwMTQ0RgA=","timestamp":"1749416383","type":"text","text":{"body":"Does it come in another color?"}}]},"field":"messages"}]}]}"#;

fn config() -> Value {
    json!({"phoneNumberId": "106540352242922", "businessAccountId": "419561257915477", "apiVersion": "v24.0"})
}

async fn instance() -> Instance {
    let folder = std::env::var_os("PATCHBAY_TEST_PLUGINS_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../target/plugins"), PathBuf::from);
    let bytes = std::fs::read(folder.join("whatsapp.wasm")).expect("`cargo xtask plugins` has built the connectors");
    let host = PluginHost::new(HostConfig::default()).expect("the host starts");
    host.load(bytes).await.expect("the connector loads").instantiate()
}

fn call(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let channel = ChannelView {
        id: ChannelId::at(DateTime::UNIX_EPOCH),
        channel_type: "WHATSAPP".into(),
        config: config().to_string().into(),
        webhook_url: "https://patchbay.example/webhook/1".into(),
        secrets: Arc::new(SecretMap::default()),
    };
    let webhook = Webhook {
        method: "POST".into(),
        url: "https://patchbay.example/webhook/1".into(),
        headers: vec![],
        body: BODY.into(),
        received_at: Utc::now(),
    };
    let mut instance = runtime.block_on(instance());
    let mut group = criterion.benchmark_group("parse");
    group.bench_function("component", |bencher| {
        bencher.iter(|| runtime.block_on(instance.parse(&channel, &webhook)).expect("no trap").expect("readable"));
    });
    let (channel, webhook) = (testing::channel("WHATSAPP", &config()), testing::webhook(BODY));
    group.bench_function("native", |bencher| {
        bencher.iter(|| WhatsApp::parse(black_box(&channel), black_box(&webhook)).expect("readable"));
    });
    group.finish();
}

criterion_group!(benches, call);
criterion_main!(benches);
