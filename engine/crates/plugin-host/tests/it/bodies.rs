//! Bodies out and in: files are streamed, and everything has a limit.

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_STANDARD};
use patchbay_domain::{
    ChannelId, MediaId,
    platform::{Body, Chunk, Header, Part, PartContent, Request, TransportError},
};
use patchbay_plugin_host::{ChannelView, Egress, EgressConfig};
use uuid::Uuid;

use crate::{
    platform::{Files, Platform, answer, channel_at, get, local, post, redirect, refusal, send, send_with},
    world::{channel, manifest},
};

const FILE: &[u8] = b"the bytes of a file";

fn media() -> MediaId {
    MediaId::from_uuid(Uuid::from_u128(7))
}

fn files_of(channel: ChannelId) -> Files {
    let files = Files::default();
    let file = (Some("image/png".to_owned()), Some("a.png".to_owned()), FILE.to_vec());
    files.0.lock().unwrap().insert((channel, media()), file);
    files
}

async fn sent(platform: &Platform, body: Body) -> Vec<u8> {
    let files = files_of(channel(1).id);
    send_with(local(), &[], &post(&platform.url("/"), body), &files).await.unwrap();
    platform.seen().pop().unwrap().body
}

#[tokio::test]
async fn forms_are_encoded() {
    let platform = Platform::new().await;
    let form = Body::Form(vec![("To".into(), "+49 1".into()), ("Body".into(), "a&b=ä".into())]);
    let headers = vec![Header { name: "Content-Type".into(), value: "text/plain".into() }];
    send(&Request { headers, ..post(&platform.url("/"), form) }).await.unwrap();
    assert_eq!(platform.only().body, b"To=%2B49+1&Body=a%26b%3D%C3%A4");
    assert_eq!(platform.only().headers["content-type"], "application/x-www-form-urlencoded");
}

#[tokio::test]
async fn parts_bring_files_with_their_name_and_type() {
    let platform = Platform::new().await;
    let part = |name: &str, content, file_name: Option<&str>| Part {
        name: name.into(),
        content,
        file_name: file_name.map(str::to_owned),
        mime_type: None,
    };
    let body = Body::Multipart(vec![
        part("product", PartContent::Bytes(b"whatsapp".to_vec()), None),
        part("file", PartContent::Media(media()), Some("photo.png")),
        part("again", PartContent::Media(media()), None),
    ]);
    let body = String::from_utf8(sent(&platform, body).await).unwrap();
    assert_eq!(body.matches(std::str::from_utf8(FILE).unwrap()).count(), 2);
    assert_eq!(body.matches("image/png").count(), 2);
    for expected in [r#"name="product""#, "whatsapp", r#"filename="photo.png""#, r#"filename="a.png""#] {
        assert!(body.contains(expected), "{expected}: {body}");
    }
}

#[tokio::test]
async fn chunks_are_one_stream_with_a_length() {
    let platform = Platform::new().await;
    let bytes = |text: &str| Chunk::Bytes(text.as_bytes().to_vec());
    let chunks = vec![bytes("{\"file\":\""), Chunk::MediaBase64(media()), bytes("\"}"), Chunk::Media(media())];
    let expected = [b"{\"file\":\"", BASE64_STANDARD.encode(FILE).as_bytes(), b"\"}", FILE].concat();
    assert_eq!(sent(&platform, Body::Chunks(chunks)).await, expected);
}

#[tokio::test]
async fn a_secret_stands_in_a_body_as_json_wants_it() {
    let platform = Platform::new().await;
    let secrets = [("quoted".to_owned(), "a \"key\"\\ä".to_owned())].into_iter().collect();
    let egress = Egress::new(local()).unwrap();
    let view = ChannelView { secrets: Arc::new(secrets), ..channel_at(&platform.url("")) };
    let bytes = |text: &str| Chunk::Bytes(text.as_bytes().to_vec());
    let with = |name: &str| vec![bytes("{\"key\":\""), Chunk::Secret(name.into()), bytes("\"}")];
    let put = |name: &str| post(&platform.url("/"), Body::Chunks(with(name)));
    egress.perform(&view, &manifest(&[]), &put("quoted"), &Files::default()).await.unwrap();
    let body: serde_json::Value = serde_json::from_slice(&platform.only().body).unwrap();
    assert_eq!(body, serde_json::json!({"key": "a \"key\"\\ä"}));
    let unset = egress.perform(&view, &manifest(&[]), &put("unset"), &Files::default()).await;
    assert!(refusal(unset).contains("unset"));
}

#[tokio::test]
async fn a_streamed_file_is_sent_again_after_a_redirect_that_keeps_it() {
    let platform = Platform::answering(|seen| {
        if seen.line.contains("/next") { answer("200 OK", "", "") } else { redirect("308 Permanent Redirect", "/next") }
    })
    .await;
    assert_eq!(sent(&platform, Body::Chunks(vec![Chunk::Media(media())])).await, FILE);
    assert_eq!(platform.seen()[0].body, FILE);
}

#[tokio::test]
async fn another_channels_file_is_not_found() {
    let platform = Platform::new().await;
    let files = files_of(channel(2).id);
    let request = post(&platform.url("/"), Body::Chunks(vec![Chunk::Media(media())]));
    let reason = refusal(send_with(local(), &[], &request, &files).await);
    assert!(reason.contains(&media().to_string()), "{reason}");
    assert!(platform.seen().is_empty());
}

/// Says that a hundred megabytes follow, and sends a few more than may be kept.
async fn generous(sent: usize) -> Platform {
    Platform::answering(move |_| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nContent-Type: image/jpeg\r\n\r\n", 100 << 20);
        [head.into_bytes(), vec![b'x'; sent]].concat()
    })
    .await
}

#[tokio::test]
async fn a_hundred_megabytes_are_not_read() {
    let platform = generous(9 << 20).await;
    let answer = send(&get(&platform.url("/"))).await;
    assert!(matches!(&answer, Err(TransportError::Unknown(reason)) if reason.contains("larger than")), "{answer:?}");
}

#[tokio::test]
async fn a_file_is_saved_with_its_type_and_name_up_to_its_own_limit() {
    let files = Files::default();
    let platform = Platform::answering(|_| {
        answer("200 OK", "Content-Type: image/jpeg\r\nContent-Disposition: attachment; filename=\"p.jpg\"\r\n", "jpeg")
    })
    .await;
    let request = Request { save_body: true, ..get(&platform.url("/")) };
    let response = send_with(local(), &[], &request, &files).await.unwrap();
    let id = response.saved.unwrap();
    assert!(response.body.is_empty());
    let kept = files.0.lock().unwrap()[&(channel(1).id, id)].clone();
    assert_eq!(kept, (Some("image/jpeg".to_owned()), Some("p.jpg".to_owned()), b"jpeg".to_vec()));

    let platform = generous(2 << 20).await;
    let files = Files::default();
    let config = EgressConfig { max_saved_bytes: 1 << 20, ..local() };
    let request = Request { save_body: true, ..get(&platform.url("/")) };
    let answer = send_with(config, &[], &request, &files).await;
    assert!(matches!(&answer, Err(TransportError::Unknown(reason)) if reason.contains("larger than")), "{answer:?}");
    assert!(files.0.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_error_is_handed_back_rather_than_saved() {
    let platform = Platform::answering(|_| answer("401 Unauthorized", "", "expired")).await;
    let response = send(&Request { save_body: true, ..get(&platform.url("/")) }).await.unwrap();
    assert_eq!((response.status, &response.body[..], response.saved), (401, &b"expired"[..], None));
}
