"""``votive lit-config``: a network, as Lit's SDK takes it."""

from __future__ import annotations

from typing import Annotated

import typer

from votive.cli.options import DEFAULT_DIRECTORY, Directory, Json, Verbose
from votive.cli.output import print_json, say


def lit_config(
    directory: Directory = DEFAULT_DIRECTORY,
    ts: Annotated[bool, typer.Option("--ts", help="Print a TypeScript module that exports the four parts.")] = False,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Show how applications written for Lit's SDK reach a network.

    With --json or --ts: the arguments of `new LitNodeClientNodeJs` and `new LitContracts` (without its signer), the name of the
    network's chain in conditions, and the URL of a block-hash service. The network need not run.
    """
    from votive.devnet.lit_config import lit_config as described
    from votive.devnet.lit_config import typescript
    from votive.devnet.plan import existing

    if ts and json:
        raise typer.BadParameter("give one of --ts and --json.", param_hint="--ts")
    config = described(existing(directory))
    if json:
        print_json(config)
    elif ts:
        say(typescript(config).rstrip("\n"))
    else:
        say(
            f"network         {config.client.lit_network}",
            f"chain           {config.client.rpc_url}, in conditions {config.condition_chain}",
            f"block hashes    {config.blockhash_url}",
            *(f"{name:<15} {contract.address}" for name, contract in config.contracts.custom_context.items()),
            "For an application: --json, or --ts for a module.",
        )
