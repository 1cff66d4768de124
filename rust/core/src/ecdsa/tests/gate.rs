//! The ticket gate: after the first failed check nothing of the set-up leaves.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

use super::*;
use crate::ecdsa::engine::{Attempt, Fault, Opening, PairIds, Step};
use crate::ecdsa::table::OPEN_TICKETS;
use crate::error::Error;

/// An engine whose checks pass or fail as the message says: it tests the gate alone.
struct Obedient;

/// How many counted computations of round 2 run now, and the most that ever did.
static RUNNING: AtomicU64 = AtomicU64::new(0);
static MOST: AtomicU64 = AtomicU64::new(0);

const PASS: u8 = 0;
const FAIL: u8 = 1;
const PANIC: u8 = 2;
/// Second byte of a message whose computation takes a while and is counted (in one test only: tests run side by side).
const COUNTED: u8 = 1;

impl Engine for Obedient {
    type Half = ();
    type Correlation = ();
    type Nonce = ();
    type Masked = ();
    type Point = ();
    const SECRET: usize = 1;
    const TRANSFER: usize = 1;

    fn open(_: &PairIds) -> Step<Opening<()>> {
        Ok(((), vec![0], Zeroizing::new(vec![0])))
    }
    fn close(_: &PairIds, (): (), _: &[u8], _: &[u8]) -> Step<()> {
        Ok(())
    }
    fn digest(ids: &PairIds, (): &()) -> [u8; 32] {
        ids.session
    }
    fn round1(attempt: &Attempt<'_, Self>) -> Step<((), Messages)> {
        Ok(((), attempt.others.iter().map(|seat| (*seat, Vec::new())).collect()))
    }
    fn round2(_: &Attempt<'_, Self>, (): (), received: &Messages) -> Step<((), Messages)> {
        let order = &received[&TRAITOR];
        if order[1] == COUNTED {
            MOST.fetch_max(RUNNING.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(5));
            RUNNING.fetch_sub(1, Ordering::SeqCst);
        }
        match order[0] {
            PASS => Ok(((), received.clone())),
            FAIL => Err(Fault::Check(TRAITOR, "told to fail".into())),
            _ => Err(Fault::Panicked),
        }
    }
    fn round3(_: &Attempt<'_, Self>, (): (), received: &Messages) -> Step<((), Vec<u8>)> {
        match received[&TRAITOR][0] {
            PASS => Ok(((), vec![1])),
            _ => Err(Fault::Check(TRAITOR, "told to fail".into())),
        }
    }
    fn combine(_: &Attempt<'_, Self>, (): &(), _: &Messages) -> Step<([u8; 32], [u8; 32])> {
        Err(Fault::Nobody("there is nothing to combine".into()))
    }
}

fn gone(error: &Error) -> bool {
    matches!(error, Error::SetupGone { seats } if seats == &[TRAITOR])
}

/// A party that stands before round 2.
fn ready(pair: &Pair<Obedient>, number: u64) -> SigningParty<Obedient> {
    let mut party = pair.party(HONEST, id(number));
    party.round1().expect("round 1");
    party
}

#[test]
fn of_256_concurrent_deviating_sessions_nothing_is_released_after_the_first_failed_ticket() {
    // A guess of one bit in each session: it passes or fails as the bit of the correlation says.
    let pair = Pair::<Obedient>::new();
    let released = Mutex::new(Vec::new());
    let failed = AtomicU64::new(u64::MAX);
    let barrier = Barrier::new(256);
    thread::scope(|scope| {
        for number in 0..256u64 {
            let (pair, released, failed, barrier) = (&pair, &released, &failed, &barrier);
            scope.spawn(move || {
                let uses = pair.table().choose(&[TRAITOR]);
                barrier.wait();
                let Ok(uses) = uses else { return };
                let Ok(tickets) = pair.table().enter(&uses) else { return };
                let ticket = tickets.number(TRAITOR);
                let bit = random::bytes::<2>();
                thread::sleep(Duration::from_micros(u64::from(bit[1]) * 20));
                if bit[0].is_multiple_of(8) || number == 77 {
                    failed.fetch_min(ticket, Ordering::SeqCst);
                    pair.table().fail(&uses, TRAITOR).ok();
                } else if tickets.pass(()).is_ok() {
                    released.lock().expect("a list").push(ticket);
                }
            });
        }
    });
    let first = failed.load(Ordering::SeqCst);
    let released = released.into_inner().expect("a list");
    assert!(first < 256, "somebody failed");
    assert!(released.iter().all(|ticket| *ticket < first), "released {released:?} although {first} failed");
    assert!(pair.table().live().is_empty());
}

#[test]
fn an_answer_waits_for_the_lower_tickets() {
    let pair = Pair::<Obedient>::new();
    let uses = pair.table().choose(&[TRAITOR]).expect("live");
    let low = pair.table().enter(&uses).expect("a ticket");
    let out = AtomicBool::new(false);
    thread::scope(|scope| {
        let high = pair.table().enter(&uses).expect("a ticket");
        let waiting = scope.spawn(|| {
            high.pass(()).expect("its turn came");
            out.store(true, Ordering::SeqCst);
        });
        thread::sleep(Duration::from_millis(30));
        assert!(!out.load(Ordering::SeqCst), "the higher ticket left first");
        low.pass(()).expect("the lowest leaves at once");
        waiting.join().expect("no panic");
    });
    assert!(out.load(Ordering::SeqCst));
}

