"""Real processes decrypt: for whom the conditions hold, with a node dead, and the plaintext is nowhere but where it is asked for."""

from __future__ import annotations

import asyncio
import base64
import secrets
import time
import urllib.request
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from tests.network.city import SEATS, City
from tests.network.test_life_and_death import PATIENCE

import votive
from votive.client import Refused
from votive.client.ask import Answer
from votive.client.network import asker
from votive.core import InvalidCiphertext, ibe_encrypt
from votive.ipfs import cid_of
from votive.terms.conditions import identity, parse
from votive.terms.errors import ErrorCode
from votive.terms.key import Purpose

DECRYPTING = b"""
(async () => {
  const asked = { accessControlConditions: conditions, ciphertext, dataToEncryptHash, authSig: null, chain: "yellowstone" };
  const plaintext = await Lit.Actions.decryptAndCombine(asked);
  Lit.Actions.setResponse({ response: String(plaintext.length) });
})();
"""
CID = cid_of(DECRYPTING)


def condition(parameter: str, value: str) -> dict[str, Any]:
    return {
        "conditionType": "evmBasic",
        "contractAddress": "",
        "standardContractType": "",
        "chain": "yellowstone",
        "method": "",
        "parameters": [parameter],
        "returnValueTest": {"comparator": "=", "value": value},
    }


def of_city(city: City, act: Callable[[Any], Awaitable[Any]]) -> Any:
    async def work() -> Any:
        async with votive.connect([city.network.node_url(seat) for seat in SEATS]) as network:
            return await act(network)

    return asyncio.run(work())


def run(city: City, encrypted: Any, conditions: list[Any], account: int = 1) -> Any:
    """Run the action that decrypts, in the name of an account."""
    params = {
        "conditions": conditions,
        "ciphertext": encrypted.ciphertext,
        "dataToEncryptHash": encrypted.data_to_encrypt_hash,
    }
    key = city.network.accounts[account].private_key
    return of_city(city, lambda network: network.execute(DECRYPTING, params, account=key))


def test_a_plaintext_and_its_key_go_to_the_run_and_nowhere_else(city: City) -> None:
    """B19: no log, store, metric or answer of any node has it, nor what would open it."""
    canary = f"canary-{secrets.token_hex(16)}"
    conditions = [condition(":currentActionIpfsId", CID), {"operator": "or"}, condition(":userAddress", city.network.accounts[2].address)]

    async def act(network: Any) -> tuple[Any, bytes]:
        encrypted = await network.encrypt(canary, conditions)
        _, gathered, _ = await network._unlock(encrypted, asker(city.network.accounts[2].private_key, None))
        return encrypted, gathered.signature

    encrypted, key = of_city(city, act)
    result = run(city, encrypted, conditions)
    assert (result.response, result.nodes) == (str(len(canary)), SEATS)
    other = condition(":currentActionIpfsId", cid_of(b"another action"))
    refused = of_city(city, lambda network: network.encrypt(canary, [other]))
    with pytest.raises(Refused):
        run(city, refused, [other])
    found = [place for secret in (canary.encode(), key) for place in places_of(city, spellings(secret))]
    assert found == []
    assert places_of(city, spellings(city.network.plan.resolver.lower().removeprefix("0x").encode())) != []  # what is there is found


def spellings(secret: bytes) -> list[bytes]:
    """How bytes may stand in a file."""
    return [secret, secret.hex().encode(), base64.b64encode(secret).rstrip(b"=")[:-2], base64.urlsafe_b64encode(secret).rstrip(b"=")[:-2]]


def places_of(city: City, texts: list[bytes]) -> list[str]:
    """Files of the network and answers of its nodes that hold one of ``texts``."""
    files = [path for path in Path(city.network.directory).rglob("*") if path.is_file() and "anvil" not in path.parts]
    contents = {str(path): path.read_bytes() for path in files}
    for seat in SEATS:
        for path in ("/metrics", "/health", "/votive/network"):
            with urllib.request.urlopen(city.network.node_url(seat) + path, timeout=5) as answer:
                contents[f"{seat} {path}"] = answer.read()
    return [place for place, content in contents.items() if any(text.lower() in content.lower() for text in texts)]


def test_with_a_node_killed_an_action_decrypts_and_with_two_it_says_so_in_time(city: City) -> None:
    conditions = [condition(":currentActionIpfsId", CID)]
    encrypted = of_city(city, lambda network: network.encrypt("some text", conditions))
    city.kill(2)
    assert run(city, encrypted, conditions).response == "9"
    city.kill(4)
    began = time.monotonic()
    with pytest.raises(Refused) as caught:
        run(city, encrypted, conditions)
    assert time.monotonic() - began < PATIENCE
    assert caught.value.code is ErrorCode.NOT_ENOUGH_NODES


def test_a_request_to_sign_with_a_network_key_is_refused_by_every_node(city: City) -> None:
    """A26."""

    async def act(network: Any) -> None:
        for purpose in (Purpose.ENCRYPTION_BLS, Purpose.SESSION_BLS):
            public_key = "0x" + (await network.registry.network_key(purpose)).public_key.hex()
            answers = await everybodys(network, "/web/pkp/sign", {"toSign": list(range(32)), "pubkey": public_key}, city.account)
            assert sorted(answer.seat for answer in answers) == list(SEATS)
            for answer in answers:
                assert (answer.status, answer.body["errorCode"]) == (400, "NodeBadInput"), answer
                assert "secp256k1" in answer.body["message"]

    of_city(city, act)


async def everybodys(network: Any, path: str, body: dict[str, Any], account: str) -> Sequence[Answer]:
    async def enough(answers: Sequence[Answer]) -> bool:
        return len(answers) == len(SEATS)

    asked = await network._requests.ask(path, body, asker=asker(account, None), patience=10.0, enough=enough)
    answers: Sequence[Answer] = asked.answers
    return answers


def test_what_was_encrypted_under_the_session_key_is_opened_by_nobody(city: City) -> None:
    """A25: the nodes decrypt with the encryption key, whatever a caller has."""

    async def act(network: Any) -> None:
        conditions = [condition(":userAddress", city.network.accounts[0].address)]
        good = await network.encrypt("text", conditions)
        session_key = (await network.registry.network_key(Purpose.SESSION_BLS)).public_key
        name = identity(parse(conditions).hash, bytes.fromhex(good.data_to_encrypt_hash))
        forged = structs.replace(good, ciphertext=base64.b64encode(ibe_encrypt(session_key, name, b"text")).decode())
        assert (await network.decrypt(good, account=city.account)).data == b"text"
        with pytest.raises(InvalidCiphertext):
            await network.decrypt(forged, account=city.account)

    of_city(city, act)
