//! Fetching what no webhook told.

use crate::support::{
    Answer, COMMENT, MEMBER, PAGE, POST, REPLY, SERVER, SHARE, channel, channel_with, element, execute_on, lost,
    notification, recorded,
};
use patchbay_plugin_linkedin::LinkedIn;
use patchbay_plugin_sdk::testing::{NOW, Run, answer};
use patchbay_plugin_sdk::{Channel, Command, Connector, Event, FailureKind, Outcome, Polled, Step};
use serde_json::{Value, json};

const OTHER_POST: &str = "urn:li:ugcPost:6631349431612559999";
const MINUTE: u64 = 60_000;
const EVERY: u64 = 45 * MINUTE;

fn poll(cursor: Option<&str>) -> Command {
    Command::Poll(cursor.map(str::to_owned))
}

/// So many calls a day are enough for everything.
fn channel_of(calls: u32) -> Channel {
    channel_with(json!({"callsPerDay": calls}))
}

fn standard() -> Channel {
    channel_with(json!({"accessTier": "standard"}))
}

fn page(elements: Value) -> Answer {
    answer(200, &json!({"elements": elements, "paging": {"start": 0, "count": 100, "links": []}}))
}

fn posts() -> Answer {
    page(json!([{"id": POST, "author": PAGE}, {"id": OTHER_POST, "author": PAGE}, {"id": "urn:li:person:x"}, {}]))
}

fn comment(at: u64) -> Value {
    element(COMMENT, MEMBER, "Hello", at)
}

fn reply(actor: &str, at: u64) -> Value {
    crate::support::with(element(REPLY, actor, "Me too", at), json!({"parentComment": COMMENT}))
}

fn polled(run: Run) -> Polled {
    match run.result {
        Ok(Outcome::Polled(polled)) => polled,
        other => panic!("not polled: {other:?}"),
    }
}

fn paths(run: &Run) -> Vec<&str> {
    run.requests.iter().map(|request| request.url.strip_prefix(SERVER).unwrap()).collect()
}

fn comments_of(urn: &str, start: usize) -> String {
    let escaped = urn.replace(':', "%3A").replace('(', "%28").replace(')', "%29").replace(',', "%2C");
    format!("socialActions/{escaped}/comments?start={start}&count=100")
}

/// What is said of a poll at this time: its events, its cursor, and what was asked.
fn at(channel: &Channel, cursor: Option<&str>, now: u64, answers: Vec<Answer>) -> (Vec<Event>, String, Vec<String>) {
    let command = poll(cursor);
    let mut answers = answers.into_iter();
    let mut asked = Vec::new();
    let mut step = LinkedIn::perform(channel, &command, now).unwrap();
    loop {
        match step {
            Step::Request(request) => {
                asked.push(request.url.strip_prefix(SERVER).unwrap().to_owned());
                let answer = answers.next().unwrap_or_else(|| panic!("nothing is scripted for {}", request.url));
                step = LinkedIn::resume(channel, &command, &request.state, answer, now).unwrap();
            }
            Step::Done(Outcome::Polled(Polled { events, cursor })) => {
                assert_eq!(answers.count(), 0, "only {asked:?} were asked for");
                return (events, cursor.unwrap(), asked);
            }
            other => panic!("{other:?}"),
        }
    }
}

fn ids(events: &[Event]) -> Vec<&str> {
    fn id(event: &Event) -> &str {
        match event {
            Event::Message(message) => &message.id,
            Event::MessageEdited(edit) => &edit.message.id,
            other => panic!("neither a message nor an edit: {other:?}"),
        }
    }
    events.iter().map(id).collect()
}

#[test]
fn the_comments_of_the_latest_posts_are_read() {
    let run = execute_on(&channel(), &poll(None), [posts(), page(json!([comment(NOW - MINUTE)])), page(json!([]))]);
    let listed = "posts?author=urn%3Ali%3Aorganization%3A5637409&q=author&count=3";
    assert_eq!(paths(&run), [listed, &comments_of(POST, 0), &comments_of(OTHER_POST, 0)]);
    let polled = polled(run);
    let [Event::Message(message)] = polled.events.as_slice() else { panic!("{:?}", polled.events) };
    assert_eq!((message.id.as_str(), message.thread.as_str()), (COMMENT, COMMENT));
    assert_eq!((message.sender.id.as_str(), message.sent_at), (MEMBER, NOW - MINUTE));
}

#[test]
fn the_recorded_list_has_one_comment_and_one_of_the_page() {
    let first = json!({"since": 1_582_000_000_000_u64, "posts": {"urns": [POST], "listed_at": NOW}}).to_string();
    let run = execute_on(&channel(), &poll(Some(&first)), [Ok(recorded("resp_comments_list"))]);
    let polled = polled(run);
    assert_eq!(ids(&polled.events), [COMMENT]);
}

