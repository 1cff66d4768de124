//! Every hash input of the core is a named structure with a domain tag; nothing is concatenated by hand.
//!
//! Encoding: each field is a type byte, its length as u32 big-endian, its content; integers are u64 big-endian. Two
//! structures differ by tag, two values of one structure by some field, so no two inputs share an encoding. The hash is
//! BIP-340's tagged hash: SHA-256(SHA-256(tag) ‖ SHA-256(tag) ‖ encoding).

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::Seat;

/// A structure that is hashed, or bound as associated data, under its own tag.
pub trait HashInput {
    /// Domain tag, unique in the house.
    const TAG: &'static str;

    /// Append the fields in their order.
    fn write(&self, out: &mut Encoder);

    /// The canonical encoding of the fields.
    fn encoding(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Encoder::default();
        self.write(&mut out);
        out.0
    }

    /// The tagged hash, 32 bytes.
    fn hash(&self) -> [u8; 32] {
        let tag = Sha256::digest(Self::TAG.as_bytes());
        Sha256::new().chain_update(tag).chain_update(tag).chain_update(&self.encoding()[..]).finalize().into()
    }

    /// Tag and fields as bytes, for associated data and key derivation.
    fn bound(&self) -> Vec<u8> {
        let mut out = Encoder::default();
        out.field(b'T', Self::TAG.as_bytes());
        self.write(&mut out);
        out.0.to_vec()
    }
}

/// Builds encodings; fields may be secret, so the buffer is wiped on drop.
#[derive(Default)]
pub struct Encoder(Zeroizing<Vec<u8>>);

impl Encoder {
    fn field(&mut self, kind: u8, content: &[u8]) {
        let length = u32::try_from(content.len()).expect("hash inputs stay far below 4 GiB");
        self.0.push(kind);
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(content);
    }
}

/// A type that can be a field.
pub trait Field {
    /// Append the field.
    fn put(&self, out: &mut Encoder);
}

impl Field for u64 {
    fn put(&self, out: &mut Encoder) {
        out.field(b'u', &self.to_be_bytes());
    }
}

impl Field for &[u8] {
    fn put(&self, out: &mut Encoder) {
        out.field(b'b', self);
    }
}

/// An ordered list of seats.
pub struct Seats<'a>(pub &'a [Seat]);

impl Field for Seats<'_> {
    fn put(&self, out: &mut Encoder) {
        out.field(b's', self.0);
    }
}

