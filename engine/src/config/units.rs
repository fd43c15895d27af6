//! Amounts as people write them: "15s" and "16MiB". A unit more is a line in its table.

use std::time::Duration;

type Units = [(&'static str, u64)];

/// Milliseconds in each unit of time, smallest first.
const TIME: &Units = &[("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
/// Bytes in each unit of size, smallest first.
const SIZE: &Units = &[("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

pub(super) fn duration(text: &str) -> Option<Duration> {
    parse(text, TIME).map(Duration::from_millis)
}

/// A time as the configuration writes it, such as "15s".
pub fn show_duration(duration: Duration) -> String {
    show(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX), TIME)
}

pub(super) fn bytes(text: &str) -> Option<usize> {
    parse(text, SIZE).and_then(|bytes| usize::try_from(bytes).ok())
}

pub(super) fn show_bytes(bytes: usize) -> String {
    show(u64::try_from(bytes).unwrap_or(u64::MAX), SIZE)
}

fn parse(text: &str, units: &Units) -> Option<u64> {
    let (number, unit) = text.split_at(text.find(|letter: char| !letter.is_ascii_digit())?);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

/// In the largest unit that needs no fraction.
fn show(amount: u64, units: &Units) -> String {
    let whole = units.iter().rev().find(|(_, factor)| amount != 0 && amount.is_multiple_of(*factor));
    match whole.or(units.first()) {
        Some((unit, factor)) => format!("{}{unit}", amount / factor),
        None => amount.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_written() {
        assert_eq!(duration("15s"), Some(Duration::from_secs(15)));
        assert_eq!(duration("24 h"), Some(Duration::from_hours(24)));
        assert_eq!(duration("100ms"), Some(Duration::from_millis(100)));
        assert_eq!(bytes("16MiB"), Some(16 << 20));
        for wrong in
            ["", "15", "s", "-1s", "1.5h", "1 week", "1s2", "99999999999999999999d", "9999999999999999999d", "MiB"]
        {
            assert_eq!((duration(wrong), bytes(wrong)), (None, None), "{wrong}");
        }
    }

    #[test]
    fn amounts_show_in_their_largest_unit() {
        assert_eq!(show_duration(Duration::from_secs(90)), "90s");
        assert_eq!(show_duration(Duration::from_hours(48)), "2d");
        assert_eq!(show_duration(Duration::ZERO), "0ms");
        assert_eq!(show_bytes(1 << 20), "1MiB");
        assert_eq!(show_bytes(1025), "1025B");
    }
}
