//! Values sealed for storage: AES-256-GCM under a key derived for each value, bound to kind and associated data.
//!
//! Layout: version (1) ‖ kind (1) ‖ salt (32) ‖ ciphertext ‖ tag (16). The value's key is HKDF-SHA-256 of the
//! key-encryption key with the salt; it is used once, so its nonce is zero and no counter has to be kept.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::keyfile::Key;
use crate::random;
use crate::transcript::{HashInput, StorageKey, StoredValue};

const VERSION: u8 = 1;
const SALT: usize = 32;
const HEADER: usize = 2 + SALT;

/// What a sealed value is; a value of one kind never opens as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Bytes that Python may hold (the TLS key's password, the chain wallet).
    Plain = 1,
    /// A key share.
    KeyShare = 2,
    /// An X25519 private key.
    SealingKey = 3,
}

/// Holds the key-encryption key.
pub struct Vault {
    key: Key,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(…)")
    }
}

impl Vault {
    /// Seal under `key`.
    pub fn new(key: Key) -> Self {
        Self { key }
    }

    fn cipher(&self, kind: u8, salt: &[u8]) -> Result<Aes256Gcm> {
        let mut key = Zeroizing::new([0; 32]);
        let info = StorageKey { version: VERSION.into(), kind: kind.into(), salt }.bound();
        Hkdf::<Sha256>::new(Some(salt), &self.key[..])
            .expand(&info, &mut key[..])
            .map_err(|_| Error::Own("HKDF refused its parameters".into()))?;
        Aes256Gcm::new_from_slice(&key[..]).map_err(|_| Error::Own("AES refused its key".into()))
    }

    /// Encrypt `value`, bound to `kind` and `ad`.
    pub fn seal(&self, kind: Kind, ad: &[u8], value: &[u8]) -> Result<Vec<u8>> {
        let salt = random::bytes::<SALT>();
        let kind = kind as u8;
        let aad = StoredValue { version: VERSION.into(), kind: kind.into(), ad }.bound();
        let sealed = self
            .cipher(kind, &salt)?
            .encrypt(&Nonce::default(), Payload { msg: value, aad: &aad })
            .map_err(|_| Error::Own("AES-GCM refused a value: too long".into()))?;
        Ok([&[VERSION, kind][..], &salt, &sealed].concat())
    }

    /// Decrypt what [`Self::seal`] gave for the same kind and `ad`.
    pub fn open(&self, kind: Kind, ad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let refused = || Error::Seal("a sealed value does not open: another key-encryption key, another place, or damage".into());
        let (header, body) = sealed.split_at_checked(HEADER).ok_or_else(refused)?;
        if header[0] != VERSION {
            return Err(Error::Seal(format!("a sealed value has format {}, this software reads {VERSION}", header[0])));
        }
        if header[1] != kind as u8 {
            return Err(refused());
        }
        let aad = StoredValue { version: VERSION.into(), kind: header[1].into(), ad }.bound();
        let value = self.cipher(header[1], &header[2..])?.decrypt(&Nonce::default(), Payload { msg: body, aad: &aad });
        value.map(Zeroizing::new).map_err(|_| refused())
    }
}
