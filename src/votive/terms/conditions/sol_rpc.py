"""Conditions of the kind solRpc, in both of Lit's versions: a method of the chain, optionally of a program-derived address (PDA)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from votive.terms.conditions.comparing import Answer, check_test, read_test
from votive.terms.conditions.errors import InvalidConditions, shown
from votive.terms.conditions.evm_basic import check_chain
from votive.terms.conditions.fields import Fields, frozen_json, javascript_order, size_at
from votive.terms.conditions.json_path import check_key
from votive.terms.conditions.kinds import Json, JsonObject, PdaInterface, SolRpc
from votive.terms.conditions.special import check_special, is_special

WALLET = ""
PDA = "getPDA"
BALANCE_OF_MINT = "balanceOfToken"
COLLECTION_BALANCE = "balanceOfMetaplexCollection"
RPC_METHODS = ("getBalance", "getAccountInfo", "getTokenAccountBalance", "getTokenAccountsByDelegate", "getTokenAccountsByOwner")
"""Those of the chain's methods whose answer has a ``value``, which is what is compared."""
MAX_SEEDS = 16
MAX_SEED = 32
"""Bytes of one seed of a PDA, as the chain has it."""
_PUBLIC_KEY = r"[1-9A-HJ-NP-Za-km-z]{32,44}"


def read_sol_rpc(fields: Fields, unified: bool) -> SolRpc:
    """Take the fields of a condition of this kind. Unified lists hold the second version only, as in Lit's SDK."""
    second = unified or fields.has("pdaParams")
    condition = SolRpc(
        method=fields.text("method"),
        params=tuple(frozen_json(value, f"{fields.at('params')}[{i}]") for i, value in enumerate(fields.list_of("params"))),
        chain=fields.text("chain"),
        pda_params=fields.texts("pdaParams") if fields.has("pdaParams") else None,
        pda_interface=_interface(fields) if second or fields.has("pdaInterface") else None,
        pda_key=fields.text("pdaKey") if second or fields.has("pdaKey") else None,
        test=read_test(fields, keyed=True),
    )
    check_chain(condition.chain, fields.at("chain"))
    _check(condition, fields)
    # Without pdaParams, Lit's SDK leaves the rest out of the hash of a list of this kind; _check_pda saw that it says nothing.
    return condition if second else SolRpc(method=condition.method, params=condition.params, chain=condition.chain, test=condition.test)


def _interface(fields: Fields) -> PdaInterface:
    inside = fields.inside("pdaInterface")
    offset, layout = inside.size("offset"), inside.inside("fields")
    inside.done()
    sizes = layout.rest()
    named = tuple((name, size_at(sizes[name], layout.at(name))) for name in javascript_order(sizes, layout.where))
    return PdaInterface(offset=offset, fields=named)


def base_method(condition: SolRpc) -> str:
    """Return the method that is asked: ``getBalance(getPDA)`` asks getBalance of the PDA."""
    return condition.method.removesuffix("(getPDA)")


def _check(condition: SolRpc, fields: Fields) -> None:
    where = fields.at("returnValueTest")
    _check_method(condition, fields)
    _check_pda(condition, fields)
    _check_specials(condition.params, fields.at("params"))
    check_key(condition.test, f"{where}.key")
    check_test(condition.test, Answer.UNSIGNED if condition.method == COLLECTION_BALANCE else Answer.ANY, where)
    check_special(condition.test.value, f"{where}.value")


def _check_method(condition: SolRpc, fields: Fields) -> None:
    method, of_pda = base_method(condition), condition.method.endswith("(getPDA)") or condition.method == PDA
    known = (WALLET, PDA, BALANCE_OF_MINT, COLLECTION_BALANCE, *RPC_METHODS)
    if method not in known or (of_pda and method not in {PDA, *RPC_METHODS}):
        names = ", ".join(name or "''" for name in known)
        raise InvalidConditions(fields.at("method"), f"there is no method {shown(condition.method)}. There are {names}, and METHOD(getPDA)")
    if of_pda != bool(condition.pda_params):
        raise InvalidConditions(fields.at("pdaParams"), "a PDA is asked by getPDA or METHOD(getPDA), and by these only")
    single = {WALLET: "one text", BALANCE_OF_MINT: "the address of a token's mint", COLLECTION_BALANCE: "the address of a collection"}
    if method in single and (len(condition.params) != 1 or not isinstance(condition.params[0], str)):
        raise InvalidConditions(fields.at("params"), f"{single[method]} belongs here")
    if method in {BALANCE_OF_MINT, COLLECTION_BALANCE}:
        check_public_key(condition.params[0], f"{fields.at('params')}[0]")
    if method == WALLET and not str(condition.params[0]).startswith(":"):
        raise InvalidConditions(f"{fields.at('params')}[0]", f"{shown(condition.params[0])} is the same for every caller. Ask :userAddress")


def check_public_key(text: Any, where: str) -> None:
    """Refuse what cannot be a public key in base58."""
    if not isinstance(text, str) or re.fullmatch(_PUBLIC_KEY, text) is None:
        raise InvalidConditions(where, f"a public key in base58 belongs here, not {shown(text)}")


def _check_pda(condition: SolRpc, fields: Fields) -> None:
    sizes = dict(condition.pda_interface.fields) if condition.pda_interface else {}
    if not condition.pda_params:
        if condition.pda_key or sizes:
            raise InvalidConditions(fields.at("pdaParams"), "without this field, the others that describe a PDA say nothing")
        return
    check_public_key(condition.pda_params[0], f"{fields.at('pdaParams')}[0]")
    for index, seed in enumerate(condition.pda_params[1:], 1):
        _check_seed(seed, f"{fields.at('pdaParams')}[{index}]")
    if len(condition.pda_params) > MAX_SEEDS:
        raise InvalidConditions(fields.at("pdaParams"), f"an address is derived from fewer than {MAX_SEEDS} seeds")
    if condition.pda_key and sizes.get(condition.pda_key) != 32:
        complaint = f"this must name a field of 32 bytes in pdaInterface, as {shown(condition.pda_key)} does not"
        raise InvalidConditions(fields.at("pdaKey"), complaint)


def _check_seed(seed: str, where: str) -> None:
    if seed.startswith("pubkey:"):
        check_public_key(seed.removeprefix("pubkey:"), where)
    elif "pubkey:" in seed or seed.startswith(":") or len(seed.encode("utf-8", "replace")) > MAX_SEED:
        complaint = f"a seed is pubkey:… or a text of at most {MAX_SEED} bytes; nothing is put in for special parameters"
        raise InvalidConditions(where, complaint)


def _check_specials(params: tuple[Json, ...], where: str) -> None:
    for index, value in enumerate(params):
        if isinstance(value, str):
            check_special(value, f"{where}[{index}]")
        elif any(is_special(text) for text in _texts_in(value)):
            raise InvalidConditions(f"{where}[{index}]", "nothing is put in for special parameters within lists and objects")


def _texts_in(value: Json) -> Iterator[str]:
    inner = value if isinstance(value, tuple) else tuple(item for _, item in value.items) if isinstance(value, JsonObject) else ()
    if isinstance(value, str):
        yield value
    for item in inner:
        yield from _texts_in(item)
