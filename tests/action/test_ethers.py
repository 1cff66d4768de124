"""ethers v5 is a global where the code names it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from votive.action import FetchPolicy, Pool, Warm, bundle

from .conftest import AUTH, LIMITS
from .test_fetch import Site, serving

KEY = "0x" + "11" * 32


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    async with Pool(LIMITS, warm=Warm(bare=0, ethers=0)) as pool:
        yield pool


CASES = {
    "version": ("ethers.version", "ethers/5.8.0"),
    "keccak": ("ethers.utils.keccak256('0x')", "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
    "address": (f"ethers.utils.computeAddress('{KEY}')", "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A"),
    "abi": ("ethers.utils.defaultAbiCoder.encode(['uint256'], [1])", "0x" + "1".rjust(64, "0")),
    "big numbers": ("ethers.BigNumber.from(2).pow(200).toString()", str(2**200)),
    "recovery": (
        f"new ethers.Wallet('{KEY}').signMessage('a').then((s) => ethers.utils.verifyMessage('a', s))",
        "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A",
    ),
    "names, whose tables load late": (
        "ethers.utils.namehash('Vitalik.eth')",
        "0xee6c4522aab0003e8d14cd40a6af439055fd2577951148c14b6cea9a53475835",
    ),
    "transactions": (
        "ethers.utils.parseTransaction(ethers.utils.serializeTransaction({to: '0x' + '0'.repeat(40), chainId: 1})).chainId",
        "1",
    ),
    "mnemonics": ("ethers.utils.entropyToMnemonic(new Uint8Array(16)).split(' ')[11]", "about"),
    "interfaces": ("new ethers.utils.Interface(['function f(uint a)']).getSighash('f')", "0xb3de648b"),
}


@pytest.mark.parametrize("name", CASES)
async def test_what_actions_use_of_ethers_works(answer, name):
    expression, value = CASES[name]
    assert await answer(expression) == value


async def test_code_that_does_not_name_ethers_does_not_get_it(answer):
    assert await answer("typeof globalThis['eth' + 'ers']") == "undefined"


async def test_the_bundle_leaves_nothing_else_behind(answer):
    assert await answer("typeof ethers + typeof _ethers + typeof process + typeof Buffer") == "objectundefinedundefinedundefined"


async def test_a_provider_reads_a_chain_through_the_nodes_fetch(host):
    class Chain(Site):
        async def rpc(self, request):
            from aiohttp import web

            asked = json.loads(self.bodies[-1])
            result = {"eth_chainId": "0x7a69", "eth_blockNumber": "0x10", "net_version": "31337"}[asked["method"]]
            return web.json_response({"jsonrpc": "2.0", "id": asked["id"], "result": result})

    async with serving(site=Chain()) as chain, Pool(LIMITS, warm=Warm(bare=0, ethers=0), fetch=FetchPolicy(allow=(chain.target,))) as pool:
        source = """(async () => {
            const provider = new ethers.providers.StaticJsonRpcProvider(url, 31337);
            Lit.Actions.setResponse({response: String(await provider.getBlockNumber())});
        })()"""
        assert (await pool.run(source.encode(), {"url": chain.url("/rpc")}, AUTH, host)).response == "16"


def test_a_bundle_that_differs_by_one_byte_is_noticed(tmp_path):
    shipped = (bundle._JS / "ethers.js").read_bytes()
    copy = tmp_path / "ethers.js"
    copy.write_bytes(shipped)
    assert bundle.differing((copy,)) == []
    copy.write_bytes(shipped[:-1] + b" ")
    assert bundle.differing((copy,)) == ["ethers.js"]


def test_the_lock_pins_every_package_by_hash_and_names_no_host():
    text = (bundle._JS / "ethers" / "deno.lock").read_text()
    packages = json.loads(text)["npm"]
    assert packages
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
    assert "://" not in text
