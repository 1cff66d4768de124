//! DKLs23 (eprint 2023/765) by `dkls23-core` 0.6.2, wrapped.
//!
//! The wrapper exists because of what the crate leaves to its caller (docs/decisions/0001): it may panic, its Debug prints
//! secrets, some of its values are not wiped, it does not miss an absent zero-share seed, phase 4 takes any number of
//! messages from anybody, and it draws from a user-space generator that a fork would copy.

use std::collections::BTreeMap;

use dkls23_core::protocols::derivation::DerivData;
use dkls23_core::protocols::signing::{KeepPhase1to2, KeepPhase2to3, SignData, UniqueKeep1to2, UniqueKeep2to3};
use dkls23_core::protocols::{Abort, AbortKind, AbortReason, Parameters, Party, PartyIndex};
use dkls23_core::utilities::multiplication::{MulReceiver, MulSender};
use dkls23_core::utilities::ot::base::{OTReceiver, OTSender};
use dkls23_core::utilities::zero_shares::{SeedPair, ZeroShare};
use k256::{Scalar, Secp256k1};
use zeroize::{Zeroize, Zeroizing};

use super::engine::{Attempt, Engine, Fault, Messages, Opening, PairIds, Step};
use super::wire::{self, Transfer};
use crate::codec::Malformed;
use crate::curve;
use crate::process::guarded;
use crate::random;
use crate::transcript::{HashInput, SetupDigest, ZeroSeed};
use crate::Seat;

type C = Secp256k1;

/// Highest seat: the engine refuses indices above its share count, and seats are not numbered 1…n.
const SHARE_COUNT: u8 = u8::MAX;
const SEED: usize = 32;

/// The engine in use.
#[derive(Debug)]
pub struct Dkls23;

/// Our half of a set-up: base-OT secrets of both directions and our half of the zero-share seed.
pub struct Half {
    receiver: OTReceiver,
    choices: Vec<bool>,
    randomness: Vec<Scalar>,
    sender: OTSender<C>,
    nonce: Scalar,
    seed: Zeroizing<Vec<u8>>,
}

impl Drop for Half {
    fn drop(&mut self) {
        self.choices.zeroize();
        self.randomness.zeroize();
        self.sender.s.zeroize();
    }
}

/// What a pair shares. The engine's types wipe themselves on drop.
pub struct Correlation {
    sender: MulSender<C>,
    receiver: MulReceiver<C>,
    seed: SeedPair,
}

#[cfg(test)]
impl Correlation {
    /// The direction in which we send, for the tests that attack it.
    pub(crate) fn sender(&self) -> &MulSender<C> {
        &self.sender
    }

    /// The direction in which we receive.
    pub(crate) fn receiver(&self) -> &MulReceiver<C> {
        &self.receiver
    }
}

/// Kept between rounds 1 and 2.
pub struct Nonce {
    unique: UniqueKeep1to2<C>,
    kept: BTreeMap<PartyIndex, KeepPhase1to2<C>>,
}

/// Kept between rounds 2 and 3.
pub struct Masked {
    unique: UniqueKeep2to3<C>,
    kept: BTreeMap<PartyIndex, KeepPhase2to3<C>>,
}

/// R's x coordinate as the engine writes it (hex), and our own (u, w).
pub struct Point {
    x: String,
    ours: Vec<u8>,
}

/// Run the engine with a fresh thread generator.
fn run<T>(work: impl FnOnce() -> Step<T>) -> Step<T> {
    guarded(|| {
        random::reseed_thread();
        work()
    })
    .unwrap_or(Err(Fault::Panicked))
}

fn index(seat: Seat) -> Step<PartyIndex> {
    PartyIndex::new(seat).map_err(|_| Fault::Own("seat 0 is nobody's".into()))
}

fn malformed(seat: Seat) -> impl Fn(Malformed) -> Fault {
    move |error| Fault::Malformed(seat, error.to_string())
}

/// Whom an abort blames. The sender of each message was set from the channel, so the engine's name for it is the channel's.
fn fault(abort: Abort) -> Fault {
    let reason = abort.description();
    match (abort.kind, abort.reason) {
        (AbortKind::BanCounterparty(peer), _) => Fault::Check(peer.as_u8(), reason),
        (_, AbortReason::CommitmentMismatch { counterparty } | AbortReason::TrivialInstancePoint { counterparty }) => {
            Fault::Peer(counterparty.as_u8(), reason)
        }
        (_, AbortReason::InvalidLocalState { .. } | AbortReason::MissingMulState { .. }) => Fault::Own(reason),
        // A binding mismatch may come from a set-up or proposal on which the two never agreed: nobody is named.
        _ => Fault::Nobody(reason),
    }
}

