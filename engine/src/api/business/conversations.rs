//! `/conversations`: lists, reading, and what people mark.

use actix_web::{HttpResponse, web};
use patchbay_domain::{ConversationId, UserId, conversation::ConversationStatus};
use patchbay_store::{
    history::Span,
    listing::{ConversationFilter, Order},
    marks::Marks,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Answer, Done, Error, Id, done,
    message_view::Message,
    ok,
    page::{LIMIT, PageQuery, Pagination},
    views::Conversation,
    words::{STATUSES, statuses, word},
};
use crate::{
    api::{
        description::Described,
        endpoint::{delete, get, patch},
        fields::{Check, Field, Noted},
    },
    app::App,
    auth::Principal,
    service::{
        ServiceError,
        address_book::MOST_TAGS,
        conversations as service,
        fields::{FromText, Name, Tag},
        page::Part,
    },
};

/// The longest text that is searched for.
pub const LONGEST_SEARCH: usize = 200;
/// So many of the newest messages come with a conversation.
const NEWEST: u32 = 100;
const LONGEST_NAME: usize = 120;

pub fn endpoints() -> Vec<Described> {
    vec![
        get("/conversations", list)
            .does("List conversations")
            .query::<FilterQuery>()
            .query::<PageQuery>()
            .answers::<Answer<Conversations>>(),
        get("/conversations/{id}", show)
            .does("A conversation with its newest messages, which are read by it")
            .answers::<Answer<Thread>>(),
        patch("/conversations/{id}", update)
            .does("Assign a conversation, or change its status, its tags or its contact's name")
            .takes::<UpdateBody>()
            .answers::<Answer<Conversation>>(),
        delete("/conversations/{id}", archive).does("Archive a conversation").answers::<Answer<Done>>(),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct FilterQuery {
    #[schemars(with = "Option<ConversationStatus>")]
    status: Option<String>,
    /// Part of a number or a name
    search: Option<String>,
    #[schemars(with = "Option<UserId>")]
    assigned_to: Option<String>,
}

/// A text that is searched for.
pub fn searched(check: &mut Check, search: Option<String>) -> Result<Option<String>, Noted> {
    let search = search.filter(|text| !text.trim().is_empty());
    if search.as_ref().is_some_and(|text| text.chars().count() > LONGEST_SEARCH) {
        return Err(check.note("search", "must be at most 200 characters long"));
    }
    Ok(search)
}

impl FilterQuery {
    fn read(self, check: &mut Check) -> Result<ConversationFilter, Noted> {
        let Self { status, search, assigned_to } = self;
        let status = word::<ConversationStatus>(check, "status", status, STATUSES);
        let assignee = check.parsed::<UserId>("assignedTo", assigned_to, "a user's id");
        let search = searched(check, search);
        Ok(ConversationFilter {
            search: search?,
            statuses: status?.map(statuses).unwrap_or_default(),
            assignee_id: assignee?,
            ..ConversationFilter::default()
        })
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "UpdateConversation")]
struct UpdateBody {
    #[serde(default)]
    status: Field<ConversationStatus>,
    /// Null: nobody
    #[serde(default)]
    assigned_to: Field<String>,
    #[serde(default)]
    tags: Field<Vec<String>>,
    #[serde(default)]
    contact_name: Field<String>,
}

impl UpdateBody {
    fn read(self) -> Result<Marks, ServiceError> {
        let Self { status, assigned_to, tags, contact_name } = self;
        let mut check = Check::default();
        let status = check.value("status", status);
        let assignee = match check.nullable("assignedTo", assigned_to) {
            // The front end clears a choice with an empty text.
            Ok(Some(None)) => Ok(Some(None)),
            Ok(Some(Some(text))) if text.is_empty() => Ok(Some(None)),
            Ok(Some(Some(text))) => check.parsed::<UserId>("assignedTo", Some(text), "a user's id").map(Some),
            Ok(None) => Ok(None),
            Err(noted) => Err(noted),
        };
        let tags = check.value("tags", tags).and_then(|list| list.map(|list| read_tags(&mut check, &list)).transpose());
        let name = check.optional::<Name>("contactName", contact_name);
        if let Ok(Some(name)) = &name
            && name.as_str().chars().count() > LONGEST_NAME
        {
            check.note("contactName", "must be at most 120 characters long");
        }
        check.finish(|| {
            Ok(Marks {
                status: status?,
                assignee_id: assignee?,
                tags: tags?.map(|tags| tags.into_iter().map(Tag::into_string).collect()),
                contact_name: name?.map(Name::into_string),
            })
        })
    }
}

/// Each once.
pub fn read_tags(check: &mut Check, list: &[String]) -> Result<Vec<Tag>, Noted> {
    if list.len() > MOST_TAGS {
        return Err(check.note("tags", format!("must be at most {MOST_TAGS}")));
    }
    let mut tags = Vec::with_capacity(list.len());
    for text in list {
        let tag = Tag::from_text(text).map_err(|problem| check.note("tags", problem))?;
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    Ok(tags)
}

#[derive(Serialize, JsonSchema)]
struct Conversations {
    conversations: Vec<Conversation>,
    pagination: Pagination,
}

#[derive(Serialize, JsonSchema)]
struct Thread {
    #[serde(flatten)]
    conversation: Conversation,
    /// The oldest first.
    messages: Vec<Message>,
}

async fn list(
    app: web::Data<App>,
    principal: Principal,
    filter: web::Query<FilterQuery>,
    page: web::Query<PageQuery>,
) -> Result<HttpResponse, Error> {
    let mut check = Check::default();
    let (filter, part) = (filter.into_inner().read(&mut check), page.into_inner().read(&mut check, LIMIT));
    let (filter, part) = check.finish(|| Ok((filter?, part?)))?;
    let listed = service::list(&app, &principal, &filter, Order::Latest, part).await?;
    let pagination = Pagination::of(&part, &listed);
    let conversations = listed.items.into_iter().map(|shown| shown.conversation.into()).collect();
    Ok(ok(&Conversations { conversations, pagination }))
}

async fn show(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<ConversationId>>,
) -> Result<HttpResponse, Error> {
    service::mark_read(&app, &principal, path.id).await?;
    let part = Part::Page { number: 1, limit: NEWEST };
    let (conversation, listed) = service::history(&app, &principal, path.id, Span::default(), part).await?;
    let messages = listed.items.into_iter().map(|view| Message::of(&app, view, &conversation)).collect();
    Ok(ok(&Thread { messages, conversation: conversation.into() }))
}

async fn update(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<ConversationId>>,
    body: web::Json<UpdateBody>,
) -> Result<HttpResponse, Error> {
    let shown = service::mark(&app, &principal, path.id, body.into_inner().read()?).await?;
    Ok(ok(&Conversation::from(shown.conversation)))
}

/// Nothing is deleted.
async fn archive(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<ConversationId>>,
) -> Result<HttpResponse, Error> {
    let marks = Marks { status: Some(ConversationStatus::Archived), ..Marks::default() };
    service::mark(&app, &principal, path.id, marks).await?;
    Ok(done("the conversation was archived"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(body: Value) -> Result<Marks, String> {
        let body: UpdateBody = serde_json::from_value(body).unwrap();
        body.read().map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_not_mentioned_stays() {
        assert_eq!(read(json!({})), Ok(Marks::default()));
        let cleared = read(json!({"assignedTo": null, "tags": ["a", " a ", "b"]})).unwrap();
        assert_eq!((cleared.assignee_id, cleared.tags), (Some(None), Some(vec!["a".into(), "b".into()])));
        assert_eq!(read(json!({"assignedTo": ""})).unwrap().assignee_id, Some(None));
    }

    #[test]
    fn what_is_wrong_is_told() {
        let told = read(json!({"status": "GONE", "assignedTo": "x", "tags": [""]})).unwrap_err();
        assert!(told.starts_with("status: unknown variant"), "{told}");
        assert!(told.ends_with("assignedTo: must be a user's id; tags: must not be empty"), "{told}");
        assert!(read(json!({"contactName": "x".repeat(121)})).is_err());
    }
}
