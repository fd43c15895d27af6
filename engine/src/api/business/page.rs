//! Pages: fifty at a time by `page` and `limit`, or what follows a `cursor`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    api::{
        fields::{Check, Noted},
        pages::Asked,
    },
    service::page::{Cursor, Listed, Part},
};

pub const LIMIT: u32 = 50;

#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct PageQuery {
    /// From one
    #[schemars(with = "Option<u32>")]
    page: Option<String>,
    /// At most 1000
    #[schemars(with = "Option<u32>")]
    limit: Option<String>,
    /// What follows the place that an answer gave as `nextCursor`
    cursor: Option<String>,
}

impl PageQuery {
    /// So many at a time, unless it is said.
    pub fn read<C: Cursor>(self, check: &mut Check, usual: u32) -> Result<Part<C>, Noted> {
        let Self { page, limit: size, cursor } = self;
        Asked { page, size, cursor }.read(check, "limit", usual)
    }
}

/// Where a part of a list stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pagination {
    pub page: u32,
    pub limit: u32,
    pub total: u64,
    pub total_pages: u64,
    /// The same, as the front end calls it.
    pub pages: u64,
    pub next_cursor: Option<String>,
}

impl Pagination {
    pub fn of<C, T>(part: &Part<C>, listed: &Listed<T>) -> Self {
        let limit = part.limit().max(1);
        let pages = listed.total.div_ceil(u64::from(limit));
        Self {
            page: part.offset() / limit + 1,
            limit,
            total: listed.total,
            total_pages: pages,
            pages,
            next_cursor: listed.next.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::page::NoCursor;

    #[test]
    fn pages_are_counted() {
        let listed = Listed { items: vec![(); 2], total: 5, next: None };
        let told = Pagination::of(&Part::<NoCursor>::Page { number: 2, limit: 2 }, &listed);
        assert_eq!((told.page, told.total_pages, told.pages), (2, 3, 3));
    }
}
