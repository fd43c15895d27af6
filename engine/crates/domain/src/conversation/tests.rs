use serde_json::Value;

use super::*;
use crate::{
    notice::NoticeKind,
    platform::{Content, Manifest},
    sending::ChannelStatus,
};

const POLICY: Policy = Policy { reopen_window: Duration::hours(24) };

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + Duration::days(20_000) + Duration::minutes(minutes)
}

fn conversation() -> Conversation {
    Conversation {
        id: ConversationId::at(at(0)),
        organisation_id: OrganisationId::at(at(0)),
        channel_id: ChannelId::at(at(0)),
        identity_id: IdentityId::at(at(0)),
        contact_id: ContactId::at(at(0)),
        thread: "491".into(),
        group: false,
        version: 1,
        contact_name: "491".into(),
        opted_out: false,
        unreachable: false,
        unread_count: 0,
        last_inbound_at: None,
        last_message_at: None,
        last_message_id: None,
        ticket: None,
    }
}

fn inbound(id: &str, minutes: i64) -> InboundMessage {
    InboundMessage {
        id: id.into(),
        thread: "491".into(),
        group: false,
        sender: Participant { id: "491".into(), name: Some("Ana".into()), ..Participant::default() },
        echo: false,
        correlation: None,
        sent_at: at(minutes),
        content: Content::text("hello"),
        reply_to: None,
        metadata: Value::Null,
    }
}

fn outbound(minutes: i64) -> SendMessage {
    SendMessage {
        id: MessageId::at(at(minutes)),
        content: Content::text("hi"),
        sender_user_id: Some(UserId::at(at(0))),
        sender_name: "Agent".into(),
        campaign_id: None,
        ticket_id: None,
        reply_to: None,
        metadata: Value::Null,
        scheduled_at: None,
    }
}

fn manifest() -> Manifest {
    Manifest {
        id: "mock".into(),
        name: "Mock".into(),
        version: "0.1.0".into(),
        channel_types: vec!["MOCK".into()],
        config_schema: Value::Null,
        hosts: vec![],
        capabilities: vec!["text".into()],
        limits: vec![],
        reply_window_ms: None,
        address_field: None,
        poll_every_ms: None,
        oauth2: None,
    }
}

fn receive(draft: &mut Draft, id: &str, minutes: i64) -> MessageId {
    let message_id = MessageId::at(at(minutes));
    draft.receive(message_id, inbound(id, minutes), POLICY, at(minutes));
    message_id
}

#[test]
fn the_first_message_opens_a_ticket_and_the_second_joins_it() {
    let mut draft = Draft::new(conversation());
    receive(&mut draft, "a", 1);
    receive(&mut draft, "b", 2);
    let Draft { conversation, effects } = draft;
    assert_eq!(effects.tickets.len(), 1);
    assert_eq!(effects.tickets[0].subject, "Message from Ana");
    assert!(effects.messages.iter().all(|message| message.ticket_id == Some(effects.tickets[0].id)));
    assert_eq!(conversation.unread_count, 2);
    assert_eq!(conversation.last_inbound_at, Some(at(2)));
    assert_eq!(conversation.last_message_id, Some(effects.messages[1].id));
}

#[test]
fn a_message_reopens_a_ticket_closed_recently_and_opens_another_later() {
    for (minutes, reopened) in [(24 * 60 - 1, true), (24 * 60, false)] {
        let mut start = conversation();
        let mut ticket = Ticket::open(TicketId::at(at(0)), "old".into(), Priority::High, at(-5));
        ticket.set_status(TicketStatus::Closed, at(0));
        start.ticket = Some(ticket.clone());
        let mut draft = Draft::new(start);
        receive(&mut draft, "a", minutes);
        let now = draft.conversation.ticket.unwrap();
        assert_eq!(now.id == ticket.id, reopened);
        assert_eq!(now.status, TicketStatus::Open);
    }
}

#[test]
fn an_echo_is_ours_and_raises_nothing() {
    let mut draft = Draft::new(conversation());
    let echo = InboundMessage { echo: true, ..inbound("e", 1) };
    draft.receive(MessageId::at(at(1)), echo, POLICY, at(1));
    assert_eq!(draft.conversation.unread_count, 0);
    assert_eq!(draft.conversation.last_inbound_at, None);
    assert_eq!(draft.effects.messages[0].direction, Direction::Outbound);
    assert_eq!(draft.effects.messages[0].state, MessageState::Sent);
    assert_eq!(draft.effects.tickets, []);
}

#[test]
fn a_clock_that_runs_ahead_does_not_hold_the_window_open() {
    let mut draft = Draft::new(conversation());
    draft.receive(MessageId::at(at(0)), inbound("a", 500), POLICY, at(0));
    assert_eq!(draft.conversation.last_inbound_at, Some(at(0)));
}

#[test]
fn sending_queues_the_message_answers_the_ticket_and_schedules_when_asked() {
    let mut draft = Draft::new(conversation());
    receive(&mut draft, "a", 1);
    draft.send(outbound(2), ChannelStatus::Active, &manifest(), at(2)).unwrap();
    let later = SendMessage { scheduled_at: Some(at(60)), ..outbound(3) };
    draft.send(later, ChannelStatus::Active, &manifest(), at(3)).unwrap();
    let states: Vec<_> = draft.effects.messages.iter().map(|message| message.state).collect();
    assert_eq!(states, [MessageState::Received, MessageState::Queued, MessageState::Scheduled]);
    let due: Vec<_> = draft.effects.outbox.iter().map(|entry| entry.due_at).collect();
    assert_eq!(due, [at(2), at(60)]);
    let ticket = draft.conversation.ticket.unwrap();
    assert_eq!(ticket.first_response_at, Some(at(2)));
    assert_eq!(draft.conversation.last_message_id, Some(draft.effects.messages[1].id));
}

