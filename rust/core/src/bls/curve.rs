//! BLS12-381 by `blst`: strict decoding, hashing to G2 and to scalars, pairings. Public keys live in G1, signatures in G2.

use blst::{blst_fp12, blst_scalar, Pairing};
use blstrs::{G1Affine, G1Projective, G2Affine, G2Projective, Scalar};
use ff::Field;
use group::prime::PrimeCurveAffine;
use group::Group;
use sha2::{Digest, Sha256};

use crate::codec::Malformed;

/// Length of a compressed point of G1.
pub const G1: usize = 48;
/// Length of a compressed point of G2.
pub const G2: usize = 96;
/// Length of a scalar, big-endian.
pub const SCALAR: usize = 32;
/// Length of an element of the target group.
const TARGET: usize = 576;

/// Domain of every signature: the proof-of-possession scheme of draft-irtf-cfrg-bls-signature, 4.2.3 (minimal public keys).
pub const DST: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

/// Decode a canonical scalar below r.
pub fn scalar(bytes: &[u8; SCALAR]) -> Result<Scalar, Malformed> {
    Option::from(Scalar::from_bytes_be(bytes)).ok_or(Malformed("a scalar is not below the group's order"))
}

/// The first byte of a canonical compressed point that is not infinity: the compression flag is set, the infinity flag is not.
pub fn is_compressed_point(first: u8) -> bool {
    first & 0b1100_0000 == 0b1000_0000
}

/// Decode a canonical compressed point of G1: on the curve, in the subgroup of order r, not the identity.
pub fn g1(bytes: &[u8]) -> Result<G1Affine, Malformed> {
    let bytes: &[u8; G1] = bytes.try_into().map_err(|_| Malformed("a point of G1 has 48 bytes"))?;
    let value: Option<G1Affine> = G1Affine::from_compressed(bytes).into();
    let value = value.ok_or(Malformed("a point is not in the group G1"))?;
    if !is_compressed_point(bytes[0]) || bool::from(value.is_identity()) || value.to_compressed() != *bytes {
        return Err(Malformed("a point of G1 is the identity or not in canonical form"));
    }
    Ok(value)
}

/// Decode a canonical compressed point of G2: on the curve, in the subgroup of order r, not the identity.
pub fn g2(bytes: &[u8]) -> Result<G2Affine, Malformed> {
    let bytes: &[u8; G2] = bytes.try_into().map_err(|_| Malformed("a point of G2 has 96 bytes"))?;
    let value: Option<G2Affine> = G2Affine::from_compressed(bytes).into();
    let value = value.ok_or(Malformed("a point is not in the group G2"))?;
    if !is_compressed_point(bytes[0]) || bool::from(value.is_identity()) || value.to_compressed() != *bytes {
        return Err(Malformed("a point of G2 is the identity or not in canonical form"));
    }
    Ok(value)
}

/// value·G1, compressed.
pub fn times_generator(value: &Scalar) -> [u8; G1] {
    (G1Projective::generator() * value).to_compressed()
}

/// Hash a message to G2 (RFC 9380, BLS12381G2_XMD:SHA-256_SSWU_RO_) under the signatures' domain.
pub fn hash_to_g2(message: &[u8]) -> G2Projective {
    G2Projective::hash_to_curve(message, DST, &[])
}

/// Hash to a scalar: RFC 9380's hash_to_field for the group's order with expand_message_xmd, SHA-256 and L = 48.
pub fn hash_to_scalar(domain: &[u8], message: &[u8]) -> Scalar {
    blst_scalar::hash_to(message, domain).and_then(|value| value.try_into().ok()).unwrap_or(Scalar::ZERO)
}

/// A string of 48 bytes, big-endian, modulo the group's order.
pub fn reduce(bytes: &[u8; 48]) -> Scalar {
    // Two halves of 24 bytes, each below the order: high · 2^192 + low.
    let half = |part: &[u8]| {
        let mut padded = [0; SCALAR];
        padded[8..].copy_from_slice(part);
        Scalar::from_bytes_be(&padded).unwrap_or(Scalar::ZERO)
    };
    half(&bytes[..24]) * Scalar::from_u64s_le(&[0, 0, 0, 1]).unwrap_or(Scalar::ZERO) + half(&bytes[24..])
}

/// Whether e(key, H(message)) = e(G, signature): one product of two pairings.
pub fn verifies(key: &G1Affine, message: &[u8], signature: &G2Affine) -> bool {
    #[cfg(test)]
    PRODUCTS.set(PRODUCTS.get() + 1);
    let hash: G2Affine = hash_to_g2(message).into();
    let mut product = Pairing::new(true, &[]);
    product.raw_aggregate(hash.as_ref(), key.as_ref());
    product.raw_aggregate(signature.as_ref(), (-G1Affine::generator()).as_ref());
    product.commit();
    product.finalverify(None)
}

#[cfg(test)]
thread_local! {
    /// Pairing products computed by this thread.
    pub static PRODUCTS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// SHA-256 of e(left, right), written as two Fp6 of three Fp2 of two Fp, each 48 bytes big-endian.
pub fn pairing_hash(left: &G1Affine, right: &G2Affine) -> [u8; 32] {
    let value = blst_fp12::miller_loop(right.as_ref(), left.as_ref()).final_exp().to_bendian();
    Sha256::digest(by_fp6(&value)).into()
}

/// `blst` writes Fp12 by powers of w, first the Fp2 of either half and then the next; the ciphertexts' format goes half by half.
fn by_fp6(value: &[u8; TARGET]) -> [u8; TARGET] {
    let mut out = [0; TARGET];
    for (at, part) in value.chunks_exact(G2).enumerate() {
        let (third, half) = (at / 2, at % 2);
        out[(half * 3 + third) * G2..][..G2].copy_from_slice(part);
    }
    out
}
