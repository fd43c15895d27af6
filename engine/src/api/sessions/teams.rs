//! `/teams`: people who are given sessions together.

use actix_web::{HttpResponse, web};
use patchbay_domain::{TeamId, UserId};
use patchbay_store::teams;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Error, Id,
    answer::{Data, Done, Many, done, made, ok},
    names::ShortName,
    page::{self, PageQuery},
    team_answers::{Listed, Member, Mine, Team},
};
use crate::{
    api::{
        description::Described,
        endpoint::{delete, get, post, put},
        fields::{Check, Field, Noted},
    },
    app::App,
    auth::{Admin, Principal},
    service::{
        ServiceError, WriteId,
        fields::NO_NUL,
        teams::{self as service, CreateTeam},
    },
};

const LONGEST_DESCRIPTION: usize = 500;

pub fn endpoints() -> Vec<Described> {
    vec![
        get("/teams", list).does("List teams that one manages").query::<PageQuery>().answers::<Many<Listed>>(),
        post("/teams", create).does("Make a team").admins().takes::<CreateBody>().creates::<Data<Team>>(),
        get("/teams/my-teams", list_mine)
            .does("List teams that one is in")
            .query::<PageQuery>()
            .answers::<Many<Mine>>(),
        get("/teams/{id}", show).does("Show a team").answers::<Data<Listed>>().refuses(&[403]),
        put("/teams/{id}", update).does("Change a team").admins().takes::<UpdateBody>().answers::<Data<Team>>(),
        delete("/teams/{id}", close).does("Close a team").admins().answers::<Done>(),
        get("/teams/{id}/members", list_members)
            .does("List a team's members")
            .query::<PageQuery>()
            .answers::<Many<Member>>()
            .refuses(&[403]),
        post("/teams/{id}/members", add_member)
            .does("Add a member")
            .admins()
            .takes::<MemberBody>()
            .creates::<Data<Member>>(),
        delete("/teams/{id}/members/{user}", remove_member).does("Remove a member").admins().answers::<Done>(),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "CreateTeam")]
struct CreateBody {
    #[serde(default)]
    #[schemars(!default)]
    name: Field<String>,
    #[serde(default)]
    description: Field<String>,
}

impl CreateBody {
    fn read(self) -> Result<CreateTeam, ServiceError> {
        let Self { name, description } = self;
        let mut check = Check::default();
        let name = check.required("name", name).map(|ShortName(name)| name);
        let description = description_of(&mut check, description);
        check.finish(|| Ok(CreateTeam { name: name?, description: description?.filter(|text| !text.is_empty()) }))
    }
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "UpdateTeam")]
struct UpdateBody {
    #[serde(default)]
    name: Field<String>,
    #[serde(default)]
    description: Field<String>,
}

impl UpdateBody {
    fn read(self) -> Result<teams::TeamUpdate, ServiceError> {
        let Self { name, description } = self;
        let mut check = Check::default();
        let name = check.optional("name", name).map(|name| name.map(|ShortName(name)| name));
        // Null removes it, as an empty one does.
        let description = if description == Field::Null { Field::Given(String::new()) } else { description };
        let description = description_of(&mut check, description);
        check.finish(|| Ok(teams::TeamUpdate { name: name?, description: description? }))
    }
}

fn description_of(check: &mut Check, description: Field<String>) -> Result<Option<String>, Noted> {
    let text = check.value("description", description)?.map(|text| text.trim().to_owned());
    match text {
        Some(text) if text.chars().count() > LONGEST_DESCRIPTION => {
            Err(check.note("description", "must be at most 500 characters long"))
        }
        Some(text) if text.contains('\0') => Err(check.note("description", NO_NUL)),
        text => Ok(text),
    }
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "AddMember")]
struct MemberBody {
    #[serde(default, rename = "userId", alias = "user_id")]
    #[schemars(!default)]
    user: Field<UserId>,
}

#[derive(Deserialize)]
struct MemberPath {
    id: TeamId,
    user: UserId,
}

async fn list(app: web::Data<App>, principal: Principal, query: web::Query<PageQuery>) -> Result<HttpResponse, Error> {
    let teams = service::list(&app, &principal).await?.into_iter().map(Listed::from).collect();
    Ok(HttpResponse::Ok().json(page::of_all(query.into_inner(), teams)?))
}

async fn list_mine(
    app: web::Data<App>,
    principal: Principal,
    query: web::Query<PageQuery>,
) -> Result<HttpResponse, Error> {
    let teams = service::mine(&app, &principal).await?.into_iter().map(Mine::from).collect();
    Ok(HttpResponse::Ok().json(page::of_all(query.into_inner(), teams)?))
}

async fn show(app: web::Data<App>, principal: Principal, path: web::Path<Id<TeamId>>) -> Result<HttpResponse, Error> {
    Ok(ok(Listed::from(service::get(&app, &principal, path.id).await?)))
}

async fn create(
    app: web::Data<App>,
    admin: Admin,
    write: WriteId,
    body: web::Json<CreateBody>,
) -> Result<HttpResponse, Error> {
    Ok(made(Team::from(service::create(&app, &admin, write, body.into_inner().read()?).await?)))
}

async fn update(
    app: web::Data<App>,
    admin: Admin,
    path: web::Path<Id<TeamId>>,
    body: web::Json<UpdateBody>,
) -> Result<HttpResponse, Error> {
    Ok(ok(Team::from(service::update(&app, &admin, path.id, body.into_inner().read()?).await?)))
}

async fn close(app: web::Data<App>, admin: Admin, path: web::Path<Id<TeamId>>) -> Result<HttpResponse, Error> {
    service::close(&app, &admin, path.id).await?;
    Ok(done("Team deleted successfully"))
}

async fn list_members(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<TeamId>>,
    query: web::Query<PageQuery>,
) -> Result<HttpResponse, Error> {
    let members = service::get(&app, &principal, path.id).await?.members.into_iter().map(Member::from).collect();
    Ok(HttpResponse::Ok().json(page::of_all(query.into_inner(), members)?))
}

async fn add_member(
    app: web::Data<App>,
    admin: Admin,
    write: WriteId,
    path: web::Path<Id<TeamId>>,
    body: web::Json<MemberBody>,
) -> Result<HttpResponse, Error> {
    let mut check = Check::default();
    let user = check.required_value("userId", body.into_inner().user);
    let user = check.finish(|| user)?;
    Ok(made(Member::from(service::add_member(&app, &admin, write, path.id, user).await?)))
}

async fn remove_member(app: web::Data<App>, admin: Admin, path: web::Path<MemberPath>) -> Result<HttpResponse, Error> {
    service::remove_member(&app, &admin, path.id, path.user).await?;
    Ok(done("Member removed successfully"))
}