#[test]
fn a_refused_message_leaves_no_trace() {
    let mut draft = Draft::new(Conversation { opted_out: true, ..conversation() });
    let refused = draft.send(outbound(2), ChannelStatus::Active, &manifest(), at(2));
    assert_eq!(refused, Err(RuleError::Refused(Refusal::OptedOut)));
    assert!(draft.is_empty());
}

#[test]
fn answering_in_a_closed_ticket_reopens_it() {
    let mut start = conversation();
    let mut ticket = Ticket::open(TicketId::at(at(0)), "old".into(), Priority::High, at(-5));
    ticket.set_status(TicketStatus::Closed, at(0));
    start.ticket = Some(ticket.clone());

    let mut draft = Draft::new(start.clone());
    let answer = SendMessage { ticket_id: Some(ticket.id), ..outbound(1) };
    draft.send(answer, ChannelStatus::Active, &manifest(), at(1)).unwrap();
    assert_eq!(draft.conversation.ticket.as_ref().unwrap().status, TicketStatus::Open);

    let mut draft = Draft::new(start);
    draft.send(outbound(1), ChannelStatus::Active, &manifest(), at(1)).unwrap();
    assert_eq!(draft.conversation.ticket.as_ref().unwrap().status, TicketStatus::Closed);
    assert_eq!(draft.effects.messages[0].ticket_id, None);
}

#[test]
fn only_one_ticket_is_open_and_only_the_latest_changes() {
    let mut draft = Draft::new(conversation());
    let first = TicketId::at(at(0));
    draft.open_ticket(first, "one".into(), Priority::Low, None, at(0)).unwrap();
    let again = draft.open_ticket(TicketId::at(at(1)), "two".into(), Priority::Low, None, at(1));
    assert_eq!(again, Err(RuleError::TicketOpen(first)));
    let close = TicketUpdate { status: Some(TicketStatus::Closed), ..TicketUpdate::default() };
    draft.update_ticket(first, close.clone(), at(2)).unwrap();
    draft.open_ticket(TicketId::at(at(3)), "two".into(), Priority::Low, None, at(3)).unwrap();
    assert_eq!(draft.update_ticket(first, close, at(4)), Err(RuleError::TicketSuperseded));
}

#[test]
fn what_is_known_is_never_replaced_by_nothing() {
    let mut draft = Draft::new(conversation());
    draft.learn(Participant {
        id: "1".into(),
        name: Some("Ana".into()),
        phone: Some("+491".into()),
        ..Default::default()
    });
    draft.learn(Participant {
        id: "1".into(),
        username: Some("ana".into()),
        aliases: vec!["US.1".into()],
        ..Default::default()
    });
    let learned = draft.effects.learned.unwrap();
    assert_eq!(learned.name.as_deref(), Some("Ana"));
    assert_eq!(learned.phone.as_deref(), Some("+491"));
    assert_eq!(learned.username.as_deref(), Some("ana"));
    assert_eq!(learned.aliases, ["US.1"]);
}

/// What kind of notice to whom, of everything that came of `change`.
fn told(draft: &mut Draft, change: impl FnOnce(&mut Draft)) -> Vec<(NoticeKind, Option<UserId>)> {
    draft.effects.notices.clear();
    change(draft);
    draft.effects.notices.iter().map(|notice| (notice.kind, notice.to)).collect()
}

#[test]
fn whoever_has_the_case_is_told_and_otherwise_all() {
    let (mut draft, ann, bea) = (Draft::new(conversation()), UserId::at(at(0)), UserId::at(at(1)));
    let receive = |draft: &mut Draft, minute: i64, message: InboundMessage| {
        draft.receive(MessageId::at(at(minute)), message, POLICY, at(minute));
    };
    assert_eq!(told(&mut draft, |d| receive(d, 1, inbound("a", 1))), [(NoticeKind::NewMessage, None)]);
    assert_eq!(draft.effects.notices[0].title, "New message from Ana");
    let ticket = draft.conversation.ticket.as_ref().unwrap().id;
    let assign = |to| TicketUpdate { assignee_id: Some(to), ..TicketUpdate::default() };
    let assigned = told(&mut draft, |d| d.update_ticket(ticket, assign(Some(ann)), at(2)).unwrap());
    assert_eq!(assigned, [(NoticeKind::TicketAssigned, Some(ann))]);
    assert_eq!(told(&mut draft, |d| d.update_ticket(ticket, assign(Some(ann)), at(3)).unwrap()), []);
    assert_eq!(told(&mut draft, |d| receive(d, 4, inbound("b", 4))), [(NoticeKind::NewMessage, Some(ann))]);
    let sent = |d: &mut Draft| d.send(outbound(5), ChannelStatus::Active, &manifest(), at(5)).unwrap();
    assert_eq!(told(&mut draft, sent), []);
    assert_eq!(told(&mut draft, |d| receive(d, 6, inbound("c", 6))), [(NoticeKind::CustomerReply, Some(ann))]);
    let comment = InboundMessage { metadata: serde_json::json!({"type": "comment"}), ..inbound("d", 7) };
    assert_eq!(told(&mut draft, |d| receive(d, 7, comment)), [(NoticeKind::NewComment, Some(ann))]);
    assert_eq!(told(&mut draft, |d| receive(d, 8, InboundMessage { echo: true, ..inbound("e", 8) })), []);
    // What somebody takes for themselves they know.
    let taken = told(&mut draft, |d| {
        d.update_ticket(ticket, assign(Some(bea)), at(9)).unwrap();
        d.spare(bea);
    });
    assert_eq!(taken, []);
}
