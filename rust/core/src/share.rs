//! A node's share of one key, on either curve.

use std::collections::BTreeMap;

use k256::{AffinePoint, Scalar};
use zeroize::{Zeroize, Zeroizing};

use crate::bls;
use crate::codec::{Malformed, Reader, Writer};
use crate::curve;
use crate::error::{Error, Result};
use crate::process::wiped;
use crate::purpose::{Curve, Purpose};
use crate::seal::{Kind, Vault};
use crate::Seat;

/// The version that is written.
const VERSION: u8 = 2;
/// The first version knew no purposes: its second byte was the scheme, and there was one, ECDSA on secp256k1.
const FIRST_VERSION: (u8, u8) = (1, 2);
/// Length of a secret on either curve, big-endian.
const SECRET: usize = 32;

/// Where a share comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// A key generation, now or in an earlier process.
    Generated,
    /// The shares of the root keys, which give it again whenever it is needed: it is never stored.
    Derived,
}

/// The secret share x_i of a key with the key's purpose and public parts. Wiped on drop; Debug shows public parts only.
///
/// The secret is 32 bytes on the heap: a value that moves would leave copies on the stack.
#[derive(Clone)]
pub struct KeyShare {
    purpose: Purpose,
    seat: Seat,
    threshold: u8,
    public_key: Vec<u8>,
    verification_shares: BTreeMap<Seat, Vec<u8>>,
    secret: Zeroizing<Vec<u8>>,
    origin: Origin,
}

impl std::fmt::Debug for KeyShare {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let n = self.verification_shares.len();
        write!(f, "KeyShare({}, seat {}, {} of {n}, …)", self.purpose.name(), self.seat, self.threshold)
    }
}

/// A BLS secret for the time of one multiplication; overwritten on drop.
pub(crate) struct BlsSecret(blstrs::Scalar);

impl BlsSecret {
    pub(crate) fn value(&self) -> &blstrs::Scalar {
        &self.0
    }
}

impl Drop for BlsSecret {
    fn drop(&mut self) {
        self.0 = blstrs::Scalar::default();
        std::hint::black_box(&mut self.0);
    }
}

impl KeyShare {
    pub(crate) fn new(
        purpose: Purpose,
        seat: Seat,
        threshold: u8,
        public_key: Vec<u8>,
        verification_shares: BTreeMap<Seat, Vec<u8>>,
        secret: Zeroizing<Vec<u8>>,
    ) -> Self {
        Self { purpose, seat, threshold, public_key, verification_shares, secret, origin: Origin::Generated }
    }

    /// A derived PKP's share, held beside those of its roots; [`crate::derive`] makes it.
    pub(crate) fn child(
        root: &Self,
        public_key: Vec<u8>,
        verification_shares: BTreeMap<Seat, Vec<u8>>,
        secret: Zeroizing<Vec<u8>>,
    ) -> Self {
        let (seat, threshold) = (root.seat, root.threshold);
        Self { purpose: Purpose::PkpEcdsa, seat, threshold, public_key, verification_shares, secret, origin: Origin::Derived }
    }

