//! BLS12-381's G1 as a group of frost's, by `blst`.
//!
//! RFC 9591 has no ciphersuite for this curve. The hashes to scalars are RFC 9380's hash_to_field under domains of their own;
//! H1 to H5 would serve signing, which this house does not offer here: BLS keys sign by pairings. There is no HID.

use blstrs::{G1Affine, G1Projective, Scalar};
use ff::Field as _;
use frost_core::{Ciphersuite, Field, FieldError, Group, GroupError};
use group::Group as _;
use rand_core_06::{CryptoRng, RngCore};
use sha2::{Digest, Sha256};

use super::suite::{in_context, Suite};
use crate::bls::curve::{self, G1, SCALAR};
use crate::codec::{Malformed, Reader};
use crate::purpose::Curve;

/// Scalars modulo r, 32 bytes big-endian.
#[derive(Clone, Copy)]
pub struct ScalarField;

impl Field for ScalarField {
    type Scalar = Scalar;
    type Serialization = [u8; SCALAR];

    fn zero() -> Scalar {
        Scalar::ZERO
    }
    fn one() -> Scalar {
        Scalar::ONE
    }
    fn invert(scalar: &Scalar) -> Result<Scalar, FieldError> {
        Option::from(scalar.invert()).ok_or(FieldError::InvalidZeroScalar)
    }
    fn random<R: RngCore + CryptoRng>(rng: &mut R) -> Scalar {
        Scalar::random(rng)
    }
    fn serialize(scalar: &Scalar) -> [u8; SCALAR] {
        scalar.to_bytes_be()
    }
    fn little_endian_serialize(scalar: &Scalar) -> [u8; SCALAR] {
        scalar.to_bytes_le()
    }
    fn deserialize(bytes: &[u8; SCALAR]) -> Result<Scalar, FieldError> {
        curve::scalar(bytes).map_err(|_| FieldError::MalformedScalar)
    }
}

/// The subgroup of order r of the curve's points. What decodes is in it, so there is no cofactor to clear.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct G1Group;

impl Group for G1Group {
    type Field = ScalarField;
    type Element = G1Projective;
    type Serialization = [u8; G1];

    fn cofactor() -> Scalar {
        Scalar::ONE
    }
    fn identity() -> G1Projective {
        G1Projective::identity()
    }
    fn generator() -> G1Projective {
        G1Projective::generator()
    }
    fn serialize(element: &G1Projective) -> Result<[u8; G1], GroupError> {
        if bool::from(element.is_identity()) {
            return Err(GroupError::InvalidIdentityElement);
        }
        Ok(G1Affine::from(element).to_compressed())
    }
    fn deserialize(bytes: &[u8; G1]) -> Result<G1Projective, GroupError> {
        curve::g1(bytes).map(G1Projective::from).map_err(|_| GroupError::MalformedElement)
    }
}

/// The ciphersuite of Votive's key generation on BLS12-381.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DkgBls12381G1;

impl DkgBls12381G1 {
    fn scalar(role: &str, m: &[u8]) -> Scalar {
        curve::hash_to_scalar(format!("{}-{role}", Self::ID).as_bytes(), m)
    }

    fn hash(role: &str, m: &[u8]) -> [u8; 32] {
        Sha256::new().chain_update(Self::ID).chain_update("-").chain_update(role).chain_update(m).finalize().into()
    }
}

impl Ciphersuite for DkgBls12381G1 {
    const ID: &'static str = "VOTIVE-DKG-BLS12381G1_XMD:SHA-256-v1";

    type Group = G1Group;
    type HashOutput = [u8; 32];
    type SignatureSerialization = [u8; G1 + SCALAR];

    fn H1(m: &[u8]) -> Scalar {
        Self::scalar("rho", m)
    }
    fn H2(m: &[u8]) -> Scalar {
        Self::scalar("chal", m)
    }
    fn H3(m: &[u8]) -> Scalar {
        Self::scalar("nonce", m)
    }
    fn H4(m: &[u8]) -> [u8; 32] {
        Self::hash("msg", m)
    }
    fn H5(m: &[u8]) -> [u8; 32] {
        Self::hash("com", m)
    }
    fn HDKG(m: &[u8]) -> Option<Scalar> {
        Some(Self::scalar("dkg", &in_context::<Self>(m)?))
    }
}

impl Suite for DkgBls12381G1 {
    const CURVE: Curve = Curve::Bls12381G1;

    fn take_point<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
        let bytes = reader.take(G1)?;
        if curve::is_compressed_point(bytes[0]) {
            Ok(bytes)
        } else {
            Err(Malformed("a point is not in compressed form, or is the identity"))
        }
    }

    fn check_scalar(bytes: &[u8; 32]) -> Result<(), Malformed> {
        curve::scalar(bytes).map(drop)
    }
}
