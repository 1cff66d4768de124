"""A wallet that signs requests and transactions.

It signs with libsecp256k1 itself: ``eth_account`` computes for 0.7 s when it is imported, which every command would pay for. Its
accounts are accepted all the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Self

import msgspec

from votive.client.errors import BadArgument
from votive.terms import rlp
from votive.terms.encoding import bytes_of, hex0x
from votive.terms.ethereum import checksum_address, eth_address_of, keccak, personal_digest

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

NO_KEY = "this is not a secp256k1 private key: it must be 32 bytes of hex, between 1 and the group order"


class Eip1559(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction of type 2 without an access list (EIP-1559); amounts in wei."""

    chain_id: int
    nonce: int
    tip: int
    """``max_priority_fee_per_gas``"""
    max_fee: int
    """``max_fee_per_gas``"""
    gas: int
    to: str
    value: int
    data: bytes


class Wallet:
    """Signs as one Ethereum address. Its representation never shows the key."""

    derived_via = "web3.eth.personal.sign"

    def __init__(self, address: str, sign_hash: Callable[[bytes], bytes]) -> None:
        """``sign_hash`` signs 32 bytes and returns r ‖ s ‖ recovery id (0 or 1), 65 bytes, with low s."""
        self.address = address
        self._sign_hash = sign_hash

    @classmethod
    def from_key(cls, private_key: str | bytes) -> Self:
        """Make a wallet of a private key of 32 bytes (hex or raw).

        Raises:
            BadArgument: it is not one.
        """
        from coincurve import PrivateKey  # noqa: PLC0415  # loaded when first needed: see the package's docstring

        try:
            raw = bytes_of(private_key) if isinstance(private_key, str) else private_key
            if len(raw) != 32:
                raise BadArgument(NO_KEY)
            key = PrivateKey(raw)
        except ValueError as error:
            raise BadArgument(NO_KEY) from error
        address = eth_address_of(key.public_key.format(compressed=False))
        return cls(address, lambda digest: key.sign_recoverable(digest, hasher=None))

    @classmethod
    def from_account(cls, account: LocalAccount) -> Self:
        """Make a wallet of an ``eth_account`` account that holds its key."""
        from eth_typing import Hash32  # noqa: PLC0415  # comes with eth_account

        def sign_hash(digest: bytes) -> bytes:
            signed = account.unsafe_sign_hash(Hash32(digest))
            return signed.r.to_bytes(32) + signed.s.to_bytes(32) + bytes([signed.v - 27])

        return cls(str(account.address), sign_hash)

    @classmethod
    def from_key_file(cls, path: Path, password: str | None = None) -> Self:
        """Read a file that holds a private key as hex, or a Web3 keystore (which needs ``password``).

        Raises:
            BadArgument: the file cannot be read, or holds neither, or the password is wrong.
        """
        try:
            text = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BadArgument(f"cannot read the key file {path}: {error}") from error
        if text.startswith("{"):
            return cls.from_key(_keystore_key(path, text, password))
        try:
            return cls.from_key(text)
        except BadArgument as error:
            raise BadArgument(f"{path}: {error.message}") from error

    def sign_message(self, text: str) -> str:
        """Sign ``text`` as a personal message (EIP-191); returns r ‖ s ‖ v as 0x hex, 65 bytes."""
        signature = self._sign_hash(personal_digest(text))
        return hex0x(signature[:64] + bytes([27 + signature[64]]))

    def sign_transaction(self, transaction: Eip1559) -> bytes:
        """Sign ``transaction`` and return it as the chain takes it (EIP-2718: the type, then the RLP of fields and signature)."""
        one = transaction
        fields: list[rlp.Item] = [one.chain_id, one.nonce, one.tip, one.max_fee, one.gas, bytes_of(one.to), one.value, one.data, []]
        signature = self._sign_hash(keccak(b"\x02" + rlp.encode(fields)))
        r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:64])
        return b"\x02" + rlp.encode([*fields, signature[64], r, s])

    def __repr__(self) -> str:
        return f"<Wallet {self.address}>"


class ContractWallet:
    """A wallet that is a contract (EIP-1271): it asks under its own address, and what its owner signs is judged by its code.

    It can ask, not pay: contracts send no transactions of their own.
    """

    derived_via = "EIP1271"

    def __init__(self, address: str, owner: Wallet) -> None:
        """``owner`` signs for the contract at ``address``."""
        self.address = checksum_address(bytes_of(address))
        self.owner = owner

    def sign_message(self, text: str) -> str:
        """Let the owner sign ``text`` as a personal message (EIP-191); the contract is asked about that hash."""
        return self.owner.sign_message(text)

    def __repr__(self) -> str:
        return f"<ContractWallet {self.address}>"


def wallet_of(account: Wallet | LocalAccount | str) -> Wallet:
    """Return ``account`` as a wallet."""
    if isinstance(account, Wallet):
        return account
    return Wallet.from_key(account) if isinstance(account, str) else Wallet.from_account(account)


def _keystore_key(path: Path, text: str, password: str | None) -> bytes:
    """Open a Web3 keystore."""
    from eth_account import Account  # noqa: PLC0415  # only keystores need it

    if password is None:
        raise BadArgument(f"{path} is an encrypted keystore and needs its password (the command line reads VOTIVE_KEYFILE_PASSWORD)")
    try:
        return bytes(Account.decrypt(json.loads(text), password))
    except (ValueError, KeyError, TypeError) as error:
        raise BadArgument(f"cannot open the keystore {path}: {error}. Is the password right?") from error


def asker_of(account: Wallet | ContractWallet | LocalAccount | str) -> Wallet | ContractWallet:
    """Return ``account`` as a wallet that can ask, if not pay."""
    return account if isinstance(account, ContractWallet) else wallet_of(account)
