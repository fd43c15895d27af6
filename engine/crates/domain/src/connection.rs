//! A platform's session, such as a paired phone: what to do about one that
//! does not come up. The platform is asked first; the rule judges its answer.

use chrono::{DateTime, Duration, Utc};

use crate::platform::SessionState;

/// What the platform said of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    /// None: it has said nothing yet.
    pub state: Option<SessionState>,
    /// Since when it is in this state, or was last told to begin anew.
    pub since: DateTime<Utc>,
    /// How often it was told to since it was last connected.
    pub tries: u32,
    /// It was up before, and nobody stopped it on purpose.
    pub wanted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Nothing,
    /// Begin a session that is down.
    Start,
    /// End it and begin it anew.
    Restart,
}

/// What to do now, and when to ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    pub action: Action,
    pub ask_again: DateTime<Utc>,
}

/// How long is waited for what.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// A session that starts, or is down and may come back by itself; also how often one that is not up is asked about.
    pub starting: Duration,
    /// A session that waits for somebody to scan or type a code.
    pub pairing: Duration,
    /// Waits double with every try, and grow no longer than this.
    pub longest: Duration,
    /// How often a session is asked about that needs nothing.
    pub ask_every: Duration,
}

#[must_use]
pub fn next(connection: &Connection, patience: &Patience, now: DateTime<Utc>) -> Plan {
    let nothing = |ask_again| Plan { action: Action::Nothing, ask_again };
    let (wait, action) = match connection.state {
        None => return nothing(now + patience.starting),
        Some(SessionState::Connected) => return nothing(now + patience.ask_every),
        Some(_) if !connection.wanted => return nothing(now + patience.ask_every),
        Some(SessionState::AwaitingQr | SessionState::AwaitingCode) => (patience.pairing, Action::Restart),
        Some(SessionState::Starting | SessionState::Disconnected | SessionState::Failed) => {
            (patience.starting, Action::Restart)
        }
        Some(SessionState::Stopped) => (patience.starting, Action::Start),
    };
    let until = connection.since + grown(wait, connection.tries, patience.longest);
    if now < until {
        return nothing(until.min(now + patience.starting));
    }
    Plan { action, ask_again: now + patience.starting }
}

/// Who says how a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The platform by itself, or its answer to a person.
    Told,
    /// The platform's answer to the engine, which asks again and again.
    Asked,
}

/// What is said of the session of a channel whose credentials were refused.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    pub state: SessionState,
    /// It was in another state before.
    pub is_new: bool,
    pub origin: Origin,
    /// How long ago that was; None: nobody knows.
    pub refused_for: Option<Duration>,
}

/// A session that was connected all the time and is still, although what was sent was refused, says little: it is
/// tried again so long after.
const SECOND_TRY: Duration = Duration::minutes(15);

/// Whether the channel is to work again. That a session is connected shows that its credentials are good, also where
/// it was known to be connected before: whoever corrected them on the platform's side changed nothing else.
#[must_use]
pub fn revives(report: &Report) -> bool {
    let Report { state, is_new, origin, refused_for } = *report;
    let is_convincing = is_new || origin == Origin::Told || refused_for.is_none_or(|duration| duration >= SECOND_TRY);
    state == SessionState::Connected && is_convincing
}

/// Doubled with every try.
fn grown(wait: Duration, tries: u32, longest: Duration) -> Duration {
    wait.checked_mul(1 << tries.min(20)).map_or(longest, |grown| grown.min(longest)).max(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience {
        starting: Duration::seconds(60),
        pairing: Duration::seconds(180),
        longest: Duration::seconds(1_000),
        ask_every: Duration::seconds(300),
    };

    fn plan(state: Option<SessionState>, tries: u32, wanted: bool, age: i64) -> (Action, i64) {
        let since = DateTime::UNIX_EPOCH;
        let now = since + Duration::seconds(age);
        let plan = next(&Connection { state, since, tries, wanted }, &PATIENCE, now);
        (plan.action, (plan.ask_again - now).num_seconds())
    }

    #[test]
    fn each_state_has_its_remedy_and_its_time() {
        use Action::{Nothing, Restart, Start};
        use SessionState::{AwaitingCode, AwaitingQr, Connected, Disconnected, Failed, Starting, Stopped};
        let table = [
            // state, tries, wanted, age: action, seconds until it is asked again
            (None, 0, false, 0, Nothing, 60),
            (Some(Connected), 0, true, 0, Nothing, 300),
            (Some(Connected), 0, true, 100_000, Nothing, 300),
            (Some(Starting), 0, true, 0, Nothing, 60),
            (Some(Starting), 0, true, 59, Nothing, 1),
            (Some(Starting), 0, true, 60, Restart, 60),
            (Some(Starting), 1, true, 60, Nothing, 60),
            (Some(Starting), 1, true, 119, Nothing, 1),
            (Some(Starting), 1, true, 120, Restart, 60),
            (Some(Starting), 4, true, 960, Restart, 60),
            (Some(Starting), 5, true, 960, Nothing, 40),
            (Some(Starting), 5, true, 1_000, Restart, 60),
            (Some(Starting), u32::MAX, true, 999, Nothing, 1),
            (Some(Starting), u32::MAX, true, 1_000, Restart, 60),
            (Some(AwaitingQr), 0, true, 100, Nothing, 60),
            (Some(AwaitingQr), 0, true, 179, Nothing, 1),
            (Some(AwaitingQr), 0, true, 180, Restart, 60),
            (Some(AwaitingCode), 2, true, 720, Restart, 60),
            (Some(AwaitingCode), 3, true, 999, Nothing, 1),
            (Some(Failed), 0, true, 60, Restart, 60),
            (Some(Disconnected), 0, true, 30, Nothing, 30),
            (Some(Disconnected), 0, true, 60, Restart, 60),
            (Some(Stopped), 0, true, 59, Nothing, 1),
            (Some(Stopped), 0, true, 60, Start, 60),
            // What somebody stopped, or never began, stays so.
            (Some(Stopped), 0, false, 100_000, Nothing, 300),
            (Some(Failed), 0, false, 100_000, Nothing, 300),
        ];
        for (state, tries, wanted, age, action, again) in table {
            assert_eq!(plan(state, tries, wanted, age), (action, again), "{state:?} {tries} {wanted} {age}");
        }
    }

    #[test]
    fn a_connected_session_shows_that_its_credentials_are_good() {
        use Origin::{Asked, Told};
        use SessionState::{AwaitingQr, Connected, Starting};
        let minutes = |minutes| Some(Duration::minutes(minutes));
        let table = [
            (Connected, true, Asked, minutes(0), true),
            (Connected, true, Told, minutes(0), true),
            (Connected, false, Told, minutes(0), true),
            // Else a send that is refused all the same would be repeated as fast as the session is asked about.
            (Connected, false, Asked, minutes(0), false),
            (Connected, false, Asked, minutes(14), false),
            (Connected, false, Asked, minutes(15), true),
            (Connected, false, Asked, None, true),
            (Starting, true, Told, minutes(60), false),
            (AwaitingQr, true, Asked, None, false),
        ];
        for (state, is_new, origin, refused_for, expected) in table {
            let report = Report { state, is_new, origin, refused_for };
            assert_eq!(revives(&report), expected, "{report:?}");
        }
    }

    #[test]
    fn no_wait_is_shorter_than_the_first() {
        assert_eq!(grown(Duration::seconds(60), 3, Duration::seconds(10)), Duration::seconds(60));
    }
}
