"""Shares of decryption keys on four nodes in one process: for whom the conditions hold, for nothing else, and together in a run."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import pytest_asyncio
from msgspec import structs
from tests.node.grants import a_grant
from tests.node.house import House, Node, a_house, until
from tests.node.ledger import CHAIN
from tests.node.test_network_keys import has_keys

from votive.auth import ActionRef, Grant, Granting, InvalidAuthSig, NotPermitted, UnboundAuthSig
from votive.auth.conditions import ConditionsNotMet
from votive.core import CombinationFailed, InvalidCiphertext, InvalidInput, KeyShare, bls_combine, ibe_decrypt, ibe_encrypt
from votive.ipfs import cid_of, multihash_of
from votive.node.confidential import Confidential
from votive.node.decryption import Sealed
from votive.node.rates import Rate, Tolls
from votive.protocol import IdentitiesDiffer, NotEnoughNodes
from votive.terms.capability import EVERYTHING, NOTHING
from votive.terms.conditions import parse
from votive.terms.errors import CallerError, ErrorCode, VotiveError
from votive.terms.key import Purpose
from votive.terms.participant import Seat

pytestmark = pytest.mark.asyncio(loop_scope="module")

OWNER, STRANGER = "0x" + "0A" * 20, "0x" + "0B" * 20
CID, OTHER_CID = cid_of(b"an action"), cid_of(b"another action")
SECRET = b"the key of an API"


def condition(parameter: str, value: str) -> list[Any]:
    return [
        {
            "conditionType": "evmBasic",
            "contractAddress": "",
            "standardContractType": "",
            "chain": CHAIN,
            "method": "",
            "parameters": [parameter],
            "returnValueTest": {"comparator": "=", "value": value},
        }
    ]


RICH = [
    {
        "conditionType": "evmBasic",
        "contractAddress": "",
        "standardContractType": "",
        "chain": CHAIN,
        "method": "eth_getBalance",
        "parameters": [":userAddress", "latest"],
        "returnValueTest": {"comparator": ">=", "value": "1000"},
    }
]
FOR_OWNER, FOR_ACTION = condition(":userAddress", OWNER), condition(":currentActionIpfsId", CID)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with a_house(tmp_path_factory.mktemp("house")) as made:
        await until(lambda: all(has_keys(node) for node in made.nodes.values()), "the network keys are in use everywhere", 60)
        yield made


def sealed(conditions: list[Any], plaintext: bytes = SECRET) -> Sealed:
    return Sealed(parse(conditions), hashlib.sha256(plaintext).digest())


def encrypted(house: House, conditions: list[Any], plaintext: bytes = SECRET) -> bytes:
    public_key = house.any.decryption.public_key()
    assert public_key is not None
    return ibe_encrypt(public_key, sealed(conditions, plaintext).identity, plaintext)


async def shares(house: House, wanted: Sealed, who: Grant) -> dict[Seat, bytes | BaseException]:
    given = await asyncio.gather(*(node.decryption.share(wanted, who) for node in house.nodes.values()), return_exceptions=True)
    return dict(zip(house.nodes, given, strict=True))


def combined(house: House, given: dict[Seat, bytes | BaseException], wanted: Sealed) -> bytes:
    public_key = house.any.decryption.public_key()
    assert public_key is not None
    good = {seat: share for seat, share in given.items() if isinstance(share, bytes)}
    return bls_combine(public_key, 3, good, wanted.identity)


# For a caller


async def test_whom_the_conditions_name_decrypts_with_the_shares_of_any_t_nodes(house: House) -> None:
    wanted, ciphertext = sealed(FOR_OWNER), encrypted(house, FOR_OWNER)
    given = await shares(house, wanted, a_grant(OWNER))
    for left_out in house.nodes:
        some = {seat: share for seat, share in given.items() if seat != left_out}
        assert ibe_decrypt(ciphertext, combined(house, some, wanted)) == SECRET


async def test_whom_the_conditions_do_not_name_gets_no_share_from_any_node_but_the_tree(house: House) -> None:
    for error in (await shares(house, sealed(FOR_OWNER), a_grant(STRANGER))).values():
        assert isinstance(error, ConditionsNotMet)
        assert (error.code, error.status) == (ErrorCode.CONDITIONS_NOT_MET, 401)
        assert error.details[0]["holds"] is False


async def test_a_right_that_ended_at_the_newest_final_block_gives_no_share(house: House) -> None:
    """B09."""
    house.ledger.balances[OWNER.lower()] = 1000
    assert all(isinstance(share, bytes) for share in (await shares(house, sealed(RICH), a_grant(OWNER))).values())
    house.ledger.balances[OWNER.lower()] = 999
    house.ledger.mine()
    assert all(isinstance(error, ConditionsNotMet) for error in (await shares(house, sealed(RICH), a_grant(OWNER))).values())


async def test_shares_given_for_conditions_that_hold_open_nothing_that_was_encrypted_to_others(house: House) -> None:
    """B16: a relabelled ciphertext, or relabelled conditions."""
    ciphertext, mine = encrypted(house, FOR_OWNER), condition(":userAddress", STRANGER)
    for wanted in (sealed(mine), sealed(mine, b"other data")):
        key = combined(house, await shares(house, wanted, a_grant(STRANGER)), wanted)
        with pytest.raises(InvalidCiphertext):
            ibe_decrypt(ciphertext, key)


async def test_fewer_than_t_nodes_with_anybodys_shares_of_anything_else_open_nothing(house: House) -> None:
    """B16: two of four nodes help themselves; honest nodes give only what conditions allow."""
    wanted = sealed(FOR_OWNER)
    stolen = {}
    for node in list(house.nodes.values())[:2]:
        _, share = await node.custody.network_key(Purpose.ENCRYPTION_BLS)
        stolen[node.seat] = share.decryption_share(wanted.identity)
    with pytest.raises(InvalidInput):
        combined(house, dict(stolen), wanted)
    mine = sealed(condition(":userAddress", STRANGER))
    honest = list(house.nodes)[2]
    allowed = (await shares(house, mine, a_grant(STRANGER)))[honest]
    with pytest.raises(CombinationFailed):
        combined(house, {**stolen, honest: allowed}, wanted)


async def test_a_session_that_was_not_opened_for_decrypting_gets_no_share(house: House) -> None:
    who = structs.replace(a_grant(OWNER), capabilities=NOTHING)
    for error in (await shares(house, sealed(FOR_OWNER), who)).values():
        assert isinstance(error, NotPermitted)
        assert "access-control-condition-decryption" in error.message


async def test_a_grant_that_ran_out_while_the_chains_were_asked_gives_no_share(house: House) -> None:
    who = structs.replace(a_grant(OWNER), expires_at=time.time() - 61)
    assert all(isinstance(error, InvalidAuthSig) for error in (await shares(house, sealed(FOR_OWNER), who)).values())


# Together, in a run


class Granted(Granting):
    """Stands for the verification of an AuthSig that an action was given: it was the owner's."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.tolls: list[Any] = []
        self.error: VotiveError | None = None

    async def grant(self, credentials: Any, request: Any, *rest: Any) -> Grant:
        self.asked.append((credentials, request))
        self.tolls.extend(rest)
        if self.error is not None:
            raise self.error
        return a_grant(OWNER)


