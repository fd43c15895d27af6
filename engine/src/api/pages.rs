//! What a query says of the part of a list that it wants, where that is a page by its number or what follows a cursor.
//! What the parameters are called, and how many there are on a page, is each dialect's.

use super::fields::{Check, Noted};
use crate::service::page::{Cursor, LONGEST, Part};

/// As the query has it.
pub struct Asked {
    pub page: Option<String>,
    pub size: Option<String>,
    pub cursor: Option<String>,
}

impl Asked {
    /// `called` is the parameter that says how many; with none it is `usual`.
    pub fn read<C: Cursor>(self, check: &mut Check, called: &str, usual: u32) -> Result<Part<C>, Noted> {
        let Self { page, size, cursor } = self;
        let number = check.parsed::<u32>("page", page, "a number from 1");
        let limit = check.parsed::<u32>(called, size, "a number from 1 to 1000");
        let (number, limit) = (number?, limit?.unwrap_or(usual));
        if number == Some(0) {
            return Err(check.note("page", "must be a number from 1"));
        }
        if !(1..=LONGEST).contains(&limit) {
            return Err(check.note(called, "must be a number from 1 to 1000"));
        }
        match (cursor.filter(|cursor| !cursor.is_empty()), number) {
            (Some(cursor), None) => match C::read(&cursor) {
                Some(cursor) => Ok(Part::After { cursor, limit }),
                None => Err(check.note("cursor", "must be one that an answer gave")),
            },
            (Some(_), Some(_)) => Err(check.note("cursor", "cannot be combined with page")),
            (None, number) => Ok(Part::Page { number: number.unwrap_or(1), limit }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::page::NoCursor;

    fn read(page: Option<&str>, size: Option<&str>, cursor: Option<&str>) -> Result<Part<NoCursor>, String> {
        let text = |text: Option<&str>| text.map(ToOwned::to_owned);
        let mut check = Check::default();
        let asked = Asked { page: text(page), size: text(size), cursor: text(cursor) };
        let part = asked.read(&mut check, "limit", 50);
        check.finish(|| part).map_err(|error| error.to_string())
    }

    #[test]
    fn so_many_as_usual_are_on_a_page_unless_it_is_said() {
        assert_eq!(read(None, None, None), Ok(Part::Page { number: 1, limit: 50 }));
        assert_eq!(read(Some("3"), Some("7"), Some("")), Ok(Part::Page { number: 3, limit: 7 }));
        for (page, size, cursor) in
            [(Some("0"), None, None), (None, Some("1001"), None), (None, Some("x"), None), (Some("1"), None, Some("c"))]
        {
            assert!(read(page, size, cursor).is_err(), "{page:?} {size:?} {cursor:?}");
        }
    }
}
