//! What a route is for, whom, what it takes and what it answers: said beside its handler, and shown in the OpenAPI
//! document of its dialect ([`super::docs`]).
//!
//! ```ignore
//! get("/{organisation}/tickets", list).does("List tickets").query::<FilterQuery>().pages::<Ticket>()
//! ```
//!
//! What follows from the route itself is not repeated: the ids in its path, its token, and the refusals of every
//! route of its kind ([`Described::refusals`]).

use std::collections::BTreeSet;

use actix_web::http::Method;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use uuid::Uuid;

use super::{
    endpoint::{Access, Endpoint},
    helpdesk::page::PageQuery,
    problem::Shape,
};

/// A type, as far as a document is concerned.
pub type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

pub fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// A body.
#[derive(Clone, Copy)]
pub enum Content {
    Json(SchemaOf),
    Text,
    /// Of any kind.
    Bytes,
}

/// An endpoint that a described dialect may mount.
pub struct Described {
    pub endpoint: Endpoint,
    pub summary: &'static str,
    /// The part of the document; the scope's name where it is empty.
    pub part: &'static str,
    /// Whom of those that the route's access lets in.
    pub only_for: Option<&'static str>,
    pub id: SchemaOf,
    /// What a parameter of the path is that is another kind of name.
    pub named: Option<(&'static str, SchemaOf)>,
    /// Types of which each field is a parameter.
    pub queries: Vec<SchemaOf>,
    pub takes: Option<Content>,
    pub needs_body: bool,
    pub answers: Vec<(u16, Content)>,
    pub has_pages: bool,
    refuses: Vec<u16>,
}

impl Endpoint {
    pub fn does(self, summary: &'static str) -> Described {
        Described {
            endpoint: self,
            summary,
            part: "",
            only_for: None,
            id: schema_of::<Uuid>,
            named: None,
            queries: vec![],
            takes: None,
            needs_body: false,
            answers: vec![],
            has_pages: false,
            refuses: vec![],
        }
    }
}

impl Described {
    /// Refuses in these words, unless others were said.
    pub fn shaped(self, shape: Shape) -> Self {
        Self { endpoint: self.endpoint.shaped(shape), ..self }
    }

    pub fn admins(self) -> Self {
        Self { only_for: Some("For administrators."), ..self }
    }

    pub fn operators(self) -> Self {
        Self { only_for: Some("For calls from the networks of `server.operators`."), ..self }
    }

    /// What an id in the path is, where it is no UUID.
    pub fn named_by<T: JsonSchema>(self) -> Self {
        Self { id: schema_of::<T>, ..self }
    }

    /// The same of one parameter.
    pub fn names<T: JsonSchema>(self, parameter: &'static str) -> Self {
        Self { named: Some((parameter, schema_of::<T>)), ..self }
    }

    pub fn query<Q: JsonSchema>(mut self) -> Self {
        self.queries.push(Q::json_schema);
        self
    }

    pub fn takes<B: JsonSchema>(self) -> Self {
        Self { takes: Some(Content::Json(schema_of::<B>)), needs_body: true, ..self }
    }

    pub fn may_take<B: JsonSchema>(self) -> Self {
        Self { takes: Some(Content::Json(schema_of::<B>)), ..self }
    }

    pub fn takes_bytes(self) -> Self {
        Self { takes: Some(Content::Bytes), ..self }
    }

    pub fn answers<T: JsonSchema>(self) -> Self {
        self.answers_with::<T>(200)
    }

    pub fn creates<T: JsonSchema>(self) -> Self {
        self.answers_with::<T>(201)
    }

    pub fn answers_with<T: JsonSchema>(self, status: u16) -> Self {
        self.says(status, Content::Json(schema_of::<T>))
    }

    pub fn says(mut self, status: u16, content: Content) -> Self {
        self.answers.push((status, content));
        self
    }

    /// A list, as a whole or a part at a time.
    pub fn pages<T: JsonSchema>(self) -> Self {
        Self { has_pages: true, ..self.query::<PageQuery>().answers::<Vec<T>>() }
    }

    /// Beside what every route of its kind refuses.
    pub fn refuses(mut self, statuses: &[u16]) -> Self {
        self.refuses.extend(statuses);
        self
    }

    pub fn refusals(&self) -> BTreeSet<u16> {
        let Endpoint { method, path, access, .. } = &self.endpoint;
        let (writes, names) = (*method != Method::GET, path.contains('{'));
        let kinds: [(bool, &[u16]); 7] = [
            (true, &[500, 503]),
            (writes || !self.queries.is_empty(), &[400]),
            (writes, &[413]),
            (names, &[404]),
            (matches!(access, Access::Caller | Access::Socket | Access::Operator), &[401, 429]),
            (*access == Access::Public, &[429]),
            (*access == Access::Operator || self.only_for.is_some(), &[403]),
        ];
        // Of a write under an Idempotency-Key.
        let of_key: &[u16] = if self.takes_key() { &[409, 422] } else { &[] };
        let kinds = kinds.iter().filter(|(applies, _)| *applies).flat_map(|(_, statuses)| *statuses);
        kinds.chain(of_key).chain(&self.refuses).copied().collect()
    }

    /// Whether it is a write that may be repeated under the same key.
    pub fn takes_key(&self) -> bool {
        self.endpoint.access == Access::Caller && self.endpoint.method != Method::GET
    }
}

/// The endpoints of one part of a document.
pub fn part(name: &'static str, endpoints: Vec<Described>) -> impl Iterator<Item = Described> {
    endpoints.into_iter().map(move |endpoint| Described { part: name, ..endpoint })
}

/// The endpoints of one dialect in a scope that it shares with others.
pub fn shaped(shape: Shape, endpoints: impl Iterator<Item = Described>) -> impl Iterator<Item = Described> {
    endpoints.map(move |described| described.shaped(shape))
}

/// What is mounted of described endpoints.
pub fn endpoints(described: Vec<Described>) -> Vec<Endpoint> {
    described.into_iter().map(|described| described.endpoint).collect()
}
