//! Requests.

use patchbay_plugin_meta::Graph;
use patchbay_plugin_sdk::testing::channel;
use patchbay_plugin_sdk::{Auth, Request};
use serde_json::json;

#[test]
fn requests_go_to_the_graph_api_with_the_token_by_name() {
    let channel = channel("TEST", &json!({}));
    let graph = Graph::new(&channel, None, "pageAccessToken").unwrap();
    let Request { method, url, auth, idempotent, .. } = graph.get(["1234", "message_templates"]);
    assert_eq!((method.as_str(), url.as_str()), ("GET", "https://graph.facebook.com/v24.0/1234/message_templates"));
    assert_eq!((auth, idempotent), (Auth::Bearer("pageAccessToken".to_owned()), true));
    let post = graph.post(["1234", "messages"]);
    assert_eq!((post.method.as_str(), post.idempotent), ("POST", false));
}

#[test]
fn another_server_and_version_replace_the_default_and_no_segment_leaves_its_place() {
    let channel = channel("TEST", &json!({"apiBaseUrl": "http://127.0.0.1:4000/"}));
    let graph = Graph::new(&channel, Some("v25.0"), "accessToken").unwrap();
    assert_eq!(graph.get(["../me?x=1"]).url, "http://127.0.0.1:4000/v25.0/..%2Fme%3Fx%3D1");
    assert_eq!(graph.download("https://lookaside.fbsbx.com/x?mid=1").url, "https://lookaside.fbsbx.com/x?mid=1");
}
