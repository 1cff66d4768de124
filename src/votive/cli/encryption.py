"""``votive encrypt`` and ``votive decrypt``: content for whoever meets conditions."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from votive.cli.options import DEFAULT_DIRECTORY, As, Directory, Json, UseSession, Verbose
from votive.cli.output import counting, note, print_json, say
from votive.cli.session import connected, plan_of
from votive.cli.sessions import asker

if TYPE_CHECKING:
    from votive.client.encrypted import Encrypted
    from votive.client.recipient import Recipient
    from votive.client.results import DecryptedFile
    from votive.devnet.plan import Plan
    from votive.terms.conditions import Condition

CALLER = frozenset({"", "SIWE"})
"""``standardContractType`` of conditions that, without a method, are about the caller alone."""


def encrypt(
    file: Annotated[Path, typer.Argument(help="What to encrypt.", metavar="FILE")],
    condition: Annotated[
        str, typer.Option(help="Who may decrypt: words, Lit's JSON, or @FILE with either; see docs/encryption.md.", metavar="CONDITION")
    ],
    chain: Annotated[
        str | None, typer.Option(help="The chain of conditions that name none.  [default: the network's own]", metavar="NAME")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Where to write.  [default: FILE.json]", metavar="FILE")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Also show what the condition means, in words and as Lit's JSON.")] = False,
    directory: Directory = DEFAULT_DIRECTORY,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Encrypt a file for whoever meets a condition.

    No node is asked: the network's key is read from the chain. What is written is Lit's JSON; content over 1 MiB is in an envelope
    beside it.
    """
    from votive.client.encryption import encrypt_file

    destination = out or beside(file)
    require_another(file, destination)
    recipient = asyncio.run(_recipient(plan_of(directory), written(condition), chain))
    for name in foreign_chains(recipient):
        note(f"votive: {name} is not this network's own chain: a condition that asks it holds for nobody unless the nodes read it too.")
    with counting("encrypting", size_of(file)) as progress:
        made = encrypt_file(recipient, file, destination, progress)
    show_encrypted(made, destination, words_of(recipient) if explain else None, json=json)


def decrypt(
    file: Annotated[Path, typer.Argument(help="What `votive encrypt`, or Lit's SDK, wrote.", metavar="FILE")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write.", metavar="FILE")],
    as_: As = "0",
    use_session: UseSession = False,
    directory: Directory = DEFAULT_DIRECTORY,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Decrypt a file whose conditions the asker meets.

    Each node evaluates the conditions for itself. A refusal shows every condition with what was seen. Nothing is written unless all of
    it was verified.
    """
    require_another(file, out)
    result = asyncio.run(_decrypt(plan_of(directory), file, out, as_, use_session=use_session))
    for fault in result.faults:
        note(f"votive: node {fault.seat} was passed over: {fault.reason}")
    if json:
        print_json({"nodes": result.nodes, "timings_ms": result.timings_ms, "out": str(out), "bytes": result.size})
    else:
        say(f"{out}: {result.size} bytes, decrypted by nodes {', '.join(map(str, result.nodes))}")


async def _recipient(plan: Plan, conditions: str, chain: str | None) -> Recipient:
    """Understand the conditions, and read the network's key from the chain."""
    import aiohttp

    from votive.client.recipient import recipient_of
    from votive.client.registry import Registry
    from votive.client.rpc import Rpc
    from votive.devnet.plan import CHAIN_NAME

    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as session:
        registry = await Registry.open(Rpc(session, plan.rpc_url), plan.resolver)
        key = await registry.encryption_key()
    return recipient_of(key.public_key, conditions, chain or CHAIN_NAME)


async def _decrypt(plan: Plan, file: Path, out: Path, who: str, *, use_session: bool) -> DecryptedFile:
    from votive.client.encryption import read

    kept = read(file)
    asking = asker(plan, who, kept.encrypted.resource, use_session=use_session)
    async with connected(plan) as network:
        with counting("decrypting", kept.size) as progress:
            return await network.decrypt_file(file, out, **asking, progress=progress)


def written(condition: str) -> str:
    """Return the conditions given, read from a file if that is what was given."""
    from votive.client.errors import BadArgument

    if not condition.startswith("@"):
        return condition
    try:
        return Path(condition[1:]).read_text("utf-8")
    except OSError as error:
        raise BadArgument(f"cannot read the conditions in {condition[1:]}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BadArgument(f"cannot read the conditions in {condition[1:]}: they are no text.") from error


def beside(file: Path) -> Path:
    """Return ``FILE.json``, where ``encrypt`` writes unless it is told; BadArgument if something else than its like is there."""
    from votive.client.encryption import read
    from votive.client.errors import BadArgument

    destination = file.with_name(file.name + ".json")
    if destination.exists():
        try:
            read(destination)
        except BadArgument as error:
            raise BadArgument(f"{destination} is there already, and nothing that was encrypted. Name where to write with --out.") from error
    return destination


def require_another(file: Path, out: Path) -> None:
    """Refuse to write over the file that is read: it may be the only one that can be."""
    from votive.client.errors import BadArgument

    if out.exists() and file.exists() and out.samefile(file):
        raise BadArgument(f"--out {out} is the file that is read. Name another: what it holds could be lost.")


def foreign_chains(recipient: Recipient) -> list[str]:
    """Name the chains that conditions ask and that are not the network's own: a slip of the pen cannot be mended later."""
    from votive.devnet.plan import CHAIN_NAME
    from votive.terms.conditions.meaning import leaves_of, meaning_of

    leaves = leaves_of(meaning_of(recipient.conditions.group))
    return sorted({leaf.condition.chain for leaf in leaves if asks_a_chain(leaf.condition)} - {CHAIN_NAME})


def asks_a_chain(condition: Condition) -> bool:
    """Tell whether a condition is about more than the caller and an action."""
    from votive.terms.conditions import EvmBasic

    if not isinstance(condition, EvmBasic):
        return True
    kind = condition.standard_contract_type
    return kind != "LitAction" and (kind not in CALLER or condition.method != "")


def size_of(file: Path) -> int:
    """Return the size of a file; 0 if it cannot be told."""
    return file.stat().st_size if file.is_file() else 0


def words_of(recipient: Recipient) -> str:
    """Say what conditions mean, in the language that they may be written in."""
    from votive.client.conditions import explain

    return explain(recipient.conditions)


def show_encrypted(made: Encrypted, destination: Path, words: str | None, *, json: bool) -> None:
    """Print what was written, and what it means if that is wanted; an envelope's content stays in the file."""
    import msgspec

    if json:
        envelope = {} if made.envelope is None else {"envelope": {"format": made.envelope.format}}
        explained = {} if words is None else {"explanation": words}
        print_json(msgspec.to_builtins(made) | envelope | {"out": str(destination)} | explained)
        return
    if words is not None:
        say(words, msgspec.json.format(msgspec.json.encode(made.unified_access_control_conditions), indent=2).decode())
    say(f"{destination}: encrypted, dataToEncryptHash {made.data_to_encrypt_hash}")
