//! Laws of BLS signatures and of encryption; the other implementation here is `blsful`, which shares no arithmetic with ours.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use blsful::inner_types::{G1Projective as TheirG1, G2Projective as TheirG2, GroupEncoding, PrimeField};
use blsful::{Bls12381G2Impl as Blsful, BlsSignaturePop, Signature, SignatureSchemes, TimeCryptCiphertext};
use blstrs::{G1Affine, G2Affine, Scalar};
use proptest::prelude::*;

use super::signature::{combine, decryption_share, session_share, verify, verify_share, SHARE, SIGNATURE};
use super::{curve, ibe};
use crate::dkg::tests::generate;
use crate::purpose::{Curve, Purpose};
use crate::share::KeyShare;
use crate::{Error, Seat};

const THRESHOLD: u8 = 3;

/// An identity of conditions, distinct for each `number`.
fn identity(number: u8) -> Vec<u8> {
    let hash = |byte: u8| format!("{byte:02x}").repeat(32);
    format!("lit-accesscontrolcondition://{}/{}", hash(number), hash(number.wrapping_add(1))).into_bytes()
}

type Shares = BTreeMap<Seat, KeyShare>;
type Wire = BTreeMap<Seat, Vec<u8>>;

fn encryption_key() -> Shares {
    generate(Purpose::EncryptionBls, [1; 32])
}

fn decryption_shares(key: &Shares, identity: &[u8]) -> Wire {
    key.iter().map(|(seat, share)| (*seat, decryption_share(share, identity).expect("a share").to_vec())).collect()
}

fn public(key: &Shares) -> &[u8] {
    key[&3].public_key()
}

fn combined(key: &Shares, identity: &[u8]) -> [u8; SIGNATURE] {
    combine(public(key), THRESHOLD, &decryption_shares(key, identity), identity).expect("a signature")
}

/// Points with the right length that are no points of the group, or no canonical ones.
fn bad_points<const N: usize>(good: [u8; N], outside_of_the_group: [u8; N]) -> Vec<Vec<u8>> {
    let with = |first: u8, rest: u8| {
        let mut point = [rest; N];
        point[0] = first;
        point
    };
    let mut no_flag = good;
    no_flag[0] &= 0x7f;
    // Infinity, infinity with a sign, without the compression flag, nothing, x not below p, a form without the flag.
    let all = [with(0xc0, 0), with(0xe0, 0), with(0x40, 0), [0; N], with(0x9f, 0xff), no_flag, outside_of_the_group];
    all.iter().map(|point| point.to_vec()).collect()
}

/// A point of the curve y² = x³ + 4 outside of the subgroup: almost every point is one, its cofactor has 126 bits.
fn outside_of_g1() -> [u8; curve::G1] {
    let candidates = (1..=255).map(|x| {
        let mut bytes = [0; curve::G1];
        (bytes[0], bytes[curve::G1 - 1]) = (0x80, x);
        bytes
    });
    let on_curve = |bytes: &[u8; curve::G1]| bool::from(G1Affine::from_compressed_unchecked(bytes).is_some());
    let outside = |bytes: &[u8; curve::G1]| on_curve(bytes) && bool::from(G1Affine::from_compressed(bytes).is_none());
    candidates.into_iter().find(outside).expect("half of all x are on the curve")
}

fn outside_of_g2() -> [u8; curve::G2] {
    let candidates = (1..=255).map(|x| {
        let mut bytes = [0; curve::G2];
        (bytes[0], bytes[curve::G2 - 1]) = (0x80, x);
        bytes
    });
    let on_curve = |bytes: &[u8; curve::G2]| bool::from(G2Affine::from_compressed_unchecked(bytes).is_some());
    let outside = |bytes: &[u8; curve::G2]| on_curve(bytes) && bool::from(G2Affine::from_compressed(bytes).is_none());
    candidates.into_iter().find(outside).expect("half of all x are on the curve")
}

pub(crate) fn bad_points_of_g1() -> Vec<Vec<u8>> {
    bad_points(curve::times_generator(&Scalar::from(7)), outside_of_g1())
}

fn bad_points_of_g2() -> Vec<Vec<u8>> {
    bad_points(G2Affine::from(curve::hash_to_g2(b"m")).to_compressed(), outside_of_g2())
}

