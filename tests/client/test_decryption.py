"""Decryption by the shares of many nodes, some of which lie, stall or are gone (A28, B17)."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from tests.client.confidants import PLAINTEXT, appoint, encrypted, gives, key_shares, lends, lies, told
from tests.client.town import ACCOUNT, Handler, Town, refuses, says, town

from votive.client import NotEnoughShares, Refused, decryption
from votive.terms.errors import ErrorCode
from votive.terms.participant import Seat


@asynccontextmanager
async def confidants(*handlers: Handler | None, tells: Any = None) -> AsyncIterator[Town]:
    """A network of nodes with shares of its encryption key, all of which tell the verification shares."""
    nodes = len(handlers)
    saying = dict.fromkeys(range(1, nodes + 1), told(nodes)) if tells is None else tells
    async with town(*handlers, tells=saying) as place:
        appoint(place, nodes)
        yield place


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Counts the single shares that are verified."""
    seats: list[int] = []
    real = decryption.bls_verify_share

    def counting(key: bytes, identity: bytes, share: bytes) -> bool:
        seats.append(share[0])
        return real(key, identity, share)

    monkeypatch.setattr(decryption, "bls_verify_share", counting)
    return seats


async def hangs(_: web.Request) -> web.StreamResponse:
    await asyncio.sleep(30)
    return web.json_response({})


async def test_t_shares_decrypt_and_no_single_one_is_verified(checked: list[int]) -> None:
    async with confidants(*(lends(seat) for seat in (1, 2, 3, 4))) as place:
        result = await place.network.decrypt(encrypted(), account=ACCOUNT)
    assert result.data == PLAINTEXT
    assert result.text == PLAINTEXT.decode()
    assert len(result.nodes) == 3
    assert result.faults == ()
    assert checked == []
    assert {"authorise", "nodes", "decrypt", "total"} <= result.timings_ms.keys()


async def test_what_was_decrypted_is_not_shown_by_accident() -> None:
    async with confidants(*(lends(seat) for seat in (1, 2, 3, 4))) as place:
        result = await place.network.decrypt(encrypted(), account=ACCOUNT)
    assert "wenige" not in repr(result)


async def test_the_nodes_are_asked_with_lits_names_and_never_see_the_ciphertext() -> None:
    async with confidants(*(lends(seat) for seat in (1, 2, 3, 4))) as place:
        await place.network.decrypt(encrypted(), account=ACCOUNT)
    (_, path, _, body), *_ = place.requests
    assert path == "/web/encryption/sign"
    assert body.keys() == {"unifiedAccessControlConditions", "dataToEncryptHash", "chain", "authSig", "epoch"}


async def test_a_dead_and_a_stalled_node_are_not_waited_for() -> None:
    async with confidants(*(lends(seat, 7) for seat in (1, 2, 3, 4, 5)), hangs, None) as place, asyncio.timeout(10):
        result = await place.network.decrypt(encrypted(7), account=ACCOUNT)
    assert (result.data, result.nodes) == (PLAINTEXT, (1, 2, 3, 4, 5))


async def test_one_that_lies_is_named_and_dropped_while_another_is_dead(checked: list[int]) -> None:
    """Every seat in turn: which t answers come first must not matter."""
    for liar in range(1, 7):
        nodes = [lies(seat, 7) if seat == liar else lends(seat, 7) for seat in range(1, 7)]
        async with confidants(*nodes, None) as place:
            result = await place.network.decrypt(encrypted(7), account=ACCOUNT)
        assert result.data == PLAINTEXT
        assert liar not in result.nodes
        assert [fault.seat for fault in result.faults] in ([liar], [])  # unnamed if its answer came too late to be needed
    assert checked


async def test_a_liar_whose_share_was_used_is_always_named() -> None:
    async def late(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.3)
        return await lends(4)(request)

    async with confidants(lies(1), lends(2), lends(3), late) as place:
        result = await place.network.decrypt(encrypted(), account=ACCOUNT)
    assert (result.data, result.nodes) == (PLAINTEXT, (2, 3, 4))
    assert [(fault.seat, fault.reason) for fault in result.faults] == [(1, "its share does not verify")]


@pytest.mark.parametrize(
    "share",
    [
        None,
        "",
        "zz",
        "00" * 97,
        "01" + "00" * 96,
        "01" + "c0" + "00" * 95,
        "01" + "ff" * 96,
        key_shares()[Seat(2)].decryption_share(encrypted().identity).hex(),
    ],
)
async def test_no_malformed_or_foreign_share_passes(share: str | None) -> None:
    lie = says({"result": "success", "signatureShare": {"ProofOfPossession": share}, "shareIndex": 0})
    async with confidants(lie, lends(2), lends(3), lends(4)) as place:
        result = await place.network.decrypt(encrypted(), account=ACCOUNT)
    assert (result.data, result.nodes) == (PLAINTEXT, (2, 3, 4))


async def test_a_share_of_its_seat_given_twice_counts_once() -> None:
    share = key_shares()[Seat(1)].decryption_share(encrypted().identity)

    async def copies(_: web.Request) -> web.StreamResponse:
        return gives(share)

    async with confidants(copies, copies, copies, copies) as place:
        with pytest.raises(NotEnoughShares) as caught:
            await place.network.decrypt(encrypted(), account=ACCOUNT)
    assert caught.value.details[0]["usable"] == [1]


