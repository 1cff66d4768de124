"""Conditions of the kind cosmos: a path of the chain's REST interface and a part of what it answers, or an age against a block's time."""

from __future__ import annotations

import re

from votive.terms.conditions.comparing import Answer, check_test, read_test
from votive.terms.conditions.errors import InvalidConditions, shown
from votive.terms.conditions.evm_basic import check_chain
from votive.terms.conditions.fields import Fields
from votive.terms.conditions.json_path import check_key
from votive.terms.conditions.kinds import Comparator, Cosmos
from votive.terms.conditions.special import USER_ADDRESS, check_special

TIMELOCK = "timelock"
_PATH = r"/[A-Za-z0-9/_.~!$&'()*+,;=:@%?-]*"
"""A path with a query, of the letters of RFC 3986, so that it stays behind the host of the configured endpoint."""
_HEIGHT = r"latest|[1-9][0-9]{0,18}"


def read_cosmos(fields: Fields, _unified: bool) -> Cosmos:
    """Take the fields of a condition of this kind and check what it asks."""
    condition = Cosmos(
        path=fields.text("path"),
        chain=fields.text("chain"),
        method=fields.text("method") if fields.has("method") else None,
        parameters=fields.texts("parameters") if fields.has("parameters") else None,
        test=read_test(fields, keyed=True),
    )
    check_chain(condition.chain, fields.at("chain"))
    _check_path(condition.path, fields.at("path"))
    if condition.method == TIMELOCK:
        _check_timelock(condition, fields)
    else:
        _check_plain(condition, fields)
    return condition


def _check_path(path: str, where: str) -> None:
    if path != USER_ADDRESS and (re.fullmatch(_PATH, path) is None or "/../" in f"{path}/" or "//" in path.partition("?")[0]):
        raise InvalidConditions(where, f"a path of the REST interface (/cosmos/…) or :userAddress belongs here, not {shown(path)}")


def _check_plain(condition: Cosmos, fields: Fields) -> None:
    if condition.method or condition.parameters:
        complaint = f"the only method is 'timelock', not {shown(condition.method)}; without it there are no parameters"
        raise InvalidConditions(fields.at("method"), complaint)
    where = fields.at("returnValueTest")
    if condition.path == USER_ADDRESS and condition.test.key:
        raise InvalidConditions(f"{where}.key", "an address has no parts. Leave the key empty")
    check_key(condition.test, f"{where}.key")
    check_test(condition.test, Answer.ANY, where)
    check_special(condition.test.value, f"{where}.value")


def _check_timelock(condition: Cosmos, fields: Fields) -> None:
    where = fields.at("returnValueTest")
    if condition.path == USER_ADDRESS:
        raise InvalidConditions(fields.at("path"), "a timelock reads times behind a path")
    if condition.parameters is None or len(condition.parameters) != 1 or re.fullmatch(_HEIGHT, condition.parameters[0]) is None:
        raise InvalidConditions(fields.at("parameters"), "a timelock has one parameter: 'latest' or the height of a block")
    if condition.test.comparator not in {Comparator.LESS, Comparator.AT_MOST}:
        raise InvalidConditions(f"{where}.comparator", "a timelock asks whether an age is '<' or '<=' a number of seconds")
    if not condition.test.key:
        raise InvalidConditions(f"{where}.key", "a timelock needs the JSONPath of the times")
    check_key(condition.test, f"{where}.key", many=True)
    check_test(condition.test, Answer.UNSIGNED, where)
