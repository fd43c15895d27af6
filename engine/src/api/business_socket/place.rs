//! A client's place in the log, as it is told with every event and named by a client that comes back.
//!
//! What happens once may be told in several events. `123` is behind all of what happened at 123; `122.1` is behind 122 and
//! the first event of the next.

use std::{fmt, str::FromStr};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub sequence: i64,
    /// Of what follows, so many events were told.
    pub told: usize,
}

impl Place {
    /// Behind one of the events of what happened at `sequence`.
    pub fn behind(sequence: i64, told: usize, events: usize) -> Self {
        if told < events { Self { sequence: sequence - 1, told } } else { Self { sequence, told: 0 } }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self { sequence, told: 0 } => write!(f, "{sequence}"),
            Self { sequence, told } => write!(f, "{sequence}.{told}"),
        }
    }
}

impl FromStr for Place {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (sequence, told) = text.split_once('.').unwrap_or((text, "0"));
        Ok(Self { sequence: sequence.parse()?, told: told.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_between_the_events_of_one_happening_or_behind_them() {
        let places: Vec<_> = (1..=3).map(|told| Place::behind(8, told, 3).to_string()).collect();
        assert_eq!(places, ["7.1", "7.2", "8"]);
        for text in ["0", "7.1", "8"] {
            assert_eq!(text.parse::<Place>().unwrap().to_string(), text);
        }
        for text in ["", "a", "1.", "1.-2", "1.2.3"] {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
    }
}