def a_run(
    node: Node, *, cid: str = CID, caller: str = STRANGER, request: bytes, capabilities: Any = EVERYTHING, granting: Granting | None = None
) -> Confidential:
    action = ActionRef(cid=cid, multihash=multihash_of(cid))
    grant = structs.replace(a_grant(caller), actions=(action,), capabilities=capabilities)
    return Confidential(node.decryption, grant=grant, granting=granting or Granted(), request=request)


async def test_an_action_pays_for_the_auth_sigs_that_it_brings(house: House) -> None:
    granting, toll = Granted(), Tolls(Rate(1, 1), at_once=1, now=time.time).of("192.0.2.1")
    run = a_run(next(iter(house.nodes.values())), request=bytes(32), granting=granting)
    run.toll = toll
    assert await run.check(FOR_OWNER, {"sig": "0x", "derivedVia": "EIP1271", "signedMessage": "", "address": OWNER}, CHAIN)
    assert granting.tolls == [toll]


Plan = Callable[[Confidential], Any]


async def run_everywhere(house: House, plan: Plan, nodes: list[Node] | None = None, **options: Any) -> dict[Seat, Any]:
    """Run the same action on all nodes at once; by seat what it got, or the error."""
    request = options.pop("request", None) or secrets.token_bytes(32)
    taking_part = list(house.nodes.values()) if nodes is None else nodes
    runs = [plan(a_run(node, request=request, **options)) for node in taking_part]
    return dict(zip([node.seat for node in taking_part], await asyncio.gather(*runs, return_exceptions=True), strict=True))


