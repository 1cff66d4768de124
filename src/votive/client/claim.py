"""Claiming a key: the word of t nodes that a name is somebody's, verified against the registry, and the mint that it is good for.

A claimed key follows from its name alone (docs/protocol/derive.md): its public key is computed here, before anybody mints it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from votive.client.ask import Answer, Node
from votive.client.refusal import Fault, Unusable
from votive.client.registry import Committee, Registry
from votive.client.request import ShowMethods
from votive.client.results import KeyClaim
from votive.core import derive_public_key, recover_wallet
from votive.terms.claim import ANYONE, action_key_id, claim_digest
from votive.terms.encoding import bytes_of, hex0x
from votive.terms.ethereum import address_of_text, eth_address_of

PATH = "/web/pkp/claim"


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """One node's signature, verified."""

    seat: int
    derived_key_id: bytes
    minter: str
    """Checksummed, or ``ANYONE``."""
    signature: bytes

    @property
    def subject(self) -> tuple[bytes, str]:
        """What it is about: only words about the same add up."""
        return self.derived_key_id, self.minter


class Notaries(msgspec.Struct, frozen=True, kw_only=True):
    """Whose words count: the nodes' wallets as the registry has them."""

    nodes: tuple[Node, ...]
    threshold: int
    chain_id: int
    router: str
    """Address of the PubkeyRouter, to which every word is bound."""

    def word(self, seat: int, entry: Any, *, minter: str) -> Word:
        """Read ``{signature, derivedKeyId}`` of the node at ``seat``; Unusable if it is not signed by its wallet, for ``minter``."""
        try:
            derived_key_id, signature = (bytes_of(entry[name].strip('"')) for name in ("derivedKeyId", "signature"))
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise Unusable("its claim lacks signature or derivedKeyId in hex") from error
        if len(derived_key_id) != 32 or len(signature) != 65:
            raise Unusable("its claim's signature has not 65 bytes, or its derivedKeyId not 32")
        addresses = [address_of_text(node.address) for node in self.nodes if node.seat == seat]
        if self._signer(derived_key_id, minter, signature) not in addresses:
            raise Unusable("its claim is not signed by the wallet that the registry has for it")
        return Word(seat=seat, derived_key_id=derived_key_id, minter=minter, signature=signature)

    def word_of_run(self, cid: str, seat: int, key_id: str, entry: Any) -> Word:
        """Read the same of an action's run, which says for whom it is; Unusable if it is another key's than ``key_id`` of ``cid``."""
        try:
            word = self.word(seat, entry, minter=address_of_text(entry["minter"]))
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise Unusable("its claim says not for whom it is") from error
        if word.derived_key_id != action_key_id(cid, key_id):
            raise Unusable("its claim is for another key than the action's")
        return word

    def _signer(self, derived_key_id: bytes, minter: str, signature: bytes) -> str | None:
        digest = claim_digest(derived_key_id, minter=minter, chain_id=self.chain_id, router=self.router)
        key = recover_wallet(digest, signature)
        return None if key is None else eth_address_of(key)

    def together(self, words: Sequence[Word], roots: Sequence[bytes]) -> KeyClaim | None:
        """Make one claim of the words about the subject that most are about; None if they are fewer than t."""
        by_subject: dict[tuple[bytes, str], dict[int, Word]] = {}
        for word in words:
            by_subject.setdefault(word.subject, {})[word.seat] = word
        agreed = max(by_subject.values(), key=len, default={})
        if len(agreed) < self.threshold:
            return None
        (derived_key_id, minter), seats = next(iter(agreed.values())).subject, sorted(agreed)
        return KeyClaim(
            derived_key_id=hex0x(derived_key_id),
            minter=None if minter == ANYONE else minter,
            public_key=hex0x(derive_public_key(roots, derived_key_id)),
            signatures=tuple(hex0x(agreed[seat].signature) for seat in seats),
            nodes=tuple(seats),
        )


def notaries_of(registry: Registry, committee: Committee) -> Notaries:
    """The nodes of ``committee``, for claims of this network."""
    return Notaries(
        nodes=committee.nodes, threshold=committee.threshold, chain_id=registry.chain_id, router=registry.contracts.pubkey_router
    )


async def claims_of(claimed: Sequence[Mapping[str, Word]], notaries: Notaries, registry: Registry) -> dict[str, KeyClaim]:
    """Put together what equal runs claimed under each name, as far as t nodes signed it."""
    if not claimed[0]:
        return {}
    roots = await registry.root_keys()
    claims = {name: notaries.together([words[name] for words in claimed], roots) for name in claimed[0]}
    return {name: claim for name, claim in claims.items() if claim is not None}


class Claiming:
    """Gathers the nodes' words until t of them agree."""

    def __init__(self, notaries: Notaries, minter: str) -> None:
        self._notaries, self._minter = notaries, minter
        self._words: dict[int, Word] = {}
        self._faults: dict[int, Fault] = {}

    async def enough(self, answers: Sequence[Answer]) -> bool:
        """Take the answers that are new; say whether t nodes agree."""
        for answer in answers:
            if answer.ok and answer.seat not in self._words and answer.seat not in self._faults:
                self._take(answer)
        subjects = [word.subject for word in self._words.values()]
        return max((subjects.count(subject) for subject in subjects), default=0) >= self._notaries.threshold

    def _take(self, answer: Answer) -> None:
        try:
            self._words[answer.seat] = self._notaries.word(answer.seat, answer.body, minter=self._minter)
        except Unusable as error:
            self._faults[answer.seat] = Fault(seat=answer.seat, reason=str(error))

    @property
    def words(self) -> tuple[Word, ...]:
        """What came so far."""
        return tuple(self._words.values())

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Who gave something else."""
        return tuple(self._faults.values())


def one_method(show: ShowMethods) -> ShowMethods:
    """Show the one method of ``show`` as a claim names it, ``authMethod``."""

    def shown(resource: str) -> Mapping[str, Any]:
        (method,) = show(resource)["authMethods"]
        return {"authMethod": method}

    return shown
