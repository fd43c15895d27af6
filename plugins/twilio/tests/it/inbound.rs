//! Messages that no recorded payload shows.

use crate::support::{CONTACT, as_message, by_sms, by_whatsapp, form, ignored, one, sms, whatsapp};
use patchbay_plugin_sdk::testing::{NOW, snapshot, webhook};
use patchbay_plugin_sdk::{Connector, Detail, Event, MediaKind, MediaSource, Webhook};
use patchbay_plugin_twilio::Twilio;
use serde_json::{Value, json};

#[test]
fn stop_is_an_opt_out_before_it_is_a_message() {
    let events = by_sms(&[("Body", "STOP"), ("OptOutType", "STOP")]);
    let [Event::OptOut(person), Event::Message(message)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(person.id, CONTACT);
    assert_eq!(message.content.text.as_deref(), Some("STOP"));
}

#[test]
fn keywords_are_read_where_twilio_does_not_say_what_they_mean() {
    for word in ["stop", " Stop\n", "STOPALL", "unsubscribe", "Cancel", "END", "quit", "OPTOUT", "revoke"] {
        assert!(matches!(by_sms(&[("Body", word)])[..], [Event::OptOut(_), Event::Message(_)]), "{word}");
    }
    for word in ["start", "UNSTOP"] {
        assert!(matches!(by_sms(&[("Body", word)])[..], [Event::OptIn(_), Event::Message(_)]), "{word}");
    }
    for word in ["help", "yes", "please stop", "stop it", ""] {
        assert!(matches!(by_sms(&[("Body", word)])[..], [Event::Message(_)]), "{word}");
    }
}

#[test]
fn what_twilio_says_of_a_keyword_counts_more_than_the_keyword() {
    for (kind, word) in [("STOP", "arret"), ("stop", "baja")] {
        let events = by_sms(&[("Body", word), ("OptOutType", kind)]);
        assert!(matches!(events[..], [Event::OptOut(_), Event::Message(_)]), "{events:?}");
    }
    assert!(matches!(by_sms(&[("Body", "alta"), ("OptOutType", "START")])[..], [Event::OptIn(_), Event::Message(_)]));
    assert!(matches!(by_sms(&[("Body", "stop"), ("OptOutType", "HELP")])[..], [Event::Message(_)]));
}

/// On WhatsApp nobody else stops sending, and a button may say Cancel.
#[test]
fn stop_on_whatsapp_is_an_opt_out_and_cancel_is_an_answer() {
    assert!(matches!(by_whatsapp(&[("Body", "Stop")])[..], [Event::OptOut(_), Event::Message(_)]));
    assert!(matches!(by_whatsapp(&[("Body", "Cancel")])[..], [Event::Message(_)]));
}

#[test]
fn many_files_keep_the_order_of_their_numbers() {
    let names: Vec<String> = (0..12).rev().map(|number| format!("MediaUrl{number}")).collect();
    let urls: Vec<String> = (0..12).rev().map(|number| format!("https://api.twilio.com/{number}")).collect();
    let mut fields: Vec<_> = names.iter().zip(&urls).map(|(name, url)| (name.as_str(), url.as_str())).collect();
    fields.extend([("MediaContentType10", "video/mp4"), ("MediaUrlX", "no number"), ("Body", "look")]);
    let content = as_message(one(by_sms(&fields))).content;
    let sources: Vec<_> = content.attachments.iter().map(|file| file.source.clone()).collect();
    let expected: Vec<_> =
        (0..12).map(|number| MediaSource::Platform(format!("https://api.twilio.com/{number}"))).collect();
    assert_eq!(sources, expected);
    assert_eq!((content.attachments[10].kind, content.text.as_deref()), (MediaKind::Video, Some("look")));
}

#[test]
fn files_are_of_the_kind_that_their_type_says() {
    for (mime, kind) in [
        ("image/jpeg", MediaKind::Image),
        ("VIDEO/3gpp", MediaKind::Video),
        ("audio/amr", MediaKind::Audio),
        ("text/x-vcard", MediaKind::Document),
        ("application/pdf", MediaKind::Document),
        ("", MediaKind::Document),
    ] {
        let event = one(by_sms(&[("MediaUrl0", "https://x.example/1"), ("MediaContentType0", mime)]));
        assert_eq!(as_message(event).content.attachments[0].kind, kind, "{mime}");
    }
    let sticker = [("MessageType", "sticker"), ("MediaUrl0", "https://x/1"), ("MediaContentType0", "image/webp")];
    assert_eq!(as_message(one(by_whatsapp(&sticker))).content.attachments[0].kind, MediaKind::Sticker);
}

#[test]
fn choices_need_only_one_of_their_fields() {
    for (fields, id, title) in [
        (vec![("ButtonText", "Yes")], "Yes", "Yes"),
        (vec![("ButtonPayload", "y")], "y", "y"),
        (vec![("ListId", "row-1"), ("ListTitle", "First")], "row-1", "First"),
    ] {
        let content = as_message(one(by_whatsapp(&fields))).content;
        assert_eq!(snapshot(&content), json!({"text": title, "detail": {"choice": {"id": id, "title": title}}}));
    }
}

#[test]
fn what_cannot_be_read_is_kept_whole() {
    for fields in [
        vec![("MessageType", "hologram"), ("Depth", "3")],
        vec![("Latitude", "north"), ("Longitude", "1")],
        vec![("Latitude", "91"), ("Longitude", "1")],
        vec![("Latitude", "NaN"), ("Longitude", "1")],
        vec![("Latitude", "1")],
        vec![],
    ] {
        let Some(Detail::Unsupported(raw)) = as_message(one(by_whatsapp(&fields))).content.detail else {
            panic!("{fields:?}")
        };
        let raw: Value = serde_json::from_str(&raw).unwrap();
        for (name, value) in fields {
            assert_eq!(raw[name], json!(value));
        }
    }
}

#[test]
fn an_advertisement_and_other_facts_are_kept_beside_the_message() {
    let message = as_message(one(by_whatsapp(&[
        ("Body", "hi"),
        ("Forwarded", "true"),
        ("ReferralSourceId", "123"),
        ("ReferralHeadline", "Shoes"),
        ("ReferralBody", ""),
        ("ChannelMetadata", r#"{"type":"whatsapp"}"#),
    ])));
    let expected = json!({"forwarded": "true", "referral": {"source_id": "123", "headline": "Shoes"},
        "channel_metadata": {"type": "whatsapp"}});
    assert_eq!(serde_json::from_str::<Value>(&message.metadata).unwrap(), expected);
    let odd = as_message(one(by_whatsapp(&[("Body", "hi"), ("ChannelMetadata", "{")])));
    assert_eq!(odd.metadata, r#"{"channel_metadata":"{"}"#);
}

#[test]
fn a_person_keeps_every_identifier() {
    let message = as_message(one(by_whatsapp(&[
        ("Body", "hi"),
        ("ProfileName", "Ada"),
        ("WaId", "15558675310"),
        ("ExternalUserId", "whatsapp:US.13491208655302741918"),
    ])));
    let expected = json!({"id": CONTACT, "aliases": ["15558675310", "US.13491208655302741918"], "name": "Ada",
        "phone": CONTACT});
    assert_eq!(snapshot(&message.sender), expected);
    assert_eq!((message.thread.as_str(), message.sent_at), (CONTACT, NOW));
    let by_id = as_message(one(by_whatsapp(&[("Body", "hi"), ("From", "whatsapp:US.1349")])));
    assert_eq!(snapshot(&by_id.sender), json!({"id": "US.1349"}));
    let hidden = [("Body", "hi"), ("From", ""), ("ExternalUserId", "whatsapp:US.1349"), ("ProfileName", "Ada")];
    assert_eq!(snapshot(&as_message(one(by_whatsapp(&hidden))).sender), json!({"id": "US.1349", "name": "Ada"}));
}

#[test]
fn a_short_code_has_no_telephone_number() {
    let fields = [("MessageSid", "SM1"), ("From", "24273"), ("To", "+15017122661"), ("Body", "code 1")];
    let message = as_message(one(Twilio::parse(&sms(), &form(&fields)).unwrap()));
    assert_eq!(snapshot(&message.sender), json!({"id": "24273"}));
}

#[test]
fn one_number_serves_two_channels_and_each_takes_its_own() {
    let to_whatsapp =
        form(&[("MessageSid", "SM1"), ("From", "whatsapp:+1555"), ("To", "whatsapp:+1415"), ("Body", "x")]);
    assert_eq!(Twilio::addresses(&to_whatsapp), ["whatsapp:+1415", "+1415"]);
    ignored(one(Twilio::parse(&sms(), &to_whatsapp).unwrap()));
    as_message(one(Twilio::parse(&whatsapp(), &to_whatsapp).unwrap()));
    let to_sms = form(&[("MessageSid", "SM1"), ("From", "+1555"), ("To", "+1415"), ("Body", "x")]);
    assert_eq!(Twilio::addresses(&to_sms), ["+1415"]);
    ignored(one(Twilio::parse(&whatsapp(), &to_sms).unwrap()));
    for other in ["messenger:123", "rcs:brand"] {
        let webhook = form(&[("MessageSid", "SM1"), ("From", other), ("To", other), ("Body", "x")]);
        ignored(one(Twilio::parse(&sms(), &webhook).unwrap()));
    }
}

#[test]
fn a_channel_that_has_only_a_service_is_found_by_it() {
    let of = |more: &[(&str, &str)]| {
        let base = [("MessageSid", "SM1"), ("AccountSid", "AC1"), ("From", "+1555"), ("To", "+1415")];
        form(&[&base, more].concat())
    };
    let written = [("Body", "x")];
    assert_eq!(Twilio::addresses(&of(&written)), ["+1415"], "not to every channel of the account");
    let service = ("MessagingServiceSid", "MG1");
    assert_eq!(Twilio::addresses(&of(&[("Body", "x"), service])), ["+1415", "MG1"]);
    assert_eq!(Twilio::addresses(&of(&[("MessageStatus", "sent"), service])), ["+1555", "MG1"]);
    assert_eq!(Twilio::addresses(&of(&[("MessageStatus", "sent")])), ["+1555", "AC1"]);
}

#[test]
fn who_stopped_another_number_of_the_account_stopped_that_one() {
    let status = |from: &str| {
        let fields = [
            ("MessageSid", "SM1"),
            ("From", from),
            ("To", CONTACT),
            ("MessageStatus", "failed"),
            ("ErrorCode", "21610"),
        ];
        Twilio::parse(&sms(), &form(&fields)).unwrap().len()
    };
    assert_eq!((status("+15017122661"), status("+15550000000")), (2, 1));
}

/// Parameters are added without notice.
#[test]
fn what_was_received_is_a_message_whatever_else_it_says() {
    for more in [("MessageStatus", "received"), ("EventType", "MESSAGE")] {
        let message = as_message(one(by_sms(&[("Body", "hi"), ("SmsStatus", "received"), more])));
        assert_eq!(message.content.text.as_deref(), Some("hi"), "{more:?}");
    }
}

#[test]
fn webhooks_without_what_makes_them_one_are_ignored() {
    for fields in [
        vec![("From", CONTACT), ("To", "+1501"), ("Body", "no id")],
        vec![("MessageSid", "SM1"), ("To", "+1501"), ("Body", "no sender")],
        vec![("MessageStatus", "sent")],
        vec![("CallSid", "CA1"), ("From", CONTACT)],
        vec![],
    ] {
        ignored(one(Twilio::parse(&sms(), &form(&fields)).unwrap()));
    }
    ignored(one(Twilio::parse(&sms(), &webhook(r#"{"property": "value"}"#)).unwrap()));
    assert!(Twilio::parse(&sms(), &webhook([0xff])).is_err());
}

#[test]
fn a_get_is_read_from_its_address() {
    let url = "https://desk.example/hook?MessageSid=SM1&From=%2B15558675310&To=%2B15017122661&Body=hi#end";
    let get = Webhook { method: "GET".to_owned(), url: url.to_owned(), ..webhook("") };
    let message = as_message(one(Twilio::parse(&sms(), &get).unwrap()));
    assert_eq!((message.id.as_str(), message.content.text.as_deref()), ("SM1", Some("hi")));
}

#[test]
fn the_same_webhook_means_the_same_events() {
    let fields = [("Body", "STOP"), ("MediaUrl0", "https://x.example/1")];
    assert_eq!(by_sms(&fields), by_sms(&fields));
}
