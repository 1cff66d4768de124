"""The readable language in pieces, each with its place, so that every complaint can point at a letter."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import msgspec

from votive.client.errors import BadArgument

MAX_TEXT = 64 * 1024
_SPACE = r"\s*"
_SYMBOL = r"!contains(?![A-Za-z0-9_])|>=|<=|!=|[=><(),]"
_WORD = r"-?[A-Za-z0-9_$][A-Za-z0-9_$.:+-]*"


class UnreadableCondition(BadArgument):
    """The text is no condition of the language; ``details`` names line and column, and the message shows the place."""

    def __init__(self, text: str, place: int, complaint: str) -> None:
        line = text.count("\n", 0, place) + 1
        column = place - (text.rfind("\n", 0, place) + 1) + 1
        shown = _around(text, place)
        super().__init__(
            f"line {line}, column {column}: {complaint}{shown}", details=({"line": line, "column": column, "complaint": complaint},)
        )
        self.place = place


def _around(text: str, place: int) -> str:
    """Return what stands at a place, in quotes; nothing at the end."""
    rest = text[place : place + 40].split("\n", maxsplit=1)[0]
    return f", at {rest!r}".encode("utf-8", "replace").decode() if rest else ", at the end"


class Token(msgspec.Struct, frozen=True):
    """One piece: a symbol, a word (also numbers and addresses), a text in quotes, a JSON object, or the end."""

    kind: str
    text: str
    place: int
    value: Any = None
    """Of a JSON object."""


@dataclass
class Tokens:
    """Reads one token after the other."""

    text: str
    place: int = 0

    def __post_init__(self) -> None:
        if len(self.text) > MAX_TEXT:
            raise BadArgument(f"the condition has {len(self.text)} letters, more than {MAX_TEXT}. Make it shorter.")
        self.next = self._read()

    def take(self) -> Token:
        """Return the next token and read on."""
        taken, self.next = self.next, self._read()
        return taken

    def took(self, *texts: str) -> bool:
        """Take the next token if it is one of these symbols or words."""
        if self.next.kind not in {"symbol", "word"} or self.next.text not in texts:
            return False
        self.take()
        return True

    def expect(self, text: str) -> Token:
        """Take a symbol or word that must stand here."""
        if self.next.kind not in {"symbol", "word"} or self.next.text != text:
            raise self.wrong(f"{text!r} belongs here")
        return self.take()

    def wrong(self, complaint: str, at: Token | None = None) -> UnreadableCondition:
        """Return a complaint about a token; of the next one, if none is given."""
        return UnreadableCondition(self.text, (at or self.next).place, complaint)

    def _read(self) -> Token:
        space = re.compile(_SPACE).match(self.text, self.place)
        start = space.end() if space else self.place
        if start == len(self.text):
            return Token("end", "", start)
        if self.text[start] in '{"':
            return self._json(start)
        for kind, pattern in (("symbol", _SYMBOL), ("word", _WORD)):
            found = re.compile(pattern).match(self.text, start)
            if found:
                self.place = found.end()
                return Token(kind, found[0], start)
        raise UnreadableCondition(self.text, start, "nothing begins like this")

    def _json(self, start: int) -> Token:
        """Read a text in quotes or an object, both as JSON writes them."""
        try:
            value, self.place = _JSON.raw_decode(self.text, start)
        except json.JSONDecodeError as error:
            raise UnreadableCondition(self.text, error.pos, f"this is no JSON: {error.msg}") from error
        except (ValueError, RecursionError) as error:
            raise UnreadableCondition(self.text, start, f"this is no JSON that conditions can hold: {error}") from error
        if isinstance(value, str):
            return Token("text", value, start)
        return Token("object", self.text[start : self.place], start, value)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return dict(pairs)


_JSON = json.JSONDecoder(object_pairs_hook=_distinct)
