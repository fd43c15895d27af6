//! Pages: with `page` or `limit` twenty at a time, with neither everything up to
//! a cap, with `cursor` what follows. The body is the bare list; `X-Total-Count`,
//! `Link` and `X-Next-Cursor` tell the rest.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{HeaderName, LINK},
};
use patchbay_store::notifications::COUNTED;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use super::Error;
use crate::{
    api::fields::{Check, Noted},
    service::{
        ServiceError,
        page::{Cursor, LONGEST, Listed, NoCursor, Part},
    },
};

const LIMIT: u32 = 20;
const TOTAL: HeaderName = HeaderName::from_static("x-total-count");
const NEXT: HeaderName = HeaderName::from_static("x-next-cursor");

#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct PageQuery {
    /// From 1
    page: Option<String>,
    /// At most 1000; 20 where only `page` is given
    limit: Option<String>,
    offset: Option<String>,
    /// What an answer named in `X-Next-Cursor`
    cursor: Option<String>,
}

impl PageQuery {
    /// The part, where nothing else of the query can be wrong.
    pub fn part<C: Cursor>(self) -> Result<Part<C>, ServiceError> {
        let mut check = Check::default();
        let part = self.read(&mut check);
        check.finish(|| part)
    }

    pub fn read<C: Cursor>(self, check: &mut Check) -> Result<Part<C>, Noted> {
        let Self { page, limit, offset, cursor } = self;
        let number = check.parsed::<u32>("page", page, "a number from 1");
        let limit = check.parsed::<u32>("limit", limit, "a number from 1 to 1000");
        let offset = check.parsed::<u32>("offset", offset, "a number from 0");
        let (number, limit, offset) = (number?, limit?, offset?);
        if number == Some(0) {
            return Err(check.note("page", "must be a number from 1"));
        }
        if limit.is_some_and(|limit| !(1..=LONGEST).contains(&limit)) {
            return Err(check.note("limit", "must be a number from 1 to 1000"));
        }
        let has_place = cursor.as_ref().is_some_and(|cursor| !cursor.is_empty()) || number.is_some();
        if offset.is_some() && has_place {
            return Err(check.note("offset", "cannot be combined with page or cursor"));
        }
        if let Some(offset) = offset {
            return Ok(Part::From { offset, limit: limit.unwrap_or(LIMIT) });
        }
        match (cursor.filter(|cursor| !cursor.is_empty()), number, limit) {
            (Some(cursor), None, limit) => match C::read(&cursor) {
                Some(cursor) => Ok(Part::After { cursor, limit: limit.unwrap_or(LIMIT) }),
                None => Err(check.note("cursor", "must be one that an answer gave")),
            },
            (Some(_), Some(_), _) => Err(check.note("cursor", "cannot be combined with page")),
            (None, None, None) => Ok(Part::All),
            (None, number, limit) => Ok(Part::Page { number: number.unwrap_or(1), limit: limit.unwrap_or(LIMIT) }),
        }
    }
}

/// The answer with a part of a list.
pub fn answer<C, T, U: Serialize>(
    request: &HttpRequest,
    part: &Part<C>,
    listed: Listed<T>,
    show: impl Fn(T) -> U,
) -> HttpResponse {
    let Listed { items, total, next } = listed;
    let mut answer = HttpResponse::Ok();
    answer.insert_header((TOTAL, total.to_string()));
    let links = links(request, part, total, next.as_deref());
    if !links.is_empty() {
        answer.insert_header((LINK, links.join(", ")));
    }
    if let Some(next) = next {
        answer.insert_header((NEXT, next));
    }
    answer.json(items.into_iter().map(show).collect::<Vec<_>>())
}

/// The answer with a part of a list that is at hand as a whole.
pub fn of_all<T: Serialize>(request: &HttpRequest, query: PageQuery, all: Vec<T>) -> Result<HttpResponse, Error> {
    let part = query.part::<NoCursor>()?;
    let total = u64::try_from(all.len()).unwrap_or(u64::MAX);
    let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let items = all.into_iter().skip(count(part.offset())).take(count(part.limit())).collect();
    Ok(answer(request, &part, Listed { items, total, next: None }, |item: T| item))
}

fn links<C>(request: &HttpRequest, part: &Part<C>, total: u64, next: Option<&str>) -> Vec<String> {
    let Part::Page { number, limit } = *part else {
        return next.map(|cursor| link(request, "next", ("cursor", cursor))).into_iter().collect();
    };
    // Of a list that was not counted to its end, nobody knows the last page: the next one is there while this one is full.
    let is_counted = total != u64::from(COUNTED);
    let last = u32::try_from(total.div_ceil(u64::from(limit))).unwrap_or(u32::MAX).max(1);
    let page = |relation, number: u32| link(request, relation, ("page", &number.to_string()));
    let mut links = vec![page("first", 1)];
    if number > 1 {
        links.push(page("prev", if is_counted { (number - 1).min(last) } else { number - 1 }));
    }
    if number < last || (!is_counted && next.is_some()) {
        links.push(page("next", number.saturating_add(1)));
    }
    if is_counted {
        links.push(page("last", last));
    }
    links
}

