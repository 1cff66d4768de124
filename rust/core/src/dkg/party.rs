//! One node's part in one batch, a round a method.

use std::collections::{BTreeMap, BTreeSet};

use frost_core::keys::dkg::{self, round1, round2};
use frost_core::keys::{KeyPackage, PublicKeyPackage};
use frost_core::{Error as FrostError, Identifier};
use zeroize::Zeroizing;

use super::suite::{within, Suite};
use super::wire;
use crate::codec::{Malformed, Reader, Writer};
use crate::curve;
use crate::error::{Error, Result};
use crate::hpke::{PeerKey, Route, SealingKey, PUBLIC_KEY};
use crate::process::{guarded, wiped};
use crate::purpose::Purpose;
use crate::random::{self, System};
use crate::share::KeyShare;
use crate::transcript::{DkgCommitment, DkgKey, HashInput, Seats};
use crate::Seat;

/// Most keys in a batch.
pub const LARGEST_BATCH: usize = 1000;
/// Number of the deal in the associated data.
const DEAL_ROUND: u64 = 2;

type Packages<C> = BTreeMap<Identifier<C>, round1::Package<C>>;
type Dealt<C> = BTreeMap<Identifier<C>, round2::Package<C>>;

/// What all nodes of a batch agree on, with our keys and our peers'.
pub struct Batch {
    /// Names network, epoch, batch, purpose and deadline, 32 bytes.
    pub context: [u8; 32],
    /// What the keys are for; decides their curve.
    pub purpose: Purpose,
    /// Ours.
    pub seat: Seat,
    /// All, ascending.
    pub seats: Vec<Seat>,
    /// t.
    pub threshold: u8,
    /// B.
    pub count: usize,
    /// Our X25519 key.
    pub sealing: SealingKey,
    /// The other seats' X25519 keys.
    pub peers: BTreeMap<Seat, PeerKey>,
}

impl Batch {
    fn check(&self) -> Result<()> {
        let distinct: BTreeSet<Seat> = self.seats.iter().copied().collect();
        if !self.seats.iter().eq(distinct.iter()) || distinct.contains(&0) {
            return Err(Error::input("the seats of a batch are ascending, distinct and within 1…255"));
        }
        if !distinct.contains(&self.seat) {
            return Err(Error::input("our own seat is not in the batch"));
        }
        if self.threshold < 2 || usize::from(self.threshold) > self.seats.len() {
            return Err(Error::input("a threshold is at least 2 and at most the number of seats"));
        }
        if !(1..=LARGEST_BATCH).contains(&self.count) {
            return Err(Error::input(format!("a batch has 1 to {LARGEST_BATCH} keys")));
        }
        if !self.peers.keys().eq(self.others().collect::<Vec<_>>().iter()) {
            return Err(Error::input("an X25519 key is needed of exactly each other seat"));
        }
        Ok(())
    }

    fn others(&self) -> impl Iterator<Item = Seat> + '_ {
        self.seats.iter().copied().filter(|seat| *seat != self.seat)
    }

    fn expect_others(&self, messages: &BTreeMap<Seat, Vec<u8>>) -> Result<()> {
        if messages.keys().copied().eq(self.others()) {
            Ok(())
        } else {
            Err(Error::input("a round of key generation takes one message of exactly each other seat"))
        }
    }

    fn key_context(&self, number: usize) -> [u8; 32] {
        DkgKey {
            context: &self.context,
            purpose: self.purpose.name().as_bytes(),
            key_number: number as u64,
            threshold: self.threshold.into(),
            seats: Seats(&self.seats),
        }
        .hash()
    }

    fn commitment(&self, sender: Seat, reveal: &[u8]) -> [u8; 32] {
        DkgCommitment {
            context: &self.context,
            sender: sender.into(),
            threshold: self.threshold.into(),
            count: self.count as u64,
            seats: Seats(&self.seats),
            reveal,
        }
        .hash()
    }

    fn route(&self, sender: Seat, receiver: Seat) -> Route<'_> {
        Route { session: &self.context, round: DEAL_ROUND, sender, receiver }
    }
}

