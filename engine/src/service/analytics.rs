//! What an organisation's cases add up to, in a time and in the days of a zone.

use chrono::{DateTime, Duration, Utc};
use patchbay_domain::{
    ChannelId, UserId,
    calendar::{Day, Tz, days},
    people::Role,
    ticket::TicketStatus,
};
use patchbay_store::{
    analytics::{DayFigures, Figures, Group, ReportFilter},
    channels::Channel,
    users::User,
};

use super::ServiceError;
use crate::{app::App, auth::Principal};

/// Without a beginning.
const USUAL: Duration = Duration::days(30);
const MOST_DAYS: usize = 400;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    pub from: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
    pub zone: Tz,
    pub channel_id: Option<ChannelId>,
    pub assignee_id: Option<UserId>,
}

pub struct TicketReport {
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
    pub whole: Figures,
    pub by_status: Vec<(TicketStatus, Figures)>,
    pub by_channel: Vec<(Channel, Figures)>,
    pub days: Vec<DayFigures>,
}

pub struct ChannelReport {
    pub channel: Channel,
    pub tickets: Figures,
    /// All that were written on it in this time, in whatever ticket or none; of one agent, those of their tickets.
    pub messages: u64,
}

pub struct AgentReport {
    pub user: User,
    pub assigned: Figures,
    /// In the tickets assigned to them.
    pub messages: u64,
    pub open: u64,
    pub closed: u64,
}

pub async fn tickets(app: &App, principal: &Principal, question: Question) -> Result<TicketReport, ServiceError> {
    let (filter, days) = read(question, (app.clock)())?;
    let organisation = principal.organisation_id;
    let groups = app.store.ticket_figures(organisation, &filter).await?;
    let channels = app.store.every_channel(organisation).await?;
    let by_channel = channels.into_iter().filter_map(|channel| {
        let figures = sum(groups.iter().filter(|group| group.channel_id == channel.id));
        (figures.tickets > 0 || channel.deleted_at.is_none()).then_some((channel, figures))
    });
    let statuses = [TicketStatus::Open, TicketStatus::Pending, TicketStatus::Closed];
    let of_status = |status| (status, sum(groups.iter().filter(|group| group.status == status)));
    Ok(TicketReport {
        from: filter.from,
        until: filter.until,
        whole: sum(groups.iter()),
        by_status: statuses.into_iter().map(of_status).collect(),
        by_channel: by_channel.collect(),
        days: app.store.daily_figures(organisation, &filter, &days).await?,
    })
}

pub async fn channels(
    app: &App,
    principal: &Principal,
    question: Question,
) -> Result<Vec<ChannelReport>, ServiceError> {
    let (filter, _) = read(question, (app.clock)())?;
    let organisation = principal.organisation_id;
    let groups = app.store.ticket_figures(organisation, &filter).await?;
    let messages = app.store.messages_by_channel(organisation, filter.from, filter.until).await?;
    let channels = app.store.channels(organisation).await?;
    let wanted = channels.into_iter().filter(|channel| filter.channel_id.is_none_or(|id| id == channel.id));
    let report = |channel: Channel| {
        let of_channel = || groups.iter().filter(|group| group.channel_id == channel.id);
        // What one agent's customers and answers are is known by ticket only.
        let messages = match filter.assignee_id {
            Some(_) => of_channel().map(|group| group.messages).sum(),
            None => messages.iter().find(|(id, _)| *id == channel.id).map_or(0, |(_, count)| *count),
        };
        let tickets = sum(of_channel());
        ChannelReport { channel, tickets, messages }
    };
    Ok(wanted.map(report).collect())
}

/// Every agent, and whoever else has tickets.
pub async fn agents(app: &App, principal: &Principal, question: Question) -> Result<Vec<AgentReport>, ServiceError> {
    let (filter, _) = read(question, (app.clock)())?;
    let groups = app.store.ticket_figures(principal.organisation_id, &filter).await?;
    let users = app.store.users(principal.organisation_id).await?;
    let report = |user: User| {
        let mine = || groups.iter().filter(|group| group.assignee_id == Some(user.id));
        let of = |status| sum(mine().filter(|group| group.status == status)).tickets;
        let (assigned, open, closed) = (sum(mine()), of(TicketStatus::Open), of(TicketStatus::Closed));
        let messages = mine().map(|group| group.messages).sum();
        AgentReport { user, assigned, messages, open, closed }
    };
    let wanted = |report: &AgentReport| report.user.role == Role::Agent || report.assigned.tickets > 0;
    Ok(users.into_iter().map(report).filter(wanted).collect())
}

fn read(question: Question, now: DateTime<Utc>) -> Result<(ReportFilter, Vec<Day>), ServiceError> {
    let Question { from, until, zone, channel_id, assignee_id } = question;
    let until = until.unwrap_or(now);
    let from = from.unwrap_or(until - USUAL);
    if from >= until {
        return Err(ServiceError::invalid("from", "must be before to"));
    }
    let days = days(zone, from, until, MOST_DAYS + 1);
    if days.len() > MOST_DAYS {
        return Err(ServiceError::invalid("from", format!("must be at most {MOST_DAYS} days before to")));
    }
    Ok((ReportFilter { from, until, channel_id, assignee_id }, days))
}

fn sum<'a>(groups: impl Iterator<Item = &'a Group>) -> Figures {
    groups.fold(Figures::default(), |sum, Group { figures, .. }| Figures {
        tickets: sum.tickets + figures.tickets,
        answered: sum.answered + figures.answered,
        response_seconds: sum.response_seconds + figures.response_seconds,
        resolved: sum.resolved + figures.resolved,
        resolution_seconds: sum.resolution_seconds + figures.resolution_seconds,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_bounded() {
        let now: DateTime<Utc> = "2026-05-31T10:00:00Z".parse().unwrap();
        let question = |from: Option<&str>| Question {
            from: from.map(|text| text.parse().unwrap()),
            until: None,
            zone: Tz::UTC,
            channel_id: None,
            assignee_id: None,
        };
        let (filter, days) = read(question(None), now).unwrap();
        assert_eq!((filter.from, days.len()), (now - USUAL, 31));
        assert!(read(question(Some("2026-05-31T10:00:00Z")), now).is_err());
        assert!(read(question(Some("2020-01-01T00:00:00Z")), now).is_err());
    }
}
