use std::sync::atomic::AtomicUsize;

use actix::ActorContext;

use super::*;

struct Counter {
    count: u32,
    life: Life<Self>,
}

impl Actor for Counter {
    type Context = Context<Self>;
}

impl Supervised for Counter {
    type Key = u32;
    type Seed = AtomicUsize;
    const KIND: &'static str = "counter";

    fn begin(_: u32, life: Life<Self>, seed: &Arc<AtomicUsize>) -> Self {
        seed.fetch_add(1, Ordering::SeqCst);
        Self { count: 0, life }
    }
}

impl Handler<Describe> for Counter {
    type Result = String;
    fn handle(&mut self, _: Describe, _: &mut Context<Self>) -> String {
        format!("at {}", self.count)
    }
}

#[derive(Message)]
#[rtype(result = "u32")]
struct Add(u32);

impl Handler<Add> for Counter {
    type Result = u32;
    fn handle(&mut self, Add(amount): Add, _: &mut Context<Self>) -> u32 {
        assert!(amount != 13, "unlucky");
        self.count += amount;
        self.count
    }
}

#[derive(Message)]
#[rtype(result = "bool")]
struct Retire;

impl Handler<Retire> for Counter {
    type Result = bool;
    fn handle(&mut self, _: Retire, _: &mut Context<Self>) -> bool {
        self.life.retire()
    }
}

#[derive(Message)]
#[rtype(result = "bool")]
struct Leave(usize);

impl Handler<Leave> for Counter {
    type Result = bool;
    fn handle(&mut self, Leave(crowd): Leave, context: &mut Context<Self>) -> bool {
        let leaves = self.life.retire_from(crowd);
        if leaves {
            context.stop();
        }
        leaves
    }
}

fn registry() -> (Registry<Counter>, Arc<AtomicUsize>) {
    registry_with(100, Duration::from_mins(5))
}

fn registry_with(budget: u32, rest: Duration) -> (Registry<Counter>, Arc<AtomicUsize>) {
    let started = Arc::new(AtomicUsize::new(0));
    let (first_delay, longest_delay) = (Duration::from_millis(1), Duration::from_millis(4));
    let policy = RestartPolicy { first_delay, longest_delay, budget, rest };
    (Registry::new(Vec::new(), Arc::clone(&started), policy), started)
}

#[actix::test]
async fn one_actor_serves_a_key() {
    let (registry, started) = registry();
    assert_eq!(registry.ask(1, || Add(2)).await, Ok(2));
    assert_eq!(registry.ask(1, || Add(3)).await, Ok(5));
    assert_eq!(registry.ask(2, || Add(1)).await, Ok(1));
    assert_eq!(started.load(Ordering::SeqCst), 2);
    let mut snapshots = registry.snapshots().await;
    snapshots.sort_by(|a, b| a.key.cmp(&b.key));
    assert_eq!(snapshots[0].state, "at 5");
    assert_eq!(snapshots[0].restarts, 0);
}

#[actix::test]
async fn a_panic_ends_one_actor_which_starts_again() {
    let (registry, started) = registry();
    assert_eq!(registry.ask(1, || Add(2)).await, Ok(2));
    assert_eq!(registry.ask(2, || Add(2)).await, Ok(2));
    assert_eq!(registry.ask(1, || Add(13)).await, Err(AskError::Failing));
    assert_eq!(registry.ask(1, || Add(7)).await, Ok(7));
    assert_eq!(registry.ask(2, || Add(1)).await, Ok(3));
    let started = started.load(Ordering::SeqCst);
    assert_eq!(started, 2 + TRIES as usize);
    let restarts: u32 = registry.snapshots().await.iter().map(|snapshot| snapshot.restarts).sum();
    assert_eq!(restarts, TRIES);
}

#[actix::test]
async fn one_that_dies_beyond_its_budget_rests_and_costs_the_others_nothing() {
    let (registry, started) = registry_with(2, Duration::from_mins(5));
    assert_eq!(registry.ask(1, || Add(13)).await, Err(AskError::Failing));
    assert_eq!(started.load(Ordering::SeqCst), 3);
    assert_eq!(registry.ask(1, || Add(7)).await, Err(AskError::Resting));
    assert_eq!(registry.ask(2, || Add(7)).await, Ok(7));
    let snapshots = registry.snapshots().await;
    assert!(snapshots[0].state.starts_with("resting for 29"), "{}", snapshots[0].state);
    assert_eq!((snapshots[0].key.as_str(), snapshots[0].restarts), ("1", 3));
}

#[actix::test]
async fn after_its_rest_an_actor_is_tried_again() {
    let (registry, _) = registry_with(2, Duration::ZERO);
    assert_eq!(registry.ask(1, || Add(13)).await, Err(AskError::Failing));
    assert_eq!(registry.ask(1, || Add(7)).await, Ok(7));
}

#[actix::test]
async fn what_is_left_out_of_the_snapshots_is_said() {
    let (registry, _) = registry();
    assert_eq!(registry.ask(0, || Add(13)).await, Err(AskError::Failing));
    for key in 0..1_010 {
        assert_eq!(registry.ask(key, || Add(1)).await, Ok(1));
    }
    let snapshots = registry.snapshots().await;
    assert_eq!(snapshots.len(), 1_001);
    assert_eq!((snapshots[0].key.as_str(), snapshots[0].restarts), ("0", TRIES));
    assert_eq!(snapshots[1_000].state, "10 more are not shown one by one");
}

#[actix::test]
async fn an_actor_does_not_retire_while_somebody_waits() {
    let (registry, _) = registry();
    assert_eq!(registry.ask(1, || Retire).await, Ok(false));
    assert_eq!(registry.len(), 1);
}

#[actix::test]
async fn in_a_crowd_an_actor_leaves_with_its_answer() {
    let (registry, started) = registry();
    assert_eq!(registry.ask(1, || Add(1)).await, Ok(1));
    assert_eq!(registry.ask(1, || Leave(1)).await, Ok(false));
    assert_eq!(registry.ask(2, || Add(1)).await, Ok(1));
    assert_eq!(registry.ask(1, || Leave(1)).await, Ok(true));
    assert_eq!(registry.len(), 1);
    assert_eq!(registry.ask(1, || Add(1)).await, Ok(1));
    assert_eq!(started.load(Ordering::SeqCst), 3);
}
