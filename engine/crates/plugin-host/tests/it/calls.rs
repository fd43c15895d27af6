//! A connector that misbehaves costs itself the call, and nobody else anything.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::DateTime;
use patchbay_domain::platform::{Acceptance, Command, Outcome, Reply, Step};
use patchbay_plugin_host::{CallError, HostConfig, HostError, Instance};
use tracing_subscriber::fmt::MakeWriter;

use crate::{
    guest::{Guest, counting},
    world::{channel, host, load, load_with, webhook},
};

const SPIN: &str = "(loop $for_ever (br $for_ever)) unreachable";

async fn calls_seen(instance: &mut Instance, number: u128) -> usize {
    instance.parse(&channel(number), &webhook()).await.unwrap().unwrap_err().len()
}

#[tokio::test]
async fn a_well_behaved_connector_answers_every_call() {
    let plugin = load(Guest::default()).await;
    assert_eq!(plugin.manifest().channel_types, ["TEST"]);
    let (mut instance, channel, webhook) = (plugin.instantiate(), channel(1), webhook());
    let kept = Acceptance::Keep(Reply { status: 200, headers: Vec::new(), body: Vec::new() });
    assert_eq!(instance.addresses(&webhook).await, Ok(Vec::new()));
    assert_eq!(instance.accept(&channel, &webhook).await, Ok(Ok(kept)));
    assert_eq!(instance.parse(&channel, &webhook).await, Ok(Ok(Vec::new())));
    let step = instance.perform(&channel, &Command::TestConnection, DateTime::UNIX_EPOCH).await;
    assert_eq!(step, Ok(Step::Done(Outcome::Ok)));
}

#[tokio::test]
async fn an_instance_is_reused_until_it_fails_and_then_made_anew() {
    let plugin = load(counting().answers("accept", "unreachable")).await;
    let mut instance = plugin.instantiate();
    assert_eq!(calls_seen(&mut instance, 1).await, 1);
    assert_eq!(calls_seen(&mut instance, 1).await, 2);
    let error = instance.accept(&channel(1), &webhook()).await.unwrap_err();
    assert!(matches!(&error, CallError::Trap(reason) if reason.contains("unreachable")), "{error:?}");
    assert_eq!(calls_seen(&mut instance, 1).await, 1);
}

#[tokio::test]
async fn no_channel_sees_anothers_memory() {
    let mut instance = load(counting()).await.instantiate();
    assert_eq!(calls_seen(&mut instance, 1).await, 1);
    assert_eq!(calls_seen(&mut instance, 1).await, 2);
    assert_eq!(calls_seen(&mut instance, 2).await, 1);
    assert_eq!(calls_seen(&mut instance, 1).await, 1);
}

#[tokio::test]
async fn allocating_without_end_is_stopped() {
    let greedy = counting().answers("accept", "(loop $again (call $more (i32.const 16)) (br $again)) unreachable");
    let mut instance = load(greedy).await.instantiate();
    let error = instance.accept(&channel(1), &webhook()).await.unwrap_err();
    assert_eq!(error, CallError::OutOfMemory { limit: 64 << 20 });
    assert_eq!(calls_seen(&mut instance, 1).await, 1);
}

#[tokio::test]
async fn an_instance_that_keeps_much_memory_is_replaced_between_calls() {
    let mut guest = Guest::default();
    let text = guest.put(b"xxxx");
    let answer = guest.put_words(&[1, text, 0]);
    let grow = format!(
        "(call $more (i32.const 600)) (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
         (i32.store (i32.const {}) (global.get $calls)) (i32.const {answer})",
        answer + 8
    );
    let mut instance = load(guest.answers("parse", &grow)).await.instantiate();
    for _ in 0..3 {
        assert_eq!(calls_seen(&mut instance, 1).await, 1);
    }
}

