//! frost's secp256k1 group under our own name, with a DKG challenge that knows its batch.
//!
//! frost-core's challenge for a proof of possession is HDKG(identifier ‖ φ_0 ‖ R): it carries no session, and `HDKG` is a
//! static function. A proof would be good in any batch, purpose or network. So HDKG is prefixed here with the hash of the
//! key's whole context, which holds for the scope of a call on this thread; without one HDKG refuses, never defaults.

use std::cell::Cell;

use frost_core::{Ciphersuite, Field, Group};
use frost_secp256k1::{Secp256K1Group, Secp256K1Sha256 as Base};

type Scalar = <<Secp256K1Group as Group>::Field as Field>::Scalar;

thread_local! {
    static CONTEXT: Cell<Option<[u8; 32]>> = const { Cell::new(None) };
}

/// Run `work` with `context` as the prefix of every DKG challenge on this thread.
pub fn within<T>(context: [u8; 32], work: impl FnOnce() -> T) -> T {
    struct Scope(Option<[u8; 32]>);
    impl Drop for Scope {
        fn drop(&mut self) {
            CONTEXT.set(self.0);
        }
    }
    let _scope = Scope(CONTEXT.replace(Some(context)));
    work()
}

/// The ciphersuite of Votive's key generation on secp256k1. It is for the DKG only: nothing signs with it.
///
/// `post_dkg` keeps frost's default, the identity: shares and key are stored untweaked.
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

    /// frost's HDKG over ID ‖ context ‖ m; all but m have a fixed length. None, an error to frost, outside of [`within`].
    fn HDKG(m: &[u8]) -> Option<Scalar> {
        let context = CONTEXT.get()?;
        Base::HDKG(&[Self::ID.as_bytes(), &context, m].concat())
    }
}
