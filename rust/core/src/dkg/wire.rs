//! Layout of the DKG's messages and the bytes-only bridge to frost's types.

use frost_core::keys::dkg::{round1, round2};
use frost_core::keys::{SigningShare, VerifiableSecretSharingCommitment};
use frost_core::Signature;
use zeroize::Zeroizing;

use super::suite::Suite;
use crate::codec::{Malformed, Reader, Writer};
use crate::hpke::{PUBLIC_KEY, TAG};
use crate::purpose::Curve;

/// Length of a scalar on either curve.
const SCALAR: usize = 32;
/// Length of the salt that hides a reveal in its commitment.
pub const SALT: usize = 32;
/// Length of one sealed share.
pub const SEALED_SHARE: usize = SCALAR + TAG;

/// Length of a reveal of `count` keys with threshold t: for each key t points, R, z.
pub fn reveal_length(curve: Curve, count: usize, threshold: u8) -> usize {
    SALT + count * ((usize::from(threshold) + 1) * curve.point_length() + SCALAR)
}

/// Length of a deal of `count` keys.
pub fn deal_length(count: usize) -> usize {
    PUBLIC_KEY + count * SEALED_SHARE
}

const FROST: Malformed = Malformed("frost refuses a value that we accept");

/// Write one key's round-1 package: t points, R, z.
pub fn put_package<C: Suite>(out: &mut Writer, package: &round1::Package<C>) -> Result<(), Malformed> {
    for point in package.commitment().serialize().map_err(|_| FROST)? {
        out.put(&point);
    }
    out.put(&package.proof_of_knowledge().serialize().map_err(|_| FROST)?);
    Ok(())
}

/// Read one key's round-1 package: exactly t canonical points other than the identity, and a proof.
pub fn take_package<C: Suite>(reader: &mut Reader<'_>, threshold: u8) -> Result<round1::Package<C>, Malformed> {
    let points = (0..threshold).map(|_| C::take_point(reader)).collect::<Result<Vec<_>, _>>()?;
    let commitment = VerifiableSecretSharingCommitment::deserialize(points).map_err(|_| FROST)?;
    let nonce = C::take_point(reader)?;
    let response: [u8; SCALAR] = reader.array()?;
    C::check_scalar(&response)?;
    let proof = Signature::deserialize(&[nonce, &response].concat()).map_err(|_| FROST)?;
    Ok(round1::Package::new(commitment, proof))
}

/// The bytes of a share on its way to be sealed.
pub fn share_bytes<C: Suite>(package: &round2::Package<C>) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(package.signing_share().serialize())
}

/// Read an opened share: a canonical scalar.
pub fn share_package<C: Suite>(bytes: &[u8]) -> Result<round2::Package<C>, Malformed> {
    let mut reader = Reader::exact(bytes, SCALAR)?;
    let value: [u8; SCALAR] = reader.array()?;
    let value = Zeroizing::new(value);
    C::check_scalar(&value)?;
    SigningShare::deserialize(&value[..]).map(round2::Package::new).map_err(|_| FROST)
}