mod encodings {
    use super::*;

    #[test]
    fn a_point_is_in_its_group_and_has_one_encoding() {
        assert!(bad_points_of_g1().iter().all(|bytes| curve::g1(bytes).is_err()));
        assert!(bad_points_of_g2().iter().all(|bytes| curve::g2(bytes).is_err()));
        let good = curve::times_generator(&Scalar::from(7));
        assert!(curve::g1(&good).is_ok() && curve::g1(&good[..47]).is_err() && curve::g1(&[&good[..], &[0]].concat()).is_err());
    }

    proptest! {
        /// Compressed and not infinity, with either sign: the other six patterns of the three flags are refused.
        #[test]
        fn of_the_eight_patterns_of_flags_two_are_points(number in 1..u64::MAX) {
            let mut point = curve::times_generator(&Scalar::from(number));
            let mut signature = G2Affine::from(curve::hash_to_g2(&number.to_be_bytes())).to_compressed();
            for flags in 0..8 {
                (point[0], signature[0]) = (point[0] & 0x1f | flags << 5, signature[0] & 0x1f | flags << 5);
                let (one, other) = (curve::g1(&point), curve::g2(&signature));
                prop_assert_eq!((one.is_ok(), other.is_ok()), (flags == 4 || flags == 5, flags == 4 || flags == 5));
                prop_assert!(one.is_err() || one.is_ok_and(|one| one.to_compressed() == point));
                prop_assert!(other.is_err() || other.is_ok_and(|other| other.to_compressed() == signature));
            }
        }

        #[test]
        fn a_wide_string_is_reduced_as_an_integer(bytes in proptest::array::uniform(any::<u8>())) {
            let bytes: [u8; 48] = bytes;
            // Horner's rule over bytes.
            let expected = bytes.iter().fold(Scalar::from(0), |sum, byte| sum * Scalar::from(256) + Scalar::from(u64::from(*byte)));
            prop_assert_eq!(curve::reduce(&bytes), expected);
        }
    }

    #[test]
    fn a_scalar_is_below_the_order() {
        let mut order = hex("73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001");
        assert!(curve::scalar(order[..].try_into().expect("32 bytes")).is_err());
        order[31] = 0;
        assert!(curve::scalar(order[..].try_into().expect("32 bytes")).is_ok());
        assert!(curve::scalar(&[0xff; 32]).is_err());
    }
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).expect("hexadecimal")).collect()
}

/// Fields of the vectors of a kind, by two implementations that are not ours; tests/vectors/bls/ORIGIN.md has their order.
fn vectors(kind: &str) -> Vec<Vec<Vec<u8>>> {
    let texts = [include_str!("../../../../tests/vectors/bls/blsful.txt"), include_str!("../../../../tests/vectors/bls/independent.txt")];
    let fields = |line: &str| line.split(' ').skip(1).map(|field| hex(field.trim_matches('-'))).collect();
    texts.iter().flat_map(|text| text.lines()).filter(|line| line.starts_with(kind)).map(fields).collect()
}

mod signatures {
    use super::*;

    #[test]
    fn vectors_of_others_combine() {
        let all = vectors("shares");
        assert_eq!(all.len(), 2);
        for fields in all {
            let [key, message, signature, shares @ ..] = &fields[..] else { panic!("fields") };
            let shares: Wire = shares.iter().map(|share| (share[0], share.clone())).collect();
            assert_eq!(combine(key, THRESHOLD, &shares, message).expect("a signature")[..], signature[..]);
        }
    }

    #[test]
    fn any_t_shares_make_the_one_signature_and_fewer_make_none() {
        let (key, id) = (encryption_key(), identity(1));
        let shares = decryption_shares(&key, &id);
        let without = |left_out: Seat| -> Wire { shares.clone().into_iter().filter(|(seat, _)| *seat != left_out).collect() };
        let combined = |left_out: &Seat| combine(public(&key), THRESHOLD, &without(*left_out), &id).expect("a signature");
        assert_eq!(shares.keys().map(combined).collect::<BTreeSet<_>>().len(), 1);
        let two: Wire = shares.into_iter().take(2).collect();
        assert!(matches!(combine(public(&key), THRESHOLD, &two, &id), Err(Error::InvalidInput(_))));
        assert!(matches!(combine(public(&key), 2, &two, &id), Err(Error::Combination { culprits, .. }) if culprits.is_empty()));
    }

