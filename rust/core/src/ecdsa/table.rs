//! All live pair set-ups of this process, and the gate through which every answer leaves.
//!
//! A deviating peer learns one bit of a pair's correlation from whether a check passed. One bit is harmless, provided that
//! the first failed check is the last: the set-up dies with it. But sessions run in parallel, and 256 of them in flight
//! would each give a bit before the first answer is seen. So answers wait for their turn:
//!
//! * a ticket of each pair concerned is taken when the computation of round 2 starts (all of them at once, so that nobody
//!   holds one ticket while waiting for another);
//! * what answers ticket k leaves only after all tickets ≤ k of its pairs have passed their checks;
//! * a failed check destroys the set-up and so discards every waiting answer of the pair, in the same critical section;
//! * at most [`OPEN_TICKETS`] tickets of a pair are open; more computations wait before they start.
//!
//! A session that ends for another reason gives its tickets back unused. Waiting cannot lock up: a ticket is held only by
//! a running computation, which passes, fails or gives up its tickets without waiting for anything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::engine::Engine;
use crate::error::{Error, Result};
use crate::hpke::SealingKey;
use crate::process::Birthplace;
use crate::random;
use crate::transcript::{EngineSession, HashInput};
use crate::Seat;

/// Most tickets of one pair that are open at once.
pub const OPEN_TICKETS: usize = 16;
/// Length of a boot nonce.
pub const BOOT_NONCE: usize = 16;

/// Which set-up a session was assembled on: peer → generation.
pub type Uses = BTreeMap<Seat, u64>;

struct Pair<E: Engine> {
    generation: u64,
    correlation: Arc<E::Correlation>,
    next_ticket: u64,
    open: BTreeSet<u64>,
}

struct State<E: Engine> {
    pairs: BTreeMap<Seat, Pair<E>>,
    generations: u64,
    /// Highest counter used with each peer's process, so that no session id of a set-up comes twice.
    counters: BTreeMap<(Seat, [u8; BOOT_NONCE]), u64>,
}

/// The table. Its boot nonce names this process's life in every set-up.
pub struct Table<E: Engine> {
    state: Mutex<State<E>>,
    changed: Condvar,
    network: [u8; 32],
    epoch: u64,
    seat: Seat,
    boot_nonce: [u8; BOOT_NONCE],
    sealing: SealingKey,
    birthplace: Birthplace,
}

impl<E: Engine> std::fmt::Debug for Table<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Table(seat {}, live {:?}, …)", self.seat, self.live())
    }
}

