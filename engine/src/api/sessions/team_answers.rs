//! Teams as this dialect shows them.

use chrono::{DateTime, Utc};
use patchbay_domain::{MembershipId, TeamId, UserId};
use patchbay_store::teams;
use schemars::JsonSchema;
use serde::Serialize;

use super::{users::handle, words::RoleWord};

#[derive(Serialize, JsonSchema)]
pub struct Team {
    id: TeamId,
    name: String,
    description: Option<String>,
    created_by_admin_id: UserId,
    is_active: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    created_by: Maker,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TeamMaker")]
struct Maker {
    id: UserId,
    username: String,
    full_name: String,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TeamWithMembers")]
pub struct Listed {
    #[serde(flatten)]
    team: Team,
    team_members: Vec<Member>,
    member_count: usize,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "MyTeam")]
pub struct Mine {
    id: TeamId,
    name: String,
    description: Option<String>,
    created_at: DateTime<Utc>,
    created_by: Maker,
}

#[derive(Serialize, JsonSchema)]
pub struct Member {
    id: MembershipId,
    joined_at: DateTime<Utc>,
    user: MemberUser,
}

#[derive(Serialize, JsonSchema)]
struct MemberUser {
    id: UserId,
    username: String,
    full_name: String,
    role: RoleWord,
    is_active: bool,
}

impl From<teams::Person> for Maker {
    fn from(person: teams::Person) -> Self {
        let teams::Person { id, username, email, name, role: _, is_active: _ } = person;
        Self { id, username: handle(username.as_deref(), email.as_deref(), &name), full_name: name }
    }
}

impl From<teams::Member> for Member {
    fn from(member: teams::Member) -> Self {
        let teams::Member { id, joined_at, user } = member;
        let teams::Person { id: user_id, username, email, name, role, is_active } = user;
        let username = handle(username.as_deref(), email.as_deref(), &name);
        Self {
            id,
            joined_at,
            user: MemberUser { id: user_id, username, full_name: name, role: role.into(), is_active },
        }
    }
}

impl From<teams::Team> for Team {
    fn from(team: teams::Team) -> Self {
        let teams::Team {
            id,
            organisation_id: _,
            name,
            description,
            is_active,
            created_by,
            created_at,
            updated_at,
            members: _,
        } = team;
        let created_by_admin_id = created_by.id;
        let created_by = created_by.into();
        Self { id, name, description, created_by_admin_id, is_active, created_at, updated_at, created_by }
    }
}

impl From<teams::Team> for Listed {
    fn from(mut team: teams::Team) -> Self {
        let team_members: Vec<Member> = std::mem::take(&mut team.members).into_iter().map(Member::from).collect();
        Self { member_count: team_members.len(), team_members, team: team.into() }
    }
}

impl From<teams::Team> for Mine {
    fn from(team: teams::Team) -> Self {
        let teams::Team { id, name, description, created_at, created_by, .. } = team;
        Self { id, name, description, created_at, created_by: created_by.into() }
    }
}
