"""``votive session``: let a key of this machine ask in a wallet's name for a while, for what is named and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from votive.cli import accounts
from votive.cli.methods import Method, TokenFile, shown_by_token
from votive.cli.options import DEFAULT_DIRECTORY, As, Directory, Json, TokenArgument, Verbose, cid_meant
from votive.cli.output import note, print_json, say
from votive.cli.params import parse
from votive.cli.session import connected, plan_of

if TYPE_CHECKING:
    from votive.client.session import Delegation, Session
    from votive.devnet.plan import Plan
    from votive.terms.capability import Capabilities, Resource

app = typer.Typer(no_args_is_help=True, help="Let a session key ask instead of a wallet.")

ANY = "any"
Keys = Annotated[list[str] | None, typer.Option("--key", help="A key that it may have signatures by; `any` for all.", metavar="TOKEN_ID")]
Actions = Annotated[list[str] | None, typer.Option("--action", help="An action that it may run; `any` for all.", metavar="CID")]
Encrypted = Annotated[
    list[str] | None, typer.Option("--decrypt", help="What `votive encrypt` wrote and it may decrypt; `any` for all.", metavar="FILE")
]

Days = Annotated[float, typer.Option("--days", help="How long it lives, at most 30.", min=0.001, max=30, metavar="DAYS")]


@app.command(short_help="Let a new session key ask in a wallet's name.")
def create(
    key: Keys = None,
    action: Actions = None,
    decrypt: Encrypted = None,
    days: Days = 1,
    directory: Directory = DEFAULT_DIRECTORY,
    as_: As = "0",
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Let a new session key ask in a wallet's name, for what is named here and nothing else.

    The wallet signs once. The session is kept sealed in your state directory; commands use it with --session.
    """
    from votive.client.auth_sig import ANONYMOUS
    from votive.client.errors import BadArgument
    from votive.client.session import delegate
    from votive.client.session_store import SessionStore
    from votive.devnet.plan import CHAIN_ID

    plan = plan_of(directory)
    wallet = accounts.wallet(as_, plan.accounts)
    resources = list(_resources(key or [], action or [], decrypt or []))
    if not resources:
        raise BadArgument("what may the session do? Name it with --key, --action or --decrypt; the word `any` stands for all of one kind.")
    made = delegate(wallet, resources, lifetime=timedelta(days=days), chain_id=CHAIN_ID, origin=ANONYMOUS)
    file = SessionStore().keep(network_of(plan), made)
    _show_made(made, file, json=json)


