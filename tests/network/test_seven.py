"""Seven real processes, of which five must sign: the numbers follow from n, and four is not built in."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.network.city import City, until
from tests.network.test_life_and_death import PATIENCE

from votive.client import Refused
from votive.terms.errors import ErrorCode


@pytest.fixture
def seven(tmp_path: Path) -> Iterator[City]:
    city = City.found(tmp_path / "seven", nodes=7)
    try:
        yield city
    finally:
        asyncio.run(city.network.down())


def test_any_five_of_seven_sign_and_four_say_so_and_do_not(seven: City) -> None:
    until(seven.is_whole, "all pairs of nodes are set up")
    assert seven.sign().signature.verify()
    seven.kill(2, 5)
    assert set(seven.sign().nodes) <= {1, 3, 4, 6, 7}
    seven.kill(7)
    began = time.monotonic()
    with pytest.raises(Refused) as caught:
        seven.sign()
    assert time.monotonic() - began < PATIENCE
    assert caught.value.code is ErrorCode.NOT_ENOUGH_NODES
    assert "5" in caught.value.message
