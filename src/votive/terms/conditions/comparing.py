"""``returnValueTest``: what may be compared with what. A test that could never be answered as its author meant it is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum

from votive.terms.conditions.errors import InvalidConditions, shown
from votive.terms.conditions.fields import Fields
from votive.terms.conditions.kinds import Comparator, Test
from votive.terms.conditions.special import is_special, special_address

MAX_DIGITS = 4000
"""Digits of an integer in a condition; Python reads no more than 4300."""
_UNSIGNED = r"[0-9]+"
_SIGNED = r"-?[0-9]+"


class Answer(Enum):
    """What an answer is, and with that how it is compared."""

    UNSIGNED = "an integer from 0"
    SIGNED = "an integer"
    ADDRESS = "an address"
    TRUTH = "true or false"
    TEXT = "a text"
    TEXTS = "a list of texts"
    HEX = "bytes"
    ANY = "a value of JSON"
    """Known only when it comes: an integer is compared with an integer, a text with a text."""


_EQUALITY = frozenset({Comparator.EQUAL, Comparator.UNEQUAL})
_ORDER = _EQUALITY | {Comparator.MORE, Comparator.LESS, Comparator.AT_LEAST, Comparator.AT_MOST}
_MEMBERSHIP = frozenset({Comparator.CONTAINS, Comparator.LACKS})
COMPARATORS: dict[Answer, frozenset[Comparator]] = {
    Answer.UNSIGNED: _ORDER,
    Answer.SIGNED: _ORDER,
    Answer.ADDRESS: _EQUALITY,
    Answer.TRUTH: _EQUALITY,
    Answer.TEXT: _ORDER | _MEMBERSHIP,
    Answer.TEXTS: _MEMBERSHIP,
    Answer.HEX: _EQUALITY,
    Answer.ANY: _ORDER | _MEMBERSHIP,
}


def read_test(fields: Fields, *, keyed: bool) -> Test:
    """Take ``returnValueTest``; ``keyed`` kinds name a part of the answer."""
    inside = fields.inside("returnValueTest")
    comparator, value = inside.text("comparator"), inside.text("value")
    key = inside.text("key") if keyed else None
    inside.done()
    if comparator not in set(Comparator):
        known = " ".join(Comparator)
        raise InvalidConditions(inside.at("comparator"), f"this is no comparator: {shown(comparator)}. There are {known}")
    return Test(comparator=Comparator(comparator), value=value, key=key)


def check_test(test: Test, answer: Answer, where: str) -> None:
    """Refuse a comparator that this answer does not have, and a value that it can never be compared with."""
    if test.comparator not in COMPARATORS[answer]:
        known = " ".join(sorted(COMPARATORS[answer]))
        raise InvalidConditions(f"{where}.comparator", f"{answer.value} is not compared by {test.comparator.value!r}. Use one of {known}")
    if answer is Answer.TEXT and test.comparator in _ORDER - _EQUALITY and is_integer(test.value, signed=True):
        raise InvalidConditions(where, "texts are ordered by their letters, so that '10' comes before '9'. Compare integers, or use '='")
    complaint = _complaint(test.value, answer)
    if complaint:
        raise InvalidConditions(f"{where}.value", f"{complaint}: {shown(test.value)}")


def _complaint(value: str, answer: Answer) -> str:
    """Say what is wrong with a value; nothing if it is fine."""
    if answer in _VALUES:
        fits, complaint = _VALUES[answer]
        return "" if fits(value) else complaint
    if answer is not Answer.ANY and is_special(value):
        return "nothing is put in for special parameters at this place"
    return ""


def is_integer(text: str, *, signed: bool) -> bool:
    """Say whether ``text`` is a decimal integer that can be compared."""
    return len(text) <= MAX_DIGITS and re.fullmatch(_SIGNED if signed else _UNSIGNED, text) is not None


_VALUES: dict[Answer, tuple[Callable[[str], bool], str]] = {
    Answer.UNSIGNED: (lambda text: is_integer(text, signed=False), "an integer from 0 in decimal digits belongs here"),
    Answer.SIGNED: (lambda text: is_integer(text, signed=True), "an integer in decimal digits belongs here"),
    Answer.TRUTH: (lambda text: text.lower() in {"true", "false"}, "'true' or 'false' belongs here"),
    Answer.ADDRESS: (special_address, "an address (0x and 40 hex digits), :userAddress or :litParam:NAME belongs here"),
    Answer.HEX: (lambda text: re.fullmatch(r"0x([0-9a-fA-F]{2})*", text) is not None, "bytes in hex belong here, 0x…"),
}
