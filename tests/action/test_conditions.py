"""Conditions, encryption and decryption: what reaches the host, what comes back, and what never gets so far."""

# ruff: noqa: E501  # a script is one line

from __future__ import annotations

import json

import pytest

from votive.action import HostRefusal, LimitExceeded
from votive.terms.action import ActionLimits
from votive.terms.errors import CallerError, ErrorCode

from .conftest import CONDITIONS, LIMITS

SIG = {"sig": "0x00", "derivedVia": "web3.eth.personal.sign", "signedMessage": "m", "address": "0x0"}
HASH = "0f" * 32
DECRYPT = f"Lit.Actions.decryptAndCombine({{accessControlConditions, ciphertext: 'Y2lwaGVy', dataToEncryptHash: '{HASH}', authSig: null, chain: 'ethereum'}})"


async def test_conditions_reach_the_host_as_they_were_written(answer, host):
    expression = "Lit.Actions.checkConditions({conditions, authSig, chain: 'ethereum'})"
    assert await answer(expression, conditions=CONDITIONS, authSig=SIG) == "true"
    assert host.asked == [("check_conditions", CONDITIONS, SIG, "ethereum")]
    assert list(host.asked[0][1][0]) == list(CONDITIONS[0])  # their order is part of what is hashed


@pytest.mark.parametrize("lacking", ["authSig: null, chain: null", "authSig: undefined", ""])
async def test_without_a_signature_the_caller_is_meant(answer, host, lacking):
    assert await answer(f"Lit.Actions.checkConditions({{conditions, {lacking}}})", conditions=CONDITIONS) == "true"
    assert host.asked == [("check_conditions", CONDITIONS, None, None)]


async def test_conditions_that_do_not_hold_are_false_and_no_error(answer):
    assert await answer("Lit.Actions.checkConditions({conditions: []})") == "false"


@pytest.mark.parametrize(
    ("given", "plaintext"), [("'zwölf'", "zwölf".encode()), ("new Uint8Array([0, 255])", b"\x00\xff"), ("[1, 2]", b"\x01\x02"), ("''", b"")]
)
async def test_encrypt_takes_text_and_bytes(answer, host, given, plaintext):
    encrypted = await answer(
        f"Lit.Actions.encrypt({{accessControlConditions, to_encrypt: {given}}}).then(JSON.stringify)", accessControlConditions=CONDITIONS
    )
    assert json.loads(encrypted) == {"ciphertext": "Y2lwaGVy", "dataToEncryptHash": "ab" * 32}
    assert host.asked == [("encrypt", CONDITIONS, plaintext)]


async def test_decrypt_and_combine_gives_text(answer, host):
    assert await answer(DECRYPT, accessControlConditions=CONDITIONS) == "geheim ✓"
    assert host.asked == [("decrypt_and_combine", CONDITIONS, "Y2lwaGVy", HASH, None, "ethereum")]


async def test_bytes_that_are_no_text_are_refused_without_showing_them(answer, host):
    host.plaintext = b"\xff\xfesecret"
    said = await answer(DECRYPT + ".catch((e) => e.message)", accessControlConditions=CONDITIONS)
    assert "no UTF-8 text" in said
    assert "secret" not in said


async def test_a_refusal_shows_the_action_the_tree(answer, host):
    tree = {"operator": "and", "of": [{"asked": "balance", "seen": "0", "holds": False}]}
    host.raises = HostRefusal("the conditions do not hold", details=[tree])
    assert json.loads(await answer(DECRYPT + ".catch((e) => JSON.stringify(e.details))", accessControlConditions=CONDITIONS)) == [tree]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ("checkConditions({})", "checkConditions needs conditions"),
        ("checkConditions({conditions: 'all'})", "an array of conditions"),
        ("checkConditions({conditions: {}})", "an array of conditions"),
        ("checkConditions({conditions: () => 1})", "objects of JSON"),
        ("checkConditions({conditions: [], authSig: 'sig'})", "authSig must be an object"),
        ("checkConditions({conditions: [], authSig: [1]})", "authSig must be an object"),
        ("checkConditions({conditions: [], chain: 7})", "Expected `str | null`"),
        ("checkConditions({conditions: ['x'.repeat(70000)]})", "length <="),
        ("encrypt({to_encrypt: ''})", "encrypt needs accessControlConditions"),
        ("encrypt({accessControlConditions: []})", "encrypt needs to_encrypt"),
        ("encrypt({accessControlConditions: [], to_encrypt: 7})", "Uint8Array or an array"),
        ("decryptAndCombine({accessControlConditions: [], ciphertext: '', dataToEncryptHash: 'AB'})", "dataToEncryptHash"),
        ("decryptAndCombine({accessControlConditions: [], ciphertext: 7, dataToEncryptHash: '" + HASH + "'})", "ciphertext"),
    ],
)
async def test_malformed_arguments_never_reach_the_host(answer, host, call, says):
    assert says in await answer(f"Lit.Actions.{call}.catch((e) => e.message)")
    assert host.asked == []


