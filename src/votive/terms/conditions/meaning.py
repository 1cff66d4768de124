"""What a list of conditions means: which must hold together, and which one of several suffices.

Between items of one list operators are applied from left to right without precedence, as Lit's nodes apply them:
``a or b and c`` means ``(a or b) and c``. Items without operators must all hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Union

import msgspec

from votive.terms.conditions.kinds import Condition, Cosmos, EvmBasic, EvmContract, Group, Operator, SolRpc


class Leaf(msgspec.Struct, frozen=True):
    """One condition and its place in the list, such as ``[2][0]``."""

    path: str
    condition: EvmBasic | EvmContract | SolRpc | Cosmos


class Combined(msgspec.Struct, frozen=True):
    """Parts of which all (and) or any (or) must hold; two at least."""

    operator: Operator
    parts: tuple[Union[Leaf, Combined], ...]  # noqa: UP007  # it names itself


Meaning = Leaf | Combined


def meaning_of(group: Group, path: str = "") -> Meaning:
    """Return what ``group`` means."""
    parts = [_part(item, f"{path}[{index}]") for index, item in enumerate(group.items) if not isinstance(item, Operator)]
    operators = [item for item in group.items if isinstance(item, Operator)] or [Operator.AND] * (len(parts) - 1)
    first, *others = parts
    runs: list[tuple[Operator, list[Meaning]]] = []
    for operator, part in zip(operators, others, strict=True):
        if not runs or runs[-1][0] is not operator:
            runs.append((operator, []))
        runs[-1][1].append(part)
    for operator, added in runs:
        first = Combined(operator, (first, *added))
    return first


def _part(item: Condition | Group | Operator, path: str) -> Meaning:
    if isinstance(item, Group):
        return meaning_of(item, path)
    assert not isinstance(item, Operator)  # noqa: S101  # meaning_of left them out
    return Leaf(path, item)


def leaves_of(meaning: Meaning) -> Iterator[Leaf]:
    """Yield all conditions, in their order."""
    if isinstance(meaning, Leaf):
        yield meaning
    else:
        for part in meaning.parts:
            yield from leaves_of(part)
