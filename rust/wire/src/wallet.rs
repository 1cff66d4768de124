//! Wallet signatures: r ‖ s ‖ v with v 27 or 28 and low s.

use secp256k1::{Message, SecretKey};

use crate::ecdsa::{self, SCALARS, SECP};

/// Length of a wallet signature.
pub const SIGNATURE: usize = SCALARS + 1;

/// The key of a chain account.
pub struct Wallet(SecretKey);

impl Wallet {
    /// Take a private key; none if it is zero or not below the order.
    pub fn new(private_key: [u8; 32]) -> Option<Self> {
        SecretKey::from_byte_array(private_key).ok().map(Self)
    }

    /// Sign a hash (RFC 6979).
    pub fn sign(&self, hash: [u8; 32]) -> [u8; SIGNATURE] {
        let (parity, scalars) = SECP.sign_ecdsa_recoverable(Message::from_digest(hash), &self.0).serialize_compact();
        let mut signature = [0; SIGNATURE];
        signature[..SCALARS].copy_from_slice(&scalars);
        signature[SCALARS] = 27 + u8::try_from(i32::from(parity)).unwrap_or_default();
        signature
    }
}

impl Drop for Wallet {
    fn drop(&mut self) {
        self.0.non_secure_erase();
    }
}

/// Recover the public key that signed `hash`, uncompressed; none unless the signature is its one canonical form.
pub fn recover(hash: [u8; 32], signature: &[u8]) -> Option<[u8; 65]> {
    let (scalars, v) = signature.split_first_chunk()?;
    let [v @ (27 | 28)] = v else { return None };
    ecdsa::recover(hash, scalars, v - 27).map(|key| key.serialize_uncompressed())
}
