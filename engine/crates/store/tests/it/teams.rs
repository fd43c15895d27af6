//! Teams, to whom channels are given, names on the installation's own server, and passwords.

use chrono::Duration;
use patchbay_domain::{
    AssignmentId, ChannelId, LoginId, MembershipId, TeamId, UserId,
    people::{Dialect, Role},
};
use patchbay_store::{
    StoreError,
    assignments::{Assigned, Assignee, NewAssignment},
    channels::NewChannel,
    logins::NewLogin,
    teams::{NewTeam, TeamUpdate},
};
use serde_json::json;

use crate::support::{Fixture, new_user, on_both};

on_both!(
    a_team_has_members_until_it_is_closed,
    what_is_given_to_a_team_is_given_to_its_members,
    a_channel_is_given_once_and_taken_back,
    a_name_on_our_own_server_stays_with_its_organisation,
    a_new_password_ends_every_other_login,
    a_username_is_one_account_however_it_is_typed,
);

async fn agent(fixture: &Fixture, username: &str) -> UserId {
    let mut agent = new_user(fixture.organisation(), "", Role::Agent, fixture.now);
    (agent.email, agent.username, agent.created_by) = (None, Some(username.to_owned()), Some(fixture.user));
    fixture.store.create_user(&agent, None, fixture.now).await.unwrap();
    agent.id
}

async fn team(fixture: &Fixture, name: &str, members: &[UserId]) -> TeamId {
    let team = NewTeam {
        id: TeamId::at(fixture.now),
        organisation_id: fixture.organisation(),
        name: name.to_owned(),
        description: Some("sells".to_owned()),
        created_by: fixture.user,
    };
    fixture.store.create_team(&team, None, fixture.now).await.unwrap();
    for user in members {
        let new = (MembershipId::at(fixture.now), team.id, *user);
        assert!(fixture.store.add_member(fixture.organisation(), new, None, fixture.now).await.unwrap());
    }
    team.id
}

async fn assign(fixture: &Fixture, to: Assignee) -> Result<AssignmentId, StoreError> {
    let assignment = NewAssignment {
        id: AssignmentId::at(fixture.now),
        organisation_id: fixture.organisation(),
        channel_id: fixture.channel.channel_id,
        to,
        assigned_by: fixture.user,
    };
    fixture.store.assign_channel(&assignment, None, fixture.now).await.map(|()| assignment.id)
}

async fn a_team_has_members_until_it_is_closed(fixture: Fixture) {
    let (store, organisation, now) = (&fixture.store, fixture.organisation(), fixture.now);
    let (bea, cem) = (agent(&fixture, "bea").await, agent(&fixture, "cem").await);
    let id = team(&fixture, "sales", &[bea, cem]).await;
    let other = fixture.other_tenant("other").await;
    assert!(store.team(other.organisation(), id).await.unwrap().is_none());
    let twice = store.add_member(organisation, (MembershipId::at(now), id, bea), None, now).await.unwrap_err();
    assert!(matches!(twice, StoreError::Conflict(_)), "{twice:?}");
    assert!(!store.remove_member(other.organisation(), id, cem, None, now).await.unwrap());
    for (tenant, user) in [(other.organisation(), cem), (organisation, other.user), (other.organisation(), other.user)]
    {
        assert!(!store.add_member(tenant, (MembershipId::at(now), id, user), None, now).await.unwrap());
    }
    assert!(store.remove_member(organisation, id, cem, None, now).await.unwrap());
    assert!(!store.remove_member(organisation, id, cem, None, now).await.unwrap());

    let update = TeamUpdate { name: Some("support".into()), description: Some(String::new()) };
    assert!(!store.update_team(other.organisation(), id, &update, None, now).await.unwrap());
    assert!(store.update_team(organisation, id, &update, None, now).await.unwrap());
    let known = store.team(organisation, id).await.unwrap().unwrap();
    assert_eq!((known.name.as_str(), known.description, known.created_by.id), ("support", None, fixture.user));
    let members: Vec<_> = known.members.iter().map(|member| member.user.username.as_deref()).collect();
    assert_eq!(members, [Some("bea")]);

    assert!(!store.close_team(other.organisation(), id, None, now).await.unwrap());
    assert!(store.close_team(organisation, id, None, now).await.unwrap());
    assert!(!store.close_team(organisation, id, None, now).await.unwrap());
    assert_eq!(store.teams(organisation).await.unwrap(), []);
}

async fn what_is_given_to_a_team_is_given_to_its_members(fixture: Fixture) {
    let (store, organisation) = (&fixture.store, fixture.organisation());
    let (bea, cem, dan) = (agent(&fixture, "bea").await, agent(&fixture, "cem").await, agent(&fixture, "dan").await);
    let (id, channel) = (team(&fixture, "sales", &[bea]).await, fixture.channel.channel_id);
    assign(&fixture, Assignee::Team(id)).await.unwrap();
    assign(&fixture, Assignee::User(cem)).await.unwrap();
    let given = async |user| store.channels_assigned_to(organisation, user).await.unwrap();
    assert_eq!((given(bea).await, given(cem).await, given(dan).await), (vec![channel], vec![channel], vec![]));
    let other = fixture.other_tenant("other").await;
    assert_eq!(store.channels_assigned_to(other.organisation(), bea).await.unwrap(), []);
    store.close_team(organisation, id, None, fixture.now).await.unwrap();
    assert_eq!(given(bea).await, [], "the team is closed");
}

