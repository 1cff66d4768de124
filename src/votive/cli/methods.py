"""Authentication methods as commands name them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from votive.terms.auth_method import MethodType

if TYPE_CHECKING:
    from votive.client import AuthMethod

NAMES = {
    "wallet": MethodType.ETH_WALLET,
    "passkey": MethodType.WEBAUTHN,
    "discord": MethodType.DISCORD,
    "google-oauth": MethodType.GOOGLE_OAUTH,
    "google": MethodType.GOOGLE_JWT,
    "apple": MethodType.APPLE_JWT,
}
"""Types by the words of commands; operators' own types go by their numbers."""

Method = Annotated[
    str | None, typer.Option("--method", help=f"Who signs in by {', '.join(NAMES)} or an operator's number.", metavar="METHOD")
]
User = Annotated[str | None, typer.Option("--user", help="The user's id there: `sub`, an address, a passkey's raw id.", metavar="ID")]
Application = Annotated[
    str | None, typer.Option("--application", help="The application: `aud`, a client id.  [default: lit]", metavar="ID")
]
PublicKey = Annotated[str | None, typer.Option("--public-key", help="A passkey's public key: COSE_Key in hex.", metavar="HEX")]
MessagesOnly = Annotated[bool, typer.Option("--messages-only", help="Permit personal messages (EIP-191) and nothing else.")]
TokenFile = Annotated[
    str | None, typer.Option("--token-file", help="File with the identity or access token; - for standard input.", metavar="FILE")
]


def type_of(name: str) -> int:
    """Return the number of a method; BadArgument if it is none."""
    from votive.client.errors import BadArgument

    if name in NAMES:
        return NAMES[name]
    if name.isascii() and name.isdecimal() and len(name) < 20:
        return int(name)
    raise BadArgument(f"--method {name}: give one of {', '.join(NAMES)}, or the number that the nodes' operators gave a provider.")


def token_in(file: str) -> str:
    """Read a token; it is never an argument, which other users of the machine can see."""
    from votive.client.errors import BadArgument

    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise BadArgument(f"cannot read the token in {file}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BadArgument(f"cannot read the token in {file}: it is no text.") from error
    return text.strip()


def shown_by_token(name: str, file: str | None) -> AuthMethod:
    """Return the method that a token in ``file`` shows."""
    from votive.client import AuthMethod, BadArgument

    number = type_of(name)
    if number in (MethodType.ETH_WALLET, MethodType.WEBAUTHN):
        raise BadArgument(f"--method {name} is no token: a wallet signs in by --as, a passkey in a browser or by votive.client.by_passkey.")
    if file is None:
        raise BadArgument(f"--method {name} needs its token: give --token-file FILE, or - to read it from standard input.")
    return AuthMethod(auth_method_type=number, access_token=token_in(file))