#[test]
fn a_round_begins_where_the_one_before_began_and_repeats_nothing() {
    let old = NOW - 25 * 60 * MINUTE;
    let known = [comment(old), element(REPLY, MEMBER, "New", NOW - MINUTE)];
    let (events, cursor, _) = at(&channel(), None, NOW, vec![posts(), page(json!(known)), page(json!([]))]);
    assert_eq!(ids(&events), [REPLY], "the other one is older than a day");
    let (events, _, _) =
        at(&channel(), None, NOW, vec![posts(), page(json!([comment(NOW - 60 * MINUTE)])), page(json!([]))]);
    assert_eq!(ids(&events), [COMMENT], "a round tells everything since it last looked");
    // At once, because there were news: it rests.
    let (events, rested, asked) = at(&channel(), Some(&cursor), NOW + 100, vec![]);
    assert!(events.is_empty() && rested == cursor && asked.is_empty());
    // The answers to one comment are looked for as well.
    let answers = vec![page(json!(known)), page(json!([])), page(json!([]))];
    let (events, _, asked) = at(&channel_of(1000), Some(&cursor), NOW + EVERY, answers);
    assert_eq!(events.len(), 0);
    assert_eq!(asked, [comments_of(POST, 0), comments_of(OTHER_POST, 0), comments_of(REPLY, 0)]);
}

#[test]
fn answers_are_in_the_conversation_and_those_of_the_page_are_echoes() {
    for (actor, echo) in [(MEMBER, false), (PAGE, true)] {
        let answers = [posts(), page(json!([reply(actor, NOW)])), page(json!([]))];
        let polled = polled(execute_on(&channel(), &poll(None), answers));
        let [Event::Message(message)] = polled.events.as_slice() else { panic!("{:?}", polled.events) };
        assert_eq!((message.id.as_str(), message.thread.as_str(), message.echo), (REPLY, COMMENT, echo));
    }
}