async def test_two_dead_of_four_are_a_clear_error() -> None:
    async with confidants(lends(1), lends(2), None, None) as place:
        with pytest.raises(NotEnoughShares, match="3 of 4 nodes must contribute") as caught:
            await place.network.decrypt(encrypted(), account=ACCOUNT)
    assert caught.value.code is ErrorCode.NOT_ENOUGH_NODES
    assert caught.value.details[0]["usable"] == [1, 2]
    assert caught.value.details[0]["reasons"].keys() == {"3", "4"}
    assert "node 3: http://127.0.0.1:9 cannot be reached" in caught.value.message


async def test_one_liar_and_one_dead_of_four_are_too_few_and_the_liar_is_named() -> None:
    async with confidants(lies(1), lends(2), lends(3), None) as place:
        with pytest.raises(NotEnoughShares) as caught:
            await place.network.decrypt(encrypted(), account=ACCOUNT)
    assert caught.value.details[0]["reasons"]["1"] == "its share does not verify"


async def test_verification_shares_count_only_under_the_hash_on_chain() -> None:
    """A liar that also lies about what its share must look like is caught, and nobody is blamed on its word."""
    false = told()
    shares = false["keys"]["encryption"]["verification_shares"]
    shares["1"], shares["2"] = shares["2"], shares["1"]
    async with confidants(lies(1), lends(2), lends(3), lends(4), tells={1: false, 2: told(), 3: {}, 4: [1]}) as place:
        result = await place.network.decrypt(encrypted(), account=ACCOUNT)
    assert result.data == PLAINTEXT
    assert {fault.seat for fault in result.faults} <= {1}


async def test_whoever_stands_between_the_client_and_all_nodes_has_no_key_believed_but_the_chains() -> None:
    """TLS stripped, every answer rewritten (B17): shares of a key of his own, and all that nodes tell of keys made to fit them."""
    his = dict.fromkeys(range(1, 5), told(7))
    async with confidants(*(lends(seat, 7) for seat in range(1, 5)), tells=his) as place:
        with pytest.raises(NotEnoughShares, match="none can be named"):
            await place.network.decrypt(encrypted(), account=ACCOUNT)


DEEP = b"[" * 50_000 + b"]" * 50_000
"""Deeper than a parser in C may go."""


@pytest.fixture
def python_as_eth_account_leaves_it() -> Iterator[None]:
    """So deep that the parser would overflow the stack, and end the process, before Python stops it."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)
    yield
    sys.setrecursionlimit(before)


@pytest.mark.usefixtures("python_as_eth_account_leaves_it")
@pytest.mark.parametrize("raw", [b'{"x":' + DEEP + b"}", b'{"x":"\xff"}', b'{"\xff":1}', b'{"result":1e999}', b"", b"null"])
async def test_no_answer_of_one_node_keeps_the_others_from_being_heard(raw: bytes) -> None:
    async def nonsense(_: web.Request) -> web.StreamResponse:
        return web.Response(body=raw, content_type="application/json")

    async with confidants(nonsense, lends(2), lends(3), lends(4)) as place:
        assert (await place.network.decrypt(encrypted(), account=ACCOUNT)).data == PLAINTEXT


@pytest.mark.parametrize("seat", ["1" + "0" * 30, "-" + "1" * 30, "1" * 5000, "x", ""])
async def test_no_telling_of_one_node_keeps_the_others_from_being_believed(seat: str) -> None:
    false = {"keys": {"encryption": {"verification_shares": {seat: "0x11"}}}}
    lending = lends(4)

    async def slowly(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.5)  # so that the liar's share is among the first three
        return await lending(request)

    async with confidants(lies(1), lends(2), lends(3), slowly, tells={1: false, 2: false, 3: false, 4: told()}) as place:
        result = await place.network.decrypt(encrypted(), account=ACCOUNT)
    assert result.data == PLAINTEXT
    assert [fault.seat for fault in result.faults] == [1]


async def test_where_nobody_tells_what_the_chain_confirms_nobody_is_blamed() -> None:
    async with confidants(lies(1), lends(2), lends(3), None, tells={1: {}, 2: {"keys": {"encryption": None}}, 3: {}}) as place:
        with pytest.raises(NotEnoughShares, match="none can be named"):
            await place.network.decrypt(encrypted(), account=ACCOUNT)


async def test_a_refusal_carries_the_tree() -> None:
    tree = {"holds": False, "conditions": [{"asked": "balance", "seen": "0", "holds": False}]}
    no = refuses("NodeAccessControlConditionsReturnedNotAuthorized", "the conditions do not hold", details=(tree,))
    async with confidants(no, no, no, no) as place:
        with pytest.raises(Refused, match="said by 4 of 4 nodes") as caught:
            await place.network.decrypt(encrypted(), account=ACCOUNT)
    assert caught.value.reported_code == "NodeAccessControlConditionsReturnedNotAuthorized"
    assert caught.value.details[0] == tree


async def test_what_one_node_refuses_the_others_may_still_decrypt() -> None:
    no = refuses("NodeAccessControlConditionsReturnedNotAuthorized", "the conditions do not hold")
    async with confidants(no, lends(2), lends(3), lends(4)) as place:
        assert (await place.network.decrypt(encrypted(), account=ACCOUNT)).data == PLAINTEXT
