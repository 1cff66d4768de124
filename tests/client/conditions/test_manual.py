"""docs/encryption.md says what is so: its examples compile, and it names every question, contract type and comparator."""

from __future__ import annotations

from pathlib import Path

import pytest

from votive.client.conditions import compile_text, explain
from votive.client.conditions.questions import QUESTIONS
from votive.terms.conditions import Comparator, parse
from votive.terms.conditions.evm_basic import STANDARD_TYPES
from votive.terms.conditions.sol_rpc import RPC_METHODS

MANUAL = (Path(__file__).parents[3] / "docs/encryption.md").read_text()
CONDITIONS = MANUAL[MANUAL.index("## Conditions") :]
EXAMPLES = CONDITIONS[CONDITIONS.index("test_manual.py") :].split("```")[1].strip().splitlines()


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_example_of_the_manual_compiles_and_is_written_back_the_same(text):
    conditions = parse(compile_text(text, "ethereum"))
    assert parse(compile_text(explain(conditions), "elsewhere")) == conditions


def test_the_manual_shows_every_question_of_the_language():
    shown = " ".join(EXAMPLES)
    assert [name for name in QUESTIONS if f"{name}(" not in shown and f"{name} " not in shown] == []


def test_the_manual_names_all_that_can_be_asked():
    names = [
        *(name for name in STANDARD_TYPES if name),
        *RPC_METHODS,
        *Comparator,
        ":userAddress",
        ":currentActionIpfsId",
        ":litParam:NAME",
    ]
    assert [name for name in names if f"`{name}`" not in CONDITIONS] == []
