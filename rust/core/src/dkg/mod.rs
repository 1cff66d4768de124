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

mod party;
mod suite;
mod wire;

pub use party::{Batch, Party};

#[cfg(test)]
pub(crate) mod tests;