    #[test]
    fn a_good_combination_costs_one_pairing_product() {
        let (key, id) = (encryption_key(), identity(1));
        let shares = decryption_shares(&key, &id);
        let before = curve::PRODUCTS.get();
        combine(public(&key), THRESHOLD, &shares, &id).expect("a signature");
        assert_eq!(curve::PRODUCTS.get() - before, 1);
    }

    #[test]
    fn a_wrong_share_is_found_by_its_verification_share() {
        let (key, id) = (encryption_key(), identity(1));
        let mut shares = decryption_shares(&key, &id);
        let another = decryption_share(&key[&37], &identity(2)).expect("a share");
        shares.insert(37, another.to_vec());
        assert!(matches!(combine(public(&key), THRESHOLD, &shares, &id), Err(Error::Combination { culprits, .. }) if culprits.is_empty()));
        let wrong: Vec<Seat> = shares
            .iter()
            .filter(|(seat, share)| !verify_share(&key[&3].verification_shares()[seat], &id, share))
            .map(|(seat, _)| *seat)
            .collect();
        assert_eq!(wrong, [37]);
    }

    #[test]
    fn a_malformed_share_convicts_its_sender() {
        let (key, id) = (encryption_key(), identity(1));
        let honest = decryption_shares(&key, &id);
        let with = |share: Vec<u8>| {
            let mut shares = honest.clone();
            shares.insert(37, share);
            combine(public(&key), THRESHOLD, &shares, &id)
        };
        let mut bad: Vec<Vec<u8>> = bad_points_of_g2().iter().map(|point| [&[37], &point[..]].concat()).collect();
        let good = &honest[&37];
        bad.extend([Vec::new(), vec![37], good[..SHARE - 1].to_vec(), [&good[..], &[0]].concat(), honest[&3].clone()]);
        for share in bad {
            assert!(matches!(with(share), Err(Error::Combination { culprits, .. }) if culprits == [37]));
        }
    }

    #[test]
    fn verification_refuses_what_is_not_the_signature() {
        let (key, id) = (encryption_key(), identity(1));
        let signature = combined(&key, &id);
        assert!(verify(public(&key), &id, &signature));
        assert!(!verify(public(&key), &identity(2), &signature));
        assert!(!verify(public(&encryption_key()), &id, &signature));
        assert!(!verify(public(&key), &id, &signature[..95]) && !verify(&public(&key)[..47], &id, &signature));
        assert!(bad_points_of_g2().iter().all(|point| !verify(public(&key), &id, point)));
        assert!(bad_points_of_g1().iter().all(|point| !verify(point, &id, &signature)));
        let share = decryption_share(&key[&37], &id).expect("a share");
        assert!(verify_share(&key[&3].verification_shares()[&37], &id, &share));
        assert!(!verify_share(&key[&3].verification_shares()[&3], &id, &share), "another seat's");
        assert!(!verify_share(&key[&3].verification_shares()[&37], &id, &share[1..]));
    }

    #[test]
    fn every_flipped_bit_of_a_share_is_noticed() {
        let (key, id) = (encryption_key(), identity(1));
        let share = decryption_share(&key[&37], &id).expect("a share");
        let point = &key[&3].verification_shares()[&37];
        for bit in 8..SHARE * 8 {
            let mut flipped = share;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!verify_share(point, &id, &flipped), "bit {bit}");
        }
    }

    #[test]
    fn blsful_verifies_our_signatures_and_we_verify_theirs() {
        let (key, id) = (encryption_key(), identity(1));
        let signature = theirs_g2(&combined(&key, &id));
        assert!(<Blsful as BlsSignaturePop>::verify(theirs_g1(public(&key)), signature, &id).is_ok());
        let secret = blsful::Bls12381G2::new_secret_key();
        let theirs = <Blsful as BlsSignaturePop>::sign(&secret.0, &id).expect("a signature");
        assert!(verify(TheirG1::to_bytes(&(TheirG1::GENERATOR * secret.0)).as_ref(), &id, theirs.to_bytes().as_ref()));
    }
}