def decrypting(house: House, conditions: list[Any], auth_sig: Any = None, ciphertext: bytes | None = None, data: bytes = SECRET) -> Plan:
    text = base64.b64encode(encrypted(house, conditions) if ciphertext is None else ciphertext).decode()
    return lambda run: run.decrypt(conditions, text, hashlib.sha256(data).hexdigest(), auth_sig, CHAIN)


async def test_an_action_decrypts_what_its_own_cid_is_permitted_to(house: House) -> None:
    assert set((await run_everywhere(house, decrypting(house, FOR_ACTION))).values()) == {SECRET}


async def test_another_action_does_not_and_its_caller_does_not_either(house: House) -> None:
    for error in (await run_everywhere(house, decrypting(house, FOR_ACTION), cid=OTHER_CID, caller=OWNER)).values():
        assert isinstance(error, ConditionsNotMet)
    assert all(isinstance(error, ConditionsNotMet) for error in (await shares(house, sealed(FOR_ACTION), a_grant(OWNER))).values())


async def test_an_action_decrypts_what_its_caller_may(house: House) -> None:
    assert set((await run_everywhere(house, decrypting(house, FOR_OWNER), caller=OWNER)).values()) == {SECRET}


async def test_but_not_in_a_session_that_was_opened_for_something_else(house: House) -> None:
    for error in (await run_everywhere(house, decrypting(house, FOR_OWNER), caller=OWNER, capabilities=NOTHING)).values():
        assert isinstance(error, ConditionsNotMet)
        assert error.details[0]["holds"] is False
        assert "allows access-control-condition-decryption on: nothing" in str(error.details[1])
    assert set((await run_everywhere(house, decrypting(house, FOR_ACTION), capabilities=NOTHING)).values()) == {SECRET}


async def test_an_action_decrypts_for_whom_the_signature_proves_that_it_was_given(house: House) -> None:
    signature = {"sig": "0x", "derivedVia": "web3.eth.personal.sign", "signedMessage": "m", "address": OWNER}
    for given in (signature, {CHAIN: signature}):
        granting = Granted()
        assert set((await run_everywhere(house, decrypting(house, FOR_OWNER, given), granting=granting)).values()) == {SECRET}
        assert len(granting.asked) == 4
    for error in (await run_everywhere(house, decrypting(house, FOR_OWNER, {"solana": signature}))).values():
        assert isinstance(error, CallerError)
        assert CHAIN in error.message


async def test_a_signature_that_names_no_request_is_explained(house: House) -> None:
    granting = Granted()
    granting.error = UnboundAuthSig("it names no request")
    signature = {"sig": "0x", "derivedVia": "web3.eth.personal.sign", "signedMessage": "m", "address": OWNER}
    for error in (await run_everywhere(house, decrypting(house, FOR_OWNER, signature), granting=granting)).values():
        assert isinstance(error, UnboundAuthSig)
        assert "Leave authSig out" in error.message


