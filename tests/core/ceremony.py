"""Whole ceremonies among parties of one process, for the tests of the core. Every party holds only its own secrets."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypedDict, Unpack

from votive.core import DkgParty, KeyShare, PairSetup, PairTable, SealingKey, SigningParty
from votive.terms.participant import Seat, threshold_of

NETWORK = hashlib.sha256(b"a network of the tests").digest()
CONTEXT = hashlib.sha256(b"a batch of the tests").digest()
SESSION = hashlib.sha256(b"a signing session of the tests").digest()
SIGN_ID = hashlib.sha256(b"its first attempt").digest()
DIGEST = hashlib.sha256(b"what is signed").digest()
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

Messages = dict[Seat, bytes]
KeyShares = dict[Seat, KeyShare]


class Names(TypedDict, total=False):
    """What names an attempt, where it is not the usual one."""

    session: bytes
    sign_id: bytes
    digest: bytes


def to_receiver(receiver: Seat, sent: Mapping[Seat, Mapping[Seat, bytes]]) -> Messages:
    """What ``receiver`` gets of messages given as sender → receiver → bytes."""
    return {sender: messages[receiver] for sender, messages in sent.items() if sender != receiver}


def others(receiver: Seat, sent: Mapping[Seat, bytes]) -> Messages:
    """What ``receiver`` gets of broadcasts."""
    return {sender: message for sender, message in sent.items() if sender != receiver}


class Committee:
    """Seats with their X25519 keys and pair tables."""

    def __init__(self, numbers: Sequence[int], *, network: bytes = NETWORK, epoch: int = 1) -> None:
        self.seats = [Seat(number) for number in sorted(numbers)]
        self.threshold = threshold_of(len(self.seats))
        self.sealing = {seat: SealingKey.generate() for seat in self.seats}
        self.tables = {seat: PairTable(network=network, epoch=epoch, seat=seat, sealing=self.sealing[seat]) for seat in self.seats}
        self.counters: dict[tuple[Seat, Seat], int] = {}

    def dkg_parties(self, count: int = 1, *, context: bytes = CONTEXT, purpose: str = "pkp-ecdsa") -> dict[Seat, DkgParty]:
        """Fresh parties of one batch."""
        keys = {seat: key.public_key for seat, key in self.sealing.items()}
        return {
            seat: DkgParty(
                context=context,
                seat=seat,
                seats=self.seats,
                threshold=self.threshold,
                count=count,
                sealing=self.sealing[seat],
                peer_keys=others(seat, keys),
                purpose=purpose,
            )
            for seat in self.seats
        }

    def generate(self, count: int = 1, *, context: bytes = CONTEXT, purpose: str = "pkp-ecdsa") -> dict[Seat, list[KeyShare]]:
        """Run a whole batch; every seat's shares in the order of key numbers."""
        parties = self.dkg_parties(count, context=context, purpose=purpose)
        commits = {seat: party.commit() for seat, party in parties.items()}
        reveals = {seat: party.reveal() for seat, party in parties.items()}
        deals = {seat: party.deal(others(seat, commits), others(seat, reveals)) for seat, party in parties.items()}
        return {seat: party.finish(to_receiver(seat, deals)) for seat, party in parties.items()}

    def begin(self, first: Seat, second: Seat) -> tuple[PairSetup, PairSetup]:
        """Both sides of a fresh set-up."""
        pair = (first, second)
        counter = self.counters[pair] = self.counters.get(pair, 0) + 1

        def side(me: Seat, peer: Seat) -> PairSetup:
            return self.tables[me].begin(
                peer=peer,
                peer_boot_nonce=self.tables[peer].boot_nonce,
                peer_key=self.sealing[peer].public_key,
                counter=counter,
            )

        return side(first, second), side(second, first)

    def set_up(self, first: Seat, second: Seat) -> None:
        """Make one pair's set-up."""
        left, right = self.begin(first, second)
        left_commit, right_commit = left.commit(), right.commit()
        left_transfer, right_transfer = left.transfer(right_commit), right.transfer(left_commit)
        left_confirm, right_confirm = left.confirm(right_transfer), right.confirm(left_transfer)
        left.finish(right_confirm)
        right.finish(left_confirm)

    def set_up_all(self, numbers: Sequence[Seat] | None = None) -> None:
        """Make the set-ups of all pairs among ``numbers``, by default of all; two at a time, the GIL is free meanwhile."""
        with ThreadPoolExecutor(2) as pool:
            for made in [pool.submit(self.set_up, *pair) for pair in itertools.combinations(numbers or self.seats, 2)]:
                made.result()

    def signing_parties(
        self,
        shares: KeyShares,
        signers: Sequence[Seat] | None = None,
        *,
        session: bytes = SESSION,
        sign_id: bytes = SIGN_ID,
        digest: bytes = DIGEST,
    ) -> dict[Seat, SigningParty]:
        """Fresh parties of one attempt; by default the lowest t seats."""
        chosen = list(signers or self.seats[: self.threshold])
        return {
            seat: SigningParty(table=self.tables[seat], share=shares[seat], signers=chosen, session=session, sign_id=sign_id, digest=digest)
            for seat in chosen
        }

    def sign(self, shares: KeyShares, signers: Sequence[Seat] | None = None, **names: Unpack[Names]) -> tuple[bytes, bytes, int]:
        """Run a whole signature; all signers hold the same result."""
        parties = self.signing_parties(shares, signers, **names)
        results = finish(parties, round3(parties, round2(parties, round1(parties))))
        assert len(set(results.values())) == 1
        return next(iter(results.values()))


def round1(parties: Mapping[Seat, SigningParty]) -> dict[Seat, Messages]:
    return {seat: party.round1() for seat, party in parties.items()}


def round2(parties: Mapping[Seat, SigningParty], sent: Mapping[Seat, Messages]) -> dict[Seat, Messages]:
    return {seat: party.round2(to_receiver(seat, sent)) for seat, party in parties.items()}


def round3(parties: Mapping[Seat, SigningParty], sent: Mapping[Seat, Messages]) -> dict[Seat, bytes]:
    return {seat: party.round3(to_receiver(seat, sent)) for seat, party in parties.items()}


def finish(parties: Mapping[Seat, SigningParty], sent: Mapping[Seat, bytes]) -> dict[Seat, tuple[bytes, bytes, int]]:
    return {seat: party.finish(others(seat, sent)) for seat, party in parties.items()}


def key_shares(generated: Mapping[Seat, list[KeyShare]], number: int = 0) -> KeyShares:
    """The shares of one key of a batch."""
    return {seat: shares[number] for seat, shares in generated.items()}
