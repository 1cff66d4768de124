"""EIP-4361, "Sign-In with Ethereum": read strictly, so that what a wallet showed is what a node understands.

Specification: https://eips.ethereum.org/EIPS/eip-4361, its ABNF in order, nothing before, between or after. We refuse a little
that the grammar allows: an empty domain, an address that is not in EIP-55 case, a chain id with leading zeros, leap seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Self, TypeAlias

import msgspec

from votive.auth.errors import InvalidSiweMessage
from votive.auth.rfc import is_address, is_domain, is_path_text, is_scheme, is_statement, is_uri, unix_time
from votive.terms.ethereum import address_of_text

MAX_MESSAGE_BYTES = 32 * 1024
_INVITATION = " wants you to sign in with your Ethereum account:"
_MIN_NONCE = 8
_MAX_CHAIN_DIGITS = 78
_SHOWN = 80


Times: TypeAlias = tuple[float, float]
"""When something was issued and when it expires, Unix seconds."""


class SiweMessage(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of an EIP-4361 message. Those that ``parse`` returns are well-formed; times are RFC 3339 as written."""

    domain: str
    address: str
    """EIP-55 checksummed."""
    uri: str
    chain_id: int
    nonce: str
    """At least 8 letters and digits."""
    issued_at: str
    scheme: str | None = None
    statement: str | None = None
    expiration_time: str | None = None
    not_before: str | None = None
    request_id: str | None = None
    resources: tuple[str, ...] | None = None
    """None: no such section; (): an empty one."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a message; InvalidSiweMessage names the line that is wrong."""
        _refuse_unprintable(text)
        message = cls._read(_Lines(text))
        if message.to_text() != text:
            raise InvalidSiweMessage("the EIP-4361 message is ambiguous: written again it would be another text")
        return message

    @classmethod
    def _read(cls, lines: _Lines) -> Self:
        scheme, domain = _read_invitation(lines)
        address = _read_address(lines)
        lines.blank()
        statement = lines.statement()
        message = cls(
            scheme=scheme,
            domain=domain,
            address=address,
            statement=statement,
            uri=lines.field("URI", is_uri, "a URI"),
            chain_id=_read_version_and_chain(lines),
            nonce=lines.field("Nonce", _is_nonce, f"at least {_MIN_NONCE} letters and digits"),
            issued_at=lines.field("Issued At", _is_time, "a date-time of RFC 3339"),
            expiration_time=lines.optional("Expiration Time", _is_time, "a date-time of RFC 3339"),
            not_before=lines.optional("Not Before", _is_time, "a date-time of RFC 3339"),
            request_id=lines.optional("Request ID", is_path_text, "characters of a URI's path"),
            resources=lines.resources(),
        )
        lines.end()
        return message

    @property
    def times(self) -> Times:
        """When the message was issued and when it expires; never, if it does not say."""
        return unix_time(self.issued_at), inf if self.expiration_time is None else unix_time(self.expiration_time)

    def to_text(self) -> str:
        """Write the message as a wallet signs it."""
        scheme = f"{self.scheme}://" if self.scheme is not None else ""
        statement = [self.statement] if self.statement is not None else []
        optional = (
            ("Expiration Time", self.expiration_time),
            ("Not Before", self.not_before),
            ("Request ID", self.request_id),
        )
        lines = [
            f"{scheme}{self.domain}{_INVITATION}",
            self.address,
            "",
            *statement,
            "",
            f"URI: {self.uri}",
            "Version: 1",
            f"Chain ID: {self.chain_id}",
            f"Nonce: {self.nonce}",
            f"Issued At: {self.issued_at}",
            *(f"{name}: {value}" for name, value in optional if value is not None),
        ]
        if self.resources is not None:
            lines += ["Resources:", *(f"- {resource}" for resource in self.resources)]
        return "\n".join(lines)


