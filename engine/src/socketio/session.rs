//! One client's session. It has two sides: a [`Line`], which hears the client and writes to it and knows nothing of how,
//! and the [`Session`], from which whatever reaches the client takes what was written.
//!
//! What waits for a client is bounded, in number and in bytes; who writes waits for room. Only one request or one
//! WebSocket takes at a time, so that the order stays.

use std::sync::{Arc, OnceLock};

use actix_ws::CloseReason;
use tokio::sync::{Mutex, MutexGuard, OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::{Frame, frame::SEPARATOR};

/// Packets that wait for a client.
const LETTERS: usize = 64;
/// The same in bytes; a longer one takes all of the room.
const ROOM: usize = 1024 * 1024;
/// Packets of a client that wait to be heard.
const HEARD: usize = 16;
/// A body ends once it is as long as this.
const BODY: usize = 256 * 1024;

/// How the client takes what is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Requests,
    /// By requests, while it tries whether a WebSocket comes through.
    Trying,
    Socket,
}

/// A packet, and the room that it takes.
struct Letter {
    text: String,
    _room: OwnedSemaphorePermit,
}

/// What came from the client.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    Frame(Frame),
    Unreadable,
    TooLarge,
    /// It cannot be reached any more.
    Lost,
}

/// Why a request is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// One of its kind is under way.
    Overlap,
    /// The client is reached another way by now.
    OtherWay,
    Unreadable,
    /// The session is over.
    Over,
}

pub struct Session {
    pub id: String,
    heard: mpsc::Sender<Heard>,
    outbox: Mutex<mpsc::Receiver<Letter>>,
    pushing: Mutex<()>,
    way: watch::Sender<Way>,
    /// Nothing is written any more but what waits.
    over: CancellationToken,
    /// And that was taken.
    drained: CancellationToken,
    /// Why it is over.
    reason: OnceLock<CloseReason>,
}

/// Who speaks with the client.
pub struct Line {
    pub session: Arc<Session>,
    heard: mpsc::Receiver<Heard>,
    letters: mpsc::Sender<Letter>,
    room: Arc<Semaphore>,
}

/// Both sides of a new session.
pub fn open(id: String, way: Way) -> (Arc<Session>, Line) {
    let ((to_hear, heard), (letters, outbox)) = (mpsc::channel(HEARD), mpsc::channel(LETTERS));
    let session = Arc::new(Session {
        id,
        heard: to_hear,
        outbox: Mutex::new(outbox),
        pushing: Mutex::new(()),
        way: watch::Sender::new(way),
        over: CancellationToken::new(),
        drained: CancellationToken::new(),
        reason: OnceLock::new(),
    });
    let line = Line { session: Arc::clone(&session), heard, letters, room: Arc::new(Semaphore::new(ROOM)) };
    (session, line)
}

impl Line {
    /// What the client says next.
    pub async fn hear(&mut self) -> Heard {
        self.heard.recv().await.unwrap_or(Heard::Lost)
    }

    /// Waits for room; nothing is written when this is dropped while it waits.
    pub async fn write(&self, frame: &Frame) -> Result<(), Refusal> {
        let text = frame.write();
        let weight = u32::try_from(text.len().min(ROOM)).map_err(|_| Refusal::Over)?;
        let room = Arc::clone(&self.room).acquire_many_owned(weight).await.map_err(|_| Refusal::Over)?;
        self.letters.send(Letter { text, _room: room }).await.map_err(|_| Refusal::Over)
    }

    /// Nothing more is written; answers what tells that the client took all of it.
    pub fn end(self, reason: Option<CloseReason>) -> CancellationToken {
        if let Some(reason) = reason {
            self.session.reason.get_or_init(|| reason);
        }
        self.session.over.cancel();
        self.session.drained.clone()
    }
}

/// Takes what is written, one after the other.
pub struct Outbox<'a> {
    letters: MutexGuard<'a, mpsc::Receiver<Letter>>,
    drained: &'a CancellationToken,
}

impl Outbox<'_> {
    /// None once the session is over and all was taken.
    pub async fn next(&mut self) -> Option<String> {
        let letter = self.letters.recv().await;
        if letter.is_none() {
            self.drained.cancel();
        }
        letter.map(|letter| letter.text)
    }

    /// What waits already, as far as one body takes it. The end has a body of its own: a client that finds it beside other
    /// packets closes before it has read them.
    fn and_more(&mut self, first: String) -> String {
        let mut body = first;
        while body.len() < BODY
            && let Ok(letter) = self.letters.try_recv()
        {
            body.push(SEPARATOR);
            body.push_str(&letter.text);
        }
        body
    }
}

impl Session {
    /// The body of an answer to who asks what is new: waits until something is.
    pub async fn poll(&self) -> Result<String, Refusal> {
        if self.has_socket() {
            return Err(Refusal::OtherWay);
        }
        let mut way = self.way.subscribe();
        let Ok(letters) = self.outbox.try_lock() else { return Err(self.overlap().await) };
        let mut outbox = Outbox { letters, drained: &self.drained };
        tokio::select! {
            biased;
            first = outbox.next() => Ok(match first {
                Some(first) => outbox.and_more(first),
                None => Frame::Close.write(),
            }),
            // It asks no more before this is answered.
            _ = way.wait_for(|way| *way != Way::Requests) => Ok(Frame::Noop.write()),
        }
    }

    /// What a request brought.
    pub async fn push(&self, frames: Option<Vec<Frame>>) -> Result<(), Refusal> {
        if self.has_socket() {
            return Err(Refusal::OtherWay);
        }
        let Ok(_pushing) = self.pushing.try_lock() else { return Err(self.overlap().await) };
        let Some(frames) = frames else {
            self.say(Heard::Unreadable).await?;
            return Err(Refusal::Unreadable);
        };
        for frame in frames {
            self.say(Heard::Frame(frame)).await?;
        }
        Ok(())
    }

