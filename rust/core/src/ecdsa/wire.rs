//! Layouts of the engine's messages. No header: sender and receiver are the channel's, and the engine's session binding
//! covers both. All lengths are constants, so no peer chooses how much is allocated.

use dkls23_core::protocols::signing::{Broadcast3to4, TransmitPhase1to2, TransmitPhase2to3};
use dkls23_core::protocols::{PartiesMessage, PartyIndex};
use dkls23_core::utilities::multiplication::{MulDataToReceiver, L, OT_WIDTH};
use dkls23_core::utilities::ot::extension::{OTEDataToSender, BATCH_SIZE, EXTENDED_BATCH_SIZE, KAPPA, OT_SECURITY};
use dkls23_core::utilities::proofs::{CPProof, DLogProof, EncProof, InteractiveDLogProof, RandomCommitments, R, T};
use k256::{AffinePoint, ProjectivePoint, Scalar, Secp256k1};

use crate::codec::{Malformed, Reader, Writer};
use crate::curve::{POINT, SCALAR};

type C = Secp256k1;
type Read<T> = Result<T, Malformed>;

const HASH: usize = 32;
/// Base OTs, rows of the extension matrix.
const ROWS: usize = KAPPA as usize;
/// Bytes of a row.
const ROW: usize = EXTENDED_BATCH_SIZE as usize / 8;
/// Bytes of an element of the consistency check's field.
const CHECK: usize = OT_SECURITY as usize / 8;
/// OTs of one multiplication.
const BATCH: usize = BATCH_SIZE as usize;
/// Length of a decommitment's salt: 2λ bits.
const SALT: usize = 64;
/// Bytes of a Fischlin challenge.
const CHALLENGE: usize = T as usize / 8;
const FISCHLIN: usize = R as usize;

const ENC_PROOF: usize = 7 * POINT + 4 * SCALAR;
const DLOG_PROOF: usize = POINT + FISCHLIN * (POINT + CHALLENGE + SCALAR);

/// Length of the public half of a pair set-up.
pub const TRANSFER: usize = HASH + ROWS * ENC_PROOF + DLOG_PROOF + SCALAR;
/// Length of a round-1 message.
pub const ROUND1: usize = HASH + HASH + (HASH + ROWS * ROW + CHECK + ROWS * CHECK);
const MUL: usize = OT_WIDTH as usize * BATCH * SCALAR + HASH + HASH + 2 * L as usize * SCALAR;
/// Length of a round-2 message.
pub const ROUND2: usize = HASH + 4 * POINT + SCALAR + SALT + MUL;
/// Length of a round-3 message: u, w.
pub const ROUND3: usize = 2 * SCALAR;

/// The public half of a pair set-up.
pub struct Transfer {
    /// Seed of the base-OT receiver's point h.
    pub seed: [u8; HASH],
    /// One proof for each base OT.
    pub enc_proofs: Vec<EncProof<C>>,
    /// The base-OT sender's point with its proof.
    pub dlog_proof: DLogProof<C>,
    /// Nonce of the gadget of the direction in which the sender of this message receives.
    pub nonce: Scalar,
}

impl Transfer {
    /// seed ‖ proofs ‖ proof of z ‖ nonce.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(TRANSFER);
        out.put(&self.seed);
        self.enc_proofs.iter().for_each(|proof| put_enc_proof(&mut out, proof));
        put_dlog_proof(&mut out, &self.dlog_proof);
        out.scalar(&self.nonce);
        out.finish()
    }

    /// Read what [`Self::encode`] gave.
    pub fn decode(message: &[u8]) -> Read<Self> {
        let mut reader = Reader::exact(message, TRANSFER)?;
        let transfer = Self {
            seed: reader.array()?,
            enc_proofs: (0..ROWS).map(|_| take_enc_proof(&mut reader)).collect::<Read<_>>()?,
            dlog_proof: take_dlog_proof(&mut reader)?,
            nonce: reader.scalar()?,
        };
        reader.end()?;
        Ok(transfer)
    }
}

/// h, u, v, the four commitments, challenges, responses. The rest of the engine's structure follows from these: both
/// bases are G and h, proof 1 speaks of v − h.
fn put_enc_proof(out: &mut Writer, proof: &EncProof<C>) {
    let (u, v) = proof.get_u_and_v();
    out.point(&proof.proof0.base_h).point(&u).point(&v);
    for commitments in [&proof.commitments0, &proof.commitments1] {
        out.point(&commitments.rc_g).point(&commitments.rc_h);
    }
    out.scalar(&proof.challenge0).scalar(&proof.challenge1);
    out.scalar(&proof.proof0.challenge_response).scalar(&proof.proof1.challenge_response);
}

fn take_enc_proof(reader: &mut Reader<'_>) -> Read<EncProof<C>> {
    let (h, u, v) = (reader.point()?, reader.point()?, reader.point()?);
    let mut commitments = || Ok(RandomCommitments { rc_g: reader.point()?, rc_h: reader.point()? });
    let (commitments0, commitments1) = (commitments()?, commitments()?);
    let (challenge0, challenge1) = (reader.scalar()?, reader.scalar()?);
    let less_h = (ProjectivePoint::from(v) - ProjectivePoint::from(h)).to_affine();
    let mut proof = |point_u| {
        let challenge_response = reader.scalar()?;
        Ok(CPProof { base_g: AffinePoint::GENERATOR, base_h: h, point_u, point_v: u, challenge_response })
    };
    Ok(EncProof { proof0: proof(v)?, proof1: proof(less_h)?, commitments0, commitments1, challenge0, challenge1 })
}

