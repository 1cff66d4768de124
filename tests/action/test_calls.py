"""Every capability: what reaches the host, and what comes back."""

# ruff: noqa: E501  # a script is one line

from __future__ import annotations

import json

import pytest

from votive.action import HostRefusal
from votive.action.calls import TABLE
from votive.action.program import runtime_source
from votive.terms.errors import CallerError, ErrorCode

from .conftest import AUTH, CID, PUBLIC_KEY

COMPRESSED = "02" + "CD" * 32


def test_every_capability_of_the_table_has_its_line_in_javascript():
    source = runtime_source()
    for name in TABLE:
        assert f"  {name}: {{" in source or f'"{name}"' in source


async def test_lit_actions_holds_exactly_what_exists_and_is_frozen(answer):
    names = json.loads(await answer("JSON.stringify(Object.keys(Lit.Actions).sort())"))
    assert names == sorted([*(set(TABLE) - {"fetch"}), "setResponse"])
    frozen = "[Lit, Lit.Actions, Lit.Actions.signEcdsa, Lit.Auth, Lit.Auth.resources].every(Object.isFrozen) && Lit.Actions === LitActions"
    assert await answer(frozen) == "true"
    assert await answer("typeof Lit.Actions.runOnce") == "undefined"


async def test_lit_auth_says_who_called_and_which_action_runs(answer):
    assert json.loads(await answer("JSON.stringify(Lit.Auth)")) == {
        "actionIpfsIds": [CID],
        "actionIpfsIdStack": [CID],
        "authSigAddress": AUTH.auth_sig_address,
        "authMethodContexts": [],
        "resources": [],
        "customAuthResource": "",
    }


async def test_lit_cannot_be_changed_by_the_action(act):
    result = await act("'use strict'; try { Lit = 1 } catch (e) { Lit.Actions.setResponse({response: e.name + typeof Lit}) }")
    assert result.response == "TypeErrorobject"


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [("{keyId: 'a key'}", ("a key", None)), ("{keyId: 'k', minter: '0xab'}", ("k", "0xab")), ("{keyId: 'k', minter: null}", ("k", None))],
)
async def test_claim_key_hands_over_the_name_and_who_may_mint(answer, host, arguments, asked):
    assert await answer(f"Lit.Actions.claimKey({arguments})") == "success"
    assert host.asked == [("claim_key", *asked)]


@pytest.mark.parametrize("key_id", ["''", "'k'.repeat(257)", "7", "['k']", "undefined", "'a\\ud800'", "NaN"])
async def test_a_claimed_key_has_a_name_of_bounded_length(answer, host, key_id):
    assert "keyId" in await answer(f"Lit.Actions.claimKey({{keyId: {key_id}}}).catch((e) => e.message.replace('key_id', 'keyId'))")
    assert host.asked == []


@pytest.mark.parametrize("digest", ["new Uint8Array(32).fill(7)", "Array(32).fill(7)", "new Uint8Array(40).fill(7).subarray(8)"])
async def test_sign_ecdsa_hands_over_32_bytes(answer, host, digest):
    assert await answer(f"Lit.Actions.signEcdsa({{toSign: {digest}, publicKey: '{COMPRESSED}', sigName: 'sig'}})") == "success"
    assert host.asked == [("sign_ecdsa", b"\x07" * 32, "0x" + COMPRESSED.lower(), "sig")]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (f"{{toSign: [1, 2], publicKey: '{PUBLIC_KEY}', sigName: 's'}}", "32 bytes, not 2"),
        (f"{{toSign: 'text', publicKey: '{PUBLIC_KEY}', sigName: 's'}}", "Uint8Array or an array"),
        (f"{{toSign: [300], publicKey: '{PUBLIC_KEY}', sigName: 's'}}", "integer from 0 to 255"),
        (f"{{publicKey: '{PUBLIC_KEY}', sigName: 's'}}", "signEcdsa needs toSign"),
        ("{toSign: new Uint8Array(32), publicKey: '0x1234', sigName: 's'}", "publicKey must be"),
        ("{toSign: new Uint8Array(32), publicKey: 5, sigName: 's'}", "Expected `str`"),
        (f"{{toSign: new Uint8Array(32), publicKey: '{PUBLIC_KEY}', sigName: ''}}", "length >= 1"),
        (f"{{toSign: new Uint8Array(32), publicKey: '{PUBLIC_KEY}', sigName: 'x'.repeat(257)}}", "length <= 256"),
        ("undefined", "one object"),
    ],
)
async def test_malformed_arguments_are_refused_before_the_host_hears_of_them(answer, host, arguments, says):
    message = await answer(f"Lit.Actions.signEcdsa({arguments}).catch((e) => e.message)")
    assert says in message
    assert host.asked == []


