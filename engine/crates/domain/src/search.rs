//! Text as it is searched in, word by word, and what somebody looks for.
//!
//! A word is a run of letters and digits without case and accents. Writing that puts no spaces between words is taken
//! apart into its signs, so that a part of it is found as a phrase.

use unicode_normalization::char::is_combining_mark;

use crate::{
    folding::letters,
    platform::{Content, Detail},
};

/// What a word has beyond this is not looked at.
const LONGEST_WORD: usize = 40;
/// So many words of one text are found.
const MOST_WORDS: usize = 1_000;
/// So many letters of what somebody looks for are read, and so many words.
const LONGEST_QUERY: usize = 400;
const MOST_SOUGHT: usize = 16;
/// The shortest end of a telephone number by which it is found.
const SHORTEST_END: usize = 3;

/// The words of a text in their order.
#[must_use]
pub fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    // How many letters the last word has; with none, the next letter begins another.
    let mut length = 0;
    for letter in letters(text) {
        if length > 0 && is_combining_mark(letter) {
            continue_word(&mut words, &mut length, letter);
        } else if !letter.is_alphanumeric() {
            length = 0;
        } else if length > 0 && !stands_alone(letter) && !ends_alone(&words) {
            continue_word(&mut words, &mut length, letter);
        } else if words.len() < MOST_WORDS {
            words.push(letter.to_string());
            length = 1;
        } else {
            break;
        }
    }
    words
}

fn continue_word(words: &mut [String], length: &mut usize, letter: char) {
    if *length < LONGEST_WORD
        && let Some(word) = words.last_mut()
    {
        word.push(letter);
        *length += 1;
    }
}

fn ends_alone(words: &[String]) -> bool {
    words.last().and_then(|word| word.chars().next()).is_some_and(stands_alone)
}

/// Signs of Chinese and Japanese.
fn stands_alone(letter: char) -> bool {
    matches!(letter, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// The words by which a message is found: what it says, its subject, and how its files are called.
#[must_use]
pub fn words_of(content: &Content) -> Vec<String> {
    let mut texts: Vec<&str> = Vec::new();
    let mut html = None;
    match &content.detail {
        Some(Detail::Email(email)) => {
            texts.push(&email.subject);
            html = email.html.as_deref().filter(|_| content.text.is_none());
        }
        Some(Detail::Choice(choice)) => texts.push(&choice.title),
        Some(Detail::Location(location)) => {
            texts.extend([&location.name, &location.address].into_iter().flatten().map(String::as_str));
        }
        _ => {}
    }
    texts.extend(content.text.as_deref());
    for attachment in &content.attachments {
        texts.extend([&attachment.caption, &attachment.file_name].into_iter().flatten().map(String::as_str));
    }
    let said = html.map(without_tags);
    let mut found: Vec<String> = texts.into_iter().chain(said.as_deref()).flat_map(words).collect();
    found.truncate(MOST_WORDS);
    found
}

/// What a reader sees of HTML, roughly: a search needs no more.
fn without_tags(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    // One whose end is not there hides nothing, and is not looked for again.
    let mut hiding = vec!["style", "script", "head"];
    let mut rest = html;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        text.push(' ');
        let mut begin = 0;
        if let Some(place) = hiding.iter().position(|name| is_called(tag, name)) {
            let name = hiding.swap_remove(place);
            if let Some((end, _)) =
                tag.match_indices("</").find(|(end, _)| tag.get(end + 2..).is_some_and(|end| is_called(end, name)))
            {
                begin = end;
                hiding.push(name);
            }
        }
        rest = tag.get(begin..).and_then(|tag| tag.split_once('>')).map_or("", |(_, rest)| rest);
    }
    text.push_str(rest);
    text.replace("&nbsp;", " ").replace("&amp;", "&")
}

/// Whether a tag, of which the sign before it is taken away, has this name.
fn is_called(tag: &str, name: &str) -> bool {
    let (start, end) = (tag.get(..name.len()), tag.get(name.len()..));
    start.is_some_and(|start| start.eq_ignore_ascii_case(name))
        && end.is_some_and(|end| end.starts_with(['>', ' ', '\n', '\t']))
}

/// The words by which a telephone number is found: each of its ends, as people remember them.
pub fn ends_of_number(number: &str) -> impl Iterator<Item = String> {
    let digits: String = number.chars().filter(char::is_ascii_digit).take(LONGEST_WORD).collect();
    let last = digits.len().checked_sub(SHORTEST_END);
    let starts = 0..last.map_or(0, |last| last + 1);
    starts.filter_map(move |start| digits.get(start..).map(str::to_owned))
}

/// Words that follow each other; the last may be the beginning of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase {
    pub words: Vec<String>,
    pub is_open: bool,
}

