//! The address book, templates, marks, and what messages add up to.

use chrono::Duration;
use patchbay_domain::{
    ContactId, ConversationId, OrganisationId, TemplateId,
    conversation::{ConversationStatus, Draft},
    event::Change,
    message::Direction,
    people::Role,
    platform::{Participant, ReportedState},
};
use patchbay_store::{
    StoreError,
    address_book::{AddedContact, ContactCard, ContactCursor, NewContact},
    channels::{ChannelSettings, ChannelUpdate},
    conversations::Opening,
    listing::{ConversationFilter, Order},
    marks::Marks,
    message_figures::Traffic,
    message_list::{MessageFilter, Progress},
    organisations::NewOrganisation,
    people::{ContactChange, ContactOutcome},
    template_changes::{ListedTemplate, TemplateUpdate},
    templates::TemplateFilter,
    tickets::Page,
};
use serde_json::json;

use crate::support::{Fixture, new_user, on_both};

on_both!(
    contacts_are_added_once_and_found,
    who_was_taken_out_comes_back,
    a_number_is_replaced_and_not_added,
    marks_are_kept_until_somebody_writes,
    messages_are_listed_and_added_up,
    templates_are_those_that_the_platform_lists,
    a_slug_is_one_organisations,
    a_webhooks_token_finds_its_channel,
);

fn page<C>(limit: u32, after: Option<C>) -> Page<C> {
    Page { limit, offset: 0, after }
}

fn contact(fixture: &Fixture, phone: &str, name: Option<&str>) -> NewContact {
    NewContact {
        id: ContactId::at(fixture.now),
        phone: phone.into(),
        name: name.map(Into::into),
        email: None,
        company: Some("Äcme".into()),
        notes: None,
        tags: vec!["a".into(), "b".into()],
    }
}

async fn add(fixture: &Fixture, new: &[NewContact]) -> Vec<AddedContact> {
    fixture.store.add_contacts(fixture.organisation(), new, None, fixture.now).await.unwrap()
}

async fn found(fixture: &Fixture, search: &str) -> Vec<ContactId> {
    let (organisation, search) = (fixture.organisation(), Some(search));
    let cards = fixture.store.contact_cards(organisation, search, page(10, None)).await.unwrap();
    let total = fixture.store.count_contact_cards(organisation, search).await.unwrap();
    assert_eq!(total, u64::try_from(cards.len()).unwrap());
    cards.into_iter().map(|card| card.id).collect()
}

async fn card(fixture: &Fixture, id: ContactId) -> Option<ContactCard> {
    fixture.store.contact_card(fixture.organisation(), id).await.unwrap()
}

/// A conversation with somebody who has a number.
async fn opened(fixture: &Fixture, phone: &str) -> ConversationId {
    let participant = Participant { id: phone.into(), phone: Some(phone.into()), ..Participant::default() };
    fixture.opened(&[Opening { thread: phone.into(), group: false, participant }]).await.remove(0)
}

