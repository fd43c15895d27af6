use std::{cmp::Reverse, collections::BinaryHeap};

use chrono::DateTime;

use super::*;

fn limit(scope: LimitScope, permits: u32, per_ms: u64, burst: Option<u32>) -> RateLimit {
    RateLimit { scope, permits, per_ms, burst }
}

fn recipient() -> ConversationId {
    ConversationId::at(DateTime::UNIX_EPOCH)
}

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn check(limiter: &mut Limiter, recipient: ConversationId, now: Instant) -> Pace {
    limiter.check(recipient, &mut Progress::default(), now)
}

/// When each of so many messages leaves, whose sender looks again when it is told to, and so much later than that.
fn departures(limiter: &mut Limiter, count: usize, mut now: Instant, late: Duration) -> Vec<Instant> {
    let mut departures = Vec::new();
    while departures.len() < count {
        match check(limiter, recipient(), now) {
            Pace::Go(moment) => departures.push(moment),
            Pace::ChannelWaits(wait) | Pace::RecipientWaits(wait) => now += wait + late,
        }
    }
    departures
}

/// The most within any window of this length.
fn most(departures: &[Instant], window: Duration) -> usize {
    let within = |(from, begin): (usize, &Instant)| {
        departures.iter().skip(from).take_while(|departure| **departure - *begin <= window).count()
    };
    departures.iter().enumerate().map(within).max().unwrap_or_default()
}

#[test]
fn without_limits_everything_goes() {
    let now = Instant::now();
    let mut limiter = Limiter::new(&[], now);
    assert!((0..1000).all(|_| check(&mut limiter, recipient(), now) == Pace::Go(now)));
    assert_eq!(limiter.leave(now, now + ms(10_000)), Ok(()));
}

#[test]
fn the_rate_is_reached_and_never_exceeded_however_late_one_looks() {
    for permits in [10, 50, 200] {
        let now = Instant::now();
        let mut limiter = Limiter::new(&[limit(LimitScope::Channel, permits, 1_000, None)], now);
        let departures = departures(&mut limiter, 2_000, now, ms(15));
        let took = (*departures.last().unwrap() - now).as_secs_f64();
        let rate = (departures.len() - 1) as f64 / took / f64::from(permits);
        assert!((0.99..=1.0).contains(&rate), "{rate} of {permits} per second");
        for seconds in [1_u32, 5] {
            let permitted = (seconds * permits) as usize;
            let window = Duration::from_secs(1) * seconds;
            assert!(most(&departures, window) <= permitted, "{permits} per second, {seconds} s");
        }
    }
}

#[test]
fn a_permit_is_given_out_shortly_before_its_moment() {
    let now = Instant::now();
    let mut limiter = Limiter::new(&[limit(LimitScope::Channel, 1, 1_000, None)], now);
    assert_eq!(check(&mut limiter, recipient(), now), Pace::Go(now));
    let next = now + ms(1_004);
    assert_eq!(check(&mut limiter, recipient(), now), Pace::ChannelWaits(ms(954)));
    assert_eq!(check(&mut limiter, recipient(), now + ms(954)), Pace::Go(next));
    assert_eq!(check(&mut limiter, recipient(), now + ms(954)), Pace::ChannelWaits(ms(1_004)));
}

#[test]
fn late_requests_cost_no_pace_and_no_window_has_more_than_the_limit() {
    for (permits, burst) in [(10, 1), (50, 1), (50, 5), (200, 1)] {
        let begun = Instant::now();
        let mut limiter = Limiter::new(&[limit(LimitScope::Channel, permits, 1_000, Some(burst))], begun);
        // Two of three as late as a timer is, the third by up to half an interval, in no order that has to do with the limit.
        let tolerated = limiter.interval().unwrap() / 2;
        let held_up = |number: u32| tolerated * (if number.is_multiple_of(3) { number * 7 % 46 } else { 3 }) / 46;
        let moments = departures(&mut limiter, 3_000, begun, ms(1));
        let mut due: BinaryHeap<_> =
            moments.into_iter().zip(0..).map(|(moment, number)| Reverse((moment + held_up(number), moment))).collect();
        let mut left = Vec::new();
        while let Some(Reverse((now, moment))) = due.pop() {
            match limiter.leave(moment, now) {
                Ok(()) => left.push(now),
                Err(instead) => due.push(Reverse((instead + Duration::from_micros(700), instead))),
            }
        }
        let most_permitted = (permits + burst - 1) as usize;
        assert!(most(&left, ms(1_000)) <= most_permitted, "{permits} per second, {burst} at once");
        let rate = (left.len() - 1) as f64 / (*left.last().unwrap() - begun).as_secs_f64() / f64::from(permits);
        assert!(rate >= 0.99, "{rate} of {permits} per second");
    }
}

