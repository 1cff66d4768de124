//! Laws of set-up and signing that need a view into the engine or the table; tests/core holds those that do not.

mod attacks;
mod gate;
mod privacy;

use std::collections::BTreeMap;
use std::sync::Arc;

use k256::{ProjectivePoint, Scalar};
use zeroize::Zeroizing;

use super::engine::{Engine, Messages};
use super::setup::{PairSetup, Peer};
use super::sign::{AttemptId, SigningParty};
use super::table::Table;
use crate::curve;
use crate::hpke::{PeerKey, SealingKey};
use crate::purpose::Purpose;
use crate::random;
use crate::share::KeyShare;
use crate::Seat;

pub(crate) const ID: AttemptId = AttemptId { session: [5; 32], sign_id: [6; 32], digest: [7; 32] };

/// Two seats that share a key 2 of 2 and a live set-up.
pub(crate) struct Pair<E: Engine> {
    tables: BTreeMap<Seat, Arc<Table<E>>>,
    pub(crate) shares: BTreeMap<Seat, KeyShare>,
    keys: BTreeMap<Seat, SealingKey>,
    counter: u64,
}

pub(crate) const HONEST: Seat = 3;
pub(crate) const TRAITOR: Seat = 200;

impl<E: Engine> Pair<E> {
    pub(crate) fn new() -> Self {
        let keys: BTreeMap<Seat, SealingKey> = [HONEST, TRAITOR].map(|seat| (seat, SealingKey::generate())).into();
        let table = |seat: &Seat| Arc::new(Table::new([9; 32], 1, *seat, keys[seat].clone()).expect("a table"));
        let tables = keys.keys().map(|seat| (*seat, table(seat))).collect();
        let mut pair = Self { tables, shares: shares(), keys, counter: 0 };
        pair.set_up();
        pair
    }

    fn begin(&mut self) -> (PairSetup<E>, PairSetup<E>) {
        self.counter += 1;
        let side = |me: Seat, seat: Seat| {
            let key = PeerKey::decode(&self.keys[&seat].public_key()).expect("a key");
            let peer = Peer { seat, boot_nonce: *self.tables[&seat].boot_nonce(), key };
            PairSetup::new(Arc::clone(&self.tables[&me]), peer, self.counter).expect("a set-up")
        };
        (side(HONEST, TRAITOR), side(TRAITOR, HONEST))
    }

    fn set_up(&mut self) {
        let (mut left, mut right) = self.begin();
        let commits = (left.commit().expect("commits"), right.commit().expect("commits"));
        let transfers = (left.transfer(&commits.1).expect("transfers"), right.transfer(&commits.0).expect("transfers"));
        let confirms = (left.confirm(&transfers.1).expect("confirms"), right.confirm(&transfers.0).expect("confirms"));
        left.finish(&confirms.1).expect("finishes");
        right.finish(&confirms.0).expect("finishes");
    }

    pub(crate) fn party(&self, seat: Seat, id: AttemptId) -> SigningParty<E> {
        SigningParty::new(Arc::clone(&self.tables[&seat]), self.shares[&seat].clone(), &[HONEST, TRAITOR], id).expect("a party")
    }

    fn table(&self) -> &Arc<Table<E>> {
        &self.tables[&HONEST]
    }
}

/// One message from the traitor.
fn from_traitor(message: Vec<u8>) -> Messages {
    [(TRAITOR, message)].into()
}

/// A sign id of its own for each session.
fn id(number: u64) -> AttemptId {
    let mut sign_id = [0; 32];
    sign_id[..8].copy_from_slice(&number.to_be_bytes());
    AttemptId { sign_id, ..ID }
}

/// Shares of a random polynomial of degree 1, for tests of two parties. Key generation itself never has a dealer.
fn shares() -> BTreeMap<Seat, KeyShare> {
    let draw = || curve::scalar(&random::bytes()).expect("below q but for 2^-128");
    let (secret, slope) = (draw(), draw());
    let point = |value: &Scalar| curve::point_bytes(&(ProjectivePoint::GENERATOR * value).to_affine()).to_vec();
    let share = |seat: Seat| secret + slope * Scalar::from(u64::from(seat));
    let verification: BTreeMap<Seat, _> = [HONEST, TRAITOR].map(|seat| (seat, point(&share(seat)))).into();
    assert_ne!(secret, Scalar::ZERO);
    let of = |seat: Seat| {
        let secret_share = Zeroizing::new(curve::scalar_bytes(&share(seat)).to_vec());
        (seat, KeyShare::new(Purpose::PkpEcdsa, seat, 2, point(&secret), verification.clone(), secret_share))
    };
    [HONEST, TRAITOR].map(of).into()
}
