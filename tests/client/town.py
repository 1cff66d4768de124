"""A network of pretended nodes: real HTTP servers that say what a test wants, and a real key to sign with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import coincurve
from aiohttp import web

from votive.client.ask import Node
from votive.client.auth_sig import Origin
from votive.client.network import Network
from votive.client.registry import Committee, Registry
from votive.client.rpc import Rpc
from votive.client.wallet import Wallet
from votive.terms.contracts import RESOLVER_KEYS, Contracts
from votive.terms.ethereum import personal_digest, token_id_of

KEY = coincurve.PrivateKey(bytes(range(1, 33)))
PUBLIC_KEY = KEY.public_key.format(compressed=False)
TOKEN = token_id_of(PUBLIC_KEY)
STRANGER = coincurve.PrivateKey(bytes(range(2, 34)))
ACCOUNT = Wallet.from_key("0x" + "11" * 32)
CHAIN_ID = 31337
NOWHERE = "0x" + "00" * 19 + "01"

Request = tuple[int, str, str, dict[str, Any]]
"""Seat, path, request id, body."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def signature(digest: bytes, key: coincurve.PrivateKey = KEY) -> dict[str, Any]:
    raw = key.sign_recoverable(digest, hasher=None)
    return {"r": "0x" + raw[:32].hex(), "s": "0x" + raw[32:64].hex(), "v": 27 + raw[64]}


def says(body: Any, status: int = 200) -> Handler:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response(body, status=status)

    return answer


def refuses(code: str, message: str, status: int = 401, details: tuple[Any, ...] = ()) -> Handler:
    return says({"errorCode": code, "message": message, "status": status, "details": list(details)}, status)


def signs(key: coincurve.PrivateKey = KEY) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        digest = personal_digest(bytes.fromhex(body["message"][2:])) if "message" in body else bytes(body["toSign"])
        return web.json_response({"success": True, "signature": signature(digest, key)})

    return answer


def ran(response: str = "done", digests: tuple[bytes, ...] = (), key: coincurve.PrivateKey = KEY) -> Handler:
    public_key = key.public_key.format(compressed=False).hex()
    signed = {
        f"sig{number}": {"publicKey": f'"{public_key}"', "dataSigned": f'"{digest.hex()}"', "signature": signature(digest, key)}
        for number, digest in enumerate(digests)
    }
    return says({"success": True, "signedData": signed, "claimData": {}, "response": response, "logs": "said\n"})


@dataclass
class Town:
    """Pretended nodes and what they were asked."""

    network: Network
    requests: list[Request] = field(default_factory=list)


@asynccontextmanager
async def town(*handlers: Handler | None, tells: Mapping[int, Any] | None = None) -> AsyncIterator[Town]:
    """A network whose node in seat i answers with the i-th handler; one whose handler is None cannot be reached.

    ``tells`` is what each answers to ``GET /votive/network``.
    """
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        asked: list[Request] = []
        nodes = [await _node(stack, seat, handler, asked, (tells or {}).get(seat)) for seat, handler in enumerate(handlers, start=1)]
        registry = Registry(
            Rpc(session, "http://127.0.0.1:9"),
            Contracts.from_dict(dict.fromkeys(("ContractResolver", *RESOLVER_KEYS), NOWHERE)),
            CHAIN_ID,
        )
        registry.keys_seen[TOKEN] = PUBLIC_KEY
        committee = Committee(epoch=1, threshold=2 * len(nodes) // 3 + 1, nodes=tuple(nodes))
        network = Network(
            session=session, registry=registry, committee=committee, ipfs_api=None, gateways=(), origin=Origin(), chain_name="yellowstone"
        )
        yield Town(network, asked)


async def _node(
    stack: AsyncExitStack, seat: int, handler: Handler | None, asked: list[tuple[int, str, str, dict[str, Any]]], tells: Any
) -> Node:
    if handler is None:
        return Node(seat=seat, url="http://127.0.0.1:9", address=NOWHERE)

    async def noting(request: web.Request) -> web.StreamResponse:
        asked.append((seat, request.path, request.headers["X-Request-Id"], await request.json()))
        return await handler(request)

    app = web.Application(client_max_size=2**24)

    async def telling(_: web.Request) -> web.StreamResponse:
        return web.json_response(tells)

    app.router.add_post("/{path:.*}", noting)
    app.router.add_get("/votive/network", telling)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return Node(seat=seat, url=f"http://127.0.0.1:{runner.addresses[0][1]}", address=NOWHERE)