async fn contacts_are_added_once_and_found(fixture: Fixture) {
    use AddedContact::{EmailTaken, New, PhoneTaken, Unreadable};
    let mail = |contact: NewContact| NewContact { email: Some("Ann@Example.com".into()), ..contact };
    let new = [
        mail(contact(&fixture, "+49 151 1", Some("too short"))),
        mail(contact(&fixture, "+49 151 10000001", Some("Änne"))),
        contact(&fixture, "4915110000001", None),
        mail(contact(&fixture, "+4915110000002", None)),
        contact(&fixture, "+4915177000003", None),
    ];
    let (first, last) = (new[1].id, new[4].id);
    let told = [Unreadable, New(first), PhoneTaken(first), EmailTaken(first), New(last)];
    assert_eq!(add(&fixture, &new).await, told);
    assert_eq!(add(&fixture, &new[1..2]).await, [PhoneTaken(first)]);

    assert_eq!(found(&fixture, "anne").await, [first]);
    assert_eq!(found(&fixture, "ACME").await, [last, first], "the newest first");
    assert_eq!(found(&fixture, "77000003").await, [last], "a number is found by its end");
    assert_eq!(found(&fixture, "example.COM").await, [first]);
    assert!(found(&fixture, "%").await.is_empty(), "without a word in it, it finds nobody");
    let known = card(&fixture, first).await.unwrap();
    assert_eq!((known.name.as_str(), known.details.tags.as_slice()), ("Änne", &["a".to_owned(), "b".to_owned()][..]));
    assert_eq!((known.details.phones[0].value.as_str(), known.details.phones[0].is_primary), ("+4915110000001", true));
    assert_eq!(card(&fixture, last).await.unwrap().name, "+4915177000003", "who has no name is called by the number");

    let store = &fixture.store;
    let after = store.contact_cards(fixture.organisation(), None, page(1, None)).await.unwrap().remove(0);
    let cursor = ContactCursor { created_at: after.created_at, id: after.id };
    let rest = store.contact_cards(fixture.organisation(), None, page(5, Some(cursor))).await.unwrap();
    assert_eq!((after.id, rest.len(), rest[0].id), (last, 1, first));
    let other = fixture.other_tenant("other").await;
    assert!(card(&other, first).await.is_none() && found(&other, "a").await.is_empty());
    let theirs = NewContact { id: ContactId::at(fixture.now), ..new[1].clone() };
    assert_eq!(add(&other, std::slice::from_ref(&theirs)).await, [New(theirs.id)], "each tenant has its own");
}

async fn who_was_taken_out_comes_back(mut fixture: Fixture) {
    let new = contact(&fixture, "+4915110000001", Some("Ann"));
    add(&fixture, std::slice::from_ref(&new)).await;
    let conversation = opened(&fixture, "+4915110000001").await;
    fixture.receive(conversation, "1").await;
    let known = card(&fixture, new.id).await.unwrap();
    assert_eq!((known.message_count, known.last_message_at), (1, Some(fixture.now)));
    let (organisation, store) = (fixture.organisation(), fixture.store.clone());
    let of = store.conversations_of_contact(organisation, new.id, 10).await.unwrap();
    assert_eq!(of, [conversation]);

    let other = fixture.other_tenant("other").await;
    assert!(!store.delete_contact(other.organisation(), new.id, None, fixture.now).await.unwrap());
    fixture.now += Duration::seconds(1);
    assert!(store.delete_contact(organisation, new.id, None, fixture.now).await.unwrap());
    assert!(!store.delete_contact(organisation, new.id, None, fixture.now).await.unwrap());
    assert!(card(&fixture, new.id).await.is_none());
    let views = store.conversation_views(organisation, &[conversation]).await.unwrap();
    assert!(views[0].handling.is_contact_deleted);

    // By being added anew: the same person, for platforms know them by the number.
    let again = NewContact { id: ContactId::at(fixture.now), company: None, tags: vec![], ..new.clone() };
    assert_eq!(add(&fixture, &[again]).await, [AddedContact::New(new.id)]);
    let back = card(&fixture, new.id).await.unwrap();
    assert_eq!((back.company, back.details.tags.len(), back.message_count), (None, 0, 1));

    // By their address: they have another number now.
    let mail = [ContactChange::OnlyEmail(Some("ann@example.com".into()))];
    let outcome = store.change_contact(organisation, new.id, &mail, None, fixture.now).await.unwrap();
    assert_eq!(outcome, ContactOutcome::Changed);
    fixture.run("update identities set email = 'ann@example.com'").await;
    assert!(store.delete_contact(organisation, new.id, None, fixture.now).await.unwrap());
    let (id, phone) = (ContactId::at(fixture.now), "+4915110000007".to_owned());
    let moved = NewContact { id, phone, email: Some("ann@example.com".into()), ..new.clone() };
    assert_eq!(add(&fixture, &[moved]).await, [AddedContact::New(new.id)]);

    // By writing.
    assert!(store.delete_contact(organisation, new.id, None, fixture.now).await.unwrap());
    fixture.now += Duration::seconds(1);
    fixture.receive(conversation, "2").await;
    assert!(card(&fixture, new.id).await.is_some());

    // Nobody knows them: they are gone, and the number is free.
    let stranger = contact(&fixture, "+4915110000009", None);
    add(&fixture, std::slice::from_ref(&stranger)).await;
    assert!(store.delete_contact(organisation, stranger.id, None, fixture.now).await.unwrap());
    let next = NewContact { id: ContactId::at(fixture.now), ..stranger };
    assert_eq!(add(&fixture, std::slice::from_ref(&next)).await, [AddedContact::New(next.id)]);
    fixture.assert_no_gaps().await;
}

