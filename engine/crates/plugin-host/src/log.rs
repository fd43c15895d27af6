//! The `log` import: what a connector wants to tell its developers, in the engine's log, within bounds.

use crate::{
    Redactor,
    bindings::patchbay::connector::log::{Host, Level},
    state::State,
};

const LINES_PER_CALL: u32 = 32;
const BYTES_PER_LINE: usize = 1024;

/// How many lines the present call may still write.
pub struct LogBudget {
    lines_left: u32,
}

impl Default for LogBudget {
    fn default() -> Self {
        Self { lines_left: LINES_PER_CALL }
    }
}

impl Host for State {
    fn log(&mut self, level: Level, message: String) {
        let channel = self.channel.map(tracing::field::display);
        let Some(left) = self.log.lines_left.checked_sub(1) else { return };
        self.log.lines_left = left;
        if left == 0 {
            tracing::warn!(channel.id = channel, "the connector logs too much; the rest of this call is left out");
            return;
        }
        // Printed as a quoted string: a line break in it starts no line of its own.
        // A webhook may have told it a secret, such as the one in its address.
        let message = Redactor::of(&self.secrets).text(&message).into_owned();
        let said = shortened(&message);
        match level {
            Level::Debug => tracing::debug!(channel.id = channel, ?said, "connector"),
            Level::Info => tracing::info!(channel.id = channel, ?said, "connector"),
            Level::Warn => tracing::warn!(channel.id = channel, ?said, "connector"),
            Level::Error => tracing::error!(channel.id = channel, ?said, "connector"),
        }
    }
}

fn shortened(message: &str) -> &str {
    message.get(..message.floor_char_boundary(BYTES_PER_LINE)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let long = "ä".repeat(BYTES_PER_LINE);
        assert_eq!(shortened(&long), "ä".repeat(BYTES_PER_LINE / 2));
        assert_eq!(shortened(&format!("x{long}")).len(), BYTES_PER_LINE - 1);
        assert_eq!(shortened("short"), "short");
    }
}
