"""The compiled contracts that ship with the package."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from votive.terms.encoding import bytes_of

CONTRACT_NAMES = (
    "Staking",
    "PubkeyRouter",
    "PKPPermissions",
    "PKPNFT",
    "PKPHelper",
    "RateLimitNFT",
    "Allowlist",
    "LITToken",
    "Multisender",
    "PKPNFTMetadata",
    "StakingBalances",
    "HDKeyDeriver",
    "ContractResolver",
)
"""In the order in which they are created: each knows the others by the addresses that this order gives."""


class Artifact(msgspec.Struct, frozen=True, rename="camel"):
    """One compiled contract; ``bytecode`` is 0x text of the code that creates it."""

    contract_name: str
    abi: list[dict[str, Any]]
    bytecode: str

    @property
    def creation_code(self) -> bytes:
        """The code that creates the contract, without its constructor's arguments."""
        return bytes_of(self.bytecode)


@cache
def artifact(name: str) -> Artifact:
    """Return the compiled contract of this name."""
    content = files("votive.chain").joinpath("artifacts", f"{name}.json").read_bytes()
    return msgspec.json.decode(content, type=Artifact)
