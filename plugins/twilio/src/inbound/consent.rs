//! STOP and START. Twilio says what a keyword meant where opt-outs are managed there; elsewhere it stops or resumes
//! sending by its standard keywords without a word, so they are read here.

use crate::settings::Medium;
use crate::wire::Fields;
use patchbay_plugin_sdk::{Event, Participant};

const STOP: [&str; 5] = ["STOP", "STOPALL", "UNSUBSCRIBE", "OPTOUT", "REVOKE"];
/// Words of ordinary conversation as well: only where Twilio itself stops sending on them.
const STOP_SMS: [&str; 3] = ["CANCEL", "END", "QUIT"];
/// YES resumes SMS as well, but answers other questions too; without it a contact stays opted out, which is safe.
const START: [&str; 2] = ["START", "UNSTOP"];

pub fn event(fields: &Fields, medium: Medium, sender: &Participant) -> Option<Event> {
    let said = fields.get("OptOutType").or(fields.get("Body"))?.trim().to_uppercase();
    let said = said.as_str();
    if STOP.contains(&said) || medium == Medium::Sms && STOP_SMS.contains(&said) {
        Some(Event::OptOut(sender.clone()))
    } else if START.contains(&said) {
        Some(Event::OptIn(sender.clone()))
    } else {
        None
    }
}