#[test]
fn what_was_edited_is_told_once() {
    let edited = crate::support::with(
        comment(NOW - 2 * 24 * 60 * MINUTE),
        json!({"message": {"text": "Better"}, "lastModified": {"time": NOW - MINUTE}}),
    );
    let (events, cursor, _) = at(&channel(), None, NOW, vec![posts(), page(json!([edited])), page(json!([]))]);
    let [Event::MessageEdited(edit)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((edit.content.text.as_deref(), edit.at), (Some("Better"), NOW - MINUTE));
    let again = vec![page(json!([edited])), page(json!([])), page(json!([]))];
    assert!(at(&channel_of(1000), Some(&cursor), NOW + EVERY, again).0.is_empty());
}

#[test]
fn pages_follow_until_one_is_short() {
    let full = |from: usize| {
        let urn = |number: usize| format!("urn:li:comment:({POST},{})", 100_000 + number);
        page((from..from + 100).map(|number| element(&urn(number), MEMBER, "x", NOW)).collect())
    };
    let answers = [posts(), full(0), full(100), page(json!([comment(NOW)])), page(json!([]))];
    let run = execute_on(&channel(), &poll(None), answers);
    assert_eq!(paths(&run)[2..4], [comments_of(POST, 100), comments_of(POST, 200)]);
    assert_eq!(polled(run).events.len(), 201);
}

#[test]
fn the_calls_of_a_day_are_spread_over_it() {
    let channel = channel_of(20);
    let midnight = NOW - NOW % (24 * 60 * MINUTE);
    let (mut cursor, mut calls) = (None, 0);
    for number in 0..32 {
        let now = midnight + number * EVERY;
        // More is ahead than may be asked for.
        let command = poll(cursor.as_deref());
        let mut step = LinkedIn::perform(&channel, &command, now).unwrap();
        while let Step::Request(request) = step {
            calls += 1;
            let reply = if request.url.contains("/posts?") { posts() } else { page(json!([])) };
            step = LinkedIn::resume(&channel, &command, &request.state, reply, now).unwrap();
        }
        let Step::Done(Outcome::Polled(polled)) = step else { panic!("{step:?}") };
        cursor = polled.cursor;
    }
    assert!((15..=20).contains(&calls), "{calls}");
}

#[test]
fn a_post_that_is_gone_is_passed_over() {
    let answers = [posts(), answer(404, &json!({})), page(json!([comment(NOW)]))];
    assert_eq!(ids(&polled(execute_on(&channel(), &poll(None), answers)).events), [COMMENT]);
}

#[test]
fn polls_that_fail() {
    for (answer, kind) in [
        (lost(), FailureKind::Temporary),
        (answer(503, &json!({})), FailureKind::Temporary),
        (answer(200, &json!("[")), FailureKind::Temporary),
        (Ok(recorded("resp_err_401_revoked")), FailureKind::Unauthorized),
        (Ok(recorded("resp_err_403_access_denied")), FailureKind::Unauthorized),
        (Ok(recorded("resp_err_429_comment_throttle")), FailureKind::RateLimited),
    ] {
        if answer.as_ref().is_ok_and(|answer| answer.status == 200) {
            continue;
        }
        assert_eq!(execute_on(&channel(), &poll(None), [answer]).result.unwrap_err().kind, kind);
    }
}

#[test]
fn a_cursor_that_cannot_be_read_begins_anew() {
    let run = execute_on(&channel(), &poll(Some("unreadable")), [posts(), page(json!([])), page(json!([]))]);
    assert_eq!(paths(&run).len(), 3);
}

fn told(from: u64, start: usize) -> String {
    format!(
        "organizationalEntityNotifications?q=criteria\
         &actions=List(COMMENT,COMMENT_EDIT,COMMENT_DELETE,ADMIN_COMMENT,SHARE_MENTION)\
         &organizationalEntity=urn%3Ali%3Aorganization%3A5637409&timeRange=(start:{from},end:{NOW})\
         &start={start}&count=100"
    )
}

fn since(from: u64) -> String {
    json!({"since": from}).to_string()
}

#[test]
fn in_the_standard_tier_the_notifications_since_the_last_time_are_read() {
    let from = NOW - 60 * MINUTE;
    let missed = notification("COMMENT", json!({"lastModifiedAt": NOW - MINUTE}));
    let run = execute_on(&standard(), &poll(Some(&since(from))), [page(json!([missed, missed]))]);
    assert_eq!(paths(&run), [told(from, 0)]);
    assert_eq!(polled(run).events, [crate::support::event(missed)]);
}

#[test]
fn what_a_notification_leaves_out_is_fetched() {
    let bare = |action: &str, number: u64, urn: &str| {
        notification(
            action,
            json!({"notificationId": number, "lastModifiedAt": NOW, "generatedActivity": urn,
            "decoratedGeneratedActivity": null}),
        )
    };
    let told = json!([bare("COMMENT", 1, REPLY), bare("COMMENT_DELETE", 2, COMMENT), bare("SHARE_MENTION", 3, SHARE)]);
    let post = json!({"id": SHARE, "author": MEMBER, "commentary": "Great support", "lastModifiedAt": NOW - 5});
    let answers = [page(told), answer(200, &reply(MEMBER, NOW - MINUTE)), answer(200, &post)];
    let run = execute_on(&standard(), &poll(Some(&since(NOW - EVERY))), answers);
    let fetched = [
        "socialActions/urn%3Ali%3Aactivity%3A6631349431612559360/comments/6643206422739898368",
        "posts/urn%3Ali%3Ashare%3A7122658645678465024",
    ];
    assert_eq!(paths(&run)[1..], fetched);
    let events = polled(run).events;
    let [
        Event::MessageDeleted(_),
        Event::Message(mention),
        Event::Message(reply),
        Event::Contact(writer),
        Event::MessageEdited(completed),
        Event::MessageEdited(text),
    ] = events.as_slice()
    else {
        panic!("{events:?}")
    };
    assert_eq!((mention.id.as_str(), text.message.id.as_str()), (SHARE, SHARE));
    assert_eq!(text.content.text.as_deref(), Some("Great support"));
    assert_eq!((reply.id.as_str(), reply.thread.as_str(), reply.sender.id.as_str()), (REPLY, COMMENT, MEMBER));
    assert_eq!((writer.id.as_str(), writer.aliases.as_slice()), (MEMBER, &[REPLY.to_owned()][..]));
    assert_eq!(completed.content.text.as_deref(), Some("Me too"));
}

#[test]
fn what_the_page_writes_under_a_post_is_fetched_and_answers_nobody() {
    let bare = json!({"lastModifiedAt": NOW, "generatedActivity": REPLY, "decoratedGeneratedActivity": null});
    let told = || page(json!([notification("ADMIN_COMMENT", bare.clone())]));
    let fetched = |comment: Value| {
        let run = execute_on(&standard(), &poll(Some(&since(NOW - EVERY))), [told(), answer(200, &comment)]);
        polled(run).events.len()
    };
    let answered = reply(PAGE, NOW - MINUTE);
    let mut alone = answered.clone();
    alone.as_object_mut().unwrap().remove("parentComment");
    assert_eq!((fetched(answered), fetched(alone)), (2, 0), "an echo and its text; nothing");
}

#[test]
fn what_is_kept_from_us_is_told_without_it() {
    let bare = json!({"lastModifiedAt": NOW, "decoratedGeneratedActivity": null});
    let mention = crate::support::with(bare.clone(), json!({"generatedActivity": SHARE, "notificationId": 4}));
    let told = || page(json!([notification("COMMENT", bare.clone()), notification("SHARE_MENTION", mention.clone())]));
    let denied = || Ok(recorded("resp_err_403_access_denied"));
    let cursor = since(NOW - EVERY);
    let kept = polled(execute_on(&standard(), &poll(Some(&cursor)), [told(), denied(), denied()]));
    assert_eq!(ids(&kept.events), [SHARE, COMMENT]);
    let gone = || answer(404, &json!({}));
    let kept = polled(execute_on(&standard(), &poll(Some(&cursor)), [told(), gone(), gone()]));
    assert_eq!(ids(&kept.events), [SHARE], "a comment that is gone is no comment any more");
}
