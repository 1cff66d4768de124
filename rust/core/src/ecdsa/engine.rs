//! What an engine for threshold ECDSA must offer. It computes; it keeps no state, sends nothing and decides no release.

use std::collections::BTreeMap;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::share::KeyShare;
use crate::Seat;

/// Why an engine's step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The message of this seat is not canonical.
    Malformed(Seat, String),
    /// A consistency check on the correlation with this seat failed: the correlation is burnt.
    Check(Seat, String),
    /// This seat broke the protocol without touching the correlation.
    Peer(Seat, String),
    /// Somebody broke the protocol; nobody can be named.
    Nobody(String),
    /// Our own state cannot be.
    Own(String),
    /// The engine panicked on what it was given. Where it did may depend on secrets, so all correlations in use are burnt.
    Panicked,
}

/// Which pair set-up is being made, seen from our side.
#[derive(Clone, Debug)]
pub struct PairIds {
    /// Ours.
    pub seat: Seat,
    /// The other.
    pub peer: Seat,
    /// The whole set-up.
    pub session: [u8; 32],
    /// The direction in which the lower seat is the multiplication's sender.
    pub lower_sends: [u8; 32],
    /// The direction in which the higher seat is.
    pub higher_sends: [u8; 32],
}

impl PairIds {
    /// Whether we are the lower seat.
    pub fn lower(&self) -> bool {
        self.seat < self.peer
    }

    /// Session ids as (where we send, where we receive).
    pub fn directions(&self) -> (&[u8; 32], &[u8; 32]) {
        if self.lower() {
            (&self.lower_sends, &self.higher_sends)
        } else {
            (&self.higher_sends, &self.lower_sends)
        }
    }
}

/// One attempt at one signature, seen from our side.
pub struct Attempt<'a, E: Engine> {
    /// The other signers, ascending; t − 1 of them.
    pub others: &'a [Seat],
    /// Network and epoch.
    pub session: [u8; 32],
    /// Session, attempt and proposal.
    pub sign_id: [u8; 32],
    /// What is signed.
    pub digest: [u8; 32],
    /// Our share of the key.
    pub share: &'a KeyShare,
    /// The live correlations with exactly the other signers, borrowed from the table for one step.
    pub correlations: BTreeMap<Seat, Arc<E::Correlation>>,
}

/// Messages by the seat that the channel authenticated, or that they are for.
pub type Messages = BTreeMap<Seat, Vec<u8>>;
/// Our half of a set-up, the public message about it, and a secret for the peer alone.
pub type Opening<H> = (H, Vec<u8>, Zeroizing<Vec<u8>>);
/// Result of an engine's step.
pub type Step<T> = Result<T, Fault>;

/// A two-round multiplication engine for ECDSA in three rounds, DKLs23 in shape.
///
/// Secrets are zeroised when the associated types are dropped. Every method draws fresh randomness on the calling thread.
pub trait Engine: Sized + Send + Sync + 'static {
    /// Our half of a set-up in the making.
    type Half: Send;
    /// What a pair shares: precious, for it opens every session recorded under it.
    type Correlation: Send + Sync;
    /// Kept between rounds 1 and 2.
    type Nonce: Send;
    /// Kept between rounds 2 and 3.
    type Masked: Send;
    /// Kept between round 3 and the end; public.
    type Point: Send;

    /// Start a set-up: our half, the public message, and a secret for the peer alone.
    fn open(ids: &PairIds) -> Step<Opening<Self::Half>>;

    /// Length of the secret that [`Self::open`] gives.
    const SECRET: usize;

    /// Length of the public message that [`Self::open`] gives.
    const TRANSFER: usize;

    /// Check the peer's half and finish.
    fn close(ids: &PairIds, half: Self::Half, transfer: &[u8], secret: &[u8]) -> Step<Self::Correlation>;

    /// Hash of everything that both sides must hold alike.
    fn digest(ids: &PairIds, correlation: &Self::Correlation) -> [u8; 32];

    /// Round 1: draw the nonce; a message for each other signer.
    fn round1(attempt: &Attempt<'_, Self>) -> Step<(Self::Nonce, Messages)>;

    /// Round 2: check round 1, multiply; a message for each other signer.
    fn round2(attempt: &Attempt<'_, Self>, nonce: Self::Nonce, received: &Messages) -> Step<(Self::Masked, Messages)>;

    /// Round 3: check round 2; R's x coordinate and our (u, w) for all.
    fn round3(attempt: &Attempt<'_, Self>, masked: Self::Masked, received: &Messages) -> Step<(Self::Point, Vec<u8>)>;

    /// Combine exactly t pairs (u, w), ours among them: r, s. The caller verifies.
    fn combine(attempt: &Attempt<'_, Self>, point: &Self::Point, received: &Messages) -> Step<([u8; 32], [u8; 32])>;
}