class _Lines:
    """The lines of a message, read once from the top."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._at = 0

    def refuse(self, expected: str) -> InvalidSiweMessage:
        seen = f"is {self._lines[self._at][:_SHOWN]!r}" if self._at < len(self._lines) else "is missing"
        return InvalidSiweMessage(f"line {self._at + 1} of the EIP-4361 message must be {expected}; it {seen}")

    def next(self, is_valid: Callable[[str], bool], expected: str) -> str:
        if self._at >= len(self._lines) or not is_valid(self._lines[self._at]):
            raise self.refuse(expected)
        self._at += 1
        return self._lines[self._at - 1]

    def blank(self) -> None:
        self.next(lambda line: line == "", "empty")

    def statement(self) -> str | None:
        line = self.next(lambda line: line == "" or is_statement(line), "a statement of printable URI characters and spaces, or empty")
        if line == "":
            return None
        self.blank()
        return line

    def field(self, name: str, is_valid: Callable[[str], bool], kind: str) -> str:
        start = f"{name}: "
        line = self._lines[self._at] if self._at < len(self._lines) else ""
        if not line.startswith(start) or not is_valid(line[len(start) :]):
            raise self.refuse(f"'{start}' and {kind}")
        self._at += 1
        return line[len(start) :]

    def optional(self, name: str, is_valid: Callable[[str], bool], kind: str) -> str | None:
        if self._at < len(self._lines) and self._lines[self._at].startswith(f"{name}:"):
            return self.field(name, is_valid, kind)
        return None

    def resources(self) -> tuple[str, ...] | None:
        if self._at >= len(self._lines) or self._lines[self._at] != "Resources:":
            return None
        self._at += 1
        found = []
        while self._at < len(self._lines):
            found.append(self.next(_is_resource, "'- ' and a URI").removeprefix("- "))
        return tuple(found)

    def end(self) -> None:
        if self._at < len(self._lines):
            raise self.refuse("absent: the fields are out of order, repeated or unknown, or text follows the message")


def _refuse_unprintable(text: str) -> None:
    if len(text) > MAX_MESSAGE_BYTES:
        raise InvalidSiweMessage(f"the EIP-4361 message is longer than {MAX_MESSAGE_BYTES} characters")
    if not text.isascii() or not text.replace("\n", "").isprintable():
        odd = next(letter for letter in text if letter != "\n" and not (letter.isascii() and letter.isprintable()))
        raise InvalidSiweMessage(f"the EIP-4361 message contains {odd!r}; only printable ASCII and line feeds are allowed")


def _read_invitation(lines: _Lines) -> tuple[str | None, str]:
    expected = f"'[scheme://]domain{_INVITATION}'"
    line = lines.next(lambda line: line.endswith(_INVITATION) and _is_origin(line.removesuffix(_INVITATION)), expected)
    return _split_origin(line.removesuffix(_INVITATION))


def _split_origin(origin: str) -> tuple[str | None, str]:
    scheme, separator, domain = origin.rpartition("://")
    return (scheme if separator else None), domain


def _is_origin(origin: str) -> bool:
    scheme, domain = _split_origin(origin)
    return is_domain(domain) and (scheme is None or is_scheme(scheme))


def _read_address(lines: _Lines) -> str:
    return lines.next(lambda line: is_address(line) and address_of_text(line) == line, "an Ethereum address in EIP-55 case")


def _read_version_and_chain(lines: _Lines) -> int:
    lines.field("Version", lambda value: value == "1", "1")
    return int(lines.field("Chain ID", _is_chain_id, "a decimal number"))


def _is_chain_id(value: str) -> bool:
    return value.isdigit() and len(value) <= _MAX_CHAIN_DIGITS and (value == "0" or not value.startswith("0"))


def _is_nonce(value: str) -> bool:
    return len(value) >= _MIN_NONCE and value.isalnum()


def _is_resource(line: str) -> bool:
    return line.startswith("- ") and is_uri(line[2:])


def _is_time(value: str) -> bool:
    try:
        unix_time(value)
    except ValueError:
        return False
    return True
