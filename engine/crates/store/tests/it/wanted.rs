//! Messages whose files did not come with them.

use chrono::Duration;
use patchbay_domain::{
    MediaId, MessageId,
    platform::{Attachment, Content, MediaKind, MediaSource},
};
use patchbay_store::media::Media;
use serde_json::json;

use crate::support::{Fixture, inbound, on_both, policy};

on_both!(what_is_wanted_is_taken_by_one_and_told_of_when_it_came);

async fn what_is_wanted_is_taken_by_one_and_told_of_when_it_came(fixture: Fixture) {
    let conversation = fixture.open("a").await.id;
    let file = Attachment {
        kind: MediaKind::Image,
        source: MediaSource::Platform("picture".into()),
        mime_type: None,
        file_name: None,
        size: None,
        caption: Some("look".into()),
        public_url: None,
    };
    let (whole, partial) = (MessageId::at(fixture.now), MessageId::at(fixture.now));
    for (id, name, metadata) in
        [(whole, "m1", json!({})), (partial, "m2", json!({"pendingMedia": true, "missingMedia": ["503"], "kept": 1}))]
    {
        let mut message = inbound(name, fixture.now);
        message.content = Content { attachments: vec![file.clone()], ..Content::default() };
        message.metadata = metadata;
        fixture.change(conversation, |draft| draft.receive(id, message, policy(), fixture.now)).await;
    }
    let take = |after| fixture.store.take_wanted_files(fixture.now + after, 10, |tries| Duration::minutes(5 << tries));
    assert_eq!(take(Duration::seconds(59)).await.unwrap(), []);
    let (one, other) = tokio::join!(take(Duration::minutes(1)), take(Duration::minutes(1)));
    let mut taken = [one.unwrap(), other.unwrap()].concat();
    assert_eq!(taken.len(), 1, "two nodes took it");
    let wanted = taken.remove(0);
    assert_eq!((wanted.message_id, wanted.tries), (partial, 0));
    assert_eq!(take(Duration::minutes(5)).await.unwrap(), []);
    assert_eq!(take(Duration::minutes(6)).await.unwrap()[0].tries, 1);

    let media = Media {
        id: MediaId::at(fixture.now),
        organisation_id: fixture.organisation(),
        mime_type: "image/png".into(),
        file_name: None,
        size: 4,
        sha256: "00".into(),
        created_at: fixture.now,
    };
    fixture.store.insert_media(&media).await.unwrap();
    let came = [("picture".to_owned(), media.clone())];
    fixture.store.files_came(&wanted, &came, true, fixture.now).await.unwrap();
    let message = fixture.message(partial).await;
    let shown = &message.content.attachments[0];
    assert_eq!((&shown.source, shown.size), (&MediaSource::Stored(media.id), Some(4)));
    assert_eq!((shown.caption.as_deref(), &message.metadata), (Some("look"), &json!({"kept": 1})));
    assert_eq!(fixture.count("select count(*) from wanted_files").await, 0);
    fixture.assert_no_gaps().await;
}
