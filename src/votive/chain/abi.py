"""Functions of our contracts as Python values: selector, arguments in, results out."""

from __future__ import annotations

from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError

from votive.chain.errors import MalformedAnswer
from votive.terms.ethereum import keccak


class Function:
    """A contract function, by its Solidity signature and the types that it returns."""

    def __init__(self, signature: str, returns: str) -> None:
        self.signature = signature
        self.selector = keccak(signature.encode())[:4]
        self._takes = split_types(signature[signature.index("(") + 1 : -1])
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


def split_types(types: str) -> list[str]:
    """Split "uint256,(bytes,bytes32)[]" at its outer commas."""
    parts: list[str] = []
    depth = 0
    for piece in types.split(","):
        if depth:
            parts[-1] += "," + piece
        elif piece:
            parts.append(piece)
        depth += piece.count("(") - piece.count(")")
    return parts
