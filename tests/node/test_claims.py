"""Claims at one node: who gets its word, about which key, for whom; everything else of the test's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from coincurve import PrivateKey
from tests.node.test_session_key import NOW, Chain, NoCapacity, unasked

from votive.auth.grant import ProvenMethod
from votive.auth.methods import InvalidAuthMethod, Methods, Occasion
from votive.core import recover_wallet
from votive.ipfs import cid_of
from votive.net import wallet_signer
from votive.node.answer import ClaimAnswer
from votive.node.authorise import Asked
from votive.node.capacity import Admission, RatePolicy
from votive.node.claim import CLAIMABLE, ClaimBody, Claims, Notary
from votive.node.gate import Gate
from votive.node.permission import SharedBlocks
from votive.node.rates import Rate, RateLimited, Tolls
from votive.terms.auth_method import MethodType, method_id
from votive.terms.binding import binding_resource
from votive.terms.claim import ANYONE, action_key_id, claim_digest, user_key_id
from votive.terms.errors import CallerError, ErrorCode, WorldError
from votive.terms.ethereum import eth_address_of
from votive.terms.key import KeyId, Purpose

WALLET = b"\x11" * 32
ADDRESS = eth_address_of(PrivateKey(WALLET).public_key.format(compressed=False))
ROUTER = "0x" + "5a" * 20
CHAIN = 31337
MINTER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
CID = cid_of(b"an action")
ROOTS = tuple(KeyId(purpose=Purpose.ROOT_ECDSA, public_key=bytes([2, *bytes(31), number])) for number in range(10))


@dataclass
class Tokens:
    """Takes a token for ``user:application``; remembers what it was shown for."""

    shown: list[Occasion] = field(default_factory=list)

    async def verify(self, access_token: str, occasion: Occasion) -> ProvenMethod:
        self.shown.append(occasion)
        if access_token == "stolen":
            raise InvalidAuthMethod("the token proves nobody")
        user, _, application = access_token.partition("@")
        return ProvenMethod(type=6, id=method_id(user, application), user_id=user, app_id=application)


@dataclass
class Custody:
    roots: Sequence[KeyId] = ROOTS

    def network_keys(self, purpose: Purpose) -> Sequence[KeyId]:
        assert purpose is Purpose.ROOT_ECDSA
        return self.roots


@dataclass
class House:
    """One node."""

    accept_open: bool = False
    custody: Custody = field(default_factory=Custody)
    tokens: Tokens = field(default_factory=Tokens)
    policy: RatePolicy = field(default_factory=RatePolicy)
    tolls: Tolls = field(default_factory=lambda: Tolls(Rate(3, 0), at_once=8, now=lambda: NOW))
    admission: Admission | None = None

    def notary(self) -> Notary:
        sign = wallet_signer(WALLET)
        custody: Any = self.custody  # as much of it as is asked
        return Notary(sign=sign, chain_id=CHAIN, router=ROUTER, accept_open=self.accept_open, custody=custody)

    def node(self) -> Claims:
        self.admission = self.admission or Admission(self.policy, NoCapacity(), lambda: NOW, unasked)
        return Claims(
            gate=Gate(2),
            methods=Methods(dict.fromkeys([*map(int, CLAIMABLE), 3], self.tokens)),
            blocks=SharedBlocks(Chain()),  # type: ignore[arg-type]  # as much of a chain as is asked
            admission=self.admission,
            tolls=self.tolls,
            notary=self.notary(),
            now=lambda: NOW,
        )

    async def claim(self, body: Mapping[str, Any], client: str = "192.0.2.1") -> ClaimAnswer:
        asked = Asked("/web/pkp/claim", "lit_0123456789", body, client=client)
        return await self.node().claim(asked, msgspec.convert(body, ClaimBody))


def body(token: str = "ann@app", kind: int = 6, **more: Any) -> dict[str, Any]:
    return {"authMethod": {"authMethodType": kind, "accessToken": token}, "minter": MINTER, "epoch": 1, **more}


def signed_for(signature: bytes, derived_key_id: bytes, minter: str, **changes: Any) -> bool:
    """Whether the node's wallet signed this claim."""
    digest = claim_digest(derived_key_id, minter=minter, **{"chain_id": CHAIN, "router": ROUTER, **changes})
    signer = recover_wallet(digest, signature)
    return signer is not None and eth_address_of(signer) == ADDRESS


@pytest.mark.parametrize("kind", CLAIMABLE)
async def test_whoever_a_method_proves_gets_the_nodes_word_for_his_own_key_and_the_minter_that_he_names(kind: int) -> None:
    answer = await House().claim(body(kind=kind))
    signature, derived_key_id = bytes.fromhex(answer.signature), bytes.fromhex(answer.derived_key_id)
    assert derived_key_id == user_key_id("ann", "app")
    assert len(signature) == 65
    assert signature[64] in (27, 28)
    assert signed_for(signature, derived_key_id, MINTER)


