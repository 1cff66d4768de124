//! Encryption to an identity: Boneh–Franklin (CRYPTO 2001) with Fujisaki–Okamoto's check, in the format of Lit's ciphertexts.
//!
//! U (48) ‖ V (32) ‖ LEB128(len W) ‖ W ‖ 2, with H(id) in G2, Q the public key and h a hash to scalars:
//!
//! | part | value |
//! |---|---|
//! | α | a random scalar |
//! | r | h(α ‖ SHA-256(M)) |
//! | U | r·G |
//! | V | α ⊕ SHA-256(K), K = e(r·Q, H(id)) = e(U, σ), σ = x·H(id) |
//! | W | SHAKE128(α) ⊕ (LEB128(len M) ‖ M ‖ zeroes up to 32 bytes) |
//!
//! One plaintext under one α has one ciphertext: whatever is not written exactly so is refused, with one error for all.

use blstrs::{G1Affine, G1Projective, G2Affine, Scalar};
use group::Group;
use hkdf::Hkdf;
use sha2::{Digest, Sha256};
use sha3::digest::{ExtendableOutput, Update, XofReader};
use sha3::Shake128;
use zeroize::Zeroizing;

use super::curve::{self, G1};
use crate::codec::{Malformed, Reader, Writer};
use crate::error::{Error, Result};
use crate::process::wiped;
use crate::random;

/// Salt of the hash to scalars.
const SALT: &[u8] = b"TIMELOCK_BLS12381_XOF:HKDF-SHA2-256_";
/// Number of the proof-of-possession scheme, the last byte of a ciphertext.
const SCHEME: u8 = 2;
/// Length of α and V.
const ALPHA: usize = 32;
/// Shortest W.
const SHORTEST: usize = 32;

type Alpha = Zeroizing<[u8; ALPHA]>;

/// h(x): HKDF-SHA-256 with the fixed salt over x ‖ 0, 48 bytes, modulo the order.
///
/// The format goes on with a counter should the result be 0: a chance of 2^-255, so we do not.
fn hash_to_scalar(parts: &[&[u8]]) -> Scalar {
    // Put together at once: a vector that grows leaves its former self in freed memory.
    let key = Zeroizing::new([parts, &[&[0]]].concat().concat());
    let mut out = Zeroizing::new([0; 48]);
    Hkdf::<Sha256>::new(Some(SALT), &key).expand(&[0, 48], &mut out[..]).expect("48 bytes are within HKDF's reach");
    curve::reduce(&out)
}

/// Encrypt `plaintext` to `identity` under `public_key`. Needs no node.
pub fn encrypt(public_key: &[u8], identity: &[u8], plaintext: &[u8]) -> Result<Vec<u8>> {
    let key = curve::g1(public_key).map_err(|error| Error::input(format!("the public key is malformed: {error}")))?;
    let seal = || {
        let alpha: Alpha = Zeroizing::new(hash_to_scalar(&[&random::secret::<ALPHA>()]).to_bytes_be());
        let r = hash_to_scalar(&[&alpha[..], &Sha256::digest(plaintext)]);
        let shared = G1Affine::from(key * r);
        let mask = curve::pairing_hash(&shared, &curve::hash_to_g2(identity).into());
        Ciphertext { u: (G1Projective::generator() * r).into(), v: xor(&alpha, &mask), w: masked(&alpha, &padded(plaintext)) }
    };
    Ok(wiped(seal).encode())
}

/// Decrypt with σ, the signature over the identity.
pub fn decrypt(ciphertext: &[u8], signature: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    let (Ok(ciphertext), Ok(signature)) = (Ciphertext::decode(ciphertext), curve::g2(signature)) else { return Err(Error::Ciphertext) };
    wiped(|| ciphertext.open(&signature)).ok_or(Error::Ciphertext)
}

/// Check that a ciphertext is the one encoding of what it says.
pub fn check(ciphertext: &[u8]) -> Result<()> {
    Ciphertext::decode(ciphertext).map(drop).map_err(|_| Error::Ciphertext)
}

struct Ciphertext {
    u: G1Affine,
    v: [u8; ALPHA],
    w: Vec<u8>,
}

/// What the mask gives; nothing of it is to be trusted before U is compared.
struct Opened {
    message: Zeroizing<Vec<u8>>,
    r: Scalar,
    canonical: bool,
}

impl Ciphertext {
    fn encode(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(G1 + ALPHA + self.w.len() + 11);
        out.put(&self.u.to_compressed()).put(&self.v).put(&length(self.w.len())).put(&self.w).put(&[SCHEME]);
        out.finish()
    }

    fn decode(bytes: &[u8]) -> std::result::Result<Self, Malformed> {
        let mut reader = Reader::exact(bytes, bytes.len())?;
        let u = curve::g1(reader.take(G1)?)?;
        let v = reader.array()?;
        let size = take_length(&mut reader)?;
        let w = reader.take(size)?.to_vec();
        let [scheme] = reader.array()?;
        reader.end()?;
        if w.len() < SHORTEST || scheme != SCHEME {
            return Err(Malformed("a ciphertext is too short or of another scheme"));
        }
        Ok(Self { u, v, w })
    }