impl<E: Engine> Table<E> {
    /// An empty table.
    pub fn new(network: [u8; 32], epoch: u64, seat: Seat, sealing: SealingKey) -> Result<Self> {
        if seat == 0 {
            return Err(Error::input("seat 0 is nobody's"));
        }
        let state = State { pairs: BTreeMap::new(), generations: 0, counters: BTreeMap::new() };
        Ok(Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
            network,
            epoch,
            seat,
            boot_nonce: random::bytes(),
            sealing,
            birthplace: Birthplace::here(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State<E>> {
        // Every critical section leaves the state whole; a panic in one (out of memory) poisons nothing.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Network id.
    pub fn network(&self) -> &[u8; 32] {
        &self.network
    }

    /// Epoch.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Our seat.
    pub fn seat(&self) -> Seat {
        self.seat
    }

    /// Our boot nonce.
    pub fn boot_nonce(&self) -> &[u8; BOOT_NONCE] {
        &self.boot_nonce
    }

    pub(crate) fn sealing(&self) -> &SealingKey {
        &self.sealing
    }

    /// Refuse in a forked process.
    pub fn check_process(&self) -> Result<()> {
        self.birthplace.check()
    }

    pub(crate) fn engine_session(&self) -> [u8; 32] {
        EngineSession { network: &self.network, epoch: self.epoch }.hash()
    }

    /// Use up a counter: it must be above all others used with this process of the peer.
    pub(crate) fn use_counter(&self, peer: Seat, nonce: [u8; BOOT_NONCE], counter: u64) -> Result<()> {
        let mut state = self.lock();
        match state.counters.get(&(peer, nonce)) {
            Some(last) if counter <= *last => {
                Err(Error::input(format!("counter {counter} of the set-up with seat {peer} is not above the last one, {last}")))
            }
            _ => {
                // A process that is gone never comes back with its nonce.
                state.counters.retain(|(seat, other), _| *seat != peer || *other == nonce);
                state.counters.insert((peer, nonce), counter);
                Ok(())
            }
        }
    }

    /// Put a finished set-up in place of any former one with this peer.
    pub(crate) fn install(&self, peer: Seat, correlation: E::Correlation) -> u64 {
        let mut state = self.lock();
        state.generations += 1;
        let generation = state.generations;
        let pair = Pair { generation, correlation: Arc::new(correlation), next_ticket: 0, open: BTreeSet::new() };
        state.pairs.insert(peer, pair);
        self.changed.notify_all();
        generation
    }

    /// Peers with a live set-up, ascending.
    pub fn live(&self) -> Vec<Seat> {
        self.lock().pairs.keys().copied().collect()
    }

    /// Number of the live set-up with `peer`.
    pub fn generation(&self, peer: Seat) -> Option<u64> {
        self.lock().pairs.get(&peer).map(|pair| pair.generation)
    }

    /// Destroy the set-up with `peer`.
    pub fn forget(&self, peer: Seat) {
        self.lock().pairs.remove(&peer);
        self.changed.notify_all();
    }

    /// Choose the live set-ups with all of `peers`.
    pub(crate) fn choose(&self, peers: &[Seat]) -> Result<Uses> {
        let state = self.lock();
        let seats: Vec<Seat> = peers.iter().copied().filter(|peer| !state.pairs.contains_key(peer)).collect();
        if !seats.is_empty() {
            return Err(Error::SetupGone { seats });
        }
        Ok(peers.iter().map(|peer| (*peer, state.pairs[peer].generation)).collect())
    }

    /// Borrow the correlations for one step.
    pub(crate) fn borrow(&self, uses: &Uses) -> Result<BTreeMap<Seat, Arc<E::Correlation>>> {
        let state = self.lock();
        state.check(uses)?;
        Ok(uses.keys().map(|peer| (*peer, Arc::clone(&state.pairs[peer].correlation))).collect())
    }

    /// Take a ticket of every pair, all at once; wait while one of them has [`OPEN_TICKETS`] open.
    pub(crate) fn enter(&self, uses: &Uses) -> Result<Tickets<'_, E>> {
        let mut state = self.lock();
        loop {
            state.check(uses)?;
            if uses.keys().all(|peer| state.pairs[peer].open.len() < OPEN_TICKETS) {
                break;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let mut numbers = BTreeMap::new();
        for peer in uses.keys() {
            let pair = state.pairs.get_mut(peer).ok_or_else(|| Error::SetupGone { seats: vec![*peer] })?;
            pair.open.insert(pair.next_ticket);
            numbers.insert(*peer, pair.next_ticket);
            pair.next_ticket += 1;
        }
        Ok(Tickets { table: self, uses: uses.clone(), numbers })
    }

    /// Let `answer` out if every set-up it was computed on still lives.
    pub(crate) fn release<T>(&self, uses: &Uses, answer: T) -> Result<T> {
        self.lock().check(uses).map(|()| answer)
    }

    /// A check of a message of `culprit` failed: destroy that set-up. An error if it was gone already: then the failure is
    /// not told apart from any other session that the first failure ended.
    pub(crate) fn fail(&self, uses: &Uses, culprit: Seat) -> Result<()> {
        let mut state = self.lock();
        let first = state.destroy(uses, culprit);
        self.changed.notify_all();
        if first {
            Ok(())
        } else {
            Err(Error::SetupGone { seats: vec![culprit] })
        }
    }

    /// Destroy every set-up that a session runs on.
    pub(crate) fn fail_all(&self, uses: &Uses) {
        let mut state = self.lock();
        for peer in uses.keys() {
            state.destroy(uses, *peer);
        }
        self.changed.notify_all();
    }
}

impl<E: Engine> State<E> {
    fn check(&self, uses: &Uses) -> Result<()> {
        let lives = |(peer, generation): (&Seat, &u64)| self.pairs.get(peer).is_some_and(|pair| pair.generation == *generation);
        let seats: Vec<Seat> = uses.iter().filter(|used| !lives(*used)).map(|(peer, _)| *peer).collect();
        if seats.is_empty() {
            Ok(())
        } else {
            Err(Error::SetupGone { seats })
        }
    }

    /// Destroy the set-up with `peer` if it is still the one in use; says whether it was.
    fn destroy(&mut self, uses: &Uses, peer: Seat) -> bool {
        let live = self.pairs.get(&peer).is_some_and(|pair| uses.get(&peer) == Some(&pair.generation));
        live && self.pairs.remove(&peer).is_some()
    }

    fn close(&mut self, uses: &Uses, numbers: &BTreeMap<Seat, u64>) {
        for (peer, number) in numbers {
            if let Some(pair) = self.pairs.get_mut(peer).filter(|pair| uses.get(peer) == Some(&pair.generation)) {
                pair.open.remove(number);
            }
        }
    }

    /// Whether a lower ticket of some pair is still open.
    fn must_wait(&self, numbers: &BTreeMap<Seat, u64>) -> bool {
        numbers.iter().any(|(peer, number)| self.pairs[peer].open.first().is_some_and(|lowest| lowest < number))
    }
}

/// Tickets of one computation. Dropped unused, they are given back.
pub(crate) struct Tickets<'a, E: Engine> {
    table: &'a Table<E>,
    uses: Uses,
    numbers: BTreeMap<Seat, u64>,
}

impl<E: Engine> Tickets<'_, E> {
    /// Our place in the order of the pair with `peer`.
    #[cfg(test)]
    pub(crate) fn number(&self, peer: Seat) -> u64 {
        self.numbers[&peer]
    }

    /// The checks passed: wait for the lower tickets, then let `answer` out.
    pub(crate) fn pass<T>(self, answer: T) -> Result<T> {
        let mut state = self.table.lock();
        state.close(&self.uses, &self.numbers);
        self.table.changed.notify_all();
        loop {
            // A set-up that is gone ends the wait: the answer is dropped here.
            state.check(&self.uses)?;
            if !state.must_wait(&self.numbers) {
                return Ok(answer);
            }
            state = self.table.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl<E: Engine> Drop for Tickets<'_, E> {
    fn drop(&mut self) {
        let mut state = self.table.lock();
        state.close(&self.uses, &self.numbers);
        self.table.changed.notify_all();
    }
}
