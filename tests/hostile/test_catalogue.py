"""Scripts that mean harm. Each ends in time, in the way written beside it, and leaves host and neighbours as they were."""

# ruff: noqa: E501  # a script is one line

from __future__ import annotations

import resource
import time
from pathlib import Path

import pytest

from votive.action import ActionOutOfMemory, ActionThrew, ActionTimedOut, LimitExceeded
from votive.terms.errors import CallerError

from .conftest import AUTH, LIMITS

Ends = str | type[CallerError] | tuple[type[CallerError], ...]

SAY = "const say = (x) => Lit.Actions.setResponse({response: String(x)});"
KEY = "const publicKey = '0x04' + '11'.repeat(64);"
SPECIFIERS = """['node:fs', 'fs', 'NODE:FS', 'node:%66s', 'node:fs?a', 'node:fs#a', 'node:process', 'process', 'node:worker_threads',
  'node:net', 'node:child_process', 'node:vm', 'node:module', 'node:inspector', 'node:fs/promises', 'node:ffi', 'node:sqlite', 'data:text/javascript,0',
  'data:text/javascript,import "node:fs"', 'data:application/json,{}', 'blob:null/x', 'file:///etc/passwd', '/etc/passwd', './imports.json',
  'https://example.com/x.js', 'http://127.0.0.1/x.js', 'npm:ethers', 'jsr:@std/fs', 'ext:core/mod.js', 'ext:core/ops', 'checkin:x', 'lit:action', '', 'x']"""

