//! Pages: fifty at a time by `page` and `pageSize`, or what follows a `cursor`.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    api::fields::{Check, Noted},
    service::page::{Cursor, LONGEST, Listed, Part},
};

const SIZE: u32 = 50;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PageQuery {
    page: Option<String>,
    page_size: Option<String>,
    cursor: Option<String>,
}

impl PageQuery {
    pub fn read<C: Cursor>(self, check: &mut Check) -> Result<Part<C>, Noted> {
        let Self { page, page_size, cursor } = self;
        let number = check.parsed::<u32>("page", page, "a number from 1");
        let size = check.parsed::<u32>("pageSize", page_size, "a number from 1 to 1000");
        let (number, size) = (number?, size?.unwrap_or(SIZE));
        if number == Some(0) {
            return Err(check.note("page", "must be a number from 1"));
        }
        if !(1..=LONGEST).contains(&size) {
            return Err(check.note("pageSize", "must be a number from 1 to 1000"));
        }
        match (cursor.filter(|cursor| !cursor.is_empty()), number) {
            (Some(cursor), None) => match C::read(&cursor) {
                Some(cursor) => Ok(Part::After { cursor, limit: size }),
                None => Err(check.note("cursor", "must be one that an answer gave")),
            },
            (Some(_), Some(_)) => Err(check.note("cursor", "cannot be combined with page")),
            (None, number) => Ok(Part::Page { number: number.unwrap_or(1), limit: size }),
        }
    }
}

/// How a list tells where its part stands: all its items counted, and whether more follow.
pub fn meta<C: Copy, T>(part: &Part<C>, listed: &Listed<T>) -> Value {
    let size = part.limit();
    let before = u64::from(part.offset());
    let here = u64::try_from(listed.items.len()).unwrap_or(u64::MAX);
    let more = match part {
        Part::After { .. } => listed.next.is_some(),
        Part::All | Part::Page { .. } | Part::From { .. } => before.saturating_add(here) < listed.total,
    };
    json!({
        "total": listed.total,
        "page": part.offset() / size.max(1) + 1,
        "pageSize": size,
        "totalPages": listed.total.div_ceil(u64::from(size.max(1))),
        "hasMore": more,
        "nextCursor": listed.next,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::{ServiceError, page::NoCursor};

    fn read(page: Option<&str>, size: Option<&str>) -> Result<Part<NoCursor>, String> {
        let text = |text: Option<&str>| text.map(ToOwned::to_owned);
        let mut check = Check::default();
        let part = PageQuery { page: text(page), page_size: text(size), cursor: None }.read(&mut check);
        check.finish(|| part).map_err(|error: ServiceError| error.to_string())
    }

    #[test]
    fn fifty_are_on_a_page_unless_it_is_said() {
        assert_eq!(read(None, None), Ok(Part::Page { number: 1, limit: 50 }));
        assert_eq!(read(Some("3"), Some("7")), Ok(Part::Page { number: 3, limit: 7 }));
        assert!(read(Some("0"), None).is_err() && read(None, Some("1001")).is_err() && read(None, Some("x")).is_err());
    }

    #[test]
    fn a_page_says_whether_more_follow() {
        let listed = |count: usize| Listed { items: vec![(); count], total: 5, next: None };
        let of = |number, count| meta(&Part::<NoCursor>::Page { number, limit: 2 }, &listed(count));
        assert_eq!((&of(1, 2)["hasMore"], &of(1, 2)["totalPages"]), (&json!(true), &json!(3)));
        assert_eq!((&of(3, 1)["hasMore"], &of(3, 1)["page"]), (&json!(false), &json!(3)));
    }
}
