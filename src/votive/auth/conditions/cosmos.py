"""cosmos: a part of what a chain's REST interface answers behind a path; or an age, measured against a block's time."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from votive.auth.conditions.compare import brief, integers, json_values
from votive.auth.conditions.metaplex import inside
from votive.auth.conditions.sol_rpc import compare_found
from votive.auth.conditions.special import put_in
from votive.auth.conditions.world import Absent, Inquiry, Verdict
from votive.terms.conditions.cosmos import TIMELOCK
from votive.terms.conditions.json_path import find
from votive.terms.conditions.kinds import Cosmos
from votive.terms.conditions.special import USER_ADDRESS

_BLOCKS = "/cosmos/base/tendermint/v1beta1/blocks/"
_BECH32 = re.compile(r"[a-z0-9]{8,90}")
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
"""RFC 3339; fractions of a second are cut off."""


async def judge(condition: Cosmos, asked: Inquiry) -> Verdict:
    """Find out whether a condition of this kind holds."""
    if condition.path == USER_ADDRESS:
        seen = _put(USER_ADDRESS, asked)
        return Verdict(holds=json_values(seen, condition.test.comparator, _put(condition.test.value, asked)), seen=seen)
    if condition.method == TIMELOCK:
        return await _timelock(condition, asked)
    answer = await asked.cosmos(condition.chain, _path(condition, asked))
    found = list(find(answer, condition.test.key)) if condition.test.key else [answer]
    return compare_found(found, condition.test.comparator, _put(condition.test.value, asked))


def _put(text: str, asked: Inquiry) -> str:
    return put_in(text, asked.who, asked.who.cosmos_address)


def _path(condition: Cosmos, asked: Inquiry) -> str:
    """Return the path with the caller's address put in, wherever it stands."""
    if USER_ADDRESS not in condition.path:
        return condition.path
    address = _put(USER_ADDRESS, asked)
    if _BECH32.fullmatch(address) is None:
        raise Absent("the caller's address is none of this kind of chain")
    return condition.path.replace(USER_ADDRESS, address)


async def _timelock(condition: Cosmos, asked: Inquiry) -> Verdict:
    """Ask whether any of the times behind a path is young enough, measured from a block. What lies after that block does not count."""
    height = (condition.parameters or ("latest",))[0]
    now = _seconds(inside(await asked.cosmos(condition.chain, _BLOCKS + height), "block", "header", "time"))
    answer = await asked.cosmos(condition.chain, _path(condition, asked))
    ages = [now - time for time in (_time_in(value) for value in find(answer, condition.test.key or "$")) if time is not None]
    fits = [age for age in ages if age >= 0 and integers(age, condition.test.comparator, condition.test.value)]
    return Verdict(holds=bool(fits), seen=brief(f"ages in seconds: {', '.join(str(age) for age in ages[:20]) or 'none'}"))


def _seconds(value: Any) -> int:
    found = _time_in(value)
    if found is None:
        raise Absent("the chain answered no time of the block")
    return found


def _time_in(value: Any) -> int | None:
    """Return seconds since 1970 of an RFC 3339 time; None if it is none."""
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    try:
        moment = datetime.fromisoformat(found[1] + found[3].replace("Z", "+00:00"))
    except ValueError:
        return None
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
