//! Macros: answers that are written once, with places for what differs.

use patchbay_domain::{MacroId, TicketId, variables};
use patchbay_store::{
    StoreError,
    macros::{Macro, MacroUpdate, NewMacro},
};
use serde_json::{Value, json};

use super::{
    ServiceError, WriteId,
    audit::{Action, Entity},
    fields::{MessageText, Name},
    organisations, tickets, users,
};
use crate::{app::App, auth::Principal};

#[derive(Debug)]
pub struct CreateMacro {
    pub name: Name,
    pub content: MessageText,
}

/// `None` leaves it.
#[derive(Debug, Default)]
pub struct ChangeMacro {
    pub name: Option<Name>,
    pub content: Option<MessageText>,
}

pub async fn list(app: &App, principal: &Principal) -> Result<Vec<Macro>, ServiceError> {
    Ok(app.store.macros(principal.organisation_id).await?)
}

pub async fn get(app: &App, principal: &Principal, id: MacroId) -> Result<Macro, ServiceError> {
    app.store.macro_of(principal.organisation_id, id).await?.ok_or(ServiceError::NotFound("macro"))
}

pub async fn create(
    app: &App,
    principal: &Principal,
    write: WriteId,
    create: CreateMacro,
) -> Result<Macro, ServiceError> {
    let CreateMacro { name, content } = create;
    let id = MacroId::from(write.id);
    if write.repeated
        && let Some(made) = app.store.macro_of(principal.organisation_id, id).await?
    {
        return Ok(made);
    }
    let new = NewMacro {
        id,
        organisation_id: principal.organisation_id,
        name: name.into_string(),
        content: content.into_string(),
        created_by: principal.user_id,
    };
    let after = json!({"name": new.name, "content": new.content});
    let audit = principal.did(Action::Create, Entity::Macro, id).with_change(Value::Null, after);
    app.store.create_macro(&new, &audit, (app.clock)()).await.map_err(taken)?;
    get(app, principal, id).await
}

/// Only whoever wrote it may change it.
pub async fn update(app: &App, principal: &Principal, id: MacroId, change: ChangeMacro) -> Result<Macro, ServiceError> {
    let known = get(app, principal, id).await?;
    if known.created_by != principal.user_id {
        return Err(ServiceError::Forbidden("only whoever wrote a macro may change it".to_owned()));
    }
    let update =
        MacroUpdate { name: change.name.map(Name::into_string), content: change.content.map(MessageText::into_string) };
    let after = json!({
        "name": update.name.as_ref().unwrap_or(&known.name),
        "content": update.content.as_ref().unwrap_or(&known.content),
    });
    let audit = principal.did(Action::Update, Entity::Macro, id).with_change(shown(&known), after);
    let organisation = principal.organisation_id;
    if !app.store.update_macro(organisation, id, &update, &audit, (app.clock)()).await.map_err(taken)? {
        return Err(ServiceError::NotFound("macro"));
    }
    get(app, principal, id).await
}

/// Whoever wrote it, and administrators.
pub async fn delete(app: &App, principal: &Principal, id: MacroId) -> Result<(), ServiceError> {
    let known = get(app, principal, id).await?;
    if known.created_by != principal.user_id && !principal.role.is_admin() {
        let sentence = "only whoever wrote a macro and administrators may delete it";
        return Err(ServiceError::Forbidden(sentence.to_owned()));
    }
    let audit = principal.did(Action::Delete, Entity::Macro, id).with_change(shown(&known), Value::Null);
    if !app.store.delete_macro(principal.organisation_id, id, &audit, (app.clock)()).await? {
        return Err(ServiceError::NotFound("macro"));
    }
    Ok(())
}

/// What a macro says in this ticket.
pub async fn applied(
    app: &App,
    principal: &Principal,
    id: MacroId,
    ticket: TicketId,
) -> Result<MessageText, ServiceError> {
    let known = app.store.macro_of(principal.organisation_id, id).await?;
    let known = known.ok_or(ServiceError::NotFound("macro"))?;
    let ticket = tickets::get(app, principal, ticket).await?;
    let organisation = organisations::get(app, principal).await?;
    let agent = users::get(app, principal, principal.user_id).await?;
    let ticket_id = ticket.ticket.id.to_string();
    let first_name = |name: &'_ str| name.split_whitespace().next().unwrap_or_default().to_owned();
    let (customer_first, agent_first) = (first_name(&ticket.customer_name), first_name(&agent.name));
    let text = variables::render(&known.content, |name| {
        Some(match name {
            "name" | "customer.name" => &ticket.customer_name,
            "customer.firstName" => &customer_first,
            "agent.name" => &agent.name,
            "agent.firstName" => &agent_first,
            "agent.email" => agent.email.as_deref().unwrap_or_default(),
            "ticket.id" => &ticket_id,
            "ticket.subject" => &ticket.ticket.subject,
            "channel.name" => &ticket.channel_name,
            "organisation.name" => &organisation.name,
            _ => return None,
        })
    });
    let text = text.map_err(|unknown| ServiceError::invalid("macroId", unknown.to_string()))?;
    super::fields::FromText::from_text(&text).map_err(|problem: String| ServiceError::invalid("macroId", problem))
}

fn shown(known: &Macro) -> Value {
    json!({"name": known.name, "content": known.content})
}

fn taken(error: StoreError) -> ServiceError {
    match error {
        StoreError::Conflict(_) => ServiceError::conflict("NAME_TAKEN", "a macro of this name exists already"),
        error => error.into(),
    }
}
