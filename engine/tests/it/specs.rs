//! What connectors ask of platforms, held against the platforms' own descriptions. The snapshots say which calls the
//! descriptions know; a call that violates one fails.

use std::{collections::BTreeMap, fs, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use patchbay_domain::{
    ChannelId, MediaId,
    platform::{
        Command, Content, MessageRef, Outgoing, OutgoingEdit, OutgoingReaction, Participant, Response, Step,
        TransportError, TypingSignal,
    },
};
use patchbay_plugin_host::{
    ByteStream, ChannelView, Egress, EgressConfig, HostConfig, MediaError, MediaRead, MediaStore, Plugin, PluginHost,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{
    engine::plugins,
    prism::{Prism, Verdict},
};

/// Calls that one command may make.
const MAX_CALLS: usize = 8;
const MESSAGE: &str = "msg.1";

struct Case {
    connector: &'static str,
    channel_type: &'static str,
    description: &'static str,
    config: Value,
    /// The contact's identifier, as the platform gives it.
    contact: &'static str,
    /// A template as the platform names it.
    template: &'static str,
}

/// Has the connector carry out every command, and tells what the description says of each request.
async fn requests(case: Case) -> String {
    let prism = Prism::start(case.description).await;
    let bytes = fs::read(plugins().join(case.connector).with_extension("wasm")).expect("the connector is built");
    let plugin = PluginHost::new(HostConfig::default()).unwrap().load(bytes).await.unwrap();
    let allow_private = vec!["127.0.0.1".to_owned()];
    let egress = Egress::new(EgressConfig { allow_private, ..EgressConfig::default() }).unwrap();
    let channel = channel(&case, &plugin, &prism.platform.address);
    let contact = Participant { phone: Some("+16505551234".into()), ..somebody(case.contact) };
    let mut lines = Vec::new();
    for (name, command) in commands(&contact, case.template) {
        let outcome = run(&plugin, &egress, &channel, &command).await;
        for (request, verdict) in prism.seen() {
            match verdict {
                Verdict::Valid => lines.push(format!("{name}: {request}")),
                Verdict::NotDescribed => lines.push(format!("{name}: {request} (not described)")),
                Verdict::Violation(violation) => panic!("{name}: {request} violates the description: {violation}"),
            }
        }
        if let Some(reason) = outcome {
            lines.push(format!("{name}: {reason}"));
        }
    }
    lines.join("\n")
}

/// Where a command ends without its request: why.
async fn run(plugin: &Arc<Plugin>, egress: &Egress, channel: &ChannelView, command: &Command) -> Option<String> {
    let now = chrono::DateTime::from_timestamp_millis(1_749_407_983_000).unwrap();
    let mut instance = plugin.instantiate();
    let mut step = instance.perform(channel, command, now).await.unwrap();
    for _ in 0..MAX_CALLS {
        let Step::Request(mut request) = step else { break };
        let state = std::mem::take(&mut request.state);
        let answer: Result<Response, TransportError> =
            egress.perform(channel, plugin.manifest(), &request, &Files).await;
        if let Err(TransportError::Refused(reason) | TransportError::NotSent(reason)) = &answer {
            return Some(format!("not sent: {reason}"));
        }
        step = instance.resume(channel, command, state, answer, now).await.unwrap();
    }
    match step {
        Step::Failed(failure) => Some(format!("{:?}", failure.kind)),
        Step::Done(_) => None,
        Step::Request(_) => panic!("{} wants more than {MAX_CALLS} calls", command.word()),
    }
}

fn channel(case: &Case, plugin: &Plugin, address: &str) -> ChannelView {
    let mut config = case.config.clone();
    config["apiBaseUrl"] = address.into();
    let properties = plugin.manifest().config_schema["properties"].as_object().unwrap();
    let secrets = properties.iter().filter(|(_, property)| property["writeOnly"] == true);
    let secrets: BTreeMap<String, String> = secrets.map(|(name, _)| (name.clone(), "secret".to_owned())).collect();
    ChannelView {
        id: ChannelId::from_uuid(Uuid::from_u128(1)),
        channel_type: case.channel_type.to_owned(),
        config: config.to_string().into(),
        webhook_url: "https://patchbay.example/webhook/1".to_owned(),
        secrets: Arc::new(secrets.into_iter().collect()),
    }
}

fn somebody(id: &str) -> Participant {
    Participant { id: id.to_owned(), name: Some("Ada".into()), ..Participant::default() }
}

fn commands(to: &Participant, template: &str) -> Vec<(String, Command)> {
    let message = || MessageRef { thread: to.id.clone(), id: MESSAGE.to_owned() };
    let mut commands: Vec<(String, Command)> = contents(template)
        .into_iter()
        .map(|(name, content)| {
            let content: Content = serde_json::from_value(content).unwrap();
            (format!("send {name}"), Command::Send(outgoing(to, content, None)))
        })
        .collect();
    let reply = Command::Send(outgoing(to, Content::text("Yes"), Some(MESSAGE.to_owned())));
    commands.push(("reply".to_owned(), reply));
    let reaction = |emoji: Option<&str>| {
        Command::React(OutgoingReaction { message: message(), to: to.clone(), emoji: emoji.map(Into::into) })
    };
    let edit = OutgoingEdit { message: message(), to: to.clone(), content: Content::text("Changed") };
    let typing =
        |on| Command::SetTyping(TypingSignal { thread: to.id.clone(), on, last_message: Some(MESSAGE.into()) });
    let others = [
        reaction(Some("👍")),
        reaction(None),
        Command::Edit(edit),
        Command::Delete(message()),
        Command::MarkRead(vec![message()]),
        typing(true),
        typing(false),
        Command::TestConnection,
        Command::FetchProfile(to.id.clone()),
        Command::SessionStart,
        Command::SessionStop,
        Command::SessionRestart,
        Command::SessionLogout,
        Command::SessionStatus,
        Command::Qr,
        Command::PairingCode("16505551234".to_owned()),
        Command::Poll(None),
    ];
    commands.extend(others.into_iter().map(|command| (command.word().to_owned(), command)));
    commands
}

fn outgoing(to: &Participant, content: Content, reply_to: Option<String>) -> Outgoing {
    Outgoing {
        id: "018f3f5e-0000-7000-8000-000000000002".to_owned(),
        to: to.clone(),
        thread: to.id.clone(),
        content,
        reply_to,
        last_inbound_at: chrono::DateTime::from_timestamp_millis(1_749_407_900_000),
        metadata: json!({}),
    }
}

fn contents(template: &str) -> Vec<(&'static str, Value)> {
    let stored = json!({"stored": Uuid::from_u128(3)});
    let file = |kind: &str, mime: &str, name: &str| {
        json!({"attachments": [{"kind": kind, "source": stored, "mime_type": mime, "file_name": name, "size": 4,
            "public_url": "https://patchbay.example/media/3"}]})
    };
    let choice = |id: &str| json!({"id": id, "title": id});
    let email = json!({"subject": "About your order", "html": "<p>Hello</p>", "cc": ["grace@example.com"],
        "bcc": ["alan@example.com"], "references": ["<1@example.com>"]});
    vec![
        ("text", json!({"text": "Hello"})),
        (
            "linked image",
            json!({"attachments": [{"kind": "image", "mime_type": "image/jpeg",
            "source": {"url": "https://example.com/a.jpg"}, "caption": "Look"}]}),
        ),
        ("image", file("image", "image/jpeg", "a.jpg")),
        ("video", file("video", "video/mp4", "a.mp4")),
        ("audio", file("audio", "audio/mpeg", "a.mp3")),
        ("voice", file("voice", "audio/ogg", "a.ogg")),
        ("document", file("document", "application/pdf", "a.pdf")),
        ("sticker", file("sticker", "image/webp", "a.webp")),
        ("location", json!({"detail": {"location": {"latitude": 52.5, "longitude": 13.4, "name": "Office"}}})),
        ("contacts", json!({"detail": {"contacts": [{"id": "49123", "name": "Grace", "phone": "+49123"}]}})),
        ("buttons", json!({"text": "Which?", "detail": {"choices": {"items": [choice("a"), choice("b")]}}})),
        (
            "list",
            json!({"text": "Which?", "detail": {"choices": {"button": "Choose",
            "items": [choice("a"), choice("b"), choice("c"), choice("d")]}}}),
        ),
        ("template", json!({"detail": {"template": {"name": template, "language": "en_US"}}})),
        ("email", json!({"text": "Hello", "detail": {"email": email}})),
    ]
}

/// One file of four bytes, whatever is asked for.
struct Files;

#[async_trait]
impl MediaStore for Files {
    async fn open(&self, _: ChannelId, _: MediaId) -> Result<MediaRead, MediaError> {
        let bytes = Bytes::from_static(b"file");
        Ok(MediaRead {
            mime: Some("image/jpeg".into()),
            file_name: Some("a.jpg".into()),
            length: 4,
            stream: stream::once(async { Ok(bytes) }).boxed(),
        })
    }

    async fn save(
        &self,
        _: ChannelId,
        _: Option<String>,
        _: Option<String>,
        mut stream: ByteStream,
    ) -> Result<MediaId, MediaError> {
        while let Some(part) = stream.next().await {
            part.map_err(|error| MediaError::Failed(error.to_string()))?;
        }
        Ok(MediaId::from_uuid(Uuid::from_u128(4)))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatsapp() {
    let config = json!({"phoneNumberId": "106540352242922", "businessAccountId": "419561257915477"});
    let case = Case {
        connector: "whatsapp",
        channel_type: "WHATSAPP",
        description: "whatsapp_cloud.json",
        config,
        contact: "16505551234",
        template: "greeting",
    };
    insta::assert_snapshot!(requests(case).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn twilio_sms() {
    let config = json!({"accountSid": "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "from": "+14155238886"});
    let case = Case {
        connector: "twilio",
        channel_type: "TWILIO_SMS",
        description: "twilio_messages.json",
        config,
        contact: "+16505551234",
        template: "HXaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };
    insta::assert_snapshot!(requests(case).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn twilio_whatsapp() {
    let config = json!({"accountSid": "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "from": "+14155238886"});
    let case = Case {
        connector: "twilio",
        channel_type: "TWILIO_WHATSAPP",
        description: "twilio_messages.json",
        config,
        contact: "whatsapp:+16505551234",
        template: "HXaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };
    insta::assert_snapshot!(requests(case).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn sendgrid() {
    let case = Case {
        connector: "sendgrid",
        channel_type: "EMAIL",
        description: "sendgrid_mail_send.json",
        config: json!({"fromEmail": "support@example.com", "fromName": "Support"}),
        contact: "ada@example.com",
        template: "d-0123456789abcdef0123456789abcdef",
    };
    insta::assert_snapshot!(requests(case).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn facebook() {
    let case = Case {
        connector: "facebook",
        channel_type: "FACEBOOK",
        description: "messenger_send.json",
        config: json!({"facebookPageId": "682498302938465"}),
        contact: "1254459154682919",
        template: "greeting",
    };
    insta::assert_snapshot!(requests(case).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn instagram() {
    let case = Case {
        connector: "instagram",
        channel_type: "INSTAGRAM",
        description: "instagram_send.json",
        config: json!({"instagramAccountId": "17841405822304914"}),
        contact: "6525124850842116",
        template: "greeting",
    };
    insta::assert_snapshot!(requests(case).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn waha() {
    let case = Case {
        connector: "waha",
        channel_type: "WAHA",
        description: "waha.json",
        config: json!({"baseUrl": "https://waha.example.com", "session": "default"}),
        contact: "11111111111@c.us",
        template: "greeting",
    };
    insta::assert_snapshot!(requests(case).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn twitter() {
    let case = Case {
        connector: "twitter",
        channel_type: "TWITTER",
        description: "x_dm_activity.json",
        config: json!({"userId": "4337869213", "consumerKey": "key", "accessTokenKey": "token"}),
        contact: "3001969357",
        template: "greeting",
    };
    insta::assert_snapshot!(requests(case).await);
}
