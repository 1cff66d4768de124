//! One side of a pair set-up (docs/protocol/setup.md): commit, transfer, confirm, finish; symmetric.
//!
//! | message | content |
//! |---|---|
//! | commit | H(session, sender, receiver, transfer) |
//! | transfer | salt (32) ‖ the engine's half ‖ HPKE encapsulation (32) ‖ our half of the zero-share seed, sealed (48) |
//! | confirm | H(session, both gadgets, H(zero-share seed)) |
//!
//! The session id holds both processes' boot nonces, so neither a restored snapshot nor a clone can bring one back.

use std::sync::Arc;

use super::engine::{Engine, Fault, PairIds};
use super::table::{Table, BOOT_NONCE};
use crate::codec::Writer;
use crate::curve;
use crate::error::{Error, Result};
use crate::hpke::{PeerKey, Route, PUBLIC_KEY, TAG};
use crate::random;
use crate::transcript::{HashInput, PairSession, SetupCommitment};
use crate::Seat;

const SALT: usize = 32;
const HASH: usize = 32;
/// Number of the transfer in the associated data.
const TRANSFER_ROUND: u64 = 2;

/// The other side of a set-up, as link and registry state it.
pub struct Peer {
    /// Its seat.
    pub seat: Seat,
    /// Its boot nonce, from the link's hello.
    pub boot_nonce: [u8; BOOT_NONCE],
    /// Its registered X25519 key.
    pub key: PeerKey,
}

enum Stage<E: Engine> {
    Fresh,
    Committed { half: E::Half, transfer: Vec<u8> },
    Transferred { half: E::Half, commitment: [u8; HASH] },
    Confirmed { correlation: E::Correlation, digest: [u8; HASH] },
    Over,
}

/// One side of a set-up. Each method runs once, in the order written here.
pub struct PairSetup<E: Engine> {
    table: Arc<Table<E>>,
    peer: Peer,
    ids: PairIds,
    stage: Stage<E>,
}

impl<E: Engine> std::fmt::Debug for PairSetup<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PairSetup(seats {} and {}, …)", self.ids.seat, self.ids.peer)
    }
}

impl<E: Engine> PairSetup<E> {
    /// Start a set-up; `counter` must be above all earlier ones between these two processes.
    pub fn new(table: Arc<Table<E>>, peer: Peer, counter: u64) -> Result<Self> {
        table.check_process()?;
        if peer.seat == 0 || peer.seat == table.seat() {
            return Err(Error::input("a pair is two different seats within 1…255"));
        }
        if peer.boot_nonce == *table.boot_nonce() {
            return Err(Error::input(format!("seat {} sends our own boot nonce: it is a clone of this process", peer.seat)));
        }
        table.use_counter(peer.seat, peer.boot_nonce, counter)?;
        let ids = pair_ids(&table, &peer, counter);
        Ok(Self { table, peer, ids, stage: Stage::Fresh })
    }

    /// Names the set-up on both sides.
    pub fn session(&self) -> &[u8; HASH] {
        &self.ids.session
    }

    /// The other seat.
    pub fn peer(&self) -> Seat {
        self.ids.peer
    }

    fn advance(&mut self) -> Stage<E> {
        std::mem::replace(&mut self.stage, Stage::Over)
    }