    /// What the key is for.
    pub fn purpose(&self) -> Purpose {
        self.purpose
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
    pub fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    /// The key as a point of secp256k1.
    pub fn public_point(&self) -> Result<AffinePoint> {
        if self.purpose.curve() != Curve::Secp256k1 {
            return Err(Error::input(format!("a key of purpose {} is not on secp256k1", self.purpose.name())));
        }
        let odd = || Error::Own("a key share holds a bad public key".into());
        let bytes = self.public_key[..].try_into().map_err(|_| odd())?;
        curve::point(bytes).map_err(|_| odd())
    }

    /// share_j·G of every seat j, compressed.
    pub fn verification_shares(&self) -> &BTreeMap<Seat, Vec<u8>> {
        &self.verification_shares
    }

    fn secret(&self) -> Result<Zeroizing<[u8; SECRET]>> {
        let bytes: Option<[u8; SECRET]> = self.secret[..].try_into().ok();
        bytes.map(Zeroizing::new).ok_or_else(|| Error::Own("a key share holds a secret of another length".into()))
    }

    /// The secret of an ECDSA key, for the engine. The copy is the caller's to wipe.
    pub(crate) fn scalar(&self) -> Result<Zeroizing<Scalar>> {
        self.purpose.require(Purpose::PkpEcdsa)?;
        self.secp256k1_scalar()
    }

    /// The secret of a root key, for derivation and nothing else. The copy is the caller's to wipe.
    pub(crate) fn root_scalar(&self) -> Result<Zeroizing<Scalar>> {
        self.purpose.require(Purpose::RootEcdsa)?;
        self.secp256k1_scalar()
    }

    fn secp256k1_scalar(&self) -> Result<Zeroizing<Scalar>> {
        curve::scalar(&*self.secret()?).map(Zeroizing::new).map_err(bad_scalar)
    }

    /// The secret of a BLS key.
    pub(crate) fn bls_scalar(&self) -> Result<BlsSecret> {
        if self.purpose.curve() != Curve::Bls12381G1 {
            return Err(Error::input(format!("a key of purpose {} makes no BLS signature", self.purpose.name())));
        }
        bls::curve::scalar(&*self.secret()?).map(BlsSecret).map_err(bad_scalar)
    }

    /// Whether the secret times G is our verification share.
    pub fn matches(&self) -> bool {
        let times_generator = || match self.purpose.curve() {
            Curve::Secp256k1 => self.secp256k1_scalar().map(|secret| curve::times_generator(&secret).to_vec()),
            Curve::Bls12381G1 => self.bls_scalar().map(|secret| bls::curve::times_generator(secret.value()).to_vec()),
        };
        wiped(times_generator).is_ok_and(|point| self.verification_shares.get(&self.seat) == Some(&point))
    }

    /// Seal for storage; a derived share is refused.
    pub fn sealed(&self, vault: &Vault, ad: &[u8]) -> Result<Vec<u8>> {
        if self.origin == Origin::Derived {
            return Err(Error::input("a derived key's share is not stored: derive it again from the roots"));
        }
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

    /// version ‖ purpose ‖ seat ‖ t ‖ n ‖ key ‖ (seat ‖ verification share)·n ‖ secret.
    fn encode(&self) -> Vec<u8> {
        let n = u8::try_from(self.verification_shares.len()).expect("a committee has at most 255 seats");
        let mut out = Writer::with_capacity(encoded_length(self.purpose.curve(), n));
        out.put(&[VERSION, self.purpose as u8, self.seat, self.threshold, n]).put(&self.public_key);
        for (seat, point) in &self.verification_shares {
            out.put(&[*seat]).put(point);
        }
        out.put(&self.secret[..]);
        out.finish()
    }

    fn decode(value: &[u8]) -> std::result::Result<Self, Malformed> {
        let Some([version, kind, seat, threshold, n]) = value.first_chunk().copied() else { return Err(Malformed("it is too short")) };
        let purpose = match (version, kind) {
            FIRST_VERSION => Some(Purpose::PkpEcdsa),
            (VERSION, purpose) => Purpose::numbered(purpose),
            _ => None,
        };
        let purpose = purpose.ok_or(Malformed("it has an unknown version or purpose"))?;
        let mut reader = Reader::exact(value, encoded_length(purpose.curve(), n))?;
        reader.take(5)?;
        let public_key = take_point(&mut reader, purpose.curve())?;
        let mut verification_shares = BTreeMap::new();
        for _ in 0..n {
            let [seat] = reader.array()?;
            if verification_shares.last_key_value().is_some_and(|(last, _)| *last >= seat) {
                return Err(Malformed("its seats are not ascending"));
            }
            verification_shares.insert(seat, take_point(&mut reader, purpose.curve())?);
        }
        let secret = Zeroizing::new(reader.take(SECRET)?.to_vec());
        reader.end()?;
        if !(2..=n).contains(&threshold) || !verification_shares.contains_key(&seat) {
            return Err(Malformed("its seat or threshold cannot be"));
        }
        Ok(Self { purpose, seat, threshold, public_key, verification_shares, secret, origin: Origin::Generated })
    }
}

fn bad_scalar(error: Malformed) -> Error {
    Error::Own(format!("a key share holds a bad scalar: {error}"))
}

fn take_point(reader: &mut Reader<'_>, curve: Curve) -> std::result::Result<Vec<u8>, Malformed> {
    match curve {
        Curve::Secp256k1 => reader.point().map(|point| curve::point_bytes(&point).to_vec()),
        Curve::Bls12381G1 => bls::curve::g1(reader.take(bls::curve::G1)?).map(|point| point.to_compressed().to_vec()),
    }
}

fn encoded_length(curve: Curve, n: u8) -> usize {
    5 + curve.point_length() + usize::from(n) * (1 + curve.point_length()) + SECRET
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dkg::tests::generate;

    #[test]
    fn a_share_is_read_as_it_was_written() {
        for purpose in Purpose::ALL {
            let share = generate(purpose, [1; 32]).remove(&37).expect("a share");
            let again = KeyShare::decode(&share.encode()).expect("decodes");
            assert_eq!((again.purpose, again.seat, again.threshold), (purpose, 37, 3));
            assert_eq!(again.encode(), share.encode());
            assert!(again.matches());
        }
    }

    #[test]
    fn a_share_of_the_first_version_is_an_ecdsa_share() {
        let mut first = generate(Purpose::PkpEcdsa, [1; 32])[&37].encode();
        (first[0], first[1]) = FIRST_VERSION;
        assert_eq!(KeyShare::decode(&first).expect("decodes").purpose, Purpose::PkpEcdsa);
    }

    #[test]
    fn what_is_no_share_is_not_read() {
        for purpose in Purpose::ALL {
            let good = generate(purpose, [1; 32])[&37].encode();
            let with = |at: usize, value: u8| {
                let mut bytes = good.clone();
                bytes[at] = value;
                bytes
            };
            let key = 5..5 + purpose.curve().point_length();
            // Another version, no purpose, a seat that holds nothing, t of 1 and of 5, n of 3, a key that is no point.
            let changed =
                [with(0, 0), with(0, 3), with(1, 0), with(1, 5), with(2, 9), with(3, 1), with(3, 5), with(4, 3), with(key.start, 0)];
            assert!(changed
                .iter()
                .chain([&good[..good.len() - 1].to_vec(), &[&good[..], &[0]].concat(), &Vec::new()])
                .all(|bytes| KeyShare::decode(bytes).is_err()));
        }
    }
}
