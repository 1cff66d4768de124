"""What a run is: a classic script with its parameters as globals, which lasts as long as its work."""

# ruff: noqa: E501  # a script is one line

from __future__ import annotations

import asyncio
import json
import re

import pytest

from votive.action import ActionThrew, ActionTimedOut, HostRefusal, ParameterRefused
from votive.terms.action import ActionLimits
from votive.terms.errors import CallerError, ErrorCode, PeerError


async def test_the_response_is_what_was_set_last(act):
    result = await act("Lit.Actions.setResponse({response: 'a'}); LitActions.setResponse({response: 'ä€😀'})")
    assert result.response == "ä€😀"


async def test_a_run_without_a_response_answers_with_nothing(act):
    assert (await act("1 + 1")).response == ""


async def test_parameters_are_globals(act):
    result = await act("Lit.Actions.setResponse({response: JSON.stringify([a, b.c, globalThis.a])})", a=[1, "x"], b={"c": None})
    assert json.loads(result.response) == [[1, "x"], None, [1, "x"]]


async def test_integers_of_any_size_reach_the_action_as_json_numbers(answer):
    assert await answer("n", n=2**53 - 1) == "9007199254740991"
    assert await answer("n", n=10**30) == "1e+30"


@pytest.mark.parametrize("name", ["Lit", "LitActions", "fetch", "BigInt", "Object", "undefined", "__proto__", "crypto"])
async def test_a_parameter_never_replaces_what_the_runtime_gives(act, host, name):
    with pytest.raises(ParameterRefused, match=name) as caught:
        await act("Lit.Actions.signEcdsa({})", **{name: 1})
    assert caught.value.code is ErrorCode.BAD_INPUT
    assert host.asked == []


async def test_parameters_that_are_not_json_are_refused(act):
    with pytest.raises(ParameterRefused):
        await act("1", n=float("nan"))


async def test_top_level_functions_and_variables_are_globals_as_in_any_classic_script(answer, act):
    assert (
        await act("var v = 1; function f() {} Lit.Actions.setResponse({response: `${globalThis.v}${typeof globalThis.f}`})")
    ).response == "1function"


@pytest.mark.parametrize("source", ["import x from 'y'", "await 1", "export const a = 1", "import.meta.url"])
async def test_the_code_is_a_script_and_no_module(act, source):
    with pytest.raises(ActionThrew, match="SyntaxError"):
        await act(source)


async def test_timers_belong_to_the_run(act):
    result = await act("setTimeout(() => setTimeout(() => Lit.Actions.setResponse({response: 'late'}), 30), 30)")
    assert result.response == "late"


async def test_timers_are_numbers_and_can_be_cleared(answer):
    source = "new Promise((done) => { const t = setInterval(() => { clearInterval(t); done(typeof t); }, 1); clearTimeout(setTimeout(done, 0, 'no')); })"
    assert await answer(source) == "number"


async def test_a_call_that_nobody_awaits_still_belongs_to_the_run(act, host):
    await act(f"Lit.Actions.signEcdsa({{toSign: new Uint8Array(32), publicKey: '{'02' + '11' * 32}', sigName: 's'}})")
    assert [call[0] for call in host.asked] == ["sign_ecdsa"]


async def test_a_program_whose_promise_never_settles_ends_at_the_time_limit(act):
    with pytest.raises(ActionTimedOut, match=r"limit of 0\.5 s"):
        await act("const go = async () => { await new Promise(() => {}); }; go();", ActionLimits(time_seconds=0.5))


async def test_an_exception_nobody_catches_ends_the_run_with_its_stack_and_the_logs(act):
    with pytest.raises(ActionThrew, match=r"TypeError: no\n    at check \(lit:action:2:9\)") as caught:
        await act("console.log('before');function check() {\n  throw new TypeError('no');\n}\ncheck();")
    assert caught.value.code is ErrorCode.JS_EXECUTION
    assert caught.value.status == 400
    assert caught.value.logs == "before\n"


@pytest.mark.parametrize(
    "source",
    ["throw 'text'", "Promise.reject('text')", "setTimeout(() => { throw 'text'; }, 1)", "(async () => { await null; throw 'text'; })()"],
)
async def test_whatever_is_thrown_wherever_ends_the_run(act, source):
    with pytest.raises(ActionThrew, match="Uncaught text"):
        await act(source)


async def test_stack_traces_show_no_path_of_this_machine(act):
    result = await act("console.log(new Error('x').stack); setTimeout(() => console.log(new Error('y').stack), 1)")
    assert not re.search(r"file:|/(tmp|home|root|work|usr|var)", result.logs)


async def test_a_refusal_is_an_error_with_its_code_message_and_details(answer, host):
    host.raises = HostRefusal("not yours", code=ErrorCode.SCOPE_TOO_LIMITED, details=({"seen": 1},))
    caught = await answer(
        "Lit.Actions.getPermittedActions({tokenId: 1}).catch((e) => JSON.stringify([e instanceof Error, e.errorCode, e.message, e.details]))"
    )
    assert json.loads(caught) == [True, "NodeAuthSigScopeTooLimited", "not yours", [{"seen": 1}]]


@pytest.mark.parametrize("error", [HostRefusal("not yours", code=ErrorCode.SCOPE_TOO_LIMITED), PeerError("seat 2 lies", culprits=[2])])
async def test_a_refusal_nobody_catches_leaves_as_the_very_error_the_host_raised(act, host, error):
    host.raises = error
    with pytest.raises(type(error)) as caught:
        await act("console.log('trying'); (async () => { await Lit.Actions.getPermittedActions({tokenId: 1}); })()")
    assert caught.value is error
    assert caught.value.logs == "trying\n"


async def test_an_error_that_only_looks_like_a_refusal_is_an_exception_of_the_action(act):
    with pytest.raises(ActionThrew):
        await act("throw Object.assign(new Error('x'), {errorCode: 'NodeAuthSigScopeTooLimited', details: []})")


async def test_a_defect_of_the_host_ends_the_run_and_is_raised_as_it_is(act, host):
    host.raises = ZeroDivisionError("ours")
    with pytest.raises(ZeroDivisionError):
        await act("Lit.Actions.getPermittedActions({tokenId: 1})")


async def test_calls_are_answered_side_by_side(pool, host, act):
    both = asyncio.Event()

    async def permitted_actions(token_id: int) -> list[str]:
        if token_id == 2:
            both.set()
        await both.wait()
        return [str(token_id)]

    host.permitted_actions = permitted_actions
    source = "Promise.all([1, 2].map((tokenId) => Lit.Actions.getPermittedActions({tokenId}))).then((r) => Lit.Actions.setResponse({response: String(r)}))"
    assert (await act(source)).response == "1,2"


async def test_code_that_is_not_utf8_is_refused(pool, host):
    from .conftest import AUTH

    with pytest.raises(CallerError, match="not UTF-8"):
        await pool.run(b"'\xff'", {}, AUTH, host)


async def test_console_writes_lines_to_the_logs_in_order(act):
    result = await act("console.log('a', {b: [1n]}); console.info(1); console.warn('%s!', 'w'); console.error(null); console.debug('')")
    assert result.logs == "a { b: [ 1n ] }\n1\nw!\nnull\n\n"
