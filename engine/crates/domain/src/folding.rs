//! Names as people search for them: without case and accents.

use unicode_normalization::UnicodeNormalization;

/// What is searched in is cut here, so that it fits into an index.
const LONGEST: usize = 240;

/// The same text for all ways of writing it that a reader takes for the same.
#[must_use]
pub fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len().min(LONGEST));
    for letter in letters(text).take(LONGEST) {
        if !letter.is_whitespace() {
            folded.push(letter);
        } else if !folded.is_empty() && !folded.ends_with(' ') {
            // One space for any.
            folded.push(' ');
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

/// The letters of a text without case and accents, all of them.
pub(crate) fn letters(text: &str) -> impl Iterator<Item = char> {
    let plain = text.nfkd().flat_map(char::to_lowercase).filter(|letter| !is_accent(*letter));
    plain.flat_map(|letter| {
        let spelt = spelt(letter);
        spelt.unwrap_or_default().chars().chain(spelt.is_none().then_some(letter))
    })
}

fn is_accent(letter: char) -> bool {
    // Latin, Greek and Cyrillic; Hebrew and Arabic points.
    matches!(letter, '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5bd}' | '\u{64b}'..='\u{65f}' | '\u{670}')
}

/// Letters that Unicode does not take apart, and readers do.
fn spelt(letter: char) -> Option<&'static str> {
    Some(match letter {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'ı' => "i",
        'þ' => "th",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_accents_do_not_count() {
        for (written, wanted) in [
            ("José Ñandú", "jose nandu"),
            ("JOSE\u{301}", "jose"),
            ("Łukasz Straße", "lukasz strasse"),
            ("İpek Işık", "ipek isik"),
            ("Ｆｕｌｌ", "full"),
            ("  two \u{a0} words ", "two words"),
            ("Ελένη", "ελενη"),
            ("\u{301}", ""),
        ] {
            assert_eq!(folded(written), wanted, "{written}");
        }
    }

    #[test]
    fn folding_twice_changes_nothing_and_ends_somewhere() {
        let long = folded(&"Ünß ".repeat(1_000));
        assert!(long.chars().count() <= LONGEST);
        for text in [long.as_str(), "Æsop", "한국어", "हिन्दी"] {
            assert_eq!(folded(&folded(text)), folded(text), "{text}");
        }
    }
}