async def test_the_word_holds_for_one_minter_network_and_contract() -> None:
    answer = await House().claim(body())
    signature, derived_key_id = bytes.fromhex(answer.signature), bytes.fromhex(answer.derived_key_id)
    assert not signed_for(signature, derived_key_id, ANYONE)
    assert not signed_for(signature, derived_key_id, "0x" + "22" * 20)
    assert not signed_for(signature, user_key_id("bob", "app"), MINTER)
    assert not signed_for(signature, derived_key_id, MINTER, chain_id=1)
    assert not signed_for(signature, derived_key_id, MINTER, router="0x" + "5b" * 20)


@pytest.mark.parametrize("minter", [None, ANYONE])
async def test_a_claim_that_names_no_minter_is_refused_unless_the_operator_accepts_it(minter: str | None) -> None:
    asked = body(minter=minter)
    with pytest.raises(CallerError, match="names no minter"):
        await House().claim(asked)
    answer = await House(accept_open=True).claim(asked)
    assert signed_for(bytes.fromhex(answer.signature), bytes.fromhex(answer.derived_key_id), ANYONE)


@pytest.mark.parametrize("minter", ["", "0x", "ann", "0x" + "g" * 40, "0x" + "1" * 41, "0x" + "1" * 64])
async def test_a_minter_is_an_address(minter: str) -> None:
    with pytest.raises(CallerError, match="'minter' must be an address"):
        await House(accept_open=True).claim(body(minter=minter))


@pytest.mark.parametrize("kind", [MethodType.WEBAUTHN, MethodType.ACTION, 7, 9, 13, 1000])
async def test_passkeys_actions_and_methods_of_an_operators_own_claim_nothing_here(kind: int) -> None:
    house = House()
    with pytest.raises(InvalidAuthMethod, match="no key can be claimed with authMethodType") as caught:
        await house.claim(body(kind=kind))
    assert (caught.value.status, house.tokens.shown) == (400, [])


@pytest.mark.parametrize("given", [None, "token", [], {}, {"authMethodType": 6}, {"authMethodType": "6", "accessToken": "x"}])
async def test_without_a_method_nobody_asks(given: Any) -> None:
    with pytest.raises(CallerError):
        await House().claim({**body(), "authMethod": given})


async def test_a_user_whose_name_is_an_actions_cid_has_no_key() -> None:
    with pytest.raises(InvalidAuthMethod, match="the key of that action"):
        await House().claim(body(f"{CID}@treasury"))


async def test_a_providers_user_never_bears_a_wallets_name() -> None:
    with pytest.raises(InvalidAuthMethod, match="that of wallets"):
        await House().claim(body(f"{MINTER}@lit"))


async def test_the_method_is_shown_for_this_request_with_its_minter() -> None:
    house = House()
    await house.claim(body())
    (occasion,) = house.tokens.shown
    expected = binding_resource("/web/pkp/claim", "lit_0123456789", {"minter": MINTER})
    assert occasion.request.resource == expected != binding_resource("/web/pkp/claim", "lit_0123456789", {})


async def test_before_there_are_ten_roots_nothing_is_signed() -> None:
    with pytest.raises(WorldError, match="root-ecdsa") as caught:
        await House(custody=Custody(())).claim(body())
    assert (caught.value.code, caught.value.status) == (ErrorCode.KEY_UNAVAILABLE, 503)


async def test_whoever_proves_nothing_runs_dry_and_nobody_else_with_him() -> None:
    house = House()
    for _ in range(3):
        with pytest.raises(InvalidAuthMethod, match="proves nobody"):
            await house.claim(body("stolen"))
    with pytest.raises(RateLimited, match="failed checks"):
        await house.claim(body("stolen"))
    with pytest.raises(RateLimited):
        await house.claim(body())
    assert (await house.claim(body(), client="192.0.2.2")).derived_key_id == user_key_id("ann", "app").hex()


async def test_a_user_who_asks_too_often_is_limited_as_everywhere() -> None:
    house = House(policy=RatePolicy(caller=Rate(2, 0.001)))
    for _ in range(2):
        await house.claim(body())
    with pytest.raises(RateLimited, match="requests of this caller"):
        await house.claim(body())
    await house.claim(body("bob@app"))


async def test_a_claim_has_a_request_id() -> None:
    with pytest.raises(CallerError, match="X-Request-Id"):
        await House().node().claim(Asked("/web/pkp/claim", "", body()), ClaimBody(minter=MINTER))


def test_an_action_claims_keys_of_its_own_cid_and_no_others() -> None:
    claim = House().notary().claim_for_action(CID, "treasury", MINTER)
    assert claim.derived_key_id == action_key_id(CID, "treasury")
    assert signed_for(claim.signature, claim.derived_key_id, MINTER)
    entry = claim.entry()
    assert (entry.signature, entry.derived_key_id, entry.minter) == (claim.signature.hex(), claim.derived_key_id.hex(), MINTER)
    assert action_key_id(CID, "treasury") != action_key_id(cid_of(b"another"), "treasury")


def test_an_action_names_a_minter_too_where_open_claims_are_not_accepted() -> None:
    with pytest.raises(CallerError, match="names no minter"):
        House().notary().claim_for_action(CID, "treasury", None)
    claim = House(accept_open=True).notary().claim_for_action(CID, "treasury", None)
    assert claim.minter == ANYONE
