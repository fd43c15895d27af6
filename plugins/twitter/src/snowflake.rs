//! Identifiers of X hold the time at which they were given.

use patchbay_plugin_sdk::Timestamp;

/// When X began to count.
const EPOCH_MS: u64 = 1_288_834_974_657;
/// Below the time stand the machine and a number.
const BELOW: u32 = 22;

/// When a message was given its identifier. Those from before X gave such ones are smaller, and tell nothing.
pub fn time(id: &str) -> Option<Timestamp> {
    let since = number(id)? >> BELOW;
    // The first ones were given out in November 2010, some minutes after the count began.
    (since > 0).then(|| EPOCH_MS + since)
}

/// For comparing: texts of different lengths do not.
pub fn number(id: &str) -> Option<u64> {
    id.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::time;

    #[test]
    fn the_time_within() {
        assert_eq!(time("954491830116155396"), Some(1_516_403_560_557));
        assert_eq!(time("1234858592"), Some(1_288_834_974_951));
        for none in ["12345", "", "e4f4d3fc-8bbf", "99999999999999999999"] {
            assert_eq!(time(none), None, "{none}");
        }
    }
}
