"""An action as a condition: asked in a run without rights, in a pool of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, cast

import pytest
from tests.node.ledger import Ledger

from votive.action import Pool, Warm
from votive.auth.conditions import Subject, evaluate
from votive.ipfs import cid_of
from votive.node.permission import SharedBlocks
from votive.node.questions import QuestionHost, Questions
from votive.node.source import Programs
from votive.terms.action import ActionLimits, AuthContext
from votive.terms.conditions import parse
from votive.terms.errors import CallerError

ANSWERING = b"""
const calm = async (answer, wanted) => answer === wanted;
const whoAsks = async () => `${Lit.Auth.authSigAddress} ${Lit.Auth.actionIpfsIds}`;
const forbidden = async (name) => {
  const calls = {
    sign: () => Lit.Actions.signEcdsa({toSign: new Uint8Array(32), publicKey: "0x04" + "ab".repeat(64), sigName: "s"}),
    encrypt: () => Lit.Actions.encrypt({accessControlConditions: [], to_encrypt: "x"}),
    decrypt: () => Lit.Actions.decryptAndCombine(
      {accessControlConditions: [], ciphertext: "", dataToEncryptHash: "00".repeat(32), authSig: null, chain: "yellowstone"}),
    check: () => Lit.Actions.checkConditions({conditions: [], authSig: null, chain: "yellowstone"}),
  };
  try { await calls[name](); return "done"; } catch (error) { return error.message; }
};
const never = async () => { for (;;) await new Promise((resolve) => setTimeout(resolve, 1)); };
"""
CID = cid_of(ANSWERING)
WHO = Subject(address="0x" + "0A" * 20)


class Shelf:
    """Takes the place of the gateways."""

    async def fetch(self, cid: str, limit: int) -> bytes:
        assert cid == CID
        return ANSWERING


def programs() -> Programs:
    return Programs(Shelf(), code_limit=10_000, cache_bytes=10_000)


@pytest.fixture
async def questions(tmp_path: Path) -> AsyncIterator[Questions]:
    ledger = Ledger(4)
    host = QuestionHost(cast("Any", ledger), SharedBlocks(ledger))
    async with AsyncExitStack() as stack:
        pool = Pool(warm=Warm(bare=0, ethers=0), parallel=2, place=tmp_path / "questions")
        yield Questions(pool, stack, programs=programs(), host=host, limits=ActionLimits(time_seconds=5))


def asking(method: str, *parameters: str, value: str = "true") -> list[Any]:
    return [
        {
            "conditionType": "evmBasic",
            "contractAddress": f"ipfs://{CID}",
            "standardContractType": "LitAction",
            "chain": "yellowstone",
            "method": method,
            "parameters": list(parameters),
            "returnValueTest": {"comparator": "=", "value": value},
        }
    ]


async def holds(questions: Questions, conditions: list[Any]) -> bool:
    return (await evaluate(parse(conditions), WHO, Ledger(4), questions)).holds


async def test_what_an_action_answers_decides(questions: Questions) -> None:
    assert await holds(questions, asking("calm", "yes", "yes"))
    assert not await holds(questions, asking("calm", "no", "yes"))


async def test_it_knows_the_caller_and_goes_by_its_own_name(questions: Questions) -> None:
    assert await holds(questions, asking("whoAsks", value=f"{WHO.address} {CID}"))


@pytest.mark.parametrize("name", ["sign", "encrypt", "decrypt", "check"])
async def test_it_has_no_rights(questions: Questions, name: str) -> None:
    answer = await questions(CID, f"\n;(async () => Lit.Actions.setResponse({{response: await forbidden('{name}')}}))();", WHO)
    assert "asked by a condition cannot" in answer


async def test_an_action_that_never_answers_is_ended_and_says_so(questions: Questions) -> None:
    with pytest.raises(CallerError, match="longer than its limit"):
        await holds(questions, asking("never"))


async def test_an_action_without_the_function_is_told_so(questions: Questions) -> None:
    with pytest.raises(CallerError, match="notThere"):
        await holds(questions, asking("notThere"))


class Checking(QuestionHost):
    """The host of a caller's run, as far as it may check conditions."""

    questions: Questions

    async def check_conditions(self, conditions: Any, auth_sig: Any, chain: str | None) -> bool:
        return await holds(self.questions, conditions)


async def test_runs_that_ask_actions_do_not_wait_for_their_own_places(questions: Questions, tmp_path: Path) -> None:
    ledger = Ledger(4)
    host = Checking(cast("Any", ledger), SharedBlocks(ledger))
    host.questions = questions
    code = b"""(async () => {
      const held = await Lit.Actions.checkConditions({conditions, authSig: null, chain: "yellowstone"});
      Lit.Actions.setResponse({response: String(held)});
    })();"""
    context = AuthContext(action_ipfs_ids=(), action_ipfs_id_stack=(), auth_sig_address=None)
    async with Pool(warm=Warm(bare=1, ethers=0), parallel=2, place=tmp_path / "callers") as pool:
        runs = [pool.run(code, {"conditions": asking("calm", "yes", "yes")}, context, host) for _ in range(6)]
        assert {result.response for result in await asyncio.gather(*runs)} == {"true"}