#[test]
fn requests_that_are_all_a_little_late_do_not_pile_up() {
    let begun = Instant::now();
    let mut limiter = Limiter::new(&[limit(LimitScope::Channel, 1, 100, None)], begun);
    // A request with its moment, or the sender that looks whether another may go; whoever wakes is late by 1 to 3 ms.
    let mut due = BinaryHeap::from([Reverse((begun, None))]);
    let (mut woken, mut under_way, mut most_under_way, mut left) = (0_u64, 0, 0, Vec::new());
    while left.len() < 2_000 {
        let Reverse((now, moment)) = due.pop().unwrap();
        woken += 1;
        let late = Duration::from_micros(1_000 + woken * woken * 7_919 % 2_003);
        if let Some(moment) = moment {
            match limiter.leave(moment, now) {
                Ok(()) => {
                    under_way -= 1;
                    left.push(now);
                }
                Err(later) => due.push(Reverse((later + late, Some(later)))),
            }
            continue;
        }
        match check(&mut limiter, recipient(), now) {
            Pace::Go(moment) => {
                under_way += 1;
                most_under_way = most_under_way.max(under_way);
                due.push(Reverse((moment + late, Some(moment))));
                due.push(Reverse((now, None)));
            }
            Pace::ChannelWaits(wait) | Pace::RecipientWaits(wait) => due.push(Reverse((now + wait + late, None))),
        }
    }
    assert!(most_under_way <= 3, "{most_under_way} with a permit");
    assert_eq!(most(&left, ms(100)), 1);
    let rate = (left.len() - 1) as f64 / (*left.last().unwrap() - begun).as_secs_f64() / 10.0;
    assert!(rate > 0.95, "{rate} of the limit");
}

#[test]
fn a_burst_of_any_size_is_no_trouble() {
    let now = Instant::now();
    let mut limiter = Limiter::new(&[limit(LimitScope::Channel, 10, 1_000, Some(u32::MAX))], now);
    for _ in 0..2_000 {
        assert_eq!(check(&mut limiter, recipient(), now), Pace::Go(now));
        assert_eq!(limiter.leave(now, now), Ok(()));
    }
}

#[test]
fn a_request_that_was_held_up_for_long_has_another_moment() {
    let now = Instant::now();
    let mut limiter = Limiter::new(&[limit(LimitScope::Channel, 10, 1_000, None)], now);
    assert_eq!(check(&mut limiter, recipient(), now), Pace::Go(now));
    assert_eq!(limiter.leave(now, now + ms(50)), Ok(()));
    let late = now + ms(1_000);
    assert_eq!(check(&mut limiter, recipient(), late), Pace::Go(late));
    let instead = limiter.leave(now, late).unwrap_err();
    assert_eq!(instead, late + Duration::from_micros(100_400));
    assert_eq!(limiter.leave(instead, instead), Ok(()));
}

#[test]
fn a_channel_waits_after_its_permit_and_a_recipient_alone() {
    let now = Instant::now();
    let limits = [limit(LimitScope::Channel, 2, 120_000, Some(2)), limit(LimitScope::Recipient, 1, 60_000, None)];
    let mut limiter = Limiter::new(&limits, now);
    let (ana, ben, cleo) = (recipient(), recipient(), recipient());
    assert_eq!(check(&mut limiter, ana, now), Pace::Go(now));
    assert!(matches!(check(&mut limiter, ana, now), Pace::RecipientWaits(_)));
    assert_eq!(check(&mut limiter, ben, now), Pace::Go(now));
    assert!(matches!(check(&mut limiter, cleo, now), Pace::ChannelWaits(_)));
}

#[test]
fn a_permit_is_kept_while_waiting_for_the_next() {
    let now = Instant::now();
    let limits = [limit(LimitScope::Channel, 1, 60_000, None), limit(LimitScope::Recipient, 1, 60_000, None)];
    let mut limiter = Limiter::new(&limits, now);
    assert_eq!(check(&mut limiter, recipient(), now), Pace::Go(now));
    let (ana, mut progress) = (recipient(), Progress::default());
    assert!(matches!(limiter.check(ana, &mut progress, now), Pace::ChannelWaits(_)));
    // Not the recipient's limit again, though it was used.
    assert!(matches!(limiter.check(ana, &mut progress, now), Pace::ChannelWaits(_)));
    assert_eq!(progress.passed, 1);
}

#[test]
fn what_was_sent_before_a_restart_counts() {
    let now = Instant::now();
    let limits = [limit(LimitScope::Channel, 1, 60_000, Some(2))];
    let mut limiter = Limiter::new(&limits, now);
    assert!(limiter.memory() >= Duration::from_mins(2));
    limiter.remember(&[(ms(1_000), recipient()), (ms(500_000), recipient())], true);
    assert_eq!(check(&mut limiter, recipient(), now), Pace::Go(now));
    // The minute of the one that is remembered has begun when it was sent.
    let Pace::ChannelWaits(wait) = check(&mut limiter, recipient(), now) else { panic!("it went") };
    assert!((ms(58_000)..=ms(60_000)).contains(&wait), "{wait:?}");
    // More than there may have been: they count one after the other.
    let mut limiter = Limiter::new(&limits, now);
    let four = [(ms(3), recipient()), (ms(2), recipient()), (ms(1), recipient()), (ms(0), recipient())];
    limiter.remember(&four, true);
    let Pace::ChannelWaits(wait) = check(&mut limiter, recipient(), now) else { panic!("it went") };
    assert!(wait > ms(170_000), "{wait:?}");
}