    fn route(&self, sender: Seat, receiver: Seat) -> Route<'_> {
        Route { session: &self.ids.session, round: TRANSFER_ROUND, sender, receiver }
    }

    fn commitment(&self, sender: Seat, receiver: Seat, transfer: &[u8]) -> [u8; HASH] {
        SetupCommitment { session: &self.ids.session, sender: sender.into(), receiver: receiver.into(), transfer }.hash()
    }

    /// Draw our half; commit to it.
    pub fn commit(&mut self) -> Result<[u8; HASH]> {
        let Stage::Fresh = self.advance() else { return Err(spent("commit")) };
        self.table.check_process()?;
        let (half, public, secret) = E::open(&self.ids).map_err(error)?;
        let (me, peer) = (self.ids.seat, self.ids.peer);
        let route = self.route(me, peer);
        let (encapsulation, mut sealer) = self.table.sealing().seal_to(&self.peer.key, route)?;
        let mut out = Writer::with_capacity(transfer_length::<E>());
        out.put(&random::bytes::<SALT>()).put(&public).put(&encapsulation).put(&sealer.seal(route, 0, &secret)?);
        let transfer = out.finish();
        let commitment = self.commitment(me, peer, &transfer);
        self.stage = Stage::Committed { half, transfer };
        Ok(commitment)
    }

    /// Take the peer's commitment; give our half.
    pub fn transfer(&mut self, commit: &[u8]) -> Result<Vec<u8>> {
        let Stage::Committed { half, transfer } = self.advance() else { return Err(spent("transfer")) };
        let commitment = self.hash_of(commit)?;
        self.stage = Stage::Transferred { half, commitment };
        Ok(transfer)
    }

    /// Check the peer's half; give the hash of what both share now.
    pub fn confirm(&mut self, transfer: &[u8]) -> Result<[u8; HASH]> {
        let Stage::Transferred { half, commitment } = self.advance() else { return Err(spent("confirm")) };
        self.table.check_process()?;
        let peer = self.ids.peer;
        let refused = |reason: &str| Error::fault_of(peer, format!("set-up with seat {peer}: {reason}"));
        if transfer.len() != transfer_length::<E>() {
            return Err(refused("the transfer has the wrong length"));
        }
        if !curve::equal(&self.commitment(peer, self.ids.seat, transfer), &commitment) {
            return Err(refused("the transfer does not open its commitment"));
        }
        let (public, sealed) = transfer[SALT..].split_at(E::TRANSFER);
        let (encapsulation, sealed) = sealed.split_at(PUBLIC_KEY);
        let route = self.route(peer, self.ids.seat);
        let opener = self.table.sealing().open_from(&self.peer.key, encapsulation, route);
        let secret = opener.and_then(|mut opener| opener.open(route, 0, sealed)).ok_or_else(|| refused("the seed does not open"))?;
        let correlation = E::close(&self.ids, half, public, &secret).map_err(error)?;
        let digest = E::digest(&self.ids, &correlation);
        self.stage = Stage::Confirmed { correlation, digest };
        Ok(digest)
    }

    /// Compare; install the set-up. Unequal: both sides may be honest, somebody between them was not, so nobody is named.
    pub fn finish(&mut self, confirm: &[u8]) -> Result<u64> {
        let Stage::Confirmed { correlation, digest } = self.advance() else { return Err(spent("finish")) };
        self.table.check_process()?;
        if !curve::equal(&self.hash_of(confirm)?, &digest) {
            return Err(Error::nobody(format!("set-up with seat {}: the two sides hold different values; make a new one", self.ids.peer)));
        }
        Ok(self.table.install(self.ids.peer, correlation))
    }

    fn hash_of(&self, message: &[u8]) -> Result<[u8; HASH]> {
        let peer = self.ids.peer;
        message.try_into().map_err(|_| Error::fault_of(peer, format!("set-up with seat {peer}: a hash has the wrong length")))
    }
}

fn transfer_length<E: Engine>() -> usize {
    SALT + E::TRANSFER + PUBLIC_KEY + E::SECRET + TAG
}

fn spent(step: &str) -> Error {
    Error::Spent(format!("pair set-up: {step} was called out of order or twice; begin a new set-up"))
}

fn error(fault: Fault) -> Error {
    match fault {
        Fault::Check(seat, message) => Error::CheckFailed { culprits: vec![seat], message: format!("set-up with seat {seat}: {message}") },
        Fault::Malformed(seat, message) | Fault::Peer(seat, message) => {
            Error::fault_of(seat, format!("set-up with seat {seat}: {message}"))
        }
        Fault::Nobody(message) => Error::nobody(message),
        Fault::Own(message) => Error::Own(message),
        Fault::Panicked => Error::nobody("set-up: the engine could not handle the peer's message"),
    }
}

fn pair_ids<E: Engine>(table: &Table<E>, peer: &Peer, counter: u64) -> PairIds {
    let ours = (table.seat(), table.boot_nonce());
    let theirs = (peer.seat, &peer.boot_nonce);
    let ((lower, lower_nonce), (higher, higher_nonce)) = if ours.0 < theirs.0 { (ours, theirs) } else { (theirs, ours) };
    let session = |direction| {
        PairSession {
            network: table.network(),
            epoch: table.epoch(),
            lower: lower.into(),
            lower_nonce,
            higher: higher.into(),
            higher_nonce,
            counter,
            direction,
        }
        .hash()
    };
    PairIds { seat: table.seat(), peer: peer.seat, session: session(0), lower_sends: session(1), higher_sends: session(2) }
}
