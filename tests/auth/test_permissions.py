from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import pytest

from votive.auth import ActionRef, Decision, NotPermitted, Principal, decide
from votive.terms.block import Block
from votive.terms.errors import ErrorCode, WorldError

TOKEN = 0xABCDEF
BLOCK = Block(number=7, hash=b"\x07" * 32)
ALICE = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
BOB = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
PRIME = ActionRef(cid="QmPrime", multihash=b"\x12\x20" + b"\x01" * 32)
OTHER = ActionRef(cid="QmOther", multihash=b"\x12\x20" + b"\x02" * 32)


@dataclass
class Chain:
    """PKPPermissions as a table; remembers what it was asked."""

    owned_by: str | None = None
    actions: dict[bytes, Collection[int]] = field(default_factory=dict)
    addresses: dict[str, Collection[int]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def _note(self, question: str, token_id: int, block: Block) -> None:
        assert (token_id, block) == (TOKEN, BLOCK)
        self.asked.append(question)

    async def owner(self, token_id: int, block: Block) -> str | None:
        self._note("owner", token_id, block)
        return self.owned_by

    async def is_permitted_action(self, token_id: int, multihash: bytes, block: Block) -> tuple[bool, Collection[int]]:
        self._note("action", token_id, block)
        return multihash in self.actions, self.actions.get(multihash, ())

    async def is_permitted_address(self, token_id: int, address: str, block: Block) -> tuple[bool, Collection[int]]:
        self._note("address", token_id, block)
        return address in self.addresses, self.addresses.get(address, ())


async def ask(chain: Chain, *, address: str | None = None, action: ActionRef | None = None, personal: bool = False) -> Decision:
    return await decide(chain, Principal(address=address, action=action), token_id=TOKEN, block=BLOCK, personal_sign=personal)


async def test_a_key_signs_for_its_owner() -> None:
    assert (await ask(Chain(owned_by=ALICE), address=ALICE)).permitted
    assert (await ask(Chain(owned_by=ALICE.lower()), address=ALICE)).permitted


async def test_a_transfer_moves_the_right() -> None:
    chain = Chain(owned_by=ALICE)
    assert (await ask(chain, address=ALICE)).permitted
    chain.owned_by = BOB
    assert not (await ask(chain, address=ALICE)).permitted
    assert (await ask(chain, address=BOB)).permitted


async def test_a_burned_key_signs_for_its_action_and_for_nobody_else() -> None:
    burned = Chain(owned_by=None, actions={PRIME.multihash: {1}})
    assert (await ask(burned, address=ALICE, action=PRIME)).permitted
    assert (await ask(burned, action=PRIME)).permitted
    assert not (await ask(burned, address=ALICE, action=OTHER)).permitted
    assert not (await ask(burned, address=ALICE)).permitted


async def test_nobody_is_not_the_owner_of_a_burned_key() -> None:
    assert not (await ask(Chain(owned_by=None))).permitted
    assert not (await ask(Chain(owned_by="0x" + "0" * 40), address=None)).permitted


@pytest.mark.parametrize(
    ("scopes", "anything", "personal"),
    [((), False, False), ({1}, True, True), ({2}, False, True), ({1, 2}, True, True), ({0}, False, False), ({3, 255}, False, False)],
)
async def test_scopes_say_what_a_permission_is_for(scopes: Collection[int], anything: bool, personal: bool) -> None:
    chain = Chain(owned_by=BOB, actions={PRIME.multihash: scopes}, addresses={ALICE: scopes})
    assert (await ask(chain, action=PRIME)).permitted is anything
    assert (await ask(chain, action=PRIME, personal=True)).permitted is personal
    assert (await ask(chain, address=ALICE)).permitted is anything
    assert (await ask(chain, address=ALICE, personal=True)).permitted is personal


async def test_the_action_is_asked_first_then_the_owner_then_the_address() -> None:
    chain = Chain(owned_by=BOB, addresses={ALICE: {1}})
    assert (await ask(chain, address=ALICE, action=PRIME)).permitted
    assert chain.asked == ["action", "owner", "address"]


async def test_nothing_more_is_asked_once_permitted() -> None:
    chain = Chain(owned_by=ALICE, actions={PRIME.multihash: {1}})
    await ask(chain, address=ALICE, action=PRIME)
    await ask(chain, address=ALICE)
    assert chain.asked == ["action", "owner"]


async def test_a_refusal_names_each_alternative_with_what_was_seen_and_the_block() -> None:
    chain = Chain(owned_by=BOB, actions={PRIME.multihash: {2}})
    decision = await ask(chain, address=ALICE, action=PRIME)
    with pytest.raises(NotPermitted) as refusal:
        decision.require()
    assert (refusal.value.code, refusal.value.status) == (ErrorCode.SCOPE_TOO_LIMITED, 401)
    assert refusal.value.details == (
        {
            "tokenId": "0xabcdef",
            "permitted": False,
            "neededScopes": ["SIGN_ANYTHING"],
            "block": {"number": 7, "hash": "0x" + "07" * 32},
            "alternatives": [
                {
                    "asked": "is the action QmPrime permitted",
                    "seen": "yes, with the scopes: PERSONAL_SIGN; it needs SIGN_ANYTHING",
                    "permits": False,
                },
                {"asked": f"does {ALICE} own the token", "seen": f"its owner is {BOB}", "permits": False},
                {"asked": f"is the address {ALICE} permitted", "seen": "no", "permits": False},
            ],
        },
    )
    for part in ("QmPrime", ALICE, BOB, "block 7"):
        assert part in refusal.value.message


async def test_a_refusal_says_that_a_token_was_burned() -> None:
    assert "burned" in (await ask(Chain(), address=ALICE)).alternatives[0].seen


async def test_a_permitted_decision_requires_nothing_more() -> None:
    decision = await ask(Chain(owned_by=ALICE), address=ALICE)
    decision.require()
    assert decision.explanation()["permitted"] is True


async def test_a_chain_that_cannot_answer_permits_nothing() -> None:
    class Dark(Chain):
        async def owner(self, token_id: int, block: Block) -> str | None:
            raise WorldError("the chain is dark")

    with pytest.raises(WorldError):
        await ask(Dark(), address=ALICE)
