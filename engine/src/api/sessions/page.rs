//! Parts of lists: `limit` and `offset`, or what follows a `cursor`. Messages come fifty at a time unless it is said;
//! lists that front ends never page come whole, up to a cap.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::Many;
use crate::{
    api::fields::{Check, Noted},
    service::{
        ServiceError,
        page::{Cursor, LONGEST, Listed, NoCursor, Part},
    },
};

pub const LIMIT: u32 = 50;

#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct PageQuery {
    /// From 1 to 1000
    limit: Option<String>,
    /// From 0
    offset: Option<String>,
    /// What an answer named as `next_cursor`
    cursor: Option<String>,
}

impl PageQuery {
    /// The part, where nothing else of the query can be wrong.
    pub fn part<C: Cursor>(self, usual: u32) -> Result<Part<C>, ServiceError> {
        let mut check = Check::default();
        let part = self.read(&mut check, usual);
        check.finish(|| part)
    }

    pub fn read<C: Cursor>(self, check: &mut Check, usual: u32) -> Result<Part<C>, Noted> {
        let Self { limit, offset, cursor } = self;
        let limit = check.parsed::<u32>("limit", limit, "a number from 1 to 1000");
        let offset = check.parsed::<u32>("offset", offset, "a number from 0");
        let (limit, offset) = (limit?.unwrap_or(usual), offset?);
        if !(1..=LONGEST).contains(&limit) {
            return Err(check.note("limit", "must be a number from 1 to 1000"));
        }
        match (cursor.filter(|cursor| !cursor.is_empty()), offset) {
            (Some(_), Some(_)) => Err(check.note("cursor", "cannot be combined with offset")),
            (Some(cursor), None) => match C::read(&cursor) {
                Some(cursor) => Ok(Part::After { cursor, limit }),
                None => Err(check.note("cursor", "must be one that an answer gave")),
            },
            (None, offset) => Ok(Part::From { offset: offset.unwrap_or(0), limit }),
        }
    }
}

pub fn answer<T, U: Serialize>(listed: Listed<T>, show: impl Fn(T) -> U) -> Many<U> {
    let Listed { items, total, next } = listed;
    Many { success: true, data: items.into_iter().map(show).collect(), total: Some(total), next_cursor: next }
}

/// A part of a list that is at hand as a whole.
pub fn of_all<T: Serialize>(query: PageQuery, all: Vec<T>) -> Result<Many<T>, ServiceError> {
    let part = query.part::<NoCursor>(LONGEST)?;
    let total = u64::try_from(all.len()).unwrap_or(u64::MAX);
    let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let items = all.into_iter().skip(count(part.offset())).take(count(part.limit())).collect();
    Ok(answer(Listed { items, total, next: None }, |item| item))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(limit: Option<&str>, offset: Option<&str>) -> Result<Part<NoCursor>, String> {
        let text = |text: Option<&str>| text.map(ToOwned::to_owned);
        let query = PageQuery { limit: text(limit), offset: text(offset), cursor: None };
        query.part(LIMIT).map_err(|error| error.to_string())
    }

    #[test]
    fn fifty_come_unless_it_is_said() {
        assert_eq!(read(None, None), Ok(Part::From { offset: 0, limit: 50 }));
        assert_eq!(read(Some("7"), Some("14")), Ok(Part::From { offset: 14, limit: 7 }));
        for (limit, offset) in [(Some("0"), None), (Some("1001"), None), (None, Some("-1")), (Some("x"), None)] {
            assert!(read(limit, offset).is_err(), "{limit:?} {offset:?}");
        }
    }

    #[test]
    fn short_lists_come_whole() {
        let query = |limit: Option<&str>| PageQuery { limit: limit.map(ToOwned::to_owned), ..PageQuery::default() };
        let of = |limit| of_all(query(limit), vec![1, 2, 3]).unwrap();
        assert_eq!((of(None).data, of(None).total), (vec![1, 2, 3], Some(3)));
        assert_eq!((of(Some("2")).data, of(Some("2")).total), (vec![1, 2], Some(3)));
    }
}
