from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import pytest

from votive.auth import ActionRef, Decision, Grant, NotPermitted, ProvenMethod, decide
from votive.terms.auth_method import method_id
from votive.terms.block import Block
from votive.terms.capability import EVERYTHING, NOTHING, Ability, Capabilities, Resource
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
    methods: dict[tuple[int, bytes], Collection[int]] = field(default_factory=dict)
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

    async def is_permitted_method(self, token_id: int, method_type: int, method_id: bytes, block: Block) -> tuple[bool, Collection[int]]:
        self._note("method", token_id, block)
        return (method_type, method_id) in self.methods, self.methods.get((method_type, method_id), ())


def a_user(name: str, method_type: int = 6) -> ProvenMethod:
    return ProvenMethod(type=method_type, id=method_id(name, "app"), user_id=name, app_id="app")


async def ask(
    chain: Chain,
    *,
    address: str | None = None,
    action: ActionRef | None = None,
    methods: tuple[ProvenMethod, ...] = (),
    capabilities: Capabilities = EVERYTHING,
    personal: bool = False,
    key: str | None = None,
) -> Decision:
    actions = () if action is None else (action,)
    grant = Grant(address=address, methods=methods, actions=actions, capabilities=capabilities, issued_at=0.0, expires_at=1.0)
    return await decide(chain, grant, token_id=TOKEN, block=BLOCK, personal_sign=personal, key_address=key)


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
            "tokenId": "0x" + "0" * 58 + "abcdef",
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
    for part in ("QmPrime", ALICE, BOB, f"token 0x{'0' * 58}abcdef ", "block 7"):
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


# Authentication methods


async def test_a_key_signs_for_a_permitted_method_by_its_scopes() -> None:
    carol = a_user("carol")
    chain = Chain(owned_by=BOB, methods={(6, carol.id): {2}})
    assert not (await ask(chain, methods=(carol,))).permitted
    assert (await ask(chain, methods=(carol,), personal=True)).permitted
    assert not (await ask(chain, methods=(a_user("mallory"),), personal=True)).permitted
    assert not (await ask(chain, methods=(a_user("carol", method_type=5),), personal=True)).permitted


@pytest.mark.parametrize("form", [0, 1, 2])
async def test_a_wallet_may_be_permitted_as_a_method_under_any_of_its_names(form: int) -> None:
    wallet = ProvenMethod(type=1, id=bytes.fromhex(ALICE[2:]), user_id=ALICE, app_id="lit")
    chain = Chain(owned_by=BOB, methods={(1, wallet.ids[form]): {1}})
    assert (await ask(chain, methods=(wallet,))).permitted


async def test_a_proven_wallet_that_owns_the_token_is_its_owner() -> None:
    wallet = ProvenMethod(type=1, id=bytes.fromhex(ALICE[2:]), user_id=ALICE, app_id="lit")
    assert (await ask(Chain(owned_by=ALICE), methods=(wallet,))).permitted
    assert not (await ask(Chain(owned_by=BOB), methods=(wallet,))).permitted


async def test_an_action_that_opened_the_session_counts_as_the_method_it_was() -> None:
    opened = ProvenMethod(type=2, id=PRIME.multihash, user_id=PRIME.cid, app_id="")
    chain = Chain(owned_by=BOB, methods={(2, PRIME.multihash): {1}})
    assert (await ask(chain, methods=(opened,))).permitted


async def test_a_key_never_vouches_for_itself() -> None:
    """A method that may sign messages only would sign anything, if the key it speaks for owned itself or were permitted to itself."""
    carol = a_user("carol")
    for chain in (
        Chain(owned_by=ALICE, methods={(6, carol.id): {2}}),
        Chain(owned_by=BOB, addresses={ALICE: {1}}, methods={(6, carol.id): {2}, (1, bytes.fromhex(ALICE[2:])): {1}}),
    ):
        wallet = ProvenMethod(type=1, id=bytes.fromhex(ALICE[2:]), user_id=ALICE, app_id="lit")
        decision = await ask(chain, address=ALICE, methods=(carol, wallet), key=ALICE)
        assert not decision.permitted
        assert "own address" in str(decision.explanation())
        assert (await ask(chain, address=ALICE, methods=(carol,), key=ALICE, personal=True)).permitted


# Capabilities


async def test_whoever_speaks_for_the_caller_needs_the_capability_to_sign_with_this_key() -> None:
    carol = a_user("carol")
    chain = Chain(owned_by=ALICE, addresses={ALICE: {1}}, methods={(6, carol.id): {1}})
    other = Capabilities.of((Ability.PKP_SIGNING, Resource.pkp(TOKEN + 1)), (Ability.ACTION_EXECUTION, Resource.every("lit-litaction")))
    for capabilities in (NOTHING, other):
        decision = await ask(chain, address=ALICE, methods=(carol,), capabilities=capabilities)
        assert not decision.permitted
        assert chain.asked == []
    assert f"{TOKEN + 1:064x}" in str(decision.explanation())
    this = Capabilities.of((Ability.PKP_SIGNING, Resource.pkp(TOKEN)))
    assert (await ask(chain, address=ALICE, capabilities=this)).permitted
    assert (await ask(chain, methods=(carol,), capabilities=this)).permitted


async def test_an_action_that_runs_signs_by_its_own_permission_whatever_the_session_may_sign() -> None:
    chain = Chain(owned_by=BOB, actions={PRIME.multihash: {1}})
    running = Capabilities.of((Ability.ACTION_EXECUTION, Resource.action(PRIME.cid)))
    assert (await ask(chain, address=ALICE, action=PRIME, capabilities=running)).permitted
    assert not (await ask(chain, address=ALICE, action=OTHER, capabilities=running)).permitted


def test_a_grant_runs_only_what_its_capabilities_name() -> None:
    grant = Grant(
        address=ALICE,
        capabilities=Capabilities.of((Ability.ACTION_EXECUTION, Resource.action(PRIME.cid))),
        issued_at=0.0,
        expires_at=1.0,
    )
    assert grant.through(PRIME).actions == (PRIME,)
    with pytest.raises(NotPermitted) as refusal:
        grant.through(OTHER)
    assert refusal.value.details[0]["alternatives"][0]["seen"] == f"it allows lit-action-execution on: {PRIME.cid}"


def test_a_narrowed_grant_never_has_more() -> None:
    one, two = (Capabilities.of((Ability.PKP_SIGNING, Resource.pkp(token))) for token in (1, 2))
    grant = Grant(address=ALICE, capabilities=EVERYTHING, issued_at=0.0, expires_at=1.0)
    assert grant.narrowed(one).capabilities == one
    assert grant.narrowed(one).narrowed(two).capabilities == NOTHING
    assert grant.narrowed(one).narrowed(EVERYTHING).capabilities == one
