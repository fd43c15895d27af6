//! Reports on a data set whose answers are known.

use chrono::{DateTime, Duration, Utc};
use patchbay_domain::{
    ChannelId, ConversationId, MessageId, NodeId, TicketId, UserId,
    calendar::{Tz, days},
    conversation::{Draft, TicketUpdate},
    platform::InboundMessage,
    ticket::{Priority, TicketStatus},
};
use patchbay_store::analytics::{Figures, Group, ReportFilter};

use crate::support::{Fixture, inbound, make_channel, on_both, policy, sent};

on_both!(a_known_week_adds_up, an_absorbed_echo_is_counted_once, what_was_there_before_is_counted_by_the_migration);

fn moment(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn week(channel_id: Option<ChannelId>, assignee_id: Option<UserId>) -> ReportFilter {
    let (from, until) = (moment("2026-03-27T23:00:00Z"), moment("2026-04-01T22:00:00Z"));
    ReportFilter { from, until, channel_id, assignee_id }
}

/// A ticket that was opened then, and answered and closed so many seconds later.
async fn ticket(
    fixture: &mut Fixture,
    thread: &str,
    opened: &str,
    answered: Option<i64>,
    closed: Option<i64>,
) -> (ConversationId, TicketId) {
    fixture.now = moment(opened);
    let conversation = fixture.open(thread).await;
    let message = InboundMessage { sent_at: fixture.now, ..inbound(&format!("in {thread}"), fixture.now) };
    fixture
        .change(conversation.id, |draft| draft.receive(MessageId::at(fixture.now), message, policy(), fixture.now))
        .await;
    let id = fixture.load(conversation.id).await.ticket.unwrap().id;
    let opened = fixture.now;
    if let Some(seconds) = answered {
        fixture.now = opened + Duration::seconds(seconds);
        fixture.queue_with(conversation.id, "hello", |send| send.ticket_id = Some(id)).await;
    }
    if let Some(seconds) = closed {
        fixture.now = opened + Duration::seconds(seconds);
        let update = TicketUpdate { status: Some(TicketStatus::Closed), ..TicketUpdate::default() };
        fixture.change(conversation.id, |draft| draft.update_ticket(id, update, fixture.now).unwrap()).await;
    }
    (conversation.id, id)
}

async fn a_known_week_adds_up(mut fixture: Fixture) {
    let user = fixture.user;
    // Berlin's 29 March has 23 hours: it begins at 23:00 and ends at 22:00, both in UTC.
    ticket(&mut fixture, "a", "2026-03-28T22:59:59Z", Some(60), Some(3_600)).await;
    ticket(&mut fixture, "b", "2026-03-28T23:00:00Z", Some(120), None).await;
    let (conversation, id) = ticket(&mut fixture, "c", "2026-03-29T21:59:59Z", None, Some(7_200)).await;
    ticket(&mut fixture, "d", "2026-03-29T22:00:00Z", Some(30), Some(86_400)).await;
    // Outside of the week, but closed in it.
    ticket(&mut fixture, "e", "2026-03-01T08:00:00Z", Some(10), Some(29 * 86_400)).await;
    let assign = TicketUpdate { assignee_id: Some(Some(user)), ..TicketUpdate::default() };
    fixture.change(conversation, |draft| draft.update_ticket(id, assign, fixture.now).unwrap()).await;
    let first = fixture.channel.clone();
    fixture.channel = make_channel(&fixture.store, fixture.organisation(), fixture.now).await;
    ticket(&mut fixture, "f", "2026-03-31T12:00:00Z", None, None).await;
    let (second, organisation) = (fixture.channel.channel_id, fixture.organisation());

    let store = &fixture.store;
    let whole = |filter: ReportFilter| async move {
        let groups = store.ticket_figures(organisation, &filter).await.unwrap();
        let messages: u64 = groups.iter().map(|group| group.messages).sum();
        let figures = groups.into_iter().fold(Figures::default(), |sum, group| Figures {
            tickets: sum.tickets + group.figures.tickets,
            answered: sum.answered + group.figures.answered,
            response_seconds: sum.response_seconds + group.figures.response_seconds,
            resolved: sum.resolved + group.figures.resolved,
            resolution_seconds: sum.resolution_seconds + group.figures.resolution_seconds,
        });
        (figures, messages)
    };
    let expected = Figures {
        tickets: 5,
        answered: 3,
        response_seconds: 60 + 120 + 30,
        resolved: 3,
        resolution_seconds: 3_600 + 7_200 + 86_400,
    };
    assert_eq!(whole(week(None, None)).await, (expected, 8));
    let (only, messages) = whole(week(Some(second), None)).await;
    assert_eq!((only.tickets, messages, only.answered), (1, 1, 0));
    let (mine, _) = whole(week(None, Some(user))).await;
    assert_eq!((mine.tickets, mine.resolved, mine.resolution_seconds), (1, 1, 7_200));
    let groups = store.ticket_figures(organisation, &week(None, None)).await.unwrap();
    let closed: u64 =
        groups.iter().filter(|group| group.status == TicketStatus::Closed).map(|group| group.figures.tickets).sum();
    assert_eq!(closed, 3);

    let filter = week(None, None);
    let of_zone = |zone: Tz| async move {
        let days = days(zone, filter.from, filter.until, 100);
        let figures = store.daily_figures(organisation, &filter, &days).await.unwrap();
        figures.into_iter().map(|day| (day.date.to_string(), day.opened.tickets, day.closed)).collect::<Vec<_>>()
    };
    let told = |all: &[(&str, u64, u64)]| -> Vec<_> {
        all.iter().map(|(date, opened, closed)| ((*date).to_owned(), *opened, *closed)).collect()
    };
    let berlin =
        [("2026-03-28", 1, 0), ("2026-03-29", 2, 1), ("2026-03-30", 1, 2), ("2026-03-31", 1, 1), ("2026-04-01", 0, 0)];
    assert_eq!(of_zone(Tz::Europe__Berlin).await, told(&berlin));
    let utc = [
        ("2026-03-27", 0, 0),
        ("2026-03-28", 2, 1),
        ("2026-03-29", 2, 1),
        ("2026-03-30", 0, 2),
        ("2026-03-31", 1, 0),
        ("2026-04-01", 0, 0),
    ];
    assert_eq!(of_zone(Tz::UTC).await, told(&utc));

    let mut messages = store.messages_by_channel(organisation, filter.from, filter.until).await.unwrap();
    messages.sort();
    let mut wanted = vec![(first.channel_id, 7), (second, 1)];
    wanted.sort();
    assert_eq!(messages, wanted);
    let other = fixture.other_tenant("other").await;
    assert!(store.ticket_figures(other.organisation(), &filter).await.unwrap().is_empty());
    assert!(store.messages_by_channel(other.organisation(), filter.from, filter.until).await.unwrap().is_empty());
    let days = days(Tz::UTC, filter.from, filter.until, 100);
    let theirs = store.daily_figures(other.organisation(), &filter, &days).await.unwrap();
    assert!(theirs.iter().all(|day| day.opened.tickets == 0 && day.closed == 0));
}

/// The platform's echo of our own message comes before its answer: it is counted as what it is, once.
async fn an_absorbed_echo_is_counted_once(fixture: Fixture) {
    let conversation = fixture.open("a").await;
    fixture.receive(conversation.id, "1").await;
    let ours = fixture.queue(conversation.id, "hello").await;
    let begun = fixture.begin(ours, NodeId::at(fixture.now)).await.unwrap();
    let echo = InboundMessage { echo: true, ..inbound("2", fixture.now) };
    fixture
        .change(conversation.id, |draft| draft.receive(MessageId::at(fixture.now), echo, policy(), fixture.now))
        .await;
    assert_eq!(fixture.count("select cast(sum(message_count) as bigint) from tickets").await, 3);
    fixture.settle(begun, sent(&["2"])).await;
    assert_eq!(fixture.count("select count(*) from messages").await, 2);
    assert_eq!(fixture.count("select cast(sum(message_count) as bigint) from tickets").await, 2);
    assert_eq!(fixture.count("select cast(sum(messages) as bigint) from message_counts").await, 2);
}

async fn what_was_there_before_is_counted_by_the_migration(mut fixture: Fixture) {
    ticket(&mut fixture, "a", "2026-03-28T22:59:59Z", Some(60), Some(3_600)).await;
    let organisation = fixture.organisation();
    let mut draft = Draft::new(fixture.open("empty").await);
    draft.open_ticket(TicketId::at(fixture.now), "s".into(), Priority::Low, None, fixture.now).unwrap();
    fixture.commit(draft).await;
    let filter = ReportFilter { until: moment("2026-05-01T00:00:00Z"), ..week(None, None) };
    let before = fixture.store.ticket_figures(organisation, &filter).await.unwrap();
    let counted = fixture.store.messages_by_channel(organisation, filter.from, filter.until).await.unwrap();
    // As an engine without them would have left the tables; the migration's own statements fill them.
    fixture.run("update tickets set message_count = 0, response_seconds = 99, resolution_seconds = 99").await;
    fixture.run("delete from message_counts").await;
    let text = if fixture.is_postgres() {
        include_str!("../../../../../migrations/postgres/0004_helpdesk.sql")
    } else {
        include_str!("../../../../../migrations/sqlite/0004_helpdesk.sql")
    };
    for statement in text.split(";\n").filter(|statement| {
        let first = statement.lines().find(|line| !line.trim().is_empty() && !line.starts_with("--"));
        first.is_some_and(|line| line.starts_with("update tickets") || line.starts_with("insert into message_counts"))
    }) {
        fixture.run(statement).await;
    }
    let mut after = fixture.store.ticket_figures(organisation, &filter).await.unwrap();
    let mut expected = before;
    let order = |group: &Group| group.messages;
    after.sort_by_key(order);
    expected.sort_by_key(order);
    assert_eq!(after, expected);
    assert_eq!(fixture.store.messages_by_channel(organisation, filter.from, filter.until).await.unwrap(), counted);
}
