"""POAP: whether the caller holds a token of an event, by the event's number or by its name.

The number is read from the contract (``tokenDetailsOfOwnerByIndex``). The name stands in the document that ``tokenURI`` names.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from votive.auth.conditions.compare import brief, integers, texts
from votive.auth.conditions.special import address_in
from votive.auth.conditions.world import Absent, Inquiry, NotOffered, Verdict
from votive.terms.conditions.abi_codec import call_data, decode_one
from votive.terms.conditions.abi_types import AbiError, type_of
from votive.terms.conditions.kinds import EvmBasic
from votive.terms.conditions.special import USER_ADDRESS

MAX_TOKENS = 200
"""Tokens of one holder that are looked at for a number."""
MAX_DOCUMENTS = 20
"""Tokens whose documents are fetched for a name."""
_UINT, _ADDRESS, _STRING = type_of("uint256"), type_of("address"), type_of("string")


async def judge(condition: EvmBasic, asked: Inquiry) -> Verdict:
    """Find out whether the caller holds such a token; the first that fits decides."""
    look = _by_number if condition.method == "eventId" else _by_name
    block = await asked.block(condition.chain)
    seen: list[str] = []
    async for fits, what in look(condition, asked):
        if fits:
            return Verdict(holds=True, seen=what, block=block)
        seen.append(what)
    return Verdict(holds=False, seen=brief(", ".join(seen)) if seen else "the caller holds no token", block=block)


async def _by_number(condition: EvmBasic, asked: Inquiry) -> AsyncIterator[tuple[bool, str]]:
    holder = address_in(USER_ADDRESS, asked.who)
    count = await _held(condition, asked, holder)
    for index in range(min(count, MAX_TOKENS)):
        event = await _ask(condition, asked, "tokenDetailsOfOwnerByIndex", [holder, index], 1)
        yield integers(event, condition.test.comparator, condition.test.value), f"event {event}"
    _admit_limit(count, MAX_TOKENS)


async def _by_name(condition: EvmBasic, asked: Inquiry) -> AsyncIterator[tuple[bool, str]]:
    if asked.fetch is None:
        raise NotOffered("this node fetches no documents of tokens. Ask for the event's number: method 'eventId'.")
    holder = address_in(USER_ADDRESS, asked.who)
    count = await _held(condition, asked, holder)
    for index in range(min(count, MAX_DOCUMENTS)):
        token = await _ask(condition, asked, "tokenDetailsOfOwnerByIndex", [holder, index], 0)
        document = await asked.fetch(await _ask(condition, asked, "tokenURI", [token], 0))
        name = document.get("name") if isinstance(document, dict) else None
        if isinstance(name, str):
            yield texts(name, condition.test.comparator, condition.test.value), brief(name)
    _admit_limit(count, MAX_DOCUMENTS)


def _admit_limit(count: int, most: int) -> None:
    """Say that there was more to look at, once nothing fitted."""
    if count > most:
        raise Absent(f"the caller holds {count} tokens, and none of the {most} that were looked at fits")


async def _held(condition: EvmBasic, asked: Inquiry, holder: str) -> int:
    count: int = await _ask(condition, asked, "balanceOf", [holder], 0)
    return count


async def _ask(condition: EvmBasic, asked: Inquiry, name: str, values: list[Any], index: int) -> Any:
    """Call one of the contract's functions and return the value at ``index``."""
    kinds, returns = _FUNCTIONS[name]
    returned = await asked.called(condition.chain, condition.contract_address, call_data(name, kinds, values))
    try:
        return decode_one(returns, returned, index)
    except AbiError as error:
        raise Absent(f"{name} answered something else: {error}") from error


_FUNCTIONS = {
    "balanceOf": ([_ADDRESS], [_UINT]),
    "tokenDetailsOfOwnerByIndex": ([_ADDRESS, _UINT], [_UINT, _UINT]),
    "tokenURI": ([_UINT], [_STRING]),
}
