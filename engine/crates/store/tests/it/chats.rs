//! A channel as its chats.

use patchbay_domain::{
    ChannelId, ContactId,
    platform::{Content, Participant},
};
use patchbay_store::{
    chats::Chat, conversations::Opening, listing::ConversationCursor, messages::MessageCursor, tickets::Page,
};

use crate::support::{Fixture, inbound, on_both, opening, policy};

on_both!(chats_come_by_their_newest_message, what_one_person_writes_under_two_names_is_one_chat,);

fn whole<C>() -> Page<C> {
    Page { limit: 50, offset: 0, after: None }
}

async fn chats(fixture: &Fixture, page: Page<ConversationCursor>) -> Vec<Chat> {
    fixture.store.chats(fixture.organisation(), fixture.channel.channel_id, page).await.unwrap()
}

async fn write(fixture: &Fixture, thread: &str, id: &str, text: &str, minute: i64) {
    let conversation = fixture.open(thread).await;
    let mut message = inbound(id, fixture.now + chrono::Duration::minutes(minute));
    message.content = Content::text(text);
    let message_id = patchbay_domain::MessageId::at(fixture.now);
    fixture.change(conversation.id, |draft| draft.receive(message_id, message, policy(), fixture.now)).await;
}

async fn chats_come_by_their_newest_message(fixture: Fixture) {
    let (store, organisation, channel) = (&fixture.store, fixture.organisation(), fixture.channel.channel_id);
    write(&fixture, "ann", "1", "early", 1).await;
    write(&fixture, "bob", "2", "late", 3).await;
    write(&fixture, "ann", "3", "between", 2).await;
    fixture.open("quiet").await;
    let found = chats(&fixture, whole()).await;
    let told: Vec<_> = found
        .iter()
        .map(|chat| {
            let last = chat.last_message.as_ref().map(|last| last.content.preview());
            (chat.external_id.as_str(), chat.unread_count, last)
        })
        .collect();
    let said = |text: &str| Some(text.to_owned());
    assert_eq!(told, [("bob", 1, said("late")), ("ann", 2, said("between")), ("quiet", 0, None)]);
    assert_eq!(store.count_chats(organisation, channel).await.unwrap(), 3);
    let mut cursor = None;
    for known in &found {
        let page = chats(&fixture, Page { limit: 1, offset: 0, after: cursor }).await;
        assert_eq!(page, std::slice::from_ref(known));
        cursor = Some(ConversationCursor { last_message_at: known.last_message_at, id: known.conversation_id });
    }
    assert_eq!(chats(&fixture, Page { limit: 1, offset: 0, after: cursor }).await, []);
    assert_eq!(chats(&fixture, Page { limit: 1, offset: 1, after: None }).await, found[1..2]);

    let other = fixture.other_tenant("other").await;
    assert_eq!(chats(&other, whole()).await, []);
    assert_eq!(store.chats(other.organisation(), channel, whole()).await.unwrap(), []);
    let written = store.channels_last_written(organisation, "MOCK").await.unwrap();
    assert_eq!(written, [(channel, fixture.now + chrono::Duration::minutes(3))]);
    assert_eq!(store.channels_last_written(organisation, "WAHA").await.unwrap(), []);
}

/// A second conversation of the contact that has this number.
async fn two_names(fixture: &Fixture) -> ContactId {
    let named = |thread: &str| {
        let phone = Some("+4915112345678".to_owned());
        let participant = Participant { id: thread.to_owned(), phone, ..opening(thread).participant };
        Opening { thread: thread.to_owned(), group: false, participant }
    };
    let ids = fixture.opened(&[named("123@lid"), named("4915112345678@c.us")]).await;
    let views = fixture.store.conversation_views(fixture.organisation(), &ids).await.unwrap();
    assert_eq!((views.len(), views[0].contact_id), (2, views[1].contact_id));
    views[0].contact_id
}

async fn what_one_person_writes_under_two_names_is_one_chat(fixture: Fixture) {
    let (store, organisation, channel) = (&fixture.store, fixture.organisation(), fixture.channel.channel_id);
    let contact = two_names(&fixture).await;
    write(&fixture, "123@lid", "1", "first", 1).await;
    write(&fixture, "4915112345678@c.us", "2", "second", 2).await;
    write(&fixture, "123@lid", "3", "third", 3).await;
    let found = chats(&fixture, whole()).await;
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].contact_id, found[0].external_id.as_str(), found[0].unread_count), (contact, "123@lid", 3));

    let conversations = store.conversations_of_chat(organisation, channel, contact).await.unwrap();
    let mut unread: Vec<_> = conversations.iter().map(|(_, unread)| *unread).collect();
    unread.sort_unstable();
    assert_eq!(unread, [1, 2]);
    let ids: Vec<_> = conversations.iter().map(|(id, _)| *id).collect();
    let page = async |page| {
        let found = store.messages_of_chat(organisation, &ids, page).await.unwrap();
        let last =
            found.last().map(|last| MessageCursor { platform_at: last.message.platform_at, sequence: last.sequence });
        (found.iter().map(|view| view.message.content.preview()).collect::<Vec<_>>(), last)
    };
    assert_eq!(page(whole()).await.0, ["third", "second", "first"]);
    let (first, last) = page(Page { limit: 2, offset: 0, after: None }).await;
    assert_eq!(
        (first, page(Page { limit: 2, offset: 0, after: last }).await.0),
        (vec!["third".to_owned(), "second".to_owned()], vec!["first".to_owned()])
    );
    assert_eq!(store.count_messages_of_chat(organisation, &ids).await.unwrap(), 3);
    for (id, unread) in conversations {
        let alone = store.messages_of_chat(organisation, &[id], whole()).await.unwrap();
        assert_eq!(i64::try_from(alone.len()).unwrap(), unread);
    }

    let other = fixture.other_tenant("other").await.organisation();
    assert_eq!(store.conversations_of_chat(other, channel, contact).await.unwrap(), []);
    let elsewhere = ChannelId::at(fixture.now);
    assert_eq!(store.conversations_of_chat(organisation, elsewhere, contact).await.unwrap(), []);
    assert_eq!(store.messages_of_chat(other, &ids, whole()).await.unwrap(), []);
}
