//! Keys derived from the network's root keys: child = Σ tⁱ·rootᵢ for i = 0…9, where t is a hash of the key's id.
//!
//! Shamir's sharing is linear, so the same sum gives the child's public key of the roots' public keys, each seat's verification
//! share of the roots' verification shares of that seat, and our secret share of our root shares; nobody talks to anybody.
//! A child is as good as any key: two of them differ by what nobody knows, and the engine prepares nothing before key and
//! digest are fixed. With presignatures additive derivation is weaker (Groth, Shoup, eprint 2021/1330).
//!
//! The map from ids is Lit's, so that its clients compute the same public keys (docs/protocol/derive.md).

use std::collections::BTreeMap;

use k256::elliptic_curve::consts::U48;
use k256::hash2curve::{hash_to_scalar, GroupDigest};
use k256::{AffinePoint, ProjectivePoint, Scalar, Secp256k1};
use zeroize::Zeroizing;

use crate::curve;
use crate::error::{Error, Result};
use crate::process::wiped;
use crate::purpose::Purpose;
use crate::share::KeyShare;
use crate::Seat;

/// Root keys of a network.
pub const ROOTS: usize = 10;
/// Domain of the hash to a scalar, as Lit wrote it.
const DOMAIN: &[u8] = b"LIT_HD_KEY_ID_K256_XMD:SHA-256_SSWU_RO_NUL_";

/// t of one id.
struct Tweak(Scalar);

impl Tweak {
    /// hash_to_field of RFC 9380 (section 5.2) with expand_message_xmd, SHA-256 and L = 48, modulo the group's order.
    fn of(id: &[u8; 32]) -> Result<Self> {
        let scalar = hash_to_scalar::<Secp256k1, <Secp256k1 as GroupDigest>::ExpandMsg, U48>(&[id], &[DOMAIN]);
        let t = scalar.map_err(|error| Error::Own(format!("the hash to a scalar refused its parameters: {error}")))?;
        Self::not_zero(t)
    }

    /// With t = 0 the child would be the first root itself.
    fn not_zero(t: Scalar) -> Result<Self> {
        if t == Scalar::ZERO {
            return Err(Error::input("no key is derived for an id that hashes to zero"));
        }
        Ok(Self(t))
    }

    /// Σ tⁱ·pointᵢ, by Horner's rule from the last; nobody's key is the identity.
    fn point(&self, points: &[AffinePoint]) -> Result<AffinePoint> {
        let sum = points.iter().rev().fold(ProjectivePoint::IDENTITY, |sum, point| sum * self.0 + point).to_affine();
        if sum == AffinePoint::IDENTITY {
            return Err(Error::input("no key is derived whose public key is the identity"));
        }
        Ok(sum)
    }
}

/// The public key of an id, compressed, of the roots' public keys (SEC1, either form) in the chain's order.
pub fn public_key(roots: &[impl AsRef<[u8]>], id: &[u8; 32]) -> Result<[u8; curve::POINT]> {
    let bad = || Error::input("a root key is not a point of secp256k1");
    let points = roots.iter().map(|root| curve::sec1_point(root.as_ref()).ok_or_else(bad)).collect::<Result<Vec<_>>>()?;
    check_roots(&points.iter().map(curve::point_bytes).collect::<Vec<_>>())?;
    Ok(curve::point_bytes(&Tweak::of(id)?.point(&points)?))
}

/// Exactly ten, none of them twice.
fn check_roots<T: AsRef<[u8]>>(keys: &[T]) -> Result<()> {
    let distinct = keys.iter().enumerate().all(|(at, key)| keys[..at].iter().all(|other| other.as_ref() != key.as_ref()));
    if keys.len() == ROOTS && distinct {
        Ok(())
    } else {
        Err(Error::input(format!("a key is derived from exactly {ROOTS} distinct root keys")))
    }
}

impl KeyShare {
    /// Our share of the key of `id`, of our shares of the roots in the chain's order. It is never sealed, and its secret never leaves.
    ///
    /// # Errors
    /// `InvalidInput` if these are not ten root keys of one committee and seat, or the key is not `public_key` (SEC1): roots of
    /// two networks with equal committees differ in nothing else.
    pub fn derived(roots: &[&Self], id: &[u8; 32], public_key: &[u8]) -> Result<Self> {
        let first = one_committee(roots)?;
        let tweak = Tweak::of(id)?;
        let expected = curve::sec1_point(public_key).ok_or_else(|| Error::input("a public key is a point of secp256k1 in SEC1's form"))?;
        let child = tweak.point(&roots.iter().map(|root| root.public_point()).collect::<Result<Vec<_>>>()?)?;
        if child != expected {
            return Err(Error::input("these roots and this id give another public key: the roots are not the network's, or out of order"));
        }
        let shares = verification_shares(roots, first, &tweak)?;
        let secret = wiped(|| secret(roots, &tweak))?;
        let share = Self::child(first, curve::point_bytes(&child).to_vec(), shares, secret);
        if share.matches() {
            Ok(share)
        } else {
            Err(Error::Own("a derived share does not match its verification share: a root's share is not this node's".into()))
        }
    }
}

/// The first root, if all ten are shares of root keys that one seat of one committee holds.
fn one_committee<'a>(roots: &[&'a KeyShare]) -> Result<&'a KeyShare> {
    roots.iter().try_for_each(|root| root.purpose().require(Purpose::RootEcdsa))?;
    check_roots(&roots.iter().map(|root| root.public_key()).collect::<Vec<_>>())?;
    let first = roots[0];
    let same = |root: &&KeyShare| {
        (root.seat(), root.threshold()) == (first.seat(), first.threshold())
            && root.verification_shares().keys().eq(first.verification_shares().keys())
    };
    if roots.iter().all(same) {
        Ok(first)
    } else {
        Err(Error::input("the shares of the root keys are of different seats or committees"))
    }
}

fn verification_shares(roots: &[&KeyShare], first: &KeyShare, tweak: &Tweak) -> Result<BTreeMap<Seat, Vec<u8>>> {
    let odd = || Error::Own("a root key has a bad verification share".into());
    let of_seat = |seat: &Seat| {
        let points = roots.iter().map(|root| root.verification_shares().get(seat).and_then(|share| curve::sec1_point(share)));
        let points = points.collect::<Option<Vec<_>>>().ok_or_else(odd)?;
        Ok((*seat, curve::point_bytes(&tweak.point(&points)?).to_vec()))
    };
    first.verification_shares().keys().map(of_seat).collect()
}

/// Σ tⁱ·x of root i, the same rule.
fn secret(roots: &[&KeyShare], tweak: &Tweak) -> Result<Zeroizing<Vec<u8>>> {
    // One at a time: a list that grows would leave copies behind.
    let mut sum = Zeroizing::new(Scalar::ZERO);
    for root in roots.iter().rev() {
        *sum = *sum * tweak.0 + *root.root_scalar()?;
    }
    if *sum == Scalar::ZERO {
        return Err(Error::input("no key is derived of which our share is zero"));
    }
    Ok(Zeroizing::new(curve::scalar_bytes(&sum).to_vec()))
}

#[cfg(test)]
mod tests;
