"""One deployed network; every test starts from the same block of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.contracts.evm import Evm


@pytest.fixture(scope="session")
def network_of_four() -> Evm:
    return Evm(seats=(1, 2, 3, 4))


@pytest.fixture
def evm(network_of_four: Evm) -> Iterator[Evm]:
    with network_of_four.undone():
        yield network_of_four
