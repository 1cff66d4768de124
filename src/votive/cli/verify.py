"""``votive verify``: what a signature proves."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from votive.cli.options import DEFAULT_DIRECTORY, Directory, Json, Verbose
from votive.cli.output import print_json, say
from votive.client.errors import BadArgument, WrongNetwork
from votive.terms.encoding import hex0x

if TYPE_CHECKING:
    from votive.client.bundle import Bundle, NetworkName
    from votive.client.provenance import Claim, Verdict

NOT_PROVEN = 1
"""Exit status if the examination went well and the proof did not."""
MARKS = {True: "✓", False: "✗", None: "·"}


def verify(
    file: Annotated[Path | None, typer.Argument(help="What `votive action run --save` wrote.", metavar="FILE")] = None,
    signature: Annotated[str | None, typer.Option(help="Instead of a file: r, s and v, 65 bytes of hex.", metavar="0x…")] = None,
    digest: Annotated[str | None, typer.Option(help="What was signed, 32 bytes of hex.", metavar="0x…")] = None,
    key: Annotated[str | None, typer.Option(help="Token id of the key.", metavar="TOKEN_ID")] = None,
    name: Annotated[str | None, typer.Option(help="Which of a file's signatures.", metavar="NAME")] = None,
    directory: Directory = DEFAULT_DIRECTORY,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Say what a signature proves, from chain and CID.

    No node is asked. Was the key minted, granted to exactly one action and burned in one transaction? Then nothing but that action
    can have made the signature. Ends with status 0 if this is proven and 1 if it is not.
    """
    bundle = None if file is None else _bundle(file, [signature, digest, key])
    claim = _claim(signature, digest, key) if bundle is None else bundle.claim(name)
    verdict = asyncio.run(_examine(claim, *_place(directory, bundle)))
    show(verdict, json=json)
    if not verdict.proven:
        raise typer.Exit(NOT_PROVEN)


def _bundle(file: Path, others: Sequence[str | None]) -> Bundle:
    from votive.client import bundle

    if any(other is not None for other in others):
        raise BadArgument("give either a file, or --signature, --digest and --key, not both.")
    return bundle.read(file)


def _claim(signature: str | None, digest: str | None, key: str | None) -> Claim:
    from votive.client.arguments import digest_of, signature_parts, token_of
    from votive.client.provenance import Claim

    if signature is None or digest is None or key is None:
        raise BadArgument(
            "what is to be verified? Give the file that `votive action run --save` wrote, or --signature, --digest and --key."
        )
    r, s, v = signature_parts(signature)
    return Claim(token_id=token_of(key), digest=hex0x(digest_of(digest)), r=r, s=s, v=v)


def _place(directory: Path, bundle: Bundle | None) -> tuple[NetworkName, tuple[str, ...]]:
    """Return where to look: the network in the directory; without one, the network that the file names. And its gateways.

    Raises:
        WrongNetwork: the file is of another network than the directory.
    """
    from votive.cli.session import plan_of
    from votive.client.bundle import NetworkName
    from votive.devnet.plan import CHAIN_ID, load

    if bundle is not None and load(directory) is None:
        return bundle.network, ()
    plan = plan_of(directory)
    if bundle is not None and bundle.network.resolver.lower() != plan.resolver.lower():
        raise WrongNetwork(
            f"the file is of the network with ContractResolver {bundle.network.resolver}, not of the one in {directory}.", retryable=False
        )
    return NetworkName(chain_id=CHAIN_ID, rpc_url=plan.rpc_url, resolver=plan.resolver), (plan.ipfs_url,)


async def _examine(claim: Claim, place: NetworkName, gateways: Sequence[str]) -> Verdict:
    import aiohttp

    from votive.client.provenance import examine
    from votive.client.registry import Registry
    from votive.client.rpc import Rpc

    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as session:
        registry = await Registry.open(Rpc(session, place.rpc_url), place.resolver)
        if registry.chain_id != place.chain_id:
            raise WrongNetwork(f"the chain at {place.rpc_url} has the id {registry.chain_id}, not {place.chain_id}.", retryable=False)
        return await examine(registry, claim, gateways)


def show(verdict: Verdict, *, json: bool) -> None:
    """Print a verdict, in words or as JSON."""
    if json:
        print_json(verdict)
        return
    say(verdict.summary, "", "Looked at:")
    say(*(f"  {MARKS[check.passed]} {check.statement}" for check in verdict.checks))
    say("", "What follows:", *(f"  - {sentence}" for sentence in verdict.proves))
    say("", "What this assumes:", *(f"  - {sentence}" for sentence in verdict.assumes))
