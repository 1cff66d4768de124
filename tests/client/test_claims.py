"""Claims as a client puts them together: of t nodes' words, each held against the registry, and of nothing else."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import coincurve
import msgspec
import pytest
from tests.client.town import ACCOUNT, CHAIN_ID, NOWHERE, Handler, Town, refuses, says, town

from votive.client import AuthMethod, BadArgument, KeyClaim, NoValidSignature, Refused
from votive.ipfs import cid_of
from votive.terms.claim import ANYONE, action_key_id, claim_digest, user_key_id
from votive.terms.ethereum import eth_address_of

WALLETS = {seat: coincurve.PrivateKey(bytes([seat]) * 32) for seat in range(1, 5)}
STRANGER = coincurve.PrivateKey(b"\x77" * 32)
NETWORK = json.loads((Path(__file__).parent.parent / "vectors" / "hd" / "lit-sdk.json").read_text())["networks"][0]
ROOTS = tuple(bytes.fromhex(root) for root in NETWORK["roots"])
IDENTITY = bytes.fromhex(NETWORK["keys"][5]["derivedKeyId"])
PUBLIC_KEY = "0x" + NETWORK["keys"][5]["publicKey"]
METHOD = AuthMethod(auth_method_type=6, access_token="a token")
SOURCE = b"Lit.Actions.claimKey({keyId: 'treasury'})"
TREASURY = action_key_id(cid_of(SOURCE), "treasury")


def word(key: coincurve.PrivateKey, derived_key_id: bytes = IDENTITY, minter: str = ACCOUNT.address, **changes: Any) -> dict[str, str]:
    """What a node with this wallet signs."""
    digest = claim_digest(derived_key_id, minter=minter, **{"chain_id": CHAIN_ID, "router": NOWHERE, **changes})
    raw = key.sign_recoverable(digest, hasher=None)
    return {"signature": (raw[:64] + bytes([27 + raw[64]])).hex(), "derivedKeyId": derived_key_id.hex()}


def ran(claims: dict[str, dict[str, str]]) -> Handler:
    return says({"success": True, "signedData": {}, "claimData": claims, "response": "done", "logs": ""})


@asynccontextmanager
async def claiming(*handlers: Handler | None) -> AsyncIterator[Town]:
    """A network whose nodes have wallets, and whose chain has ten roots."""
    async with town(*handlers) as place:
        nodes = tuple(
            msgspec.structs.replace(node, address=eth_address_of(WALLETS[node.seat].public_key.format(compressed=False)))
            for node in place.network.committee.nodes
        )
        place.network.committee = msgspec.structs.replace(place.network.committee, nodes=nodes)
        place.network.registry._roots = ROOTS
        yield place


@pytest.fixture
def minted(monkeypatch: pytest.MonkeyPatch) -> list[KeyClaim]:
    """The claims that were sent to the chain."""
    sent: list[KeyClaim] = []

    async def mint(registry: Any, sender: Any, wallet: Any, claim: KeyClaim) -> KeyClaim:
        sent.append(claim)
        return claim

    async def block(registry: Any) -> Any:
        return msgspec.defstruct("Newest", [("hash", bytes)])(bytes(32))

    monkeypatch.setattr("votive.client.network.mint_claimed", mint)
    monkeypatch.setattr("votive.client.registry.Registry.newest_block", block)
    return sent


async def test_t_words_make_a_claim_and_the_key_is_computed_here(minted: list[KeyClaim]) -> None:
    async with claiming(*(says(word(WALLETS[seat]), 202) for seat in WALLETS)) as place:
        await place.network.claim(method=METHOD, account=ACCOUNT)
        (claim,) = minted
        assert (claim.derived_key_id, claim.minter, claim.public_key) == ("0x" + IDENTITY.hex(), ACCOUNT.address, PUBLIC_KEY)
        assert len(claim.signatures) == len(claim.nodes) >= 3
        for seat, path, _, body in place.requests:
            shown = {"authMethodType": 6, "accessToken": "a token"}
            assert (path, body) == ("/web/pkp/claim", {"minter": ACCOUNT.address, "authMethod": shown, "epoch": 1}), seat


async def test_a_silent_node_and_one_that_lies_cost_nothing_while_t_are_honest(minted: list[KeyClaim]) -> None:
    for fourth in (None, says(word(STRANGER), 202), says({"signature": "zz", "derivedKeyId": "00"}, 202), refuses("NodeBadInput", "no")):
        async with claiming(*(says(word(WALLETS[seat]), 202) for seat in (1, 2, 3)), fourth) as place:
            await place.network.claim(method=METHOD, account=ACCOUNT)
        assert minted.pop().nodes == (1, 2, 3)


@pytest.mark.parametrize(
    "wrong",
    [
        word(STRANGER),
        word(WALLETS[1], minter=ANYONE),
        word(WALLETS[1], minter="0x" + "22" * 20),
        word(WALLETS[1], chain_id=1),
        word(WALLETS[1], router="0x" + "33" * 20),
        {"signature": word(WALLETS[1])["signature"], "derivedKeyId": TREASURY.hex()},
        {"signature": word(WALLETS[1])["signature"][:-2], "derivedKeyId": IDENTITY.hex()},
        {"signature": "00" * 65, "derivedKeyId": IDENTITY.hex()},
        {"signature": 5, "derivedKeyId": None},
        {},
    ],
)
async def test_a_word_of_another_wallet_minter_chain_contract_or_key_counts_for_nothing(minted: list[KeyClaim], wrong: Any) -> None:
    async with claiming(says(wrong, 202), says(wrong, 202), *(says(word(WALLETS[seat]), 202) for seat in (3, 4))) as place:
        with pytest.raises(NoValidSignature) as caught:
            await place.network.claim(method=METHOD, account=ACCOUNT)
    assert set(caught.value.culprits) == {1, 2}
    assert minted == []


async def test_one_nodes_word_given_by_all_is_one(minted: list[KeyClaim]) -> None:
    async with claiming(*[says(word(WALLETS[1]), 202)] * 4) as place:
        with pytest.raises(NoValidSignature):
            await place.network.claim(method=METHOD, account=ACCOUNT)
    assert minted == []


async def test_nodes_that_refuse_are_believed(minted: list[KeyClaim]) -> None:
    async with claiming(*[refuses("NodeInvalidAuthMethod", "the token has expired")] * 4) as place:
        with pytest.raises(Refused, match="the token has expired"):
            await place.network.claim(method=METHOD, account=ACCOUNT)
    assert minted == []


async def test_what_an_action_claimed_comes_back_with_t_words() -> None:
    answers = [ran({"treasury": {**word(WALLETS[seat], TREASURY), "minter": ACCOUNT.address}}) for seat in WALLETS]
    async with claiming(*answers) as place:
        result = await place.network.execute(SOURCE, account=ACCOUNT)
    claim = result.claims["treasury"]
    assert (claim.derived_key_id, claim.minter) == ("0x" + TREASURY.hex(), ACCOUNT.address)
    assert len(claim.signatures) >= 3


async def test_an_open_claim_says_that_anybody_may_mint() -> None:
    answers = [ran({"treasury": {**word(WALLETS[seat], TREASURY, ANYONE), "minter": ANYONE}}) for seat in WALLETS]
    async with claiming(*answers) as place:
        result = await place.network.execute(SOURCE, account=ACCOUNT)
    assert result.claims["treasury"].minter is None


@pytest.mark.parametrize(
    "entry",
    [
        {**word(WALLETS[1], user_key_id("ann", "app")), "minter": ACCOUNT.address},
        {**word(WALLETS[1], TREASURY), "minter": ANYONE},
        {**word(WALLETS[1], TREASURY), "minter": "me"},
        word(WALLETS[1], TREASURY),
        "success",
    ],
)
async def test_a_node_whose_claim_is_another_keys_or_minters_gave_no_answer(entry: Any) -> None:
    honest = [ran({"treasury": {**word(WALLETS[seat], TREASURY), "minter": ACCOUNT.address}}) for seat in (2, 3, 4)]
    async with claiming(ran({"treasury": entry}), *honest) as place:
        result = await place.network.execute(SOURCE, account=ACCOUNT)
    assert result.nodes == result.claims["treasury"].nodes == (2, 3, 4)


async def test_runs_that_claimed_for_different_minters_are_different_outcomes() -> None:
    other = "0x" + "22" * 20
    answers = [ran({"treasury": {**word(WALLETS[seat], TREASURY, ACCOUNT.address), "minter": ACCOUNT.address}}) for seat in (1, 2)]
    answers += [ran({"treasury": {**word(WALLETS[seat], TREASURY, other), "minter": other}}) for seat in (3, 4)]
    async with claiming(*answers) as place:
        result = await place.network.execute(SOURCE, account=ACCOUNT)
    assert (len(result.nodes), result.claims) == (2, {})


async def test_a_claim_of_another_account_is_not_sent() -> None:
    claim = KeyClaim(derived_key_id="0x" + "00" * 32, minter="0x" + "22" * 20, public_key=PUBLIC_KEY, signatures=(), nodes=())
    async with claiming(*[says({})] * 4) as place:
        with pytest.raises(BadArgument, match="signed this claim for 0x2222"):
            await place.network.mint_claimed(claim, account=ACCOUNT)
