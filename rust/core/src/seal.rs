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
use crate::process::wiped;
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
        let encrypt = || Ok(self.cipher(kind, &salt)?.encrypt(&Nonce::default(), Payload { msg: value, aad: &aad }));
        let sealed = wiped(encrypt)?.map_err(|_| Error::Own("AES-GCM refused a value: too long".into()))?;
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
        let decrypt = || Ok(self.cipher(header[1], &header[2..])?.decrypt(&Nonce::default(), Payload { msg: body, aad: &aad }));
        wiped(decrypt)?.map(Zeroizing::new).map_err(|_| refused())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault() -> Vault {
        Vault::new(random::secret::<32>())
    }

    #[test]
    fn a_value_opens_only_as_what_and_where_it_was_sealed() {
        let (vault, value) = (vault(), b"a value");
        let sealed = vault.seal(Kind::Plain, b"here", value).expect("seals");
        assert_eq!(&vault.open(Kind::Plain, b"here", &sealed).expect("opens")[..], value);
        assert!(vault.open(Kind::Plain, b"there", &sealed).is_err());
        assert!(vault.open(Kind::KeyShare, b"here", &sealed).is_err());
        assert!(Vault::new(random::secret::<32>()).open(Kind::Plain, b"here", &sealed).is_err());
    }

    #[test]
    fn no_changed_byte_and_no_other_length_opens() {
        let vault = vault();
        let sealed = vault.seal(Kind::Plain, b"", b"value").expect("seals");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(vault.open(Kind::Plain, b"", &changed).is_err(), "byte {at}");
            assert!(vault.open(Kind::Plain, b"", &sealed[..at]).is_err(), "cut at {at}");
        }
        assert!(vault.open(Kind::Plain, b"", &[&sealed[..], &[0]].concat()).is_err());
    }

    #[test]
    fn two_sealings_of_one_value_share_nothing() {
        let vault = vault();
        let sealed = || vault.seal(Kind::Plain, b"", b"value").expect("seals");
        let (left, right) = (sealed(), sealed());
        assert_ne!(left[2..HEADER], right[2..HEADER]);
        assert_ne!(left[HEADER..], right[HEADER..]);
    }
}
