//! Every rule, and what breaking it costs.

/// What a broken rule costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Messages, or safety: such a connector must not be installed.
    Must,
    /// Comfort: it works, and could be better.
    Should,
}

#[derive(Debug)]
pub struct Rule {
    pub name: &'static str,
    pub says: &'static str,
    pub weight: Weight,
}

macro_rules! rules {
    ($($constant:ident $name:literal $weight:ident $says:literal;)*) => {
        $(pub const $constant: Rule = Rule { name: $name, says: $says, weight: Weight::$weight };)*

        /// All of them, in the order of a report.
        #[cfg(test)]
        pub const ALL: &[&Rule] = &[$(&$constant),*];
    };
}

rules! {
    LOADS "loads" Must "it loads: contract, imports, manifest and schema are in order";
    REFERENCES "references" Must "the settings that its manifest refers to are in its schema";
    SECRETS_MARKED "secrets-marked" Must "settings that are secret are marked writeOnly";
    SCHEMA_CLOSED "schema-closed" Should "its schema takes no setting that it does not name";
    CAPABILITIES "capabilities" Should "its capabilities are words that the engine knows";
    SETTINGS "settings" Must "a channel can be configured";
    WEBHOOKS_READ "webhooks-read" Must "every recorded webhook is read";
    HANDSHAKES "handshakes" Must "a handshake is answered to who knows the token, and to nobody else; a challenge with the hash under the channel's own secret";
    SIGNATURES "signatures" Must "a webhook that is signed as recorded is accepted";
    FORGERIES "forgeries" Must "a webhook without a signature, or with a wrong one, is refused as unauthentic";
    DUPLICATES "duplicates" Must "the same webhook means the same events, however often it comes";
    TRUNCATED "truncated" Must "a webhook that is cut off neither crashes it nor becomes a message";
    GARBAGE "garbage" Must "nonsense neither crashes it nor becomes a message";
    LARGE "large" Must "a webhook of 10 MB is read within the limits of memory and time";
    UNKNOWN_FIELDS "unknown-fields" Must "fields that it does not know change nothing";
    UNKNOWN_KINDS "unknown-kinds" Must "kinds that it does not know are ignored, not errors";
    COMMANDS "commands" Must "every command is answered, within its hosts and with secrets of its schema";
    CLAIMS "claims" Must "what its capabilities claim is not answered as unsupported";
    LOST_ANSWER "lost-answer" Must "a send whose answer was lost is not sent again unasked";
    NOT_SENT "not-sent" Must "a send that never left is tried again later";
    SLOW_DOWN "slow-down" Must "429 means to try again later";
    RETRY_AFTER "retry-after" Should "Retry-After is obeyed";
    SERVER_ERROR "server-error" Must "5xx is neither success nor a final refusal";
    REDIRECT "redirect" Must "a send is not led to another host, and a redirect is no success";
    UNREADABLE_ANSWER "unreadable-answer" Must "an answer of success that it cannot read does not send again";
    REFUSED_CREDENTIALS "refused-credentials" Should "401 stops the channel";
    RECORDED_ANSWERS "recorded-answers" Must "no recorded answer crashes it, and no recorded error is a success";
}

/// What cannot be tried without a channel.
pub const NEED_A_CHANNEL: &[Rule] = &[
    WEBHOOKS_READ,
    HANDSHAKES,
    SIGNATURES,
    FORGERIES,
    DUPLICATES,
    TRUNCATED,
    GARBAGE,
    LARGE,
    UNKNOWN_FIELDS,
    UNKNOWN_KINDS,
    COMMANDS,
    CLAIMS,
    LOST_ANSWER,
    NOT_SENT,
    SLOW_DOWN,
    RETRY_AFTER,
    SERVER_ERROR,
    REDIRECT,
    UNREADABLE_ANSWER,
    REFUSED_CREDENTIALS,
    RECORDED_ANSWERS,
];
