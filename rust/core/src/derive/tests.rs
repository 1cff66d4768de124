//! Laws of derivation; what concerns whole networks is in tests/core and tests/node.

use std::num::NonZeroU16;

use k256::hash2curve::{ExpandMsg, Expander};

use super::*;
use crate::dkg::tests::generate;
use crate::random;
use crate::seal::Vault;

const SEATS: [Seat; 4] = [3, 37, 200, 255];
const ID: [u8; 32] = [7; 32];

/// The shares of ten root keys at one seat of one network, in order.
fn roots(network: u8) -> BTreeMap<Seat, Vec<KeyShare>> {
    let mut all: BTreeMap<Seat, Vec<KeyShare>> = BTreeMap::new();
    for number in 0..10 {
        for (seat, share) in generate(Purpose::RootEcdsa, [network * 16 + number; 32]) {
            all.entry(seat).or_default().push(share);
        }
    }
    all
}

fn borrowed(shares: &[KeyShare]) -> Vec<&KeyShare> {
    shares.iter().collect()
}

fn child_of(shares: &[KeyShare], id: &[u8; 32]) -> [u8; 33] {
    public_key(&shares.iter().map(KeyShare::public_key).collect::<Vec<_>>(), id).expect("a key")
}

fn refused(roots: &[&KeyShare], public_key: &[u8]) -> String {
    match KeyShare::derived(roots, &ID, public_key) {
        Err(Error::InvalidInput(message)) => message,
        other => panic!("{other:?} is no refusal"),
    }
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).expect("hexadecimal")).collect()
}

mod vectors {
    use super::*;

    const SDK: &str = include_str!("../../../../tests/vectors/hd/lit-sdk.json");
    const INDEPENDENT: &str = include_str!("../../../../tests/vectors/hd/independent.json");

    /// The strings of a file in their order, each with its name (roots have none); one stands on a line.
    fn strings(text: &str) -> Vec<(&str, Vec<u8>)> {
        let parts = text.lines().map(|line| line.split('"').collect::<Vec<_>>());
        let named = parts.filter_map(|line| match line[..] {
            [_, "label", _, _, _] => None,
            [_, name, _, value, _] => Some((name, hex(value))),
            [_, root, _] if root.len() == 130 => Some(("root", hex(root))),
            _ => None,
        });
        named.collect()
    }

    /// Go through a file with what holds for each key: roots, id, and one of its other fields.
    fn check(text: &str, field: &str, law: impl Fn(&[Vec<u8>], &[u8; 32], &[u8])) -> usize {
        let (mut roots, mut id, mut keys) = (Vec::new(), ID, 0);
        for (name, value) in strings(text) {
            match name {
                "root" if roots.len() == ROOTS => roots = vec![value],
                "root" => roots.push(value),
                "derivedKeyId" => id = value.try_into().expect("32 bytes"),
                name if name == field => {
                    law(&roots, &id, &value);
                    keys += 1;
                }
                _ => {}
            }
        }
        keys
    }

    #[test]
    fn public_keys_are_those_of_lits_sdk_and_of_plain_arithmetic() {
        for text in [SDK, INDEPENDENT] {
            let keys = check(text, "publicKey", |roots, id, expected| {
                let key = curve::sec1_point(expected).expect("a point");
                assert_eq!(public_key(roots, id).expect("a key"), curve::point_bytes(&key));
            });
            assert_eq!(keys, 48);
        }
    }

    #[test]
    fn ids_hash_as_rfc_9380_says() {
        let keys = check(INDEPENDENT, "t", |_, id, t| assert_eq!(&curve::scalar_bytes(&Tweak::of(id).expect("t").0)[..], t));
        assert_eq!(keys, 48);
    }

    /// RFC 9380, K.1: expand_message_xmd(SHA-256), 32 and 128 bytes.
    #[test]
    fn messages_expand_as_in_the_rfcs_own_vectors() {
        const DST: &[u8] = b"QUUX-V01-CS02-with-expander-SHA256-128";
        type Xmd = <Secp256k1 as GroupDigest>::ExpandMsg;
        let expanded = |message: &str, length: u16| {
            let size = NonZeroU16::new(length).expect("not 0");
            let mut expander = <Xmd as ExpandMsg<k256::elliptic_curve::consts::U16>>::expand_message(&[message.as_bytes()], &[DST], size);
            let mut out = vec![0; length.into()];
            expander.as_mut().expect("expands").fill_bytes(&mut out).expect("fills");
            out
        };
        for (message, expected) in [
            ("", "68a985b87eb6b46952128911f2a4412bbc302a9d759667f87f7a21d803f07235"),
            ("abc", "d8ccab23b5985ccea865c6c97b6e5b8350e794e603b4b97902f53a8a0d605615"),
            ("abcdef0123456789", "eff31487c770a893cfb36f912fbfcbff40d5661771ca4b2cb4eafe524333f5c1"),
        ] {
            assert_eq!(expanded(message, 32), hex(expected), "{message:?}");
        }
        let long = "af84c27ccfd45d41914fdff5df25293e221afc53d8ad2ac06d5e3e29485dadbee0d121587713a3e0dd4d5e69e93eb7cd4f5df4cd103e188cf60cb02edc3edf18\
                    eda8576c412b18ffb658e3dd6ec849469b979d444cf7b26911a08e63cf31f9dcc541708d3491184472c2c29bb749d4286b004ceb5ee6b9a7fa5b646c993f0ced";
        assert_eq!(expanded("", 128), hex(long));
    }
}

