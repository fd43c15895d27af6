//! Organisations, users, logins and invitations.

use chrono::Duration;
use patchbay_domain::{
    InviteId, LoginId, OrganisationId, UserId,
    people::{Dialect, Role},
};
use patchbay_store::{
    StoreError,
    invites::NewInvite,
    logins::{NewLogin, Rotation},
};

use crate::support::{Fixture, new_user, on_both};

on_both!(
    an_email_is_taken_once,
    an_organisation_is_renamed,
    users_are_found,
    a_login_ends_when_it_is_revoked,
    a_deactivated_user_has_no_login,
    a_refresh_token_is_spent_once,
    a_refresh_token_may_stay,
    failures_are_counted_in_a_window,
    an_invitation_is_accepted_once,
);

async fn an_email_is_taken_once(fixture: Fixture) {
    let same = new_user(OrganisationId::at(fixture.now), "OWNER@example.com", Role::Owner, fixture.now);
    let refused = fixture.store.sign_up("Second", &same, None, fixture.now).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict(_)), "{refused:?}");
    assert!(!refused.is_retryable());
    let organisation = fixture.store.organisation(same.organisation_id).await.unwrap();
    assert_eq!(organisation, None, "nothing of it is left");
    assert_eq!(fixture.store.user_by_email("Owner@Example.com").await.unwrap().unwrap().id, fixture.user);
}

async fn an_organisation_is_renamed(fixture: Fixture) {
    let (store, id) = (&fixture.store, fixture.organisation());
    let later = fixture.now + Duration::seconds(1);
    assert!(store.rename_organisation(id, "New", None, later).await.unwrap());
    let organisation = store.organisation(id).await.unwrap().unwrap();
    assert_eq!((organisation.name.as_str(), organisation.updated_at), ("New", later));
    assert!(!store.rename_organisation(OrganisationId::at(later), "New", None, later).await.unwrap());
}

async fn users_are_found(fixture: Fixture) {
    let (store, organisation) = (&fixture.store, fixture.organisation());
    let mut agent = new_user(organisation, "unused", Role::Agent, fixture.now);
    (agent.email, agent.username, agent.created_by) = (None, Some("Bob".into()), Some(fixture.user));
    store.create_user(&agent, None, fixture.now).await.unwrap();
    let found = store.user_by_username("bob").await.unwrap().unwrap();
    assert_eq!((found.id, found.role, found.is_active), (agent.id, Role::Agent, true));
    assert_eq!(store.users(organisation).await.unwrap().len(), 2);
    let other = fixture.other_tenant("other").await;
    assert!(store.user(other.organisation(), agent.id).await.unwrap().is_none());
    store.user_logged_in(agent.id, fixture.now).await.unwrap();
    let seen = store.user(organisation, agent.id).await.unwrap().unwrap();
    assert_eq!((seen.password_hash.as_str(), seen.last_login_at), ("hash", Some(fixture.now)));
    assert!(!format!("{seen:?}").contains("hash\""), "a password's hash is in no log");
}

fn login(fixture: &Fixture, user_id: UserId, hash: &str) -> NewLogin {
    NewLogin {
        id: LoginId::at(fixture.now),
        user_id,
        organisation_id: fixture.organisation(),
        dialect: Dialect::Helpdesk,
        refresh_hash: hash.into(),
        expires_at: fixture.now + Duration::days(30),
    }
}

async fn a_login_ends_when_it_is_revoked(fixture: Fixture) {
    let (store, now) = (&fixture.store, fixture.now);
    let (one, two) = (login(&fixture, fixture.user, "one"), login(&fixture, fixture.user, "two"));
    store.create_login(&one, now).await.unwrap();
    store.create_login(&two, now).await.unwrap();
    let active = store.login(one.id, now).await.unwrap().unwrap();
    assert_eq!((active.user_id, active.role, active.dialect), (fixture.user, Role::Owner, Dialect::Helpdesk));
    assert!(store.login(one.id, now + Duration::days(30)).await.unwrap().is_none(), "expired");
    assert!(store.revoke_login(one.id, now).await.unwrap());
    assert!(!store.revoke_login(one.id, now).await.unwrap());
    assert!(store.login(one.id, now).await.unwrap().is_none());
    assert!(store.login_by_refresh("one", now).await.unwrap().is_none());
    assert!(store.login(two.id, now).await.unwrap().is_some());
    assert!(store.revoke_login(two.id, now).await.unwrap());
    assert_eq!(store.trim_logins(now).await.unwrap(), 0);
    assert_eq!(store.trim_logins(now + Duration::seconds(1)).await.unwrap(), 2);
    assert_eq!(fixture.count("select count(*) from refresh_tokens").await, 0);
}

async fn a_deactivated_user_has_no_login(fixture: Fixture) {
    let (store, now) = (&fixture.store, fixture.now);
    let agent = new_user(fixture.organisation(), "agent@example.com", Role::Agent, now);
    store.create_user(&agent, None, now).await.unwrap();
    let login = login(&fixture, agent.id, "hash");
    store.create_login(&login, now).await.unwrap();
    let other = fixture.other_tenant("other").await;
    assert!(!store.deactivate_user(other.organisation(), agent.id, None, now).await.unwrap());
    assert!(store.login(login.id, now).await.unwrap().is_some(), "another tenant ends nobody's login");
    assert!(store.deactivate_user(fixture.organisation(), agent.id, None, now).await.unwrap());
    assert!(store.login(login.id, now).await.unwrap().is_none());
    assert!(store.login_by_refresh("hash", now).await.unwrap().is_none());
    assert!(!store.user(fixture.organisation(), agent.id).await.unwrap().unwrap().is_active);
}

