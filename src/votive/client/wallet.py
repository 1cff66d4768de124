"""A wallet that signs requests and transactions: an ``eth_account`` local account behind a narrow face."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from votive.client.errors import BadArgument

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount


class Wallet:
    """Signs as one Ethereum address. Its representation never shows the key."""

    def __init__(self, account: LocalAccount) -> None:
        self._account = account
        self.address = str(account.address)

    @classmethod
    def from_key(cls, private_key: str | bytes) -> Wallet:
        """Make a wallet of a private key of 32 bytes (hex or raw).

        Raises:
            BadArgument: it is not one.
        """
        from eth_account import Account  # noqa: PLC0415  # takes 0.7 s to load

        try:
            return cls(Account.from_key(private_key))
        except ValueError as error:
            raise BadArgument("this is not a secp256k1 private key: it must be 32 bytes of hex, between 1 and the group order") from error
        except Exception as error:  # eth_keys raises its own ValidationError, which is no ValueError
            if type(error).__name__ != "ValidationError":
                raise
            raise BadArgument("this is not a secp256k1 private key: it must be 32 bytes of hex, between 1 and the group order") from error

    @classmethod
    def from_key_file(cls, path: Path, password: str | None = None) -> Wallet:
        """Read a file that holds a private key as hex, or a Web3 keystore (which needs ``password``).

        Raises:
            BadArgument: the file cannot be read, or holds neither, or the password is wrong.
        """
        try:
            text = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BadArgument(f"cannot read the key file {path}: {error}") from error
        return cls.from_key(_keystore_key(path, text, password) if text.startswith("{") else text)

    @classmethod
    def create(cls) -> Wallet:
        """Make a new wallet of the system's randomness."""
        from eth_account import Account  # noqa: PLC0415

        return cls(Account.create())

    def sign_message(self, text: str) -> str:
        """Sign ``text`` as a personal message (EIP-191); returns r ‖ s ‖ v as 0x hex, 65 bytes."""
        from eth_account.messages import encode_defunct  # noqa: PLC0415

        return "0x" + bytes(self._account.sign_message(encode_defunct(text=text)).signature).hex()

    def sign_transaction(self, transaction: Mapping[str, Any]) -> bytes:
        """Sign ``transaction`` and return it as the chain takes it."""
        return bytes(self._account.sign_transaction(dict(transaction)).raw_transaction)

    def __repr__(self) -> str:
        return f"<Wallet {self.address}>"


Payer = "Wallet | LocalAccount | str"
"""What SDK calls take as an account: a wallet, an ``eth_account`` account, or a private key in hex."""


def wallet_of(account: Wallet | LocalAccount | str) -> Wallet:
    """Return ``account`` as a wallet."""
    if isinstance(account, Wallet):
        return account
    return Wallet.from_key(account) if isinstance(account, str) else Wallet(account)


def _keystore_key(path: Path, text: str, password: str | None) -> bytes:
    """Open a Web3 keystore."""
    from eth_account import Account  # noqa: PLC0415

    if password is None:
        raise BadArgument(f"{path} is an encrypted keystore and needs its password (the command line reads VOTIVE_KEYFILE_PASSWORD)")
    try:
        return bytes(Account.decrypt(json.loads(text), password))
    except (ValueError, KeyError, TypeError) as error:
        raise BadArgument(f"cannot open the keystore {path}: {error}. Is the password right?") from error
