//! Laws of memory: after drop, this process holds no copy of a share or of the key-encryption key.
//!
//! What is looked for is kept masked, so that the search does not find itself. A planted copy is the positive control.

use std::fs::{read_to_string, File};
use std::io::{Read, Seek, SeekFrom};
use std::thread;

use zeroize::{Zeroize, Zeroizing};

use crate::bls::curve::{hash_to_g2, times_generator};
use crate::bls::signature::decryption_share;
use crate::dkg::tests::generate;
use crate::ecdsa::dkls::Dkls23;
use crate::ecdsa::engine::Messages;
use crate::ecdsa::tests::{Pair, HONEST, ID, TRAITOR};
use crate::envelope::ContentKey;
use crate::process::wiped;
use crate::purpose::{Curve, Purpose};
use crate::seal::{Kind, Vault};
use crate::share::KeyShare;
use crate::{curve, derive, keyfile, random};

const MASK: u8 = 0x5a;
/// Enough of a secret to know it by.
const PART: usize = 16;

/// The first half of a secret, masked: as big-endian bytes, and as the limbs of a scalar in memory.
struct Needle([[u8; PART]; 2]);

impl Needle {
    fn of(secret: &[u8]) -> Self {
        let masked = |at: usize| secret[at] ^ MASK;
        Self([std::array::from_fn(masked), std::array::from_fn(|at| masked(PART - 1 - at))])
    }

    /// How often it stands in writable memory: heap and all stacks, dead frames included.
    fn count(&self) -> usize {
        let maps = read_to_string("/proc/self/maps").expect("maps");
        let mut memory = File::open("/proc/self/mem").expect("memory");
        let mut buffer = vec![0; 1 << 16];
        let writable = maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(|rights| rights.starts_with("rw")));
        let found = writable.map(|line| self.count_region(&mut memory, line, &mut buffer)).sum();
        buffer.zeroize();
        found
    }

    fn count_region(&self, memory: &mut File, line: &str, buffer: &mut [u8]) -> usize {
        let address = |text: &str| u64::from_str_radix(text, 16).expect("hexadecimal");
        let (start, rest) = line.split_once('-').expect("a range");
        let (mut at, end) = (address(start), address(rest.split(' ').next().expect("an end")));
        let own = buffer.as_ptr() as u64..buffer.as_ptr() as u64 + buffer.len() as u64;
        let mut found = 0;
        while at < end {
            let length = (buffer.len() as u64).min(end - at);
            let chunk = &mut buffer[..usize::try_from(length).expect("small")];
            // A region that vanishes meanwhile is another test's.
            if memory.seek(SeekFrom::Start(at)).and_then(|_| memory.read_exact(chunk)).is_ok() {
                // The buffer itself does not count: it holds what was read last.
                found += self.positions(chunk).filter(|position| !own.contains(&(at + *position as u64))).count();
            }
            at += length;
        }
        found
    }

    fn positions<'a>(&'a self, chunk: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
        let is = |window: &[u8], masked: &[u8; PART]| window.iter().zip(masked).all(|(byte, masked)| byte ^ MASK == *masked);
        let windows = chunk.windows(PART).enumerate();
        windows.filter(move |(_, window)| self.0.iter().any(|masked| is(window, masked))).map(|(position, _)| position)
    }

    /// The control: a copy that nobody wiped is found, on the heap and as limbs.
    fn finds_a_planted_copy(&self) {
        for masked in &self.0 {
            let before = self.count();
            let copy: Zeroizing<Vec<u8>> = Zeroizing::new(masked.iter().map(|byte| byte ^ MASK).collect());
            assert!(self.count() > before, "the search is blind");
            drop(copy);
        }
    }
}

#[test]
fn no_key_encryption_key_stays_after_its_vault() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("kek");
    keyfile::create(&path).expect("is created");
    let needle = wiped(|| Needle::of(&keyfile::read(&path).expect("is read")));
    let vault = Vault::new(keyfile::read(&path).expect("is read"));
    vault.open(Kind::Plain, b"", &vault.seal(Kind::Plain, b"", b"value").expect("seals")).expect("opens");
    needle.finds_a_planted_copy();
    drop(vault);
    assert_eq!(needle.count(), 0);
}

/// The secret of an ECDSA share, and of a BLS share, big-endian.
fn secret_of(share: &KeyShare) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(match share.purpose().curve() {
        Curve::Secp256k1 => curve::scalar_bytes(&share.scalar().expect("a scalar")),
        Curve::Bls12381G1 => share.bls_scalar().expect("a scalar").value().to_bytes_be(),
    })
}

#[test]
fn no_share_stays_after_its_handle() {
    // On a thread of its own, as a node runs its steps: what its stack held must be gone while it still lives.
    let work = || {
        let share = generate(Purpose::PkpEcdsa, [3; 32]).remove(&37).expect("a share");
        let needle = wiped(|| Needle::of(&secret_of(&share)[..]));
        let vault = Vault::new(random::secret::<32>());
        let opened = KeyShare::unsealed(&vault, b"", &share.sealed(&vault, b"").expect("seals")).expect("opens");
        assert!(opened.matches());
        needle.finds_a_planted_copy();
        drop((share, opened));
        assert_eq!(needle.count(), 0);
    };
    thread::spawn(work).join().expect("no copy is left");
}

