//! To whom is encrypted: the hash of access conditions, and the hash of what is encrypted.

use crate::error::{Error, Result};

const SCHEME: &[u8] = b"lit-accesscontrolcondition://";
/// Length of a SHA-256 hash in hexadecimal.
const HASH: usize = 64;

/// A well-formed `lit-accesscontrolcondition://<hash of the conditions>/<hash of the plaintext>`, both in lower-case hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity<'a>(&'a [u8]);

impl<'a> Identity<'a> {
    /// Check the form; one identity has one spelling.
    pub fn parse(bytes: &'a [u8]) -> Result<Self> {
        let hashes = bytes.strip_prefix(SCHEME).filter(|rest| rest.len() == 2 * HASH + 1 && rest[HASH] == b'/');
        let hex = |part: &[u8]| part.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        match hashes {
            Some(rest) if hex(&rest[..HASH]) && hex(&rest[HASH + 1..]) => Ok(Self(bytes)),
            _ => Err(Error::input("an identity is lit-accesscontrolcondition://HASH/HASH, each hash in 64 lower-case hexadecimal digits")),
        }
    }

    /// As it is signed.
    pub fn bytes(self) -> &'a [u8] {
        self.0
    }

    /// The hash of the plaintext, hexadecimal.
    pub fn data_hash(self) -> &'a [u8] {
        &self.0[SCHEME.len() + HASH + 1..]
    }
}
