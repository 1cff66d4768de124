//! Laws of key generation that need a view into its parties; tests/core holds those that do not.

use std::collections::{BTreeMap, BTreeSet};

use frost_core::{Ciphersuite, Identifier};
use k256::{ProjectivePoint, Scalar};

use super::bls12381::DkgBls12381G1;
use super::secp256k1::DkgSecp256k1;
use super::suite::{within, Suite};
use super::{party, wire, Batch, Party};
use crate::bls;
use crate::curve;
use crate::hpke::{PeerKey, SealingKey};
use crate::purpose::{Curve, Purpose};
use crate::share::KeyShare;
use crate::transcript::{DkgCommitment, HashInput, Seats};
use crate::{Error, Seat};

const SEATS: [Seat; 4] = [3, 37, 200, 255];
const THRESHOLD: u8 = 3;

/// One purpose of each curve: every law holds on both.
const CURVES: [Purpose; 2] = [Purpose::PkpEcdsa, Purpose::EncryptionBls];

fn parties(purpose: Purpose, context: [u8; 32], count: usize) -> BTreeMap<Seat, Party> {
    let keys: BTreeMap<Seat, SealingKey> = SEATS.iter().map(|seat| (*seat, SealingKey::generate())).collect();
    let peers = |me: Seat| {
        let others = keys.iter().filter(|(seat, _)| **seat != me);
        others.map(|(seat, key)| (*seat, PeerKey::decode(&key.public_key()).expect("a key"))).collect()
    };
    let batch = |seat: Seat| Batch {
        context,
        purpose,
        seat,
        seats: SEATS.to_vec(),
        threshold: THRESHOLD,
        count,
        sealing: keys[&seat].clone(),
        peers: peers(seat),
    };
    SEATS.iter().map(|seat| (*seat, Party::new(batch(*seat)).expect("a party"))).collect()
}

type Broadcast = BTreeMap<Seat, Vec<u8>>;

fn without(me: Seat, all: &Broadcast) -> Broadcast {
    all.iter().filter(|(seat, _)| **seat != me).map(|(seat, message)| (*seat, message.clone())).collect()
}

fn opening(parties: &mut BTreeMap<Seat, Party>) -> (Broadcast, Broadcast) {
    let commits = parties.iter_mut().map(|(seat, party)| (*seat, party.commit().expect("commits").to_vec())).collect();
    let reveals = parties.iter_mut().map(|(seat, party)| (*seat, party.reveal().expect("reveals"))).collect();
    (commits, reveals)
}

/// A whole batch of one key.
pub(crate) fn generate(purpose: Purpose, context: [u8; 32]) -> BTreeMap<Seat, KeyShare> {
    let mut parties = parties(purpose, context, 1);
    let (commits, reveals) = opening(&mut parties);
    let deals: BTreeMap<Seat, Broadcast> = parties
        .iter_mut()
        .map(|(seat, party)| (*seat, party.deal(&without(*seat, &commits), &without(*seat, &reveals)).expect("deals")))
        .collect();
    let dealt_to = |me: Seat| deals.iter().filter(|(seat, _)| **seat != me).map(|(seat, deal)| (*seat, deal[&me].clone())).collect();
    parties.iter_mut().map(|(seat, party)| (*seat, party.finish(&dealt_to(*seat)).expect("finishes").remove(0))).collect()
}

/// Commit to a reveal as a dishonest `sender` can: the commitment is a public hash.
fn commitment(context: &[u8; 32], sender: Seat, reveal: &[u8]) -> Vec<u8> {
    let seats = Seats(&SEATS);
    DkgCommitment { context, sender: sender.into(), threshold: THRESHOLD.into(), count: 1, seats, reveal }.hash().to_vec()
}

/// Let `sender` send `reveal` to seat 3 under an honest commitment to it; give what seat 3 says.
fn reveal_instead(purpose: Purpose, sender: Seat, context: [u8; 32], change: impl Fn(&mut Vec<u8>)) -> Error {
    let mut parties = parties(purpose, context, 1);
    let (mut commits, mut reveals) = opening(&mut parties);
    let mut reveal = reveals[&sender].clone();
    change(&mut reveal);
    commits.insert(sender, commitment(&context, sender, &reveal));
    reveals.insert(sender, reveal);
    let honest = parties.get_mut(&3).expect("seat 3");
    honest.deal(&without(3, &commits), &without(3, &reveals)).expect_err("a wrong reveal is refused")
}

fn names(error: &Error, seat: Seat) {
    assert!(matches!(error, Error::PeerFault { culprits, .. } if culprits == &[seat]), "{error:?}");
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
fn any_t_shares_are_the_key_and_fewer_are_not() {
    let shares = generate(Purpose::PkpEcdsa, [1; 32]);
    let all: Vec<(Seat, Scalar)> = shares.iter().map(|(seat, share)| (*seat, *share.scalar().expect("a scalar"))).collect();
    let key = |some: &[(Seat, Scalar)]| curve::point_bytes(&(ProjectivePoint::GENERATOR * interpolate(some)).to_affine());
    let public = shares[&3].public_key();
    assert_eq!(key(&all), public);
    for left_out in 0..all.len() {
        let some: Vec<_> = all.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, share)| *share).collect();
        assert_eq!(key(&some), public);
        assert_ne!(key(&some[1..]), public);
    }
}

