//! Sealing to a peer: HPKE (RFC 9180) in auth mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.
//!
//! Auth mode: only the holder of the sender's registered key can make a message, so the receiver knows who sealed it.
//! One encapsulation serves a whole message of several sealed values, each with its own associated data.

use hpke::aead::{AeadCtxR, AeadCtxS, AesGcm256};
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{setup_receiver, setup_sender, Deserializable, Kem as _, OpModeR, OpModeS, Serializable};
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::random::System;
use crate::seal::{Kind, Vault};
use crate::transcript::{HashInput, SealedMessage};
use crate::Seat;

type Kem = X25519HkdfSha256;
type PrivateKey = <Kem as hpke::Kem>::PrivateKey;
type PublicKey = <Kem as hpke::Kem>::PublicKey;

/// Length of a public key and of an encapsulation.
pub const PUBLIC_KEY: usize = 32;
/// How much longer a sealed value is.
pub const TAG: usize = 16;

/// Where a sealed message belongs: the part of its associated data that all its values share.
#[derive(Clone, Copy)]
pub struct Route<'a> {
    /// Session, or the batch's context.
    pub session: &'a [u8],
    /// Round of the ceremony.
    pub round: u64,
    /// Who seals.
    pub sender: Seat,
    /// Who opens.
    pub receiver: Seat,
}

impl Route<'_> {
    fn bound(&self, key_number: u64) -> Vec<u8> {
        SealedMessage { session: self.session, round: self.round, sender: self.sender.into(), receiver: self.receiver.into(), key_number }
            .bound()
    }
}

/// A peer's registered X25519 key.
#[derive(Clone)]
pub struct PeerKey(PublicKey);

impl PeerKey {
    /// Decode 32 bytes; low-order points are refused when the key is used.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        PublicKey::from_bytes(bytes).map(Self).map_err(|_| Error::input("an X25519 public key has 32 bytes"))
    }
}

/// A node's X25519 key pair.
pub struct SealingKey {
    private: PrivateKey,
    public: PublicKey,
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealingKey(…)")
    }
}

impl Clone for SealingKey {
    fn clone(&self) -> Self {
        Self { private: self.private.clone(), public: self.public.clone() }
    }
}

impl SealingKey {
    /// Draw a new key.
    pub fn generate() -> Self {
        let (private, public) = Kem::gen_keypair(&mut System);
        Self { private, public }
    }

    /// The public key, 32 bytes.
    pub fn public_key(&self) -> [u8; PUBLIC_KEY] {
        self.public.to_bytes().into()
    }

    /// Seal for storage.
    pub fn sealed(&self, vault: &Vault, ad: &[u8]) -> Result<Vec<u8>> {
        let mut bytes = self.private.to_bytes();
        let secret = Zeroizing::new(<[u8; 32]>::from(bytes));
        zeroize::Zeroize::zeroize(bytes.as_mut_slice());
        vault.seal(Kind::SealingKey, ad, &secret[..])
    }

    /// Open what [`Self::sealed`] gave.
    pub fn unsealed(vault: &Vault, ad: &[u8], sealed: &[u8]) -> Result<Self> {
        let secret = vault.open(Kind::SealingKey, ad, sealed)?;
        let private = PrivateKey::from_bytes(&secret).map_err(|_| Error::Seal("a sealed X25519 key has the wrong length".into()))?;
        let public = Kem::sk_to_pk(&private);
        Ok(Self { private, public })
    }

    /// Start a message to `peer`: the encapsulation, and what seals its values.
    pub fn seal_to(&self, peer: &PeerKey, route: Route<'_>) -> Result<([u8; PUBLIC_KEY], Sealer)> {
        let mode = OpModeS::Auth((self.private.clone(), self.public.clone()));
        let (encapsulation, context) =
            setup_sender::<AesGcm256, HkdfSha256, Kem, _>(&mode, &peer.0, &route.bound(u64::MAX), &mut System)
                .map_err(|_| Error::input(format!("the registered X25519 key of seat {} is unusable", route.receiver)))?;
        Ok((encapsulation.to_bytes().into(), Sealer(context)))
    }

    /// Start reading a message from `peer`. Errors say nothing but that it does not open.
    pub fn open_from(&self, peer: &PeerKey, encapsulation: &[u8], route: Route<'_>) -> Option<Opener> {
        let encapsulation = <Kem as hpke::Kem>::EncappedKey::from_bytes(encapsulation).ok()?;
        let mode = OpModeR::Auth(peer.0.clone());
        let context = setup_receiver::<AesGcm256, HkdfSha256, Kem>(&mode, &self.private, &encapsulation, &route.bound(u64::MAX));
        context.ok().map(Opener)
    }
}

/// Seals the values of one message in their order.
pub struct Sealer(AeadCtxS<AesGcm256, HkdfSha256, Kem>);

impl Sealer {
    /// Seal the next value.
    pub fn seal(&mut self, route: Route<'_>, key_number: u64, value: &[u8]) -> Result<Vec<u8>> {
        self.0.seal(value, &route.bound(key_number)).map_err(|_| Error::Own("HPKE refused to seal a value".into()))
    }
}

/// Opens the values of one message in their order.
pub struct Opener(AeadCtxR<AesGcm256, HkdfSha256, Kem>);

impl Opener {
    /// Open the next value.
    pub fn open(&mut self, route: Route<'_>, key_number: u64, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.0.open(sealed, &route.bound(key_number)).ok().map(Zeroizing::new)
    }
}
