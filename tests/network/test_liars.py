"""One of four real nodes lies. The others sign on, name it where it can be named, and blame nobody else."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.network.city import City, until
from tests.network.test_decryption import CID, condition, of_city, run

from votive.devnet.services import node_folder

LIAR = 2
PROGRAM = Path(__file__).with_name("liar.py")
ATTEMPTS = 40
"""Signatures within which the liar leads or signs at least once, but for a chance of one in a hundred thousand."""


@dataclass
class Witnesses:
    """What the honest nodes write into their logs from now on."""

    places: dict[int, tuple[Path, int]]

    @classmethod
    def of(cls, city: City) -> Witnesses:
        logs = {seat: node_folder(city.network.directory, seat) / "log" for seat in city.seats if seat != LIAR}
        return cls({seat: (path, path.stat().st_size) for seat, path in logs.items()})

    def entries(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for path, start in self.places.values():
            lines = path.read_bytes()[start:].splitlines(keepends=True)
            found += [json.loads(line) for line in lines if line.endswith(b"}\n")]
        return found

    def blamed(self) -> dict[int, set[str]]:
        """Whom they blame, and for what."""
        found: dict[int, set[str]] = {}
        for entry in self.entries():
            if entry["event"] == "a node broke the protocol":
                found.setdefault(entry["peer"], set()).add(entry["why"])
        return found

    def shown(self) -> set[int]:
        """How many messages they have as evidence, each time they blame."""
        return {entry["messages"] for entry in self.entries() if entry["event"] == "a node broke the protocol"}

    def hung_up_on(self) -> set[int]:
        """Whose link they ended for a message that the sender did not sign."""
        return {entry["seat"] for entry in self.entries() if entry["event"] == "link_ended" and entry["reason"] == "signature"}

    def defects(self) -> list[dict[str, Any]]:
        return [entry for entry in self.entries() if entry["level"] == "critical" or "exception" in entry]


@contextmanager
def lies(city: City, behaviour: str) -> Iterator[Witnesses]:
    """Put the lying node into its seat, with live set-ups to all others."""
    city.kill(LIAR)
    config = node_folder(city.network.directory, LIAR) / "node.toml"
    with (config.parent / "log").open("ab") as log:
        process = subprocess.Popen([sys.executable, str(PROGRAM), behaviour, "--config", str(config)], stdout=log, stderr=log)
    try:
        until(lambda: serves(city), "the lying node serves", 60)
        until(city.is_whole, "all pairs of nodes are set up", 60)
        yield Witnesses.of(city)
        assert process.poll() is None, "the lying node ended, so nothing was tried"
    finally:
        process.terminate()
        process.wait(20)


def serves(city: City) -> bool:
    try:
        return bool(city.health(LIAR)["status"] == "serving")
    except OSError:
        return False


def sign_until(city: City, holds: Any) -> None:
    """Sign again and again, each time with success, until something has shown."""
    for _ in range(ATTEMPTS):
        city.sign()
        if holds():
            return
    pytest.fail(f"nothing of it was seen in {ATTEMPTS} signatures")


@pytest.mark.parametrize(
    ("behaviour", "why", "messages"),
    [("two_proposals", "two proposals in one attempt", 2), ("false_outcome", "an outcome that does not verify", 1)],
)
def test_a_lying_node_costs_no_signature_and_is_named_alone(city: City, behaviour: str, why: str, messages: int) -> None:
    with lies(city, behaviour) as witnesses:
        sign_until(city, witnesses.blamed)
        for _ in range(3):
            city.sign()
        assert witnesses.blamed() == {LIAR: {why}}
        assert witnesses.shown() == {messages}
        assert witnesses.defects() == []


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[City]:
    """A network of its own: sets of nodes that failed are avoided for the rest of an epoch, failed set-ups for a minute."""
    city = City.found(tmp_path / "city")
    try:
        yield city
    finally:
        asyncio.run(city.network.down())


def test_garbage_in_the_rounds_costs_no_signature_names_its_sender_and_shows_its_messages(fresh: City) -> None:
    with lies(fresh, "garbage") as witnesses:
        sign_until(fresh, witnesses.blamed)
        for _ in range(3):
            fresh.sign()
        assert set(witnesses.blamed()) == {LIAR}
        assert min(witnesses.shown()) >= 1
        assert witnesses.defects() == []


def test_noise_of_no_session_costs_no_signature_and_is_nobody_elses_fault(fresh: City) -> None:
    def did_not_combine() -> bool:
        return any(entry["event"] == "attempt left" and entry["why"] == "invalid_result" for entry in witnesses.entries())

    with lies(fresh, "noise") as witnesses:
        sign_until(fresh, did_not_combine)
        for _ in range(3):
            fresh.sign()
        assert set(witnesses.blamed()) <= {LIAR}
        assert witnesses.defects() == []


def test_a_silent_node_costs_no_signature_and_nobody_is_blamed(city: City) -> None:
    def was_missed() -> bool:
        return any(entry["event"] == "attempt left" and LIAR in entry["seats"] for entry in witnesses.entries())

    with lies(city, "silence") as witnesses:
        sign_until(city, was_missed)
        for _ in range(3):
            city.sign()
        assert witnesses.blamed() == {}
        assert witnesses.defects() == []


def test_a_node_that_signs_none_of_its_messages_is_hung_up_on(city: City) -> None:
    with lies(city, "unsigned") as witnesses:
        sign_until(city, witnesses.hung_up_on)
        for _ in range(3):
            city.sign()
        assert witnesses.hung_up_on() == {LIAR}
        assert set(witnesses.blamed()) <= {LIAR}
        assert witnesses.defects() == []


def test_an_unsigned_lie_is_no_evidence_but_a_fault_of_its_own(city: City) -> None:
    def said() -> list[str]:
        return [entry["why"] for entry in witnesses.entries() if entry["event"] == "link_ended" and entry["reason"] == "signature"]

    with lies(city, "false_outcome+unsigned") as witnesses:
        sign_until(city, lambda: any("SIGN_OUTCOME that came from it" in why for why in said()))
        for _ in range(3):
            city.sign()
        assert witnesses.hung_up_on() == set(witnesses.blamed()) == {LIAR}
        assert witnesses.shown() == {0}
        assert witnesses.defects() == []


def test_a_wrong_decryption_share_costs_no_decryption_and_names_its_sender(city: City) -> None:
    conditions = [condition(":currentActionIpfsId", CID)]
    encrypted = of_city(city, lambda network: network.encrypt("some text", conditions))
    with lies(city, "wrong_share") as witnesses:
        for _ in range(ATTEMPTS):
            assert run(city, encrypted, conditions).response == "9"
            if witnesses.blamed():
                break
        assert set(witnesses.blamed()) == {LIAR}
        assert witnesses.defects() == []


def test_the_program_that_lies_is_an_honest_node_without_its_lie(city: City) -> None:
    with lies(city, "honest") as witnesses:
        for _ in range(8):
            city.sign()
        assert witnesses.blamed() == {}
        assert witnesses.hung_up_on() == set()
