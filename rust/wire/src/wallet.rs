//! Wallet signatures: secp256k1 by libsecp256k1, r ‖ s ‖ v with v 27 or 28 and low s.

use std::sync::LazyLock;

use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use secp256k1::{All, Message, Secp256k1, SecretKey};

/// Length of a wallet signature.
pub const SIGNATURE: usize = 65;

/// Order of the group, halved: the greatest s that is low.
const HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4,
    0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
];

static SECP: LazyLock<Secp256k1<All>> = LazyLock::new(Secp256k1::new);

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
        signature[..64].copy_from_slice(&scalars);
        signature[64] = 27 + u8::try_from(i32::from(parity)).unwrap_or_default();
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
    let (scalars, v) = signature.split_at_checked(64)?;
    let [27 | 28] = v else { return None };
    if scalars[32..] > HALF_ORDER[..] {
        return None;
    }
    let parity = RecoveryId::try_from(i32::from(v[0] - 27)).ok()?;
    let signature = RecoverableSignature::from_compact(scalars, parity).ok()?;
    let key = SECP.recover_ecdsa(Message::from_digest(hash), &signature).ok()?;
    Some(key.serialize_uncompressed())
}
