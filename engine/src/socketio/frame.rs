//! Engine.IO's packets. On a WebSocket each is a frame; in a body they stand in a row.

/// Between the packets of a body.
pub const SEPARATOR: char = '\u{1e}';

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// The first one, with what the client has to know.
    Open(String),
    Close,
    Ping(String),
    Pong(String),
    Message(String),
    /// From now on by WebSocket.
    Upgrade,
    Noop,
    /// Bytes, which nobody reads here.
    Binary,
}

impl Frame {
    pub fn read(text: &str) -> Option<Self> {
        let mut letters = text.chars();
        let kind = letters.next()?;
        let rest = letters.as_str();
        match kind {
            '1' if rest.is_empty() => Some(Self::Close),
            '2' => Some(Self::Ping(rest.to_owned())),
            '3' => Some(Self::Pong(rest.to_owned())),
            '4' => Some(Self::Message(rest.to_owned())),
            '5' if rest.is_empty() => Some(Self::Upgrade),
            '6' if rest.is_empty() => Some(Self::Noop),
            'b' => Some(Self::Binary),
            _ => None,
        }
    }

    /// The packets of a body; none where one of them cannot be read.
    pub fn read_all(body: &str) -> Option<Vec<Self>> {
        body.split(SEPARATOR).map(Self::read).collect()
    }

    pub fn write(&self) -> String {
        match self {
            Self::Open(about) => format!("0{about}"),
            Self::Close => "1".to_owned(),
            Self::Ping(text) => format!("2{text}"),
            Self::Pong(text) => format!("3{text}"),
            Self::Message(text) => format!("4{text}"),
            Self::Upgrade => "5".to_owned(),
            Self::Noop => "6".to_owned(),
            Self::Binary => "b".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let frames = [
            Frame::Close,
            Frame::Ping("probe".to_owned()),
            Frame::Pong(String::new()),
            Frame::Message("2[\"a\"]".to_owned()),
            Frame::Upgrade,
            Frame::Noop,
        ];
        let body: Vec<_> = frames.iter().map(Frame::write).collect();
        assert_eq!(Frame::read_all(&body.join("\u{1e}")), Some(frames.to_vec()));
    }

    #[test]
    fn what_is_no_packet_spoils_its_body() {
        for body in ["", "abc", "4hello\u{1e}", "4hello\u{1e}x", "7", "1and more", "0{}", "\u{1e}", "é"] {
            assert_eq!(Frame::read_all(body), None, "{body:?}");
        }
        assert_eq!(Frame::read_all("bAQID\u{1e}4a"), Some(vec![Frame::Binary, Frame::Message("a".to_owned())]));
    }
}
