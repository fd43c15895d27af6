//! Channels that are given to people and to teams, which decides what an agent reaches where channels are sessions.

use chrono::{DateTime, Utc};
use patchbay_domain::{AssignmentId, ChannelId, OrganisationId, TeamId, UserId};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Store, StoreError, audit::NewAudit, backend::sql};

/// To whom a channel is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assignee {
    User(UserId),
    Team(TeamId),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAssignment {
    pub id: AssignmentId,
    pub organisation_id: OrganisationId,
    pub channel_id: ChannelId,
    pub to: Assignee,
    pub assigned_by: UserId,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    pub id: AssignmentId,
    pub channel_id: ChannelId,
    pub to: Assigned,
    pub assigned_by: UserId,
    pub assigned_at: DateTime<Utc>,
}

/// Who that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assigned {
    User { id: UserId, username: Option<String>, email: Option<String>, name: String },
    Team { id: TeamId, name: String },
}

#[derive(FromRow)]
struct AssignmentRow {
    id: Uuid,
    channel_id: Uuid,
    user_id: Option<Uuid>,
    username: Option<String>,
    email: Option<String>,
    user_name: Option<String>,
    team_id: Option<Uuid>,
    team_name: Option<String>,
    assigned_by: Uuid,
    assigned_at: DateTime<Utc>,
}

impl TryFrom<AssignmentRow> for Assignment {
    type Error = StoreError;

    fn try_from(row: AssignmentRow) -> Result<Self, StoreError> {
        let to = match (row.user_id, row.user_name, row.team_id, row.team_name) {
            (Some(id), Some(name), None, None) => {
                Assigned::User { id: id.into(), username: row.username, email: row.email, name }
            }
            (None, None, Some(id), Some(name)) => Assigned::Team { id: id.into(), name },
            _ => return Err(StoreError::Unreadable(format!("assignment {} is to nobody", row.id))),
        };
        Ok(Self {
            id: row.id.into(),
            channel_id: row.channel_id.into(),
            to,
            assigned_by: row.assigned_by.into(),
            assigned_at: row.assigned_at,
        })
    }
}

impl Store {
    /// Both are of the organisation. [`StoreError::Conflict`] where it is so already.
    pub async fn assign_channel(
        &self,
        assignment: &NewAssignment,
        audit: Option<&NewAudit>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let (user, team) = match assignment.to {
            Assignee::User(user) => (Some(user), None),
            Assignee::Team(team) => (None, Some(team)),
        };
        let statement = sql("insert into channel_assignments (id, organisation_id, channel_id, user_id, team_id, \
             assigned_by, assigned_at) values ($1, $2, $3, $4, $5, $6, $7)")
        .bind(assignment.id)
        .bind(assignment.organisation_id)
        .bind(assignment.channel_id)
        .bind(user)
        .bind(team)
        .bind(assignment.assigned_by)
        .bind(now);
        self.write_audited(statement, audit, now).await.map(drop)
    }

    /// The newest first; those to closed teams are not shown.
    pub async fn assignments(
        &self,
        organisation_id: OrganisationId,
        channel_id: ChannelId,
    ) -> Result<Vec<Assignment>, StoreError> {
        let rows: Vec<AssignmentRow> = sql("select a.id, a.channel_id, a.user_id, u.username, u.email, \
             u.name as user_name, a.team_id, t.name as team_name, a.assigned_by, a.assigned_at \
             from channel_assignments a left join users u on u.id = a.user_id left join teams t on t.id = a.team_id \
             where a.organisation_id = $1 and a.channel_id = $2 and (a.team_id is null or t.is_active = $3) \
             order by a.assigned_at desc, a.id desc")
        .bind(organisation_id)
        .bind(channel_id)
        .bind(true)
        .fetch_all(self)
        .await?;
        rows.into_iter().map(Assignment::try_from).collect()
    }

    /// False where the channel has no such assignment.
    pub async fn unassign_channel(
        &self,
        organisation_id: OrganisationId,
        channel_id: ChannelId,
        id: AssignmentId,
        audit: Option<&NewAudit>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let statement =
            sql("delete from channel_assignments where organisation_id = $1 and channel_id = $2 and id = $3")
                .bind(organisation_id)
                .bind(channel_id)
                .bind(id);
        self.write_audited(statement, audit, now).await
    }

    /// What is given to a user, or to a team that they are in.
    pub async fn channels_assigned_to(
        &self,
        organisation_id: OrganisationId,
        user_id: UserId,
    ) -> Result<Vec<ChannelId>, StoreError> {
        let ids: Vec<(Uuid,)> = sql("select a.channel_id from channel_assignments a \
             where a.organisation_id = $1 and a.user_id = $2 union select a.channel_id from team_members m \
             join teams t on t.id = m.team_id and t.is_active = $3 join channel_assignments a on a.team_id = t.id \
             where a.organisation_id = $1 and m.user_id = $2")
        .bind(organisation_id)
        .bind(user_id)
        .bind(true)
        .fetch_all(self)
        .await?;
        Ok(ids.into_iter().map(|(id,)| id.into()).collect())
    }
}
