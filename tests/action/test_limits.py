"""Every limit has an error that names it and its value, and ends in time."""

# ruff: noqa: E501  # a script is one line

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from votive.action import ActionOutOfMemory, ActionTimedOut, CodeTooLarge, LimitExceeded, Pool, Warm
from votive.terms.action import ActionLimits
from votive.terms.errors import ErrorCode

from .conftest import AUTH, CID, PUBLIC_KEY

SIGN = f"Lit.Actions.signEcdsa({{toSign: new Uint8Array(32), publicKey: '{PUBLIC_KEY}', sigName: 's'}})"


@pytest.mark.parametrize(
    "source", ["for (;;);", "setInterval(() => {}, 5)", "const f = () => Promise.resolve().then(f); f()", "new Promise(() => {})"]
)
async def test_the_clock_ends_a_run(act, source):
    started = time.monotonic()
    with pytest.raises(ActionTimedOut, match=r"longer than its limit of 0\.6 s") as caught:
        await act(source, ActionLimits(time_seconds=0.6))
    assert time.monotonic() - started < 3
    assert (caught.value.code, caught.value.status) == (ErrorCode.JS_TIMEOUT, 502)
    assert caught.value.details == ({"limit": "time_seconds", "value": 0.6},)


async def test_a_host_that_takes_too_long_counts_as_time(act, host):
    async def never(token_id: int) -> list[str]:
        await asyncio.sleep(60)
        return []

    host.permitted_actions = never
    with pytest.raises(ActionTimedOut):
        await act("Lit.Actions.getPermittedActions({tokenId: 1})", ActionLimits(time_seconds=0.5))


async def test_processor_time_has_its_own_limit_and_error(act):
    with pytest.raises(ActionTimedOut, match="1 s of processor time") as caught:
        await act("for (;;);", ActionLimits(time_seconds=30, cpu_seconds=1))
    assert caught.value.details == ({"limit": "cpu_seconds", "value": 1},)


@pytest.mark.parametrize(
    "source",
    [
        "const a = []; for (;;) a.push(new Array(1e5).fill(1.5))",
        "const a = []; for (;;) a.push(new Uint8Array(1e7).fill(1))",
        "let s = 'x'; const a = []; for (;;) { s += s.slice(0, 1e6); a.push(s.split('')); }",
        "const a = []; (async () => { for (;;) a.push(new Promise(() => a)); })()",
    ],
    ids=["heap", "array buffers", "strings", "promises"],
)
async def test_memory_has_its_own_limit_and_error(act, source):
    with pytest.raises(ActionOutOfMemory, match="256 MiB") as caught:
        await act(source)
    assert (caught.value.code, caught.value.status) == (ErrorCode.JS_MEMORY, 502)
    assert caught.value.details == ({"limit": "memory_bytes", "value": 256 * 1024 * 1024},)


async def test_a_smaller_memory_limit_is_kept_for_one_run(act):
    limits = ActionLimits(memory_bytes=64 * 1024 * 1024, time_seconds=20)
    with pytest.raises(ActionOutOfMemory, match="64 MiB"):
        await act("const a = []; for (let i = 0; i < 100; i++) a.push(new Uint8Array(1e6).fill(1))", limits)
    assert (await act("const a = []; for (let i = 0; i < 100; i++) a.push(new Uint8Array(1e6).fill(1))")).response == ""


async def test_code_over_the_limit_never_starts(act):
    with pytest.raises(CodeTooLarge, match="code_bytes is 10") as caught:
        await act("12345678901", ActionLimits(code_bytes=10))
    assert caught.value.code is ErrorCode.CODE_TOO_LARGE


async def test_a_response_of_exactly_the_limit_passes_and_one_more_byte_does_not(act):
    limits = ActionLimits(response_bytes=10)
    assert (await act("Lit.Actions.setResponse({response: '1234567890'})", limits)).response == "1234567890"
    with pytest.raises(LimitExceeded, match="response_bytes is 10") as caught:
        await act("Lit.Actions.setResponse({response: '123456789ä'})", limits)
    assert caught.value.code is ErrorCode.JS_LIMIT


