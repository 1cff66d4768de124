//! Laws of key generation that need a view into its parties; tests/core holds those that do not.

use std::collections::{BTreeMap, BTreeSet};

use frost_core::{Ciphersuite, Identifier};
use k256::{ProjectivePoint, Scalar};

use super::party::{Batch, Party};
use super::suite::{within, DkgSecp256k1};
use super::wire;
use crate::curve::{self, POINT};
use crate::hpke::{PeerKey, SealingKey};
use crate::share::KeyShare;
use crate::transcript::{DkgCommitment, HashInput, Seats};
use crate::{Error, Seat};

const SEATS: [Seat; 4] = [3, 37, 200, 255];
const THRESHOLD: u8 = 3;

fn parties(context: [u8; 32], count: usize) -> BTreeMap<Seat, Party> {
    let keys: BTreeMap<Seat, SealingKey> = SEATS.iter().map(|seat| (*seat, SealingKey::generate())).collect();
    let peers = |me: Seat| {
        let others = keys.iter().filter(|(seat, _)| **seat != me);
        others.map(|(seat, key)| (*seat, PeerKey::decode(&key.public_key()).expect("a key"))).collect()
    };
    let batch = |seat: Seat| Batch {
        context,
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
pub(crate) fn generate(context: [u8; 32]) -> BTreeMap<Seat, KeyShare> {
    let mut parties = parties(context, 1);
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
fn reveal_instead(sender: Seat, context: [u8; 32], change: impl Fn(&mut Vec<u8>)) -> Error {
    let mut parties = parties(context, 1);
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
    let shares = generate([1; 32]);
    let all: Vec<(Seat, Scalar)> = shares.iter().map(|(seat, share)| (*seat, *share.scalar().expect("a scalar"))).collect();
    let key = |some: &[(Seat, Scalar)]| curve::point_bytes(&(ProjectivePoint::GENERATOR * interpolate(some)).to_affine());
    let public = *shares[&3].public_key();
    assert_eq!(key(&all), public);
    for left_out in 0..all.len() {
        let some: Vec<_> = all.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, share)| *share).collect();
        assert_eq!(key(&some), public);
        assert_ne!(key(&some[1..]), public);
    }
    assert!(shares.values().all(|share| share.matches() && share.public_key() == &public));
    assert!(shares.values().all(|share| share.verification_shares() == shares[&3].verification_shares()));
}

#[test]
fn a_challenge_outside_of_a_batch_is_an_error_not_a_default() {
    assert!(DkgSecp256k1::HDKG(b"m").is_none());
    let (one, other) = (within([1; 32], || DkgSecp256k1::HDKG(b"m")), within([2; 32], || DkgSecp256k1::HDKG(b"m")));
    assert!(one.is_some() && one != other);
    assert!(DkgSecp256k1::HDKG(b"m").is_none(), "the context ends with its scope");
    let identifier = Identifier::<DkgSecp256k1>::try_from(1).expect("an identifier");
    assert!(frost_core::keys::dkg::part1(identifier, 4, 3, crate::random::System).is_err());
}

#[test]
fn a_context_does_not_outlive_a_panic() {
    crate::process::guarded(|| within([1; 32], || panic!("inside of the scope")));
    assert!(DkgSecp256k1::HDKG(b"m").is_none());
}

#[test]
fn a_proof_of_possession_is_good_in_its_own_batch_only() {
    let mut earlier = parties([1; 32], 1);
    let (_, reveals) = opening(&mut earlier);
    let replayed = reveals[&37].clone();
    names(&reveal_instead(37, [2; 32], |reveal| reveal.clone_from(&replayed)), 37);
}

#[test]
fn another_seats_proof_is_refused() {
    let mut parties = parties([1; 32], 1);
    let (mut commits, mut reveals) = opening(&mut parties);
    let copied = reveals[&37].clone();
    commits.insert(200, commitment(&[1; 32], 200, &copied));
    reveals.insert(200, copied);
    let error = parties.get_mut(&3).expect("seat 3").deal(&without(3, &commits), &without(3, &reveals)).expect_err("refused");
    names(&error, 200);
}

#[test]
fn a_key_number_is_part_of_the_proof() {
    let mut parties = parties([1; 32], 2);
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

#[test]
fn every_point_and_scalar_of_a_reveal_is_canonical() {
    let bad_points: [[u8; POINT]; 4] = {
        let mut wide = [0xff; POINT];
        wide[0] = 2;
        let mut compact = curve::point_bytes(&k256::AffinePoint::GENERATOR);
        compact[0] = 5;
        let mut off = [0; POINT];
        (off[0], off[POINT - 1]) = (2, 5);
        [[0; POINT], wide, compact, off]
    };
    for field in 0..=THRESHOLD.into() {
        for bad in &bad_points {
            let at = wire::SALT + field * POINT;
            names(&reveal_instead(37, [1; 32], |reveal| reveal[at..at + POINT].copy_from_slice(bad)), 37);
        }
    }
    names(&reveal_instead(37, [1; 32], |reveal| reveal.iter_mut().rev().take(32).for_each(|byte| *byte = 0xff)), 37);
}

#[test]
fn a_longer_or_shorter_polynomial_is_refused() {
    for change in [POINT as isize, -(POINT as isize), 1, -1, 1 << 20] {
        let resized = |reveal: &mut Vec<u8>| reveal.resize(reveal.len().saturating_add_signed(change), 2);
        names(&reveal_instead(37, [1; 32], resized), 37);
    }
}

#[test]
fn a_reveal_must_open_its_commitment() {
    let mut parties = parties([1; 32], 1);
    let (commits, mut reveals) = opening(&mut parties);
    reveals.get_mut(&255).expect("a reveal")[0] ^= 1;
    let error = parties.get_mut(&3).expect("seat 3").deal(&without(3, &commits), &without(3, &reveals)).expect_err("refused");
    names(&error, 255);
}

#[test]
fn two_batches_with_the_same_inputs_share_no_group_element() {
    let points = || {
        let mut parties = parties([1; 32], 1);
        let (_, reveals) = opening(&mut parties);
        let all = reveals.values().flat_map(|reveal| reveal[wire::SALT..reveal.len() - 32].chunks_exact(POINT).map(<[u8]>::to_vec));
        all.collect::<BTreeSet<Vec<u8>>>()
    };
    let (one, other) = (points(), points());
    assert_eq!(one.len(), SEATS.len() * 4, "no element comes twice in one batch either");
    assert!(one.is_disjoint(&other));
}
