"""One condition of the readable language: a question, a comparator, a value, and the chain that is asked.

    question [ "at" key ] comparator value [ "on" chain ]

Here is what all questions share; what each of them becomes in Lit's JSON is in ``questions``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec

from votive.client.conditions.tokens import Token, Tokens
from votive.terms.conditions import Comparator
from votive.terms.conditions.words import ACTION_CID, UNITS

COMPARATORS = frozenset(Comparator)
SPECIAL = {"user": ":userAddress", "action": ":currentActionIpfsId"}
_NUMBER = r"[0-9]+(\.[0-9]+)?"
_ID = r"[0-9]+|0x[0-9a-fA-F]+"
_BARE = r"-?[0-9]+|0x[0-9a-fA-F]*|true|false"
"""What is a value without quotes."""
_CHAIN = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"


class Compared(msgspec.Struct, frozen=True):
    """A comparator and its value, as Lit's JSON has them."""

    comparator: str
    value: str


@dataclass
class Phrase:
    """The condition that is being read: its name, what stands in its parentheses, and what follows."""

    tokens: Tokens
    default_chain: str
    name: Token
    arguments: list[Token] = field(default_factory=list)
    key: str = ""

    def chain(self) -> str:
        """Take ``on CHAIN``, or use the default."""
        if not self.tokens.took("on"):
            return self.default_chain
        name = self.tokens.next
        if name.kind != "word" or re.fullmatch(_CHAIN, name.text) is None:
            raise self.tokens.wrong("a chain's name belongs here")
        return self.tokens.take().text

    def count(self, *allowed: int) -> None:
        """Refuse another number of arguments."""
        if len(self.arguments) not in allowed:
            expected = " or ".join(str(count) for count in allowed)
            raise self.tokens.wrong(f"{self.name.text}(…) takes {expected} arguments, not {len(self.arguments)}", self.name)

    def address(self, index: int) -> str:
        """Return an argument that is an address."""
        token = self.arguments[index]
        if token.kind != "word" or re.fullmatch(r"0x[0-9a-fA-F]{40}", token.text) is None:
            raise self.tokens.wrong("an address (0x and 40 hex digits) belongs here", token)
        return token.text

    def number(self, index: int) -> str:
        """Return an argument that is a token's number, decimal or hex."""
        token = self.arguments[index]
        if token.kind != "word" or re.fullmatch(_ID, token.text) is None:
            raise self.tokens.wrong("a token's number belongs here, decimal or hex with 0x", token)
        return token.text

    def text(self, index: int) -> str:
        """Return an argument that is a text in quotes."""
        token = self.arguments[index]
        if token.kind != "text":
            raise self.tokens.wrong("a text in double quotes belongs here", token)
        return token.text

    def value(self, index: int) -> str:
        """Return an argument of any kind as Lit's JSON has it."""
        return self.said(self.arguments[index])

    def said(self, token: Token) -> str:
        """Return what a token says: a special parameter, a number, an address, true or false, or a text in quotes."""
        if token.kind in {"text", "special"}:
            return token.text
        if token.kind == "word" and token.text in SPECIAL:
            return SPECIAL[token.text]
        if token.kind == "word" and re.fullmatch(_BARE, token.text):
            return token.text
        raise self.tokens.wrong("a number, an address, user, action, true, false or a text in double quotes belongs here", token)

    def compared(self) -> Compared:
        """Take a comparator and any value; a number may have a unit."""
        comparator, token = self._comparator(), argument(self.tokens)
        unit = self._unit() if token.kind == "word" and re.fullmatch(_NUMBER, token.text) else None
        return Compared(comparator, self._amount(token, unit) if unit else self.said(token))

    def compared_action(self) -> Compared:
        """Take a comparator and the CIDv0 of an action, by which nodes name them; any other text only in quotes, as it may never hold."""
        comparator, token = self._comparator(), argument(self.tokens)
        if token.kind != "text" and re.fullmatch(ACTION_CID, token.text) is None:
            raise self.tokens.wrong("the CID of an action (Qm and 44 letters, as `votive action cid` prints) belongs here", token)
        return Compared(comparator, token.text)

    def compared_text(self) -> Compared:
        """Take a comparator and a text in quotes, or a bare word."""
        comparator, token = self._comparator(), argument(self.tokens)
        if token.kind not in {"text", "word"}:
            raise self.tokens.wrong("a text in double quotes belongs here", token)
        return Compared(comparator, token.text)

    def compared_amount(self) -> Compared:
        """Take a comparator and an amount: an integer, or a number with a unit (ether, gwei, wei)."""
        comparator, number = self._comparator(), self.tokens.take()
        if number.kind != "word" or re.fullmatch(_NUMBER, number.text) is None:
            raise self.tokens.wrong("an amount belongs here, such as 10 or 0.5 ether", number)
        return Compared(comparator, self._amount(number, self._unit()))

    def _unit(self) -> Token | None:
        return self.tokens.take() if self.tokens.next.kind == "word" and self.tokens.next.text in UNITS else None

    def _amount(self, number: Token, unit: Token | None) -> str:
        whole, _, fraction = number.text.partition(".")
        places = UNITS[unit.text] if unit else 0
        if len(fraction) > places:
            missing = "" if unit else ". Name a unit: ether or gwei"
            raise self.tokens.wrong(f"{number.text} {unit.text if unit else ''}".strip() + f" is no whole number of wei{missing}", number)
        return (whole + fraction + "0" * (places - len(fraction))).lstrip("0") or "0"

    def compared_time(self) -> Compared:
        """Take a comparator and a time: seconds since 1970, or a date with its zone (2026-01-31, 2026-01-31T12:00:00Z)."""
        comparator, token = self._comparator(), self.tokens.take()
        if token.kind == "word" and token.text.isascii() and token.text.isdigit():
            return Compared(comparator, token.text)
        return Compared(comparator, str(self._seconds(token)))

    def _seconds(self, token: Token) -> int:
        whole = re.fullmatch(r"(\d{4}-\d\d-\d\d)(T\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d))?", token.text, re.ASCII)
        try:
            moment = datetime.fromisoformat(token.text.replace("Z", "+00:00")) if whole else None
        except ValueError:
            moment = None
        if moment is None or moment.year < 1970:
            raise self.tokens.wrong("a time belongs here: seconds since 1970, 2026-01-31 or 2026-01-31T12:00:00Z", token)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return int((aware - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())

    def _comparator(self) -> str:
        if self.tokens.next.kind not in {"symbol", "word"} or self.tokens.next.text not in COMPARATORS:
            raise self.tokens.wrong(f"a comparator belongs here: {' '.join(Comparator)}")
        return self.tokens.take().text


def argument(tokens: Tokens) -> Token:
    """Take one argument or value; ``param(NAME)`` is one too."""
    token = tokens.take()
    if token.kind in {"symbol", "end", "object"}:
        raise tokens.wrong("a value belongs here", token)
    if token.kind != "word" or token.text != "param":
        return token
    tokens.expect("(")
    name = tokens.take()
    if name.kind not in {"word", "text"}:
        raise tokens.wrong("the name of a parameter of the sign-in message belongs here", name)
    tokens.expect(")")
    return Token("special", f":litParam:{name.text}", token.place)
