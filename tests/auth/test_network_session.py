"""A session that the network signed for a PKP has what those who opened it may have, and ends with their rights."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from tests.auth.granting import REQUEST, credentials, grant, refused, refused_capability
from tests.auth.sessions import (
    BOTH,
    NOW,
    SIGNING,
    Siwe,
    by_network,
    by_wallet,
    session,
)
from tests.auth.worlds import CAROL, PKP, Keys, Moment, Network, a_world, action_of

from votive.auth import (
    Credentials,
    Granting,
    InvalidAuthSig,
    NotPermitted,
)
from votive.terms.auth_method import method_id
from votive.terms.block import Block
from votive.terms.capability import Ability, Capabilities, Resource
from votive.terms.recap import Recap

CID = "QmPrime"


def context(**fields: Any) -> dict[str, Any]:
    user = {"appId": "app", "authMethodType": 6, "usedForSignSessionKeyRequest": True, "userId": "carol"}
    return {"auth_context": {"actionIpfsIds": [CID], "authMethodContexts": [user], "authSigAddress": None, "resources": []} | fields}


def a_pkp_session(note: dict[str, Any] | None = None, capabilities: Capabilities = BOTH, **fields: Any) -> dict[str, Any]:
    recap = Recap.of(capabilities).merged("lit-resolvedauthcontext://*", "Auth/Auth", context() if note is None else note)
    return by_network(Siwe(recap=recap, address=PKP).message(), Network.sign, **fields)


async def test_a_session_by_the_network_acts_for_the_pkp_as_those_who_opened_it() -> None:
    network = Network()
    granting = Granting(a_world(Moment(NOW), network=network))
    for _ in range(3):
        found = await granting.grant(credentials(session(capabilities=[a_pkp_session(context(customAuthResource="r"))])), REQUEST)
    assert (found.address, found.capabilities, found.custom_resource) == (PKP, BOTH, "r")
    user, action = found.methods
    assert (user.type, user.id, user.user_id, user.for_session) == (6, method_id("carol", "app"), "carol", True)
    assert (action.type, action.id, action.user_id) == (2, action_of(CID).multihash, CID)
    assert network.asked == 1


async def test_a_session_by_the_network_ends_with_the_last_right_of_those_who_opened_it() -> None:
    keys, moment = Keys(tokens={PKP: 1}, permitted={CAROL: frozenset({2})}), Moment(NOW)
    granting, auth_sig = Granting(a_world(moment, keys=keys)), session(capabilities=[a_pkp_session()])
    await granting.grant(credentials(auth_sig), REQUEST)
    for owner, permitted in [
        (None, {}),
        (None, {CAROL: frozenset()}),
        (None, {(2, action_of(CID).multihash): frozenset({1})}),  # nobody owns the key, so its actions open no sessions
        (PKP, {(1, bytes.fromhex(PKP[2:])): frozenset({1})}),  # a key does not vouch for itself
    ]:
        keys.owned_by, keys.permitted = owner, permitted
        moment.block = Block(number=moment.block.number + 1, hash=secrets.token_bytes(32))
        with pytest.raises(NotPermitted, match="may use its key any more") as lost:
            await granting.grant(credentials(auth_sig), REQUEST)
        assert lost.value.details[0]["block"]["number"] == moment.block.number
        assert any("carol:app" in one["asked"] for one in lost.value.details[0]["alternatives"])
    keys.owned_by, keys.permitted = "0x" + "11" * 20, {(2, action_of(CID).multihash): frozenset({1})}
    assert (await granting.grant(credentials(auth_sig), REQUEST)).address == PKP
    assert keys.asked[-1] == moment.block


async def test_an_owner_who_opened_a_session_loses_it_with_the_key() -> None:
    alice = "0x" + "Aa" * 20
    opened = a_pkp_session(context(actionIpfsIds=[], authMethodContexts=[{"authMethodType": 1, "userId": alice, "appId": "lit"}]))
    keys = Keys(tokens={PKP: 1}, owned_by=alice)
    granting = Granting(a_world(Moment(NOW), keys=keys))
    await granting.grant(credentials(session(capabilities=[opened])), REQUEST)
    keys.owned_by = "0x" + "bB" * 20
    with pytest.raises(NotPermitted, match="its owner is"):
        await granting.grant(credentials(session(capabilities=[opened])), REQUEST)


async def test_a_session_of_what_is_no_key_is_refused() -> None:
    granting = Granting(a_world(Moment(NOW), keys=Keys()))
    with pytest.raises(NotPermitted, match="no key's address"):
        await granting.grant(credentials(session(capabilities=[a_pkp_session()])), REQUEST)


async def test_nobody_asks_the_chain_about_a_wallets_session() -> None:
    keys, moment = Keys(), Moment(NOW)
    await Granting(a_world(moment, keys=keys)).grant(credentials(session()), REQUEST)
    assert (moment.read, keys.asked) == (0, [])


WEAKER = {"appId": "app", "authMethodType": 4, "usedForSignSessionKeyRequest": True, "userId": "mallory"}


@pytest.mark.parametrize("other", [{"authMethodContexts": [WEAKER]}, {"actionIpfsIds": []}, {"customAuthResource": "mallory's"}])
async def test_what_one_user_of_a_pkp_delegated_is_not_done_as_another(other: dict[str, Any]) -> None:
    execution = Capabilities.of((Ability.ACTION_EXECUTION, Resource.every("lit-litaction")))
    narrow, wide = a_pkp_session(capabilities=execution), a_pkp_session(context(**other), SIGNING)
    for both in ([narrow, wide], [wide, narrow]):
        await refused(session(capabilities=both), "different ways")
    found = await grant(session(capabilities=[narrow, a_pkp_session(capabilities=SIGNING)]))
    assert (found.capabilities, [method.user_id for method in found.methods]) == (BOTH, ["carol", CID])


async def test_a_pkps_own_signature_adds_nothing_to_what_its_users_delegated() -> None:
    """Whoever may sign messages with a key can let it delegate as a wallet does."""
    execution = Capabilities.of((Ability.ACTION_EXECUTION, Resource.every("lit-litaction")))
    opened = by_network(
        Siwe(recap=Recap.of(execution).merged("lit-resolvedauthcontext://*", "Auth/Auth", context())).message(), Network.sign
    )
    await refused(session(capabilities=[opened, by_wallet()]), "different ways")


async def test_only_the_network_says_who_opened_a_session() -> None:
    recap = Recap.of(BOTH).merged("lit-resolvedauthcontext://*", "Auth/Auth", context())
    await refused_capability(by_wallet(Siwe(recap=recap).message()), "may not declare")
    for target in ("lit-resolvedauthcontext://x", "LIT-ResolvedAuthContext://*"):
        await refused_capability(by_wallet(Siwe(recap=Recap.of(BOTH).merged(target, "x/y", {})).message()), "may not declare")


async def test_a_signature_that_is_not_the_networks_is_refused() -> None:
    forged = a_pkp_session()
    for sig in ("{}", "x", '{"ProofOfPossession":""}', '{"ProofOfPossession":"' + "00" * 96 + '","x":1}', "0x" + "00" * 96):
        await refused_capability(forged | {"sig": sig}, "sig of a capability by the network")
    await refused_capability(forged | {"sig": '{"ProofOfPossession":"' + "00" * 96 + '"}'}, "and is not")
    other = forged["signedMessage"].replace("localhost wants", "localhose wants")
    await refused_capability(forged | {"signedMessage": other}, "and is not")


@pytest.mark.parametrize(
    "note",
    [
        {},
        {"other": {}},
        {"auth_context": {}, "more": 1},
        {"auth_context": []},
        {"auth_context": {"authMethodContexts": [{"userId": "x"}]}},
        {"auth_context": {"authMethodContexts": [{"userId": "not an address", "appId": "lit", "authMethodType": 1}]}},
    ],
)
async def test_a_session_by_the_network_says_who_opened_it_in_one_form(note: dict[str, Any]) -> None:
    await refused_capability(a_pkp_session(note), "who opened the session, once|malformed")


async def test_the_network_signs_sessions_and_does_not_sign_in() -> None:
    inner = a_pkp_session()
    with pytest.raises(InvalidAuthSig, match="does not sign in"):
        await Granting(a_world(Moment(NOW))).grant(Credentials.of({"authSig": inner}), REQUEST)