fn scalars_bytes(scalars: &[Scalar]) -> Vec<u8> {
    scalars.iter().flat_map(curve::scalar_bytes).collect()
}

/// Assemble the engine's party for one step; it wipes itself on drop.
fn party(attempt: &Attempt<'_, Dkls23>) -> Step<Party<C>> {
    let own = |error: String| Fault::Own(error);
    let mut seeds = Vec::with_capacity(attempt.others.len());
    let (mut mul_senders, mut mul_receivers) = (BTreeMap::new(), BTreeMap::new());
    for peer in attempt.others {
        // The engine would leave out a seed that is missing without a word; the shares would not add up to zero.
        let pair = attempt.correlations.get(peer).ok_or_else(|| own(format!("no correlation with seat {peer}")))?;
        if pair.seed.index_counterparty.as_u8() != *peer {
            return Err(own(format!("the zero-share seed for seat {peer} is another's")));
        }
        seeds.push(pair.seed.clone());
        mul_senders.insert(index(*peer)?, pair.sender.clone());
        mul_receivers.insert(index(*peer)?, pair.receiver.clone());
    }
    let share = attempt.share;
    let secret = share.scalar().map_err(|error| own(error.to_string()))?;
    let pk = share.public_point().map_err(|error| own(error.to_string()))?;
    Ok(Party {
        parameters: Parameters::new(share.threshold(), SHARE_COUNT).map_err(|error| own(error.to_string()))?,
        party_index: index(share.seat())?,
        session_id: attempt.session.to_vec(),
        poly_point: *secret,
        pk,
        zero_share: ZeroShare::initialize(seeds),
        mul_senders,
        mul_receivers,
        derivation_data: DerivData { depth: 0, child_number: 0, parent_fingerprint: [0; 4], poly_point: *secret, pk, chain_code: [0; 32] },
        address: String::new(),
    })
}

fn sign_data(attempt: &Attempt<'_, Dkls23>) -> Step<SignData> {
    let counterparties = attempt.others.iter().map(|seat| index(*seat)).collect::<Step<_>>()?;
    Ok(SignData { sign_id: attempt.sign_id.to_vec(), counterparties, message_hash: attempt.digest })
}

/// Decode one message of each other signer; the lowest seat with a malformed one is named.
fn decode<T>(
    attempt: &Attempt<'_, Dkls23>,
    received: &Messages,
    read: impl Fn(PartyIndex, PartyIndex, &[u8]) -> Result<T, Malformed>,
) -> Step<Vec<T>> {
    let me = index(attempt.share.seat())?;
    received.iter().map(|(seat, message)| read(index(*seat)?, me, message).map_err(malformed(*seat))).collect()
}

impl Engine for Dkls23 {
    type Half = Half;
    type Correlation = Correlation;
    type Nonce = Nonce;
    type Masked = Masked;
    type Point = Point;

    const SECRET: usize = SEED;
    const TRANSFER: usize = wire::TRANSFER;

    fn open(ids: &PairIds) -> Step<Opening<Half>> {
        run(|| {
            let (sends, receives) = ids.directions();
            let (receiver, choices, randomness, enc_proofs) = MulSender::<C>::init_phase1(sends);
            let (sender, dlog_proof, nonce) = MulReceiver::<C>::init_phase1(receives);
            let transfer = Transfer { seed: receiver.seed, enc_proofs, dlog_proof, nonce }.encode();
            let half = Half { receiver, choices, randomness, sender, nonce, seed: random::secret::<SEED>() };
            let secret = half.seed.clone();
            Ok((half, transfer, secret))
        })
    }

    fn close(ids: &PairIds, mut half: Half, transfer: &[u8], secret: &[u8]) -> Step<Correlation> {
        run(|| {
            let peer = ids.peer;
            let theirs = Transfer::decode(transfer).map_err(malformed(peer))?;
            let their_seed = Zeroizing::new(<[u8; SEED]>::try_from(secret).map_err(|_| malformed(peer)(Malformed("a seed's length")))?);
            let (sends, receives) = ids.directions();
            let cheated = |error: dkls23_core::utilities::ot::ErrorOT| Fault::Check(peer, error.description);
            let choices = std::mem::take(&mut half.choices);
            let sender = MulSender::init_phase2(&half.receiver, sends, choices, &half.randomness, &theirs.dlog_proof, &theirs.nonce)
                .map_err(cheated)?;
            let receiver =
                MulReceiver::init_phase2(&half.sender, receives, &theirs.seed, &theirs.enc_proofs, &half.nonce).map_err(cheated)?;
            let our_seed = Zeroizing::new(<[u8; SEED]>::try_from(&half.seed[..]).map_err(|_| Fault::Own("our own seed's length".into()))?);
            let seed = ZeroShare::generate_seed_pair(index(ids.seat)?, index(peer)?, &our_seed, &their_seed);
            Ok(Correlation { sender, receiver, seed })
        })
    }