fn theirs_g1(bytes: &[u8]) -> TheirG1 {
    TheirG1::from_compressed(bytes.try_into().expect("48 bytes")).expect("a point")
}

fn theirs_g2(bytes: &[u8]) -> TheirG2 {
    TheirG2::from_compressed(bytes.try_into().expect("96 bytes")).expect("a point")
}

mod purposes {
    use super::*;

    /// Every output of every purpose, tried under every other one (A25, A26).
    #[test]
    fn no_key_works_under_another_purpose() {
        let keys: BTreeMap<Purpose, Shares> = Purpose::ALL.into_iter().map(|purpose| (purpose, generate(purpose, [7; 32]))).collect();
        let (id, digest) = (identity(1), [9; 32]);
        for (purpose, key) in &keys {
            let share = &key[&3];
            assert_eq!(decryption_share(share, &id).is_ok(), *purpose == Purpose::EncryptionBls);
            assert_eq!(session_share(share, &digest).is_ok(), *purpose == Purpose::SessionBls);
            assert_eq!(share.scalar().is_ok(), *purpose == Purpose::PkpEcdsa);
            assert_eq!(share.root_scalar().is_ok(), *purpose == Purpose::RootEcdsa);
            assert_eq!(share.bls_scalar().is_ok(), purpose.curve() == Curve::Bls12381G1);
            assert_eq!(share.public_point().is_ok(), purpose.curve() == Curve::Secp256k1);
        }
    }

    #[test]
    fn a_session_never_signs_an_identity_nor_an_encryption_key_a_digest() {
        let (encryption, session) = (encryption_key(), generate(Purpose::SessionBls, [1; 32]));
        let id = identity(1);
        for length in (0..=id.len()).filter(|length| *length != 32) {
            assert!(session_share(&session[&3], &id[..length]).is_err(), "{length} bytes of an identity are no digest");
        }
        for digest in [[0; 32], [0xff; 32], id[..32].try_into().expect("32 bytes")] {
            assert!(decryption_share(&encryption[&3], &digest).is_err());
        }
    }

    /// Should a session's digest be 32 bytes that stand in an identity: what comes out opens nothing.
    #[test]
    fn a_session_signature_is_no_decryption_key() {
        let (encryption, session) = (encryption_key(), generate(Purpose::SessionBls, [1; 32]));
        let id = identity(1);
        let digest: [u8; 32] = id[..32].try_into().expect("32 bytes");
        let shares: Wire = session.iter().map(|(seat, share)| (*seat, session_share(share, &digest).expect("a share").to_vec())).collect();
        let signature = combine(public(&session), THRESHOLD, &shares, &digest).expect("a signature");
        for key in [public(&encryption), public(&session)] {
            for message in [&id[..], &digest] {
                let ciphertext = ibe::encrypt(key, message, b"secret").expect("a ciphertext");
                // The one exception is what nobody makes: encrypted under the session key to a bare digest.
                let opens = key == public(&session) && message == digest;
                assert_eq!(ibe::decrypt(&ciphertext, &signature).is_ok(), opens);
            }
        }
    }

    #[test]
    fn an_identity_has_one_spelling() {
        let (key, good) = (encryption_key(), identity(1));
        let text = String::from_utf8(good.clone()).expect("text");
        let mut wrong = vec![text.to_uppercase(), format!("{text} "), format!("{text}/"), text.replace("lit-", "Lit-"), String::new()];
        wrong.extend([
            text.replacen("01", "0A", 1),
            text.replacen("01", "0g", 1),
            text[..text.len() - 1].to_owned(),
            text.replace("//", "/"),
        ]);
        assert!(wrong.iter().all(|text| decryption_share(&key[&3], text.as_bytes()).is_err()));
        assert!(decryption_share(&key[&3], &good).is_ok());
    }
}

mod encryption {
    use super::*;

    #[test]
    fn vectors_of_others_open() {
        let all = vectors("ciphertext");
        assert_eq!(all.len(), 8);
        for fields in all {
            let [key, id, signature, plaintext, ciphertext] = &fields[..] else { panic!("fields") };
            assert!(verify(key, id, signature));
            ibe::check(ciphertext).expect("is canonical");
            assert_eq!(ibe::decrypt(ciphertext, signature).expect("opens")[..], plaintext[..]);
        }
    }

