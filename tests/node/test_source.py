"""Programs: the CID that counts is the one computed from the bytes that run."""

from __future__ import annotations

import base64

import pytest

from votive.ipfs import cid_of
from votive.node.source import Programs
from votive.terms.errors import CallerError, ErrorCode, WorldError

CODE = b"Lit.Actions.setResponse({response: 'x'})"


class Gateway:
    """Gives what it holds, whatever the name says."""

    def __init__(self, *files: bytes) -> None:
        self.files = {cid_of(file): file for file in files}
        self.asked = 0

    async def fetch(self, cid: str, limit: int) -> bytes:
        self.asked += 1
        if cid not in self.files:
            raise WorldError(f"nobody has {cid}", code=ErrorCode.IPFS)
        return self.files[cid]


def programs(*files: bytes, code_limit: int = 1000, cache_bytes: int = 10_000) -> tuple[Programs, Gateway]:
    gateway = Gateway(*files)
    return Programs(gateway, code_limit=code_limit, cache_bytes=cache_bytes), gateway


def encoded(code: bytes) -> str:
    return base64.b64encode(code).decode()


async def test_inline_code_is_named_by_its_bytes() -> None:
    program = await programs()[0].find(encoded(CODE), None)
    assert (program.code, program.cid) == (CODE, cid_of(CODE))


async def test_a_published_program_is_fetched_once() -> None:
    found, gateway = programs(CODE)
    for _ in range(3):
        assert (await found.find(None, cid_of(CODE))).code == CODE
    assert gateway.asked == 1


async def test_the_cache_stays_within_its_bytes() -> None:
    files = [bytes([65 + number]) * 400 for number in range(5)]
    found, gateway = programs(*files, cache_bytes=1000)
    for file in files:
        await found.find(None, cid_of(file))
    await found.find(None, cid_of(files[-1]))
    assert gateway.asked == 5
    await found.find(None, cid_of(files[0]))
    assert gateway.asked == 6


async def test_code_and_cid_that_disagree_are_refused_with_both_named() -> None:
    with pytest.raises(CallerError) as caught:
        await programs()[0].find(encoded(CODE), cid_of(b"another"))
    assert caught.value.code is ErrorCode.CID_MISMATCH
    assert caught.value.details[0] == {"given": cid_of(b"another"), "computed": cid_of(CODE)}


async def test_code_and_cid_that_agree_run() -> None:
    assert (await programs()[0].find(encoded(CODE), cid_of(CODE))).cid == cid_of(CODE)


async def test_a_gateway_that_gives_other_bytes_is_caught() -> None:
    found, gateway = programs()
    gateway.files[cid_of(CODE)] = b"evil"
    with pytest.raises(CallerError) as caught:
        await found.find(None, cid_of(CODE))
    assert caught.value.code is ErrorCode.CID_MISMATCH


@pytest.mark.parametrize("code", ["not base64!", "eA", "e A==", "===="])
async def test_what_is_not_base64_is_refused(code: str) -> None:
    with pytest.raises(CallerError, match="base64"):
        await programs()[0].find(code, None)


async def test_neither_code_nor_cid_is_refused() -> None:
    with pytest.raises(CallerError, match="ipfsId"):
        await programs()[0].find(None, None)


async def test_a_program_beyond_the_limit_is_refused() -> None:
    with pytest.raises(CallerError) as caught:
        await programs(code_limit=100)[0].find(encoded(b"x" * 101), None)
    assert caught.value.code is ErrorCode.CODE_TOO_LARGE


async def test_a_name_that_is_no_cid_is_refused() -> None:
    with pytest.raises(CallerError):
        await programs()[0].find(None, "QmNot")
