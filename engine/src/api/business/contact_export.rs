//! `/contacts/export`: all contacts as CSV, written while it is sent.

use actix_web::{
    HttpResponse,
    http::header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    web,
};
use bytes::Bytes;
use futures_util::stream;
use patchbay_store::address_book::{ContactCard, ContactCursor};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Error, conversations::searched};
use crate::{
    api::{
        description::{Content, Described},
        endpoint::get,
        fields::Check,
    },
    app::App,
    auth::Principal,
    service::{
        ServiceError, address_book,
        page::{LONGEST, Part},
    },
};

pub const COLUMNS: [&str; 7] = ["phoneNumber", "name", "email", "company", "notes", "tags", "createdAt"];
/// What a spreadsheet takes for the begin of a formula.
pub const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

pub fn endpoints() -> Vec<Described> {
    let of = |described: Described| described.query::<ExportQuery>().says(200, Content::Bytes);
    vec![
        of(get("/contacts/export", export).does("Export contacts as CSV")),
        of(get("/contacts/export/csv", export).does("Export contacts as CSV")),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct ExportQuery {
    /// Those of whom this is part of a name, a company, a number or an address
    search: Option<String>,
}

/// How far an export has come.
enum Place {
    Begin,
    After(ContactCursor),
    End,
}

async fn export(
    app: web::Data<App>,
    principal: Principal,
    query: web::Query<ExportQuery>,
) -> Result<HttpResponse, Error> {
    let mut check = Check::default();
    let search = searched(&mut check, query.into_inner().search);
    let search = check.finish(|| search)?;
    let parts = stream::try_unfold(Place::Begin, move |place| {
        let (app, principal, search) = (app.clone(), principal.clone(), search.clone());
        async move { part(&app, &principal, search.as_deref(), place).await.map_err(actix_web::Error::from) }
    });
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"contacts.csv\""))
        .streaming(parts))
}

async fn part(
    app: &App,
    principal: &Principal,
    search: Option<&str>,
    place: Place,
) -> Result<Option<(Bytes, Place)>, Error> {
    let (cursor, mut lines) = match place {
        Place::Begin => (None, vec![COLUMNS.map(str::to_owned)]),
        Place::After(cursor) => (Some(cursor), Vec::new()),
        Place::End => return Ok(None),
    };
    let part = match cursor {
        Some(cursor) => Part::After { cursor, limit: LONGEST },
        None => Part::Page { number: 1, limit: LONGEST },
    };
    let cards = address_book::following(app, principal, search, part).await?;
    let last = cards.last().map(|card| ContactCursor { created_at: card.created_at, id: card.id });
    let is_full = u32::try_from(cards.len()).is_ok_and(|count| count >= LONGEST);
    let next = last.filter(|_| is_full).map_or(Place::End, Place::After);
    lines.extend(cards.into_iter().map(line));
    Ok(Some((written(&lines)?, next)))
}

fn line(card: ContactCard) -> [String; 7] {
    let (phone, email) = (address_book::phone(&card), address_book::email(&card));
    let name = address_book::name(&card).map(str::to_owned);
    let ContactCard { company, notes, details, created_at, .. } = card;
    [
        phone.unwrap_or_default(),
        neutral(name.unwrap_or_default()),
        neutral(email.unwrap_or_default()),
        neutral(company.unwrap_or_default()),
        neutral(notes.unwrap_or_default()),
        serde_json::json!(details.tags).to_string(),
        created_at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
    ]
}

/// What would be a formula is a text: the sign before it is shown by no spreadsheet. A number in E.164 is none.
pub fn neutral(cell: String) -> String {
    if cell.starts_with(FORMULA) { format!("'{cell}") } else { cell }
}

fn written(lines: &[[String; 7]]) -> Result<Bytes, Error> {
    let failed = |error: String| Error::from(ServiceError::Internal(error));
    let mut writer = csv::Writer::from_writer(Vec::new());
    for line in lines {
        writer.write_record(line).map_err(|error| failed(error.to_string()))?;
    }
    writer.into_inner().map(Bytes::from).map_err(|error| failed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_begins_a_formula() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1"] {
            assert!(neutral(formula.to_owned()).starts_with('\''), "{formula}");
        }
        assert_eq!(neutral("Ann = Bea".to_owned()), "Ann = Bea");
    }

    #[test]
    fn cells_are_quoted_where_they_have_to_be() {
        let line = ["+1", "a,b", "c\"d", "e\nf", "", "[]", ""].map(str::to_owned);
        assert_eq!(written(&[line]).unwrap(), "+1,\"a,b\",\"c\"\"d\",\"e\nf\",,[],\n");
    }
}