fn identifier<C: Suite>(seat: Seat) -> Result<Identifier<C>> {
    Identifier::try_from(u16::from(seat)).map_err(|_| Error::input("seat 0 is nobody's"))
}

/// Where the party stands. The secret is taken out before a round uses it and never put back.
enum Stage<C: Suite> {
    Fresh,
    Committed { secrets: Vec<round1::SecretPackage<C>>, reveal: Vec<u8> },
    Revealed { secrets: Vec<round1::SecretPackage<C>> },
    Dealt { secrets: Vec<round2::SecretPackage<C>>, packages: Vec<Packages<C>> },
    Over,
}

/// One node's part in one batch. Each method runs once, in the order written here.
pub struct Party<C: Suite> {
    batch: Batch,
    stage: Stage<C>,
}

impl<C: Suite> std::fmt::Debug for Party<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "dkg::Party(seat {}, {} of {}, {} keys, …)",
            self.batch.seat,
            self.batch.threshold,
            self.batch.seats.len(),
            self.batch.count
        )
    }
}

impl<C: Suite> Party<C> {
    /// Prepare.
    pub fn new(batch: Batch) -> Result<Self> {
        batch.check()?;
        if batch.purpose.curve() != C::CURVE {
            return Err(Error::input(format!("keys of purpose {} are on another curve", batch.purpose.name())));
        }
        Ok(Self { batch, stage: Stage::Fresh })
    }

    /// The batch.
    pub fn batch(&self) -> &Batch {
        &self.batch
    }

    fn advance(&mut self) -> Stage<C> {
        std::mem::replace(&mut self.stage, Stage::Over)
    }

    /// Round 0: draw the polynomials of all keys, prove their constant terms, commit.
    pub fn commit(&mut self) -> Result<[u8; 32]> {
        let Stage::Fresh = self.advance() else { return Err(spent("commit")) };
        let batch = &self.batch;
        let n = u16::try_from(batch.seats.len()).map_err(|_| Error::input("too many seats"))?;
        let mut out = Writer::with_capacity(wire::reveal_length(C::CURVE, batch.count, batch.threshold));
        out.put(&random::bytes::<{ wire::SALT }>());
        let mut secrets = Vec::with_capacity(batch.count);
        for number in 0..batch.count {
            let me = identifier::<C>(batch.seat)?;
            let part1 = || within(batch.key_context(number), || dkg::part1::<C, _>(me, n, batch.threshold.into(), System));
            let (secret, package) = wiped(part1).map_err(own)?;
            wire::put_package(&mut out, &package).map_err(|error| Error::Own(error.to_string()))?;
            secrets.push(secret);
        }
        let reveal = out.finish();
        let commitment = batch.commitment(batch.seat, &reveal);
        self.stage = Stage::Committed { secrets, reveal };
        Ok(commitment)
    }

    /// Round 1: open the commitment.
    pub fn reveal(&mut self) -> Result<Vec<u8>> {
        let Stage::Committed { secrets, reveal } = self.advance() else { return Err(spent("reveal")) };
        self.stage = Stage::Revealed { secrets };
        Ok(reveal)
    }

    /// Check the reveals against their commitments; round 2: deal our shares, sealed.
    pub fn deal(&mut self, commitments: &BTreeMap<Seat, Vec<u8>>, reveals: &BTreeMap<Seat, Vec<u8>>) -> Result<BTreeMap<Seat, Vec<u8>>> {
        let Stage::Revealed { secrets } = self.advance() else { return Err(spent("deal")) };
        let batch = &self.batch;
        batch.expect_others(commitments)?;
        batch.expect_others(reveals)?;
        let packages = open_reveals(batch, commitments, reveals)?;
        let mut rounds2 = Vec::with_capacity(batch.count);
        let mut shares = Vec::with_capacity(batch.count);
        for (number, (secret, packages)) in secrets.into_iter().zip(&packages).enumerate() {
            let part2 = guarded(|| within(batch.key_context(number), || dkg::part2::<C>(secret, packages)));
            let (secret, dealt) = part2.ok_or_else(panicked)?.map_err(|error| blame(batch, error))?;
            rounds2.push(secret);
            shares.push(dealt);
        }
        let sealed = wiped(|| seal_shares(batch, &shares))?;
        self.stage = Stage::Dealt { secrets: rounds2, packages };
        Ok(sealed)
    }

