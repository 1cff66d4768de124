//! Large files: a content key that is encrypted to an identity, and a stream of sealed chunks under it.
//!
//! The construction is STREAM (Hoang, Reyhanitabar, Rogaway, Vizár: Online Authenticated-Encryption and its Nonce-Reuse
//! Misuse-Resistance, CRYPTO 2015, section 7): each chunk is sealed by AES-256-GCM under a nonce that holds its number and
//! whether it is the last, so that chunks cannot be reordered, dropped, or cut off at the end.
//!
//! salt (32) ‖ sealed chunk · k; a sealed chunk is 65 536 bytes (the last 0 … 65 536, none but the only one empty) and its tag (16).
//! The stream's key is HKDF-SHA-256 of the content key with the salt, bound to the header: no two streams share a key, so the
//! nonce is 7 zero bytes ‖ number (4, big-endian) ‖ last (1).

use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use hkdf::Hkdf;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::bls::ibe;
use crate::bls::identity::Identity;
use crate::error::{Error, Result};
use crate::process::wiped;
use crate::random;
use crate::transcript::{HashInput, StreamKey};

/// Length of a content key.
pub const KEY: usize = 32;
/// Length of a full chunk of plaintext.
pub const CHUNK: usize = 64 * 1024;
/// Length of a chunk's tag.
pub const TAG: usize = 16;
/// Length of the salt before the first chunk.
pub const SALT: usize = 32;

/// The key of one file. Wiped on drop.
pub struct ContentKey(Zeroizing<Vec<u8>>);

impl std::fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ContentKey(…)")
    }
}

impl ContentKey {
    /// Draw a new key.
    pub fn generate() -> Self {
        Self(random::secret::<KEY>())
    }

    #[cfg(test)]
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// SHA-256 of the key: what the identity names as the hash of the plaintext, for the key is what is encrypted to it.
    pub fn data_hash(&self) -> [u8; 32] {
        wiped(|| Sha256::digest(&self.0).into())
    }

    /// Encrypt the key to `identity`, whose data hash is the key's.
    pub fn wrap(&self, public_key: &[u8], identity: &[u8]) -> Result<Vec<u8>> {
        let named = Identity::parse(identity)?.data_hash();
        let ours: String = self.data_hash().iter().map(|byte| format!("{byte:02x}")).collect();
        if named != ours.as_bytes() {
            return Err(Error::input("the identity names another data hash than the content key's: nobody could check what opens"));
        }
        ibe::encrypt(public_key, identity, &self.0)
    }

    /// Decrypt a key with the signature over its identity.
    pub fn unwrap(ciphertext: &[u8], signature: &[u8]) -> Result<Self> {
        let key = ibe::decrypt(ciphertext, signature)?;
        if key.len() == KEY {
            Ok(Self(key))
        } else {
            Err(Error::Ciphertext)
        }
    }

    fn cipher(&self, salt: &[u8], header: &[u8]) -> Result<Box<Aes256Gcm>> {
        let derive = || {
            let mut key = Zeroizing::new([0; KEY]);
            let info = StreamKey { salt, header }.bound();
            Hkdf::<Sha256>::new(Some(salt), &self.0)
                .expand(&info, &mut key[..])
                .map_err(|_| Error::Own("HKDF refused its parameters".into()))?;
            Aes256Gcm::new_from_slice(&key[..]).map(Box::new).map_err(|_| Error::Own("AES refused its key".into()))
        };
        wiped(derive)
    }

    /// Start to seal a stream that belongs to `header`.
    pub fn sealer(&self, header: &[u8]) -> Result<Sealer> {
        let salt = random::bytes::<SALT>();
        Ok(Sealer { chunks: Chunks::new(self.cipher(&salt, header)?), salt: Some(salt) })
    }

    /// Start to open a stream that belongs to `header`.
    pub fn opener(&self, header: &[u8]) -> Opener {
        Opener { state: Opening::Salt { key: Self(self.0.clone()), header: header.to_vec() } }
    }
}

/// The chunks of one stream, counted. The cipher is on the heap: a value that moves would leave copies of its keys.
struct Chunks {
    cipher: Box<Aes256Gcm>,
    number: u32,
}

impl Chunks {
    fn new(cipher: Box<Aes256Gcm>) -> Self {
        Self { cipher, number: 0 }
    }

