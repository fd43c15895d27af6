//! `/orgs/analytics`: the organisation is the token's. Times are seconds.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, NaiveDate, Utc};
use patchbay_domain::{ChannelId, UserId};
use patchbay_store::analytics::{DayFigures, Figures};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Error,
    page::{self, PageQuery},
    words::StatusWord,
};
use crate::{
    api::{description::Described, endpoint::get, fields::Check, period::PeriodQuery},
    app::App,
    auth::Principal,
    service::{
        ServiceError,
        analytics::{self, AgentReport, ChannelReport, Question, TicketReport},
    },
};

pub fn endpoints() -> Vec<Described> {
    let asked = |described: Described| described.query::<FilterQuery>().query::<PeriodQuery>();
    vec![
        asked(get("/analytics/tickets", tickets).does("Figures of tickets")).answers::<Report>(),
        asked(get("/analytics/channels", channels).does("Figures of each channel")).pages::<Channel>(),
        asked(get("/analytics/agents", agents).does("Figures of each agent")).pages::<Agent>(),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct FilterQuery {
    channel_id: Option<String>,
    #[serde(alias = "agentId")]
    assignee_id: Option<String>,
}

fn question(filter: FilterQuery, period: PeriodQuery) -> Result<Question, ServiceError> {
    let FilterQuery { channel_id, assignee_id } = filter;
    let mut check = Check::default();
    let channel_id = check.parsed("channelId", channel_id, "an id");
    let assignee_id = check.parsed("assigneeId", assignee_id, "an id");
    let period = period.read(&mut check);
    check.finish(|| {
        let period = period?;
        Ok(Question {
            from: period.from,
            until: period.until,
            zone: period.zone,
            channel_id: channel_id?,
            assignee_id: assignee_id?,
        })
    })
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TicketReport")]
struct Report {
    total_tickets: u64,
    open_tickets: u64,
    pending_tickets: u64,
    closed_tickets: u64,
    avg_response_time: u64,
    avg_resolution_time: u64,
    tickets_by_status: BTreeMap<&'static str, u64>,
    /// By the channel's name; the channels of one name together.
    tickets_by_channel: BTreeMap<String, u64>,
    daily_stats: Vec<Daily>,
    period: Period,
}

#[derive(Serialize, JsonSchema)]
struct Period {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Daily {
    date: NaiveDate,
    open_count: u64,
    closed_count: u64,
    avg_response_time: u64,
    avg_resolution_time: u64,
}

impl From<DayFigures> for Daily {
    fn from(day: DayFigures) -> Self {
        let DayFigures { date, opened, closed } = day;
        Self {
            date,
            open_count: opened.tickets,
            closed_count: closed,
            avg_response_time: response(&opened),
            avg_resolution_time: resolution(&opened),
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ChannelReport")]
struct Channel {
    id: ChannelId,
    name: String,
    #[serde(rename = "type")]
    kind: String,
    tickets: u64,
    /// Written in the quarters of an hour that the time touches; of one assignee, those of their tickets.
    messages: u64,
    avg_response_time: u64,
    avg_resolution_time: u64,
}

impl From<ChannelReport> for Channel {
    fn from(report: ChannelReport) -> Self {
        let ChannelReport { channel, tickets, messages } = report;
        Self {
            id: channel.id,
            name: channel.name,
            kind: channel.channel_type,
            tickets: tickets.tickets,
            messages,
            avg_response_time: response(&tickets),
            avg_resolution_time: resolution(&tickets),
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AgentReport")]
struct Agent {
    id: UserId,
    name: String,
    email: Option<String>,
    assigned_tickets: u64,
    closed_tickets: u64,
    open_tickets: u64,
    total_messages: u64,
    avg_response_time: u64,
    avg_resolution_time: u64,
}

impl From<AgentReport> for Agent {
    fn from(report: AgentReport) -> Self {
        let AgentReport { user, assigned, messages, open, closed } = report;
        Self {
            id: user.id,
            name: user.name,
            email: user.email,
            assigned_tickets: assigned.tickets,
            closed_tickets: closed,
            open_tickets: open,
            total_messages: messages,
            avg_response_time: response(&assigned),
            avg_resolution_time: resolution(&assigned),
        }
    }
}

/// From when a ticket was opened to the first answer by a person.
fn response(figures: &Figures) -> u64 {
    mean(figures.response_seconds, figures.answered)
}

/// From when a ticket was opened to when it was closed.
fn resolution(figures: &Figures) -> u64 {
    mean(figures.resolution_seconds, figures.resolved)
}

/// To the nearest second; zero where there is nothing to tell.
fn mean(seconds: u64, count: u64) -> u64 {
    (seconds + count / 2).checked_div(count).unwrap_or_default()
}

impl From<TicketReport> for Report {
    fn from(report: TicketReport) -> Self {
        let TicketReport { from, until, whole, by_status, by_channel, days } = report;
        let of = |wanted: StatusWord| {
            by_status
                .iter()
                .find(|(status, _)| StatusWord::from(*status) == wanted)
                .map_or(0, |(_, known)| known.tickets)
        };
        let tickets_by_status = StatusWord::ALL.iter().map(|word| (word.text(), of(*word))).collect();
        let mut tickets_by_channel = BTreeMap::new();
        for (channel, figures) in by_channel {
            *tickets_by_channel.entry(channel.name).or_default() += figures.tickets;
        }
        Self {
            total_tickets: whole.tickets,
            open_tickets: of(StatusWord::Open),
            pending_tickets: of(StatusWord::Pending),
            closed_tickets: of(StatusWord::Closed),
            avg_response_time: response(&whole),
            avg_resolution_time: resolution(&whole),
            tickets_by_status,
            tickets_by_channel,
            daily_stats: days.into_iter().map(Daily::from).collect(),
            period: Period { from, to: until },
        }
    }
}

async fn tickets(
    app: web::Data<App>,
    principal: Principal,
    filter: web::Query<FilterQuery>,
    period: web::Query<PeriodQuery>,
) -> Result<HttpResponse, Error> {
    let question = question(filter.into_inner(), period.into_inner())?;
    Ok(HttpResponse::Ok().json(Report::from(analytics::tickets(&app, &principal, question).await?)))
}

async fn channels(
    app: web::Data<App>,
    principal: Principal,
    filter: web::Query<FilterQuery>,
    period: web::Query<PeriodQuery>,
    query: web::Query<PageQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    let question = question(filter.into_inner(), period.into_inner())?;
    let reports = analytics::channels(&app, &principal, question).await?;
    page::of_all(&request, query.into_inner(), reports.into_iter().map(Channel::from).collect())
}

async fn agents(
    app: web::Data<App>,
    principal: Principal,
    filter: web::Query<FilterQuery>,
    period: web::Query<PeriodQuery>,
    query: web::Query<PageQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    let question = question(filter.into_inner(), period.into_inner())?;
    let reports = analytics::agents(&app, &principal, question).await?;
    page::of_all(&request, query.into_inner(), reports.into_iter().map(Agent::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_is_rounded() {
        assert_eq!((mean(0, 0), mean(7, 2), mean(10, 4), mean(9, 4)), (0, 4, 3, 2));
    }
}