async def test_logs_over_the_limit_end_the_run_and_what_fits_is_kept(act):
    with pytest.raises(LimitExceeded, match="log_bytes is 20") as caught:
        await act("for (;;) console.log('1234567')", ActionLimits(log_bytes=20))
    assert caught.value.logs == "1234567\n1234567\n1234"


async def test_one_line_over_the_limit_of_logs_ends_the_run(act):
    with pytest.raises(LimitExceeded, match="log_bytes is 20"):
        await act("console.log('x'.repeat(1e6))", ActionLimits(log_bytes=20))


async def test_the_eleventh_signature_is_refused_and_the_refusal_can_be_caught(act, host):
    with pytest.raises(LimitExceeded, match="signatures is 10"):
        await act(f"(async () => {{ for (let i = 0; i < 11; i++) await {SIGN}; }})()")
    assert len(host.asked) == 10
    result = await act(f"(async () => {{ for (;;) await {SIGN}; }})().catch((e) => Lit.Actions.setResponse({{response: e.errorCode}}))")
    assert result.response == "NodeJsLimitExceeded"


async def test_reads_of_the_chain_are_counted_together(act, host):
    source = f"(async () => {{ for (;;) {{ await Lit.Actions.getPermittedActions({{tokenId: 1}}); await Lit.Actions.isPermittedAction({{tokenId: 1, ipfsId: '{CID}'}}); }} }})()"
    with pytest.raises(LimitExceeded, match="contract_calls is 5"):
        await act(source, ActionLimits(contract_calls=5))
    assert len(host.asked) == 5


async def test_a_flood_of_calls_is_stopped(act, host):
    with pytest.raises(LimitExceeded, match="host_calls is 20"):
        await act(
            f"Promise.all(Array.from({{length: 1000}}, () => Lit.Actions.pubkeyToTokenId({{publicKey: '{PUBLIC_KEY}'}})))",
            ActionLimits(host_calls=20),
        )
    assert len(host.asked) == 20


async def test_more_calls_than_both_pipes_hold_are_all_answered(act, host):
    async def many(token_id: int) -> tuple[str, ...]:
        return (CID,) * 400

    host.permitted_actions = many
    result = await act(
        "(async () => { const calls = Array.from({length: 3000}, (_, i) => Lit.Actions.getPermittedActions({tokenId: i}));"
        "const all = await Promise.allSettled(calls);"
        "Lit.Actions.setResponse({response: String(all.filter(one => one.value?.length === 400).length)}); })()",
        ActionLimits(time_seconds=20, contract_calls=3000, host_calls=4000),
    )
    assert result.response == "3000"


async def test_a_flood_of_calls_whose_fates_are_all_awaited_is_stopped_too(act):
    with pytest.raises(LimitExceeded, match="host_calls is 1000"):
        await act(
            f"Promise.allSettled(Array.from({{length: 3000}}, () => Lit.Actions.pubkeyToTokenId({{publicKey: '{PUBLIC_KEY}'}}))).then((all) => {{ throw all.find((one) => one.reason).reason }})"
        )


async def test_a_call_too_long_to_be_read_ends_the_run_unread(act, host):
    source = f"Lit.Actions.ethPersonalSignMessageEcdsa({{message: 'x'.repeat(3e6), publicKey: '{PUBLIC_KEY}', sigName: 's'}})"
    with pytest.raises(LimitExceeded, match="call_bytes"):
        await act(source)
    assert host.asked == []


async def test_the_kernel_keeps_files_cores_and_data_within_bounds(host):
    seen: list[str] = []

    async def look(token_id: int) -> list[str]:
        seen.append(Path(f"/proc/{pid}/limits").read_text())
        return []

    host.permitted_actions = look
    async with Pool(warm=Warm(bare=0, ethers=0)) as pool:
        pid = pool._idle[False][0].pid
        await pool.run(b"Lit.Actions.getPermittedActions({tokenId: 1})", {}, AUTH, host)
    rows = {line[:26].strip(): line[26:].split()[0] for line in seen[0].splitlines()[1:]}
    assert int(rows["Max file size"]) <= 4 * 1024 * 1024
    assert rows["Max core file size"] == "0"
    assert int(rows["Max open files"]) < 64
    assert int(rows["Max data size"]) < 2 * 1024**3
    assert int(rows["Max cpu time"]) <= 32