    fn nonce(&self, last: bool) -> Nonce<aes_gcm::aead::consts::U12> {
        let mut nonce = [0; 12];
        nonce[7..11].copy_from_slice(&self.number.to_be_bytes());
        nonce[11] = u8::from(last);
        nonce.into()
    }

    /// Whether a chunk of `length` bytes of plaintext can stand here.
    fn fits(&self, length: usize, last: bool) -> bool {
        length == CHUNK || (last && length < CHUNK && (length > 0 || self.number == 0))
    }

    /// Go on to the next chunk; None after the last, and when the numbers are used up.
    fn next(self, last: bool) -> Option<Self> {
        let number = self.number.checked_add(1).filter(|_| !last)?;
        Some(Self { number, ..self })
    }
}

/// Seals the chunks of one stream in their order.
pub struct Sealer {
    chunks: Chunks,
    salt: Option<[u8; SALT]>,
}

impl Sealer {
    /// Seal the next chunk; the first comes with the stream's salt before it. Gives itself back until the last.
    pub fn update(mut self, chunk: &[u8], last: bool) -> Result<(Vec<u8>, Option<Self>)> {
        if !self.chunks.fits(chunk.len(), last) {
            return Err(Error::input(format!("a chunk has {CHUNK} bytes; the last has 1 to {CHUNK}, or 0 if it is the only one")));
        }
        let seal = || self.chunks.cipher.encrypt(&self.chunks.nonce(last), chunk);
        let sealed = wiped(seal).map_err(|_| Error::Own("AES-GCM refused a chunk".into()))?;
        let out = [self.salt.take().as_ref().map_or(&[][..], |salt| &salt[..]), &sealed].concat();
        Ok((out, self.chunks.next(last).map(|chunks| Self { chunks, salt: None })))
    }
}

enum Opening {
    Salt { key: ContentKey, header: Vec<u8> },
    Chunk(Chunks),
}

/// Opens the chunks of one stream in their order.
pub struct Opener {
    state: Opening,
}

