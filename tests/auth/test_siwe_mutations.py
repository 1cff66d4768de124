"""A hundred thousand altered messages: what the grammar does not derive is never read as a message."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.auth import grammar
from tests.auth.test_siwe import FULL, MINIMAL

from votive.auth import InvalidSiweMessage, SiweMessage

MUTATIONS = 100_000
LIT = json.loads((Path(__file__).parent.parent / "vectors" / "recap" / "recap.json").read_text())["pkp-session"]["message"]
MESSAGES = (
    FULL,
    MINIMAL,
    MINIMAL + "\nResources:",
    LIT,
    FULL.replace("https://example.com:8080 wants", "[::ffff:192.0.2.1]:80 wants").replace("ipfs://Qm", "urn:x:Qm"),
    FULL.replace("2026-09-30T16:25:24.000Z", "2024-02-29t23:59:59.999999-23:59").replace("Request ID: some_id:%20@1", "Request ID: "),
)
ODD = "\n\r\t\x00\x0b\x0c\x1f\x7f\x85\xa0\xad\u200b\u2028\u202e\ufeff\uff10\u0660é ：/?#[]@!$&'()*+,;=%0aAzZ9-._~:<>\"\\^`{|}"
PIECES = (
    "\n",
    "\r\n",
    "\n\n",
    " ",
    "%",
    "%2",
    "%zz",
    "0",
    "60",
    "Z",
    "://",
    "- ",
    "URI: ",
    "Version: 2",
    "Resources:",
    "\nNonce: 12345678",
)


def flip(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text))
    return text[:at] + chance.choice(ODD) + text[at + 1 :]


def insert(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(ODD if chance.random() < 0.5 else PIECES) + text[at:]


def delete(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text))
    return text[:at] + text[at + chance.choice((1, 1, 1, 2, 5, 20)) :]


def recase(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text))
    return text[:at] + text[at].swapcase() + text[at + 1 :]


def digit(text: str, chance: random.Random) -> str:
    at = chance.choice([at for at, letter in enumerate(text) if letter.isdigit()])
    return text[:at] + chance.choice("0123456789") + text[at + 1 :]


def repeat_a_line(text: str, chance: random.Random) -> str:
    lines = text.split("\n")
    at = chance.randrange(len(lines))
    return "\n".join([*lines[: at + 1], lines[at], *lines[at + 1 :]])


def swap_lines(text: str, chance: random.Random) -> str:
    lines = text.split("\n")
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return "\n".join(lines)


def drop_a_line(text: str, chance: random.Random) -> str:
    lines = text.split("\n")
    del lines[chance.randrange(len(lines))]
    return "\n".join(lines)


def graft(text: str, chance: random.Random) -> str:
    lines, other = text.split("\n"), chance.choice(MESSAGES).split("\n")
    lines[chance.randrange(len(lines))] = chance.choice(other)
    return "\n".join(lines)


ALTER: tuple[Callable[[str, random.Random], str], ...] = (
    flip,
    insert,
    delete,
    recase,
    digit,
    repeat_a_line,
    swap_lines,
    drop_a_line,
    graft,
)


def reads(text: str) -> bool:
    try:
        SiweMessage.parse(text)
    except InvalidSiweMessage:
        return False
    return True


def test_of_a_hundred_thousand_altered_messages_none_is_read_that_the_grammar_refuses() -> None:
    chance = random.Random(4361)
    read = derived = 0
    for _ in range(MUTATIONS):
        text = chance.choice(MESSAGES)
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            text = chance.choice(ALTER)(text, chance) if text else chance.choice(MESSAGES)
        in_grammar = grammar.allows(text)
        if reads(text):
            assert in_grammar, text
            read += 1
        derived += in_grammar
    # Neither side refuses everything: most texts that the grammar derives are read, the rest we refuse on purpose (see siwe.py).
    assert MUTATIONS / 10 < read <= derived < MUTATIONS


@pytest.mark.parametrize("text", MESSAGES)
def test_the_messages_themselves_are_read_and_derived(text: str) -> None:
    assert grammar.allows(text)
    assert reads(text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"),
        ("Chain ID: 31337", "Chain ID: 031337"),
        ("16:25:24.000Z", "16:25:60Z"),
        ("2026-09-30T17", "2026-09-31T17"),
        ("https://example.com:8080 wants", " wants"),
    ],
)
def test_the_little_that_we_refuse_beyond_the_grammar_is_just_this(old: str, new: str) -> None:
    text = FULL.replace(old, new)
    assert text != FULL
    assert grammar.allows(text)
    assert not reads(text)
