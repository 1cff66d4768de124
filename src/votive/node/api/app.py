"""The application: all endpoints, and nothing between them and their one call."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any

import uvicorn
from litestar import Litestar
from litestar.config.cors import CORSConfig

from votive.node.api.block_hash import block_hash
from votive.node.api.claim import claim
from votive.node.api.connection import answering
from votive.node.api.encryption_sign import encryption_sign
from votive.node.api.errors import respond_to_error
from votive.node.api.execute import execute
from votive.node.api.handshake import handshake
from votive.node.api.health import health
from votive.node.api.metrics import metrics
from votive.node.api.network import NetworkView, network
from votive.node.api.pkp_sign import pkp_sign
from votive.node.api.request import Answer, Door
from votive.node.api.sign_session_key import sign_session_key
from votive.node.api.straight import Straight, posted
from votive.node.authorise import SESSIONS_ONLY
from votive.node.claim import Claims
from votive.node.execute import Service
from votive.node.metrics import Metrics
from votive.node.session_key import SessionKeys
from votive.node.status import Status
from votive.terms.block import BlockFacts

CONNECTIONS = 1024
"""More connections than this are answered 503 at once."""
GRACE_SECONDS = 2
"""So long requests in progress may finish when the node stops."""
DATE_SECONDS = 1.0
"""How often the date that stands in answers is renewed."""


@dataclass(frozen=True)
class Front:
    """What the endpoints call."""

    service: Callable[[], Service]
    sessions: Callable[[], SessionKeys]
    claims: Callable[[], Claims]
    network: Callable[[], NetworkView]
    status: Callable[[], Status]
    gather: Callable[[], None]
    """Sets the gauges of ``metrics``."""
    metrics: Metrics
    request_seconds: float

    def answers(self) -> Mapping[str, Answer]:
        """The endpoints that are posted to, by path."""
        door = Door(self.metrics, self.request_seconds)
        return {
            "/web/handshake": handshake(door, self.service),
            **versions("/web/execute", execute(door, self.service)),
            **versions("/web/pkp/sign", pkp_sign(door, self.service)),
            "/web/pkp/claim": claim(door, self.claims),
            **versions("/web/encryption/sign", encryption_sign(door, self.service)),
            **versions("/web/sign_session_key", sign_session_key(door, self.sessions)),
        }

    async def final_block(self) -> BlockFacts:
        """Return this node's newest final block."""
        return await self.service().blocks.final_block()


def versions(path: str, answer: Answer) -> dict[str, Answer]:
    """Offer an endpoint at its path and at its versioned one, where only session signatures count."""
    return {path: answer, path + SESSIONS_ONLY: answer}


def application(front: Front, answers: Mapping[str, Answer]) -> Straight:
    """Build the application. Any web page may call it: requests carry their authority in themselves, never in cookies."""
    posts = [posted(path, answer) for path, answer in answers.items()]
    rest = Litestar(
        route_handlers=[
            *posts,
            block_hash(front.final_block),
            health(front.status),
            metrics(front.metrics, front.gather),
            network(front.network),
        ],
        cors_config=CORSConfig(allow_origins=["*"], allow_methods=["GET", "POST"], allow_headers=["*"]),
        exception_handlers={Exception: respond_to_error},
        openapi_config=None,
        logging_config=None,
        request_max_body_size=None,  # each endpoint limits its own body while it streams in
    )
    return Straight(answers, rest)


class Server(uvicorn.Server):
    """uvicorn in the node's own event loop; signals belong to the daemon."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Let ``serve`` return, once what is being answered has been answered."""
        self.should_exit = True
        self._stopping.set()

    async def main_loop(self) -> None:
        """Renew the date of answers once a second, until ``stop``; uvicorn's own wakes ten times a second to see whether to stop."""
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                async with asyncio.timeout(DATE_SECONDS):
                    await self._stopping.wait()

    def capture_signals(self) -> Any:
        """Leave the process's signal handlers alone."""
        return nullcontext()


@asynccontextmanager
async def serving(front: Front, listener: socket.socket) -> AsyncIterator[None]:
    """Serve the application on ``listener`` for as long as the block runs."""
    answers = front.answers()
    config = uvicorn.Config(
        application(front, answers),
        interface="asgi3",
        loop="none",
        http=answering(answers),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=30,
        limit_concurrency=CONNECTIONS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # it warns of every malformed request: strangers would fill the log
    server = Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]), name="http")
    try:
        yield
    finally:
        server.stop()
        await task