fn put_dlog_proof(out: &mut Writer, proof: &DLogProof<C>) {
    out.point(&proof.point);
    proof.rand_commitments.iter().for_each(|point| {
        out.point(point);
    });
    for part in &proof.proofs {
        out.put(&part.challenge).scalar(&part.challenge_response);
    }
}

fn take_dlog_proof(reader: &mut Reader<'_>) -> Read<DLogProof<C>> {
    let point = reader.point()?;
    let rand_commitments = (0..FISCHLIN).map(|_| reader.point()).collect::<Read<_>>()?;
    let proofs = (0..FISCHLIN).map(|_| take_schnorr(reader)).collect::<Read<_>>()?;
    Ok(DLogProof { point, rand_commitments, proofs })
}

/// A challenge and its response. The engine's structure has a private field; its step "response = commitment − challenge ·
/// witness" with witness 0 builds one with the response that we read.
fn take_schnorr(reader: &mut Reader<'_>) -> Read<InteractiveDLogProof<C>> {
    let challenge: [u8; CHALLENGE] = reader.array()?;
    let response = reader.scalar()?;
    Ok(InteractiveDLogProof::<C>::prove_step2(&Scalar::ZERO, &response, &challenge))
}

/// Write round 1: binding, commitment, OT-extension message.
pub fn encode_round1(message: &TransmitPhase1to2) -> Vec<u8> {
    let mut out = Writer::with_capacity(ROUND1);
    let extension = &message.mul_transmit;
    out.put(&message.session_binding).put(&message.commitment);
    out.put(&extension.nonce);
    extension.u.iter().for_each(|row| {
        out.put(row);
    });
    out.put(&extension.verify_x);
    extension.verify_t.iter().for_each(|element| {
        out.put(element);
    });
    out.finish()
}

/// Read round 1 of the channel's `sender` to us.
pub fn decode_round1(sender: PartyIndex, receiver: PartyIndex, message: &[u8]) -> Read<TransmitPhase1to2> {
    let mut reader = Reader::exact(message, ROUND1)?;
    let message = TransmitPhase1to2 {
        parties: PartiesMessage { sender, receiver },
        session_binding: reader.array()?,
        commitment: reader.array()?,
        mul_transmit: OTEDataToSender {
            nonce: reader.array()?,
            u: (0..ROWS).map(|_| reader.array::<ROW>()).collect::<Read<_>>()?,
            verify_x: reader.array()?,
            verify_t: (0..ROWS).map(|_| reader.array::<CHECK>()).collect::<Read<_>>()?,
        },
    };
    reader.end()?;
    Ok(message)
}

/// Write round 2: binding, Γ^u, Γ^v, public share, R_i, ψ, salt, multiplication.
pub fn encode_round2(message: &TransmitPhase2to3<C>) -> Vec<u8> {
    let mut out = Writer::with_capacity(ROUND2);
    let multiplication = &message.mul_transmit;
    out.put(&message.session_binding);
    out.point(&message.gamma_u).point(&message.gamma_v).point(&message.public_share).point(&message.instance_point);
    out.scalar(&message.psi).put(&message.salt);
    for tau in multiplication.vector_of_tau.iter().flatten() {
        out.scalar(tau);
    }
    out.put(&multiplication.ote_salt).put(&multiplication.verify_r);
    for value in multiplication.verify_u.iter().chain(&multiplication.gamma_sender) {
        out.scalar(value);
    }
    out.finish()
}

/// Read round 2 of the channel's `sender` to us.
pub fn decode_round2(sender: PartyIndex, receiver: PartyIndex, message: &[u8]) -> Read<TransmitPhase2to3<C>> {
    let mut reader = Reader::exact(message, ROUND2)?;
    let message = TransmitPhase2to3 {
        parties: PartiesMessage { sender, receiver },
        session_binding: reader.array()?,
        gamma_u: reader.point()?,
        gamma_v: reader.point()?,
        public_share: reader.point()?,
        instance_point: reader.point()?,
        psi: reader.scalar()?,
        salt: reader.take(SALT)?.to_vec(),
        mul_transmit: MulDataToReceiver {
            vector_of_tau: (0..OT_WIDTH).map(|_| reader.scalars(BATCH)).collect::<Read<_>>()?,
            ote_salt: reader.array()?,
            verify_r: reader.array()?,
            verify_u: reader.scalars(L as usize)?,
            gamma_sender: reader.scalars(L as usize)?,
        },
    };
    reader.end()?;
    Ok(message)
}

/// Write round 3.
pub fn encode_round3(message: &Broadcast3to4<C>) -> Vec<u8> {
    let mut out = Writer::with_capacity(ROUND3);
    out.scalar(&message.u).scalar(&message.w);
    out.finish()
}

/// Read round 3.
pub fn decode_round3(message: &[u8]) -> Read<Broadcast3to4<C>> {
    let mut reader = Reader::exact(message, ROUND3)?;
    let message = Broadcast3to4 { u: reader.scalar()?, w: reader.scalar()? };
    reader.end()?;
    Ok(message)
}