    #[test]
    fn what_is_encrypted_opens_with_the_signature_over_its_identity() {
        let (key, id) = (encryption_key(), identity(1));
        let signature = combined(&key, &id);
        for length in [0, 1, 9, 30, 31, 32, 33, 127, 128, 129, 16_383, 16_384, 100_000] {
            let plaintext: Vec<u8> = (0..length).map(|at| at as u8).collect();
            let ciphertext = ibe::encrypt(public(&key), &id, &plaintext).expect("a ciphertext");
            ibe::check(&ciphertext).expect("is canonical");
            assert_eq!(ibe::decrypt(&ciphertext, &signature).expect("opens")[..], plaintext[..]);
        }
        assert_eq!(ibe::encrypt(public(&key), &id, b"nine byte").expect("a ciphertext").len(), 114);
    }

    #[test]
    fn nothing_else_opens_it() {
        let (key, id) = (encryption_key(), identity(1));
        let ciphertext = ibe::encrypt(public(&key), &id, b"secret").expect("a ciphertext");
        let others = [combined(&key, &identity(2)), combined(&generate(Purpose::EncryptionBls, [1; 32]), &id)];
        assert!(others.iter().all(|signature| ibe::decrypt(&ciphertext, signature) == Err(Error::Ciphertext)));
        assert!(bad_points_of_g2().iter().all(|point| ibe::decrypt(&ciphertext, point) == Err(Error::Ciphertext)));
    }

    #[test]
    fn two_encryptions_of_one_plaintext_share_nothing() {
        let key = encryption_key();
        let encrypt = || ibe::encrypt(public(&key), &identity(1), b"secret").expect("a ciphertext");
        let (left, right) = (encrypt(), encrypt());
        assert!(left[..48] != right[..48] && left[48..80] != right[48..80] && left[81..113] != right[81..113]);
    }

    #[test]
    fn blsful_opens_our_ciphertexts_and_we_open_theirs() {
        let (key, id) = (encryption_key(), identity(1));
        let signature = combined(&key, &id);
        let theirs = Signature::<Blsful>::ProofOfPossession(theirs_g2(&signature));
        for length in [0, 9, 31, 32, 300] {
            let plaintext = vec![7; length];
            let ours = ibe::encrypt(public(&key), &id, &plaintext).expect("a ciphertext");
            let read = TimeCryptCiphertext::<Blsful>::try_from(&ours[..]).expect("reads");
            assert_eq!(Option::from(read.decrypt(&theirs)), Some(plaintext.clone()));
            let made = blsful::PublicKey::<Blsful>(theirs_g1(public(&key)))
                .encrypt_time_lock(SignatureSchemes::ProofOfPossession, &plaintext, &id)
                .expect("a ciphertext");
            let bytes = Vec::<u8>::try_from(&made).expect("writes");
            assert_eq!(ibe::decrypt(&bytes, &signature).expect("opens")[..], plaintext[..]);
        }
    }

    /// Every bit of 1,000 ciphertexts. One bit of U leaves the group, but for its sign; one of V or W gives another r, and r·G
    /// is U for one r only.
    #[test]
    fn every_flipped_bit_is_refused() {
        let (key, id) = (encryption_key(), identity(1));
        let signature = curve::g2(&combined(&key, &id)).expect("a point");
        let try_all = || (0..500).for_each(|_| ibe::tests::no_flipped_bit_opens(public(&key), &id, &signature));
        thread::scope(|scope| {
            scope.spawn(try_all);
            scope.spawn(try_all);
        });
    }

    #[test]
    fn every_flipped_bit_is_refused_with_one_error() {
        let (key, id) = (encryption_key(), identity(1));
        let signature = combined(&key, &id);
        let ciphertext = ibe::encrypt(public(&key), &id, b"a secret").expect("a ciphertext");
        for bit in 0..ciphertext.len() * 8 {
            let mut flipped = ciphertext.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(ibe::decrypt(&flipped, &signature), Err(Error::Ciphertext), "bit {bit}");
        }
    }

