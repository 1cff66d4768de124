"""Committees that the tests share. A test that destroys a set-up makes its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.core.bls import BlsKey
from tests.core.ceremony import Committee, KeyShares, key_shares


class Town:
    """Four seats that are not 1…4, with set-ups among all and one key."""

    def __init__(self) -> None:
        self.committee = Committee([3, 37, 200, 255])
        self.committee.set_up_all()
        self.shares: KeyShares = key_shares(self.committee.generate())


@pytest.fixture(scope="session")
def town() -> Iterator[Town]:
    """Live all session long: only for tests that leave the set-ups alive."""
    town = Town()
    yield town
    assert all(len(table.live()) == 3 for table in town.committee.tables.values()), "a test destroyed a shared set-up"


@pytest.fixture(scope="session")
def encryption() -> BlsKey:
    """A key that others encrypt to."""
    return BlsKey("encryption-bls")


@pytest.fixture(scope="session")
def session() -> BlsKey:
    """A key that signs sessions."""
    return BlsKey("session-bls")
