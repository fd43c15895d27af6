//! What nodes tell each other of their clients, in passing: who types, who comes and goes. Nothing waits for it, nothing
//! of it is kept, and what gets lost is made up for by what is repeated, or is over by then.

use std::time::Duration;

use patchbay_domain::{NodeId, OrganisationId, UserId};
use patchbay_store::{
    Store, StoreError,
    signals::{LONGEST, Signals},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::{
    sync::mpsc,
    time::{Instant, interval, sleep},
};
use tokio_util::sync::CancellationToken;

use super::{Rooms, rooms::Typing};

/// What waits to be told to other nodes.
const WAITING: usize = 1_024;
/// What is said so closely together is told at once.
const GATHER: Duration = Duration::from_millis(20);
/// How often each node says who is connected to it.
const REPEAT: Duration = Duration::from_secs(15);
/// Who was not named for so long is gone.
const FORGOTTEN: Duration = Duration::from_secs(50);
/// People named at once, who fit into one text.
const NAMED: usize = 180;
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    Typing(Typing),
    Here { organisation_id: OrganisationId, users: Vec<UserId> },
    Gone { organisation_id: OrganisationId, user_id: UserId },
}

#[derive(Deserialize)]
struct Heard {
    node: NodeId,
    said: Vec<Said>,
}

/// Says something to the other nodes, where there may be some. Cheap to clone.
#[derive(Clone)]
pub struct Saying(Option<mpsc::Sender<Said>>);

impl Saying {
    #[cfg(test)]
    pub fn nobody_listens() -> Self {
        Self(None)
    }

    pub fn say(&self, said: Said) {
        let Some(queue) = &self.0 else { return };
        if queue.try_send(said).is_err() {
            metrics::counter!("patchbay_realtime_signals_left_out_total").increment(1);
        }
    }
}

/// This node's part in it.
pub struct Switchboard {
    store: Store,
    node: NodeId,
    signals: Signals,
    said: mpsc::Receiver<Said>,
}

impl Switchboard {
    /// None where there is one node.
    pub async fn open(store: &Store, node: NodeId) -> Result<(Saying, Option<Self>), StoreError> {
        let Some(signals) = store.listen().await? else { return Ok((Saying(None), None)) };
        let (queue, said) = mpsc::channel(WAITING);
        Ok((Saying(Some(queue)), Some(Self { store: store.clone(), node, signals, said })))
    }

    /// Until stopped.
    pub async fn run(self, rooms: Rooms, stop: CancellationToken) {
        let Self { store, node, signals, said } = self;
        let mut mouth = Mouth { store, node, said, first: None };
        tokio::select! {
            () = hear(signals, node, &rooms) => {}
            () = mouth.speak(&rooms) => {}
            () = stop.cancelled() => {}
        }
        // Who went because this node stops.
        mouth.say_all().await;
    }
}

async fn hear(mut signals: Signals, node: NodeId, rooms: &Rooms) {
    loop {
        match signals.next().await.map(|text| serde_json::from_str::<Heard>(&text)) {
            Ok(Ok(heard)) if heard.node == node => {}
            Ok(Ok(Heard { node, said })) => {
                for said in said {
                    rooms.heard(node, said, Instant::now());
                }
            }
            // Of another version of this program.
            Ok(Err(error)) => tracing::debug!(%error, "a signal of another node cannot be read"),
            Err(error) => {
                tracing::debug!(%error, "other nodes are not heard; listening again");
                sleep(PAUSE).await;
            }
        }
    }
}

struct Mouth {
    store: Store,
    node: NodeId,
    said: mpsc::Receiver<Said>,
    /// The first of what is gathered.
    first: Option<Said>,
}

impl Mouth {
    async fn speak(&mut self, rooms: &Rooms) {
        let mut repeat = interval(REPEAT);
        loop {
            tokio::select! {
                said = self.said.recv() => {
                    if said.is_none() {
                        return;
                    }
                    self.first = said;
                    sleep(GATHER).await;
                    self.say_all().await;
                }
                _ = repeat.tick() => {
                    for (organisation_id, users) in rooms.here() {
                        for users in users.chunks(NAMED) {
                            self.tell(vec![Said::Here { organisation_id, users: users.to_vec() }]).await;
                        }
                    }
                    if let Some(before) = Instant::now().checked_sub(FORGOTTEN) {
                        rooms.forget(before);
                    }
                }
            }
        }
    }

    /// Everything that waits.
    async fn say_all(&mut self) {
        let more = std::iter::from_fn(|| self.said.try_recv().ok()).take(WAITING);
        let said: Vec<Said> = self.first.take().into_iter().chain(more).collect();
        self.tell(said).await;
    }

    async fn tell(&self, said: Vec<Said>) {
        for text in written(self.node, &said) {
            if let Err(error) = self.store.signal(&text).await {
                tracing::debug!(%error, "other nodes could not be told");
                metrics::counter!("patchbay_realtime_signals_left_out_total").increment(1);
            }
        }
    }
}

/// As few texts as it fits into.
fn written(node: NodeId, said: &[Said]) -> Vec<String> {
    let mut texts = Vec::new();
    let mut open: Option<String> = None;
    for said in said.iter().map(|said| serde_json::json!(said).to_string()) {
        let text = match open.take() {
            // With the comma, and the brackets at the end.
            Some(text) if text.len() + said.len() + 3 <= LONGEST => text + ",",
            full => {
                texts.extend(full.map(|text| text + "]}"));
                format!("{{\"node\":{},\"said\":[", Value::from(node.to_string()))
            }
        };
        open = Some(text + &said);
    }
    texts.extend(open.map(|text| text + "]}"));
    texts
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn what_is_said_fits_into_as_few_texts_as_can_be() {
        let (node, now) = (NodeId::at(DateTime::UNIX_EPOCH), DateTime::UNIX_EPOCH);
        let of = |count| Said::Here { organisation_id: OrganisationId::at(now), users: vec![UserId::at(now); count] };
        let said = vec![of(NAMED), of(1), of(NAMED), of(2), of(3)];
        let texts = written(node, &said);
        assert_eq!(texts.len(), 2);
        assert!(texts.iter().all(|text| text.len() <= LONGEST));
        let heard = texts.iter().flat_map(|text| {
            let heard: Heard = serde_json::from_str(text).unwrap();
            assert_eq!(heard.node, node);
            heard.said
        });
        assert_eq!(heard.collect::<Vec<_>>(), said);
        assert!(written(node, &[]).is_empty());
    }
}