async fn a_channel_is_given_once_and_taken_back(fixture: Fixture) {
    let (store, organisation, channel) = (&fixture.store, fixture.organisation(), fixture.channel.channel_id);
    let bea = agent(&fixture, "bea").await;
    let id = assign(&fixture, Assignee::User(bea)).await.unwrap();
    assert!(matches!(assign(&fixture, Assignee::User(bea)).await, Err(StoreError::Conflict(_))));
    let sales = team(&fixture, "sales", &[]).await;
    assign(&fixture, Assignee::Team(sales)).await.unwrap();
    let known = store.assignments(organisation, channel).await.unwrap();
    let to: Vec<_> = known.iter().map(|assignment| assignment.to.clone()).collect();
    let user = Assigned::User { id: bea, username: Some("bea".into()), email: None, name: "Ann".into() };
    assert_eq!(to, [Assigned::Team { id: sales, name: "sales".into() }, user]);
    let other = fixture.other_tenant("other").await.organisation();
    assert!(!store.unassign_channel(other, channel, id, None, fixture.now).await.unwrap());
    assert!(store.unassign_channel(organisation, channel, id, None, fixture.now).await.unwrap());
    assert_eq!(store.channels_assigned_to(organisation, bea).await.unwrap(), []);
}

async fn a_name_on_our_own_server_stays_with_its_organisation(fixture: Fixture) {
    let (store, now) = (&fixture.store, fixture.now);
    let host = async |fixture: &Fixture| {
        let channel = NewChannel {
            id: ChannelId::at(now),
            organisation_id: fixture.organisation(),
            channel_type: "WAHA".into(),
            name: "sales".into(),
            config: json!({"session": "sales"}),
            secrets: vec![1],
            address: Some("sales".into()),
            webhook_token: None,
            created_by: None,
        };
        store.create_hosted_channel(&channel, "sales", None, now).await.map(|()| channel.id)
    };
    let first = host(&fixture).await.unwrap();
    assert_eq!(store.hosted_name(first).await.unwrap().as_deref(), Some("sales"));
    assert_eq!(store.hosted_name(fixture.channel.channel_id).await.unwrap(), None);
    assert!(matches!(host(&fixture).await, Err(StoreError::Conflict(_))), "it is in use");
    let other = fixture.other_tenant("other").await;
    assert!(matches!(host(&other).await, Err(StoreError::Conflict(_))));
    assert_eq!(store.channels(other.organisation()).await.unwrap().len(), 1, "nothing of it is left");

    assert!(store.delete_channel(fixture.organisation(), first, None, now).await.unwrap());
    assert!(matches!(host(&other).await, Err(StoreError::Conflict(_))), "a phone may still be paired");
    let second = host(&fixture).await.unwrap();
    assert_eq!(store.hosted_name(second).await.unwrap().as_deref(), Some("sales"));
    assert_eq!(store.hosted_name(first).await.unwrap(), None);
}

async fn a_new_password_ends_every_other_login(fixture: Fixture) {
    let (store, organisation, now) = (&fixture.store, fixture.organisation(), fixture.now);
    let log_in = async || {
        let id = LoginId::at(now);
        let login = NewLogin {
            id,
            user_id: fixture.user,
            organisation_id: organisation,
            dialect: Dialect::Sessions,
            refresh_hash: id.to_string(),
            expires_at: now + Duration::days(1),
        };
        store.create_login(&login, now).await.unwrap();
        id
    };
    let (kept, ended) = (log_in().await, log_in().await);
    let in_force = async |id| store.login(id, now).await.unwrap().is_some();
    let other = fixture.other_tenant("other").await.organisation();
    assert!(!store.set_password(other, fixture.user, "new", None, None, now).await.unwrap());
    assert!(in_force(ended).await);
    assert!(store.set_password(organisation, fixture.user, "new", Some(kept), None, now).await.unwrap());
    assert_eq!((in_force(kept).await, in_force(ended).await), (true, false));
    assert_eq!(store.user(organisation, fixture.user).await.unwrap().unwrap().password_hash, "new");
    assert!(store.set_password(organisation, fixture.user, "newer", None, None, now).await.unwrap());
    assert!(!in_force(kept).await);

    store.deactivate_user(organisation, fixture.user, None, now).await.unwrap();
    assert!(store.reactivate_user(organisation, fixture.user, None, now).await.unwrap());
    assert!(store.user(organisation, fixture.user).await.unwrap().unwrap().is_active);
}

async fn a_username_is_one_account_however_it_is_typed(fixture: Fixture) {
    let id = agent(&fixture, "John_Doe").await;
    for typed in ["john_doe", "JOHN_DOE", "John_Doe"] {
        let found = fixture.store.user_by_username(typed).await.unwrap().unwrap();
        assert_eq!((found.id, found.username.as_deref()), (id, Some("John_Doe")), "{typed}");
    }
    let mut same = new_user(fixture.organisation(), "", Role::Agent, fixture.now);
    (same.email, same.username) = (None, Some("john_DOE".to_owned()));
    let refused = fixture.store.create_user(&same, None, fixture.now).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict(_)), "{refused:?}");
}
