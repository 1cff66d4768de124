//! Threshold BLS signatures: one round, nothing prepared. σ_i = x_i·H(m); any t of them interpolate to σ = x·H(m).
//!
//! A share on the wire is 97 bytes: seat (1) ‖ σ_i (96). What a key may sign is decided by its purpose, here and nowhere else:
//! an encryption key signs identities of conditions, a session key digests of 32 bytes. No message is both, and no
//! share is made outside of these two functions.

use std::collections::BTreeMap;

use blstrs::{G2Affine, G2Projective, Scalar};
use ff::Field;
use group::Group;

use super::curve::{self, G2};
use super::identity::Identity;
use crate::codec::Malformed;
use crate::error::{Error, Result};
use crate::process::wiped;
use crate::purpose::Purpose;
use crate::share::KeyShare;
use crate::Seat;

/// Length of a signature.
pub const SIGNATURE: usize = G2;
/// Length of a signature share.
pub const SHARE: usize = 1 + G2;

/// Our share of the decryption key of `identity`, under an encryption key only.
pub fn decryption_share(share: &KeyShare, identity: &[u8]) -> Result<[u8; SHARE]> {
    share.purpose().require(Purpose::EncryptionBls)?;
    let identity = Identity::parse(identity)?;
    signature_share(share, identity.bytes())
}

/// Our share of the signature over a session's `digest`, under a session key only.
pub fn session_share(share: &KeyShare, digest: &[u8]) -> Result<[u8; SHARE]> {
    share.purpose().require(Purpose::SessionBls)?;
    let digest: &[u8; 32] = digest.try_into().map_err(|_| Error::input("the digest of a session has 32 bytes"))?;
    signature_share(share, digest)
}

fn signature_share(share: &KeyShare, message: &[u8]) -> Result<[u8; SHARE]> {
    let mut out = [share.seat(); SHARE];
    let sign = || share.bls_scalar().map(|secret| (curve::hash_to_g2(message) * secret.value()).to_compressed());
    out[1..].copy_from_slice(&wiped(sign)?);
    Ok(out)
}

/// Whether `signature` is the signature of `message` under `public_key`. False for anything malformed.
pub fn verify(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let (Ok(key), Ok(signature)) = (curve::g1(public_key), curve::g2(signature)) else { return false };
    curve::verifies(&key, message, &signature)
}

/// Whether `share` is the share of `message` of the seat with `verification_share`. False for anything malformed.
pub fn verify_share(verification_share: &[u8], message: &[u8], share: &[u8]) -> bool {
    share.len() == SHARE && share[0] != 0 && verify(verification_share, message, &share[1..])
}

/// Combine shares by seat, those of the t lowest seats, and verify the result under the key, in one pairing product.
///
/// A share that is malformed or claims another seat convicts who sent it. A combination that does not verify convicts
/// nobody: whose share is wrong is for [`verify_share`] to say.
pub fn combine(public_key: &[u8], threshold: u8, shares: &BTreeMap<Seat, Vec<u8>>, message: &[u8]) -> Result<[u8; SIGNATURE]> {
    let key = curve::g1(public_key).map_err(|error| Error::input(format!("the public key is malformed: {error}")))?;
    if threshold == 0 || shares.len() < usize::from(threshold) {
        return Err(Error::input(format!("{} shares do not make a signature that needs {threshold}", shares.len())));
    }
    let chosen: Vec<(Seat, G2Affine)> = decode(shares.iter().take(threshold.into()))?;
    let combined = G2Affine::from(interpolate(&chosen));
    if curve::verifies(&key, message, &combined) {
        Ok(combined.to_compressed())
    } else {
        let message = "the combination of the shares does not verify: check each against its verification share".into();
        Err(Error::Combination { culprits: Vec::new(), message })
    }
}

fn decode<'a>(shares: impl Iterator<Item = (&'a Seat, &'a Vec<u8>)>) -> Result<Vec<(Seat, G2Affine)>> {
    let (mut points, mut faults) = (Vec::new(), Vec::new());
    for (seat, share) in shares {
        match decode_share(*seat, share) {
            Ok(point) => points.push((*seat, point)),
            Err(error) => faults.push((*seat, error)),
        }
    }
    if faults.is_empty() {
        return Ok(points);
    }
    let reasons: Vec<String> = faults.iter().map(|(seat, error)| format!("the share of seat {seat} is refused: {error}")).collect();
    Err(Error::Combination { culprits: faults.into_iter().map(|(seat, _)| seat).collect(), message: reasons.join("; ") })
}

fn decode_share(seat: Seat, share: &[u8]) -> std::result::Result<G2Affine, Malformed> {
    match share.split_first() {
        Some((claimed, point)) if *claimed == seat && seat != 0 => curve::g2(point),
        Some(_) => Err(Malformed("it claims another seat than its sender's")),
        None => Err(Malformed("it is empty")),
    }
}

/// Σ λ_i·σ_i with λ_i = Π_{j≠i} x_j/(x_j − x_i), at distinct seats.
fn interpolate(shares: &[(Seat, G2Affine)]) -> G2Projective {
    let at = |seat: Seat| Scalar::from(u64::from(seat));
    let lambda = |i: Seat| {
        let others = shares.iter().map(|(seat, _)| *seat).filter(|seat| *seat != i);
        let (over, under) = others.fold((Scalar::ONE, Scalar::ONE), |(over, under), j| (over * at(j), under * (at(j) - at(i))));
        over * under.invert().unwrap_or(Scalar::ZERO)
    };
    shares.iter().map(|(seat, point)| point * lambda(*seat)).fold(G2Projective::identity(), |sum, term| sum + term)
}
