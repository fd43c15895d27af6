//! Reads for people: filters, pages, and nothing of another tenant.

use chrono::Duration;
use patchbay_domain::{
    MediaId, MessageId, TicketId,
    conversation::TicketUpdate,
    message::Message,
    platform::Participant,
    ticket::{Priority, TicketStatus},
};
use patchbay_store::{
    conversations::Opening,
    customers::{CustomerCursor, CustomerFilter, PlatformCount},
    media::Media,
    messages::{MessageCursor, MessageView, Part, Thread},
    tickets::{Page, TicketCursor, TicketFilter, TicketView},
};

use crate::support::{Fixture, inbound, on_both, policy};

on_both!(
    tickets_are_filtered_and_paged,
    a_thread_is_read_in_parts,
    customers_are_searched_and_paged,
    customers_are_found_however_their_names_are_typed,
    no_read_crosses_tenants,
    media_reads_back,
);

const ALL: u32 = 1000;

fn all<C>() -> Page<C> {
    Page { limit: ALL, offset: 0, after: None }
}

fn ids(tickets: &[TicketView]) -> Vec<TicketId> {
    tickets.iter().map(|view| view.ticket.id).collect()
}

async fn tickets_are_filtered_and_paged(mut fixture: Fixture) {
    let mut made = Vec::new();
    for number in 0..5 {
        // Two of them in the same moment.
        fixture.now += Duration::seconds(number / 2);
        let conversation = fixture.open(&format!("thread {number}")).await;
        fixture.receive(conversation.id, &format!("m{number}")).await;
        made.push(fixture.load(conversation.id).await);
    }
    let (store, organisation) = (&fixture.store, fixture.organisation());
    let last = &made[4];
    let ticket = last.ticket.as_ref().unwrap().id;
    let update = TicketUpdate {
        status: Some(TicketStatus::Pending),
        priority: Some(Priority::High),
        assignee_id: Some(Some(fixture.user)),
        ..TicketUpdate::default()
    };
    fixture.change(last.id, |draft| draft.update_ticket(ticket, update, fixture.now).unwrap()).await;

    let whole = store.tickets(organisation, &TicketFilter::default(), all()).await.unwrap();
    assert_eq!(whole.len(), 5);
    assert!(whole.is_sorted_by(|one, next| {
        (one.ticket.updated_at, next.ticket.id) >= (next.ticket.updated_at, one.ticket.id)
    }));
    let view = whole.iter().find(|view| view.ticket.id == ticket).unwrap();
    assert_eq!((view.channel_name.as_str(), view.channel_type.as_str()), ("Mock", "MOCK"));
    assert_eq!((view.customer_name.as_str(), view.customer_platform.as_str()), ("Name of thread 4", "MOCK"));
    assert_eq!((view.external_thread_id.as_str(), view.message_count), ("thread 4", 1));
    assert_eq!(view.assignee.as_ref().unwrap().email.as_deref(), Some("owner@example.com"));

    let only = |filter: TicketFilter| async move {
        let found = store.tickets(organisation, &filter, all()).await.unwrap();
        assert_eq!(store.count_tickets(organisation, &filter).await.unwrap(), found.len() as u64);
        ids(&found)
    };
    let filter = TicketFilter::default;
    assert_eq!(only(TicketFilter { status: Some(TicketStatus::Pending), ..filter() }).await, [ticket]);
    assert_eq!(only(TicketFilter { priority: Some(Priority::High), ..filter() }).await, [ticket]);
    assert_eq!(only(TicketFilter { assignee_id: Some(fixture.user), ..filter() }).await, [ticket]);
    assert_eq!(only(TicketFilter { customer_id: Some(last.identity_id), ..filter() }).await, [ticket]);
    assert_eq!(only(TicketFilter { channel_id: Some(fixture.channel.channel_id), ..filter() }).await.len(), 5);
    assert_eq!(only(TicketFilter { status: Some(TicketStatus::Closed), ..filter() }).await, []);

    let second = store.tickets(organisation, &filter(), Page { limit: 2, offset: 2, after: None }).await.unwrap();
    assert_eq!(ids(&second), ids(&whole[2..4]));
    let mut read = Vec::new();
    let mut after = None;
    loop {
        let page = store.tickets(organisation, &filter(), Page { limit: 2, offset: 0, after }).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(TicketCursor { updated_at: last.ticket.updated_at, id: last.ticket.id });
        read.extend(ids(&page));
    }
    assert_eq!(read, ids(&whole));
}