    fn open(&self, signature: &G2Affine) -> Option<Zeroizing<Vec<u8>>> {
        let opened = self.unmask(&curve::pairing_hash(&self.u, signature));
        let same = G1Affine::from(G1Projective::generator() * opened.r) == self.u;
        (same & opened.canonical).then_some(opened.message)
    }

    /// Take α, M and r from V and W; goes all the way whatever is wrong, so that all refusals take equal time.
    fn unmask(&self, mask: &[u8; 32]) -> Opened {
        let alpha: Alpha = Zeroizing::new(xor(&self.v, mask));
        let plain = Zeroizing::new(masked(&alpha, &self.w));
        let message = unpadded(&plain);
        let canonical = message.is_some();
        let message = Zeroizing::new(message.unwrap_or_default().to_vec());
        let r = hash_to_scalar(&[&alpha[..], &Sha256::digest(&message)]);
        Opened { message, r, canonical }
    }
}

fn xor(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    std::array::from_fn(|at| left[at] ^ right[at])
}

/// SHAKE128(α) ⊕ `bytes`.
fn masked(alpha: &Alpha, bytes: &[u8]) -> Vec<u8> {
    let mut stream = vec![0; bytes.len()];
    Shake128::default().chain(&alpha[..]).finalize_xof().read(&mut stream);
    stream.iter_mut().zip(bytes).for_each(|(out, byte)| *out ^= byte);
    stream
}

/// LEB128(len M) ‖ M, with zeroes up to 32 bytes.
fn padded(message: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(length(message.len()));
    out.reserve_exact(message.len().max(SHORTEST));
    out.extend_from_slice(message);
    let size = out.len().max(SHORTEST);
    out.resize(size, 0);
    out
}

/// The message in what [`padded`] gives; None if it is written in any other way.
fn unpadded(bytes: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::exact(bytes, bytes.len()).ok()?;
    let size = take_length(&mut reader).ok()?;
    let message = reader.take(size).ok()?;
    (padded(message)[..] == *bytes).then_some(message)
}

/// Unsigned LEB128.
fn length(mut value: usize) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(0x80 | (value & 0x7f) as u8);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

/// Read the shortest LEB128 encoding of a length; any longer one is refused.
fn take_length(reader: &mut Reader<'_>) -> std::result::Result<usize, Malformed> {
    const WRONG: Malformed = Malformed("a length is not in its shortest form");
    let mut value = 0_usize;
    for shift in (0..usize::BITS).step_by(7) {
        let [byte] = reader.array()?;
        let part = usize::from(byte & 0x7f);
        if part << shift >> shift != part || (byte == 0 && shift > 0) {
            return Err(WRONG);
        }
        value |= part << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(WRONG)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Make a ciphertext whose W holds `plain` under a good proof for `message`.
    pub fn encrypt_padded(public_key: &[u8], identity: &[u8], message: &[u8], plain: &[u8]) -> Vec<u8> {
        let key = curve::g1(public_key).expect("a key");
        let alpha: Alpha = Zeroizing::new([1; ALPHA]);
        let r = hash_to_scalar(&[&alpha[..], &Sha256::digest(message)]);
        let mask = curve::pairing_hash(&(key * r).into(), &curve::hash_to_g2(identity).into());
        Ciphertext { u: (G1Projective::generator() * r).into(), v: xor(&alpha, &mask), w: masked(&alpha, plain) }.encode()
    }

    /// Try every bit of a fresh ciphertext. V and W do not change the pairing, so it is computed once for all of these.
    pub fn no_flipped_bit_opens(public_key: &[u8], identity: &[u8], signature: &G2Affine) {
        let ciphertext = encrypt(public_key, identity, &random::bytes::<8>()).expect("a ciphertext");
        let whole = Ciphertext::decode(&ciphertext).expect("decodes");
        let mask = curve::pairing_hash(&whole.u, signature);
        let r = whole.unmask(&mask).r;
        assert_eq!(G1Affine::from(G1Projective::generator() * r), whole.u);
        for bit in 0..ciphertext.len() * 8 {
            let mut flipped = ciphertext.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            match Ciphertext::decode(&flipped) {
                Ok(changed) if bit < G1 * 8 => assert!(changed.open(signature).is_none(), "bit {bit}"),
                Ok(changed) => assert!(changed.unmask(&mask).r != r, "bit {bit}"),
                Err(_) => {}
            }
        }
    }

    pub fn encodes_to_itself(bytes: &[u8]) -> bool {
        Ciphertext::decode(bytes).is_ok_and(|ciphertext| ciphertext.encode() == bytes)
    }
}
