//! One node's part in one attempt at one signature: DKLs23 Protocol 3.6, three rounds, each behind the table's gate.

use std::sync::Arc;

use k256::elliptic_curve::ops::Reduce;
use k256::Scalar;

use super::engine::{Attempt, Engine, Fault, Messages, Step};
use super::table::{Table, Uses};
use super::verify;
use crate::error::{Error, Result};
use crate::purpose::Purpose;
use crate::share::KeyShare;
use crate::transcript::{HashInput, SigningAttempt};
use crate::Seat;

/// What names an attempt.
#[derive(Clone, Copy, Debug)]
pub struct AttemptId {
    /// Session of the signature.
    pub session: [u8; 32],
    /// H(session, attempt, H(proposal)).
    pub sign_id: [u8; 32],
    /// What is signed.
    pub digest: [u8; 32],
}

/// A verified signature: r, low s, parity of R's y.
pub type Signature = ([u8; 32], [u8; 32], u8);

enum Stage<E: Engine> {
    Fresh,
    Nonce(E::Nonce),
    Masked(E::Masked),
    Point(E::Point),
    Over,
}

/// The party of one attempt. Each method runs once, in the order written here; nonces are taken out before they are used.
pub struct SigningParty<E: Engine> {
    table: Arc<Table<E>>,
    share: KeyShare,
    others: Vec<Seat>,
    id: AttemptId,
    uses: Uses,
    stage: Stage<E>,
}

impl<E: Engine> std::fmt::Debug for SigningParty<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningParty(seat {} with {:?}, …)", self.share.seat(), self.others)
    }
}

impl<E: Engine> SigningParty<E> {
    /// Assemble a party from a share and the live set-ups with the other signers.
    pub fn new(table: Arc<Table<E>>, share: KeyShare, signers: &[Seat], id: AttemptId) -> Result<Self> {
        table.check_process()?;
        share.purpose().require(Purpose::PkpEcdsa)?;
        check_signers(&table, &share, signers)?;
        if <Scalar as Reduce<k256::FieldBytes>>::reduce(&id.digest.into()) == Scalar::ZERO {
            return Err(Error::input("a digest that is 0 modulo the group's order is not signed"));
        }
        let others: Vec<Seat> = signers.iter().copied().filter(|seat| *seat != table.seat()).collect();
        let uses = table.choose(&others)?;
        Ok(Self { table, share, others, id, uses, stage: Stage::Fresh })
    }

    fn advance(&mut self) -> Stage<E> {
        std::mem::replace(&mut self.stage, Stage::Over)
    }