#[test]
fn no_bls_share_stays_after_its_handle() {
    let work = || {
        let share = generate(Purpose::EncryptionBls, [3; 32]).remove(&37).expect("a share");
        let (needle, limbs) = wiped(|| {
            let secret = secret_of(&share);
            // In memory a scalar of blst is its product with 2^256 (Montgomery's form), as limbs.
            let inner: blst::blst_fr = (*share.bls_scalar().expect("a scalar").value()).into();
            let bytes = Zeroizing::new(inner.l.iter().rev().flat_map(|limb| limb.to_be_bytes()).collect::<Vec<u8>>());
            (Needle::of(&secret[..]), Needle::of(&bytes))
        });
        let vault = Vault::new(random::secret::<32>());
        let opened = KeyShare::unsealed(&vault, b"", &share.sealed(&vault, b"").expect("seals")).expect("opens");
        let identity = [&b"lit-accesscontrolcondition://"[..], &[b'a'; 64], b"/", &[b'b'; 64]].concat();
        decryption_share(&opened, &identity).expect("a share");
        assert!(opened.matches());
        needle.finds_a_planted_copy();
        limbs.finds_a_planted_copy();
        drop((share, opened));
        assert_eq!((needle.count(), limbs.count()), (0, 0));
    };
    thread::spawn(work).join().expect("no copy is left");
}

#[test]
fn no_derived_share_stays_after_its_handle_and_no_root_after_the_derivation() {
    let work = || {
        let roots: Vec<KeyShare> = (0..10).map(|number| generate(Purpose::RootEcdsa, [number; 32]).remove(&37).expect("a share")).collect();
        let key = derive::public_key(&roots.iter().map(KeyShare::public_key).collect::<Vec<_>>(), &[5; 32]).expect("a key");
        let child = KeyShare::derived(&roots.iter().collect::<Vec<_>>(), &[5; 32], &key).expect("a share");
        let needles =
            wiped(|| (Needle::of(&secret_of(&child)[..]), Needle::of(&curve::scalar_bytes(&roots[4].root_scalar().expect("a scalar")))));
        needles.0.finds_a_planted_copy();
        drop((child, roots));
        assert_eq!((needles.0.count(), needles.1.count()), (0, 0));
    };
    thread::spawn(work).join().expect("no copy is left");
}

#[test]
fn no_content_key_stays_after_its_file() {
    let work = || {
        let secret = blstrs::Scalar::from(7);
        let key = ContentKey::generate();
        let needle = wiped(|| Needle::of(key.bytes()));
        let hash: String = key.data_hash().iter().map(|byte| format!("{byte:02x}")).collect();
        let identity = format!("lit-accesscontrolcondition://{}/{hash}", "a".repeat(64)).into_bytes();
        let wrapped = key.wrap(&times_generator(&secret), &identity).expect("wraps");
        let again = ContentKey::unwrap(&wrapped, &(hash_to_g2(&identity) * secret).to_compressed()).expect("unwraps");
        let (sealed, over) = key.sealer(b"header").expect("a sealer").update(b"a file", true).expect("seals");
        assert!(over.is_none());
        let (opened, _) = again.opener(b"header").update(&sealed, true).expect("opens");
        assert_eq!(&opened[..], b"a file");
        needle.finds_a_planted_copy();
        drop((key, again));
        assert_eq!(needle.count(), 0);
    };
    thread::spawn(work).join().expect("no copy is left");
}

#[test]
fn no_share_stays_after_a_signature() {
    let work = || {
        let pair = wiped(Pair::<Dkls23>::new);
        let share = &pair.shares[&HONEST];
        let needle = wiped(|| Needle::of(&secret_of(share)[..]));
        let (mut left, mut right) = (pair.party(HONEST, ID), pair.party(TRAITOR, ID));
        let to = |seat, sender, messages: Messages| -> Messages { [(sender, messages[&seat].clone())].into() };
        let (first, second) = (left.round1().expect("round 1"), right.round1().expect("round 1"));
        let answers = (left.round2(&to(HONEST, TRAITOR, second)), right.round2(&to(TRAITOR, HONEST, first)));
        let (first, second) = (answers.0.expect("round 2"), answers.1.expect("round 2"));
        let last = (left.round3(&to(HONEST, TRAITOR, second)), right.round3(&to(TRAITOR, HONEST, first)));
        left.finish(&[(TRAITOR, last.1.expect("round 3"))].into()).expect("a signature");
        needle.finds_a_planted_copy();
        drop((left, right, pair));
        assert_eq!(needle.count(), 0);
    };
    thread::spawn(work).join().expect("no copy is left");
}
