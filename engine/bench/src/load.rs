//! Signed WhatsApp webhooks of one message each, over many connections.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

pub const APP_SECRET: &str = "an app secret of a measurement";
pub const PHONE_NUMBER_ID: &str = "106540352242922";
/// What every message asks, before its number.
pub const QUESTION: &str = "Does it come in another color? ";
const CONTACTS: usize = 500;

pub struct Load {
    pub url: String,
    pub webhooks: usize,
    pub connections: usize,
    /// Webhooks per second, where they are not to come as fast as they are taken.
    pub rate: Option<f64>,
    /// Distinguishes the identifiers of one run from another's.
    pub run: &'static str,
}

pub struct Report {
    pub answers: Vec<Duration>,
}

impl Report {
    pub fn percentile(&self, percent: usize) -> Duration {
        let mut answers = self.answers.clone();
        answers.sort();
        let index = (answers.len() * percent / 100).min(answers.len().saturating_sub(1));
        answers.get(index).copied().unwrap_or_default()
    }
}

impl Load {
    /// Sends all of it; an answer other than 200 ends the measurement.
    pub async fn run(&self) -> anyhow::Result<Report> {
        self.run_from(Instant::now()).await
    }

    /// The same, where the first of a rate is due at a moment.
    pub async fn run_from(&self, start: Instant) -> anyhow::Result<Report> {
        let http = reqwest::Client::builder().pool_max_idle_per_host(self.connections).build()?;
        let next = Arc::new(AtomicUsize::new(0));
        let senders: Vec<_> = (0..self.connections)
            .map(|_| {
                let (http, next, url) = (http.clone(), Arc::clone(&next), self.url.clone());
                let (total, rate, run) = (self.webhooks, self.rate, self.run);
                tokio::spawn(async move {
                    let mut answers = Vec::new();
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= total {
                            return anyhow::Ok(answers);
                        }
                        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
                        let due = rate.map(|rate| start + Duration::from_secs_f64(number as f64 / rate));
                        let body = webhook(run, number);
                        let signature = sign(APP_SECRET, &body)?;
                        if let Some(due) = due {
                            tokio::time::sleep_until(due.into()).await;
                        }
                        // One that could not be sent when it was due has waited for its answer since then.
                        let asked = due.unwrap_or_else(Instant::now);
                        let answer = http.post(&url).header("X-Hub-Signature-256", signature);
                        let answer = answer.header("content-type", "application/json").body(body).send().await?;
                        answers.push(asked.elapsed());
                        anyhow::ensure!(answer.status() == 200, "a webhook was answered {}", answer.status());
                        answer.bytes().await?;
                    }
                })
            })
            .collect();
        let mut answers = Vec::with_capacity(self.webhooks);
        for sender in senders {
            answers.extend(sender.await??);
        }
        Ok(Report { answers })
    }
}

fn contact(number: usize) -> String {
    format!("49{:09}", number % CONTACTS)
}

fn webhook(run: &str, number: usize) -> String {
    let contact = contact(number);
    // Now, so that an answer is within the window in which one may write.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"id":"419561257915477","changes":[{{"value":{{"messaging_product":"whatsapp","metadata":{{"display_phone_number":"15550783881","phone_number_id":"{PHONE_NUMBER_ID}"}},"contacts":[{{"profile":{{"name":"Contact {contact}"}},"wa_id":"{contact}"}}],"messages":[{{"from":"{contact}","id":"wamid.{run}.{number}","timestamp":"{now}","type":"text","text":{{"body":"{QUESTION}{number}"}}}}]}},"field":"messages"}}]}}]}}"#
    )
}

pub fn sign(secret: &str, body: &str) -> anyhow::Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())?;
    mac.update(body.as_bytes());
    Ok(format!("sha256={}", hex::encode(mac.finalize().into_bytes())))
}
