//! Pages: fifty at a time by `page` and `pageSize`, or what follows a `cursor`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    api::{
        fields::{Check, Noted},
        pages::Asked,
    },
    service::page::{Cursor, Listed, Part},
};

const SIZE: u32 = 50;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "InboxPageQuery")]
pub struct PageQuery {
    /// From 1
    page: Option<String>,
    /// From 1 to 1000; 50 where it is not given
    page_size: Option<String>,
    /// What an answer named in `meta.nextCursor`
    cursor: Option<String>,
}

/// A part of a list, and where it stands.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Paged<T> {
    pub data: Vec<T>,
    pub meta: Meta,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Meta {
    total: u64,
    page: u32,
    page_size: u32,
    total_pages: u64,
    has_more: bool,
    /// What follows is asked for with it
    next_cursor: Option<String>,
}

impl PageQuery {
    pub fn read<C: Cursor>(self, check: &mut Check) -> Result<Part<C>, Noted> {
        let Self { page, page_size: size, cursor } = self;
        Asked { page, size, cursor }.read(check, "pageSize", SIZE)
    }
}

/// How a list tells where its part stands: all its items counted, and whether more follow.
pub fn meta<C: Copy, T>(part: &Part<C>, listed: &Listed<T>) -> Meta {
    let size = part.limit();
    let before = u64::from(part.offset());
    let here = u64::try_from(listed.items.len()).unwrap_or(u64::MAX);
    let more = match part {
        Part::After { .. } => listed.next.is_some(),
        Part::All | Part::Page { .. } | Part::From { .. } => before.saturating_add(here) < listed.total,
    };
    Meta {
        total: listed.total,
        page: part.offset() / size.max(1) + 1,
        page_size: size,
        total_pages: listed.total.div_ceil(u64::from(size.max(1))),
        has_more: more,
        next_cursor: listed.next.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::page::NoCursor;

    #[test]
    fn a_page_says_whether_more_follow() {
        let listed = |count: usize| Listed { items: vec![(); count], total: 5, next: None };
        let of = |number, count| meta(&Part::<NoCursor>::Page { number, limit: 2 }, &listed(count));
        assert_eq!((of(1, 2).has_more, of(1, 2).total_pages), (true, 3));
        assert_eq!((of(3, 1).has_more, of(3, 1).page), (false, 3));
    }
}
