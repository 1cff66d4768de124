//! Ciphersuites of our own for the DKG, one a curve, whose challenge knows its batch. They are for the DKG only: nothing signs with them.
//!
//! frost-core's challenge for a proof of possession is HDKG(identifier ‖ φ_0 ‖ R): it carries no session, and `HDKG` is a
//! static function. A proof would be good in any batch, purpose or network. So HDKG is prefixed here with the hash of the
//! key's whole context, which holds for the scope of a call on this thread; without one HDKG refuses, never defaults.

use std::cell::Cell;

use frost_core::Ciphersuite;

use crate::codec::{Malformed, Reader};
use crate::purpose::Curve;

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

/// ID ‖ context ‖ m, all but m of a fixed length: what the challenge hashes. None, an error to frost, outside of [`within`].
pub fn in_context<C: Ciphersuite>(m: &[u8]) -> Option<Vec<u8>> {
    Some([C::ID.as_bytes(), &CONTEXT.get()?, m].concat())
}

/// A ciphersuite with what the wire needs to know of its group. `post_dkg` keeps frost's default, the identity: shares and
/// key are stored untweaked.
pub trait Suite: Ciphersuite {
    /// The curve.
    const CURVE: Curve;

    /// Take a point off a message if its form is canonical; frost's decoder then finds whether it is in the group.
    fn take_point<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Malformed>;

    /// Refuse a scalar of 32 bytes that is not below the group's order.
    fn check_scalar(bytes: &[u8; 32]) -> Result<(), Malformed>;
}