@pytest.mark.parametrize("masked", ["", ", ']]]]'", """, '\\"]]'"""])
async def test_conditions_nested_beyond_reason_are_refused(answer, host, masked):
    deep = f"(() => {{ let c = []; for (let i = 0; i < 3000; i += 1) c = [c{masked}]; return c; }})()"
    assert "nested more than 64 levels deep" in await answer(f"Lit.Actions.checkConditions({{conditions: {deep}}}).catch((e) => e.message)")
    assert host.asked == []


async def test_conditions_that_contain_themselves_are_the_actions_error(answer, host):
    script = "(() => { const c = []; c.push(c); return Lit.Actions.checkConditions({conditions: c}).catch((e) => e.name); })()"
    assert await answer(script) == "TypeError"
    assert host.asked == []


async def test_replacing_json_changes_nothing_of_what_is_sent(answer, host):
    script = (
        "(() => { JSON.stringify = () => '[]'; Array.prototype.toJSON = undefined; return Lit.Actions.checkConditions({conditions}); })()"
    )
    assert await answer(script, conditions=CONDITIONS) == "true"
    assert host.asked == [("check_conditions", CONDITIONS, None, None)]


async def test_large_numbers_stay_what_they_were_written_as(answer, host):
    await answer("Lit.Actions.checkConditions({conditions: [{value: '123456789012345678901234567890'}]})")
    assert host.asked[0][1] == [{"value": "123456789012345678901234567890"}]


@pytest.mark.parametrize(
    ("limit", "call"),
    [
        ("condition_checks", "Lit.Actions.checkConditions({conditions: []})"),
        ("encryptions", "Lit.Actions.encrypt({accessControlConditions: [], to_encrypt: ''})"),
        ("decryptions", f"Lit.Actions.decryptAndCombine({{accessControlConditions: [], ciphertext: '', dataToEncryptHash: '{HASH}'}})"),
    ],
)
async def test_each_kind_has_a_limit_that_is_named(act, host, limit, call):
    limits = ActionLimits(time_seconds=LIMITS.time_seconds, **{limit: 2})
    with pytest.raises(LimitExceeded, match=f"the limit {limit} is 2"):
        await act(f"(async () => {{ for (;;) await {call}; }})()", limits)
    assert len(host.asked) == 2


async def test_a_decryption_nobody_catches_fails_with_the_nodes_own_code(act, host):
    host.raises = HostRefusal("no", code=ErrorCode.SCOPE_TOO_LIMITED, status=401)
    with pytest.raises(CallerError) as caught:
        await act(DECRYPT, accessControlConditions=CONDITIONS)
    assert caught.value is host.raises


class TestAuthMethods:
    async def test_a_method_is_named_by_the_bytes_that_the_chain_holds(self, answer, host):
        call = "Lit.Actions.isPermittedAuthMethod({tokenId: 1, authMethodType: '6', userId: new Uint8Array([1, 2])})"
        assert await answer(call) == "true"
        assert host.asked == [("is_permitted_auth_method", 1, 6, b"\x01\x02")]

    async def test_methods_come_with_lits_names(self, answer):
        methods = json.loads(await answer("Lit.Actions.getPermittedAuthMethods({tokenId: '0x1'}).then(JSON.stringify)"))
        assert methods == [{"auth_method_type": "0x6", "id": "0x" + "ab" * 32, "user_pubkey": "0x"}]

    async def test_scopes_are_counted_from_zero_up_to_a_hundred(self, answer, host):
        call = "Lit.Actions.getPermittedAuthMethodScopes({tokenId: 1, authMethodType: 6, userId: [1]%s}).then(JSON.stringify)"
        assert json.loads(await answer(call % ", maxScopeId: 4")) == [False, False, True, False]
        assert len(json.loads(await answer(call % ""))) == 100
        assert host.asked[0] == ("permitted_auth_method_scopes", 1, 6, b"\x01", 4)

    @pytest.mark.parametrize(
        ("call", "says"),
        [
            ("isPermittedAuthMethod({tokenId: 1, authMethodType: -1, userId: [1]})", "authMethodType must be"),
            ("isPermittedAuthMethod({tokenId: 1, authMethodType: 1, userId: 'me'})", "Uint8Array or an array"),
            ("isPermittedAuthMethod({tokenId: 1, authMethodType: 1, userId: []})", "length >= 1"),
            ("getPermittedAuthMethodScopes({tokenId: 1, authMethodType: 1, userId: [1], maxScopeId: 100000})", "<= 1000"),
            ("getPermittedAuthMethodScopes({tokenId: 1, authMethodType: 1, userId: [1], maxScopeId: null})", "Expected `int`"),
        ],
    )
    async def test_what_names_no_method_is_refused(self, answer, host, call, says):
        assert says in await answer(f"Lit.Actions.{call}.catch((e) => e.message)")
        assert host.asked == []
