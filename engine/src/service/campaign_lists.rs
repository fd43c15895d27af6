//! Adding recipients to a campaign, however many: they come one by one and are
//! stored in batches, and what could not be taken is counted and in part named.

use std::collections::HashSet;

use patchbay_domain::{
    CampaignId,
    campaign::{Contacts, LONGEST_CONTACT, MOST_RECIPIENTS, Malformed, Recipient},
};
use patchbay_store::campaigns::Added;
use serde_json::json;

use super::{
    ServiceError,
    audit::{Action, Entity},
    campaigns::{self, not_now},
};
use crate::{app::App, auth::Admin};

/// Recipients stored in one transaction.
const BATCH: usize = 1_000;
/// Of those that were not taken, so many are named.
const NAMED: usize = 100;

/// What became of a list.
#[derive(Debug, Default)]
pub struct Report {
    pub received: u64,
    pub added: u64,
    pub duplicates: u64,
    pub malformed: u64,
    /// The first of them.
    pub named_duplicates: Vec<String>,
    pub named_malformed: Vec<NotTaken>,
}

#[derive(Debug)]
pub struct NotTaken {
    /// In the list, from zero.
    pub position: u64,
    pub contact: String,
    pub reason: Malformed,
}

/// A list that is being added.
pub struct Adding<'a> {
    app: &'a App,
    admin: &'a Admin,
    id: CampaignId,
    contacts: Contacts,
    batch: Vec<Recipient>,
    report: Report,
}

impl<'a> Adding<'a> {
    pub async fn begin(app: &'a App, admin: &'a Admin, id: CampaignId) -> Result<Self, ServiceError> {
        let campaign = campaigns::get(app, admin, id).await?;
        campaign.status.may_change().map_err(not_now)?;
        let channel = app.channels.get(campaign.channel_id).await?;
        let contacts = Contacts::of(&channel.row.channel_type, channel.manifest());
        Ok(Self { app, admin, id, contacts, batch: Vec::with_capacity(BATCH), report: Report::default() })
    }

    /// The next of the list, or why it is none.
    pub async fn take(&mut self, contact: Result<String, Malformed>) -> Result<(), ServiceError> {
        let position = self.report.received;
        self.report.received += 1;
        let parsed =
            contact.as_deref().map_err(|reason| *reason).and_then(|text| Recipient::parse(self.contacts, text));
        match parsed {
            Ok(recipient) => self.batch.push(recipient),
            Err(reason) => {
                self.report.malformed += 1;
                if self.report.named_malformed.len() < NAMED {
                    let contact = contact.unwrap_or_default().chars().take(LONGEST_CONTACT).collect();
                    self.report.named_malformed.push(NotTaken { position, contact, reason });
                }
            }
        }
        if self.batch.len() >= BATCH { self.store().await } else { Ok(()) }
    }

    async fn store(&mut self) -> Result<(), ServiceError> {
        let batch = std::mem::take(&mut self.batch);
        if batch.is_empty() {
            return Ok(());
        }
        let contacts: Vec<&str> = batch.iter().map(Recipient::as_str).collect();
        let Self { app, admin, id, .. } = self;
        let new = match app.store.add_recipients(admin.organisation_id, *id, &contacts, (app.clock)()).await? {
            Added::New(new) => new,
            Added::NotNow(refused) => return Err(not_now(refused)),
            Added::Unknown => return Err(ServiceError::NotFound("campaign")),
            Added::Full => {
                let message = format!("a campaign has at most {MOST_RECIPIENTS} recipients");
                return Err(ServiceError::Refused { code: "TOO_MANY_RECIPIENTS", message });
            }
        };
        let mut new: HashSet<&str> = new.iter().map(String::as_str).collect();
        for contact in contacts {
            if new.remove(contact) {
                self.report.added += 1;
                continue;
            }
            self.report.duplicates += 1;
            if self.report.named_duplicates.len() < NAMED {
                self.report.named_duplicates.push(contact.to_owned());
            }
        }
        Ok(())
    }

    /// Stores the rest, and writes down who added what. Nothing of what was taken is lost, whatever comes of the rest
    /// of the list.
    pub async fn finish(mut self) -> Result<Report, ServiceError> {
        let stored = self.store().await;
        let Report { added, duplicates, malformed, .. } = &self.report;
        let told = json!({"recipientsAdded": added, "duplicates": duplicates, "malformed": malformed});
        let audit = self.admin.did(Action::Update, Entity::Campaign, self.id);
        self.app.store.audit(&audit.with_change(json!({}), told), (self.app.clock)()).await?;
        stored.map(|()| self.report)
    }
}