#[test]
fn all_nodes_hold_the_same_public_parts_and_the_purpose() {
    for purpose in Purpose::ALL {
        let shares = generate(purpose, [1; 32]);
        let (key, points) = (shares[&3].public_key(), shares[&3].verification_shares());
        assert!(shares.values().all(|share| share.matches() && share.purpose() == purpose));
        assert!(shares.values().all(|share| share.public_key() == key && share.verification_shares() == points));
        assert!(points.values().chain([&key.to_vec()]).all(|point| point.len() == purpose.curve().point_length()));
    }
}

#[test]
fn a_party_is_on_the_curve_of_its_purpose() {
    let Some(Party::Bls12381G1(bls)) = parties(Purpose::SessionBls, [1; 32], 1).remove(&3) else { panic!("another curve") };
    let batch = bls.batch();
    let batch = Batch { seats: batch.seats.clone(), sealing: batch.sealing.clone(), peers: batch.peers.clone(), ..*batch };
    assert!(matches!(party::Party::<DkgSecp256k1>::new(batch), Err(Error::InvalidInput(_))));
}

fn challenges_need_a_batch<C: Suite>() {
    assert!(C::HDKG(b"m").is_none());
    let (one, other) = (within([1; 32], || C::HDKG(b"m")), within([2; 32], || C::HDKG(b"m")));
    assert!(one.is_some() && one != other);
    assert!(C::HDKG(b"m").is_none(), "the context ends with its scope");
    let identifier = Identifier::<C>::try_from(1).expect("an identifier");
    assert!(frost_core::keys::dkg::part1(identifier, 4, 3, crate::random::System).is_err());
    crate::process::guarded(|| within([1; 32], || panic!("inside of the scope")));
    assert!(C::HDKG(b"m").is_none(), "nor does it outlive a panic");
    assert!(C::HID(b"m").is_none(), "seats are the identifiers");
}

fn post_dkg_is_the_identity<C: Suite>() {
    let (identifiers, random) = (frost_core::keys::IdentifierList::Default, &mut crate::random::System);
    let (shares, public) = frost_core::keys::generate_with_dealer::<C, _>(3, 2, identifiers, random).expect("a key");
    let share = shares.into_values().next().expect("a share");
    let package = frost_core::keys::KeyPackage::try_from(share).expect("a package");
    assert!(C::post_dkg(package.clone(), public.clone()).is_ok_and(|after| after == (package, public)));
}

#[test]
fn shares_and_key_are_kept_untweaked() {
    post_dkg_is_the_identity::<DkgSecp256k1>();
    post_dkg_is_the_identity::<DkgBls12381G1>();
}

#[test]
fn a_challenge_outside_of_a_batch_is_an_error_not_a_default() {
    challenges_need_a_batch::<DkgSecp256k1>();
    challenges_need_a_batch::<DkgBls12381G1>();
}

#[test]
fn the_hashes_of_the_bls_suite_have_domains_of_their_own() {
    type C = DkgBls12381G1;
    let all = within([0; 32], || [C::H1(b"m"), C::H2(b"m"), C::H3(b"m"), C::HDKG(b"m").expect("in a batch")]);
    let distinct: BTreeSet<_> = all.iter().map(|scalar| scalar.to_bytes_be()).collect();
    assert_eq!(distinct.len(), 4);
    assert_ne!(C::H4(b"m"), C::H5(b"m"));
}

/// Computed by expand_message_xmd of py_ecc 8.0.0, 48 bytes, modulo the order.
#[test]
fn the_hashes_of_the_bls_suite_are_rfc_9380s() {
    type C = DkgBls12381G1;
    let hex = |scalar: blstrs::Scalar| scalar.to_bytes_be().map(|byte| format!("{byte:02x}")).concat();
    let m = b"a message";
    assert_eq!(hex(C::H1(m)), "0e105eee63e5c8cba9b15448e48b8524643db698a92323901aa6d1503c75bc15");
    assert_eq!(hex(C::H1(b"")), "2024e21c7a8249d4d2cac5c4a083c959715e6cc1c403a57a5616c3091e4d128f");
    assert_eq!(hex(C::H2(m)), "6d00453eb49346c8c21c9f9aa1bbc7cad81cc37496399816b4cbc6f70d63481a");
    assert_eq!(hex(C::H3(m)), "0d90dc920d6b648d8331342b393cff9ced0e6205ac750e7538aa147401d1d688");
    let challenge = within([1; 32], || C::HDKG(m)).expect("in a batch");
    assert_eq!(hex(challenge), "06cbc90eb91cc8ae74f7997d2758ecd17a71d5e196d69dac20460cfd56a18c0d");
}