async fn a_number_is_replaced_and_not_added(fixture: Fixture) {
    let new = contact(&fixture, "+4915110000001", Some("Ann"));
    let other = contact(&fixture, "+4915110000002", Some("Bea"));
    add(&fixture, &[new.clone(), other.clone()]).await;
    let change = async |changes: &[ContactChange]| {
        fixture.store.change_contact(fixture.organisation(), new.id, changes, None, fixture.now).await.unwrap()
    };
    let phones = async || {
        let phones = card(&fixture, new.id).await.unwrap().details.phones;
        phones.into_iter().map(|point| point.value).collect::<Vec<_>>()
    };
    let only = |number: &str| ContactChange::OnlyPhone(number.to_owned());
    assert_eq!(change(&[only("+4915110000002")]).await, ContactOutcome::Taken(other.id));
    assert_eq!(change(&[only("12")]).await, ContactOutcome::Unreadable);
    assert_eq!(phones().await, ["+4915110000001"], "all of the changes or none");
    assert_eq!(change(&[only("+4915110000003")]).await, ContactOutcome::Changed);
    assert_eq!(phones().await, ["+4915110000003"]);
    // A number under which a platform knows them stays known.
    opened(&fixture, "+4915110000003").await;
    assert_eq!(change(&[only("+4915110000004")]).await, ContactOutcome::Changed);
    assert_eq!(phones().await, ["+4915110000004", "+4915110000003"]);
    let words = [
        ContactChange::Name("Änne".into()),
        ContactChange::Company(Some("Żubr".into())),
        ContactChange::Notes(Some("n".into())),
        ContactChange::OnlyEmail(Some("a@b.de".into())),
    ];
    assert_eq!(change(&words).await, ContactOutcome::Changed);
    assert_eq!((found(&fixture, "anne").await, found(&fixture, "zubr").await), (vec![new.id], vec![new.id]));
    assert_eq!(change(&[ContactChange::OnlyEmail(None), ContactChange::Company(None)]).await, ContactOutcome::Changed);
    let known = card(&fixture, new.id).await.unwrap();
    assert_eq!((known.details.emails.len(), known.company, known.notes.as_deref()), (0, None, Some("n")));
}

