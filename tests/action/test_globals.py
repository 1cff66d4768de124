"""What an action finds, and what it does not."""

from __future__ import annotations

import json
import subprocess

import pytest

from votive.action.errors import ParameterRefused
from votive.action.launcher import find_deno
from votive.action.program import import_map

WORKS = {
    "text": ("new TextDecoder().decode(new TextEncoder().encode('ä'))", "ä"),
    "url": ("new URL('http://a.b/c?d=e').searchParams.get('d')", "e"),
    "digest": ("crypto.subtle.digest('SHA-256', new Uint8Array(0)).then((d) => new Uint8Array(d)[0])", "227"),
    "random": ("crypto.getRandomValues(new Uint8Array(4)).length", "4"),
    "key": ("crypto.subtle.generateKey({name: 'ECDSA', namedCurve: 'P-256'}, true, ['sign']).then((k) => k.privateKey.type)", "private"),
    "base64": ("atob(btoa('x'))", "x"),
    "clone": ("structuredClone(new Map([[1, 2]])).get(1)", "2"),
    "microtask": ("new Promise((done) => queueMicrotask(() => done('m')))", "m"),
    "wasm": ("WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])).then((m) => m instanceof WebAssembly.Module)", "true"),
    "response": ("new Response('{\"a\":1}').json().then((j) => j.a)", "1"),
    "headers": ("new Headers({A: 'b'}).get('a')", "b"),
    "form": (
        "(() => { const f = new FormData(); f.set('a', 'b'); return new Response(f).text(); })().then((t) => t.includes('name=\"a\"'))",
        "true",
    ),
    "blob": ("new Blob(['ab']).text()", "ab"),
    "stream": ("new Response(new ReadableStream({start(c) { c.enqueue(new Uint8Array([97])); c.close(); }})).text()", "a"),
    "abort": ("(() => { const c = new AbortController(); c.abort('why'); return c.signal.reason; })()", "why"),
    "abort after a time": ("new Promise((done) => AbortSignal.timeout(5).addEventListener('abort', () => done('later')))", "later"),
    "intl": ("new Intl.NumberFormat('de').format(1234.5)", "1.234,5"),
    "utc": ("new Date(0).getHours() + Intl.DateTimeFormat().resolvedOptions().timeZone", "0UTC"),
}


@pytest.mark.parametrize("name", WORKS)
async def test_what_is_promised_is_there(answer, name):
    expression, value = WORKS[name]
    assert await answer(expression) == value


BY_NAME = ["fetch", "Headers", "Request", "Response", "FormData", "Blob", "File", "ReadableStream", "TransformStream", "WritableStream"]
BY_NAME += ["atob", "btoa"]


@pytest.mark.parametrize("name", BY_NAME)
async def test_what_is_loaded_by_its_name_is_there_for_code_that_names_it(answer, name):
    assert await answer(f"typeof {name}") == "function"


@pytest.mark.parametrize("code", ["globalThis[name]", "\\u{66}etch, this[name]"])
async def test_code_that_reaches_globals_otherwise_finds_all_of_them(answer, code):
    for name in BY_NAME:
        assert await answer(f"typeof ({code})", name=name) == "function"


async def test_code_that_names_nothing_of_it_finds_nothing_of_it(act):
    for name in BY_NAME:
        result = await act("Lit.Actions.setResponse({response: typeof this[name]})", name=name)
        assert result.response == "undefined"


@pytest.mark.parametrize("name", [*BY_NAME, "Map", "Lit"])
async def test_a_parameter_is_refused_whatever_the_code_names(act, name):
    with pytest.raises(ParameterRefused, match=name):
        await act("1", **{name: 1})


async def test_no_global_is_loaded_when_it_is_read(answer):
    listed = "Object.entries(Object.getOwnPropertyDescriptors(globalThis)).filter(([_, d]) => d.get || d.set).map(([name]) => name)"
    assert await answer(f"JSON.stringify({listed})") == "[]"


async def test_nothing_else_is_there(answer):
    listed = json.loads(await answer("JSON.stringify(Object.getOwnPropertyNames(globalThis))"))
    for gone in (
        "Deno",
        "process",
        "Buffer",
        "Worker",
        "localStorage",
        "caches",
        "navigator",
        "WebSocket",
        "close",
        "prompt",
        "ethers",
        "self",
    ):
        assert gone not in listed
    assert await answer("typeof URL.createObjectURL") == "undefined"
    assert await answer("typeof WebAssembly.compileStreaming + typeof WebAssembly.instantiateStreaming") == "undefinedundefined"


def test_the_import_map_names_every_builtin_module_of_this_deno():
    code = "import {builtinModules} from 'node:module'; console.log(JSON.stringify(builtinModules))"
    found = subprocess.run([find_deno(), "run", "--no-config", "-"], input=code.encode(), capture_output=True, check=True).stdout
    mapped = json.loads(import_map())["imports"]
    assert {name.removeprefix("node:") for name in json.loads(found)} <= set(mapped)


@pytest.mark.parametrize(
    "code", ["eval('1')", "new Function('return 1')", "(() => {}).constructor('return 1')", "(async () => {}).constructor('1')"]
)
async def test_code_is_never_made_from_strings(answer, code):
    assert await answer(f"(() => {{ try {{ return {code} }} catch (e) {{ return e.name }} }})()") == "EvalError"