#[test]
fn a_proof_of_possession_is_good_in_its_own_batch_only() {
    for purpose in CURVES {
        let mut earlier = parties(purpose, [1; 32], 1);
        let (_, reveals) = opening(&mut earlier);
        names(&reveal_instead(purpose, 37, [2; 32], |reveal| reveal.clone_from(&reveals[&37])), 37);
    }
}

#[test]
fn a_proof_of_possession_is_good_for_its_own_purpose_only() {
    let mut encryption = parties(Purpose::EncryptionBls, [1; 32], 1);
    let (_, reveals) = opening(&mut encryption);
    names(&reveal_instead(Purpose::SessionBls, 37, [1; 32], |reveal| reveal.clone_from(&reveals[&37])), 37);
}

#[test]
fn another_seats_proof_is_refused() {
    for purpose in CURVES {
        let mut parties = parties(purpose, [1; 32], 1);
        let (mut commits, mut reveals) = opening(&mut parties);
        let copied = reveals[&37].clone();
        commits.insert(200, commitment(&[1; 32], 200, &copied));
        reveals.insert(200, copied);
        let error = parties.get_mut(&3).expect("seat 3").deal(&without(3, &commits), &without(3, &reveals)).expect_err("refused");
        names(&error, 200);
    }
}

#[test]
fn a_key_number_is_part_of_the_proof() {
    for purpose in CURVES {
        let mut parties = parties(purpose, [1; 32], 2);
        let (mut commits, mut reveals) = opening(&mut parties);
        let reveal = &reveals[&37];
        let half = (reveal.len() - wire::SALT) / 2;
        let (salt, keys) = reveal.split_at(wire::SALT);
        let swapped = [salt, &keys[half..], &keys[..half]].concat();
        let seats = Seats(&SEATS);
        let input = DkgCommitment { context: &[1; 32], sender: 37, threshold: 3, count: 2, seats, reveal: &swapped };
        commits.insert(37, input.hash().to_vec());
        reveals.insert(37, swapped);
        let error = parties.get_mut(&3).expect("seat 3").deal(&without(3, &commits), &without(3, &reveals)).expect_err("refused");
        names(&error, 37);
    }
}

/// Encodings of points that are none: the identity, not reduced, another form, not on the curve.
fn bad_secp_points() -> Vec<Vec<u8>> {
    let mut wide = [0xff; curve::POINT];
    wide[0] = 2;
    let mut compact = curve::point_bytes(&k256::AffinePoint::GENERATOR);
    compact[0] = 5;
    let mut off = [0; curve::POINT];
    (off[0], off[curve::POINT - 1]) = (2, 5);
    [[0; curve::POINT], wide, compact, off].map(|point| point.to_vec()).to_vec()
}

#[test]
fn every_point_and_scalar_of_a_reveal_is_canonical() {
    for purpose in CURVES {
        let bad_points = match purpose.curve() {
            Curve::Secp256k1 => bad_secp_points(),
            Curve::Bls12381G1 => bls::tests::bad_points_of_g1(),
        };
        let length = purpose.curve().point_length();
        for field in 0..=THRESHOLD.into() {
            for bad in &bad_points {
                let at = wire::SALT + field * length;
                names(&reveal_instead(purpose, 37, [1; 32], |reveal| reveal[at..at + length].copy_from_slice(bad)), 37);
            }
        }
        names(&reveal_instead(purpose, 37, [1; 32], |reveal| reveal.iter_mut().rev().take(32).for_each(|byte| *byte = 0xff)), 37);
    }
}

#[test]
fn a_longer_or_shorter_polynomial_is_refused() {
    for purpose in CURVES {
        let point = isize::try_from(purpose.curve().point_length()).expect("small");
        for change in [point, -point, 1, -1, 1 << 20] {
            let resized = |reveal: &mut Vec<u8>| reveal.resize(reveal.len().saturating_add_signed(change), 2);
            names(&reveal_instead(purpose, 37, [1; 32], resized), 37);
        }
    }
}

#[test]
fn a_reveal_must_open_its_commitment() {
    for purpose in CURVES {
        let mut parties = parties(purpose, [1; 32], 1);
        let (commits, mut reveals) = opening(&mut parties);
        reveals.get_mut(&255).expect("a reveal")[0] ^= 1;
        let error = parties.get_mut(&3).expect("seat 3").deal(&without(3, &commits), &without(3, &reveals)).expect_err("refused");
        names(&error, 255);
    }
}

#[test]
fn two_batches_with_the_same_inputs_share_no_group_element() {
    for purpose in CURVES {
        let points = || {
            let mut parties = parties(purpose, [1; 32], 1);
            let (_, reveals) = opening(&mut parties);
            let length = purpose.curve().point_length();
            let all = reveals.values().flat_map(|reveal| reveal[wire::SALT..reveal.len() - 32].chunks_exact(length).map(<[u8]>::to_vec));
            all.collect::<BTreeSet<Vec<u8>>>()
        };
        let (one, other) = (points(), points());
        assert_eq!(one.len(), SEATS.len() * 4, "no element comes twice in one batch either");
        assert!(one.is_disjoint(&other));
    }
}