async fn a_thread_is_read_in_parts(fixture: Fixture) {
    let conversation = fixture.open("a").await;
    let mut sent = Vec::new();
    // By the platform's time, and of one moment in the order of their commits.
    for (number, seconds) in [(0, 1), (1, 2), (2, 2), (3, 5), (4, 4)] {
        let id = MessageId::at(fixture.now);
        let message = inbound(&format!("m{number}"), fixture.now + Duration::seconds(seconds));
        fixture.change(conversation.id, |draft| draft.receive(id, message, policy(), fixture.now)).await;
        sent.push(id);
    }
    let expected = [sent[0], sent[1], sent[2], sent[4], sent[3]];
    let (store, organisation) = (&fixture.store, fixture.organisation());
    let ticket = fixture.load(conversation.id).await.ticket.unwrap();
    let read = |thread, part, limit| async move {
        let found: Vec<MessageView> = store.thread_messages(organisation, thread, part, limit).await.unwrap();
        found
    };
    let ids = |views: &[MessageView]| -> Vec<MessageId> { views.iter().map(|view| view.message.id).collect() };
    for thread in [Thread::Conversation(conversation.id), Thread::Ticket(ticket.id)] {
        let whole = read(thread, Part::Newest, ALL).await;
        assert_eq!(ids(&whole), expected);
        assert_eq!(store.count_messages(organisation, thread).await.unwrap(), 5);
        assert_eq!(ids(&read(thread, Part::Newest, 2).await), expected[3..]);
        assert_eq!(ids(&read(thread, Part::Offset(1), 2).await), expected[1..3]);
        let at = |index: usize| MessageCursor {
            platform_at: whole[index].message.platform_at,
            sequence: whole[index].sequence,
        };
        assert_eq!(ids(&read(thread, Part::Before(at(3)), 2).await), expected[1..3]);
        assert_eq!(ids(&read(thread, Part::After(at(1)), 2).await), expected[2..4]);
        assert_eq!(ids(&read(thread, Part::After(at(4)), 2).await), []);
    }
    let own: Message = fixture.message(fixture.queue(conversation.id, "ours").await).await;
    let view = store.message(organisation, own.id).await.unwrap().unwrap();
    assert_eq!((view.sender_user_name.as_deref(), view.attempts), (Some("Ann"), 0));
}

async fn customers_are_searched_and_paged(mut fixture: Fixture) {
    let mut conversations = Vec::new();
    for thread in ["50%_off", "50x_off", "silent", "also silent"] {
        conversations.push(fixture.open(thread).await);
    }
    for (number, conversation) in conversations.iter().take(2).enumerate() {
        fixture.now += Duration::seconds(1);
        fixture.receive(conversation.id, &format!("m{number}")).await;
    }
    let (store, organisation) = (&fixture.store, fixture.organisation());
    let whole = store.customers(organisation, &CustomerFilter::default(), all()).await.unwrap();
    let names: Vec<_> = whole.iter().map(|customer| customer.external_id.as_str()).collect();
    assert_eq!(names, ["50x_off", "50%_off", "silent", "also silent"]);
    let searched = |search: &str| {
        let filter = CustomerFilter { search: Some(search.into()), ..CustomerFilter::default() };
        async move {
            let found = store.customers(organisation, &filter, all()).await.unwrap();
            assert_eq!(store.count_customers(organisation, &filter).await.unwrap(), found.len() as u64);
            found.into_iter().map(|customer| customer.external_id).collect::<Vec<_>>()
        }
    };
    assert_eq!(searched("NAME OF also").await, ["also silent"]);
    assert_eq!(searched("0%_o").await, ["50%_off"], "what is typed is no pattern");
    assert_eq!(searched("nobody").await, Vec::<String>::new());
    assert_eq!(searched("").await.len(), 4);
    let platform = CustomerFilter { platform: Some("WHATSAPP".into()), ..CustomerFilter::default() };
    assert_eq!(store.count_customers(organisation, &platform).await.unwrap(), 0);
    let mut read = Vec::new();
    let mut after = None;
    loop {
        let page = Page { limit: 1, offset: 0, after };
        let page = store.customers(organisation, &CustomerFilter::default(), page).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(CustomerCursor { last_message_at: last.last_message_at, id: last.id });
        read.extend(page);
    }
    assert_eq!(read, whole);
}