async fn a_refresh_token_is_spent_once(fixture: Fixture) {
    let (store, now) = (&fixture.store, fixture.now);
    let login = login(&fixture, fixture.user, "first");
    store.create_login(&login, now).await.unwrap();
    let expires = now + Duration::days(31);
    let rotated = store.rotate_refresh("first", "second", expires, now).await.unwrap();
    let Rotation::Rotated(rotated) = rotated else { panic!("{rotated:?}") };
    assert_eq!((rotated.id, rotated.expires_at), (login.id, expires));
    assert!(matches!(store.rotate_refresh("second", "third", expires, now).await.unwrap(), Rotation::Rotated(_)));
    assert_eq!(store.rotate_refresh("unknown", "x", expires, now).await.unwrap(), Rotation::Refused);
    assert!(store.login(login.id, now).await.unwrap().is_some());
    // However old: who has it is not alone.
    assert_eq!(store.rotate_refresh("first", "x", expires, now).await.unwrap(), Rotation::Reused);
    assert!(store.login(login.id, now).await.unwrap().is_none());
    assert_eq!(store.rotate_refresh("third", "x", expires, now).await.unwrap(), Rotation::Refused);

    // Of many at once, one is served.
    let login = self::login(&fixture, fixture.user, "race");
    store.create_login(&login, now).await.unwrap();
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..5 {
        let store = store.clone();
        calls.spawn(async move { store.rotate_refresh("race", &format!("new {number}"), expires, now).await.unwrap() });
    }
    let rotated = calls.join_all().await.into_iter().filter(|rotation| matches!(rotation, Rotation::Rotated(_)));
    assert_eq!(rotated.count(), 1);
}

async fn a_refresh_token_may_stay(fixture: Fixture) {
    let (store, now) = (&fixture.store, fixture.now);
    let login = login(&fixture, fixture.user, "hash");
    store.create_login(&login, now).await.unwrap();
    for _ in 0..2 {
        assert_eq!(store.login_by_refresh("hash", now).await.unwrap().unwrap().id, login.id);
    }
    assert!(store.login_by_refresh("other", now).await.unwrap().is_none());
}

async fn failures_are_counted_in_a_window(fixture: Fixture) {
    let (store, now) = (&fixture.store, fixture.now);
    let start = now - Duration::minutes(15);
    for expected in 1..=3 {
        assert_eq!(store.record_login_failure("account:a", start, now).await.unwrap(), expected);
    }
    assert_eq!(store.login_failures("account:a", start).await.unwrap(), 3);
    assert_eq!(store.login_failures("account:b", start).await.unwrap(), 0);
    // The window is over.
    let later = now + Duration::minutes(16);
    let start = later - Duration::minutes(15);
    assert_eq!(store.login_failures("account:a", start).await.unwrap(), 0);
    assert_eq!(store.record_login_failure("account:a", start, later).await.unwrap(), 1);
    store.forget_login_failures("account:a").await.unwrap();
    assert_eq!(store.record_login_failure("account:a", start, later).await.unwrap(), 1);
    assert_eq!(store.trim_login_failures(later + Duration::seconds(1)).await.unwrap(), 1);
}

async fn an_invitation_is_accepted_once(fixture: Fixture) {
    let (store, now, organisation) = (&fixture.store, fixture.now, fixture.organisation());
    let invite = |hash: &str| NewInvite {
        id: InviteId::at(now),
        organisation_id: organisation,
        email: "New@Example.com".into(),
        role: Role::Agent,
        token_hash: hash.into(),
        invited_by: fixture.user,
        expires_at: now + Duration::days(7),
    };
    let first = invite("first");
    store.create_invite(&first, None, now).await.unwrap();
    let again = store.create_invite(&invite("second"), None, now).await.unwrap_err();
    assert!(matches!(again, StoreError::Conflict(_)), "{again:?}");
    // An expired one is replaced.
    let later = now + Duration::days(8);
    let third = NewInvite { expires_at: later + Duration::days(7), ..invite("third") };
    store.create_invite(&third, None, later).await.unwrap();
    assert_eq!(store.invite_by_token("first").await.unwrap(), None);
    let found = store.invite_by_token("third").await.unwrap().unwrap();
    assert_eq!((found.email.as_str(), found.organisation_name.as_str()), ("new@example.com", "Acme"));
    assert_eq!((found.invited_by_name.as_str(), found.role, found.accepted_at), ("Ann", Role::Agent, None));

    let user = new_user(organisation, "new@example.com", Role::Agent, later);
    let other = fixture.other_tenant("other").await;
    let wrong = new_user(other.organisation(), "wrong@example.com", Role::Agent, later);
    assert!(!store.accept_invite(third.id, &wrong, None, later).await.unwrap(), "it is for one organisation");
    assert!(store.accept_invite(third.id, &user, None, later).await.unwrap());
    assert!(!store.accept_invite(third.id, &user, None, later).await.unwrap());
    assert_eq!(store.user_by_email("new@example.com").await.unwrap().unwrap().id, user.id);
    assert_eq!(store.invites(organisation).await.unwrap()[0].accepted_at, Some(later));
    assert!(store.invites(other.organisation()).await.unwrap().is_empty());
}