/// What somebody looks for: all of these. There is at least one, with at least one word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query(Vec<Phrase>);

impl Query {
    /// Words; `"words that follow each other"`; and `beginnings*`, which the last word is in any case, because it may
    /// still be being written. None where there is no word in it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut phrases = read(text);
        if let Some((last, true)) = phrases.last_mut() {
            last.is_open = true;
        }
        Self::of(phrases.into_iter().map(|(phrase, _)| phrase))
    }

    /// The same for people, of whose names one writes the beginnings. Digits and what is written between them are one
    /// number, with or without its country.
    #[must_use]
    pub fn of_person(text: &str) -> Option<Self> {
        let is_number = |letter: char| letter.is_ascii_digit() || " +-()./".contains(letter);
        if text.chars().all(is_number) {
            let digits: String = text.chars().filter(char::is_ascii_digit).take(LONGEST_WORD).collect();
            let word = digits.trim_start_matches('0').to_owned();
            return Self::of([Phrase { words: vec![word], is_open: true }]);
        }
        let open = |(phrase, is_bare): (Phrase, bool)| Phrase { is_open: phrase.is_open || is_bare, ..phrase };
        Self::of(read(text).into_iter().map(open))
    }

    fn of(phrases: impl IntoIterator<Item = Phrase>) -> Option<Self> {
        let mut sought = 0;
        let mut kept = Vec::new();
        for mut phrase in phrases {
            phrase.words.retain(|word| !word.is_empty());
            phrase.words.truncate(MOST_SOUGHT - sought);
            sought += phrase.words.len();
            if !phrase.words.is_empty() {
                kept.push(phrase);
            }
        }
        (!kept.is_empty()).then_some(Self(kept))
    }

    #[must_use]
    pub fn phrases(&self) -> &[Phrase] {
        &self.0
    }
}

