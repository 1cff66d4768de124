"""Histories of keys that look like mint, grant and burn in one transaction, and are not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from eth_abi import encode

from votive.client import abi
from votive.client.history import SCOPE_ADDED, History, history_of
from votive.client.provenance import burned_check, granted_check, minted_check, unchanged_check
from votive.client.registry import Registry
from votive.client.results import KeyState
from votive.ipfs import cid_of, multihash_of
from votive.terms.auth_method import MethodType
from votive.terms.contracts import RESOLVER_KEYS, Contracts

TOKEN = 77
PKP_NFT, PERMISSIONS, ELSEWHERE = ("0x" + f"{number:040x}" for number in (1, 2, 3))
CID, OTHER = cid_of(b"this"), cid_of(b"other")
THE_TWO = ", ".join(sorted([CID, OTHER]))
OWNER = 5
MINT, LATER = "0x" + "aa" * 32, "0x" + "bb" * 32
REMOVED = "PermittedAuthMethodRemoved(uint256,uint256,bytes)"
RESET = "PermissionsReset(uint256,uint256)"


class LoggedChain:
    """A chain that has these logs."""

    url = "http://127.0.0.1:9"

    def __init__(self, logs: Sequence[dict[str, Any]]) -> None:
        self._logs = logs

    async def logs(self, address: str, topics: Sequence[str | None]) -> list[dict[str, Any]]:
        def fits(log: dict[str, Any]) -> bool:
            found = [*log["topics"], *[None] * 4]
            return log["address"] == address and all(
                wanted is None or wanted == there for wanted, there in zip(topics, found, strict=False)
            )

        return [log for log in self._logs if fits(log)]


def log(address: str, event: str, *topics: int, data: bytes = b"", at: str = MINT) -> dict[str, Any]:
    words = [abi.topic(event), *map(abi.word, topics)]
    return {"address": address, "topics": words, "data": "0x" + data.hex(), "transactionHash": at, "blockNumber": "0x9"}


def minted(at: str = MINT) -> dict[str, Any]:
    return log(PKP_NFT, abi.PKP_MINTED, TOKEN, at=at)


def moved(sender: int, receiver: int, at: str = MINT) -> dict[str, Any]:
    return log(PKP_NFT, abi.TRANSFER, sender, receiver, TOKEN, at=at)


def permitted(identifier: bytes, kind: int = MethodType.ACTION, at: str = MINT) -> dict[str, Any]:
    return log(PERMISSIONS, abi.METHOD_ADDED, TOKEN, data=encode(["uint256", "bytes", "bytes"], [kind, identifier, b""]), at=at)


def scoped(kind: int = MethodType.ACTION, at: str = MINT) -> dict[str, Any]:
    return log(PERMISSIONS, SCOPE_ADDED, TOKEN, data=encode(["uint256", "bytes", "uint256"], [kind, multihash_of(CID), 1]), at=at)


GOOD = [minted(), moved(0, 1), permitted(multihash_of(CID)), scoped(), moved(1, 0)]


async def history(logs: Sequence[dict[str, Any]]) -> History:
    contracts = Contracts.from_dict(
        dict.fromkeys(("ContractResolver", *RESOLVER_KEYS), ELSEWHERE) | {"PKPNFT": PKP_NFT, "PKPPermissions": PERMISSIONS}
    )
    return await history_of(Registry(LoggedChain(logs), contracts, 31337), TOKEN)  # type: ignore[arg-type]  # only its logs are asked for


def failing(found: History) -> set[str]:
    checks = [minted_check(found), granted_check(found, CID), burned_check(found)]
    return {check.name for check in checks if not check.passed}


async def test_one_transaction_that_mints_grants_and_burns_passes() -> None:
    assert failing(await history(GOOD)) == set()


@pytest.mark.parametrize(
    ("logs", "names"),
    [
        pytest.param([], {"minted", "granted", "burned"}, id="never minted"),
        pytest.param([minted(), moved(0, 1), moved(1, 0)], {"granted"}, id="nothing granted"),
        pytest.param([*GOOD, permitted(multihash_of(OTHER))], {"granted"}, id="a second action"),
        pytest.param([*GOOD, permitted(multihash_of(CID))], {"granted"}, id="granted twice"),
        pytest.param([*GOOD, permitted(bytes(20), MethodType.ETH_WALLET)], {"granted"}, id="an address too"),
        pytest.param([*GOOD, permitted(b"who", 5)], {"granted"}, id="an auth method too"),
        pytest.param([*GOOD, scoped(MethodType.ETH_WALLET)], {"granted"}, id="a scope of an address"),
        pytest.param([*GOOD, log(PERMISSIONS, REMOVED, TOKEN, at=MINT)], {"granted"}, id="something revoked in it"),
        pytest.param([*GOOD, log(PERMISSIONS, RESET, TOKEN, at=LATER)], {"granted"}, id="reset later"),
        pytest.param([*GOOD, log(PERMISSIONS, "SomethingNew(uint256)", TOKEN)], {"granted"}, id="an event nobody knows"),
        pytest.param([*GOOD[:2], permitted(multihash_of(CID), at=LATER), moved(1, 0)], {"granted"}, id="granted later"),
        pytest.param([minted(), moved(0, 1), permitted(multihash_of(OTHER)), moved(1, 0)], {"granted"}, id="another action"),
        pytest.param([*GOOD[:4], moved(1, OWNER)], {"burned"}, id="given away instead of burned"),
        pytest.param([*GOOD[:4], moved(1, 0, at=LATER)], {"burned"}, id="burned later"),
        pytest.param([*GOOD[:4], moved(1, OWNER), moved(OWNER, 0, at=LATER)], {"burned"}, id="owned by somebody for a while"),
    ],
)
async def test_anything_else_does_not(logs: list[dict[str, Any]], names: set[str]) -> None:
    assert failing(await history(logs)) == names


@pytest.mark.parametrize(
    ("logs", "cid", "said"),
    [
        pytest.param(GOOD[:1], CID, "No action was ever permitted", id="nothing"),
        pytest.param([*GOOD, permitted(multihash_of(OTHER))], None, f"More than one action was permitted to use it: {THE_TWO}.", id="two"),
        pytest.param(GOOD, OTHER, f"{OTHER} was never permitted to use it. Permitted was: {CID}.", id="another"),
        pytest.param([*GOOD, permitted(multihash_of(OTHER))], CID, f"but others were as well: {OTHER}.", id="others too"),
        pytest.param([GOOD[0], permitted(multihash_of(CID), at=LATER)], CID, "not by the transaction that minted the key", id="later"),
        pytest.param(
            [*GOOD, permitted(bytes(20), MethodType.ETH_WALLET)], CID, "its permissions were changed besides", id="an address too"
        ),
        pytest.param([*GOOD, permitted(multihash_of(CID))], CID, "permitted to use it, and once more.", id="twice"),
    ],
)
async def test_a_verdict_says_how_the_key_was_granted_otherwise(logs: list[dict[str, Any]], cid: str | None, said: str) -> None:
    check = granted_check(await history(logs), cid)
    assert not check.passed
    assert said in check.statement


@pytest.mark.parametrize(
    ("owner", "actions", "addresses", "said"),
    [
        (None, (CID,), (), "no owner; permitted to use it: that action alone."),
        (None, (), (), "no owner; permitted to use it: nothing."),
        (ELSEWHERE, (CID, OTHER), (PKP_NFT,), f"owned by {ELSEWHERE}; permitted to use it: {CID}, {OTHER}, {PKP_NFT}."),
    ],
)
def test_a_verdict_says_in_words_what_the_chain_shows_now(
    owner: str | None, actions: tuple[str, ...], addresses: tuple[str, ...], said: str
) -> None:
    key = KeyState(token_id="", public_key="", eth_address="", owner=owner, permitted_actions=actions, permitted_addresses=addresses)
    assert unchanged_check(key, CID).statement == f"The chain shows now: {said}"


async def test_logs_of_other_contracts_say_nothing() -> None:
    forged = [{**one, "address": ELSEWHERE} for one in GOOD]
    assert failing(await history(forged)) == {"minted", "granted", "burned"}
