"""Wallets that are contracts (EIP-1271): the contract itself says whether a signature is its own.

It is asked at the request's final block, so that all nodes get one answer. The message must name the contract's address and the
chain that it is on (EIP-4361: "the network where Contract Accounts MUST be resolved"): a signature that a person gave for himself
is not one of a contract that he owns, and one for a contract elsewhere is not one for its namesake here.
"""

from __future__ import annotations

import hashlib
import re
from typing import Protocol

from votive.auth.credentials import CONTRACT_SHA256_DERIVED_VIA
from votive.auth.errors import InvalidAuthSig
from votive.auth.wallet import SignedIn
from votive.terms.auth_sig import AuthSig
from votive.terms.block import Block
from votive.terms.encoding import bytes_of
from votive.terms.ethereum import personal_digest

MAX_SIGNATURE_BYTES = 8 * 1024
_is_hex = re.compile(r"0x(?:[0-9A-Fa-f]{2})*").fullmatch


class WalletAnswer(Protocol):
    """What a contract said of a signature."""

    @property
    def valid(self) -> bool:
        """Whether the contract calls the signature its own."""
        ...

    @property
    def why(self) -> str:
        """If not: what it did instead."""
        ...


class AskContractWallets(Protocol):
    """Contracts of the network's chain. WorldError if the chain itself cannot answer."""

    async def is_valid_signature(self, address: str, digest: bytes, signature: bytes, block: Block) -> WalletAnswer:
        """Ask a contract at a block, within bounds of time, gas and answer; whatever it does, there is an answer."""
        ...


async def check_contract_signature(
    auth_sig: AuthSig, signed_in: SignedIn, wallets: AskContractWallets, *, chain_id: int, block: Block
) -> None:
    """Refuse a signature that the contract at the message's address does not call its own."""
    if signed_in.chain_id != chain_id:
        raise InvalidAuthSig(
            f"the message names the chain {signed_in.chain_id}; a contract wallet signs in on the network's own chain, {chain_id}"
        )
    answer = await wallets.is_valid_signature(signed_in.address, contract_digest(auth_sig), _signature(auth_sig.sig), block)
    if not answer.valid:
        raise InvalidAuthSig(
            f"the contract wallet {signed_in.address} does not call the signature its own at block {block.number}: {answer.why}",
            details=({"contract": signed_in.address, "block": block.number, "seen": answer.why},),
        )


def contract_digest(auth_sig: AuthSig) -> bytes:
    """Return the 32 bytes that the contract is asked about: the EIP-191 hash of the message, or its SHA-256 if so derived."""
    if auth_sig.derived_via == CONTRACT_SHA256_DERIVED_VIA:
        return hashlib.sha256(auth_sig.signed_message.encode()).digest()
    return personal_digest(auth_sig.signed_message)


def _signature(text: str) -> bytes:
    if len(text) > 2 + 2 * MAX_SIGNATURE_BYTES or _is_hex(text) is None:
        raise InvalidAuthSig(f"authSig.sig of a contract wallet must be 0x and hex, of {MAX_SIGNATURE_BYTES} bytes at most")
    return bytes_of(text)
