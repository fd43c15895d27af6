//! Chats and messages as WAHA names them.
//!
//! A chat is `<digits>@c.us` (a person), `@lid` (a person whose number is hidden), `@g.us` (a group), or something that
//! no conversation can be held with: channels, stories, broadcast lists. A message is
//! `{fromMe}_{chat}_{id}[_{participant}]`; in some places only the id stands, so that alone names a message here.

/// What kind of chat an address is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Person,
    /// A person whose telephone number is not told.
    Hidden,
    Group,
    Other,
}

/// The address of a chat in the form in which WAHA takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(String);

const PERSON: &str = "c.us";

impl Address {
    /// An address in any form: as engines write it within, with a device, or as a telephone number alone.
    pub fn parse(text: &str) -> Option<Self> {
        let Some((user, server)) = text.trim().split_once('@') else { return Self::of_phone(text) };
        let user = user.split(':').next().unwrap_or(user);
        let server = if server == "s.whatsapp.net" { PERSON } else { server };
        (!user.is_empty() && !server.is_empty()).then(|| Self(format!("{user}@{server}")))
    }

    /// A telephone number as people write it.
    pub fn of_phone(text: &str) -> Option<Self> {
        let is_number = text.chars().all(|letter| letter.is_ascii_digit() || "+-(). /".contains(letter));
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        // E.164 allows fifteen digits.
        (is_number && (1..=15).contains(&digits.len())).then(|| Self(format!("{digits}@{PERSON}")))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn into_string(self) -> String {
        self.0
    }

    fn parts(&self) -> (&str, &str) {
        self.0.split_once('@').unwrap_or((&self.0, ""))
    }

    pub fn kind(&self) -> Kind {
        match self.parts() {
            (_, PERSON) => Kind::Person,
            (_, "lid") => Kind::Hidden,
            (_, "g.us") => Kind::Group,
            _ => Kind::Other,
        }
    }

    pub fn is_person(&self) -> bool {
        matches!(self.kind(), Kind::Person | Kind::Hidden)
    }

    pub fn is_group(&self) -> bool {
        self.kind() == Kind::Group
    }

    /// The digits of a person's telephone number.
    pub fn digits(&self) -> Option<&str> {
        let (user, _) = self.parts();
        (self.kind() == Kind::Person && user.bytes().all(|byte| byte.is_ascii_digit())).then_some(user)
    }

    /// E.164. A hidden identifier looks like a number and is none.
    pub fn phone(&self) -> Option<String> {
        self.digits().map(|digits| format!("+{digits}"))
    }
}

/// The parts of a message's identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageId<'a> {
    pub id: &'a str,
    /// What stands around the id, where it stands.
    pub around: Option<Around>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Around {
    pub own: bool,
    pub chat: Address,
    pub participant: Option<Address>,
}

impl<'a> MessageId<'a> {
    pub fn parse(text: &'a str) -> Self {
        Self::in_full(text).unwrap_or(Self { id: text, around: None })
    }

    fn in_full(text: &'a str) -> Option<Self> {
        let mut parts = text.split('_');
        let own = match parts.next()? {
            "true" => true,
            "false" => false,
            _ => return None,
        };
        let chat = parts.next().filter(|chat| chat.contains('@')).and_then(Address::parse)?;
        let id = parts.next().filter(|id| !id.is_empty())?;
        let participant = parts.next().filter(|participant| participant.contains('@')).and_then(Address::parse);
        Some(Self { id, around: Some(Around { own, chat, participant }) })
    }

    pub fn chat(&self) -> Option<&Address> {
        self.around.as_ref().map(|around| &around.chat)
    }
}

/// A message's identifier in full, as WAHA's calls take it. In a group, `participant` is who wrote it.
pub fn in_full(own: bool, chat: &Address, id: &str, participant: Option<&Address>) -> String {
    if MessageId::parse(id).around.is_some() {
        return id.to_owned();
    }
    let chat_and_id = format!("{own}_{}_{id}", chat.as_str());
    match participant.filter(|participant| chat.is_group() && participant.is_person()) {
        Some(participant) => format!("{chat_and_id}_{}", participant.as_str()),
        None => chat_and_id,
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, Kind, MessageId, in_full};

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    #[test]
    fn addresses_of_every_form() {
        for (text, normal, kind, phone) in [
            ("11111111111@c.us", "11111111111@c.us", Kind::Person, Some("+11111111111")),
            ("11111111111@s.whatsapp.net", "11111111111@c.us", Kind::Person, Some("+11111111111")),
            ("11111111111:12@s.whatsapp.net", "11111111111@c.us", Kind::Person, Some("+11111111111")),
            ("+1 (111) 111-1111", "11111111111@c.us", Kind::Person, Some("+11111111111")),
            ("123123@lid", "123123@lid", Kind::Hidden, None),
            ("123-456@g.us", "123-456@g.us", Kind::Group, None),
            ("123@newsletter", "123@newsletter", Kind::Other, None),
            ("status@broadcast", "status@broadcast", Kind::Other, None),
        ] {
            let parsed = address(text);
            assert_eq!((parsed.as_str(), parsed.kind(), parsed.phone().as_deref()), (normal, kind, phone));
        }
        for none in ["", "me", "@c.us", "11111111111@", "1234567890123456"] {
            assert_eq!(Address::parse(none), None, "{none}");
        }
    }

    #[test]
    fn identifiers_of_every_form() {
        let read = |text| {
            let id = MessageId::parse(text);
            let around = id
                .around
                .map(|around| (around.own, around.chat.into_string(), around.participant.map(Address::into_string)));
            (id.id, around)
        };
        assert_eq!(read("3EB0"), ("3EB0", None));
        assert_eq!(read("true_1@c.us_3EB0"), ("3EB0", Some((true, "1@c.us".to_owned(), None))));
        let in_group = Some((false, "9@g.us".to_owned(), Some("2@c.us".to_owned())));
        assert_eq!(read("false_9@g.us_3EB0_2@s.whatsapp.net"), ("3EB0", in_group));
        for bare in ["true_", "true_1@c.us_", "false_me_3EB0", "A_B_C"] {
            assert_eq!(read(bare), (bare, None));
        }
    }

    #[test]
    fn identifiers_in_full() {
        let (person, group) = (address("1@c.us"), address("9@g.us"));
        assert_eq!(in_full(false, &person, "3EB0", None), "false_1@c.us_3EB0");
        assert_eq!(in_full(true, &person, "3EB0", Some(&person)), "true_1@c.us_3EB0");
        assert_eq!(in_full(false, &group, "3EB0", Some(&person)), "false_9@g.us_3EB0_1@c.us");
        assert_eq!(in_full(false, &group, "3EB0", Some(&group)), "false_9@g.us_3EB0");
        assert_eq!(in_full(false, &person, "true_2@c.us_AAAA", None), "true_2@c.us_AAAA");
    }
}