#[test]
fn a_failed_check_discards_the_answers_that_wait() {
    let pair = Pair::<Obedient>::new();
    let uses = pair.table().choose(&[TRAITOR]).expect("live");
    let low = pair.table().enter(&uses).expect("a ticket");
    let high = pair.table().enter(&uses).expect("a ticket");
    thread::scope(|scope| {
        let waiting = scope.spawn(|| high.pass(()));
        thread::sleep(Duration::from_millis(10));
        pair.table().fail(&uses, TRAITOR).expect("the first failure");
        drop(low);
        assert!(gone(&waiting.join().expect("no panic").expect_err("discarded")));
    });
}

#[test]
fn a_session_that_ends_otherwise_holds_no_ticket() {
    let pair = Pair::<Obedient>::new();
    let uses = pair.table().choose(&[TRAITOR]).expect("live");
    drop(pair.table().enter(&uses).expect("a ticket"));
    pair.table().enter(&uses).expect("a ticket").pass(()).expect("nobody is before it");
}

#[test]
fn at_most_16_tickets_of_a_pair_are_open() {
    let pair = Pair::<Obedient>::new();
    let mut parties: Vec<_> = (0..64).map(|number| ready(&pair, number)).collect();
    thread::scope(|scope| {
        for party in &mut parties {
            scope.spawn(|| party.round2(&from_traitor(vec![PASS, COUNTED])).expect("passes"));
        }
    });
    let most = MOST.load(Ordering::SeqCst);
    assert!((2..=OPEN_TICKETS as u64).contains(&most), "{most} at once");
    assert_eq!(pair.table().live(), [TRAITOR]);
}

#[test]
fn a_failed_check_in_any_round_stops_every_other_session_of_the_pair() {
    for failing_round in [2, 3] {
        let pair = Pair::<Obedient>::new();
        let (mut fresh, mut one, mut two) = (pair.party(HONEST, id(1)), ready(&pair, 2), ready(&pair, 3));
        two.round2(&from_traitor(vec![PASS, 0])).expect("passes");
        let mut culprit = ready(&pair, 4);
        let failed = if failing_round == 2 {
            culprit.round2(&from_traitor(vec![FAIL, 0])).err()
        } else {
            culprit.round2(&from_traitor(vec![PASS, 0])).expect("passes");
            culprit.round3(&from_traitor(vec![FAIL])).err()
        };
        assert!(matches!(failed, Some(Error::CheckFailed { culprits, .. }) if culprits == [TRAITOR]));
        assert!(gone(&fresh.round1().expect_err("nothing leaves")));
        assert!(gone(&one.round2(&from_traitor(vec![PASS, 0])).expect_err("nothing leaves")));
        assert!(gone(&two.round3(&from_traitor(vec![PASS])).expect_err("nothing leaves")));
        assert!(pair.table().live().is_empty());
    }
}

#[test]
fn a_second_failure_tells_nothing_more_and_spares_the_next_set_up() {
    let mut pair = Pair::<Obedient>::new();
    let (mut first, mut second) = (ready(&pair, 1), ready(&pair, 2));
    second.round2(&from_traitor(vec![PASS, 0])).expect("passes");
    first.round2(&from_traitor(vec![FAIL, 0])).expect_err("fails");
    pair.set_up();
    assert!(gone(&second.round3(&from_traitor(vec![FAIL])).expect_err("its set-up is gone")));
    assert_eq!(pair.table().live(), [TRAITOR], "a session on a dead set-up cannot hurt the live one");
}

#[test]
fn a_panic_of_the_engine_burns_the_set_ups_in_use_and_blames_nobody() {
    let pair = Pair::<Obedient>::new();
    let error = ready(&pair, 1).round2(&from_traitor(vec![PANIC, 0])).expect_err("panics");
    assert!(matches!(error, Error::PeerFault { culprits, .. } if culprits.is_empty()));
    assert!(pair.table().live().is_empty());
}

#[test]
fn a_forgotten_set_up_ends_its_sessions() {
    let pair = Pair::<Obedient>::new();
    let mut party = ready(&pair, 1);
    pair.table().forget(TRAITOR);
    assert!(gone(&party.round2(&from_traitor(vec![PASS, 0])).expect_err("gone")));
}

#[test]
fn a_counter_is_used_once_between_two_processes() {
    let mut pair = Pair::<Obedient>::new();
    pair.counter -= 1;
    let key = PeerKey::decode(&pair.keys[&TRAITOR].public_key()).expect("a key");
    let peer = |boot_nonce| Peer { seat: TRAITOR, boot_nonce, key: key.clone() };
    let known = *pair.tables[&TRAITOR].boot_nonce();
    let begin = |peer, counter| PairSetup::new(Arc::clone(pair.table()), peer, counter).map(|_| ());
    assert!(matches!(begin(peer(known), 1), Err(Error::InvalidInput(_))));
    begin(peer(known), 2).expect("a higher counter");
    begin(peer([1; 16]), 1).expect("another process");
    assert!(matches!(begin(peer(*pair.table().boot_nonce()), 1), Err(Error::InvalidInput(_))), "a clone of ourselves");
}

#[test]
fn steps_run_once_and_in_order() {
    let pair = Pair::<Obedient>::new();
    let spent = |error: Error| matches!(error, Error::Spent(_));
    let mut party = ready(&pair, 1);
    assert!(spent(party.round1().expect_err("twice")));
    assert!(spent(party.round2(&from_traitor(vec![PASS, 0])).expect_err("spent by the error before")));
    let mut party = pair.party(HONEST, id(2));
    assert!(spent(party.round3(&BTreeMap::new()).expect_err("out of order")));
}