CATALOGUE: dict[str, tuple[str, Ends]] = {
    # the namespace
    "no deno": (
        "say([typeof Deno, typeof globalThis.Deno, typeof this.Deno, Reflect.has(globalThis, 'Deno')])",
        "undefined,undefined,undefined,false",
    ),
    "no node": (
        "say([typeof process, typeof require, typeof module, typeof Buffer, typeof global, typeof setImmediate])",
        ",".join(["undefined"] * 6),
    ),
    "no bootstrap": (
        "say([typeof __bootstrap, typeof bootstrap, typeof primordials, typeof core, typeof internalBinding])",
        ",".join(["undefined"] * 5),
    ),
    "no storage": (
        "say([typeof localStorage, typeof sessionStorage, typeof caches, typeof indexedDB, typeof Storage])",
        ",".join(["undefined"] * 5),
    ),
    "no gpu": ("say([typeof navigator, typeof GPU, typeof OffscreenCanvas, typeof createImageBitmap])", ",".join(["undefined"] * 4)),
    "no threads": (
        "say([typeof Worker, typeof SharedWorker, typeof BroadcastChannel, typeof MessageChannel])",
        ",".join(["undefined"] * 4),
    ),
    "no network": ("say([typeof WebSocket, typeof EventSource, typeof XMLHttpRequest, typeof WebTransport])", ",".join(["undefined"] * 4)),
    "no exits": ("say([typeof close, typeof prompt, typeof alert, typeof reportError, typeof ShadowRealm])", ",".join(["undefined"] * 5)),
    "no deno by symbols": (
        "say(Object.getOwnPropertySymbols(globalThis).filter((s) => /deno/i.test(String(s))).length + Object.keys(console).length)",
        "5",
    ),
    "no deno up the prototypes": (
        "let found = []; for (let o = globalThis; o; o = Object.getPrototypeOf(o)) for (const k of Reflect.ownKeys(o)) "
        "if (/^(deno|process|internal|core)$/i.test(String(k))) found.push(k); say(found.length)",
        "0",
    ),
    "the global's class makes nothing": ("try { new globalThis.constructor(); say('made') } catch (e) { say(e.name) }", "TypeError"),
    # modules and code from strings
    "no dynamic import": (
        f"(async () => {{ let ok = []; for (const s of {SPECIFIERS}) await import(s).then(() => ok.push(s), () => {{}}); say(ok.length) }})()",
        "0",
    ),
    "no dynamic import with attributes": (
        "import('data:application/json,{}', {with: {type: 'json'}}).then(() => say('in'), () => say('out'))",
        "out",
    ),
    "no dynamic import later": (
        "setTimeout(() => import('node:fs').catch(() => new Promise((r) => queueMicrotask(() => r(import('node:fs'))))).then(() => say('in'), () => say('out')), 1)",
        "out",
    ),
    "no code from strings": (
        "const AF = (async () => {}).constructor, GF = (function* () {}).constructor, n = []; "
        "for (const make of [eval, Function, AF, GF, (s) => setTimeout(s), (s) => globalThis.eval(s), (s) => Reflect.construct(Function, [s])]) "
        "try { make('1'); n.push(make) } catch {} say(n.length)",
        "0",
    ),
    # stack traces
    "call sites show no function and no this": (
        "Error.prepareStackTrace = (_, sites) => sites.slice(1).map((s) => [typeof s.getThis?.(), typeof s.getFunction?.()].join()).join('|'); "
        "say(/function|object/.test(String(new Error().stack)))",
        "false",
    ),
    "call sites show no path": (
        "Error.prepareStackTrace = (_, sites) => sites.map((s) => [s.getFileName?.(), s.getEvalOrigin?.(), s.getScriptNameOrSourceURL?.()].join()).join(); "
        "setTimeout(() => say(/file:|\\/tmp|\\/work|\\/home/.test(String(new Error().stack))), 1)",
        "false",
    ),
    "a prepared stack of great length": (
        "Error.prepareStackTrace = () => 'x'.repeat(1e8); throw new Error('y')",
        (ActionThrew, ActionOutOfMemory),
    ),
    "endless stack traces": ("Error.stackTraceLimit = Infinity; (function f() { f() })()", ActionThrew),
    # forging and spying on the protocol
    "functions stay callable as they were": (
        "const n = []; for (const k of ['call', 'apply', 'bind']) { try { Function.prototype[k] = 1; n.push(k) } catch {} "
        "try { Object.defineProperty(Function.prototype, k, {value: 1}); n.push(k) } catch {} try { delete Function.prototype[k] } catch {} "
        "const f = () => 7; f[k] = 5; if (f[k] !== 5 || typeof (() => 0)[k] !== 'function') n.push(k) } say(n.length)",
        "0",
    ),
    "a replaced then breaks nothing": (
        KEY + "Promise.prototype.then = function () { throw new Error('mine') }; Lit.Actions.pubkeyToTokenId({publicKey}); say('on')",
        "on",
    ),
    "toJSON on every object forges nothing": (
        KEY
        + "Object.prototype.toJSON = function () { return {id: 1, name: 'signEcdsa', args: {}} }; Lit.Actions.pubkeyToTokenId({publicKey}).then(say)",
        "0x" + "1".rjust(64, "0"),
    ),
    "setters on every object see no nonce": (
        "const seen = []; for (const k of ['nonce', 'id', 'name', '0', '1', 'length']) try { Object.defineProperty(Object.prototype, k, "
        "{set(v) { seen.push(v) }, get() { return undefined }, configurable: true}) } catch {} console.log('x'); "
        "for (const k of ['nonce', 'id', 'name', '0', '1', 'length']) delete Object.prototype[k]; say(seen.some((v) => v instanceof Uint8Array))",
        "false",
    ),
    "a refusal cannot be made up": ("throw Object.assign(new Error('x'), {refusal: 1, errorCode: 'NodeInternalError'})", ActionThrew),
    "console cannot be turned": ("try { 'use strict'; console.log = 1; delete console.log } catch {} say(typeof console.log)", "function"),
    "a global function's constructor makes nothing": (
        "try { Lit.Actions.signEcdsa.constructor('return this')(); say('made') } catch (e) { say(e.name) }",
        "EvalError",
    ),
    "an iterator that steals": (
        KEY + "Array.prototype[Symbol.iterator] = function* () { yield 'stolen' }; Lit.Actions.pubkeyToTokenId({publicKey}).then(say)",
        "0x" + "1".rjust(64, "0"),
    ),
    # arguments and exceptions that bite
    "a getter that throws": ("Lit.Actions.signEcdsa({get toSign() { throw new Error('bite') }})", ActionThrew),
    "a proxy for arguments": ("Lit.Actions.signEcdsa(new Proxy({}, {get() { return new Proxy([], {}) }}))", CallerError),
    "an array of four billion": (
        "Lit.Actions.signEcdsa({toSign: new Array(4294967295), publicKey: '', sigName: ''})",
        (ActionOutOfMemory, ActionThrew),
    ),
    "a stack that never returns": ("throw {get stack() { for (;;); }}", ActionTimedOut),
    "a name that cannot be shown": ("throw {toString() { throw 1 }, get stack() { throw 2 }}", ActionThrew),
    "nothing thrown": ("throw undefined", ActionThrew),
    "a megabyte thrown": ("throw 'x'.repeat(1e6)", ActionThrew),
    "a proxy thrown": ("throw new Proxy({}, {get() { throw 1 }, getPrototypeOf() { throw 2 }})", ActionThrew),
    "an inspected object that loops": ("console.log({get [Symbol.toStringTag]() { for (;;); }})", ActionTimedOut),
    # ending and not ending
    "an early goodbye ends only oneself": ("say(1); dispatchEvent(new Event('beforeunload')); say(2)", "2"),
    "holding on at the end": (
        "addEventListener('beforeunload', (e) => e.preventDefault()); addEventListener('unload', () => { for (;;); }); say(1)",
        "1",
    ),
    "hiding errors": ("addEventListener('unhandledrejection', (e) => e.preventDefault()); Promise.reject(1)", ActionThrew),
    "stopping the ends": ("EventTarget.prototype.dispatchEvent = () => true; Event.prototype.preventDefault = () => {}; say(1)", "1"),
    # time
    "a loop": ("for (;;);", ActionTimedOut),
    "a regular expression": ("/^(a+)+$/.test('a'.repeat(40) + 'b')", ActionTimedOut),
    "a great power": ("let x = 3n; for (;;) x = x * x % (2n ** 400000n - 1n)", (ActionTimedOut, ActionOutOfMemory)),
    "a flood of microtasks": ("const f = () => queueMicrotask(f); f()", ActionTimedOut),
    "a flood of timers": ("const f = () => { for (let i = 0; i < 1000; i++) setTimeout(f, 0) }; f()", (ActionTimedOut, ActionOutOfMemory)),
    "a sort that never agrees": ("[3, 2, 1].sort(() => { for (;;); })", ActionTimedOut),
    "sleeping on an atomic": ("Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)", (ActionTimedOut, ActionThrew)),
    "a loop in webassembly": (
        "new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array([0,97,115,109,1,0,0,0,1,4,1,96,0,0,3,2,1,0,8,1,0,10,9,1,7,0,3,64,12,0,11,11])))",
        ActionTimedOut,
    ),
    "threads of the key maker": (
        "for (let i = 0; i < 64; i++) crypto.subtle.generateKey({name: 'RSA-OAEP', modulusLength: 8192, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256'}, true, ['encrypt', 'decrypt'])",
        (ActionTimedOut, ActionOutOfMemory),
    ),
    "a slow derivation": (
        "crypto.subtle.importKey('raw', new Uint8Array(1), 'PBKDF2', false, ['deriveBits']).then((k) => "
        "crypto.subtle.deriveBits({name: 'PBKDF2', hash: 'SHA-512', salt: new Uint8Array(1), iterations: 4e9}, k, 512))",
        ActionTimedOut,
    ),
    # memory
    "an endless array": ("const a = []; for (;;) a.push({})", ActionOutOfMemory),
    "array buffers": ("const a = []; for (;;) a.push(new ArrayBuffer(1e8))", ActionOutOfMemory),
    "filled array buffers": ("const a = []; for (;;) a.push(new Uint8Array(1e6).fill(1))", ActionOutOfMemory),
    "one array too great": ("new Array(5e8).fill(0)", (ActionOutOfMemory, ActionThrew, ActionTimedOut)),
    "doubling strings": ("let s = 'x'; const keep = []; for (;;) { s = [s, s].join(''); keep.push(s) }", (ActionOutOfMemory, ActionThrew)),
    "webassembly memory": (
        "const a = []; for (;;) { const m = new WebAssembly.Memory({initial: 100}); new Uint8Array(m.buffer).fill(1); a.push(m) }",
        (ActionOutOfMemory, ActionThrew),
    ),
    "clones of clones": ("let o = {}; for (;;) o = structuredClone([o, o])", (ActionOutOfMemory, ActionTimedOut, ActionThrew)),
    "promises without end": (
        "const f = async () => { await Promise.all([f(), f()]) }; f()",
        (ActionOutOfMemory, ActionThrew, ActionTimedOut),
    ),
    "an endless stream": (
        "new Response(new ReadableStream({pull(c) { c.enqueue(new Uint8Array(1e6)) }})).arrayBuffer()",
        (ActionOutOfMemory, ActionTimedOut, ActionThrew),
    ),
    # output
    "a flood of logs": ("for (;;) console.log('x'.repeat(1000))", LimitExceeded),
    "a flood of empty logs": ("for (;;) console.log()", (LimitExceeded, ActionTimedOut)),
    "a flood of responses": ("for (;;) say('x')", LimitExceeded),
    "a response of five megabytes": ("say('x'.repeat(5e6))", LimitExceeded),
    "a flood of calls": (KEY + "for (;;) Lit.Actions.pubkeyToTokenId({publicKey})", (LimitExceeded, ActionTimedOut, ActionOutOfMemory)),
    "a call of twenty megabytes": (
        KEY + "Lit.Actions.ethPersonalSignMessageEcdsa({message: 'x'.repeat(2e7), publicKey, sigName: 's'})",
        LimitExceeded,
    ),
    "a fetch of twenty megabytes": ("fetch('http://example.com/', {method: 'POST', body: new Uint8Array(2e7)})", LimitExceeded),
}


def memory_of_this_process() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


@pytest.mark.parametrize("name", CATALOGUE)
async def test_a_hostile_script_harms_nobody_but_itself(pool, host, name):
    source, ends = CATALOGUE[name]
    before, started = memory_of_this_process(), time.monotonic()
    if isinstance(ends, str):
        assert (await pool.run(f"{SAY}\n{source}".encode(), {}, AUTH, host)).response == ends
    else:
        with pytest.raises(ends) as caught:
            await pool.run(f"{SAY}\n{source}".encode(), {}, AUTH, host)
        assert len(caught.value.message) < 10_000
        assert len(caught.value.logs) <= LIMITS.log_bytes
    assert time.monotonic() - started < LIMITS.time_seconds + 2.5
    assert memory_of_this_process() - before < 64 * 1024 * 1024
    after = await pool.run(b"Lit.Actions.setResponse({response: 'well'})", {}, AUTH, host)
    assert after.response == "well"