async fn marks_are_kept_until_somebody_writes(mut fixture: Fixture) {
    let id = opened(&fixture, "+4915110000001").await;
    fixture.receive(id, "1").await;
    let (store, organisation) = (fixture.store.clone(), fixture.organisation());
    let marks = Marks {
        status: Some(ConversationStatus::Resolved),
        assignee_id: Some(Some(fixture.user)),
        tags: Some(vec!["vip".into()]),
        contact_name: Some("Ann".into()),
    };
    let other = fixture.other_tenant("other").await;
    assert!(!store.mark_conversation(other.organisation(), id, &marks, None, fixture.now).await.unwrap());
    assert!(store.mark_conversation(organisation, id, &marks, None, fixture.now).await.unwrap());
    assert!(
        fixture.events().await.iter().any(|event| event.change == Change::ConversationUpdated { conversation_id: id })
    );
    let handling = async || store.conversation_views(organisation, &[id]).await.unwrap().remove(0).handling;
    let marked = handling().await;
    assert_eq!((marked.status, marked.tags.as_slice()), (ConversationStatus::Resolved, &["vip".to_owned()][..]));
    assert_eq!((marked.assignee.unwrap().id, marked.contact_name.as_str()), (fixture.user, "Ann"));
    let listed = async |statuses: &[ConversationStatus]| {
        let assignee_id = Some(fixture.user);
        let filter = ConversationFilter { statuses: statuses.to_vec(), assignee_id, ..ConversationFilter::default() };
        let count = store.count_conversations(organisation, &filter).await.unwrap();
        let found = store.conversations(organisation, &filter, Order::Latest, page(10, None)).await.unwrap();
        assert_eq!(count, u64::try_from(found.len()).unwrap());
        let view = store.conversation_views(organisation, &[id]).await.unwrap().remove(0);
        assert_eq!(filter.admits(&view), count == 1, "whoever is found by words is listed by the same rule");
        count
    };
    assert_eq!(listed(&[ConversationStatus::Resolved, ConversationStatus::Closed]).await, 1);
    assert_eq!((listed(&[ConversationStatus::Open]).await, listed(&[]).await), (0, 1));

    // What is left out stays; what the business writes changes nothing; what the contact writes opens it.
    let nobody = Marks { assignee_id: Some(None), ..Marks::default() };
    assert!(store.mark_conversation(organisation, id, &nobody, None, fixture.now).await.unwrap());
    fixture.queue(id, "bye").await;
    assert_eq!((handling().await.status, handling().await.assignee), (ConversationStatus::Resolved, None));
    fixture.now += Duration::seconds(1);
    fixture.receive(id, "2").await;
    assert_eq!((handling().await.status, handling().await.tags.len()), (ConversationStatus::Open, 1));
    fixture.assert_no_gaps().await;
}

async fn messages_are_listed_and_added_up(mut fixture: Fixture) {
    let (first, second) = (opened(&fixture, "+4915110000001").await, opened(&fixture, "+4915110000002").await);
    let came = fixture.receive(first, "1").await;
    fixture.now += Duration::seconds(1);
    let sent = fixture.send(first, "ours").await;
    fixture.now += Duration::seconds(1);
    let waits = fixture.queue(second, "waits").await;
    let (store, organisation) = (fixture.store.clone(), fixture.organisation());
    let listed = async |filter: MessageFilter| {
        let found = store.messages(organisation, &filter, page(10, None)).await.unwrap();
        let total = store.count_all_messages(organisation, &filter).await.unwrap();
        assert_eq!(total, u64::try_from(found.len()).unwrap());
        found.into_iter().map(|view| view.message.id).collect::<Vec<_>>()
    };
    let of = |progress| MessageFilter { progress: Some(progress), ..MessageFilter::default() };
    assert_eq!(listed(MessageFilter::default()).await, [waits, sent, came]);
    let narrow = MessageFilter { conversation_id: Some(first), direction: Some(Direction::Outbound), progress: None };
    assert_eq!(listed(narrow).await, [sent]);
    assert_eq!((listed(of(Progress::Pending)).await, listed(of(Progress::Sent)).await), (vec![waits], vec![sent]));
    assert_eq!((listed(of(Progress::Delivered)).await, listed(of(Progress::Read)).await.len()), (vec![came], 0));
    fixture.change(first, Draft::mark_read).await;
    assert_eq!((listed(of(Progress::Delivered)).await.len(), listed(of(Progress::Read)).await), (0, vec![came]));
    fixture.now += Duration::seconds(1);
    let later = fixture.receive(first, "2").await;
    assert_eq!((listed(of(Progress::Delivered)).await, listed(of(Progress::Read)).await), (vec![later], vec![came]));
    let report = fixture.report("ours", ReportedState::Read);
    store.apply_statuses(&[report], fixture.now).await.unwrap();
    assert_eq!(listed(of(Progress::Read)).await, [sent, came]);

    let since = fixture.now - Duration::days(1);
    let groups = store.message_groups(organisation, since).await.unwrap();
    let count =
        |direction| groups.iter().filter(|group| group.direction == direction).map(|group| group.count).sum::<u64>();
    assert_eq!((count(Direction::Inbound), count(Direction::Outbound)), (2, 2));
    let spans = [(since, fixture.now), (since, fixture.now + Duration::seconds(1)), (since, since)];
    let traffic = store.message_traffic(organisation, &spans).await.unwrap();
    let of = |sent, received| Traffic { sent, received };
    assert_eq!(traffic, [of(2, 1), of(2, 2), of(0, 0)]);
    let conversations = store.conversation_groups(organisation, since).await.unwrap();
    assert_eq!(conversations, [(ConversationStatus::Open, 2)]);
    let hours = store.messages_by_hour(organisation, since).await.unwrap();
    assert_eq!(hours.iter().map(|(_, count)| count).sum::<u64>(), 4);
    let other = fixture.other_tenant("other").await;
    assert!(store.message_groups(other.organisation(), since).await.unwrap().is_empty());
    let all = MessageFilter::default();
    assert!(store.messages(other.organisation(), &all, page(10, None)).await.unwrap().is_empty());
}

