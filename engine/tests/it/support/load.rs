//! Many contacts writing at once, as Meta delivers them: batched, shuffled
//! between contacts, every call twice, each contact's own messages in order.

use std::{collections::HashMap, time::Duration};

use rand::{RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};

use super::{engine::Engine, wait::until, whatsapp};

pub struct Load {
    pub calls: usize,
    pub contacts: usize,
    pub seed: u64,
    pub senders: usize,
}

/// How many messages of each contact were accepted.
#[derive(Debug, Default)]
pub struct Sent {
    pub per_contact: HashMap<String, usize>,
}

impl Sent {
    pub fn total(&self) -> usize {
        self.per_contact.values().sum()
    }

    /// What the store must hold, in this order.
    pub fn expected(&self) -> Vec<String> {
        let mut contacts: Vec<_> = self.per_contact.iter().collect();
        contacts.sort();
        contacts.into_iter().flat_map(|(contact, count)| (0..*count).map(move |n| format!("{contact} {n}"))).collect()
    }
}

impl Load {
    /// Sends all of it. A call that is not accepted is sent again until it is, as platforms do.
    pub async fn send(&self, engine: &Engine, channel: &str) -> Sent {
        self.send_to(&[engine], channel).await
    }

    /// To several nodes in turn.
    pub async fn send_to(&self, nodes: &[&Engine], channel: &str) -> Sent {
        let urls: Vec<String> = nodes.iter().map(|node| node.url(&format!("/webhook/{channel}"))).collect();
        let http = nodes.first().expect("there is a node").http.clone();
        let senders: Vec<_> = (0..self.senders)
            .map(|sender| {
                let contacts: Vec<String> = (0..self.contacts)
                    .filter(|contact| contact % self.senders == sender)
                    .map(|contact| format!("49{contact:09}"))
                    .collect();
                let rng = StdRng::seed_from_u64(self.seed + sender as u64);
                let calls = self.calls / self.senders;
                tokio::spawn(send_some(http.clone(), urls.clone(), contacts, calls, rng))
            })
            .collect();
        let mut sent = Sent::default();
        for sender in senders {
            sent.per_contact.extend(sender.await.unwrap());
        }
        sent
    }
}

async fn send_some(
    http: reqwest::Client,
    mut urls: Vec<String>,
    contacts: Vec<String>,
    calls: usize,
    mut rng: StdRng,
) -> HashMap<String, usize> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    let mut again: Vec<Vec<u8>> = Vec::new();
    for _ in 0..calls {
        let size = if rng.random_ratio(1, 8) { rng.random_range(2..=6) } else { 1 };
        let mut messages = Vec::new();
        for _ in 0..size {
            let contact = &contacts[rng.random_range(0..contacts.len())];
            let number = counts.entry(contact.clone()).or_default();
            let id = format!("wamid.{contact}.{number}");
            messages.push(whatsapp::text(
                contact,
                &id,
                1_700_000_000 + i64::try_from(*number).unwrap(),
                &number.to_string(),
            ));
            *number += 1;
        }
        let body = whatsapp::webhook(&messages, &[]);
        post(&http, &mut urls, &body).await;
        again.push(body);
        // The second delivery comes some time later, in any order.
        if again.len() == 32 {
            again.shuffle(&mut rng);
            for body in again.drain(16..) {
                post(&http, &mut urls, &body).await;
            }
        }
    }
    for body in again {
        post(&http, &mut urls, &body).await;
    }
    counts
}

async fn post(http: &reqwest::Client, urls: &mut [String], body: &[u8]) {
    let signature = whatsapp::signature(whatsapp::APP_SECRET, body);
    until("a webhook to be accepted", Duration::from_mins(2), || {
        urls.rotate_left(1);
        let call = http.post(&urls[0]).header("X-Hub-Signature-256", &signature).body(body.to_vec()).send();
        async move { call.await.ok().filter(|answer| answer.status().is_success()).map(drop) }
    })
    .await;
}

/// Every inbound message as `contact text`, in the order in which it was committed.
pub async fn stored(engine: &Engine) -> Vec<String> {
    engine
        .database
        .texts(
            "select c.thread || ' ' || m.text from messages m join conversations c on c.id = m.conversation_id \
             where m.direction = 'INBOUND' order by c.thread, m.sequence",
        )
        .await
}

/// Waits until as many messages are stored as were sent, and nothing is left to do: what comes twice comes last.
pub async fn settled(engine: &Engine, sent: &Sent) {
    let total = i64::try_from(sent.total()).unwrap();
    until("all messages to be stored", Duration::from_mins(3), || async {
        let stored = engine.database.count("select count(*) from messages where direction = 'INBOUND'").await;
        (stored >= total).then_some(())
    })
    .await;
    engine.drained().await;
}