/// Each phrase, and whether it stands there without quotation marks.
fn read(text: &str) -> Vec<(Phrase, bool)> {
    let text: String = text.chars().take(LONGEST_QUERY).collect();
    let mut read = Vec::new();
    let mut parts = text.split('"').enumerate().peekable();
    while let Some((place, part)) = parts.next() {
        if place % 2 == 1 {
            let is_open = parts.peek().is_some_and(|(_, next)| next.starts_with('*'));
            read.push((Phrase { words: words(part), is_open }, false));
        } else {
            // What is written without spaces belongs together, such as an address.
            let phrases = part.split_whitespace();
            read.extend(phrases.map(|text| (Phrase { words: words(text), is_open: text.ends_with('*') }, true)));
        }
    }
    read.retain(|(phrase, _)| !phrase.words.is_empty());
    read
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, proptest};

    use super::*;
    use crate::platform::Email;

    fn sought(query: Option<Query>) -> Vec<String> {
        let shown = |phrase: &Phrase| phrase.words.join("+") + if phrase.is_open { "*" } else { "" };
        query.map(|query| query.phrases().iter().map(shown).collect()).unwrap_or_default()
    }

    #[test]
    fn a_text_is_its_words() {
        for (text, wanted) in [
            ("Où est ma COMMANDE n°42?", &["ou", "est", "ma", "commande", "n", "42"][..]),
            ("ann@example.com", &["ann", "example", "com"]),
            ("東京タワー2", &["東", "京", "タ", "ワ", "ー", "2"]),
            ("हिन्दी में", &["हिन्दी", "में"]),
            ("👍 - \u{301}\0", &[]),
        ] {
            assert_eq!(words(text), wanted, "{text}");
        }
        assert_eq!(words(&"a".repeat(1_000)), ["a".repeat(LONGEST_WORD)]);
        assert_eq!(words(&"a ".repeat(10_000)).len(), MOST_WORDS);
    }

    #[test]
    fn a_query_is_words_phrases_and_beginnings() {
        for (text, wanted) in [
            ("red shoes", &["red", "shoes*"][..]),
            ("re* shoes", &["re*", "shoes*"]),
            ("\"Red shoes\" now", &["red+shoes", "now*"]),
            ("now \"red shoes\"", &["now", "red+shoes"]),
            ("\"red sho\"*", &["red+sho*"]),
            ("\"not closed", &["not+closed"]),
            ("a@b.de", &["a+b+de*"]),
            ("* \" !", &[]),
            ("", &[]),
        ] {
            assert_eq!(sought(Query::parse(text)), wanted, "{text}");
        }
        let long = "word ".repeat(200);
        assert_eq!(Query::parse(&long).map(|query| query.phrases().len()), Some(MOST_SOUGHT));
    }

    #[test]
    fn people_are_found_by_beginnings_and_numbers() {
        assert_eq!(sought(Query::of_person("Jo Ñan")), ["jo*", "nan*"]);
        assert_eq!(sought(Query::of_person("0151 / 123-45")), ["15112345*"]);
        assert_eq!(sought(Query::of_person("+ -")), [""; 0]);
        let ends: Vec<_> = ends_of_number("+49 151").collect();
        assert_eq!(ends, ["49151", "9151", "151"]);
        assert_eq!(ends_of_number("12").count(), 0);
    }

    #[test]
    fn a_mail_is_found_by_its_subject_and_by_what_its_html_shows() {
        let html = "<head><title>x</title></head><P>Hello <b>you</b></P><style>p { }</style>there";
        let mail = Email { subject: "Your order".into(), html: Some(html.into()), ..Email::default() };
        let mut content = Content { detail: Some(Detail::Email(mail)), ..Content::default() };
        assert_eq!(words_of(&content), ["your", "order", "hello", "you", "there"]);
        content.text = Some("as text".into());
        assert_eq!(words_of(&content), ["your", "order", "as", "text"]);
    }

    #[test]
    fn what_html_hides_has_an_end_and_costs_one_look() {
        assert_eq!(words(&without_tags("<STYLE>p { }</STYLE >a<script\nx>b</Script>c")), ["a", "c"]);
        assert_eq!(words(&without_tags("<head><p>no end<style>p { }</style> of it")), ["no", "end", "of", "it"]);
        // Where each is looked for the end of, this takes hours.
        let endless = "<style>".repeat(1_000_000);
        assert_eq!(words(&without_tags(&endless)), [""; 0]);
    }

    proptest! {
        #[test]
        fn whatever_is_typed_its_words_are_plain(text in "\\PC*") {
            for word in words(&text) {
                prop_assert!(word.chars().all(|letter| letter.is_alphanumeric() || is_combining_mark(letter)));
                prop_assert!((1..=LONGEST_WORD).contains(&word.chars().count()));
            }
            for query in [Query::parse(&text), Query::of_person(&text)].into_iter().flatten() {
                let count: usize = query.phrases().iter().map(|phrase| phrase.words.len()).sum();
                prop_assert!((1..=MOST_SOUGHT).contains(&count));
            }
        }

        #[test]
        fn what_was_written_is_found_by_its_own_words(text in "[\\PC ]{1,60}") {
            let query = Query::parse(&format!("\"{}\"", text.replace('"', " ")));
            let wanted = words(&text.replace('"', " "));
            let found = query.map(|query| query.phrases().iter().flat_map(|phrase| phrase.words.clone()).collect::<Vec<_>>());
            prop_assert_eq!(found.unwrap_or_default(), wanted.into_iter().take(MOST_SOUGHT).collect::<Vec<_>>());
        }
    }
}
