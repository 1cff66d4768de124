"""``votive key why``: may this address, or this action, use this key? Asked as a node asks it, of the chain, and shown step by step."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Annotated

import typer

from votive.cli import accounts
from votive.cli.options import DEFAULT_DIRECTORY, Action, Directory, Json, TokenArgument, Verbose
from votive.cli.output import print_json, say
from votive.cli.session import plan_of
from votive.terms.errors import ErrorCode

if TYPE_CHECKING:
    from votive.auth.grant import Grant
    from votive.auth.permissions import Decision
    from votive.chain.rpc import Rpc
    from votive.devnet.plan import Plan
    from votive.terms.contracts import Contracts

Who = Annotated[str, typer.Option("--as", help="Who would ask: an address, or the number of a development account.", metavar="ADDRESS")]
Message = Annotated[bool, typer.Option("--message", help="Ask about messages of EIP-191 only, for which the scope PersonalSign is enough.")]
MARKS = {True: "✓", False: "✗"}


def why(
    token: TokenArgument,
    who: Who = "0",
    action: Action = None,
    message: Message = False,
    directory: Directory = DEFAULT_DIRECTORY,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Say whether an address may have a signature by a key, alone or through an action, and why.

    Each alternative is asked of the chain, as every node does for itself. Ends with status 0 whatever the answer is.
    """
    from votive.client.arguments import address_of, cid_named, token_of

    plan = plan_of(directory)
    address = address_of(accounts.address(who, plan.accounts))
    cid = None if action is None else cid_named(action)
    decision = asyncio.run(_decide(plan, token_of(token), address, cid, message=message))
    if json:
        print_json({"permitted": decision.permitted, "details": [decision.explanation()]})
    else:
        say(*words(decision))


async def _decide(plan: Plan, token: int, address: str, cid: str | None, *, message: bool) -> Decision:
    from votive.auth.permissions import decide
    from votive.chain.finality import FinalBlocks, Finality
    from votive.chain.permissions import Permissions
    from votive.chain.rpc import Rpc
    from votive.devnet.plan import CHAIN_ID
    from votive.terms.contracts import Contracts
    from votive.terms.ethereum import eth_address_of

    contracts = Contracts.from_dict(plan.contracts)
    async with Rpc([plan.rpc_url], chain_id=CHAIN_ID) as rpc:
        public_key = await _public_key(rpc, contracts, token)
        block = await FinalBlocks(rpc, Finality(0)).final_block()
        return await decide(
            Permissions(rpc, contracts),
            _grant(address, cid),
            token_id=token,
            block=block,
            personal_sign=message,
            key_address=eth_address_of(public_key),
        )


async def _public_key(rpc: Rpc, contracts: Contracts, token: int) -> bytes:
    from votive.chain.keys import Keys
    from votive.client.errors import BadArgument
    from votive.terms.ethereum import token_text

    found = (await Keys(rpc, contracts).registered([token])).get(token)
    if found is None or not found.mintable:
        raise BadArgument(
            f"{token_text(token)} is no key that anybody may own; `votive key list` shows those that are.", code=ErrorCode.UNKNOWN_KEY
        )
    return found.public_key


def _grant(address: str, cid: str | None) -> Grant:
    """Return the grant of somebody whose wallet signs each request himself, and so may what the wallet may."""
    from votive.auth.grant import ActionRef, Grant
    from votive.ipfs import multihash_of
    from votive.terms.capability import EVERYTHING

    now = time.time()
    actions = () if cid is None else (ActionRef(cid=cid, multihash=multihash_of(cid)),)
    return Grant(address=address, capabilities=EVERYTHING, issued_at=now, expires_at=now, actions=actions)


def words(decision: Decision) -> list[str]:
    """Tell a decision and what led to it."""
    return [
        f"{'Permitted' if decision.permitted else 'Not permitted'}, as of block {decision.block.number}.",
        *(f"  {MARKS[one.permits]} {one.asked}? {one.seen}" for one in decision.alternatives),
    ]
