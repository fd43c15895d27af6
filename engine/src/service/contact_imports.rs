//! Adding contacts from a long list: they come one by one and are stored in
//! batches, and what could not be taken is counted and in part named; where there is more of it, all of it is in a file.

mod error_file;

pub use error_file::Form;
use patchbay_domain::{ContactId, MediaId};
use patchbay_store::address_book::{AddedContact, NewContact};
use serde_json::{Value, json};

use self::error_file::ErrorFile;
use super::{
    FieldProblem, ServiceError,
    address_book::{ContactDraft, MOST_TAGS, refusal},
    audit::{Action, Entity},
    fields::FromText,
};
use crate::{app::App, auth::Principal};

/// Contacts stored in one transaction.
const BATCH: usize = 1_000;
/// Of those that were added, and of those that were not, so many are named.
const NAMED: usize = 1_000;

/// A contact as a list has it; what is empty is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    pub phone_number: String,
    pub name: String,
    pub email: String,
    pub company: String,
    pub notes: String,
    pub tags: Vec<String>,
}

#[derive(Debug)]
pub struct NotImported {
    /// Where in the list it stands, as people count lines.
    pub line: u64,
    pub row: Row,
    pub problem: String,
}

/// What became of a list.
#[derive(Debug, Default)]
pub struct Report {
    pub created: u64,
    pub errors: u64,
    /// The first of them.
    pub named: Vec<(ContactId, Row)>,
    pub named_errors: Vec<NotImported>,
    /// All of them, where more are than are named.
    pub error_file: Option<MediaId>,
}

/// A list that is being imported.
pub struct Importing<'a> {
    app: &'a App,
    principal: &'a Principal,
    batch: Vec<(u64, Row, NewContact)>,
    report: Report,
    form: Form,
    error_file: Option<ErrorFile>,
}

impl<'a> Importing<'a> {
    /// `form` is how errors are written into their file.
    pub fn begin(app: &'a App, principal: &'a Principal, form: Form) -> Self {
        let (batch, report) = (Vec::with_capacity(BATCH), Report::default());
        Self { app, principal, batch, report, form, error_file: None }
    }

    /// The next of the list, or why it cannot be read.
    pub async fn take(&mut self, line: u64, row: Result<Row, String>) -> Result<(), ServiceError> {
        let read = match row {
            Ok(row) => match read(&row) {
                Ok(draft) => Ok((row, draft)),
                Err(error) => Err((row, error.to_string())),
            },
            Err(problem) => Err((Row::default(), problem)),
        };
        match read {
            Ok((row, draft)) => {
                let new = draft.with_id(ContactId::at((self.app.clock)()));
                self.batch.push((line, row, new));
            }
            Err((row, problem)) => self.refuse(NotImported { line, row, problem }).await,
        }
        if self.batch.len() >= BATCH { self.store().await } else { Ok(()) }
    }

    async fn refuse(&mut self, refused: NotImported) {
        self.report.errors += 1;
        if self.report.named_errors.len() < NAMED {
            self.report.named_errors.push(refused);
            return;
        }
        if self.error_file.is_none() {
            let mut file = ErrorFile::begin(&self.app.media, self.principal.organisation_id, self.form);
            for named in &self.report.named_errors {
                file.add(named).await;
            }
            self.error_file = Some(file);
        }
        if let Some(file) = &mut self.error_file {
            file.add(&refused).await;
        }
    }

    async fn store(&mut self) -> Result<(), ServiceError> {
        let batch = std::mem::take(&mut self.batch);
        if batch.is_empty() {
            return Ok(());
        }
        let (mut places, mut new) = (Vec::with_capacity(batch.len()), Vec::with_capacity(batch.len()));
        for (line, row, contact) in batch {
            places.push((line, row));
            new.push(contact);
        }
        let (organisation, now) = (self.principal.organisation_id, (self.app.clock)());
        let added = self.app.store.add_contacts(organisation, &new, None, now).await?;
        for ((line, row), added) in places.into_iter().zip(added) {
            match added {
                AddedContact::New(id) => {
                    self.report.created += 1;
                    if self.report.named.len() < NAMED {
                        self.report.named.push((id, row));
                    }
                }
                refused => self.refuse(NotImported { line, row, problem: refusal(refused).to_string() }).await,
            }
        }
        Ok(())
    }

    /// Stores the rest, and writes down who added what. Nothing of what was taken is lost, whatever comes of the rest of
    /// the list.
    pub async fn finish(mut self) -> Result<Report, ServiceError> {
        let stored = self.store().await;
        self.report.named_errors.sort_by_key(|refused| refused.line);
        if let Some(file) = self.error_file.take() {
            self.report.error_file = file.finish().await;
        }
        let Report { created, errors, .. } = &self.report;
        let audit = self.principal.did(Action::Create, Entity::Contact, self.principal.organisation_id);
        let audit = audit.with_change(Value::Null, json!({"contactsImported": created, "errors": errors}));
        self.app.store.audit(&audit, (self.app.clock)()).await?;
        stored.map(|()| self.report)
    }
}

fn read(row: &Row) -> Result<ContactDraft, ServiceError> {
    let mut problems = Vec::new();
    let mut note = |field: &str, problem: String| problems.push(FieldProblem { field: field.to_owned(), problem });
    let phone = given(&row.phone_number).map(FromText::from_text);
    let phone = phone.unwrap_or_else(|| Err("is required".to_owned()));
    let phone = phone.map_err(|problem| note("phoneNumber", problem));
    let name = optional(&row.name).map_err(|problem| note("name", problem));
    let email = optional(&row.email).map_err(|problem| note("email", problem));
    let company = optional(&row.company).map_err(|problem| note("company", problem));
    let notes = optional(&row.notes).map_err(|problem| note("notes", problem));
    let tags: Result<Vec<_>, _> = row.tags.iter().map(|tag| FromText::from_text(tag)).collect();
    let tags = match tags {
        Ok(tags) if tags.len() > MOST_TAGS => Err(format!("must be at most {MOST_TAGS}")),
        tags => tags,
    };
    let tags = tags.map_err(|problem| note("tags", problem));
    let draft = || -> Result<ContactDraft, ()> {
        Ok(ContactDraft { phone: phone?, name: name?, email: email?, company: company?, notes: notes?, tags: tags? })
    };
    draft().map_err(|()| ServiceError::Invalid(problems))
}

fn given(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

fn optional<T: FromText>(text: &str) -> Result<Option<T>, String> {
    given(text).map(T::from_text).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_everything_that_is_wrong_with_it() {
        let row = Row {
            phone_number: "12".into(),
            email: "x".into(),
            tags: vec![String::new()],
            name: " Ann ".into(),
            ..Row::default()
        };
        let told = read(&row).unwrap_err().to_string();
        assert_eq!(
            told,
            "phoneNumber: must be a telephone number with its country, such as +4915112345678; \
             email: must be an e-mail address; tags: must not be empty"
        );
        assert_eq!(read(&Row::default()).unwrap_err().to_string(), "phoneNumber: is required");
        let good = Row { phone_number: "+49 151 12345678".into(), name: " Ann ".into(), ..Row::default() };
        let draft = read(&good).unwrap();
        assert_eq!((draft.phone.as_str(), draft.name.unwrap().as_str()), ("+4915112345678", "Ann"));
    }
}
