//! frost's secp256k1 group under our own name.

use frost_core::{Ciphersuite, Field, Group};
use frost_secp256k1::{Secp256K1Group, Secp256K1Sha256 as Base};

use super::suite::{in_context, Suite};
use crate::codec::{Malformed, Reader};
use crate::curve::{self, POINT};
use crate::purpose::Curve;

type Scalar = <<Secp256K1Group as Group>::Field as Field>::Scalar;

/// The ciphersuite of Votive's key generation on secp256k1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DkgSecp256k1;

impl Ciphersuite for DkgSecp256k1 {
    const ID: &'static str = "VOTIVE-DKG-secp256k1-SHA256-v1";

    type Group = Secp256K1Group;
    type HashOutput = [u8; 32];
    type SignatureSerialization = [u8; 65];

    fn H1(m: &[u8]) -> Scalar {
        Base::H1(m)
    }
    fn H2(m: &[u8]) -> Scalar {
        Base::H2(m)
    }
    fn H3(m: &[u8]) -> Scalar {
        Base::H3(m)
    }
    fn H4(m: &[u8]) -> [u8; 32] {
        Base::H4(m)
    }
    fn H5(m: &[u8]) -> [u8; 32] {
        Base::H5(m)
    }
    fn HDKG(m: &[u8]) -> Option<Scalar> {
        Base::HDKG(&in_context::<Self>(m)?)
    }
}

impl Suite for DkgSecp256k1 {
    const CURVE: Curve = Curve::Secp256k1;

    /// Without the square root: frost's decoder takes it, and finds whether x is on the curve.
    ///
    /// frost reads SEC1, of which 33 bytes can also be the compact form (tag 5): only tags 2 and 3 are canonical here. That
    /// x is below p is checked by the decoder; encoding again could not differ then.
    fn take_point<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
        let bytes = reader.take(POINT)?;
        if matches!(bytes[0], 2 | 3) {
            Ok(bytes)
        } else {
            Err(Malformed("a point is not in compressed form, or is the identity"))
        }
    }

    fn check_scalar(bytes: &[u8; 32]) -> Result<(), Malformed> {
        curve::scalar(bytes).map(drop)
    }
}
