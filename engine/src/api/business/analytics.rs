//! `/analytics`: what the messages add up to.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use chrono::NaiveDate;
use patchbay_domain::message::Direction;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Answer, Error, ok,
    words::{ProgressWord, TypeWord},
};
use crate::{
    api::{
        description::Described,
        endpoint::get,
        fields::{Check, Noted},
    },
    app::App,
    auth::Principal,
    service::overview::{self, MOST_DAYS, Overview},
};

const USUAL: u32 = 30;
const USUAL_HOURLY: u32 = 7;

pub fn endpoints() -> Vec<Described> {
    vec![
        get("/analytics/overview", show_overview)
            .does("What was sent and received")
            .query::<DaysQuery>()
            .answers::<Answer<OverviewAnswer>>(),
        get("/analytics/messages", show_hours)
            .does("In which hours of the day messages are written")
            .query::<DaysQuery>()
            .answers::<Answer<Hours>>(),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct DaysQuery {
    /// At most 400
    #[schemars(with = "Option<u32>")]
    days: Option<String>,
}

impl DaysQuery {
    fn read(self, check: &mut Check, usual: u32) -> Result<u32, Noted> {
        let days = check.parsed::<u32>("days", self.days, "a number from 1 to 400")?.unwrap_or(usual);
        if (1..=MOST_DAYS).contains(&days) {
            Ok(days)
        } else {
            Err(check.note("days", "must be a number from 1 to 400"))
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Overview")]
struct OverviewAnswer {
    overview: Figures,
    /// Of what we sent, how far it has come.
    messages_by_status: BTreeMap<&'static str, u64>,
    messages_by_type: BTreeMap<&'static str, u64>,
    conversations_by_status: BTreeMap<String, u64>,
    daily_activity: Vec<Day>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OverviewFigures")]
struct Figures {
    total_messages: u64,
    total_conversations: u64,
    /// Percent.
    delivery_rate: f64,
    sent_today: u64,
    sent_this_week: u64,
    sent_this_month: u64,
    /// Seconds; absent where nobody was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    average_response_time: Option<f64>,
}

#[derive(Serialize, JsonSchema)]
struct Day {
    #[schemars(with = "String")]
    date: NaiveDate,
    sent: u64,
    received: u64,
}

impl From<Overview> for OverviewAnswer {
    fn from(told: Overview) -> Self {
        let mut ours = told.sums(|group| {
            (group.direction == Direction::Outbound).then(|| ProgressWord::of(group.state, false).lower())
        });
        // Those that its document names are there, whatever happened.
        for word in [ProgressWord::Sent, ProgressWord::Delivered, ProgressWord::Read, ProgressWord::Failed] {
            ours.entry(word.lower()).or_default();
        }
        let conversation = |(status, count): &(patchbay_domain::conversation::ConversationStatus, u64)| {
            (status.word().to_lowercase(), *count)
        };
        Self {
            overview: Figures {
                total_messages: told.groups.iter().map(|group| group.count).sum(),
                total_conversations: told.conversations.iter().map(|(_, count)| count).sum(),
                delivery_rate: told.delivery_rate(),
                sent_today: told.sent_today,
                sent_this_week: told.sent_this_week,
                sent_this_month: told.sent_this_month,
                average_response_time: told.average_response,
            },
            messages_by_status: ours,
            messages_by_type: told.sums(|group| Some(TypeWord::lower(&group.kind))),
            conversations_by_status: told.conversations.iter().map(conversation).collect(),
            daily_activity: told
                .days
                .into_iter()
                .map(|(date, traffic)| Day { date, sent: traffic.sent, received: traffic.received })
                .collect(),
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "HourlyActivity")]
struct Hours {
    hourly_activity: Vec<Hour>,
}

#[derive(Serialize, JsonSchema)]
struct Hour {
    hour: u8,
    count: u64,
}

async fn show_overview(
    app: web::Data<App>,
    principal: Principal,
    query: web::Query<DaysQuery>,
) -> Result<HttpResponse, Error> {
    let mut check = Check::default();
    let days = query.into_inner().read(&mut check, USUAL);
    let days = check.finish(|| days)?;
    Ok(ok(&OverviewAnswer::from(overview::overview(&app, &principal, days).await?)))
}

async fn show_hours(
    app: web::Data<App>,
    principal: Principal,
    query: web::Query<DaysQuery>,
) -> Result<HttpResponse, Error> {
    let mut check = Check::default();
    let days = query.into_inner().read(&mut check, USUAL_HOURLY);
    let days = check.finish(|| days)?;
    let counts = overview::by_hour(&app, &principal, days).await?;
    let hourly_activity = (0..).zip(counts).map(|(hour, count)| Hour { hour, count }).collect();
    Ok(ok(&Hours { hourly_activity }))
}
