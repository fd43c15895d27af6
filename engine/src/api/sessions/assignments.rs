//! `/sessions/{id}/assign` and `/assignments`: who reaches a session.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use patchbay_domain::{AssignmentId, ChannelId, TeamId, UserId};
use patchbay_store::assignments::{self as stored, Assigned, Assignee};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Error, Id,
    answer::{Data, Done, Many, done, made},
    page::{self, PageQuery},
    users::handle,
};
use crate::{
    api::{
        description::Described,
        endpoint::{delete, get, post},
        fields::{Check, Field},
    },
    app::App,
    auth::{Admin, Principal},
    service::{ServiceError, WriteId, assignments as service},
};

pub fn endpoints() -> Vec<Described> {
    vec![
        post("/sessions/{id}/assign", assign)
            .does("Give a session to a user or a team")
            .admins()
            .takes::<AssignBody>()
            .creates::<Data<Assignment>>(),
        get("/sessions/{id}/assignments", list)
            .does("List to whom a session is given")
            .query::<PageQuery>()
            .answers::<Many<Assignment>>()
            .refuses(&[403]),
        delete("/sessions/{id}/assignments/{assignment}", unassign)
            .does("Take a session back")
            .admins()
            .answers::<Done>(),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "AssignSession")]
struct AssignBody {
    #[serde(default)]
    assigned_to_user_id: Field<UserId>,
    #[serde(default)]
    assigned_to_team_id: Field<TeamId>,
}

impl AssignBody {
    fn read(self) -> Result<Assignee, ServiceError> {
        let Self { assigned_to_user_id, assigned_to_team_id } = self;
        let mut check = Check::default();
        let user = check.value("assigned_to_user_id", assigned_to_user_id);
        let team = check.value("assigned_to_team_id", assigned_to_team_id);
        let to = user.and_then(|user| team.map(|team| (user, team))).and_then(|to| match to {
            (Some(user), None) => Ok(Assignee::User(user)),
            (None, Some(team)) => Ok(Assignee::Team(team)),
            _ => Err(check.note("assigned_to_user_id", "or assigned_to_team_id: exactly one of them is needed")),
        });
        check.finish(|| to)
    }
}

#[derive(Deserialize)]
struct AssignmentPath {
    id: ChannelId,
    assignment: AssignmentId,
}

#[derive(Serialize, JsonSchema)]
struct Assignment {
    id: AssignmentId,
    session_id: ChannelId,
    assigned_to_user_id: Option<UserId>,
    assigned_to_team_id: Option<TeamId>,
    assigned_by_admin_id: UserId,
    assigned_at: DateTime<Utc>,
    assigned_user: Option<AssignedUser>,
    assigned_team: Option<AssignedTeam>,
}

#[derive(Serialize, JsonSchema)]
struct AssignedUser {
    id: UserId,
    username: String,
    full_name: String,
}

#[derive(Serialize, JsonSchema)]
struct AssignedTeam {
    id: TeamId,
    name: String,
}

impl From<stored::Assignment> for Assignment {
    fn from(assignment: stored::Assignment) -> Self {
        let stored::Assignment { id, channel_id, to, assigned_by, assigned_at } = assignment;
        let (assigned_user, assigned_team) = match to {
            Assigned::User { id, username, email, name } => {
                let username = handle(username.as_deref(), email.as_deref(), &name);
                (Some(AssignedUser { id, username, full_name: name }), None)
            }
            Assigned::Team { id, name } => (None, Some(AssignedTeam { id, name })),
        };
        Self {
            id,
            session_id: channel_id,
            assigned_to_user_id: assigned_user.as_ref().map(|user| user.id),
            assigned_to_team_id: assigned_team.as_ref().map(|team| team.id),
            assigned_by_admin_id: assigned_by,
            assigned_at,
            assigned_user,
            assigned_team,
        }
    }
}

async fn assign(
    app: web::Data<App>,
    admin: Admin,
    write: WriteId,
    path: web::Path<Id<ChannelId>>,
    body: web::Json<AssignBody>,
) -> Result<HttpResponse, Error> {
    let assigned = service::assign(&app, &admin, write, path.id, body.into_inner().read()?).await?;
    Ok(made(Assignment::from(assigned)))
}

async fn list(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<ChannelId>>,
    query: web::Query<PageQuery>,
) -> Result<HttpResponse, Error> {
    let assignments = service::list(&app, &principal, path.id).await?.into_iter().map(Assignment::from).collect();
    Ok(HttpResponse::Ok().json(page::of_all(query.into_inner(), assignments)?))
}

async fn unassign(app: web::Data<App>, admin: Admin, path: web::Path<AssignmentPath>) -> Result<HttpResponse, Error> {
    service::unassign(&app, &admin, path.id, path.assignment).await?;
    Ok(done("Assignment removed successfully"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_session_is_given_to_one_at_a_time() {
        let read = |body: Value| serde_json::from_value::<AssignBody>(body).unwrap().read();
        let id = "01900000-0000-7000-8000-000000000000";
        assert!(matches!(read(json!({"assigned_to_user_id": id})), Ok(Assignee::User(_))));
        assert!(matches!(read(json!({"assigned_to_team_id": id, "assigned_to_user_id": null})), Ok(Assignee::Team(_))));
        for wrong in [
            json!({}),
            json!({"assigned_to_user_id": id, "assigned_to_team_id": id}),
            json!({"assigned_to_user_id": 1}),
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