    pub async fn say(&self, heard: Heard) -> Result<(), Refusal> {
        tokio::select! {
            said = self.heard.send(heard) => said.map_err(|_| Refusal::Over),
            () = self.over.cancelled() => Err(Refusal::Over),
        }
    }

    /// Whether it is by WebSocket that the client is reached.
    pub fn has_socket(&self) -> bool {
        *self.way.borrow() == Way::Socket
    }

    /// A WebSocket that may take over; none where the client has one, or tries another.
    pub fn begins_trying(&self) -> bool {
        self.change(Way::Requests, Way::Trying)
    }

    /// Back to requests.
    pub fn gives_up_trying(&self) {
        self.change(Way::Trying, Way::Requests);
    }

    /// What takes everything from now on.
    pub async fn take_over(&self) -> Outbox<'_> {
        self.way.send_replace(Way::Socket);
        Outbox { letters: self.outbox.lock().await, drained: &self.drained }
    }

    /// Resolves when nothing more is written but what waits.
    pub async fn over(&self) {
        self.over.cancelled().await;
    }

    pub fn reason(&self) -> Option<CloseReason> {
        self.reason.get().cloned()
    }

    fn change(&self, from: Way, to: Way) -> bool {
        self.way.send_if_modified(|way| {
            let applies = *way == from;
            if applies {
                *way = to;
            }
            applies
        })
    }

    /// Two at once have no order: that is no session any more.
    async fn overlap(&self) -> Refusal {
        match self.say(Heard::Unreadable).await {
            Ok(()) => Refusal::Overlap,
            Err(refusal) => refusal,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    fn message(text: impl Into<String>) -> Frame {
        Frame::Message(text.into())
    }

    #[tokio::test]
    async fn what_waits_goes_together_and_the_end_is_told_by_itself() {
        let (session, line) = open("a".to_owned(), Way::Requests);
        line.write(&message("1")).await.unwrap();
        line.write(&message("2")).await.unwrap();
        assert_eq!(session.poll().await.unwrap(), "41\u{1e}42");
        line.write(&message("3")).await.unwrap();
        let drained = line.end(None);
        assert_eq!(session.poll().await.unwrap(), "43");
        assert!(!drained.is_cancelled());
        assert_eq!(session.poll().await.unwrap(), "1");
        assert!(drained.is_cancelled());
        assert_eq!(session.push(Some(vec![message("x")])).await, Err(Refusal::Over));
    }

    #[tokio::test]
    async fn two_requests_at_once_end_the_session() {
        let (session, mut line) = open("a".to_owned(), Way::Requests);
        let waiting = Arc::clone(&session);
        let first = tokio::spawn(async move { waiting.poll().await });
        tokio::task::yield_now().await;
        assert_eq!(session.poll().await, Err(Refusal::Overlap));
        assert_eq!(line.hear().await, Heard::Unreadable);
        drop(line);
        assert_eq!(first.await.unwrap().unwrap(), "1");
    }

    #[tokio::test]
    async fn a_socket_takes_over_what_was_not_taken() {
        let (session, line) = open("a".to_owned(), Way::Requests);
        let waiting = Arc::clone(&session);
        let poll = tokio::spawn(async move { waiting.poll().await });
        tokio::task::yield_now().await;
        assert!(session.begins_trying() && !session.begins_trying());
        assert_eq!(poll.await.unwrap().unwrap(), "6", "who waits is let go");
        line.write(&message("1")).await.unwrap();
        let mut outbox = session.take_over().await;
        assert_eq!(outbox.next().await.unwrap(), "41");
        assert_eq!(session.poll().await, Err(Refusal::OtherWay));
        assert_eq!(session.push(Some(vec![])).await, Err(Refusal::OtherWay));
        let drained = line.end(None);
        assert_eq!(outbox.next().await, None);
        assert!(drained.is_cancelled());
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_holds_no_more_than_its_room() {
        let (session, line) = open("a".to_owned(), Way::Requests);
        let large = message("x".repeat(ROOM / 4));
        for _ in 0..3 {
            line.write(&large).await.unwrap();
        }
        assert!(timeout(Duration::from_millis(20), line.write(&large)).await.is_err(), "no room in bytes");
        // A body ends where it is long enough, and its room is free.
        assert_eq!(session.poll().await.unwrap().len(), ROOM / 4 + 1);
        line.write(&large).await.unwrap();
        let (_session, line) = open("b".to_owned(), Way::Requests);
        for _ in 0..LETTERS {
            line.write(&message("")).await.unwrap();
        }
        assert!(timeout(Duration::from_millis(20), line.write(&message(""))).await.is_err(), "no room in number");
        // Longer than all of the room, it waits for all of it.
        let (session, line) = open("c".to_owned(), Way::Requests);
        line.write(&message("y".repeat(2 * ROOM))).await.unwrap();
        assert_eq!(session.poll().await.unwrap().len(), 2 * ROOM + 1);
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_said() {
        let (session, mut line) = open("a".to_owned(), Way::Requests);
        assert_eq!(session.push(None).await, Err(Refusal::Unreadable));
        assert_eq!(line.hear().await, Heard::Unreadable);
        session.push(Some(vec![Frame::Pong(String::new()), message("a")])).await.unwrap();
        assert_eq!(line.hear().await, Heard::Frame(Frame::Pong(String::new())));
        assert_eq!(line.hear().await, Heard::Frame(message("a")));
    }
}