impl Opener {
    /// Open the next chunk; the first comes with the stream's salt before it. Gives itself back until the last.
    ///
    /// A stream is whole only when its last chunk has opened: whoever writes plaintext away before must take it back.
    pub fn update(self, sealed: &[u8], last: bool) -> Result<(Zeroizing<Vec<u8>>, Option<Self>)> {
        let (chunks, sealed) = match self.state {
            Opening::Chunk(chunks) => (chunks, sealed),
            Opening::Salt { key, header } => {
                let (salt, rest) = sealed.split_at_checked(SALT).ok_or(Error::Ciphertext)?;
                (Chunks::new(key.cipher(salt, &header)?), rest)
            }
        };
        let length = sealed.len().checked_sub(TAG).ok_or(Error::Ciphertext)?;
        if !chunks.fits(length, last) {
            return Err(Error::Ciphertext);
        }
        let open = || chunks.cipher.decrypt(&chunks.nonce(last), sealed);
        let plain = wiped(open).map(Zeroizing::new).map_err(|_| Error::Ciphertext)?;
        Ok((plain, chunks.next(last).map(|chunks| Self { state: Opening::Chunk(chunks) })))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bls::curve::times_generator;

    fn seal(key: &ContentKey, header: &[u8], plain: &[u8]) -> Vec<u8> {
        let chunks: Vec<&[u8]> = if plain.is_empty() { vec![plain] } else { plain.chunks(CHUNK).collect() };
        let mut sealer = Some(key.sealer(header).expect("a sealer"));
        let mut out = Vec::new();
        for (at, chunk) in chunks.iter().enumerate() {
            let (sealed, next) = sealer.take().expect("not over").update(chunk, at + 1 == chunks.len()).expect("seals");
            out.extend(sealed);
            sealer = next;
        }
        assert!(sealer.is_none());
        out
    }

    /// The sealed pieces of a stream as they are read: the salt belongs to the first.
    fn pieces(sealed: &[u8]) -> Vec<Vec<u8>> {
        let (first, rest) = sealed.split_at(sealed.len().min(SALT + CHUNK + TAG));
        std::iter::once(first).chain(rest.chunks(CHUNK + TAG)).map(<[u8]>::to_vec).collect()
    }

    fn open(key: &ContentKey, header: &[u8], pieces: &[Vec<u8>]) -> Result<Vec<u8>> {
        let (mut opener, mut out) = (Some(key.opener(header)), Vec::new());
        for (at, piece) in pieces.iter().enumerate() {
            let (plain, next) = opener.take().ok_or(Error::Ciphertext)?.update(piece, at + 1 == pieces.len())?;
            out.extend_from_slice(&plain);
            opener = next;
        }
        Ok(out)
    }

    fn data(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at % 251) as u8).collect()
    }

    #[test]
    fn what_is_sealed_opens_under_its_header_only() {
        let key = ContentKey::generate();
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 5] {
            let sealed = seal(&key, b"header", &data(length));
            assert_eq!(open(&key, b"header", &pieces(&sealed)).expect("opens"), data(length));
            assert_eq!(open(&key, b"headeR", &pieces(&sealed)), Err(Error::Ciphertext));
            assert_eq!(open(&ContentKey::generate(), b"header", &pieces(&sealed)), Err(Error::Ciphertext));
        }
    }

    #[test]
    fn chunks_cannot_be_moved_dropped_repeated_or_cut_off() {
        let key = ContentKey::generate();
        let all = pieces(&seal(&key, b"", &data(3 * CHUNK + 5)));
        let other = pieces(&seal(&key, b"", &data(3 * CHUNK + 5)));
        let refused = |pieces: &[Vec<u8>]| assert_eq!(open(&key, b"", pieces), Err(Error::Ciphertext));
        let of = |order: &[usize]| order.iter().map(|at| all[*at].clone()).collect::<Vec<_>>();
        for order in [&[0, 2, 1, 3][..], &[0, 1, 3], &[0, 1, 1, 2, 3], &[0, 1, 2], &[0], &[0, 1, 2, 3, 3]] {
            refused(&of(order));
        }
        refused(&[of(&[0, 1]), other[2..].to_vec()].concat());
        // Cut within a chunk; a full stream with an empty last chunk; the last chunk twice as the last.
        refused(&[of(&[0, 1, 2]), vec![all[3][..4].to_vec()]].concat());
        refused(&[of(&[0, 1, 2, 3]), vec![vec![0; TAG]]].concat());
        assert!(open(&key, b"", &all).is_ok());
    }

    #[test]
    fn an_empty_last_chunk_is_the_only_one() {
        let key = ContentKey::generate();
        let (_, sealer) = key.sealer(b"").expect("a sealer").update(&data(CHUNK), false).expect("seals");
        assert!(matches!(sealer.expect("goes on").update(&[], true), Err(Error::InvalidInput(_))));
        for (length, last) in [(CHUNK + 1, true), (CHUNK - 1, false), (0, false), (CHUNK + 1, false)] {
            assert!(matches!(key.sealer(b"").expect("a sealer").update(&data(length), last), Err(Error::InvalidInput(_))));
        }
    }

    #[test]
    fn no_flipped_bit_opens() {
        let key = ContentKey::generate();
        let sealed = seal(&key, b"header", b"a short file");
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open(&key, b"header", &pieces(&flipped)), Err(Error::Ciphertext), "bit {bit}");
        }
        assert!((0..sealed.len()).all(|length| open(&key, b"header", &pieces(&sealed[..length])).is_err()));
    }

    #[test]
    fn two_streams_under_one_key_share_nothing() {
        let key = ContentKey::generate();
        let (left, right) = (seal(&key, b"", &data(100)), seal(&key, b"", &data(100)));
        assert!(left.chunks(16).zip(right.chunks(16)).all(|(left, right)| left != right));
    }

    #[test]
    fn a_key_is_wrapped_to_an_identity_that_names_it() {
        let key = ContentKey::generate();
        let hash: String = key.data_hash().iter().map(|byte| format!("{byte:02x}")).collect();
        let identity = |hash: &str| format!("lit-accesscontrolcondition://{}/{hash}", "a".repeat(64));
        let public = times_generator(&blstrs::Scalar::from(7));
        assert!(key.wrap(&public, identity(&hash).as_bytes()).is_ok());
        assert!(matches!(key.wrap(&public, identity(&"b".repeat(64)).as_bytes()), Err(Error::InvalidInput(_))));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn any_length_comes_back(length in 0..4 * CHUNK) {
            let key = ContentKey::generate();
            let sealed = seal(&key, b"h", &data(length));
            let chunks = length.div_ceil(CHUNK).max(1);
            prop_assert_eq!(sealed.len(), SALT + length + chunks * TAG);
            prop_assert_eq!(open(&key, b"h", &pieces(&sealed)).expect("opens"), data(length));
        }
    }
}
