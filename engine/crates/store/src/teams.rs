//! Teams: people who are given sessions together. One that is closed stays for the audit log and is not shown.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use patchbay_domain::{MembershipId, OrganisationId, TeamId, UserId, people::Role};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    audit::NewAudit,
    backend::{Statement, sql},
    rows::{Id, parse},
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    pub id: TeamId,
    pub organisation_id: OrganisationId,
    pub name: String,
    pub description: Option<String>,
    pub is_active: bool,
    pub created_by: Person,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// In the order in which they joined.
    pub members: Vec<Member>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub id: MembershipId,
    pub joined_at: DateTime<Utc>,
    pub user: Person,
}

/// A user, as those who work with teams see one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub id: UserId,
    pub username: Option<String>,
    pub email: Option<String>,
    pub name: String,
    pub role: Role,
    pub is_active: bool,
}

#[derive(Clone, Debug)]
pub struct NewTeam {
    pub id: TeamId,
    pub organisation_id: OrganisationId,
    pub name: String,
    pub description: Option<String>,
    pub created_by: UserId,
}

/// What a person changes; `None` leaves it, an empty description removes it.
#[derive(Clone, Debug, Default)]
pub struct TeamUpdate {
    pub name: Option<String>,
    pub description: Option<String>,
}

#[derive(FromRow)]
struct PersonRow {
    user_id: Uuid,
    username: Option<String>,
    email: Option<String>,
    name: String,
    role: String,
    user_is_active: bool,
}

/// The columns of [`PersonRow`], of users named `u`.
const PERSON: &str = "u.id as user_id, u.username, u.email, u.name, u.role, u.is_active as user_is_active";

impl TryFrom<PersonRow> for Person {
    type Error = StoreError;

    fn try_from(row: PersonRow) -> Result<Self, StoreError> {
        let PersonRow { user_id, username, email, name, role, user_is_active } = row;
        Ok(Self { id: user_id.into(), username, email, name, role: parse(&role)?, is_active: user_is_active })
    }
}

#[derive(FromRow)]
struct TeamRow {
    id: Uuid,
    organisation_id: Uuid,
    team_name: String,
    description: Option<String>,
    is_active: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    #[sqlx(flatten)]
    created_by: PersonRow,
}

#[derive(FromRow)]
struct MemberRow {
    id: Uuid,
    team_id: Uuid,
    joined_at: DateTime<Utc>,
    #[sqlx(flatten)]
    user: PersonRow,
}

/// The teams that are not closed of the organisation in `$1`.
fn select() -> String {
    format!(
        "select t.id, t.organisation_id, t.name as team_name, t.description, t.is_active, t.created_at, t.updated_at, \
         {PERSON} from teams t join users u on u.id = t.created_by where t.organisation_id = $1 and t.is_active = $2"
    )
}

impl Store {
    /// The newest first.
    pub async fn teams(&self, organisation_id: OrganisationId) -> Result<Vec<Team>, StoreError> {
        let statement = sql(format!("{} order by t.created_at desc, t.id desc", select()));
        self.with_members(statement.bind(organisation_id).bind(true)).await
    }

    pub async fn team(&self, organisation_id: OrganisationId, id: TeamId) -> Result<Option<Team>, StoreError> {
        let statement = sql(format!("{} and t.id = $3", select())).bind(organisation_id).bind(true).bind(id);
        Ok(self.with_members(statement).await?.pop())
    }

    async fn with_members(&self, statement: Statement) -> Result<Vec<Team>, StoreError> {
        let rows: Vec<TeamRow> = statement.fetch_all(self).await?;
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let mut members = self.members_of(&ids).await?;
        let team = |row: TeamRow| -> Result<Team, StoreError> {
            Ok(Team {
                id: row.id.into(),
                organisation_id: row.organisation_id.into(),
                name: row.team_name,
                description: row.description,
                is_active: row.is_active,
                created_by: row.created_by.try_into()?,
                created_at: row.created_at,
                updated_at: row.updated_at,
                members: members.remove(&row.id).unwrap_or_default(),
            })
        };
        rows.into_iter().map(team).collect()
    }

