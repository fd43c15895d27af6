//! Dead letters: for administrators with their token, who reach those of their organisation, and for operators, who
//! reach all.
//!
//! A letter is shown without what a webhook carries to prove itself: of its headers the harmless ones, of its address
//! the path.

mod answers;

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, dev::Payload, web};
use answers::{Answer, Done, Foreseen, Inspected, Line, Listed, Outlook, Refused};
use patchbay_domain::{ChannelId, DeadLetterId};
use patchbay_store::dead_letters::DeadLetterFilter;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    api::{
        description::Described,
        endpoint::{get, post},
        fields::{Check, Field},
        guard,
        helpdesk::page::PageQuery,
        period::PeriodQuery,
        problem::{Problem, Rejected},
    },
    app::App,
    auth::{Admin, Origin},
    service::{
        ServiceError,
        dead_letters::{self, Reach, Replayed, Which},
    },
};

pub fn endpoints() -> Vec<Described> {
    vec![
        get("/dead-letters", list)
            .operator()
            .does("List what could not be read")
            .query::<FilterQuery>()
            .query::<PeriodQuery>()
            .query::<PageQuery>()
            .answers::<Listed>(),
        post("/dead-letters/replay", replay)
            .operator()
            .does("Read letters again")
            .takes::<ReplayBody>()
            .answers::<Answer>(),
        get("/dead-letters/{id}", show).operator().does("Show a letter").answers::<Inspected>(),
        post("/dead-letters/{id}/replay", replay_one)
            .operator()
            .does("Read a letter again")
            .may_take::<OneBody>()
            .answers::<Answer>(),
    ]
}

/// The guard let in an operator or somebody with a token.
impl FromRequest for Reach {
    type Error = Rejected;
    type Future = Ready<Result<Self, Rejected>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let operator = request.extensions().get::<Origin>().cloned();
        let reach = match operator {
            Some(origin) => Ok(Self::Operator(origin)),
            None => guard::principal(request)
                .and_then(|principal| Admin::of(principal).map_err(Into::into))
                .map(|admin| Self::Organisation(Box::new(admin))),
        };
        ready(reach.map_err(|error| Rejected::new(request, error)))
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct FilterQuery {
    channel_id: Option<String>,
    replayed: Option<String>,
}

/// Letters by their ids, or those of a time that wait.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Replay")]
struct ReplayBody {
    #[serde(default)]
    ids: Field<Vec<DeadLetterId>>,
    #[serde(default)]
    channel_id: Field<ChannelId>,
    #[serde(default)]
    from: Field<String>,
    #[serde(default)]
    to: Field<String>,
    #[serde(default)]
    dry_run: Field<bool>,
}

impl ReplayBody {
    fn read(self) -> Result<(Which, bool), ServiceError> {
        let Self { ids, channel_id, from, to, dry_run } = self;
        let mut check = Check::default();
        let (ids, channel_id) = (check.value("ids", ids), check.value("channelId", channel_id));
        let (from, to) = (check.value("from", from), check.value("to", to));
        let dry_run = check.value("dryRun", dry_run);
        let which = match (ids, from, to) {
            (Ok(Some(ids)), Ok(None), Ok(None)) => Ok(Which::These(ids)),
            (Ok(Some(_)), Ok(_), Ok(_)) => Err(check.note("ids", "cannot be combined with from and to")),
            (Ok(None), Ok(None), Ok(None)) => Err(check.note("ids", "is required, or from and to")),
            (Ok(None), Ok(from), Ok(to)) => PeriodQuery::between(from, to).read(&mut check).and_then(|period| {
                let (from, until) = (period.from, period.until);
                Ok(Which::Waiting(DeadLetterFilter { channel_id: channel_id?, replayed: None, from, until }))
            }),
            (Err(noted), ..) | (_, Err(noted), _) | (_, _, Err(noted)) => Err(noted),
        };
        check.finish(|| Ok((which?, dry_run?.unwrap_or(false))))
    }
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(rename = "ReplayOne")]
struct OneBody {
    dry_run: bool,
}

async fn list(
    app: web::Data<App>,
    reach: Reach,
    filter: web::Query<FilterQuery>,
    period: web::Query<PeriodQuery>,
    query: web::Query<PageQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Rejected> {
    let FilterQuery { channel_id, replayed } = filter.into_inner();
    let mut check = Check::default();
    let channel_id = check.parsed("channelId", channel_id, "an id");
    let replayed = check.parsed("replayed", replayed, "true or false");
    let period = period.into_inner().read(&mut check);
    let part = query.into_inner().read(&mut check);
    let listed = async {
        let (channel_id, replayed, period, part) = check.finish(|| Ok((channel_id?, replayed?, period?, part?)))?;
        let filter = DeadLetterFilter { channel_id, replayed, from: period.from, until: period.until };
        dead_letters::list(&app, &reach, &filter, part).await
    };
    let listed = listed.await.map_err(|error| Rejected::new(&request, error))?;
    Ok(HttpResponse::Ok().json(Listed {
        dead_letters: listed.items.into_iter().map(Line::from).collect(),
        total: listed.total,
        next_cursor: listed.next,
    }))
}

async fn show(
    app: web::Data<App>,
    reach: Reach,
    id: web::Path<DeadLetterId>,
    request: HttpRequest,
) -> Result<HttpResponse, Rejected> {
    let letter = dead_letters::get(&app, &reach, *id).await.map_err(|error| Rejected::new(&request, error))?;
    Ok(HttpResponse::Ok().json(Inspected::from(letter)))
}

async fn replay_one(
    app: web::Data<App>,
    reach: Reach,
    id: web::Path<DeadLetterId>,
    body: web::Bytes,
    request: HttpRequest,
) -> Result<HttpResponse, Rejected> {
    // What cannot be read may have asked for a dry run.
    let body = if body.is_empty() { Ok(OneBody::default()) } else { serde_json::from_slice(&body) };
    let OneBody { dry_run } = body.map_err(|error| {
        Rejected::new(&request, Problem::malformed(format!("the body is not the JSON object it should be: {error}")))
    })?;
    answer(&app, &request, &reach, Which::These(vec![*id]), dry_run).await
}

async fn replay(
    app: web::Data<App>,
    reach: Reach,
    body: web::Json<ReplayBody>,
    request: HttpRequest,
) -> Result<HttpResponse, Rejected> {
    let (which, dry_run) = body.into_inner().read().map_err(|error| Rejected::new(&request, error))?;
    answer(&app, &request, &reach, which, dry_run).await
}

async fn answer(
    app: &App,
    request: &HttpRequest,
    reach: &Reach,
    which: Which,
    dry_run: bool,
) -> Result<HttpResponse, Rejected> {
    let rejected = |error: ServiceError| Rejected::new(request, error);
    if dry_run {
        let foreseen = dead_letters::forecast(app, reach, which).await.map_err(rejected)?;
        let foreseen: Vec<_> = foreseen.into_iter().map(Foreseen::from).collect();
        return Ok(HttpResponse::Ok().json(Answer::Foreseen(Outlook { dry_run: true, dead_letters: foreseen })));
    }
    let Replayed { replayed, refused, remaining } = dead_letters::replay(app, reach, which).await.map_err(rejected)?;
    let refused = refused.into_iter().map(|(id, reason)| Refused { id, reason }).collect();
    Ok(HttpResponse::Ok().json(Answer::Done(Done { replayed, refused, remaining })))
}
