"""Nodes that hold real shares of one encryption key, and some that only pretend to."""

from __future__ import annotations

from functools import cache
from typing import Any

from aiohttp import web
from tests.client.town import Handler, Town
from tests.core.ceremony import Committee, KeyShares

from votive.client.encrypted import Encrypted
from votive.client.encryption import encrypt
from votive.client.network_key import NetworkKey
from votive.client.recipient import recipient_of
from votive.terms.conditions import from_request, identity
from votive.terms.key import Purpose, verification_hash
from votive.terms.participant import Seat

CONDITIONS = [
    {
        "conditionType": "evmBasic",
        "contractAddress": "",
        "standardContractType": "",
        "chain": "ethereum",
        "method": "eth_getBalance",
        "parameters": [":userAddress", "latest"],
        "returnValueTest": {"comparator": ">=", "value": "0"},
    }
]
PLAINTEXT = "was nur wenige lesen dürfen".encode()


def key_shares(nodes: int = 4) -> KeyShares:
    """Shares of one encryption key, always the same for so many nodes."""
    return _generated(nodes)


@cache
def _generated(nodes: int) -> KeyShares:
    return {seat: shares[0] for seat, shares in Committee(range(1, nodes + 1)).generate(purpose="encryption-bls").items()}


def public_key(nodes: int = 4) -> bytes:
    return key_shares(nodes)[Seat(1)].public_key


def encrypted(nodes: int = 4, data: bytes = PLAINTEXT) -> Encrypted:
    return encrypt(recipient_of(public_key(nodes), CONDITIONS, "yellowstone"), data)


def lends(seat: int, nodes: int = 4) -> Handler:
    """The node in ``seat``, honest: it gives its share of whatever it is asked for."""

    async def answer(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        asked = identity(from_request(body).hash, bytes.fromhex(body["dataToEncryptHash"]))
        return gives(key_shares(nodes)[Seat(seat)].decryption_share(asked))

    return answer


def lies(seat: int, nodes: int = 4) -> Handler:
    """A node that gives its share of something else."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return gives(key_shares(nodes)[Seat(seat)].decryption_share(identity(bytes(32), bytes(32))))

    return answer


def gives(share: bytes) -> web.Response:
    return web.json_response({"result": "success", "signatureShare": {"ProofOfPossession": share.hex()}, "shareIndex": share[0]})


def told(nodes: int = 4) -> dict[str, Any]:
    """What an honest node says of the key."""
    shares = {str(int(seat)): "0x" + point.hex() for seat, point in key_shares(nodes)[Seat(1)].verification_shares.items()}
    return {"keys": {"encryption": {"public_key": "0x" + public_key(nodes).hex(), "verification_shares": shares}, "session": None}}


def appoint(place: Town, nodes: int = 4) -> None:
    """Let the chain name the key."""
    share = key_shares(nodes)[Seat(1)]
    key = NetworkKey(public_key=share.public_key, verification_hash=verification_hash(share.verification_shares))
    place.network.registry._network_keys[Purpose.ENCRYPTION_BLS] = key