    async fn members_of(&self, teams: &[Uuid]) -> Result<HashMap<Uuid, Vec<Member>>, StoreError> {
        if teams.is_empty() {
            return Ok(HashMap::new());
        }
        let rows: Vec<MemberRow> = sql(format!(
            "select m.id, m.team_id, m.joined_at, {PERSON} from team_members m join users u on u.id = m.user_id \
             where m.team_id in (select id from {{rows}} r) order by m.joined_at, m.id"
        ))
        .rows(&Id::all(teams))
        .fetch_all(self)
        .await?;
        let mut members: HashMap<Uuid, Vec<Member>> = HashMap::new();
        for MemberRow { id, team_id, joined_at, user } in rows {
            members.entry(team_id).or_default().push(Member { id: id.into(), joined_at, user: user.try_into()? });
        }
        Ok(members)
    }

    pub async fn create_team(
        &self,
        team: &NewTeam,
        audit: Option<&NewAudit>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let statement = sql("insert into teams (id, organisation_id, name, description, is_active, created_by, \
             created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $7)")
        .bind(team.id)
        .bind(team.organisation_id)
        .bind(&team.name)
        .bind(team.description.as_ref())
        .bind(true)
        .bind(team.created_by)
        .bind(now);
        self.write_audited(statement, audit, now).await.map(drop)
    }

    /// False where the organisation has no such team.
    pub async fn update_team(
        &self,
        organisation_id: OrganisationId,
        id: TeamId,
        update: &TeamUpdate,
        audit: Option<&NewAudit>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let statement = sql("update teams set name = coalesce($3, name), \
             description = nullif(coalesce($4, description), ''), updated_at = $5 \
             where organisation_id = $1 and id = $2 and is_active = $6")
        .bind(organisation_id)
        .bind(id)
        .bind(update.name.as_ref())
        .bind(update.description.as_ref())
        .bind(now)
        .bind(true);
        self.write_audited(statement, audit, now).await
    }

    /// What was given to the team is out of its members' reach. False where the organisation has no such team.
    pub async fn close_team(
        &self,
        organisation_id: OrganisationId,
        id: TeamId,
        audit: Option<&NewAudit>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let statement = sql("update teams set is_active = $3, updated_at = $4 \
             where organisation_id = $1 and id = $2 and is_active = $5")
        .bind(organisation_id)
        .bind(id)
        .bind(false)
        .bind(now)
        .bind(true);
        self.write_audited(statement, audit, now).await
    }

    /// False where the organisation has no such team or user. [`StoreError::Conflict`] where the user is a member already.
    pub async fn add_member(
        &self,
        organisation_id: OrganisationId,
        (id, team_id, user_id): (MembershipId, TeamId, UserId),
        audit: Option<&NewAudit>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let statement = sql("insert into team_members (id, team_id, user_id, joined_at) \
             select $1, t.id, u.id, $4 from teams t \
             join users u on u.organisation_id = t.organisation_id \
             where t.organisation_id = $5 and t.id = $2 and u.id = $3")
        .bind(id)
        .bind(team_id)
        .bind(user_id)
        .bind(now)
        .bind(organisation_id);
        self.write_audited(statement, audit, now).await
    }

    /// False where the organisation has no such team, or that no such member.
    pub async fn remove_member(
        &self,
        organisation_id: OrganisationId,
        team_id: TeamId,
        user_id: UserId,
        audit: Option<&NewAudit>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let statement = sql("delete from team_members where team_id = $1 and user_id = $2 \
             and team_id in (select t.id from teams t where t.organisation_id = $3)")
        .bind(team_id)
        .bind(user_id)
        .bind(organisation_id);
        self.write_audited(statement, audit, now).await
    }
}
