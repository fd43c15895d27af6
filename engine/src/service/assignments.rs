//! Giving sessions to people and to teams, which is what lets an agent reach them.

use patchbay_domain::{AssignmentId, ChannelId};
use patchbay_store::{
    StoreError,
    assignments::{Assigned, Assignee, Assignment, NewAssignment},
};
use serde_json::{Value, json};

use super::{
    ServiceError, WriteId,
    audit::{Action, Entity},
    sessions, teams, users,
};
use crate::{
    app::App,
    auth::{Admin, Principal},
};

/// The newest first.
pub async fn list(app: &App, principal: &Principal, session: ChannelId) -> Result<Vec<Assignment>, ServiceError> {
    let channel = sessions::manage(app, principal, session).await?;
    Ok(app.store.assignments(principal.organisation_id, channel.id).await?)
}

pub async fn assign(
    app: &App,
    admin: &Admin,
    write: WriteId,
    session: ChannelId,
    to: Assignee,
) -> Result<Assignment, ServiceError> {
    let channel = sessions::manage(app, admin, session).await?;
    let id = AssignmentId::from(write.id);
    if write.repeated
        && let Some(made) = find(app, admin, channel.id, id).await?
    {
        return Ok(made);
    }
    match to {
        Assignee::User(user) => drop(users::active(app, admin, user).await?),
        Assignee::Team(team) => drop(teams::find(app, admin, team).await?),
    }
    let (organisation_id, channel_id) = (admin.organisation_id, channel.id);
    let assignment = NewAssignment { id, organisation_id, channel_id, to, assigned_by: admin.user_id };
    let audit = admin.did(Action::Update, Entity::Channel, channel_id).with_change(Value::Null, told(to));
    app.store.assign_channel(&assignment, Some(&audit), (app.clock)()).await.map_err(|error| match error {
        StoreError::Conflict(_) => ServiceError::conflict("ASSIGNED_ALREADY", "this session is assigned so already"),
        error => error.into(),
    })?;
    find(app, admin, channel_id, id).await?.ok_or(ServiceError::NotFound("assignment"))
}

pub async fn unassign(app: &App, admin: &Admin, session: ChannelId, id: AssignmentId) -> Result<(), ServiceError> {
    let channel = sessions::manage(app, admin, session).await?;
    let known = find(app, admin, channel.id, id).await?.ok_or(ServiceError::NotFound("assignment"))?;
    let was = match known.to {
        Assigned::User { id, .. } => Assignee::User(id),
        Assigned::Team { id, .. } => Assignee::Team(id),
    };
    let audit = admin.did(Action::Update, Entity::Channel, channel.id).with_change(told(was), Value::Null);
    let gone = app.store.unassign_channel(admin.organisation_id, channel.id, id, Some(&audit), (app.clock)()).await?;
    if gone { Ok(()) } else { Err(ServiceError::NotFound("assignment")) }
}

async fn find(
    app: &App,
    admin: &Admin,
    channel: ChannelId,
    id: AssignmentId,
) -> Result<Option<Assignment>, ServiceError> {
    let known = app.store.assignments(admin.organisation_id, channel).await?;
    Ok(known.into_iter().find(|assignment| assignment.id == id))
}

fn told(to: Assignee) -> Value {
    match to {
        Assignee::User(user) => json!({"assignedToUser": user}),
        Assignee::Team(team) => json!({"assignedToTeam": team}),
    }
}
