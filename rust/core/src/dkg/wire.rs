//! Layout of the DKG's messages and the bytes-only bridge to frost's types.

use frost_core::keys::dkg::{round1, round2};
use frost_core::keys::{SigningShare, VerifiableSecretSharingCommitment};
use frost_core::Signature;
use zeroize::Zeroizing;

use super::suite::DkgSecp256k1 as C;
use crate::codec::{Malformed, Reader, Writer};
use crate::curve::{self, POINT, SCALAR};
use crate::hpke::{PUBLIC_KEY, TAG};

/// Length of a proof of possession: R, z.
const PROOF: usize = POINT + SCALAR;
/// Length of the salt that hides a reveal in its commitment.
pub const SALT: usize = 32;
/// Length of one sealed share.
pub const SEALED_SHARE: usize = SCALAR + TAG;

/// Length of a reveal of `count` keys with threshold t.
pub fn reveal_length(count: usize, threshold: u8) -> usize {
    SALT + count * (usize::from(threshold) * POINT + PROOF)
}

/// Length of a deal of `count` keys.
pub fn deal_length(count: usize) -> usize {
    PUBLIC_KEY + count * SEALED_SHARE
}

const FROST: Malformed = Malformed("frost refuses a value that we accept");

/// Write one key's round-1 package: t points, R, z.
pub fn put_package(out: &mut Writer, package: &round1::Package<C>) -> Result<(), Malformed> {
    for point in package.commitment().serialize().map_err(|_| FROST)? {
        out.put(&point);
    }
    out.put(&package.proof_of_knowledge().serialize().map_err(|_| FROST)?);
    Ok(())
}

/// Read one key's round-1 package: exactly t canonical points other than the identity, and a proof.
pub fn take_package(reader: &mut Reader<'_>, threshold: u8) -> Result<round1::Package<C>, Malformed> {
    let points = (0..threshold).map(|_| take_point(reader)).collect::<Result<Vec<_>, _>>()?;
    let commitment = VerifiableSecretSharingCommitment::deserialize(points).map_err(|_| FROST)?;
    let nonce = take_point(reader)?;
    let response = curve::scalar_bytes(&reader.scalar()?);
    let proof = Signature::deserialize(&[&nonce[..], &response].concat()).map_err(|_| FROST)?;
    Ok(round1::Package::new(commitment, proof))
}

/// Check a point's encoding without the square root: frost's decoder takes it, and finds whether x is on the curve.
///
/// frost reads SEC1, of which 33 bytes can also be the compact form (tag 5): only tags 2 and 3 are canonical here. That
/// x is below p is checked by the decoder; encoding again could not differ then.
fn take_point(reader: &mut Reader<'_>) -> Result<[u8; POINT], Malformed> {
    let bytes: [u8; POINT] = reader.array()?;
    if matches!(bytes[0], 2 | 3) {
        Ok(bytes)
    } else {
        Err(Malformed("a point is not in compressed form, or is the identity"))
    }
}

/// The bytes of a share on its way to be sealed.
pub fn share_bytes(package: &round2::Package<C>) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(package.signing_share().serialize())
}

/// Read an opened share: a canonical scalar.
pub fn share_package(bytes: &[u8]) -> Result<round2::Package<C>, Malformed> {
    let mut reader = Reader::exact(bytes, SCALAR)?;
    let value: [u8; SCALAR] = reader.array()?;
    let value = Zeroizing::new(value);
    curve::scalar(&value)?;
    SigningShare::deserialize(&value[..]).map(round2::Package::new).map_err(|_| FROST)
}