async def test_an_action_encrypts_what_it_can_decrypt(house: House) -> None:
    run = a_run(house.any, request=secrets.token_bytes(32))
    text, data_hash = await run.encrypt(FOR_ACTION, SECRET)
    assert data_hash == hashlib.sha256(SECRET).hexdigest()
    plan = decrypting(house, FOR_ACTION, ciphertext=base64.b64decode(text))
    assert set((await run_everywhere(house, plan)).values()) == {SECRET}


async def test_an_action_asks_whether_conditions_hold(house: House) -> None:
    assert set((await run_everywhere(house, lambda run: run.check(FOR_OWNER, None, CHAIN), caller=OWNER)).values()) == {True}
    assert set((await run_everywhere(house, lambda run: run.check(FOR_OWNER, None, CHAIN))).values()) == {False}
    assert set((await run_everywhere(house, lambda run: run.check(FOR_ACTION, None, None))).values()) == {True}


async def test_several_decryptions_of_one_run_do_not_meet_one_another(house: House) -> None:
    async def twice(run: Confidential) -> list[bytes]:
        first, second = decrypting(house, FOR_ACTION), decrypting(house, FOR_ACTION, ciphertext=encrypted(house, FOR_ACTION))
        return [await first(run), await second(run)]

    assert list((await run_everywhere(house, twice)).values()) == [[SECRET, SECRET]] * 4


async def test_a_ciphertext_that_was_changed_or_is_for_others_is_refused_with_one_sentence(house: House) -> None:
    """A27."""
    good = encrypted(house, FOR_ACTION)
    changed = [bytes([*good[:at], good[at] ^ 1, *good[at + 1 :]]) for at in (0, 47, 48, 79, 80, 81, len(good) - 1)]
    wrong = [*changed, good + b"\0", good[:-1], b"", encrypted(house, FOR_OWNER), encrypted(house, FOR_ACTION, b"other data")]
    sentences = set()
    for ciphertext in wrong:
        for error in (await run_everywhere(house, decrypting(house, FOR_ACTION, ciphertext=ciphertext))).values():
            assert isinstance(error, InvalidCiphertext)
            sentences.add(error.message)
    text = base64.b64encode(good).decode()
    for other in (text + "=", text + "\n", "é", text[:-1], " " + text):
        with pytest.raises(InvalidCiphertext) as caught:
            await a_run(house.any, request=secrets.token_bytes(32)).decrypt(
                FOR_ACTION, other, hashlib.sha256(SECRET).hexdigest(), None, None
            )
        sentences.add(caught.value.message)
    assert len(sentences) == 1


async def test_a_ciphertext_whose_data_is_not_what_its_identity_says_is_refused(house: House) -> None:
    lie = sealed(FOR_ACTION, b"what the hash is of")
    public_key = house.any.decryption.public_key()
    assert public_key is not None
    plan = decrypting(house, FOR_ACTION, ciphertext=ibe_encrypt(public_key, lie.identity, b"something else"), data=b"what the hash is of")
    assert all(isinstance(error, InvalidCiphertext) for error in (await run_everywhere(house, plan)).values())


async def test_nodes_whose_runs_would_decrypt_different_things_say_so(house: House) -> None:
    request = secrets.token_bytes(32)
    one, other = list(house.nodes.values())[:2], list(house.nodes.values())[2:]
    different = [*FOR_ACTION, {"operator": "or"}, *FOR_OWNER]
    results = await asyncio.gather(
        run_everywhere(house, decrypting(house, FOR_ACTION), one, request=request),
        run_everywhere(house, decrypting(house, different), other, request=request),
    )
    assert all(isinstance(error, IdentitiesDiffer) for result in results for error in result.values())