async def test_a_malformed_argument_nobody_catches_is_the_callers_bad_input(act):
    with pytest.raises(CallerError) as caught:
        await act("Lit.Actions.isPermittedAction({tokenId: 'x', ipfsId: 'y'})")
    assert caught.value.code is ErrorCode.BAD_INPUT
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("message", "sent"), [("'zwölf 12'", "zwölf 12".encode()), ("new Uint8Array([0, 255])", b"\x00\xff"), ("'\\ud800'", b"\xef\xbf\xbd")]
)
async def test_a_personal_message_is_its_bytes(answer, host, message, sent):
    assert (
        await answer(f"Lit.Actions.ethPersonalSignMessageEcdsa({{message: {message}, publicKey: '{PUBLIC_KEY}', sigName: 'm'}})")
        == "success"
    )
    assert host.asked == [("personal_sign", sent, PUBLIC_KEY, "m")]


async def test_pubkey_to_token_id_gives_32_bytes_of_hex(answer, host):
    assert await answer(f"Lit.Actions.pubkeyToTokenId({{publicKey: '{PUBLIC_KEY}'}})") == "0x" + "abc".rjust(64, "0")
    assert host.asked == [("pubkey_to_token_id", PUBLIC_KEY)]


@pytest.mark.parametrize("token", ["'0xFF'", "'255'", "255", "255n"])
async def test_token_ids_are_decimal_or_hex(answer, host, token):
    assert await answer(f"Lit.Actions.isPermittedAction({{tokenId: {token}, ipfsId: '{CID}'}})") == "true"
    assert host.asked == [("is_permitted_action", 255, CID)]


@pytest.mark.parametrize("token", ["'-1'", "'0x'", "'1e3'", "''", "1e30", "'0x1' + '0'.repeat(64)", "1.5", "'٣'"])
async def test_what_is_no_token_id_is_refused(answer, host, token):
    assert "tokenId must be" in await answer(f"Lit.Actions.getPermittedActions({{tokenId: {token}}}).catch((e) => e.message)")
    assert host.asked == []


async def test_permissions_are_what_the_host_reads(answer):
    address = AUTH.auth_sig_address
    assert await answer(f"Lit.Actions.isPermittedAddress({{tokenId: 1, address: '{address}'}})") == "true"
    assert await answer("Lit.Actions.isPermittedAddress({tokenId: 1, address: '0x1'})") == "false"
    assert json.loads(await answer("Lit.Actions.getPermittedActions({tokenId: 1}).then(JSON.stringify)")) == [CID]
    assert json.loads(await answer("Lit.Actions.getPermittedAddresses({tokenId: 1}).then(JSON.stringify)")) == [address]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("'as it is'", "as it is"),
        ("'{ \"a\":  1 }'", '{ "a":  1 }'),
        ("{ b: 1, a: [true, null, 'ä'] }", '{"b":1,"a":[true,null,"ä"]}'),
        ("[]", "[]"),
        ("42", "42"),
        ("true", "true"),
        ("null", "null"),
        ("{ when: new Date(0), gone: undefined }", '{"when":"1970-01-01T00:00:00.000Z"}'),
        ("'\\ud800'", "\ufffd"),
        ("['\\ud800']", '["\\ud800"]'),
    ],
)
async def test_a_response_is_a_string_as_it_is_or_any_other_value_as_json(act, value, text):
    assert (await act(f"Lit.Actions.setResponse({{ response: {value} }})")).response == text


@pytest.mark.parametrize(
    "given",
    [
        "{}",
        "{ response: undefined }",
        "{ response: () => 1 }",
        "{ response: 1n }",
        "{ response: Object.assign(Object.o = {}, { o: Object.o }) }",
    ],
)
async def test_what_json_has_no_form_for_is_no_response(act, given):
    with pytest.raises(CallerError, match="TypeError"):
        await act(f"Lit.Actions.setResponse({given})")


async def test_an_action_that_replaces_json_cannot_change_how_the_runtime_writes(act):
    result = await act("JSON.stringify = () => 'forged'; Lit.Actions.setResponse({ response: { a: 1 } })")
    assert result.response == '{"a":1}'


async def test_a_refusal_may_be_caught_and_the_run_goes_on(act, host):
    host.raises = HostRefusal("no")
    result = await act(
        "(async () => { try { await Lit.Actions.getPermittedActions({tokenId: 1}) } catch { Lit.Actions.setResponse({response: 'went on'}) } })()"
    )
    assert result.response == "went on"
