"""Random histories, on the chain and in a model of it: both must refuse the same and come to the same."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

from hypothesis.stateful import RuleBasedStateMachine
from tests.contracts.evm import Evm, Reverted


class Histories(RuleBasedStateMachine):
    """Each history begins at the same deployed contracts, and is undone when it ends."""

    evm: ClassVar[Evm | None] = None

    def __init__(self) -> None:
        super().__init__()
        kind = type(self)
        if kind.evm is None:
            kind.evm = self.deployed()
        self.chain = kind.evm
        self.people = [self.chain.alice, self.chain.bob, self.chain.eve]
        self.undone = self.chain.undone()
        self.undone.__enter__()

    def teardown(self) -> None:
        self.compare()
        self.undone.__exit__(None, None, None)

    @classmethod
    @abstractmethod
    def deployed(cls) -> Evm:
        """Deploy the contracts."""

    @abstractmethod
    def compare(self) -> None:
        """Hold the chain against the model."""

    def attempt(self, action: Callable[[], Any], error: str | None) -> Any:
        """Act; the chain must refuse with ``error``, or accept if it is None."""
        try:
            result = action()
        except Reverted as refusal:
            assert refusal.name == error
            return None
        assert error is None, f"accepted what deserves {error}"
        return result