macro_rules! hash_inputs {
    ($($(#[$doc:meta])* $name:ident = $tag:literal { $($(#[$note:meta])* $field:ident: $kind:ty),* $(,)? })*) => {
        $($(#[$doc])*
        pub struct $name<'a> { $($(#[$note])* pub $field: $kind,)* }

        impl HashInput for $name<'_> {
            const TAG: &'static str = $tag;
            fn write(&self, out: &mut Encoder) { $(self.$field.put(out);)* }
        })*

        /// All tags, for the test that they are distinct.
        pub const TAGS: &[&str] = &[$($tag),*];
    };
}

hash_inputs! {
    /// Names a pair set-up, or one direction of it.
    PairSession = "votive/core/pair-session/v1" {
        /// Network id.
        network: &'a [u8],
        /// Epoch.
        epoch: u64,
        /// Lower seat of the pair.
        lower: u64,
        /// Boot nonce of the lower seat's process.
        lower_nonce: &'a [u8],
        /// Higher seat of the pair.
        higher: u64,
        /// Boot nonce of the higher seat's process.
        higher_nonce: &'a [u8],
        /// Counts set-ups between the two processes.
        counter: u64,
        /// 0: the whole set-up; 1: the lower seat is the multiplication's sender; 2: the higher is.
        direction: u64,
    }

    /// Commitment to one side's half of a pair set-up.
    SetupCommitment = "votive/core/setup-commitment/v1" {
        /// The set-up.
        session: &'a [u8],
        /// Who commits.
        sender: u64,
        /// To whom.
        receiver: u64,
        /// The transfer message, with its salt.
        transfer: &'a [u8],
    }

    /// What both sides compare after a set-up.
    SetupDigest = "votive/core/setup-digest/v1" {
        /// The set-up.
        session: &'a [u8],
        /// Gadget of the direction in which the lower seat sends, 416 scalars.
        lower_gadget: &'a [u8],
        /// Gadget of the direction in which the higher seat sends.
        higher_gadget: &'a [u8],
        /// Hash of the zero-share seed.
        seed_hash: &'a [u8],
    }

    /// Hides the zero-share seed in the set-up's digest.
    ZeroSeed = "votive/core/zero-seed/v1" {
        /// The set-up.
        session: &'a [u8],
        /// The pair's common seed, secret.
        seed: &'a [u8],
    }

    /// Associated data of a value sealed to a peer.
    SealedMessage = "votive/core/sealed-message/v1" {
        /// Session, or the batch's context.
        session: &'a [u8],
        /// Round of the ceremony.
        round: u64,
        /// Who sealed.
        sender: u64,
        /// For whom.
        receiver: u64,
        /// Number of the key in its batch; 0 in a pair set-up.
        key_number: u64,
    }

    /// Context of one key's proofs of possession: prefixes every HDKG input.
    DkgKey = "votive/core/dkg-key/v2" {
        /// Names the batch: network, epoch, batch, purpose, deadline.
        context: &'a [u8],
        /// Name of the keys' purpose.
        purpose: &'a [u8],
        /// Number of the key in its batch, from 0.
        key_number: u64,
        /// t.
        threshold: u64,
        /// All seats, ascending.
        seats: Seats<'a>,
    }

    /// Commitment to a reveal.
    DkgCommitment = "votive/core/dkg-commitment/v1" {
        /// Names the batch.
        context: &'a [u8],
        /// Who commits.
        sender: u64,
        /// t.
        threshold: u64,
        /// Number of keys.
        count: u64,
        /// All seats, ascending.
        seats: Seats<'a>,
        /// The reveal message, with its salt.
        reveal: &'a [u8],
    }

    /// The engine's session id, part of every id that it derives.
    EngineSession = "votive/core/engine-session/v1" {
        /// Network id.
        network: &'a [u8],
        /// Epoch.
        epoch: u64,
    }

    /// The engine's sign id.
    SigningAttempt = "votive/core/signing-attempt/v1" {
        /// Session of the signature.
        session: &'a [u8],
        /// H(session, attempt, H(proposal)).
        sign_id: &'a [u8],
    }

    /// Associated data of a value sealed for storage.
    StoredValue = "votive/core/stored-value/v1" {
        /// Version of the sealed format.
        version: u64,
        /// Kind of value.
        kind: u64,
        /// The caller's associated data.
        ad: &'a [u8],
    }

    /// Derivation of a value's own key from the key-encryption key.
    StorageKey = "votive/core/storage-key/v1" {
        /// Version of the sealed format.
        version: u64,
        /// Kind of value.
        kind: u64,
        /// The value's own salt.
        salt: &'a [u8],
    }

    /// Derivation of the key-encryption key from a passphrase.
    PassphraseSalt = "votive/core/passphrase-salt/v1" {
        /// The installation's salt.
        salt: &'a [u8],
    }

    /// Info of the derivation of a stream's key from a file's content key.
    StreamKey = "votive/core/stream-key/v1" {
        /// Salt of the stream.
        salt: &'a [u8],
        /// What the stream belongs to: the caller's.
        header: &'a [u8],
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    const A: &[u8] = &[0xaa; 32];
    const B: &[u8] = &[0xbb; 32];
    const SEATS: Seats<'static> = Seats(&[3, 37, 200, 255]);

    fn line(input: &impl HashInput, tag: &str) -> String {
        let hash: String = input.hash().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{tag} {hash}\n")
    }

    macro_rules! lines {
        ($($name:ident { $($field:ident: $value:expr),* $(,)? })*) => {
            [$(line(&$name { $($field: $value),* }, $name::TAG)),*].concat()
        };
    }

    #[test]
    fn every_hash_input_has_its_known_answer() {
        let (nonce, other) = (&[1; 16][..], &[2; 16][..]);
        let found = lines! {
            PairSession { network: A, epoch: 7, lower: 3, lower_nonce: nonce, higher: 200, higher_nonce: other, counter: 5, direction: 1 }
            SetupCommitment { session: A, sender: 3, receiver: 200, transfer: b"transfer" }
            SetupDigest { session: A, lower_gadget: b"lower", higher_gadget: b"higher", seed_hash: B }
            ZeroSeed { session: A, seed: B }
            SealedMessage { session: A, round: 2, sender: 3, receiver: 200, key_number: 9 }
            DkgKey { context: A, purpose: b"encryption-bls", key_number: 9, threshold: 3, seats: SEATS }
            DkgCommitment { context: A, sender: 3, threshold: 3, count: 100, seats: SEATS, reveal: b"reveal" }
            EngineSession { network: A, epoch: 7 }
            SigningAttempt { session: A, sign_id: B }
            StoredValue { version: 1, kind: 2, ad: b"ad" }
            StorageKey { version: 1, kind: 2, salt: b"salt" }
            PassphraseSalt { salt: b"salt" }
            StreamKey { salt: b"salt", header: b"header" }
        };
        assert_eq!(found, include_str!("../vectors/transcript.txt"));
        assert_eq!(found.lines().count(), TAGS.len(), "a structure without a vector");
    }

    #[test]
    fn no_two_structures_share_a_tag() {
        assert_eq!(TAGS.iter().collect::<BTreeSet<_>>().len(), TAGS.len());
    }

    fn encoded(fields: &[Vec<u8>]) -> Vec<u8> {
        let mut out = Encoder::default();
        fields.iter().for_each(|field| (&field[..]).put(&mut out));
        out.0.to_vec()
    }

    proptest! {
        /// The mistake this guards against: two field lists with one concatenation.
        #[test]
        fn a_shifted_boundary_gives_another_encoding(bytes in proptest::collection::vec(any::<u8>(), 1..64), cut in 0usize..64, other in 0usize..64) {
            let (cut, other) = (cut % (bytes.len() + 1), other % (bytes.len() + 1));
            let split = |at: usize| encoded(&[bytes[..at].to_vec(), bytes[at..].to_vec()]);
            prop_assert_eq!(split(cut) == split(other), cut == other);
        }

        #[test]
        fn different_field_lists_have_different_encodings(
            left in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..5), 0..5),
            right in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..5), 0..5),
        ) {
            prop_assert_eq!(encoded(&left) == encoded(&right), left == right);
        }
    }
}
