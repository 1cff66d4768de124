//! Votive's secrets and the arithmetic of its ceremonies.
//!
//! Everything secret lives here: key shares, nonces, seeds, pair set-ups and the key-encryption key. Callers hold handles
//! and carry messages; each message is canonical bytes whose sender is the channel's, never a field of the message.
//! Nothing here does I/O but reading a key file, a terminal or an environment variable ([`keyfile`]).
#![forbid(unsafe_code)]

pub mod bls;
pub mod codec;
pub mod curve;
pub mod derive;
pub mod dkg;
pub mod ecdsa;
pub mod envelope;
pub mod error;
pub mod hpke;
pub mod keyfile;
pub mod process;
pub mod purpose;
pub mod random;
pub mod seal;
pub mod share;
pub mod transcript;

#[cfg(test)]
mod memory_tests;

pub use error::{Error, Result};

/// A node's index in the registry, 1…255; its Shamir x in every key and never taken from a message.
pub type Seat = u8;
