//! Teams, to which sessions are given. The owner and whoever made a team manage it.

use patchbay_domain::{MembershipId, TeamId, UserId, hierarchy::manages};
use patchbay_store::{
    StoreError,
    teams::{Member, NewTeam, Team, TeamUpdate},
};
use serde_json::{Value, json};

use super::{
    ServiceError, WriteId,
    audit::{Action, Entity},
    users,
};
use crate::{
    app::App,
    auth::{Admin, Principal},
};

#[derive(Debug)]
pub struct CreateTeam {
    pub name: String,
    pub description: Option<String>,
}

/// Those whom the caller manages, the newest first.
pub async fn list(app: &App, principal: &Principal) -> Result<Vec<Team>, ServiceError> {
    let mut teams = app.store.teams(principal.organisation_id).await?;
    teams.retain(|team| manages(principal, Some(team.created_by.id)));
    Ok(teams)
}

/// Those that the caller is in.
pub async fn mine(app: &App, principal: &Principal) -> Result<Vec<Team>, ServiceError> {
    let mut teams = app.store.teams(principal.organisation_id).await?;
    teams.retain(|team| has(team, principal.user_id));
    Ok(teams)
}

/// For its members as well.
pub async fn get(app: &App, principal: &Principal, id: TeamId) -> Result<Team, ServiceError> {
    let team = find(app, principal, id).await?;
    if has(&team, principal.user_id) { Ok(team) } else { managed(principal, team) }
}

pub async fn create(app: &App, admin: &Admin, write: WriteId, team: CreateTeam) -> Result<Team, ServiceError> {
    let CreateTeam { name, description } = team;
    let (id, organisation_id) = (TeamId::from(write.id), admin.organisation_id);
    if write.repeated
        && let Some(made) = app.store.team(organisation_id, id).await?
    {
        return Ok(made);
    }
    let after = json!({"name": name, "description": description});
    let audit = admin.did(Action::Create, Entity::Team, id).with_change(Value::Null, after);
    let team = NewTeam { id, organisation_id, name, description, created_by: admin.user_id };
    app.store.create_team(&team, Some(&audit), (app.clock)()).await?;
    find(app, admin, id).await
}

pub async fn update(app: &App, admin: &Admin, id: TeamId, update: TeamUpdate) -> Result<Team, ServiceError> {
    let known = managed(admin, find(app, admin, id).await?)?;
    let after = json!({
        "name": update.name.as_ref().unwrap_or(&known.name),
        "description": update.description.as_ref().or(known.description.as_ref()),
    });
    let audit = admin.did(Action::Update, Entity::Team, id);
    let audit = audit.with_change(json!({"name": known.name, "description": known.description}), after);
    if !app.store.update_team(admin.organisation_id, id, &update, Some(&audit), (app.clock)()).await? {
        return Err(ServiceError::NotFound("team"));
    }
    find(app, admin, id).await
}

/// Its members do not reach any more what was given to it.
pub async fn close(app: &App, admin: &Admin, id: TeamId) -> Result<(), ServiceError> {
    let known = managed(admin, find(app, admin, id).await?)?;
    let audit = admin.did(Action::Delete, Entity::Team, id);
    let audit = audit.with_change(json!({"name": known.name, "description": known.description}), Value::Null);
    if app.store.close_team(admin.organisation_id, id, Some(&audit), (app.clock)()).await? {
        Ok(())
    } else {
        Err(ServiceError::NotFound("team"))
    }
}

pub async fn add_member(
    app: &App,
    admin: &Admin,
    write: WriteId,
    id: TeamId,
    user: UserId,
) -> Result<Member, ServiceError> {
    let team = managed(admin, find(app, admin, id).await?)?;
    let membership = MembershipId::from(write.id);
    if let Some(known) = team.members.into_iter().find(|member| write.repeated && member.id == membership) {
        return Ok(known);
    }
    users::active(app, admin, user).await?;
    let audit = admin.did(Action::Update, Entity::Team, id);
    let audit = audit.with_change(json!({}), json!({"memberAdded": user}));
    let (organisation, now) = (admin.organisation_id, (app.clock)());
    let added = app.store.add_member(organisation, (membership, id, user), Some(&audit), now).await;
    added.map_err(|error| match error {
        StoreError::Conflict(_) => ServiceError::conflict("MEMBER_ALREADY", "this user is a member already"),
        error => error.into(),
    })?;
    let members = find(app, admin, id).await?.members;
    members.into_iter().find(|member| member.id == membership).ok_or(ServiceError::NotFound("member"))
}

pub async fn remove_member(app: &App, admin: &Admin, id: TeamId, user: UserId) -> Result<(), ServiceError> {
    managed(admin, find(app, admin, id).await?)?;
    let audit = admin.did(Action::Update, Entity::Team, id);
    let audit = audit.with_change(json!({"memberRemoved": user}), json!({}));
    if app.store.remove_member(admin.organisation_id, id, user, Some(&audit), (app.clock)()).await? {
        Ok(())
    } else {
        Err(ServiceError::NotFound("member"))
    }
}

pub(super) async fn find(app: &App, principal: &Principal, id: TeamId) -> Result<Team, ServiceError> {
    app.store.team(principal.organisation_id, id).await?.ok_or(ServiceError::NotFound("team"))
}

fn managed(principal: &Principal, team: Team) -> Result<Team, ServiceError> {
    if manages(principal, Some(team.created_by.id)) {
        Ok(team)
    } else {
        Err(ServiceError::Forbidden("only the owner, and whoever made this team, may do this".to_owned()))
    }
}

fn has(team: &Team, user: UserId) -> bool {
    team.members.iter().any(|member| member.user.id == user)
}
