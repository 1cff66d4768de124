"""solRpc: what a Solana chain answers to one of a few methods, about the caller, an account, or a derived address."""

from __future__ import annotations

from typing import Any

from votive.auth.conditions.compare import brief, integers, json_values
from votive.auth.conditions.metaplex import account_data, held
from votive.auth.conditions.solana_address import associated_token, derived, public_key
from votive.auth.conditions.special import put_in
from votive.auth.conditions.world import Absent, Inquiry, Verdict
from votive.terms.conditions.canonical import plain_json
from votive.terms.conditions.json_path import find
from votive.terms.conditions.kinds import Comparator, PdaInterface, SolRpc
from votive.terms.conditions.sol_rpc import BALANCE_OF_MINT, COLLECTION_BALANCE, PDA, WALLET, base_method
from votive.terms.conditions.special import USER_ADDRESS
from votive.terms.multibase import to_base58


async def judge(condition: SolRpc, asked: Inquiry) -> Verdict:
    """Find out whether a condition of this kind holds."""
    if condition.method == WALLET:
        return _compared(condition, _put(condition.params[0], asked), asked)
    if condition.method == COLLECTION_BALANCE:
        count = await held(asked, condition.chain, _put(USER_ADDRESS, asked), str(condition.params[0]))
        return Verdict(holds=integers(count, condition.test.comparator, condition.test.value), seen=str(count))
    if condition.method == PDA:
        return _compared(condition, _derived(condition), asked)
    answer = await asked.solana(condition.chain, *await _request(condition, asked))
    return judged(_value(answer), condition, asked)


def _put(text: Any, asked: Inquiry) -> str:
    return put_in(str(text), asked.who, asked.who.solana_address)


def _compared(condition: SolRpc, seen: Any, asked: Inquiry) -> Verdict:
    holds = json_values(seen, condition.test.comparator, _put(condition.test.value, asked))
    return Verdict(holds=holds, seen=brief(seen))


async def _request(condition: SolRpc, asked: Inquiry) -> tuple[str, list[Any]]:
    """Return the method and its parameters."""
    if condition.method == BALANCE_OF_MINT:
        account = associated_token(_put(USER_ADDRESS, asked), str(condition.params[0]))
        return "getTokenAccountBalance", [account]
    if condition.pda_params:
        return base_method(condition), [await _address_of_pda(condition, asked)]
    return condition.method, [_put(param, asked) if isinstance(param, str) else plain_json(param) for param in condition.params]


def _derived(condition: SolRpc) -> str:
    program, *seeds = condition.pda_params or ()
    return derived([_seed(seed) for seed in seeds], program)


def _seed(text: str) -> bytes:
    return public_key(text.removeprefix("pubkey:")) if text.startswith("pubkey:") else text.encode()


async def _address_of_pda(condition: SolRpc, asked: Inquiry) -> str:
    """Return the derived address, or the address that its account holds in the field ``pdaKey``."""
    address = _derived(condition)
    if not condition.pda_key or condition.pda_interface is None:
        return address
    found = await asked.solana(condition.chain, "getAccountInfo", [address, {"encoding": "base64"}])
    return _field(account_data(found), condition.pda_interface, condition.pda_key)


def _field(data: bytes, interface: PdaInterface, key: str) -> str:
    offset = interface.offset
    for name, size in interface.fields:
        if name == key:
            break
        offset += size
    if len(data) < offset + 32:
        raise Absent(f"the account of the derived address has {len(data)} bytes, and {key!r} would stand at {offset}")
    return to_base58(data[offset : offset + 32])


def _value(answer: Any) -> Any:
    """Return what a method says about the account: the ``value`` of its result."""
    if answer is None:
        raise Absent("there is no such account")
    if not isinstance(answer, dict) or "value" not in answer:
        raise Absent("the chain answered no value")
    return answer["value"]


def judged(value: Any, condition: SolRpc, asked: Inquiry) -> Verdict:
    """Compare what the key of the test finds in an answer."""
    test, wanted = condition.test, _put(condition.test.value, asked)
    found = list(find(value, test.key)) if test.key else [value]
    return compare_found(found, test.comparator, wanted)


def compare_found(found: list[Any], comparator: Comparator, wanted: str) -> Verdict:
    """Compare what was found: one value, or for ``contains`` any of several, for ``!contains`` each."""
    if not found:
        raise Absent("the answer holds nothing at this place")
    held_by = [json_values(value, comparator, wanted) for value in found]
    holds = all(held_by) if comparator is Comparator.LACKS else any(held_by)
    return Verdict(holds=holds, seen=brief(", ".join(brief(value) for value in found[:20])))