#[test]
fn what_is_too_old_to_be_remembered_may_have_used_up_the_burst() {
    let now = Instant::now();
    let limits = [limit(LimitScope::Channel, 1, 1_000, Some(10))];
    // One a second for as long as anybody can tell: the burst was used before.
    let steady: Vec<_> = (0..20).map(|second| (ms(second * 1_000), recipient())).collect();
    for (attempts, are_all) in [(&steady[..], true), (&steady[..3], false)] {
        let mut limiter = Limiter::new(&limits, now);
        limiter.remember(attempts, are_all);
        assert!(matches!(check(&mut limiter, recipient(), now), Pace::ChannelWaits(_)), "{are_all}");
    }
    let mut limiter = Limiter::new(&limits, now);
    limiter.remember(&steady[..3], true);
    assert_eq!(check(&mut limiter, recipient(), now), Pace::Go(now));
}

#[test]
fn a_rest_holds_everybody_and_ends_with_the_pace_that_was() {
    let now = Instant::now();
    let mut limiter = Limiter::new(&[], now);
    limiter.rest(now + ms(5_000));
    limiter.rest(now + ms(3_000));
    assert_eq!(check(&mut limiter, recipient(), now), Pace::ChannelWaits(ms(5_000)));
    let over = now + ms(5_000);
    assert!((0..100).all(|_| check(&mut limiter, recipient(), over) == Pace::Go(over)));
}

#[test]
fn a_request_that_is_made_once_more_counts_once_more() {
    let now = Instant::now();
    let mut limiter = Limiter::new(&[limit(LimitScope::Channel, 10, 1_000, None)], now);
    assert_eq!(check(&mut limiter, recipient(), now), Pace::Go(now));
    let interval = Duration::from_micros(100_400);
    assert_eq!(limiter.claim(now), now + interval);
    assert_eq!(limiter.claim(now), now + 2 * interval);
    assert_eq!(Limiter::new(&[], now).claim(now), now);
}

#[test]
fn a_pause_holds_everybody_and_ends() {
    let now = Instant::now();
    let mut limiter = Limiter::new(&[], now);
    limiter.pause(now + ms(5_000), now);
    limiter.pause(now + ms(3_000), now);
    let wait = check(&mut limiter, recipient(), now);
    assert_eq!(wait, Pace::ChannelWaits(ms(5_000)));
    let over = now + ms(5_000);
    assert_eq!(check(&mut limiter, recipient(), over), Pace::Go(over));
}

#[test]
fn after_a_pause_the_pace_recovers_gradually() {
    let now = Instant::now();
    let mut limiter = Limiter::new(&[limit(LimitScope::Channel, 50, 1_000, None)], now);
    let usual = departures(&mut limiter, 51, now, ms(0));
    let begin = now + ms(10_000);
    limiter.pause(begin, now + ms(5_000));
    limiter.pause(begin, now + ms(5_001));
    let rates: Vec<usize> = [0_u64, 30, 300]
        .into_iter()
        .map(|after| {
            let from = begin + ms(after * 1_000);
            let went = departures(&mut limiter, 51, from, ms(0));
            most(&went, ms(1_000))
        })
        .collect();
    assert!(rates.is_sorted() && rates[0] <= 26 && rates[0] >= 20, "{rates:?}");
    assert!(rates[1] > rates[0] && rates[2] == most(&usual, ms(1_000)), "{rates:?}");
    // Too fast again at once: slower still.
    let again = begin + ms(400_000);
    for second in 0..3 {
        limiter.pause(again + ms(second * 1_000 + 500), again + ms(second * 1_000));
    }
    let slower = most(&departures(&mut limiter, 20, again + ms(2_500), ms(0)), ms(1_000));
    assert!(slower < rates[0] / 2, "{slower}");
}

#[test]
fn recipients_are_forgotten_and_it_is_not_looked_for_them_each_time() {
    let now = Instant::now();
    let mut limiter = Limiter::new(&[limit(LimitScope::Recipient, 1, 1_000, None)], now);
    let known = |limiter: &Limiter| match &limiter.limits[0].1 {
        Limit::Recipient { limiter, looked_at_with } => (limiter.len(), looked_at_with.get()),
        Limit::Channel(_) => unreachable!("it is the recipients'"),
    };
    for _ in 0..2 * RECIPIENTS {
        check(&mut limiter, recipient(), now);
    }
    let (count, next) = known(&limiter);
    assert!(count == 2 * RECIPIENTS && next > count, "all of them still count: {count}, {next}");
    for _ in 0..10 {
        check(&mut limiter, recipient(), now + ms(10_000));
    }
    assert!(known(&limiter).0 < 100 && known(&limiter).1 == RECIPIENTS, "{:?}", known(&limiter));
}
