//! `/contacts/import`: contacts from CSV, as a file of a form or as it is, stored while it arrives; or a list as JSON.
//! What is there already is an error of its line, so sending a file again adds only what is missing.

use actix_multipart::Multipart;
use actix_web::{
    HttpRequest, HttpResponse,
    http::header::CONTENT_TYPE,
    web::{self, Payload},
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt};
use patchbay_domain::ContactId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Answer, Error,
    contact_errors::FORM,
    csv_reader::{CsvReader, NoHeader, Read},
    ok,
};
use crate::{
    api::{
        description::Described,
        endpoint::{Endpoint, post},
        media::unreadable,
        problem::Problem,
        repeatable::Longest,
        webhook,
    },
    app::App,
    auth::Principal,
    service::{
        ServiceError,
        contact_imports::{Importing, NotImported, Report, Row},
        media,
    },
};

/// A million lines, with room around them.
const LARGEST: usize = 256 << 20;

pub fn endpoints() -> Vec<Described> {
    let of = |endpoint: Endpoint| {
        let described = endpoint.takes_up_to(Longest::Bytes(LARGEST)).does("Import contacts from CSV");
        described.takes_bytes().answers::<Answer<Imported>>()
    };
    vec![of(post("/contacts/import/csv", import)), of(post("/contacts/import", import))]
}

#[derive(Deserialize)]
struct ListBody {
    contacts: Vec<RowBody>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RowBody {
    phone_number: Option<String>,
    name: Option<String>,
    email: Option<String>,
    company: Option<String>,
    notes: Option<String>,
    tags: Option<Vec<String>>,
}

impl From<RowBody> for Row {
    fn from(body: RowBody) -> Self {
        let RowBody { phone_number, name, email, company, notes, tags } = body;
        Self {
            phone_number: phone_number.unwrap_or_default(),
            name: name.unwrap_or_default(),
            email: email.unwrap_or_default(),
            company: company.unwrap_or_default(),
            notes: notes.unwrap_or_default(),
            tags: tags.unwrap_or_default(),
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Imported {
    created: u64,
    created_count: u64,
    errors: u64,
    /// The first thousand of each.
    error_details: Vec<Wrong>,
    created_contacts: Vec<CreatedContact>,
    /// All errors as CSV, where there are more: corrected, it can be imported again.
    errors_url: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ImportError")]
struct Wrong {
    line: u64,
    data: Data,
    error: String,
}

#[derive(Serialize, JsonSchema)]
struct CreatedContact {
    id: ContactId,
    #[serde(flatten)]
    data: Data,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ImportedRow")]
struct Data {
    phone_number: String,
    name: String,
    email: String,
    company: String,
    notes: String,
    tags: Vec<String>,
}

impl From<Row> for Data {
    fn from(row: Row) -> Self {
        let Row { phone_number, name, email, company, notes, tags } = row;
        Self { phone_number, name, email, company, notes, tags }
    }
}

impl Imported {
    fn of(app: &App, report: Report) -> Self {
        let Report { created, errors, named, named_errors, error_file } = report;
        let wrong = |NotImported { line, row, problem }| Wrong { line, data: row.into(), error: problem };
        Self {
            created,
            created_count: created,
            errors,
            error_details: named_errors.into_iter().map(wrong).collect(),
            created_contacts: named.into_iter().map(|(id, row)| CreatedContact { id, data: row.into() }).collect(),
            errors_url: error_file.map(|id| media::address(app, id)),
        }
    }
}

async fn import(
    app: web::Data<App>,
    principal: Principal,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let mut importing = Importing::begin(&app, &principal, FORM);
    let taken = match kind(&request) {
        Kind::Form => of_form(&mut importing, &request, payload).await,
        Kind::Json => of_list(&app, &mut importing, &request, payload).await,
        Kind::Csv => of_csv(&mut importing, payload.map_err(|error| error.to_string())).await,
    };
    let finished = importing.finish().await;
    match taken {
        Ok(()) => Ok(ok(&Imported::of(&app, finished?))),
        Err(Failed::Service(error)) => Err(error.into()),
        Err(Failed::Request(problem)) => {
            let created = finished?.created;
            let told = match created {
                0 => problem.message.clone(),
                _ => format!(
                    "{}; {created} before that were added, and sending the file again adds only what is missing",
                    problem.message
                ),
            };
            Err(Problem { message: told, ..*problem }.into())
        }
    }
}

enum Kind {
    Form,
    Json,
    Csv,
}

fn kind(request: &HttpRequest) -> Kind {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "multipart/form-data" => Kind::Form,
        "application/json" => Kind::Json,
        _ => Kind::Csv,
    }
}

/// Why a file was not taken to its end.
enum Failed {
    Request(Box<Problem>),
    Service(ServiceError),
}

impl From<ServiceError> for Failed {
    fn from(error: ServiceError) -> Self {
        Self::Service(error)
    }
}

impl From<Problem> for Failed {
    fn from(problem: Problem) -> Self {
        Self::Request(Box::new(problem))
    }
}

impl From<NoHeader> for Failed {
    fn from(error: NoHeader) -> Self {
        Problem::from(ServiceError::invalid("file", error.to_string())).into()
    }
}

async fn of_form(importing: &mut Importing<'_>, request: &HttpRequest, payload: Payload) -> Result<(), Failed> {
    let mut form = Multipart::new(request.headers(), payload);
    while let Some(field) = form.try_next().await.map_err(|error| unreadable(&error))? {
        if field.name() == Some("file") {
            return of_csv(importing, field.map_err(|error| error.to_string())).await;
        }
    }
    Err(Problem::from(ServiceError::invalid("file", "is required: the CSV file of a form")).into())
}

async fn of_list(
    app: &App,
    importing: &mut Importing<'_>,
    request: &HttpRequest,
    payload: Payload,
) -> Result<(), Failed> {
    let body = webhook::read(request, payload, app.config.server.json_body_bytes).await?;
    let list: ListBody = serde_json::from_slice(&body)
        .map_err(|error| Problem::malformed(format!("the body is not the JSON object it should be: {error}")))?;
    for (line, row) in (1..).zip(list.contacts) {
        importing.take(line, Ok(row.into())).await?;
    }
    Ok(())
}

async fn of_csv(
    importing: &mut Importing<'_>,
    mut bytes: impl Stream<Item = Result<Bytes, String>> + Unpin,
) -> Result<(), Failed> {
    let (mut reader, mut rows, mut length): (_, Vec<Read>, usize) = (CsvReader::fresh(), Vec::new(), 0);
    while let Some(chunk) = bytes.next().await {
        let chunk = chunk.map_err(|error| Problem::malformed(format!("the file could not be read: {error}")))?;
        length += chunk.len();
        if length > LARGEST {
            return Err(Problem::from(ServiceError::TooLarge).into());
        }
        let read = reader.read(&chunk, &mut rows);
        take(importing, &mut rows).await?;
        read?;
    }
    let read = reader.finish(&mut rows);
    take(importing, &mut rows).await?;
    Ok(read?)
}

async fn take(importing: &mut Importing<'_>, rows: &mut Vec<Read>) -> Result<(), ServiceError> {
    for (line, row) in rows.drain(..) {
        importing.take(line, row).await?;
    }
    Ok(())
}