/// Σ λ_i · x_i over `shares`.
fn interpolate(shares: &[(Seat, Scalar)]) -> Scalar {
    let at = |seat: Seat| Scalar::from(u64::from(seat));
    let lambda = |i: Seat| {
        let others = shares.iter().map(|(seat, _)| *seat).filter(|seat| *seat != i);
        others.fold(Scalar::ONE, |product, j| product * at(j) * (at(j) - at(i)).invert().expect("distinct seats"))
    };
    shares.iter().map(|(seat, share)| lambda(*seat) * share).fold(Scalar::ZERO, |sum, term| sum + term)
}

#[test]
fn any_t_nodes_hold_the_key_that_everybody_computes_and_fewer_do_not() {
    let roots = roots(1);
    let key = child_of(&roots[&3], &ID);
    let shares: Vec<KeyShare> = SEATS.iter().map(|seat| KeyShare::derived(&borrowed(&roots[seat]), &ID, &key).expect("a share")).collect();
    for share in &shares {
        assert_eq!((share.purpose(), share.public_key(), share.threshold()), (Purpose::PkpEcdsa, &key[..], 3));
        assert_eq!(share.verification_shares(), shares[0].verification_shares());
        assert!(share.matches());
    }
    let secrets: Vec<(Seat, Scalar)> = shares.iter().map(|share| (share.seat(), *share.scalar().expect("a scalar"))).collect();
    let of = |some: &[(Seat, Scalar)]| curve::times_generator(&interpolate(some));
    assert_eq!((of(&secrets[1..]), of(&secrets[..3])), (key, key));
    assert_ne!(of(&secrets[..2]), key);
}

#[test]
fn another_id_is_another_key() {
    let roots = roots(1);
    let (key, other) = (child_of(&roots[&3], &ID), child_of(&roots[&3], &[8; 32]));
    assert_ne!(key, other);
    assert!(refused(&borrowed(&roots[&3]), &other).contains("another public key"));
}

#[test]
fn only_ten_roots_in_the_chains_order_derive() {
    let ours = &roots(1)[&37];
    let key = child_of(ours, &ID);
    let all = borrowed(ours);
    let more: Vec<&KeyShare> = all.iter().copied().chain([all[0]]).collect();
    let mut twice = all.clone();
    twice[1] = all[0];
    for wrong in [&all[..0], &all[..9], &more[..], &twice[..]] {
        assert!(refused(wrong, &key).contains("exactly 10 distinct"));
    }
    let mut swapped = all.clone();
    swapped.swap(0, 9);
    assert!(refused(&swapped, &key).contains("out of order"));
    let keys = |shares: &[&KeyShare]| shares.iter().map(|share| share.public_key().to_vec()).collect::<Vec<_>>();
    assert!(public_key(&keys(&all[..9]), &ID).is_err() && public_key(&keys(&twice), &ID).is_err());
    assert!(public_key(&[[2; 5]; 10], &ID).is_err());
}

#[test]
fn roots_of_another_network_seat_or_purpose_are_refused() {
    let (ours, theirs) = (roots(1), roots(2));
    let key = child_of(&ours[&3], &ID);
    let with_last = |share: &KeyShare| -> String {
        let mut mixed = borrowed(&ours[&3]);
        mixed[9] = share;
        refused(&mixed, &key)
    };
    assert!(with_last(&theirs[&3][9]).contains("not the network's"));
    assert!(with_last(&ours[&37][9]).contains("different seats"));
    assert!(with_last(&generate(Purpose::PkpEcdsa, [1; 32])[&3]).contains("never used as root-ecdsa"));
    assert!(with_last(&generate(Purpose::SessionBls, [1; 32])[&3]).contains("never used as root-ecdsa"));
}

#[test]
fn a_derived_share_is_neither_sealed_nor_a_root() {
    let ours = &roots(1)[&3];
    let key = child_of(ours, &ID);
    let child = KeyShare::derived(&borrowed(ours), &ID, &key).expect("a share");
    let vault = Vault::new(random::secret::<32>());
    assert!(matches!(child.clone().sealed(&vault, b""), Err(Error::InvalidInput(_))));
    assert!(child.root_scalar().is_err());
    assert!(ours.iter().all(|root| root.scalar().is_err() && root.sealed(&vault, b"").is_ok()));
    assert!(!format!("{child:?}").contains("secret"));
}

#[test]
fn an_id_that_hashes_to_zero_and_a_key_that_is_the_identity_are_refused() {
    assert!(matches!(Tweak::not_zero(Scalar::ZERO), Err(Error::InvalidInput(_))));
    let tweak = Tweak::of(&ID).expect("t");
    let mut points: Vec<AffinePoint> = (0..10_u64).map(|number| (ProjectivePoint::GENERATOR * Scalar::from(number)).to_affine()).collect();
    points[0] = (-ProjectivePoint::from(tweak.point(&points).expect("a point"))).to_affine();
    assert!(matches!(tweak.point(&points), Err(Error::InvalidInput(_))));
    assert!(public_key(&points.iter().map(curve::point_bytes).collect::<Vec<_>>(), &ID).is_err());
}
