use chrono::DateTime;

use super::*;

fn house() -> (Rooms, OrganisationId, [UserId; 3]) {
    let now = DateTime::UNIX_EPOCH;
    (Rooms::new(Saying::nobody_listens()), OrganisationId::at(now), std::array::from_fn(|_| UserId::at(now)))
}

fn drained(told: &mut mpsc::Receiver<Notice>) -> Vec<Notice> {
    std::iter::from_fn(|| told.try_recv().ok()).collect()
}

#[test]
fn the_others_in_the_room_are_told_and_nobody_else() {
    let ((rooms, ours, [one, two, three]), now) = (house(), DateTime::UNIX_EPOCH);
    let (here, there) = (ConversationId::at(now), ConversationId::at(now));
    let ((mut ada, mut to_ada), (mut bea, mut to_bea), (mut cem, mut to_cem)) =
        (rooms.member(ours, one), rooms.member(ours, two), rooms.member(ours, three));
    for told in [&mut to_ada, &mut to_bea, &mut to_cem] {
        drained(told);
    }
    assert!(ada.join(here) && bea.join(here) && cem.join(there));
    let typing = Typing { conversation_id: here, user_id: one, user_name: "Ada".to_owned(), begins: true };
    ada.tell(typing.clone());
    assert_eq!(drained(&mut to_bea), [Notice::Typing(typing.clone())]);
    assert!(to_ada.try_recv().is_err() && to_cem.try_recv().is_err());
    bea.leave(here);
    ada.tell(typing.clone());
    assert!(to_bea.try_recv().is_err() && !bea.is_in(here));
    // More than a client takes is left out, and costs nothing.
    assert!(cem.join(here));
    for _ in 0..2 * WAITING {
        ada.tell(typing.clone());
    }
    assert_eq!(drained(&mut to_cem).len(), WAITING);
    drop((ada, bea, cem));
    let members = rooms.members();
    assert!(members.rooms.is_empty() && members.houses.is_empty(), "who goes leaves its rooms");
}

#[test]
fn an_organisation_is_told_who_comes_and_goes() {
    let ((rooms, ours, [one, two, three]), now) = (house(), DateTime::UNIX_EPOCH);
    let (ada, mut to_ada) = rooms.member(ours, one);
    let (stranger, mut to_stranger) = rooms.member(OrganisationId::at(now), three);
    let (first, second) = (rooms.member(ours, two), rooms.member(ours, two));
    assert_eq!(drained(&mut to_ada), [Notice::Online(two)]);
    drop(first);
    assert!(to_ada.try_recv().is_err(), "one of two connections is left");
    drop(second);
    assert_eq!(drained(&mut to_ada), [Notice::Offline(two)]);
    let node = NodeId::at(now);
    let told = |said| rooms.heard(node, said, Instant::now());
    told(Said::Here { organisation_id: ours, users: vec![one, two] });
    told(Said::Gone { organisation_id: ours, user_id: one });
    told(Said::Gone { organisation_id: ours, user_id: two });
    assert_eq!(drained(&mut to_ada), [Notice::Online(two), Notice::Offline(two)]);
    assert!(drained(&mut to_stranger).is_empty());
    drop((ada, stranger));
}

#[test]
fn a_client_is_in_so_many_rooms() {
    let (rooms, ours, [one, ..]) = house();
    let (mut member, _told) = rooms.member(ours, one);
    let ids: Vec<_> = (0..MOST).map(|_| ConversationId::at(DateTime::UNIX_EPOCH)).collect();
    assert!(ids.iter().all(|id| member.join(*id)));
    assert!(!member.join(ConversationId::at(DateTime::UNIX_EPOCH)));
    assert!(ids.iter().all(|id| member.join(*id)), "where it is already");
}
