//! Distributed key generation: FROST's DKG (Komlo–Goldberg, eprint 2020/852, Figure 1: Pedersen with proofs of possession)
//! inside a commit-then-reveal, for batches of B keys at once.
//!
//! | message | content | reveals |
//! |---|---|---|
//! | commit | H(batch, sender, reveal) | nothing (the reveal has a salt of 256 bits) |
//! | reveal | for each key φ_0 … φ_{t−1} and (R, μ) | coefficients times G, that the sender knows a_0 |
//! | deal | for each key f_i(j), sealed to j | f_i(j), to j alone |
//!
//! The public key is the sum of all φ_0. Nobody can choose its φ_0 after seeing another's, and nobody without knowing a_0:
//! so n − 1 dishonest nodes can neither steer the key nor cancel an honest contribution.

mod bls12381;
mod party;
mod secp256k1;
mod suite;
mod wire;

use std::collections::BTreeMap;

use bls12381::DkgBls12381G1;
pub use party::Batch;
use secp256k1::DkgSecp256k1;

use crate::purpose::Curve;
use crate::share::KeyShare;
use crate::{Result, Seat};

type Messages = BTreeMap<Seat, Vec<u8>>;

/// One node's part in one batch, on the curve of the batch's purpose. Each method runs once, in the order written here.
#[derive(Debug)]
pub enum Party {
    /// A batch of ECDSA keys.
    Secp256k1(party::Party<DkgSecp256k1>),
    /// A batch of BLS keys.
    Bls12381G1(party::Party<DkgBls12381G1>),
}

macro_rules! on_its_curve {
    ($self:ident, $party:ident => $call:expr) => {
        match $self {
            Party::Secp256k1($party) => $call,
            Party::Bls12381G1($party) => $call,
        }
    };
}

impl Party {
    /// Prepare.
    pub fn new(batch: Batch) -> Result<Self> {
        match batch.purpose.curve() {
            Curve::Secp256k1 => party::Party::new(batch).map(Self::Secp256k1),
            Curve::Bls12381G1 => party::Party::new(batch).map(Self::Bls12381G1),
        }
    }

    /// The batch.
    pub fn batch(&self) -> &Batch {
        on_its_curve!(self, party => party.batch())
    }

    /// Round 0: draw the polynomials of all keys, prove their constant terms, commit.
    pub fn commit(&mut self) -> Result<[u8; 32]> {
        on_its_curve!(self, party => party.commit())
    }

    /// Round 1: open the commitment.
    pub fn reveal(&mut self) -> Result<Vec<u8>> {
        on_its_curve!(self, party => party.reveal())
    }

    /// Check the reveals against their commitments; round 2: deal our shares, sealed.
    pub fn deal(&mut self, commitments: &Messages, reveals: &Messages) -> Result<Messages> {
        on_its_curve!(self, party => party.deal(commitments, reveals))
    }

    /// Open and check the shares dealt to us; sum them up.
    pub fn finish(&mut self, deals: &Messages) -> Result<Vec<KeyShare>> {
        on_its_curve!(self, party => party.finish(deals))
    }
}

#[cfg(test)]
pub(crate) mod tests;