async fn templates_are_those_that_the_platform_lists(mut fixture: Fixture) {
    let (store, organisation, channel) = (fixture.store.clone(), fixture.organisation(), fixture.channel.channel_id);
    let listed = |name: &str, status: &str| ListedTemplate {
        id: TemplateId::at(fixture.now),
        external_id: Some(format!("id of {name}")),
        name: name.into(),
        language: "en".into(),
        category: "UTILITY".into(),
        status: status.into(),
        reason: None,
        components: json!([{"type": "BODY", "text": name}]),
    };
    let news = listed("news", "PENDING");
    let made = store.create_template(organisation, channel, &news, "Our News", None, fixture.now).await.unwrap();
    assert_eq!(made, news.id);
    let again = ListedTemplate { id: TemplateId::at(fixture.now), ..news.clone() };
    let same = store.create_template(organisation, channel, &again, "Our News", None, fixture.now).await.unwrap();
    assert_eq!(same, made, "one of a name and language");

    let whole = [listed("news", "APPROVED"), listed("offer", "PAUSED")];
    store.sync_templates(organisation, channel, &whole, fixture.now).await.unwrap();
    let twice = [listed("offer", "PENDING"), listed("offer", "PAUSED")];
    let before = fixture.events().await.len();
    fixture.now += Duration::seconds(1);
    store.sync_templates(organisation, channel, &whole, fixture.now).await.unwrap();
    assert_eq!(fixture.events().await.len(), before, "where nothing is otherwise, nothing happened");
    let names = async |filter: &TemplateFilter| {
        let found = store.templates(organisation, filter, page(10, None)).await.unwrap();
        assert_eq!(store.count_templates(organisation, filter).await.unwrap(), u64::try_from(found.len()).unwrap());
        found.into_iter().map(|template| (template.name, template.status)).collect::<Vec<_>>()
    };
    let text = |name: &str, status: &str| (name.to_owned(), status.to_owned());
    let approved = TemplateFilter { statuses: &["APPROVED"], ..TemplateFilter::default() };
    assert_eq!(names(&approved).await, [text("news", "APPROVED")]);
    let called = TemplateFilter { search: Some("OUR n".into()), ..TemplateFilter::default() };
    assert_eq!(names(&called).await, [text("news", "APPROVED")]);
    let found = store.templates_called(channel, "Our News", 10).await.unwrap();
    assert_eq!((found[0].id, found[0].title.as_deref()), (made, Some("Our News")));
    store.sync_templates(organisation, channel, &whole[1..], fixture.now).await.unwrap();
    store.sync_templates(organisation, channel, &twice, fixture.now).await.unwrap();
    let others = TemplateFilter { other_than: &["PAUSED"], ..TemplateFilter::default() };
    assert_eq!(names(&others).await, [text("news", "DISABLED")], "the platform does not list it any more");
    store.sync_templates(organisation, channel, &[], fixture.now).await.unwrap();
    assert_eq!(names(&others).await.len(), 2);

    let other = fixture.other_tenant("other").await;
    let update =
        TemplateUpdate { title: Some("New".into()), status: Some("PENDING".into()), ..TemplateUpdate::default() };
    assert!(!store.update_template(other.organisation(), made, &update, None, fixture.now).await.unwrap());
    assert!(!store.delete_template(other.organisation(), made, None, fixture.now).await.unwrap());
    assert!(store.template(other.organisation(), made).await.unwrap().is_none());
    assert!(store.update_template(organisation, made, &update, None, fixture.now).await.unwrap());
    let known = store.template(organisation, made).await.unwrap().unwrap();
    assert_eq!(
        (known.title.as_deref(), known.status.as_str(), known.category.as_str()),
        (Some("New"), "PENDING", "UTILITY")
    );
    assert!(store.delete_template(organisation, made, None, fixture.now).await.unwrap());
    assert!(!store.delete_template(organisation, made, None, fixture.now).await.unwrap());
    fixture.assert_no_gaps().await;
}

