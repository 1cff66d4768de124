"""What a delegation of capacity says, and that it can say nothing else."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import pytest
from tests.auth.sessions import NOW, OTHER_WALLET, SIGNING, WALLET, Siwe, by_network, by_wallet, session
from tests.auth.worlds import Moment, Network, a_world

from votive.auth import CapacityDelegation, Credentials, Grant, Granting, InvalidAuthSig
from votive.terms.binding import RequestBinding
from votive.terms.errors import CallerError
from votive.terms.recap import Recap

REQUEST = RequestBinding.of("/web/execute/v1", "lit_1", {})
ALICE = WALLET.address


def a_delegation(restriction: dict[str, Any] | None = None, *, target: str = "lit-ratelimitincrease://*", **fields: Any) -> dict[str, Any]:
    recap = Recap({target: {"Auth/Auth": [restriction or {}]}})
    return by_wallet(siwe(recap, **fields), OTHER_WALLET)


def siwe(recap: Recap, **fields: Any) -> Any:
    return Siwe(**{"recap": recap, "address": OTHER_WALLET.address, "uri": "lit:capability:delegation"} | fields).message()


async def grant(*capabilities: dict[str, Any]) -> Grant:
    auth_sig = session(capabilities=[*capabilities, by_wallet()])
    return await Granting(a_world(Moment(NOW))).grant(Credentials.of({"authSig": msgspec.to_builtins(auth_sig)}), REQUEST)


async def delegated(restriction: dict[str, Any], **fields: Any) -> CapacityDelegation:
    (found,) = (await grant(a_delegation(restriction, **fields))).delegations
    return found


async def test_what_is_not_restricted_is_open() -> None:
    sent = a_delegation()
    (found,) = (await grant(sent)).delegations
    assert (found.owner, found.nft_ids, found.delegates, found.uses) == (OTHER_WALLET.address, None, None, None)
    assert found.message_hash == hashlib.sha256(sent["signedMessage"].encode()).digest()
    assert found.expires_at == NOW + 3600


async def test_one_delegation_has_one_name_however_its_signature_is_written() -> None:
    sent = a_delegation({"uses": "1"})
    shouted = sent | {"sig": "0x" + sent["sig"][2:].upper()}
    short = sent | {"sig": f"{sent['sig'][:-2]}{int(sent['sig'][-2:], 16) - 27:02x}"}
    found = (await grant(sent, shouted, short)).delegations
    assert {one.message_hash for one in found} == {hashlib.sha256(sent["signedMessage"].encode()).digest()}


async def test_tokens_delegates_and_uses_may_be_restricted() -> None:
    found = await delegated({"delegate_to": [ALICE[2:], OTHER_WALLET.address.lower()], "nft_id": ["7", "8"], "uses": "200"})
    assert (found.nft_ids, found.delegates, found.uses) == ((7, 8), (ALICE, OTHER_WALLET.address), 200)
    assert (await delegated({"uses": "0"})).uses == 0
    assert (await delegated({"delegate_to": []})).delegates == ()


@pytest.mark.parametrize(
    ("target", "restriction", "tokens"),
    [("7", {}, (7,)), ("7", {"nft_id": ["7"]}, (7,)), ("7", {"nft_id": ["8"]}, ()), ("*", {"nft_id": []}, ())],
)
async def test_the_resource_and_the_restriction_both_bind(target: str, restriction: dict[str, Any], tokens: tuple[int, ...]) -> None:
    assert (await delegated(restriction, target=f"lit-ratelimitincrease://{target}")).nft_ids == tokens


@pytest.mark.parametrize(
    "restriction",
    [
        {"uses": 3},
        {"uses": "-1"},
        {"uses": "1.5"},
        {"uses": ""},
        {"uses": "\u0663"},
        {"uses": "9" * 79},
        {"uses": None},
        {"nft_id": "7"},
        {"nft_id": [7]},
        {"nft_id": ["x"]},
        {"delegate_to": ALICE},
        {"delegate_to": ["0x12"]},
        {"delegate_to": [1]},
        {"until": "tomorrow"},
        {"Uses": "1"},
    ],
)
async def test_a_restriction_that_is_not_understood_refuses(restriction: dict[str, Any]) -> None:
    with pytest.raises(InvalidAuthSig, match="capacity delegation"):
        await grant(a_delegation(restriction))


@pytest.mark.parametrize(
    "att",
    [
        {"lit-pkp://*": {"Threshold/Signing": [{}]}},
        {"lit-ratelimitincrease://*": {"Auth/Auth": [{}, {}]}},
        {"lit-ratelimitincrease://*": {"Auth/Auth": []}},
        {"lit-ratelimitincrease://*": {"*/*": [{}]}},
        {"lit-ratelimitincrease://*": {"Auth/Auth": [{}], "Threshold/Signing": [{}]}},
        {"lit-pkp://*": {"Threshold/Signing": [{}]}, "lit-ratelimitincrease://*": {"Auth/Auth": [{}]}},
        {"lit-ratelimitincrease://x": {"Auth/Auth": [{}]}},
    ],
)
async def test_a_delegation_of_capacity_delegates_nothing_else(att: dict[str, Any]) -> None:
    with pytest.raises(InvalidAuthSig, match="capacity"):
        await grant(by_wallet(siwe(Recap(att)), OTHER_WALLET))


async def test_a_delegation_of_capacity_is_no_right_to_sign() -> None:
    only = session(capabilities=[a_delegation()])
    with pytest.raises(InvalidAuthSig, match="no capability"):
        await Granting(a_world(Moment(NOW))).grant(Credentials.of({"authSig": msgspec.to_builtins(only)}), REQUEST)
    assert (await grant(a_delegation())).address == ALICE


async def test_a_delegation_is_verified_like_every_capability_whether_or_not_it_is_needed() -> None:
    forged = a_delegation() | {"sig": by_wallet()["sig"]}
    told = by_wallet(siwe(Recap({"lit-ratelimitincrease://*": {"Auth/Auth": [{}]}}), statement=Recap.of(SIGNING).statement()), OTHER_WALLET)
    for bad in (forged, told, a_delegation(expires=-100.0), a_delegation(expires=31 * 86_400.0)):
        with pytest.raises(CallerError):
            await grant(bad)


async def test_the_network_delegates_no_capacity() -> None:
    recap = Recap({"lit-ratelimitincrease://*": {"Auth/Auth": [{}]}})
    with pytest.raises(InvalidAuthSig, match="network delegates no capacity"):
        await grant(by_network(siwe(recap), Network.sign))