async fn customers_are_found_however_their_names_are_typed(fixture: Fixture) {
    let named = |id: &str, name: &str| Opening {
        thread: id.into(),
        group: false,
        participant: Participant { id: id.into(), name: Some(name.into()), ..Participant::default() },
    };
    let openings =
        [named("1", "José Ñandú"), named("2", "Zoë Straße"), named("3", "Mary-JOSE"), named("4", "日本 太郎")];
    let opened = fixture.opened(&openings).await;
    let (store, organisation) = (&fixture.store, fixture.organisation());
    let found = |search: &str| {
        let filter = CustomerFilter { search: Some(search.into()), ..CustomerFilter::default() };
        async move {
            let found = store.customers(organisation, &filter, all()).await.unwrap();
            let mut found: Vec<_> = found.into_iter().map(|customer| customer.external_id).collect();
            found.sort();
            found
        }
    };
    assert_eq!(found("jose").await, ["1", "3"], "the beginning of one, the end of the other");
    assert_eq!(found("É N").await, ["1"]);
    assert_eq!(found("STRASSE").await, ["2"]);
    assert_eq!(found("太").await, ["4"]);
    // A new name is found, the old one no longer.
    let renamed = Participant { id: "1".into(), name: Some("Renée".into()), ..Participant::default() };
    fixture.change(opened[0], |draft| draft.learn(renamed)).await;
    assert_eq!((found("nandu").await, found("RENEE").await), (vec![], vec!["1".to_owned()]));
    // What an engine wrote that knows no folding is folded when the next one starts.
    fixture.run("update identities set search_text = null").await;
    assert_eq!(found("renee").await, Vec::<String>::new());
    store.migrate().await.unwrap();
    assert_eq!(found("renee").await, ["1"]);
    let platforms = store.customers_by_platform(organisation).await.unwrap();
    assert_eq!(platforms, [PlatformCount { platform: "MOCK".into(), count: 4 }]);
    let other = fixture.other_tenant("other").await;
    assert!(store.customers_by_platform(other.organisation()).await.unwrap().is_empty());
    let filter = CustomerFilter { search: Some("renee".into()), ..CustomerFilter::default() };
    assert!(store.customers(other.organisation(), &filter, all()).await.unwrap().is_empty());
}

async fn no_read_crosses_tenants(fixture: Fixture) {
    let conversation = fixture.open("a").await;
    let message = fixture.receive(conversation.id, "m1").await;
    let conversation = fixture.load(conversation.id).await;
    let ticket = conversation.ticket.unwrap().id;
    let other = fixture.other_tenant("other").await;
    let (store, stranger) = (&fixture.store, other.organisation());
    assert!(store.message(stranger, message).await.unwrap().is_none());
    assert!(store.ticket(stranger, ticket).await.unwrap().is_none());
    assert!(store.customer(stranger, conversation.identity_id).await.unwrap().is_none());
    for thread in [Thread::Ticket(ticket), Thread::Conversation(conversation.id)] {
        assert!(store.thread_messages(stranger, thread, Part::Newest, ALL).await.unwrap().is_empty());
        assert_eq!(store.count_messages(stranger, thread).await.unwrap(), 0);
    }
    let by_channel = TicketFilter { channel_id: Some(fixture.channel.channel_id), ..TicketFilter::default() };
    assert!(store.tickets(stranger, &by_channel, all()).await.unwrap().is_empty());
    assert_eq!(store.count_tickets(stranger, &by_channel).await.unwrap(), 0);
    assert!(store.customers(stranger, &CustomerFilter::default(), all()).await.unwrap().is_empty());
    assert_eq!(store.count_customers(stranger, &CustomerFilter::default()).await.unwrap(), 0);
    let theirs = other.events().await;
    assert!(theirs.iter().all(|event| matches!(event.change, patchbay_domain::event::Change::ChannelUpdated { .. })));
}

async fn media_reads_back(fixture: Fixture) {
    let media = Media {
        id: MediaId::at(fixture.now),
        organisation_id: fixture.organisation(),
        mime_type: "image/png".into(),
        file_name: Some("ä.png".into()),
        size: 5_000_000_000,
        sha256: "ab".into(),
        created_at: fixture.now,
    };
    fixture.store.insert_media(&media).await.unwrap();
    assert_eq!(fixture.store.media(media.id).await.unwrap(), Some(media));
    assert_eq!(fixture.store.media(MediaId::at(fixture.now)).await.unwrap(), None);
}
