//! BLS12-381: threshold signatures, and encryption to identities whose decryption keys are such signatures.
//!
//! Public keys and verification shares are points of G1 (48 bytes), signatures points of G2 (96 bytes), both compressed.

pub mod curve;
pub mod ibe;
pub mod identity;
pub mod signature;

#[cfg(test)]
pub(crate) mod tests;
