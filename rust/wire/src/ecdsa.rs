//! ECDSA on secp256k1 as anybody may check it, by libsecp256k1; strict: canonical scalars, low s, the point's parity.

use std::sync::LazyLock;

use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use secp256k1::{All, Message, PublicKey, Secp256k1};

/// Length of r ‖ s.
pub const SCALARS: usize = 64;

/// Order of the group, halved: the greatest s that is low.
const HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4,
    0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
];

pub(crate) static SECP: LazyLock<Secp256k1<All>> = LazyLock::new(Secp256k1::new);

/// The one key under which r ‖ s, low s, signs `digest` with a point of this parity: P = (s·R − z·G)/r (SEC 1, 4.1.6).
///
/// A point whose x is not below the order (probability 2^-127) has no form here, as Ethereum has none for it.
pub fn recover(digest: [u8; 32], scalars: &[u8; SCALARS], parity: u8) -> Option<PublicKey> {
    let (0 | 1) = parity else { return None };
    if scalars[32..] > HALF_ORDER[..] {
        return None;
    }
    let signature = RecoverableSignature::from_compact(scalars, RecoveryId::try_from(i32::from(parity)).ok()?).ok()?;
    SECP.recover_ecdsa(Message::from_digest(digest), &signature).ok()
}

/// Whether r ‖ s is a low-s signature of `digest` under the key (SEC 1, 33 or 65 bytes) and its point has this parity.
///
/// That key is the only one which r, s and parity recover: comparing costs less than decoding it.
pub fn verify(public_key: &[u8], digest: [u8; 32], scalars: &[u8; SCALARS], parity: u8) -> bool {
    recover(digest, scalars, parity).is_some_and(|key| public_key == key.serialize() || public_key == key.serialize_uncompressed())
}

#[cfg(test)]
mod tests {
    use k256::ecdsa::SigningKey;
    use k256::elliptic_curve::sec1::ToSec1Point;
    use proptest::prelude::*;

    use super::{recover, verify, SCALARS};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// What another library signs verifies under its key alone, and in its one canonical form alone.
        #[test]
        fn agrees_with_another_library(secret in any::<[u8; 32]>(), digest in any::<[u8; 32]>(), flip in 0usize..SCALARS * 8) {
            let Ok(key) = SigningKey::from_slice(&secret) else { return Ok(()) };
            let (signature, recovery) = key.sign_prehash_recoverable(&digest);
            let (scalars, parity): ([u8; SCALARS], u8) = (signature.to_bytes().into(), recovery.to_byte());
            let public = |compress| key.verifying_key().as_affine().to_sec1_point(compress);
            prop_assert!(verify(public(false).as_bytes(), digest, &scalars, parity));
            prop_assert!(verify(public(true).as_bytes(), digest, &scalars, parity));
            prop_assert!(!verify(public(false).as_bytes(), digest, &scalars, 1 - parity), "the other parity");
            prop_assert!(!verify(public(false).as_bytes(), digest, &scalars, parity + 2), "no parity");
            prop_assert!(!verify(&public(false).as_bytes()[..64], digest, &scalars, parity), "a key cut short");
            let mut changed = scalars;
            changed[flip / 8] ^= 1 << (flip % 8);
            prop_assert!(!verify(public(false).as_bytes(), digest, &changed, parity), "a changed bit");
            let mut high = scalars;
            high[32..].copy_from_slice(&(-*signature.s()).to_bytes());
            prop_assert!(!verify(public(false).as_bytes(), digest, &high, 1 - parity), "high s");
        }
    }

    /// Zero and what is not below the order are no scalars.
    #[test]
    fn refuses_what_is_no_scalar() {
        let key = SigningKey::from_slice(&[7; 32]).expect("a key");
        let (signature, recovery) = key.sign_prehash_recoverable(&[1; 32]);
        let good: [u8; SCALARS] = signature.to_bytes().into();
        assert!(recover([1; 32], &good, recovery.to_byte()).is_some());
        for (half, value) in [(0..32, 0), (0..32, 0xff), (32..64, 0), (32..64, 0xff)] {
            let mut scalars = good;
            scalars[half].fill(value);
            assert!((0..2).all(|parity| recover([1; 32], &scalars, parity).is_none()));
        }
    }
}
