//! Threshold ECDSA: pair set-ups behind the ticket gate, signing, verification.
//!
//! [`engine::Engine`] is the one trait that a two-party-multiplication engine has to meet; [`dkls::Dkls23`] is the one in
//! use. Everything that decides what leaves this process ([`table::Table`]) is ours and knows no engine.

pub mod dkls;
pub mod engine;
pub mod setup;
pub mod sign;
pub mod table;
mod verify;
mod wire;

#[cfg(test)]
pub(crate) mod tests;