#[tokio::test]
async fn endless_recursion_is_a_trap() {
    let plugin = load(Guest::default().answers("accept", "(call $deeper (i32.const 0))")).await;
    let error = plugin.instantiate().accept(&channel(1), &webhook()).await.unwrap_err();
    assert!(matches!(&error, CallError::Trap(reason) if reason.contains("stack")), "{error:?}");
}

/// On one thread: whoever spins gives the others their turn.
#[tokio::test]
async fn a_spinning_connector_holds_nobody_up_and_is_stopped() {
    let config = HostConfig { call_deadline: Duration::from_secs(2), ..HostConfig::default() };
    let plugin = load_with(counting().answers("accept", SPIN), config).await.unwrap();
    let (mut spinner, mut other) = (plugin.instantiate(), plugin.instantiate());
    let spinning = tokio::spawn(async move { spinner.accept(&channel(1), &webhook()).await });
    for call in 1..=20 {
        assert_eq!(calls_seen(&mut other, 2).await, call);
        tokio::task::yield_now().await;
    }
    assert!(!spinning.is_finished());
    assert_eq!(spinning.await.unwrap().unwrap_err(), CallError::Deadline { limit: Duration::from_secs(2) });
}

#[tokio::test]
async fn a_call_that_is_given_up_leaves_no_half_used_instance() {
    let mut instance = load(counting().answers("accept", SPIN)).await.instantiate();
    assert_eq!(calls_seen(&mut instance, 1).await, 1);
    let given_up = tokio::time::timeout(Duration::from_millis(30), instance.accept(&channel(1), &webhook())).await;
    assert!(given_up.is_err());
    assert_eq!(calls_seen(&mut instance, 1).await, 1);
}

#[tokio::test]
async fn a_hundred_megabytes_are_refused_before_they_are_copied() {
    let mut guest = Guest::default();
    let answer = guest.put_words(&[0, 1, 200, 0, 0, 0, 100 << 20]);
    let large = format!("(call $more (i32.const 1700)) (i32.const {answer})");
    let config = HostConfig { memory_bytes: 256 << 20, instances: 4, ..HostConfig::default() };
    let plugin = load_with(guest.answers("accept", &large), config).await.unwrap();
    let error = plugin.instantiate().accept(&channel(1), &webhook()).await.unwrap_err();
    assert_eq!(error, CallError::OutputTooLarge { limit: 8 << 20 });
}

#[tokio::test]
async fn one_megabyte_named_a_hundred_times_is_refused_too() {
    let mut guest = Guest::default();
    let same = [2 << 16, 1 << 20].repeat(100);
    let list = guest.put_words(&same);
    let answer = guest.put_words(&[list, 100]);
    let many = format!("(call $more (i32.const 16)) (i32.const {answer})");
    let plugin = load(guest.answers("addresses", &many)).await;
    let error = plugin.instantiate().addresses(&webhook()).await.unwrap_err();
    assert_eq!(error, CallError::OutputTooLarge { limit: 8 << 20 });
}

#[tokio::test]
async fn a_webhook_of_sixteen_megabytes_can_be_hashed() {
    let digest = r#"(import "patchbay:connector/crypto@0.1.0" "digest" (func $digest (param i32 i32 i32 i32)))"#;
    let mut guest = Guest::default().imports(digest);
    let (hash, nothing) = (guest.put_words(&[0, 0]), guest.put_words(&[0, 0]));
    // The body's address and length are the seventh and eighth of the flat parameters.
    let body =
        format!("(call $digest (i32.const 1) (local.get 6) (local.get 7) (i32.const {hash})) (i32.const {nothing})");
    let plugin = load(guest.answers("addresses", &body)).await;
    let mut large = webhook();
    large.body = vec![b'x'; 16 << 20];
    assert_eq!(plugin.instantiate().addresses(&large).await, Ok(Vec::new()));
}

