"""Wallets that are contracts (EIP-1271) ask for signatures, sessions and decryptions like any other."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import Place

import votive as sdk
from votive.client import ContractWallet, Refused, SessionStore, Wallet

CONTRACT = "0x" + "c0" * 20
DIGEST = bytes(range(32))


def code(owner: str) -> str:
    """A contract that answers EIP-1271's magic value for a signature of ``owner``'s, by ecrecover, and zero for any other."""
    return (
        "0x"
        + "".join(
            (
                "600435600052",  # memory[0] = hash
                "60a43560001a602052",  # memory[32] = v, the 65th byte of the signature
                "606435604052",  # memory[64] = r
                "608435606052",  # memory[96] = s
                "60206080608060006001" + "5afa50",  # ecrecover(memory[0:128]) to memory[128]
                "608051" + "73" + owner[2:].lower() + "14",  # is it the owner?
                "631626ba7e60e01b02",  # times the magic value, in the first four bytes
                "60005260206000f3",
            )
        )
    )


@pytest.fixture
def contract(status: dict[str, Any]) -> ContractWallet:
    """A contract wallet on the development chain, with an ether, that account 4 owns."""
    owner = Wallet.from_key(status["accounts"][4]["private_key"])
    rpc(status, "anvil_setCode", CONTRACT, code(owner.address))
    rpc(status, "anvil_setBalance", CONTRACT, hex(10**18))
    return ContractWallet(CONTRACT, owner)


def rpc(status: dict[str, Any], method: str, *params: Any) -> Any:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    request = urllib.request.Request(status["chain"]["rpc_url"], body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.loads(answer.read())["result"]


@pytest.fixture
def key(place: Place, contract: ContractWallet) -> dict[str, Any]:
    """A key that the contract may use."""
    minted: dict[str, Any] = place.run("key", "mint", "--as", 1)
    place.run("key", "grant", minted["token_id"], "--address", contract.address, "--as", 1)
    return minted


def test_it_signs_decrypts_and_delegates(status: dict[str, Any], contract: ContractWallet, key: dict[str, Any], tmp_path: Path) -> None:
    with sdk.connect_blocking(status["nodes"][0]["url"]) as network:
        assert network.sign(key["token_id"], DIGEST, account=contract).signature.verify()
        sealed = network.encrypt("for the contract", f"user = {contract.address}")
        assert network.decrypt(sealed, account=contract).text == "for the contract"
        wanted = [f"lit-pkp://{key['token_id']}", "lit-accesscontrolcondition://*"]
        session = network.session(contract, wanted, store=SessionStore(tmp_path))
        assert session.address == contract.address
        assert network.sign(key["token_id"], DIGEST[::-1], session=session).signature.verify()
        assert network.decrypt(sealed, session=session).text == "for the contract"


def test_who_does_not_own_it_cannot_ask_for_it(status: dict[str, Any], contract: ContractWallet, key: dict[str, Any]) -> None:
    thief = ContractWallet(contract.address, Wallet.from_key(status["accounts"][5]["private_key"]))
    with sdk.connect_blocking(status["nodes"][0]["url"]) as network:
        sealed = network.encrypt("for the contract", f"user = {contract.address}")
        for ask in (
            lambda: network.sign(key["token_id"], DIGEST, account=thief),
            lambda: network.decrypt(sealed, account=thief),
            lambda: network.decrypt(sealed, account=contract.owner),
        ):
            with pytest.raises(Refused):
                ask()