    /// Open and check the shares dealt to us; sum them up.
    pub fn finish(&mut self, deals: &BTreeMap<Seat, Vec<u8>>) -> Result<Vec<KeyShare>> {
        let Stage::Dealt { secrets, packages } = self.advance() else { return Err(spent("finish")) };
        let batch = &self.batch;
        batch.expect_others(deals)?;
        let dealt = wiped(|| open_deals(batch, deals))?;
        let mut keys = Vec::with_capacity(batch.count);
        for ((secret, packages), dealt) in secrets.iter().zip(&packages).zip(&dealt) {
            let part3 = guarded(|| dkg::part3::<C>(secret, packages, dealt)).ok_or_else(panicked)?;
            let (ours, public) = part3.map_err(|error| blame_dealers(batch, error, secret, packages, dealt))?;
            keys.push(wiped(|| key_share(batch, &ours, &public))?);
        }
        Ok(keys)
    }
}

fn spent(step: &str) -> Error {
    Error::Spent(format!("key generation: {step} was called out of order or twice; start a new batch"))
}

fn panicked() -> Error {
    Error::nobody("key generation met a message that the library cannot handle; the batch is over")
}

fn own<C: Suite>(error: FrostError<C>) -> Error {
    Error::Own(format!("key generation failed here: {error}"))
}

/// Turn frost's error into ours; its culprits are our seats.
fn blame<C: Suite>(batch: &Batch, error: FrostError<C>) -> Error {
    let guilty = error.culprits();
    let culprits = batch.others().filter(|seat| identifier(*seat).is_ok_and(|id| guilty.contains(&id))).collect();
    Error::PeerFault { culprits, message: format!("key generation: {error}") }
}

/// Name every dealer whose share of this key does not fit its commitment, not only the first that frost met.
fn blame_dealers<C: Suite>(
    batch: &Batch,
    error: FrostError<C>,
    secret: &round2::SecretPackage<C>,
    packages: &Packages<C>,
    dealt: &Dealt<C>,
) -> Error {
    let fits = |dealer: &Identifier<C>| {
        let (package, share) = (packages.get(dealer)?, dealt.get(dealer)?);
        let share = frost_core::keys::SecretShare::new(*secret.identifier(), *share.signing_share(), package.commitment().clone());
        share.verify().ok()
    };
    let wrong = |seat: &Seat| identifier(*seat).is_ok_and(|dealer| fits(&dealer).is_none());
    let culprits: Vec<Seat> = batch.others().filter(wrong).collect();
    Error::PeerFault { culprits, message: format!("key generation: a dealt share does not fit its commitment: {error}") }
}

/// Collect the faults of all peers before failing.
struct Faults(Vec<(Seat, String)>);

impl Faults {
    fn check(self) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let (culprits, reasons): (Vec<Seat>, Vec<String>) = self.0.into_iter().unzip();
        Err(Error::PeerFault { culprits, message: format!("key generation: {}", reasons.join("; ")) })
    }
}

fn open_reveals<C: Suite>(
    batch: &Batch,
    commitments: &BTreeMap<Seat, Vec<u8>>,
    reveals: &BTreeMap<Seat, Vec<u8>>,
) -> Result<Vec<Packages<C>>> {
    let mut keys: Vec<Packages<C>> = (0..batch.count).map(|_| Packages::new()).collect();
    let mut faults = Faults(Vec::new());
    for (sender, reveal) in reveals {
        match open_reveal(batch, *sender, &commitments[sender], reveal) {
            Ok(packages) => {
                let id = identifier(*sender)?;
                keys.iter_mut().zip(packages).for_each(|(key, package)| {
                    key.insert(id, package);
                });
            }
            Err(error) => faults.0.push((*sender, format!("the reveal of seat {sender} is refused: {error}"))),
        }
    }
    faults.check()?;
    Ok(keys)
}

