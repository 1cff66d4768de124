"""Every test of links runs on both event loops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest
from tests.net.town import Town, a_town

from votive.net import loop_factory


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"asyncio": loop_factory("asyncio"), "uvloop": loop_factory("uvloop")}


@pytest.fixture
def town() -> Iterator[Town]:
    with a_town() as four:
        yield four
