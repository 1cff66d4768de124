"""One network of real processes for all tests here; each test finds it whole."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from tests.network.city import City, until


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "network" in item.path.parts[-2]:
            item.add_marker(pytest.mark.network)


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    city = City.found(tmp_path_factory.mktemp("network") / "city")
    try:
        yield city
    finally:
        asyncio.run(city.network.down())


@pytest.fixture
def city(founded: City) -> City:
    founded.restore()
    until(founded.is_whole, "all pairs of nodes are set up")
    return founded
