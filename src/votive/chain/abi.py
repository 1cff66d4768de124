"""Functions of our contracts as Python values: selector, arguments in, results out."""

from __future__ import annotations

from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError

from votive.chain.errors import MalformedAnswer
from votive.terms.ethereum import selector_of, split_types, types_in


class Function:
    """A contract function, by its Solidity signature and the types that it returns."""

    def __init__(self, signature: str, returns: str) -> None:
        self.signature = signature
        self.selector = selector_of(signature)
        self._takes = types_in(signature)
        self._returns = split_types(returns)

    def call(self, *arguments: Any) -> bytes:
        """Return the call's data: selector and encoded arguments."""
        return self.selector + bytes(encode(self._takes, arguments))

    def results(self, data: bytes) -> tuple[Any, ...]:
        """Decode what the function returned; MalformedAnswer if it does not fit."""
        try:
            return tuple(decode(self._returns, data))
        except (DecodingError, ValueError, OverflowError) as error:
            raise MalformedAnswer(f"{self.signature} returned {len(data)} bytes that are no {self._returns}: {error}") from error
