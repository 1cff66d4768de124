//! A new ECDSA signature on secp256k1, verified before anybody sees it: canonical scalars, low s, the point's parity.

use k256::elliptic_curve::ops::{Invert, Reduce};
use k256::elliptic_curve::point::AffineCoordinates;
use k256::elliptic_curve::scalar::IsHigh;
use k256::{AffinePoint, FieldBytes, ProjectivePoint, Scalar};

use super::sign::Signature;
use crate::curve;

fn reduce(bytes: &[u8; 32]) -> Scalar {
    <Scalar as Reduce<FieldBytes>>::reduce(&(*bytes).into())
}

/// Decode a canonical scalar that is not zero.
fn nonzero(bytes: &[u8]) -> Option<Scalar> {
    let value = curve::scalar(bytes.try_into().ok()?).ok()?;
    (value != Scalar::ZERO).then_some(value)
}

/// The point R' = (z·G + r·P)/s.
fn point(public: &AffinePoint, digest: &[u8; 32], r: &Scalar, s: &Scalar) -> Option<AffinePoint> {
    let inverse: Option<Scalar> = Invert::invert(s).into();
    let inverse = inverse?;
    let sum = ProjectivePoint::GENERATOR * (reduce(digest) * inverse) + ProjectivePoint::from(*public) * (r * &inverse);
    let affine = sum.to_affine();
    (affine != AffinePoint::IDENTITY).then_some(affine)
}

/// Make s low, rebuild R, verify under the key; None if it is no signature.
///
/// An R whose x is not below q (probability 2^-127) is refused: its recovery id would be 2 or 3, which Ethereum has not.
pub(crate) fn finish(public: &AffinePoint, digest: &[u8; 32], r: &[u8; 32], s: &[u8; 32]) -> Option<Signature> {
    let (r, s) = (nonzero(r)?, nonzero(s)?);
    let s = if bool::from(s.is_high()) { -s } else { s };
    let rebuilt = point(public, digest, &r, &s)?;
    let x: [u8; 32] = rebuilt.x().into();
    let parity = u8::from(bool::from(rebuilt.y_is_odd()));
    (x == curve::scalar_bytes(&r)).then_some((curve::scalar_bytes(&r), curve::scalar_bytes(&s), parity))
}