    fn digest(ids: &PairIds, correlation: &Correlation) -> [u8; 32] {
        let (sent, received) = (scalars_bytes(&correlation.sender.public_gadget), scalars_bytes(&correlation.receiver.public_gadget));
        let (lower_gadget, higher_gadget) = if ids.lower() { (&sent, &received) } else { (&received, &sent) };
        let seed_hash = ZeroSeed { session: &ids.session, seed: &correlation.seed.seed }.hash();
        SetupDigest { session: &ids.session, lower_gadget, higher_gadget, seed_hash: &seed_hash }.hash()
    }

    fn round1(attempt: &Attempt<'_, Self>) -> Step<(Nonce, Messages)> {
        run(|| {
            let (unique, kept, sent) = party(attempt)?.sign_phase1(&sign_data(attempt)?).map_err(fault)?;
            let messages = sent.iter().map(|message| (message.parties.receiver.as_u8(), wire::encode_round1(message))).collect();
            Ok((Nonce { unique, kept }, messages))
        })
    }

    fn round2(attempt: &Attempt<'_, Self>, nonce: Nonce, received: &Messages) -> Step<(Masked, Messages)> {
        run(|| {
            let received = decode(attempt, received, wire::decode_round1)?;
            let phase2 = party(attempt)?.sign_phase2(&sign_data(attempt)?, nonce.unique, nonce.kept, &received);
            let (unique, kept, sent) = phase2.map_err(fault)?;
            let messages = sent.iter().map(|message| (message.parties.receiver.as_u8(), wire::encode_round2(message))).collect();
            Ok((Masked { unique, kept }, messages))
        })
    }

    fn round3(attempt: &Attempt<'_, Self>, masked: Masked, received: &Messages) -> Step<(Point, Vec<u8>)> {
        run(|| {
            let received = decode(attempt, received, wire::decode_round2)?;
            let phase3 = party(attempt)?.sign_phase3(&sign_data(attempt)?, masked.unique, masked.kept, &received);
            let (x, broadcast) = phase3.map_err(fault)?;
            let ours = wire::encode_round3(&broadcast);
            Ok((Point { x, ours: ours.clone() }, ours))
        })
    }

    fn combine(attempt: &Attempt<'_, Self>, point: &Point, received: &Messages) -> Step<([u8; 32], [u8; 32])> {
        run(|| {
            let mut all = decode(attempt, received, |_, _, message| wire::decode_round3(message))?;
            all.push(wire::decode_round3(&point.ours).map_err(|error| Fault::Own(error.to_string()))?);
            // The engine adds up whatever it is given: exactly t, one of each signer, is our duty.
            if all.len() != usize::from(attempt.share.threshold()) {
                return Err(Fault::Own("a signature takes exactly t pairs (u, w)".into()));
            }
            combine_sums(&point.x, &all)
        })
    }
}

/// s = Σw / Σu, r = x mod q. Done here and not by the engine's phase 4, which needs a whole party for it and whose result
/// would have to be normalised, recovered and verified by us all the same.
fn combine_sums(x: &str, all: &[dkls23_core::protocols::signing::Broadcast3to4<C>]) -> Step<([u8; 32], [u8; 32])> {
    use k256::elliptic_curve::ops::Reduce;
    let x = decode_hex(x).ok_or_else(|| Fault::Own("the engine gave an odd x coordinate".into()))?;
    let u = all.iter().fold(Scalar::ZERO, |sum, message| sum + message.u);
    let w = all.iter().fold(Scalar::ZERO, |sum, message| sum + message.w);
    let inverse: Option<Scalar> = u.invert().into();
    let s = w * inverse.ok_or_else(|| Fault::Nobody("the signers' u add up to zero".into()))?;
    let r = <Scalar as Reduce<k256::FieldBytes>>::reduce(&x.into());
    Ok((curve::scalar_bytes(&r), curve::scalar_bytes(&s)))
}

fn decode_hex(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text.chars().map(|digit| digit.to_digit(16).and_then(|value| u8::try_from(value).ok())).collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    if digits.len() == 64 {
        bytes.try_into().ok()
    } else {
        None
    }
}
