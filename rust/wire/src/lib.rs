//! What nodes write to one another, as far as every frame of a signature passes through it.
//!
//! Frames are cut and read here, the statement that a sender signs is hashed, evidence is packed, wallets sign, and signatures
//! are verified, wallets' and PKPs'. The specification is Python's (`votive.net.frame`, `votive.net.evidence`,
//! `votive.terms.encoding`); `tests/net` compares the two.
//! This crate knows nothing of `votive-core` and its secrets; the one key that it holds is the node's chain wallet.
#![forbid(unsafe_code)]

pub mod ecdsa;
pub mod frame;
pub mod statement;
pub mod wallet;
