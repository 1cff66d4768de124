"""``votive key``: make keys, and say who may use them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from votive.cli import accounts
from votive.cli.methods import Application, MessagesOnly, Method, PublicKey, TokenFile, User, shown_by_token, type_of
from votive.cli.options import DEFAULT_DIRECTORY, Action, Address, As, Directory, Json, TokenArgument, UseSession, Verbose, cid_meant
from votive.cli.output import note, print_json, say
from votive.cli.session import connected, plan_of
from votive.cli.sessions import asker
from votive.cli.why import why

if TYPE_CHECKING:
    from votive.client import Minted, Network, Transaction, Wallet

app = typer.Typer(no_args_is_help=True, help="Make keys, and say who may use them.")
T = TypeVar("T")


@app.command(short_help="Mint the oldest key of the nodes' stock.")
def mint(
    directory: Directory = DEFAULT_DIRECTORY,
    burn_for: Annotated[
        str | None,
        typer.Option(help="Permit only this action and burn the token, in the same transaction.", metavar="CID", callback=cid_meant),
    ] = None,
    as_: As = "0",
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Mint the oldest key of the nodes' stock; the payer owns it, or, with --burn-for, nobody ever does."""

    async def work(network: Network, wallet: Wallet) -> Minted:
        if burn_for is None:
            return await network.mint(account=wallet)
        return await network.mint_grant_burn(action=burn_for, account=wallet)

    show(described(with_wallet(directory, as_, work)), json=json)


