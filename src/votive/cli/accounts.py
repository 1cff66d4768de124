"""``--as``: who pays or asks."""

from __future__ import annotations

import getpass
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from votive.client.errors import BadArgument
from votive.client.wallet import Wallet
from votive.devnet.plan import Account

PASSWORD_VARIABLE = "VOTIVE_KEYFILE_PASSWORD"  # noqa: S105  # a name, not a password
SECRET = re.compile(r"[0-9a-fA-F]{48,}")
"""More hex digits than an address has: a private key, as like as not, which no message repeats."""


def wallet(who: str, accounts: Sequence[Account]) -> Wallet:
    """Return the wallet that ``who`` names: the number or the address of a development account, or a file with a key.

    Raises:
        BadArgument: it is none of these.
    """
    _refuse_secret(who)
    account = _by_number(who, accounts) if who.isdecimal() else _by_address(who, accounts)
    return Wallet.from_key(account.private_key) if account is not None else _from_file(who)


def address(who: str, accounts: Sequence[Account]) -> str:
    """Return the address that ``who`` is or, as the number of a development account, has."""
    _refuse_secret(who)
    return _by_number(who, accounts).address if who.isdecimal() else who


def address_of(who: str, accounts: Sequence[Account]) -> str:
    """Return the address of whom ``--as`` names; unlike ``wallet``, any address will do."""
    from votive.client.arguments import address_of as read

    return _from_file(who).address if Path(who).is_file() else read(address(who, accounts))


def _refuse_secret(who: str) -> None:
    if SECRET.search(who) and not Path(who).is_file():
        raise BadArgument(
            "a name of so many digits may be a private key, which is neither taken nor shown here: other users of the machine see what "
            "stands on a command line. Give the number or the address of a development account; --as also takes a file that holds a key."
        )


def _by_number(who: str, accounts: Sequence[Account]) -> Account:
    if int(who) >= len(accounts):
        raise BadArgument(f"there is no account {who}: the development chain has the accounts 0 to {len(accounts) - 1}.")
    return accounts[int(who)]


def _by_address(who: str, accounts: Sequence[Account]) -> Account | None:
    return next((account for account in accounts if account.address.lower() == who.lower()), None)


def _from_file(who: str) -> Wallet:
    path = Path(who)
    if not path.is_file():
        raise BadArgument(
            f"--as {who}: no development account (see `votive status`) and no file. Give a number, its address or a file with a key."
        )
    return Wallet.from_key_file(path, _password(path))


def _password(path: Path) -> str | None:
    """Return the password of an encrypted keystore, asking for it on a terminal; None for a plain key."""
    if not path.read_bytes().lstrip().startswith(b"{"):
        return None
    if (given := os.environ.get(PASSWORD_VARIABLE)) is not None:
        return given
    return getpass.getpass(f"Password of {path}: ", stream=sys.stderr) if sys.stdin.isatty() else None