async fn a_slug_is_one_organisations(fixture: Fixture) {
    let sign_up = async |email: &str| {
        let owner = new_user(OrganisationId::at(fixture.now), email, Role::Owner, fixture.now);
        let organisation = NewOrganisation { name: "Acme", slug: Some("acme") };
        fixture.store.sign_up(organisation, &owner, None, fixture.now).await.map(|()| owner.organisation_id)
    };
    assert!(!fixture.store.is_slug_taken("acme").await.unwrap());
    let first = sign_up("one@example.org").await.unwrap();
    assert!(fixture.store.is_slug_taken("acme").await.unwrap());
    assert_eq!(fixture.store.organisation(first).await.unwrap().unwrap().slug.as_deref(), Some("acme"));
    assert!(matches!(sign_up("two@example.org").await, Err(StoreError::Conflict(_))));
    assert_eq!(fixture.store.organisation(fixture.organisation()).await.unwrap().unwrap().slug, None);
}

async fn a_webhooks_token_finds_its_channel(fixture: Fixture) {
    let (store, id, now) = (fixture.store.clone(), fixture.channel.channel_id, fixture.now);
    let set = async |token: Option<&str>| {
        let webhook_token = token.map(str::to_owned);
        let settings = ChannelSettings { config: json!({}), secrets: vec![1], address: None, webhook_token };
        let update = ChannelUpdate { settings: Some(settings), ..ChannelUpdate::default() };
        assert!(store.update_channel(fixture.organisation(), id, &update, None, now).await.unwrap());
    };
    let with = async |token: &str| {
        let found = store.channels_by_webhook_token(token).await.unwrap();
        found.into_iter().map(|channel| (channel.id, channel.webhook_verified_at)).collect::<Vec<_>>()
    };
    assert!(with("a").await.is_empty());
    set(Some("a")).await;
    assert_eq!(with("a").await, [(id, None)]);
    store.webhook_verified(&[id], now).await.unwrap();
    set(Some("a")).await;
    assert_eq!(with("a").await, [(id, Some(now))], "the same token is verified still");
    set(Some("b")).await;
    assert_eq!((with("a").await.len(), with("b").await), (0, vec![(id, None)]));
    let before = fixture.events().await.len();
    store.channel_accepted(id, Some("+1"), now).await.unwrap();
    store.channel_accepted(id, None, now).await.unwrap();
    store.webhook_verified(&[id], now).await.unwrap();
    let told = fixture.events().await.split_off(before);
    assert!(told.iter().all(|event| event.change == Change::ChannelUpdated { channel_id: id }), "{told:?}");
    assert_eq!(told.len(), 3, "clients are told of each");
    fixture.assert_no_gaps().await;
    let known = store.channel(id).await.unwrap().unwrap();
    assert_eq!((known.session_phone.as_deref(), known.last_connected_at), (Some("+1"), Some(now)));
}