@app.command(short_help="Mint the key that belongs to a user by his name.")
def claim(
    method: Method = None,
    token_file: TokenFile = None,
    directory: Directory = DEFAULT_DIRECTORY,
    as_: As = "0",
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Mint the key that belongs to whoever signs in: the user of a token, or else the paying wallet. Once, for ever; the payer owns it."""
    signs_in = shown_by_token(method, token_file) if method not in (None, "wallet") else None

    async def work(network: Network, wallet: Wallet) -> Minted:
        return await network.claim(method=signs_in or wallet, account=wallet)

    show(described(with_wallet(directory, as_, work)), json=json)


def described(minted: Minted) -> dict[str, Any]:
    """Say what was minted."""
    return {
        "token_id": minted.token_id,
        "public_key": minted.public_key,
        "eth_address": minted.eth_address,
        "owner": minted.owner,
        "transaction": minted.transaction.hash,
    }


@app.command(name="list")
def list_(
    directory: Directory = DEFAULT_DIRECTORY,
    owner: Annotated[str | None, typer.Option(help="Only keys that this address owns.", metavar="ADDRESS")] = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """List all minted keys, oldest first, burned ones included."""
    keys = with_network(directory, lambda network: network.keys(owner))
    if json:
        print_json(keys)
        return
    say(*(f"{key.token_id}  {key.eth_address}  {f'owner {key.owner}' if key.owner else 'burned'}" for key in keys))
    note(f"{len(keys)} keys")


@app.command(name="show")
def show_key(token: TokenArgument, directory: Directory = DEFAULT_DIRECTORY, json: Json = False, verbose: Verbose = False) -> None:
    """Show a key: owner, permitted actions, addresses and methods."""
    import msgspec

    show(msgspec.to_builtins(with_network(directory, lambda network: network.key(token))), json=json)


@app.command(short_help="Permit an action, an address or a user to use a key.")
def grant(
    token: TokenArgument,
    action: Action = None,
    address: Address = None,
    method: Method = None,
    user: User = None,
    application: Application = None,
    public_key: PublicKey = None,
    messages_only: MessagesOnly = False,
    directory: Directory = DEFAULT_DIRECTORY,
    as_: As = "0",
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Permit an action, an address, or a user who signs in by an authentication method, to use a key."""
    from votive.client.network import PERSONAL_SIGN, SIGN_ANYTHING

    scopes = [PERSONAL_SIGN if messages_only else SIGN_ANYTHING]
    if method is not None:
        signs_in = method_meant(action, address, method=method, user=user, application=application)
        key = passkey_meant(method, public_key)
        done = with_wallet(
            directory,
            as_,
            lambda network, wallet: network.grant_method(token, account=wallet, **signs_in, public_key=key, scopes=scopes),
        )
        show_change(token, named_user(method, signs_in), done, json=json)
        return
    holder = holder_meant(directory, action, address, user, application, public_key)
    done = with_wallet(
        directory, as_, lambda network, wallet: network.grant(token, account=wallet, action=action, address=holder, scopes=scopes)
    )
    show_change(token, named(action, holder), done, json=json)


@app.command(short_help="End what was permitted.")
def revoke(
    token: TokenArgument,
    action: Action = None,
    address: Address = None,
    method: Method = None,
    user: User = None,
    application: Application = None,
    directory: Directory = DEFAULT_DIRECTORY,
    as_: As = "0",
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """End what was permitted to an action, an address, or a user who signs in by an authentication method."""
    if method is not None:
        signs_in = method_meant(action, address, method=method, user=user, application=application)
        done = with_wallet(directory, as_, lambda network, wallet: network.revoke_method(token, account=wallet, **signs_in))
        show_change(token, named_user(method, signs_in), done, json=json)
        return
    holder = holder_meant(directory, action, address, user, application)
    done = with_wallet(directory, as_, lambda network, wallet: network.revoke(token, account=wallet, action=action, address=holder))
    show_change(token, named(action, holder), done, json=json)


@app.command()
def transfer(
    token: TokenArgument,
    to: Annotated[str, typer.Argument(help="Address of the new owner, or number of a development account.", metavar="TO")],
    directory: Directory = DEFAULT_DIRECTORY,
    as_: As = "0",
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Give a key's token, and so the right to use it, to another.

    What is permitted stays.
    """
    receiver = accounts.address(to, plan_of(directory).accounts)
    done = with_wallet(directory, as_, lambda network, wallet: network.transfer(token, receiver, account=wallet))
    show_change(token, {"owner": named(None, receiver)["address"]}, done, json=json)


@app.command()
def burn(
    token: TokenArgument, directory: Directory = DEFAULT_DIRECTORY, as_: As = "0", json: Json = False, verbose: Verbose = False
) -> None:
    """Burn a key's token.

    What is permitted stays so for ever, and nobody can permit anything else.
    """
    done = with_wallet(directory, as_, lambda network, wallet: network.burn(token, account=wallet))
    show_change(token, {}, done, json=json)


@app.command(short_help="Have something signed by a key that you may use.")
def sign(
    token: TokenArgument,
    digest: Annotated[str | None, typer.Option(help="What to sign: 32 bytes, 0x and 64 hex digits.", metavar="0x…")] = None,
    message: Annotated[
        str | None,
        typer.Option(help="Or a text, which the nodes hash themselves (EIP-191); the scope PersonalSign is enough.", metavar="TEXT"),
    ] = None,
    directory: Directory = DEFAULT_DIRECTORY,
    as_: As = "0",
    use_session: UseSession = False,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Have a digest, or a message, signed by a key that you own or may use.

    The signature is verified, with the key read from the chain, before it is printed.
    """
    from votive.client.arguments import token_of
    from votive.terms.capability import Resource

    asking = asker(plan_of(directory), as_, Resource.pkp(token_of(token)), use_session=use_session)
    result = with_network(directory, lambda network: network.sign(token, digest, message=message, **asking))
    for fault in result.faults:
        note(f"votive: node {fault.seat} was passed over: {fault.reason}")
    signature = result.signature
    printed = {
        "digest": signature.digest,
        "r": signature.r,
        "s": signature.s,
        "v": signature.v,
        "signature": signature.signature,
        "public_key": signature.public_key,
        "nodes": result.nodes,
        "timings_ms": result.timings_ms,
    }
    show(printed, json=json)


app.command(name="why", short_help="Say who may have a signature by a key, and why.")(why)


def with_network(directory: Path, act: Callable[[Network], Awaitable[T]]) -> T:
    """Do something with the network in ``directory``."""

    async def go() -> T:
        async with connected(plan_of(directory)) as network:
            return await act(network)

    return asyncio.run(go())


def with_wallet(directory: Path, who: str, act: Callable[[Network, Wallet], Awaitable[T]]) -> T:
    """Do something with the network in ``directory`` as the account that ``who`` names."""
    wallet = accounts.wallet(who, plan_of(directory).accounts)
    return with_network(directory, lambda network: act(network, wallet))


def named(action: str | None, address: str | None) -> dict[str, str | None]:
    """Write what was permitted as the chain names it: a CID in version 0, an address with its checksum."""
    from votive.client.arguments import address_of, cid_named

    return {"action": None if action is None else cid_named(action), "address": None if address is None else address_of(address)}


def method_meant(action: str | None, address: str | None, *, method: str, user: str | None, application: str | None) -> dict[str, Any]:
    """Return the user who signs in, as the methods of the network take him; BadArgument if more or less than one is named."""
    from votive.client import BadArgument
    from votive.terms.auth_method import LIT_APP

    if action is not None or address is not None or user is None:
        raise BadArgument("with --method name the user by --user (and --application), and neither an action nor an address.")
    return {"method_type": type_of(method), "user": user, "application": application or LIT_APP}


def passkey_meant(method: str, public_key: str | None) -> bytes:
    """Read a passkey's public key; BadArgument where it is missing, not wanted or not hex."""
    from votive.client import BadArgument, MethodType
    from votive.terms.encoding import bytes_of

    if (type_of(method) == MethodType.WEBAUTHN) != (public_key is not None):
        raise BadArgument("--public-key belongs to --method passkey: the COSE_Key that its registration gave, in hex.")
    try:
        return bytes_of(public_key or "")
    except ValueError as error:
        raise BadArgument("--public-key is not hex.") from error


def named_user(method: str, signs_in: dict[str, Any]) -> dict[str, str | None]:
    """Write who was permitted."""
    return {"method": method, "user": signs_in["user"], "application": signs_in["application"]}


def holder_meant(directory: Path, action: str | None, address: str | None, *of_method: str | None) -> str | None:
    """Read an address, or the number of a development account, if one was given; BadArgument if it is not clear who is meant."""
    from votive.client import BadArgument

    if any(option is not None for option in of_method):
        raise BadArgument("--user, --application and --public-key belong to --method: name it too.")
    if (action is None) == (address is None):
        raise BadArgument("say who is meant, by exactly one of --action, --address and --method.")
    return None if address is None else accounts.address(address, plan_of(directory).accounts)


def show_change(token: str, change: dict[str, str | None], done: Transaction, *, json: bool) -> None:
    """Print a transaction that changed something of a key."""
    from votive.client.arguments import token_of
    from votive.terms.ethereum import token_text

    made = {name: value for name, value in change.items() if value is not None}
    show({"token_id": token_text(token_of(token)), **made, "transaction": done.hash}, json=json)


def show(result: dict[str, Any], *, json: bool) -> None:
    """Print a result: as JSON, or a line for each of its fields."""
    if json:
        print_json(result)
    else:
        width = max(map(len, result))
        say(*(f"{name:<{width}}  {line(value)}" for name, value in result.items()))


def line(value: Any) -> str:
    """Write a field for a person."""
    if isinstance(value, dict):
        return "  ".join(f"{name} {part}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(line, value)) or "none"
    return "none" if value is None else str(value)
