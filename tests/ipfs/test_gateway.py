from __future__ import annotations

import asyncio
import os
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from aiohttp import web
from tests.serving import Answer, serving

from votive.ipfs import BlockStore, Cid, InvalidCid, IpfsError, TooLarge, blocks_of, cid_of
from votive.ipfs.gateway import Gateways

DATA = os.urandom(600_000)
CID = cid_of(DATA)
BLOCKS = {str(block.cid): block.data for block in blocks_of(DATA)}


def gateway(answer: Answer) -> AbstractAsyncContextManager[str]:
    """A gateway on a free port that answers as told."""
    return serving(answer, "/ipfs/{cid}")


def honest(asked: list[str] | None = None) -> Answer:
    async def answer(request: web.Request) -> web.Response:
        assert request.query["format"] == "raw"
        if asked is not None:
            asked.append(request.match_info["cid"])
        block = BLOCKS.get(request.match_info["cid"])
        return web.Response(status=404) if block is None else web.Response(body=block)

    return answer


async def lying(request: web.Request) -> web.Response:
    return web.Response(body=b"function steal() {}")


async def lying_in_leaves(request: web.Request) -> web.Response:
    cid = request.match_info["cid"]
    return web.Response(body=BLOCKS[cid] if cid == CID else BLOCKS[cid][:-1] + b"!")


async def truncating(request: web.Request) -> web.Response:
    return web.Response(body=BLOCKS[request.match_info["cid"]][:-1])


async def failing(request: web.Request) -> web.Response:
    return web.Response(status=500)


async def stalling(request: web.Request) -> web.Response:
    await asyncio.sleep(60)
    return web.Response()


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    try:
        while True:
            await response.write(b"x" * 65_536)
    except ConnectionError:
        return response


async def hanging_up(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


BAD = {
    "lied": lying,
    "hash to another CID": truncating,
    "status 500": failing,
    "did not answer in time": stalling,
    "more than the 2097152 bytes": endless,
    "isconnected": hanging_up,
}


async def test_a_file_is_fetched_and_verified_block_by_block() -> None:
    async with gateway(honest()) as url, Gateways([url]) as gateways:
        assert await gateways.fetch(CID, len(DATA)) == DATA


@pytest.mark.parametrize("fault", BAD)
async def test_a_bad_gateway_is_skipped(fault: str) -> None:
    async with gateway(BAD[fault]) as bad, gateway(honest()) as good, Gateways([bad, good], timeout=0.5) as gateways:
        assert await gateways.fetch(CID, len(DATA)) == DATA


@pytest.mark.parametrize("fault", BAD)
async def test_a_bad_gateway_is_named_with_its_fault_when_nobody_else_has_the_block(fault: str) -> None:
    async with gateway(BAD[fault]) as bad, Gateways([bad], timeout=0.5) as gateways:
        with pytest.raises(IpfsError, match=fault) as refusal:
            await gateways.fetch(CID, len(DATA))
    assert bad in refusal.value.message
    assert len(refusal.value.details) == 1


async def test_a_gateway_that_lies_in_one_block_is_skipped_for_that_block() -> None:
    async with gateway(lying_in_leaves) as bad, gateway(honest()) as good, Gateways([bad, good]) as gateways:
        assert await gateways.fetch(CID, len(DATA)) == DATA
    async with gateway(lying_in_leaves) as bad, Gateways([bad]) as gateways:
        with pytest.raises(IpfsError, match="lied"):
            await gateways.fetch(CID, len(DATA))


async def test_a_gateway_that_failed_once_is_asked_last_for_the_rest_of_the_file() -> None:
    asked: list[str] = []

    async def failing_and_counted(request: web.Request) -> web.Response:
        asked.append(request.match_info["cid"])
        return web.Response(status=500)

    async with gateway(failing_and_counted) as bad, gateway(honest()) as good, Gateways([bad, good]) as gateways:
        assert await gateways.fetch(CID, len(DATA)) == DATA
        assert asked == [CID]
        assert await gateways.fetch(CID, len(DATA)) == DATA
        assert asked == [CID, CID]


async def test_all_gateways_are_named_when_all_fail() -> None:
    async with gateway(lying) as first, gateway(failing) as second, Gateways([first, second]) as gateways:
        with pytest.raises(IpfsError) as refusal:
            await gateways.fetch(CID, len(DATA))
    assert [entry.split(": ")[0] for entry in refusal.value.details] == [first, second]
    assert "votive action publish" in refusal.value.message


async def test_an_unreachable_gateway_is_skipped(unused_port: int) -> None:
    async with gateway(honest()) as good, Gateways([f"http://127.0.0.1:{unused_port}", good]) as gateways:
        assert await gateways.fetch(CID, len(DATA)) == DATA


async def test_without_gateways_the_error_says_so() -> None:
    async with Gateways([]) as gateways:
        with pytest.raises(IpfsError, match="no gateway is configured"):
            await gateways.fetch(CID, 10)


async def test_blocks_fetched_once_are_not_asked_for_again(tmp_path: Path) -> None:
    asked: list[str] = []
    async with gateway(honest(asked)) as url, Gateways([url], BlockStore(tmp_path)) as gateways:
        assert await gateways.fetch(CID, len(DATA)) == DATA
        assert len(asked) == len(BLOCKS)
    async with Gateways([], BlockStore(tmp_path)) as gateways:
        assert await gateways.fetch(CID, len(DATA)) == DATA
    assert len(asked) == len(BLOCKS)


async def test_a_damaged_cache_heals_itself(tmp_path: Path) -> None:
    store = BlockStore(tmp_path)
    async with gateway(honest()) as url, Gateways([url], store) as gateways:
        await gateways.fetch(CID, len(DATA))
        for path in tmp_path.rglob("*.block"):
            path.write_bytes(b"rotten")
        assert await gateways.fetch(CID, len(DATA)) == DATA
    assert store.get(Cid.parse(CID)) is not None


async def test_a_lie_is_never_cached(tmp_path: Path) -> None:
    store = BlockStore(tmp_path)
    async with gateway(lying) as url, Gateways([url], store) as gateways:
        with pytest.raises(IpfsError):
            await gateways.fetch(CID, len(DATA))
    assert not list(tmp_path.rglob("*.block"))


async def test_a_file_over_the_limit_is_not_downloaded() -> None:
    asked: list[str] = []
    async with gateway(honest(asked)) as url, Gateways([url]) as gateways:
        with pytest.raises(TooLarge):
            await gateways.fetch(CID, len(DATA) - 1)
    assert asked == [CID]


@pytest.mark.parametrize("cid", ["", "Qm", "../secret", CID + "/x", CID.lower()])
async def test_what_is_no_cid_reaches_no_gateway(cid: str) -> None:
    asked: list[str] = []
    async with gateway(honest(asked)) as url, Gateways([url]) as gateways:
        with pytest.raises(InvalidCid):
            await gateways.fetch(cid, 10)
    assert asked == []