@app.command(name="open", short_help="Open a session of a key itself.")
def open_(
    token: TokenArgument,
    method: Method = None,
    token_file: TokenFile = None,
    by_action: Annotated[
        str | None, typer.Option("--by-action", help="A permitted action that decides, by its answer.", metavar="CID", callback=cid_meant)
    ] = None,
    param: Annotated[list[str] | None, typer.Option("--param", help="A parameter of that action.", metavar="NAME=VALUE")] = None,
    key: Keys = None,
    action: Actions = None,
    decrypt: Encrypted = None,
    days: Days = 1,
    directory: Directory = DEFAULT_DIRECTORY,
    as_: As = "0",
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Open a session of a key itself, signed in by a token, by a permitted action, or by the wallet that --as names.

    It may use the key, or what --key, --action and --decrypt name. It is kept as those of `create` are; use it with --session
    --as the key's address.
    """
    from votive.client.arguments import token_of
    from votive.client.session_store import SessionStore
    from votive.terms.capability import Resource

    plan = plan_of(directory)
    resources = list(_resources(key or [], action or [], decrypt or [])) or [Resource.pkp(token_of(token))]
    signs_in: Any = shown_by_token(method, token_file) if method not in (None, "wallet") else None
    if signs_in is None and (by_action is None or method is not None):
        signs_in = accounts.wallet(as_, plan.accounts)

    async def go() -> Session:
        async with connected(plan) as network:
            return await network.pkp_session(
                token, resources, method=signs_in, action=by_action, params=parse(param or []), lifetime=timedelta(days=days)
            )

    made = asyncio.run(go()).delegation
    _show_made(made, SessionStore().file_of(network_of(plan), made), json=json)


@app.command(short_help="Show the sessions that are kept for this network.")
def show(directory: Directory = DEFAULT_DIRECTORY, json: Json = False, verbose: Verbose = False) -> None:
    """Show the sessions that are kept for this network; neither keys nor signatures are shown."""
    from votive.client.session_store import SessionStore

    now = datetime.now(UTC)
    kept = SessionStore().of_network(network_of(plan_of(directory)))
    sessions = [{**_shown(delegation), "expired": delegation.period.expires_at <= now} for delegation in kept]
    if json:
        print_json({"sessions": sessions})
        return
    for session in sessions:
        say(*_lines(session), "")
    ended = sum(session["expired"] for session in sessions)
    note(f"{len(sessions)} sessions{f', {ended} of them expired' if ended else ''}")


def network_of(plan: Plan) -> bytes:
    """Return what names the network of ``plan`` among all."""
    from votive.devnet.plan import CHAIN_ID
    from votive.terms.session import network_id

    return network_id(CHAIN_ID, plan.resolver)


def asker(plan: Plan, who: str, needed: Resource, *, use_session: bool) -> dict[str, Any]:
    """Return who asks, as the methods of the network take it: the wallet that ``--as`` names, or with ``--session`` its session."""
    from votive.client.session import capabilities_of

    if use_session:
        return {"session": session_of(plan, who, capabilities_of([needed]))}
    return {"account": accounts.wallet(who, plan.accounts)}


def session_of(plan: Plan, who: str, needed: Capabilities) -> Session:
    """Return the session that is kept for whom ``--as`` names and may do what is ``needed``; the one that lives longest.

    Raises:
        BadArgument: there is none.
    """
    from votive.client.errors import BadArgument
    from votive.client.session import Session, capabilities_of
    from votive.client.session_store import SessionStore

    address, now = accounts.address_of(who, plan.accounts), datetime.now(UTC)
    living = [kept for kept in SessionStore().of_network(network_of(plan)) if now < kept.period.expires_at]
    fitting = [kept for kept in living if needed.within(capabilities_of(kept.resources))]
    for kept in fitting:
        if kept.auth_sig.address == address:
            return Session(kept)
    what = ", ".join(sorted(resource.uri for _, resource in needed.pairs))
    none = f"no session of {address} that lives may use {what}"
    if fitting:
        raise BadArgument(f"{none}; what may are sessions of {_askers(fitting)}: say by --as whose you mean.")
    others = f" The sessions that live are of {_askers(living)}, for something else: see `votive session show`." if living else ""
    raise BadArgument(f"{none}: make one with `votive session create`, or leave out --session.{others}")


def _askers(kept: Sequence[Delegation]) -> str:
    return ", ".join(dict.fromkeys(one.auth_sig.address for one in kept))


def _resources(keys: Sequence[str], actions: Sequence[str], files: Sequence[str]) -> Iterator[Resource]:
    from votive.client.arguments import cid_named, token_of
    from votive.client.encryption import read
    from votive.terms.capability import ACTION, CONDITIONS, PKP, Resource

    for key in keys:
        yield Resource.every(PKP) if key == ANY else Resource.pkp(token_of(key))
    for action in actions:
        yield Resource.every(ACTION) if action == ANY else Resource.action(cid_named(cid_meant(action) or ""))
    for file in files:
        yield Resource.every(CONDITIONS) if file == ANY else read(Path(file)).encrypted.resource


def _shown(delegation: Delegation) -> dict[str, Any]:
    from votive.client.auth_sig import timestamp
    from votive.client.session import Session

    return {
        "address": delegation.auth_sig.address,
        "session_key": Session(delegation).session_key,
        "resources": list(delegation.resources),
        "issued_at": timestamp(delegation.period.issued_at),
        "expires_at": timestamp(delegation.period.expires_at),
    }


def _show_made(made: Delegation, file: Path, *, json: bool) -> None:
    """Print a new session, where it is kept, and how a command uses it."""
    printed = {**_shown(made), "file": str(file)}
    print_json(printed) if json else say(*_lines(printed | {"use it with": f"--session --as {made.auth_sig.address}"}))


def _lines(session: dict[str, Any]) -> list[str]:
    told = {name: value for name, value in session.items() if name != "expired" or value}
    return [f"{name:<11}  {_said(value)}" for name, value in told.items()]


def _said(value: str | bool | list[str]) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else value