    fn attempt(&self) -> Result<Attempt<'_, E>> {
        self.table.check_process()?;
        Ok(Attempt {
            others: &self.others,
            session: self.table.engine_session(),
            sign_id: SigningAttempt { session: &self.id.session, sign_id: &self.id.sign_id }.hash(),
            digest: self.id.digest,
            share: &self.share,
            correlations: self.table.borrow(&self.uses)?,
        })
    }

    fn expect_others(&self, received: &Messages) -> Result<()> {
        if received.keys().eq(self.others.iter()) {
            Ok(())
        } else {
            Err(Error::input("a round of signing takes one message of exactly each other signer"))
        }
    }

    /// Round 1: commitment to R_i and the OT extension, for each other signer.
    pub fn round1(&mut self) -> Result<Messages> {
        let Stage::Fresh = self.advance() else { return Err(spent("round1")) };
        let (nonce, messages) = E::round1(&self.attempt()?).map_err(|fault| self.judge(fault))?;
        let messages = self.table.release(&self.uses, messages)?;
        self.stage = Stage::Nonce(nonce);
        Ok(messages)
    }

    /// Round 2, behind the ticket gate: check round 1; decommitment and multiplication for each other signer.
    pub fn round2(&mut self, received: &Messages) -> Result<Messages> {
        let Stage::Nonce(nonce) = self.advance() else { return Err(spent("round2")) };
        self.expect_others(received)?;
        let table = Arc::clone(&self.table);
        let tickets = table.enter(&self.uses)?;
        let computed: Step<_> = {
            let attempt = self.attempt()?;
            E::round2(&attempt, nonce, received)
        };
        // The tickets are still open while a fault is judged: the set-up is gone before any waiting answer can move.
        let (masked, messages) = computed.map_err(|fault| self.judge(fault))?;
        let messages = tickets.pass(messages)?;
        self.stage = Stage::Masked(masked);
        Ok(messages)
    }

    /// Round 3: check round 2; (u_i, w_i) for all.
    pub fn round3(&mut self, received: &Messages) -> Result<Vec<u8>> {
        let Stage::Masked(masked) = self.advance() else { return Err(spent("round3")) };
        self.expect_others(received)?;
        let (point, broadcast) = E::round3(&self.attempt()?, masked, received).map_err(|fault| self.judge(fault))?;
        let broadcast = self.table.release(&self.uses, broadcast)?;
        self.stage = Stage::Point(point);
        Ok(broadcast)
    }

    /// Combine, make s low, rebuild R, verify. No set-up is touched, so a set-up that died meanwhile does not matter.
    pub fn finish(&mut self, received: &Messages) -> Result<Signature> {
        let Stage::Point(point) = self.advance() else { return Err(spent("finish")) };
        self.table.check_process()?;
        self.expect_others(received)?;
        let attempt = Attempt {
            others: &self.others,
            session: self.table.engine_session(),
            sign_id: self.id.sign_id,
            digest: self.id.digest,
            share: &self.share,
            correlations: std::collections::BTreeMap::new(),
        };
        let (r, s) = E::combine(&attempt, &point, received).map_err(error)?;
        verify::finish(&self.share.public_point()?, &self.id.digest, &r, &s)
            .ok_or_else(|| Error::nobody("the combined signature does not verify: some signer's last message is wrong; try another set"))
    }

    /// Turn a fault into an error; a failed check destroys that pair's set-up first.
    fn judge(&self, fault: Fault) -> Error {
        match &fault {
            Fault::Check(culprit, _) => self.table.fail(&self.uses, *culprit).err().unwrap_or_else(|| error(fault)),
            Fault::Panicked => {
                self.table.fail_all(&self.uses);
                error(fault)
            }
            _ => error(fault),
        }
    }
}

fn check_signers<E: Engine>(table: &Table<E>, share: &KeyShare, signers: &[Seat]) -> Result<()> {
    if share.seat() != table.seat() {
        return Err(Error::input("the key share is another seat's than the table's"));
    }
    if !signers.windows(2).all(|pair| pair[0] < pair[1]) || !signers.iter().all(|seat| share.verification_shares().contains_key(seat)) {
        return Err(Error::input("signers are ascending, distinct seats that hold a share of the key"));
    }
    if signers.len() != usize::from(share.threshold()) || !signers.contains(&table.seat()) {
        return Err(Error::input(format!("a signing set has exactly {} seats, ours among them", share.threshold())));
    }
    Ok(())
}

fn spent(step: &str) -> Error {
    Error::Spent(format!("signing: {step} was called out of order or twice; start a new attempt"))
}

fn error(fault: Fault) -> Error {
    match fault {
        Fault::Check(seat, message) => {
            Error::CheckFailed { culprits: vec![seat], message: format!("signing: {message}; the set-up with seat {seat} is destroyed") }
        }
        Fault::Malformed(seat, message) => Error::fault_of(seat, format!("signing: the message of seat {seat} is refused: {message}")),
        Fault::Peer(seat, message) => Error::fault_of(seat, format!("signing: {message}")),
        Fault::Nobody(message) => Error::nobody(format!("signing: {message}")),
        Fault::Own(message) => Error::Own(format!("signing: {message}")),
        Fault::Panicked => Error::nobody("signing: the engine could not handle a message; the set-ups in use are destroyed"),
    }
}
