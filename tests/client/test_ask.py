"""Asking all nodes at once: when there is enough, who counts as silent, and that nothing that came is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest

from votive.client import ask as asking
from votive.client.ask import Answer, Node, Question, ask_all

NODES = tuple(Node(seat=seat, url=f"http://node-{seat}", address="0x") for seat in range(1, 5))


def question(patience: float = 5.0, grace: float = 0.05) -> Question:
    return Question(path="/", bodies=dict.fromkeys(range(1, 5), b""), request_id="x", patience=patience, grace=grace)


@pytest.fixture
def nodes(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[int, float | Exception]], list[int]]:
    """Nodes that answer after so many seconds each, or fail as no node can; gives the seats whose question was called off."""

    def put(behaviour: dict[int, float | Exception]) -> list[int]:
        cancelled: list[int] = []

        async def ask(session: object, node: Node, question: Question) -> Answer:
            what = behaviour[node.seat]
            if isinstance(what, Exception):
                raise what
            try:
                await asyncio.sleep(what)
            except asyncio.CancelledError:
                cancelled.append(node.seat)
                raise
            return Answer(seat=node.seat, seconds=what, status=200)

        monkeypatch.setattr(asking, "ask", ask)
        return cancelled

    return put


def seats(answers: Sequence[Answer]) -> list[int]:
    return [answer.seat for answer in answers if not answer.silence]


async def ask(given: Question, enough: int) -> tuple[Answer, ...]:
    async def so_many(answers: Sequence[Answer]) -> bool:
        return len(answers) >= enough

    return await ask_all(None, NODES, given, so_many)  # type: ignore[arg-type]  # no session is needed: nodes are stood in for


async def test_answers_come_in_their_order_and_who_is_late_for_what_is_enough_is_left_out(nodes) -> None:
    cancelled = nodes({1: 0.03, 2: 0.0, 3: 0.01, 4: 60.0})
    answers = await ask(question(), enough=3)
    assert [answer.seat for answer in answers] == [2, 3, 1]
    assert cancelled == [4]


async def test_within_the_grace_others_still_count(nodes) -> None:
    nodes({1: 0.0, 2: 0.0, 3: 0.0, 4: 0.1})
    assert seats(await ask(question(grace=5.0), enough=3)) == [1, 2, 3, 4]


async def test_who_does_not_answer_in_time_is_called_silent(nodes) -> None:
    cancelled = nodes({1: 0.0, 2: 60.0, 3: 0.0, 4: 60.0})
    answers = await ask(question(patience=0.1), enough=3)
    assert seats(answers) == [1, 3]
    assert {answer.seat: answer.silence for answer in answers if answer.silence} == {
        seat: f"no answer from http://node-{seat} within 0.1 s" for seat in (2, 4)
    }
    assert sorted(cancelled) == [2, 4]


async def test_what_came_while_it_was_considered_whether_there_is_enough_is_not_lost(nodes) -> None:
    nodes({1: 0.0, 2: 0.05, 3: 0.05, 4: 0.05})

    async def slow(answers: Sequence[Answer]) -> bool:
        await asyncio.sleep(0.3 if answers else 0)
        return False

    assert seats(await ask_all(None, NODES, question(patience=0.2), slow)) == [1, 2, 3, 4]  # type: ignore[arg-type]  # no session is needed, as in ``ask``


async def test_a_defect_of_our_own_is_raised_and_leaves_no_question_behind(nodes) -> None:
    cancelled = nodes({1: 60.0, 2: RuntimeError("a defect"), 3: 60.0, 4: 60.0})
    with pytest.raises(RuntimeError, match="a defect"):
        await ask(question(), enough=3)
    assert sorted(cancelled) == [1, 3, 4]


async def test_who_asks_may_be_cancelled(nodes) -> None:
    cancelled = nodes(dict.fromkeys(range(1, 5), 60.0))
    task = asyncio.create_task(ask(question(), enough=3))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sorted(cancelled) == [1, 2, 3, 4]
    assert len(asyncio.all_tasks()) == 1