#[tokio::test]
async fn an_answer_that_breaks_the_contract_is_named_and_ends_the_instance() {
    let mut guest = counting();
    let done = guest.put(&[&[1, 0, 0, 0, 0, 0, 0, 0, 2][..], &[0; 503]].concat());
    let plugin = load(guest.answers("perform", &format!("(i32.const {done})"))).await;
    let mut instance = plugin.instantiate();
    assert_eq!(calls_seen(&mut instance, 1).await, 1);
    let error = instance.perform(&channel(1), &Command::Qr, DateTime::UNIX_EPOCH).await.unwrap_err();
    assert!(matches!(&error, CallError::Contract(reason) if reason.contains("media-id")), "{error:?}");
    assert_eq!(calls_seen(&mut instance, 1).await, 1);
}

#[tokio::test]
async fn text_that_is_not_utf8_or_not_there_breaks_the_contract() {
    for address in [1 << 16, u32::MAX - 8] {
        let mut guest = Guest::default();
        let list = guest.put_words(&[address, 4]);
        let answer = guest.put_words(&[list, 1]);
        let broken = format!("(i32.store (i32.const 65536) (i32.const -1)) (i32.const {answer})");
        let mut plugin = load(guest.answers("addresses", &broken)).await.instantiate();
        let error = plugin.addresses(&webhook()).await.unwrap_err();
        assert!(matches!(error, CallError::Contract(_)), "{error:?}");
    }
}

#[tokio::test]
async fn when_all_instances_are_in_use_the_next_call_is_told_so() {
    let plugin = load_with(counting(), HostConfig { instances: 1, ..HostConfig::default() }).await.unwrap();
    let (mut first, mut second) = (plugin.instantiate(), plugin.instantiate());
    assert_eq!(calls_seen(&mut first, 1).await, 1);
    let error = second.parse(&channel(2), &webhook()).await.unwrap_err();
    assert_eq!(error, CallError::Busy { limit: 1 });
    drop(first);
    assert_eq!(calls_seen(&mut second, 2).await, 1);
}

#[tokio::test]
async fn a_connector_that_spins_when_it_starts_is_not_loaded() {
    let module = Guest::default().imports("(func $start (loop $for_ever (br $for_ever))) (start $start)").build();
    let config = HostConfig { call_deadline: Duration::from_millis(50), ..HostConfig::default() };
    let error = host(config).load(module).await.unwrap_err();
    assert!(matches!(error, HostError::Describe(CallError::Deadline { .. })), "{error:?}");
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn what_a_connector_logs_is_bounded_and_cannot_forge_a_line() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt().with_writer(lines.clone()).with_ansi(false).finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    let log = r#"(import "patchbay:connector/log@0.1.0" "log" (func $log (param i32 i32 i32)))"#;
    let mut guest = Guest::default().imports(log);
    let text = guest.put(&[b"one\nforged".as_slice(), &[b'z'; 4086]].concat());
    let answer = guest.put_words(&[0, 0, 0]);
    let chatter = format!(
        "(local $left i32) (local.set $left (i32.const 1000))
         (loop $again
             (call $log (i32.const 2) (i32.const {text}) (i32.const 4096))
             (local.set $left (i32.sub (local.get $left) (i32.const 1)))
             (br_if $again (local.get $left)))
         (i32.const {answer})"
    );
    let plugin = load(guest.answers("parse", &chatter)).await;
    plugin.instantiate().parse(&channel(7), &webhook()).await.unwrap().unwrap();
    let written = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let about_the_channel = written.lines().filter(|line| line.contains(&channel(7).id.to_string()));
    assert_eq!(about_the_channel.count(), 32);
    assert!(written.contains(r"one\nforged") && written.contains("logs too much"));
    assert!(written.lines().all(|line| line.len() < 1500 && !line.starts_with("forged")));
}

#[test]
fn a_call_may_move_between_threads() {
    fn moves<T: Send>(_: &T) {}
    fn calls(instance: &mut Instance) {
        let (channel, webhook) = (channel(1), webhook());
        moves(&instance.parse(&channel, &webhook));
    }
    moves(&(calls as fn(&mut Instance)));
}
