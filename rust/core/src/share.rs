//! A node's share of one key.

use std::collections::BTreeMap;

use k256::{AffinePoint, Scalar};
use zeroize::{Zeroize, Zeroizing};

use crate::codec::{Malformed, Reader, Writer};
use crate::curve::{self, POINT, SCALAR};
use crate::error::{Error, Result};
use crate::process::wiped;
use crate::seal::{Kind, Vault};
use crate::Seat;

const VERSION: u8 = 1;
/// Number of the scheme on chain: ECDSA on secp256k1.
const SCHEME: u8 = 2;

/// The secret share x_i of a key with the key's public parts. Wiped on drop; Debug shows public parts only.
///
/// The secret is 32 bytes on the heap: a value that moves would leave copies on the stack.
#[derive(Clone)]
pub struct KeyShare {
    seat: Seat,
    threshold: u8,
    public_key: [u8; POINT],
    verification_shares: BTreeMap<Seat, [u8; POINT]>,
    secret: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for KeyShare {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyShare(seat {}, {} of {}, …)", self.seat, self.threshold, self.verification_shares.len())
    }
}

impl KeyShare {
    pub(crate) fn new(
        seat: Seat,
        threshold: u8,
        public_key: [u8; POINT],
        verification_shares: BTreeMap<Seat, [u8; POINT]>,
        secret: Zeroizing<Vec<u8>>,
    ) -> Self {
        Self { seat, threshold, public_key, verification_shares, secret }
    }

    /// Our seat.
    pub fn seat(&self) -> Seat {
        self.seat
    }

    /// t.
    pub fn threshold(&self) -> u8 {
        self.threshold
    }

    /// The key, compressed.
    pub fn public_key(&self) -> &[u8; POINT] {
        &self.public_key
    }

    /// The key as a point.
    pub fn public_point(&self) -> Result<AffinePoint> {
        curve::point(&self.public_key).map_err(|error| Error::Own(format!("a key share holds a bad public key: {error}")))
    }

    /// share_j·G of every seat j.
    pub fn verification_shares(&self) -> &BTreeMap<Seat, [u8; POINT]> {
        &self.verification_shares
    }

    /// The secret scalar, for the engine. The copy is the caller's to wipe.
    pub(crate) fn scalar(&self) -> Result<Zeroizing<Scalar>> {
        let mut reader = Reader::exact(&self.secret, SCALAR).map_err(|error| Error::Own(error.to_string()))?;
        reader.scalar().map(Zeroizing::new).map_err(|error| Error::Own(format!("a key share holds a bad scalar: {error}")))
    }

    /// Whether the secret times G is our verification share.
    pub fn matches(&self) -> bool {
        let ours = |secret: Zeroizing<Scalar>| self.verification_shares.get(&self.seat) == Some(&curve::times_generator(&secret));
        wiped(|| self.scalar().is_ok_and(ours))
    }

    /// Seal for storage.
    pub fn sealed(&self, vault: &Vault, ad: &[u8]) -> Result<Vec<u8>> {
        let mut value = Zeroizing::new(self.encode());
        let sealed = vault.seal(Kind::KeyShare, ad, &value);
        value.zeroize();
        sealed
    }

    /// Open what [`Self::sealed`] gave; refuse a share that does not match its verification share.
    pub fn unsealed(vault: &Vault, ad: &[u8], sealed: &[u8]) -> Result<Self> {
        let value = vault.open(Kind::KeyShare, ad, sealed)?;
        let share = Self::decode(&value).map_err(|error| Error::Seal(format!("a stored key share is malformed: {error}")))?;
        if share.matches() {
            Ok(share)
        } else {
            Err(Error::Seal("a stored key share does not match its verification share: it is not this key's share".into()))
        }
    }

    /// version ‖ scheme ‖ seat ‖ t ‖ n ‖ key ‖ (seat ‖ verification share)·n ‖ secret.
    fn encode(&self) -> Vec<u8> {
        let n = u8::try_from(self.verification_shares.len()).expect("a committee has at most 255 seats");
        let mut out = Writer::with_capacity(encoded_length(n));
        out.put(&[VERSION, SCHEME, self.seat, self.threshold, n]).put(&self.public_key);
        for (seat, point) in &self.verification_shares {
            out.put(&[*seat]).put(point);
        }
        out.put(&self.secret[..]);
        out.finish()
    }

    fn decode(value: &[u8]) -> std::result::Result<Self, Malformed> {
        let n = *value.get(4).ok_or(Malformed("it is too short"))?;
        let mut reader = Reader::exact(value, encoded_length(n))?;
        let [version, scheme, seat, threshold, _] = reader.array()?;
        if (version, scheme) != (VERSION, SCHEME) {
            return Err(Malformed("it has an unknown version or scheme"));
        }
        let public_key = curve::point_bytes(&reader.point()?);
        let mut verification_shares = BTreeMap::new();
        for _ in 0..n {
            let [seat] = reader.array()?;
            if verification_shares.last_key_value().is_some_and(|(last, _)| *last >= seat) {
                return Err(Malformed("its seats are not ascending"));
            }
            verification_shares.insert(seat, curve::point_bytes(&reader.point()?));
        }
        let secret = Zeroizing::new(reader.take(SCALAR)?.to_vec());
        reader.end()?;
        if !(2..=n).contains(&threshold) || !verification_shares.contains_key(&seat) {
            return Err(Malformed("its seat or threshold cannot be"));
        }
        Ok(Self { seat, threshold, public_key, verification_shares, secret })
    }
}

fn encoded_length(n: u8) -> usize {
    5 + POINT + usize::from(n) * (1 + POINT) + SCALAR
}
