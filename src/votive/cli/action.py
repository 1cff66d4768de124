"""``votive action``: name, publish and run programs."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from votive.cli import params
from votive.cli.options import DEFAULT_DIRECTORY, As, Directory, Json, UseSession, Verbose
from votive.cli.output import note, print_json, say
from votive.cli.session import connected, plan_of
from votive.cli.sessions import asker
from votive.terms.errors import ErrorCode, VotiveError

if TYPE_CHECKING:
    from votive.client import EcdsaSignature, ExecuteResult, Network
    from votive.client.bundle import Bundle
    from votive.devnet.plan import Plan

app = typer.Typer(no_args_is_help=True, help="Name, publish and run programs.")

_undefined = re.compile(r"ReferenceError: ([\w$]+) is not defined")
Source = Annotated[Path, typer.Argument(help="The program, a JavaScript file.", metavar="FILE")]


@app.command()
def cid(file: Source, directory: Directory = DEFAULT_DIRECTORY, json: Json = False, verbose: Verbose = False) -> None:
    """Print the CID that names a program.

    The same in every network, and without one: the directory changes nothing.
    """
    from votive.ipfs import cid_of

    source = source_of(file)
    name = cid_of(source)
    print_json({"cid": name, "bytes": len(source)}) if json else say(name)


@app.command()
def publish(file: Source, directory: Directory = DEFAULT_DIRECTORY, json: Json = False, verbose: Verbose = False) -> None:
    """Publish a program at the network's IPFS and print its CID."""
    plan, source = plan_of(directory), source_of(file)

    async def go() -> str:
        from votive.ipfs.publish import publish as publish_at

        return await publish_at(plan.ipfs_url, source)

    name = asyncio.run(go())
    print_json({"cid": name, "url": f"{plan.ipfs_url}/ipfs/{name}"}) if json else say(name)


@app.command()
def run(
    program: Annotated[str, typer.Argument(help="The program: a JavaScript file, or the CID of a published one.", metavar="FILE_OR_CID")],
    param: Annotated[
        list[str] | None, typer.Option(help="A global of the program; JSON if it parses, else text.", metavar="NAME=VALUE")
    ] = None,
    save: Annotated[Path | None, typer.Option(help="Write the run to a file for `votive verify`.", metavar="FILE")] = None,
    directory: Directory = DEFAULT_DIRECTORY,
    as_: As = "0",
    use_session: UseSession = False,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Let every node run a program, and print what most of them gave.

    Signatures are verified, with keys read from the chain, before they are printed. What is not signed is only as good as the nodes
    that gave it.
    """
    from votive.terms.capability import Resource

    plan = plan_of(directory)
    arguments = params.parse(param or [])
    action = program_of(program)
    asking = asker(plan, as_, Resource.action(cid_of_program(action)), use_session=use_session)

    async def go() -> tuple[ExecuteResult, Bundle | None]:
        async with connected(plan) as network:
            result = await network.execute(action, arguments, **asking)
            return result, None if save is None else await bundle(network, plan, result, action, arguments)

    try:
        result, content = asyncio.run(go())
    except VotiveError as error:
        if (name := missing_parameter(error)) is not None:
            note(f"votive: is {name} a parameter of the program? Then give it by --param {name}=VALUE.")
        raise
    if save is not None and content is not None:
        write(save, content)
    show(result, plan, json=json)


def missing_parameter(error: VotiveError) -> str | None:
    """Return the name that a program used and nobody gave it; None if it failed of something else."""
    if error.code != ErrorCode.JS_EXECUTION:
        return None
    found = _undefined.search(error.message)
    return None if found is None else found[1]


def program_of(program: str) -> str | bytes:
    """Return the source, if ``program`` is a file, else the CID that it must be."""
    from votive.client.errors import BadArgument
    from votive.ipfs import Cid, InvalidCid

    path = Path(program)
    if path.is_file():
        return source_of(path)
    try:
        return str(Cid.parse(program))
    except InvalidCid as error:
        raise BadArgument(f"{program} is no file here and no CID ({error.message}). Name one of the two.") from error


def cid_of_program(program: str | bytes) -> str:
    """Return the CID of a program, in version 0 as the nodes name it."""
    from votive.client.arguments import cid_named
    from votive.ipfs import cid_of

    return cid_named(program) if isinstance(program, str) else cid_of(program)


def source_of(file: Path) -> bytes:
    """Read a program."""
    from votive.client.errors import BadArgument

    try:
        return file.read_bytes()
    except OSError as error:
        raise BadArgument(f"cannot read {file}: {error.strerror}.") from error


async def bundle(network: Network, plan: Plan, result: ExecuteResult, action: str | bytes, arguments: dict[str, Any]) -> Bundle:
    """Put together what ``votive verify`` needs."""
    from votive.client.bundle import NetworkName, bundle_of

    name = NetworkName(chain_id=network.registry.chain_id, rpc_url=plan.rpc_url, resolver=plan.resolver)
    code = action if isinstance(action, bytes) else await published_source(network, action)
    return bundle_of(result, name, arguments, code)


def write(file: Path, content: Bundle) -> None:
    """Write a run to a file."""
    import msgspec

    from votive.client.errors import BadArgument

    try:
        file.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")
    except OSError as error:
        raise BadArgument(f"the action ran, but {file} cannot be written: {error.strerror}.") from error


async def published_source(network: Network, cid: str) -> bytes | None:
    """Fetch a published program; None, and a word about it, if it cannot be had: its CID fixes it all the same."""
    from votive.client.provenance import fetch

    try:
        return await fetch(cid, network.gateways)
    except VotiveError as error:
        note(f"votive: the file is saved without the program's source: {error.message}")
        return None


def show(result: ExecuteResult, plan: Plan, *, json: bool) -> None:
    """Print a run."""
    for fault in result.faults:
        note(f"votive: node {fault.seat} was passed over: {fault.reason}")
    gave = f"{len(result.nodes)} of {len(plan.nodes)} nodes gave this response"
    if len(result.nodes) < plan.threshold:
        note(
            f"votive: only {gave}; the others gave another, or none in time. What is not signed is only as good as the nodes that gave it."
        )
    if json:
        print_json(
            {
                "cid": result.cid,
                "response": result.response,
                "logs": result.logs,
                "signatures": {name: fields(signature) for name, signature in result.signatures.items()},
                **({"claims": result.claims} if result.claims else {}),
                "nodes": result.nodes,
                "timings_ms": result.timings_ms,
            }
        )
        return
    say(f"action     {result.cid}", f"nodes      {gave}: {', '.join(map(str, result.nodes))}", f"response   {result.response}")
    for name, signature in result.signatures.items():
        say(f"signature  {name}: {signature.signature}", f"  digest   {signature.digest}", f"  key      {signature.public_key}")
    for name, claim in result.claims.items():
        say(f"claim      {name}: {claim.derived_key_id}", f"  key      {claim.public_key}", f"  minter   {claim.minter or 'anybody'}")
    if result.logs:
        say("logs", result.logs.rstrip())


def fields(signature: EcdsaSignature) -> dict[str, Any]:
    """Write a signature as JSON has it."""
    return {"digest": signature.digest, "r": signature.r, "s": signature.s, "v": signature.v, "public_key": signature.public_key}