/// The same request for another part.
fn link(request: &HttpRequest, relation: &str, (name, value): (&str, &str)) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (known, value) in form_urlencoded::parse(request.query_string().as_bytes()) {
        if !["page", "cursor", "offset"].contains(&known.as_ref()) {
            query.append_pair(&known, &value);
        }
    }
    let query = query.append_pair(name, value).finish();
    format!("<{}?{query}>; rel=\"{relation}\"", request.path())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use patchbay_store::messages::MessageCursor;

    use super::*;

    fn read(page: Option<&str>, limit: Option<&str>, cursor: Option<&str>) -> Result<Part<MessageCursor>, String> {
        let text = |text: Option<&str>| text.map(ToOwned::to_owned);
        let query = PageQuery { page: text(page), limit: text(limit), offset: None, cursor: text(cursor) };
        let mut check = Check::default();
        let part = query.read(&mut check);
        check.finish(|| part).map_err(|error: ServiceError| error.to_string())
    }

    #[test]
    fn without_a_page_everything_is_meant() {
        assert_eq!(read(None, None, None), Ok(Part::All));
        assert_eq!(read(Some("2"), None, None), Ok(Part::Page { number: 2, limit: 20 }));
        assert_eq!(read(None, Some("5"), None), Ok(Part::Page { number: 1, limit: 5 }));
        assert!(matches!(read(None, Some("5"), Some("1000000.7")), Ok(Part::After { limit: 5, .. })));
    }

    #[test]
    fn an_offset_stands_alone() {
        let read = |query: &str| {
            let query = actix_web::web::Query::<PageQuery>::from_query(query).unwrap().into_inner();
            query.part::<NoCursor>().map_err(|error| error.to_string())
        };
        assert_eq!(read("offset=30&limit=7"), Ok(Part::From { offset: 30, limit: 7 }));
        assert_eq!(read("offset=1&page=2"), Err("offset: cannot be combined with page or cursor".into()));
    }

    #[test]
    fn wrong_numbers_are_told() {
        assert_eq!(read(Some("0"), None, None), Err("page: must be a number from 1".into()));
        assert_eq!(read(Some("x"), None, None), Err("page: must be a number from 1".into()));
        assert_eq!(read(None, Some("1001"), None), Err("limit: must be a number from 1 to 1000".into()));
        assert_eq!(read(None, None, Some("x")), Err("cursor: must be one that an answer gave".into()));
        assert!(read(Some("1"), None, Some("1000000.7")).is_err());
    }

    #[test]
    fn links_keep_the_filters() {
        let request = TestRequest::with_uri("/orgs/1/tickets?status=OPEN&page=2&limit=10").to_http_request();
        let links = links(&request, &Part::<NoCursor>::Page { number: 2, limit: 10 }, 25, None);
        assert_eq!(
            links,
            [
                "</orgs/1/tickets?status=OPEN&limit=10&page=1>; rel=\"first\"",
                "</orgs/1/tickets?status=OPEN&limit=10&page=1>; rel=\"prev\"",
                "</orgs/1/tickets?status=OPEN&limit=10&page=3>; rel=\"next\"",
                "</orgs/1/tickets?status=OPEN&limit=10&page=3>; rel=\"last\"",
            ]
        );
    }

    #[test]
    fn what_follows_an_offset_is_asked_for_by_its_cursor_alone() {
        let request = TestRequest::with_uri("/orgs/1/audit-logs?limit=2&offset=4").to_http_request();
        let links = links(&request, &Part::<NoCursor>::From { offset: 4, limit: 2 }, 9, Some("1.x"));
        assert_eq!(links, ["</orgs/1/audit-logs?limit=2&cursor=1.x>; rel=\"next\""]);
    }

    #[test]
    fn a_list_that_was_not_counted_to_its_end_goes_on() {
        let request = TestRequest::with_uri("/orgs/1/tickets?page=500&limit=20").to_http_request();
        let relations = |total, next| {
            let links = links(&request, &Part::<NoCursor>::Page { number: 500, limit: 20 }, total, next);
            let relation = |link: &String| link.split("rel=").nth(1).unwrap().trim_matches('"').to_owned();
            links.iter().map(relation).collect::<Vec<_>>()
        };
        assert_eq!(relations(10_000, Some("more")), ["first", "prev", "next"]);
        assert_eq!(relations(10_000, None), ["first", "prev"]);
        assert_eq!(relations(10_001, Some("more")), ["first", "prev", "next", "last"]);
    }

    #[actix_web::test]
    async fn a_short_list_is_cut_into_pages_too() {
        let request = TestRequest::with_uri("/orgs/1/users?page=2&limit=2").to_http_request();
        let query = PageQuery { page: Some("2".into()), limit: Some("2".into()), offset: None, cursor: None };
        let answer = of_all(&request, query, vec![1, 2, 3]).unwrap();
        assert_eq!(answer.headers().get("x-total-count").unwrap(), "3");
        let body = actix_web::body::to_bytes(answer.into_body()).await.unwrap();
        assert_eq!(body, "[3]");
    }
}
