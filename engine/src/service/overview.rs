//! What an organisation's messages add up to, as an overview shows it. Days are those of UTC.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Days, Duration, NaiveDate, NaiveTime, Utc};
use patchbay_domain::{conversation::ConversationStatus, delivery::MessageState, message::Direction};
use patchbay_store::{
    analytics::ReportFilter,
    message_figures::{MessageGroup, Traffic},
};

use super::ServiceError;
use crate::{app::App, auth::Principal};

pub const MOST_DAYS: u32 = 400;
/// The days that are shown one by one.
const SHOWN: u64 = 7;

pub struct Overview {
    pub groups: Vec<MessageGroup>,
    pub conversations: Vec<(ConversationStatus, u64)>,
    pub sent_today: u64,
    pub sent_this_week: u64,
    pub sent_this_month: u64,
    /// The last days, the oldest first.
    pub days: Vec<(NaiveDate, Traffic)>,
    /// Seconds; nothing where nobody was answered.
    pub average_response: Option<f64>,
}

pub async fn overview(app: &App, principal: &Principal, days: u32) -> Result<Overview, ServiceError> {
    let (organisation, now) = (principal.organisation_id, (app.clock)());
    let since = now - Duration::days(i64::from(days));
    let today = now.date_naive();
    let dates: Vec<NaiveDate> = (0..SHOWN).rev().filter_map(|ago| today.checked_sub_days(Days::new(ago))).collect();
    let week = today.checked_sub_days(Days::new(u64::from(today.weekday().num_days_from_monday()))).unwrap_or(today);
    let month = today.with_day(1).unwrap_or(today);
    let end = now + Duration::days(1);
    let mut spans: Vec<_> = dates.iter().map(|date| (begin(*date), begin(*date) + Duration::days(1))).collect();
    spans.extend([(begin(today), end), (begin(week), end), (begin(month), end)]);
    let traffic = app.store.message_traffic(organisation, &spans).await?;
    let sent = |place: usize| traffic.get(dates.len() + place).copied().unwrap_or_default().sent;
    let filter = ReportFilter { from: since, until: end, channel_id: None, assignee_id: None };
    let tickets = app.store.ticket_figures(organisation, &filter).await?;
    let (answered, seconds) = tickets.iter().fold((0, 0), |(answered, seconds), group| {
        (answered + group.figures.answered, seconds + group.figures.response_seconds)
    });
    Ok(Overview {
        groups: app.store.message_groups(organisation, since).await?,
        conversations: app.store.conversation_groups(organisation, since).await?,
        sent_today: sent(0),
        sent_this_week: sent(1),
        sent_this_month: sent(2),
        average_response: (answered > 0).then(|| seconds as f64 / answered as f64),
        days: dates.into_iter().zip(traffic).collect(),
    })
}

/// How many messages were written in each hour of the day.
pub async fn by_hour(app: &App, principal: &Principal, days: u32) -> Result<[u64; 24], ServiceError> {
    let since = (app.clock)() - Duration::days(i64::from(days));
    let mut hours = [0; 24];
    for (hour, count) in app.store.messages_by_hour(principal.organisation_id, since).await? {
        if let Some(place) = usize::try_from(hour).ok().and_then(|hour| hours.get_mut(hour)) {
            *place = count;
        }
    }
    Ok(hours)
}

fn begin(date: NaiveDate) -> DateTime<Utc> {
    date.and_time(NaiveTime::MIN).and_utc()
}

impl Overview {
    /// Of what left us, how much is known to have arrived: percent with one decimal.
    pub fn delivery_rate(&self) -> f64 {
        let of = |states: &[MessageState]| -> u64 {
            let ours = self.groups.iter().filter(|group| group.direction == Direction::Outbound);
            ours.filter(|group| states.contains(&group.state)).map(|group| group.count).sum()
        };
        let arrived = of(&[MessageState::Delivered, MessageState::Read]);
        let left = arrived + of(&[MessageState::Sent, MessageState::Failed]);
        if left == 0 { 0.0 } else { (arrived as f64 / left as f64 * 1_000.0).round() / 10.0 }
    }

    /// Each with how many of the groups' messages it stands for.
    pub fn sums<K: Ord>(&self, word: impl Fn(&MessageGroup) -> Option<K>) -> BTreeMap<K, u64> {
        let mut sums = BTreeMap::new();
        for group in &self.groups {
            if let Some(word) = word(group) {
                *sums.entry(word).or_default() += group.count;
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overview(groups: &[(Direction, MessageState, u64)]) -> Overview {
        let group = |(direction, state, count): &(Direction, MessageState, u64)| MessageGroup {
            direction: *direction,
            state: *state,
            kind: "text".to_owned(),
            count: *count,
        };
        Overview {
            groups: groups.iter().map(group).collect(),
            conversations: vec![],
            sent_today: 0,
            sent_this_week: 0,
            sent_this_month: 0,
            days: vec![],
            average_response: None,
        }
    }

    #[test]
    fn the_rate_is_of_what_left() {
        use MessageState::{Delivered, Failed, Queued, Read, Received};
        let told = overview(&[
            (Direction::Outbound, Delivered, 1),
            (Direction::Outbound, Read, 1),
            (Direction::Outbound, Failed, 1),
            (Direction::Outbound, Queued, 5),
            (Direction::Inbound, Received, 9),
        ]);
        assert_eq!(told.delivery_rate().to_string(), "66.7");
        assert_eq!(overview(&[]).delivery_rate().to_string(), "0");
    }
}
