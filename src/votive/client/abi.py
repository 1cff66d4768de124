"""The few contract functions and events that a client uses, by their Solidity signatures.

The same signatures as Lit's Datil network has; ``committee`` and ``ownerOfOrZero`` are Votive's own. The wheel ships the whole ABI
with ``votive.chain``; the client needs no more than this.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec

from votive.terms.encoding import hex0x
from votive.terms.ethereum import keccak, selector_of, types_in


class Function(msgspec.Struct, frozen=True):
    """A contract function: its signature without spaces, and the types it returns."""

    signature: str
    returns: tuple[str, ...] = ()

    def call(self, *arguments: Any) -> bytes:
        """Encode a call: four bytes of selector and the arguments."""
        return selector_of(self.signature) + encode(types_in(self.signature), arguments)

    def read(self, returned: bytes) -> tuple[Any, ...]:
        """Decode what a call returned."""
        return decode(self.returns, returned)


GET_CONTRACTS = Function("getContracts(bytes32[])", ("address[]",))
COMMITTEE = Function("committee()", ("uint256", "uint256", "(uint256,address,string,uint16,bytes32,bytes32)[]"))
UNMINTED = Function("getUnmintedRoutedTokenIdCount(uint256)", ("uint256",))
MINT_COST = Function("mintCost()", ("uint256",))
MINT_NEXT = Function("mintNext(uint256)", ("uint256",))
MINT_GRANT_AND_BURN_NEXT = Function("mintGrantAndBurnNext(uint256,bytes)", ("uint256",))
CLAIM_AND_MINT = Function("claimAndMint(uint256,bytes32,(bytes32,bytes32,uint8)[])", ("uint256",))
OWNER_OF_OR_ZERO = Function("ownerOfOrZero(uint256)", ("address",))
TRANSFER_FROM = Function("safeTransferFrom(address,address,uint256)")
BURN = Function("burn(uint256)")
KEYS_OF_PURPOSE = Function("getKeysOfPurpose(bytes32)", ("uint256[]",))
GET_KEYS = Function("getKeys(uint256[])", ("(bool,bool,bytes,bytes32,(uint64,uint64,bytes32,uint256,uint64,bytes32))[]",))
ROOT_KEYS = Function("getRootKeys(address)", ("(bytes,uint256)[]",))
GET_PUBKEY = Function("getPubkey(uint256)", ("bytes",))
ADD_ACTION = Function("addPermittedAction(uint256,bytes,uint256[])")
REMOVE_ACTION = Function("removePermittedAction(uint256,bytes)")
ADD_ADDRESS = Function("addPermittedAddress(uint256,address,uint256[])")
REMOVE_ADDRESS = Function("removePermittedAddress(uint256,address)")
ADD_METHOD = Function("addPermittedAuthMethod(uint256,(uint256,bytes,bytes),uint256[])")
REMOVE_METHOD = Function("removePermittedAuthMethod(uint256,uint256,bytes)")
PERMITTED_METHODS = Function("getPermittedAuthMethods(uint256)", ("(uint256,bytes,bytes)[]",))

PKP_MINTED = "PKPMinted(uint256,bytes)"
TRANSFER = "Transfer(address,address,uint256)"
METHOD_ADDED = "PermittedAuthMethodAdded(uint256,uint256,bytes,bytes)"

ERRORS = {
    "ERC721NonexistentToken(uint256)": "the token was burned or never minted",
    "ERC721InsufficientApproval(address,uint256)": "this account neither owns the token nor is approved for it",
    "ERC721IncorrectOwner(address,uint256,address)": "this account does not own the token",
    "ERC721InvalidReceiver(address)": "the receiver cannot hold the token",
    "NotPkpOwner(uint256,address)": "this account does not own the token",
    "NotPermitted(uint256,uint256,bytes)": "it is not permitted, so there is nothing to revoke",
    "InvalidActionId(bytes)": "this is no action's CID",
    "InvalidAddressId(bytes)": "this is no address",
    "NoUnmintedKey(uint256)": "the nodes have no unminted key in stock",
    "AlreadyClaimed(uint256)": "the key was claimed before, and a key is claimed once for ever",
    "ClaimNotGranted(bytes32,address)": "too few nodes signed this claim, or they signed it for another account",
    "WrongMintCost(uint256,uint256)": "the price of a mint has just changed",
}
"""Errors of the contracts that a client can meet, in words."""


def topic(event: str) -> str:
    """Return the first topic of ``event``."""
    return hex0x(keccak(event.encode()))


def word(number: int) -> str:
    """Write ``number`` as a 32-byte topic."""
    return f"0x{number:064x}"


def encode(types: Sequence[str], values: Sequence[Any]) -> bytes:
    """ABI-encode ``values``."""
    from eth_abi.abi import encode as implementation  # noqa: PLC0415  # loaded when first needed

    return implementation(list(types), list(values))


def decode(types: Sequence[str], data: bytes) -> tuple[Any, ...]:
    """ABI-decode ``data``."""
    from eth_abi.abi import decode as implementation  # noqa: PLC0415  # loaded when first needed

    return tuple(implementation(list(types), data))


@cache
def error_in_words(selector: bytes) -> str:
    """Say what the custom error with these four bytes means; nothing if it is not known."""
    return next((words for error, words in ERRORS.items() if selector_of(error) == selector), "")