fn open_reveal<C: Suite>(
    batch: &Batch,
    sender: Seat,
    commitment: &[u8],
    reveal: &[u8],
) -> std::result::Result<Vec<round1::Package<C>>, Malformed> {
    let mut reader = Reader::exact(reveal, wire::reveal_length(C::CURVE, batch.count, batch.threshold))?;
    if !curve::equal(&batch.commitment(sender, reveal), commitment) {
        return Err(Malformed("it does not open its commitment"));
    }
    reader.take(wire::SALT)?;
    let packages = (0..batch.count).map(|_| wire::take_package(&mut reader, batch.threshold)).collect::<std::result::Result<_, _>>()?;
    reader.end()?;
    Ok(packages)
}

fn seal_shares<C: Suite>(batch: &Batch, shares: &[Dealt<C>]) -> Result<BTreeMap<Seat, Vec<u8>>> {
    let mut sealed = BTreeMap::new();
    for (receiver, key) in &batch.peers {
        let (id, route) = (identifier(*receiver)?, batch.route(batch.seat, *receiver));
        let (encapsulation, mut sealer) = batch.sealing.seal_to(key, route)?;
        let mut out = Writer::with_capacity(wire::deal_length(batch.count));
        out.put(&encapsulation);
        for (number, dealt) in shares.iter().enumerate() {
            let share = dealt.get(&id).ok_or_else(|| Error::Own("key generation dealt no share to a peer".into()))?;
            out.put(&sealer.seal(route, number as u64, &wire::share_bytes(share))?);
        }
        sealed.insert(*receiver, out.finish());
    }
    Ok(sealed)
}

fn open_deals<C: Suite>(batch: &Batch, deals: &BTreeMap<Seat, Vec<u8>>) -> Result<Vec<Dealt<C>>> {
    let mut keys: Vec<Dealt<C>> = (0..batch.count).map(|_| BTreeMap::new()).collect();
    let mut faults = Faults(Vec::new());
    for (dealer, deal) in deals {
        match open_deal(batch, *dealer, deal) {
            Ok(packages) => {
                let id = identifier(*dealer)?;
                keys.iter_mut().zip(packages).for_each(|(key, package)| {
                    key.insert(id, package);
                });
            }
            Err(error) => faults.0.push((*dealer, format!("the deal of seat {dealer} is refused: {error}"))),
        }
    }
    faults.check()?;
    Ok(keys)
}

fn open_deal<C: Suite>(batch: &Batch, dealer: Seat, deal: &[u8]) -> std::result::Result<Vec<round2::Package<C>>, Malformed> {
    const CLOSED: Malformed = Malformed("it does not open");
    let mut reader = Reader::exact(deal, wire::deal_length(batch.count))?;
    let route = batch.route(dealer, batch.seat);
    let mut opener = batch.sealing.open_from(&batch.peers[&dealer], reader.take(PUBLIC_KEY)?, route).ok_or(CLOSED)?;
    let mut open = |number: usize| {
        let share = opener.open(route, number as u64, reader.take(wire::SEALED_SHARE)?).ok_or(CLOSED)?;
        wire::share_package(&share)
    };
    (0..batch.count).map(&mut open).collect()
}

/// The one bridge from frost's types to ours: by bytes.
fn key_share<C: Suite>(batch: &Batch, ours: &KeyPackage<C>, public: &PublicKeyPackage<C>) -> Result<KeyShare> {
    let missing = || Error::Own("frost gave no verification share for a seat".into());
    let mut verification_shares = BTreeMap::new();
    for seat in &batch.seats {
        let share = public.verifying_shares().get(&identifier(*seat)?).ok_or_else(missing)?;
        verification_shares.insert(*seat, share.serialize().map_err(own)?);
    }
    let public_key = public.verifying_key().serialize().map_err(own)?;
    let secret = Zeroizing::new(ours.signing_share().serialize());
    Ok(KeyShare::new(batch.purpose, batch.seat, batch.threshold, public_key, verification_shares, secret))
}
