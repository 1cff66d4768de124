"""The package as others see it: light to import, whole in both faces, right in its hashes."""

from __future__ import annotations

import asyncio
import inspect
import json
import subprocess
import sys

import pytest
from tests.client.town import ACCOUNT, PUBLIC_KEY, TOKEN, signs, town

import votive
from votive.client import BlockingNetwork, Network
from votive.terms.ethereum import address_of_text, checksum_address, eth_address_of, personal_digest

HEAVY = {"web3", "deno", "eth_account", "eth_abi", "aiohttp", "litestar", "apsw", "votive.node", "votive.chain", "votive.devnet"}
MEASURE = """
import json, sys, time
start = time.process_time()
import votive
votive.connect
print(json.dumps([time.process_time() - start, sorted(sys.modules)]))
"""


def imported() -> tuple[float, set[str]]:
    done = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, check=True)
    seconds, modules = json.loads(done.stdout)
    return seconds, set(modules)


def test_importing_the_sdk_loads_nothing_heavy() -> None:
    assert imported()[1].isdisjoint(HEAVY)


def test_importing_the_sdk_takes_less_than_150_ms() -> None:
    assert min(imported()[0] for _ in range(5)) < 0.15


def test_every_public_name_is_there() -> None:
    assert all(hasattr(votive, name) for name in votive.__all__)
    assert all(hasattr(votive.client, name) for name in votive.client.__all__)
    with pytest.raises(AttributeError, match="nonsense"):
        votive.nonsense  # noqa: B018


def test_the_blocking_face_has_every_method_of_the_network() -> None:
    methods = {name for name, member in inspect.getmembers(Network, inspect.iscoroutinefunction) if not name.startswith("_")}
    assert methods
    assert all(inspect.getdoc(getattr(BlockingNetwork, name)) == inspect.getdoc(getattr(Network, name)) for name in methods)


def test_the_blocking_face_waits_for_the_same_result() -> None:
    with asyncio.Runner() as runner:
        place = town(signs(), signs(), signs(), signs())
        blocking = BlockingNetwork(runner.run(place.__aenter__()).network, runner)
        try:
            assert blocking.sign(TOKEN, bytes(range(32)), account=ACCOUNT).signature.verify()
        finally:
            runner.run(place.__aexit__(None, None, None))


def test_personal_digests_are_those_of_eip_191() -> None:
    # "Hello World" is the example of the web3.js documentation of eth.accounts.hashMessage
    assert personal_digest("Hello World").hex() == "a1de988600a42c4b4ab089b619297c17d53cffae5d5120d82d8a92d0bb3b78f2"
    assert personal_digest("7919") != personal_digest("07919")


@pytest.mark.parametrize(
    "address",
    [  # EIP-55, "Test Cases"
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "0xde709f2102306220921060314715629080e2fb77",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    ],
)
def test_addresses_are_checksummed_as_eip_55_does(address: str) -> None:
    assert address_of_text(address.lower()) == checksum_address(bytes.fromhex(address[2:])) == address


def test_token_and_address_of_a_key_are_its_hashes() -> None:
    from eth_keys import keys

    assert eth_address_of(PUBLIC_KEY) == keys.PublicKey(PUBLIC_KEY[1:]).to_checksum_address()
