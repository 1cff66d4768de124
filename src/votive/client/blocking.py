"""The same network for programs without an event loop: every method of ``Network``, waiting for its result.

Nothing is written twice: the methods below are made from those of ``Network``, types and docstrings included.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Concatenate, ParamSpec, TypeVar

from votive.client.auth_sig import ANONYMOUS, Origin
from votive.client.connection import connect
from votive.client.network import Network

P = ParamSpec("P")
T = TypeVar("T")


def _waiting(
    method: Callable[Concatenate[Network, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[BlockingNetwork, P], T]:
    """Turn a coroutine method of ``Network`` into one that waits."""

    @functools.wraps(method)
    def call(self: BlockingNetwork, /, *args: P.args, **kwargs: P.kwargs) -> T:
        _require_no_loop()
        return self.runner.run(method(self.network, *args, **kwargs))

    return call


def _require_no_loop() -> None:
    """Say what to use instead where nothing may wait, before there is a coroutine that nobody awaits."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError(
        "connect_blocking and its methods wait, and an event loop runs in this thread: use `async with votive.connect(…)` there, and await."
    )


class BlockingNetwork:
    """A ``Network`` whose methods wait. Made by ``votive.connect_blocking``; belongs to one thread."""

    def __init__(self, network: Network, runner: asyncio.Runner) -> None:
        self.network = network
        self.runner = runner

    mint = _waiting(Network.mint)
    claim = _waiting(Network.claim)
    mint_claimed = _waiting(Network.mint_claimed)
    mint_grant_burn = _waiting(Network.mint_grant_burn)
    grant = _waiting(Network.grant)
    revoke = _waiting(Network.revoke)
    grant_method = _waiting(Network.grant_method)
    revoke_method = _waiting(Network.revoke_method)
    transfer = _waiting(Network.transfer)
    burn = _waiting(Network.burn)
    key = _waiting(Network.key)
    keys = _waiting(Network.keys)
    publish = _waiting(Network.publish)
    execute = _waiting(Network.execute)
    sign = _waiting(Network.sign)
    encrypt = _waiting(Network.encrypt)
    encrypt_file = _waiting(Network.encrypt_file)
    decrypt = _waiting(Network.decrypt)
    decrypt_file = _waiting(Network.decrypt_file)
    session = _waiting(Network.session)
    pkp_session = _waiting(Network.pkp_session)
    verify = _waiting(Network.verify)


@contextmanager
def connect_blocking(
    url: str | Sequence[str],
    *,
    rpc_url: str | None = None,
    ipfs_api: str | None = None,
    resolver: str | None = None,
    origin: Origin = ANONYMOUS,
) -> Iterator[BlockingNetwork]:
    """Connect as ``votive.connect`` does, in a ``with`` block.

    Raises:
        RuntimeError: an event loop runs in this thread; there ``votive.connect`` is to be used.
    """
    _require_no_loop()
    connection = connect(url, rpc_url=rpc_url, ipfs_api=ipfs_api, resolver=resolver, origin=origin)
    with asyncio.Runner() as runner:
        network = runner.run(connection.__aenter__())
        try:
            yield BlockingNetwork(network, runner)
        finally:
            runner.run(connection.__aexit__(None, None, None))