    #[test]
    fn a_ciphertext_has_one_encoding() {
        let (key, id) = (encryption_key(), identity(1));
        let signature = combined(&key, &id);
        let good = ibe::encrypt(public(&key), &id, b"secret").expect("a ciphertext");
        assert_eq!((good.len(), good[80], good[113]), (114, 32, 2));
        let (head, w) = (&good[..80], &good[81..113]);
        let with = |length: &[u8], w: &[u8], tail: &[u8]| [head, length, w, tail].concat();
        let mut wrong: Vec<Vec<u8>> = (0..=255).filter(|scheme| *scheme != 2).map(|scheme| with(&[32], w, &[scheme])).collect();
        wrong.extend((0..good.len()).map(|length| good[..length].to_vec()));
        // Trailing bytes; a length in two, three, ten and eleven bytes, too large, too small, and of no end.
        wrong.extend([with(&[32], w, &[2, 0]), with(&[32], w, &[2, 2]), with(&[0xa0, 0], w, &[2]), with(&[0xa0, 0x80, 0], w, &[2])]);
        wrong.extend(
            [[&[0xa0][..], &[0x80; 8], &[0]].concat(), [&[0xa0][..], &[0x80; 9], &[0]].concat(), vec![0xff; 10]]
                .map(|length| with(&length, w, &[2])),
        );
        wrong.extend([with(&[31], &w[..31], &[2]), with(&[33], w, &[2]), with(&[0], &[], &[2]), with(&[0x80; 20], &[], &[2])]);
        wrong.extend(bad_points_of_g1().iter().map(|u| [&u[..], &good[48..]].concat()));
        for ciphertext in &wrong {
            assert_eq!(ibe::decrypt(ciphertext, &signature), Err(Error::Ciphertext), "{ciphertext:02x?}");
            assert_eq!(ibe::check(ciphertext), Err(Error::Ciphertext));
        }
        assert!(ibe::decrypt(&good, &signature).is_ok());
        // The library that this format comes from opens some of these.
        let theirs = Signature::<Blsful>::ProofOfPossession(theirs_g2(&signature));
        for accepted in [with(&[32], w, &[2, 0]), with(&[0xa0, 0], w, &[2])] {
            let opened: Option<Vec<u8>> = TimeCryptCiphertext::<Blsful>::try_from(&accepted[..]).expect("reads").decrypt(&theirs).into();
            assert_eq!(opened.as_deref(), Some(&b"secret"[..]));
            assert!(wrong.contains(&accepted));
        }
    }

    /// blsful reads what it would not write: a longer padding, or one that is not zero. We read what is written.
    #[test]
    fn a_changed_padding_is_refused() {
        let (key, id) = (encryption_key(), identity(1));
        let signature = combined(&key, &id);
        let theirs = Signature::<Blsful>::ProofOfPossession(theirs_g2(&signature));
        for padded in [&b"\x02hi"[..], b"\x82\x00hi"] {
            for (length, padding) in [(32, 0_u8), (32, 1), (33, 0), (64, 0)] {
                let mut plain = padded.to_vec();
                plain.resize(length, padding);
                let ciphertext = ibe::tests::encrypt_padded(public(&key), &id, b"hi", &plain);
                let canonical = padded.len() == 3 && (length, padding) == (32, 0);
                assert_eq!(ibe::decrypt(&ciphertext, &signature).is_ok(), canonical);
                let read = TimeCryptCiphertext::<Blsful>::try_from(&ciphertext[..]).expect("reads");
                let opened: Option<Vec<u8>> = read.decrypt(&theirs).into();
                assert!(opened.is_some() || padded.len() == 4, "the library does open it: {length}, {padding}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn nothing_that_decodes_encodes_otherwise(tail in proptest::collection::vec(any::<u8>(), 0..80)) {
            let u = curve::times_generator(&Scalar::from(7));
            let bytes = [&u[..], &tail].concat();
            prop_assert_eq!(ibe::check(&bytes).is_ok(), ibe::tests::encodes_to_itself(&bytes));
        }
    }

    #[test]
    fn their_scalars_are_ours() {
        let secret = blsful::Bls12381G2::new_secret_key();
        let mut bytes: [u8; 32] = secret.0.to_repr();
        bytes.reverse();
        let ours = curve::scalar(&bytes).expect("a scalar");
        assert_eq!(curve::times_generator(&ours)[..], (TheirG1::GENERATOR * secret.0).to_compressed()[..]);
    }
}
