//! secp256k1 by `k256` 0.14: strict decoding, and the one place where bytes cross to frost's `k256` 0.13.

use k256::elliptic_curve::ff::PrimeField;
use k256::elliptic_curve::group::GroupEncoding;
use k256::elliptic_curve::sec1::{FromSec1Point, ToSec1Point};
use k256::{AffinePoint, ProjectivePoint, Scalar, Sec1Point};
use subtle::ConstantTimeEq;

use crate::codec::Malformed;

/// Length of a compressed point.
pub const POINT: usize = 33;
/// Length of a scalar.
pub const SCALAR: usize = 32;

/// Decode a canonical scalar below q.
pub fn scalar(bytes: &[u8; SCALAR]) -> Result<Scalar, Malformed> {
    Option::from(Scalar::from_repr((*bytes).into())).ok_or(Malformed("a scalar is not below the group's order"))
}

/// Encode a scalar, 32 bytes big-endian.
pub fn scalar_bytes(value: &Scalar) -> [u8; SCALAR] {
    value.to_repr().into()
}

/// Decode a canonical compressed point on the curve that is not the identity.
///
/// The codec alone is too kind (it reads SEC1's compact form and an all-zero identity as well), so the value is encoded
/// again and compared. secp256k1 has cofactor 1: a point on the curve is in the group.
pub fn point(bytes: &[u8; POINT]) -> Result<AffinePoint, Malformed> {
    if !matches!(bytes[0], 2 | 3) {
        return Err(Malformed("a point is not in compressed form, or is the identity"));
    }
    let value: Option<AffinePoint> = AffinePoint::from_bytes(&(*bytes).into()).into();
    let value = value.ok_or(Malformed("a point is not on the curve"))?;
    if value == AffinePoint::IDENTITY || point_bytes(&value) != *bytes {
        return Err(Malformed("a point is not in canonical form"));
    }
    Ok(value)
}

/// Decode a SEC1 public key, compressed or uncompressed, canonical, not the identity.
pub fn sec1_point(bytes: &[u8]) -> Option<AffinePoint> {
    match (bytes.len(), bytes.first()?) {
        (POINT, _) => point(bytes.try_into().ok()?).ok(),
        (65, 4) => {
            let encoded = Sec1Point::from_bytes(bytes).ok()?;
            let value: Option<AffinePoint> = AffinePoint::from_sec1_point(&encoded).into();
            value.filter(|value| *value != AffinePoint::IDENTITY)
        }
        _ => None,
    }
}

/// Encode a point, compressed.
pub fn point_bytes(value: &AffinePoint) -> [u8; POINT] {
    value.to_bytes().into()
}

/// Encode a point, uncompressed with its 0x04.
pub fn point_bytes_uncompressed(value: &AffinePoint) -> [u8; 65] {
    let encoded = value.to_sec1_point(false);
    encoded.as_bytes().try_into().expect("an uncompressed point has 65 bytes")
}

/// value·G, compressed.
pub fn times_generator(value: &Scalar) -> [u8; POINT] {
    point_bytes(&(ProjectivePoint::GENERATOR * value).to_affine())
}

/// Compare without revealing where two strings differ.
pub fn equal(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}