async def test_t_nodes_suffice_and_fewer_say_so(house: House) -> None:
    nodes = list(house.nodes.values())
    assert set((await run_everywhere(house, decrypting(house, FOR_ACTION), nodes[:3])).values()) == {SECRET}
    for node in nodes[:2]:
        quick = replace(node.decryption, limits=replace(node.decryption.limits, deadline=0.5))
        error = await outcome(decrypting(house, FOR_ACTION)(replaced(a_run(node, request=b"\x07" * 32), quick)))
        assert isinstance(error, NotEnoughNodes)
        assert error.needed == 3


def replaced(run: Confidential, decryption: Any) -> Confidential:
    return replace(run, decryption=decryption)


async def outcome(work: Any) -> Any:
    return (await asyncio.gather(work, return_exceptions=True))[0]


class Liar:
    """A share that signs something else than it is asked to."""

    def __init__(self, share: KeyShare) -> None:
        self._share = share

    def decryption_share(self, identity: bytes) -> bytes:
        return self._share.decryption_share(identity[:-1] + (b"0" if identity[-1:] != b"0" else b"1"))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._share, name)


async def test_a_node_that_lies_costs_nothing_and_is_named_by_all_others(house: House) -> None:
    """A28, A31."""
    traitor, *honest = house.nodes.values()
    key, share = await traitor.custody.network_key(Purpose.ENCRYPTION_BLS)
    traitor.custody._open[key] = cast("KeyShare", Liar(share))
    blamed = {node.seat: count(node, "Blamed") for node in honest}
    request = secrets.token_bytes(32)
    try:
        lying = asyncio.ensure_future(run_everywhere(house, decrypting(house, FOR_ACTION), [traitor], request=request))
        await asyncio.sleep(0.3)
        results = await run_everywhere(house, decrypting(house, FOR_ACTION), honest, request=request)
        await lying
    finally:
        traitor.custody._open[key] = share
    assert set(results.values()) == {SECRET}
    assert {node.seat: count(node, "Blamed") - blamed[node.seat] for node in honest} == {node.seat: 1 for node in honest}


def limit(node: Node, seconds: float) -> None:
    """Give this node's decryptions another deadline."""
    object.__setattr__(node.decryption, "limits", replace(node.decryption.limits, deadline=seconds))


def count(node: Node, event: str) -> float:
    return node.decryption.metrics.registry.get_sample_value("votive_signing_events_total", {"event": event}) or 0.0


async def test_of_seven_nodes_one_may_lie_and_one_be_dead_and_with_three_dead_there_is_a_clear_error(tmp_path: Path) -> None:
    async with a_house(tmp_path, seats=(1, 2, 3, 4, 5, 6, 7)) as seven:
        await until(lambda: all(has_keys(node) for node in seven.nodes.values()), "the network keys are in use everywhere", 90)
        traitor, *honest = list(seven.nodes.values())[:6]
        key, share = await traitor.custody.network_key(Purpose.ENCRYPTION_BLS)
        traitor.custody._open[key] = cast("KeyShare", Liar(share))
        for node in seven.nodes.values():
            limit(node, 90.0)  # all seven and their set-ups share this machine
        request = secrets.token_bytes(32)
        lying = asyncio.ensure_future(run_everywhere(seven, decrypting(seven, FOR_ACTION), [traitor], request=request))
        await asyncio.sleep(0.3)
        assert set((await run_everywhere(seven, decrypting(seven, FOR_ACTION), honest, request=request)).values()) == {SECRET}
        await lying
        traitor.custody._open[key] = share
        four = [traitor, *honest][:4]
        for node in four:
            limit(node, 1.0)
        for error in (await run_everywhere(seven, decrypting(seven, FOR_ACTION), four)).values():
            assert isinstance(error, NotEnoughNodes)
            assert "5 nodes must decrypt together" in error.message
