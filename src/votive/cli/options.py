"""Options that many commands share, with one wording each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from votive.terms.errors import CallerError


def cid_meant(given: str | None) -> str | None:
    """Check that what an option gives is a CID: BadArgument says how the one of a file is had.

    Raises:
        BadArgument: it is none.
    """
    if given is None:
        return None
    from votive.client.errors import BadArgument  # loaded when first needed
    from votive.ipfs import Cid  # loaded when first needed

    try:
        Cid.parse(given)
    except CallerError as error:
        if Path(given).is_file():
            raise BadArgument(f"{given} is a file, and a CID belongs here: `votive action cid {given}` prints it.") from error
        raise BadArgument(f"{error.message}. `votive action cid FILE` prints that of a program.") from error
    return given


DEFAULT_DIRECTORY = Path(".votive")

Directory = Annotated[Path, typer.Option("--directory", "-d", help="Directory of the network.", metavar="DIR")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output and nothing else there.")]
Verbose = Annotated[bool, typer.Option("--verbose", help="Show the whole trace of an error.")]
Nodes = Annotated[int | None, typer.Option("--nodes", "-n", help="Number of nodes, 4 to 10.  [default: 4]", metavar="N")]
As = Annotated[
    str,
    typer.Option("--as", help="Who pays or asks: number or address of a development account, or a file with a private key.", metavar="WHO"),
]
TokenArgument = Annotated[str, typer.Argument(help="Token id of the key, decimal or 0x hex.", metavar="TOKEN_ID")]
Action = Annotated[
    str | None, typer.Option("--action", help="The action's CID: see `votive action cid`.", metavar="CID", callback=cid_meant)
]
Address = Annotated[str | None, typer.Option("--address", help="The address, or number of a development account.", metavar="ADDRESS")]
UseSession = Annotated[bool, typer.Option("--session", help="Ask with a session made by `votive session create`, not with the wallet.")]
