//! What correctness does not show: that nothing repeats and nothing that must be hidden stands in a message.

use std::collections::BTreeSet;

use k256::elliptic_curve::group::GroupEncoding;
use k256::AffinePoint;
use proptest::prelude::*;

use super::*;
use crate::ecdsa::dkls::Dkls23;
use crate::ecdsa::engine::PairIds;
use crate::ecdsa::wire::{self, Transfer};

fn ids() -> PairIds {
    PairIds { seat: 3, peer: 200, session: [1; 32], lower_sends: [2; 32], higher_sends: [3; 32] }
}

/// All group elements of a set-up's message, but G.
fn elements(message: &[u8]) -> Vec<Vec<u8>> {
    let transfer = Transfer::decode(message).expect("canonical");
    let of_proof = |proof: &dkls23_core::utilities::proofs::EncProof<k256::Secp256k1>| {
        let (u, v) = proof.get_u_and_v();
        [proof.proof0.base_h, u, v, proof.commitments0.rc_g, proof.commitments0.rc_h, proof.commitments1.rc_g, proof.commitments1.rc_h]
    };
    let points = transfer.enc_proofs.iter().flat_map(of_proof);
    let points = points.chain([transfer.dlog_proof.point]).chain(transfer.dlog_proof.rand_commitments.iter().copied());
    points.map(|point: AffinePoint| point.to_bytes().to_vec()).collect()
}

#[test]
fn two_set_ups_with_the_same_inputs_share_no_group_element() {
    let open = || elements(&Dkls23::open(&ids()).expect("opens").1);
    let (one, other) = (open(), open());
    let (first, second): (BTreeSet<_>, BTreeSet<_>) = (one.iter().collect(), other.iter().collect());
    assert_eq!(first.len(), one.len(), "an element comes twice in one set-up");
    assert!(first.is_disjoint(&second));
}

#[test]
fn two_signatures_with_the_same_inputs_share_no_nonce() {
    let pair = Pair::<Dkls23>::new();
    let run = || {
        let (mut left, mut right) = (pair.party(HONEST, ID), pair.party(TRAITOR, ID));
        let (to_right, to_left) = (left.round1().expect("round 1"), right.round1().expect("round 1"));
        let from = |seat: Seat, messages: &Messages, to: Seat| -> Messages { [(seat, messages[&to].clone())].into() };
        let second = left.round2(&from(TRAITOR, &to_left, HONEST)).expect("round 2");
        right.round2(&from(HONEST, &to_right, TRAITOR)).expect("round 2");
        (to_right[&TRAITOR].clone(), second[&TRAITOR].clone())
    };
    let (one, other) = (run(), run());
    // Γ^u, Γ^v, public share, R_i. The public share is blinded by the zero share, which is a function of the session's
    // inputs alone: equal inputs give an equal one. All that hides a secret of the attempt is fresh.
    let points = |message: &[u8]| [0, 1, 3].map(|field| message[32 + 33 * field..65 + 33 * field].to_vec());
    assert!(points(&one.1).iter().all(|point| !points(&other.1).contains(point)));
    // Commitment, extension nonce and matrix of round 1 are fresh as well.
    assert_ne!(one.0[32..64], other.0[32..64]);
    assert_ne!(one.0[64..96], other.0[64..96]);
    assert_ne!(one.0[96..174], other.0[96..174]);
}

#[test]
fn two_base_ot_keys_give_different_pads() {
    let pair = Pair::<Dkls23>::new();
    let uses = pair.table().choose(&[TRAITOR]).expect("live");
    let correlations = pair.table().borrow(&uses).expect("live");
    let seeds = &correlations[&TRAITOR].receiver().ote_receiver;
    let all: BTreeSet<_> = seeds.seeds0.iter().chain(&seeds.seeds1).collect();
    assert_eq!(all.len(), 512);
    // The peer holds exactly the seed of each choice.
    let theirs = pair.tables[&TRAITOR].borrow(&pair.tables[&TRAITOR].choose(&[HONEST]).expect("live")).expect("live");
    let chosen = &theirs[&HONEST].sender().ote_sender;
    for (at, choice) in chosen.correlation.iter().enumerate() {
        let (held, other) = if *choice { (seeds.seeds1[at], seeds.seeds0[at]) } else { (seeds.seeds0[at], seeds.seeds1[at]) };
        assert!(chosen.seeds[at] == held && chosen.seeds[at] != other);
    }
    let ones = chosen.correlation.iter().filter(|choice| **choice).count();
    assert!((64..192).contains(&ones), "{ones} of 256 choices are 1");
}

#[test]
fn a_message_is_one_encoding_of_what_it_says() {
    let (_, transfer, _) = Dkls23::open(&ids()).expect("opens");
    assert_eq!(Transfer::decode(&transfer).expect("canonical").encode(), transfer);
    for length in [0, 1, transfer.len() - 1, transfer.len() + 1] {
        let mut other = transfer.clone();
        other.resize(length, 0);
        assert!(Transfer::decode(&other).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever bytes of a set-up's message change, it is refused or says exactly what its bytes say.
    #[test]
    fn a_changed_message_is_refused_or_canonical(at in 0usize..wire::TRANSFER, value in any::<u8>()) {
        static MESSAGE: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
        let mut message = MESSAGE.get_or_init(|| Dkls23::open(&ids()).expect("opens").1).clone();
        message[at] = value;
        if let Ok(transfer) = Transfer::decode(&message) {
            prop_assert_eq!(transfer.encode(), message);
        }
    }
}
