"""A process in the sandbox's place that follows no rule of the pipe: what it may not have, it does not get, and the host goes on.

This is what is left if an action takes over its whole process. Its pipe still asks for nothing that the run may not have.
"""

# ruff: noqa: E501  # a script is one line

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest

from votive.action import ActionFailed, ActionTimedOut, LimitExceeded, Pool, ProtocolViolation, Warm
from votive.terms.action import ActionLimits
from votive.terms.errors import CallerError

from .conftest import AUTH

LIMITS = ActionLimits(time_seconds=2, cpu_seconds=10)

PREAMBLE = """#!{python}
import json, os, sys, time
def read(n):
    data = b''
    while len(data) < n:
        more = os.read(0, n - len(data))
        if not more: sys.exit(0)
        data += more
    return data
def write(data):
    while data: data = data[os.write(1, data):]
def frame(kind, body=b'', nonce=None):
    write((17 + len(body)).to_bytes(4, 'big') + bytes([kind]) + (nonce or NONCE) + body)
def call(name, args, id=1):
    header = json.dumps(dict(id=id, name=name, args=args)).encode()
    frame(3, len(header).to_bytes(4, 'big') + header)
def reply():
    length = int.from_bytes(read(4), 'big')
    body = read(length)[17:]
    return json.loads(body[4:4 + int.from_bytes(body[:4], 'big')])
NONCE = bytes(16)
frame(0)
prefix = read(21); NONCE = prefix[5:]; read(int.from_bytes(prefix[:4], 'big') - 17)
"""

TRAITORS: dict[str, tuple[str, type[CallerError] | str]] = {
    "an honest one": ("frame(2, b'fine'); frame(5)", "fine"),
    "another nonce": ("frame(2, b'x', nonce=bytes(16))", ProtocolViolation),
    "ready again": ("frame(0)", ProtocolViolation),
    "an unknown kind": ("frame(77)", ProtocolViolation),
    "noise": ("write(os.urandom(100000))", CallerError),
    "a length of four gigabytes": ("write(b'\\xff' * 4 + b'\\x03' + NONCE); time.sleep(9)", LimitExceeded),
    "a length of nothing": ("write(bytes(4) + b'\\x03' + NONCE)", ProtocolViolation),
    "half a frame and silence": ("write(b'\\x00\\x00\\x10'); time.sleep(9)", ActionTimedOut),
    "half a frame and death": ("write(b'\\x00\\x00\\x10'); sys.exit(3)", ActionFailed),
    "an end in the middle of a log": ("frame(1, b'x'); frame(1, b'\\xff\\xfe'); os.abort()", ActionFailed),
    "a call that is not in the table": ("call('decrypt', {}); time.sleep(9)", ProtocolViolation),
    "a call without a header": ("frame(3, b''); time.sleep(9)", ProtocolViolation),
    "a header that is longer than its call": ("frame(3, b'\\xff\\xff\\xff\\xff{}'); time.sleep(9)", ProtocolViolation),
    "a header that is no json": ("frame(3, b'\\0\\0\\0\\2{!'); time.sleep(9)", ProtocolViolation),
    "a header nested without end": ("frame(3, (100000).to_bytes(4, 'big') + b'[' * 100000); time.sleep(9)", ProtocolViolation),
    "an id that is no number": ("call('fetch', {}, id='x'); time.sleep(9)", ProtocolViolation),
    "arguments of another kind": ("call('signEcdsa', [1]); frame(2, json.dumps('refusal' in reply()).encode()); frame(5)", "true"),
    "the same id twice": (
        "call('getPermittedActions', {'tokenId': '1'}); call('getPermittedActions', {'tokenId': '2'}); reply(); reply(); frame(2, b'both'); frame(5)",
        "both",
    ),
    "a refusal that never was": ('frame(4, b\'{"text": "t", "refusal": 99}\')', ActionFailed),
    "a throw that is no json": ("frame(4, b'{')", ProtocolViolation),
    "a response that is no utf-8": ("frame(2, b'a\\xff'); frame(5)", "a\ufffd"),
    "a hundred thousand calls": ("[call('pubkeyToTokenId', {'publicKey': '02' + '11' * 32}) for _ in range(100000)]", CallerError),
    "a hundred thousand responses": ("[frame(2, b'x') for _ in range(100000)]", LimitExceeded),
    "a million empty logs": ("[frame(1, b'') for _ in range(1000000)]", CallerError),
    "eleven signatures": (
        "import base64\n[call('signEcdsa', {'toSign': base64.b64encode(bytes(32)).decode(), 'publicKey': '02' + '11' * 32, 'sigName': 's'}, id=i) for i in range(11)]\n"
        "frame(2, str(sum('refusal' in reply() for _ in range(11))).encode()); frame(5)",
        "1",
    ),
    "a fetch of this machine": (
        "call('fetch', {'url': 'http://127.0.0.1:22/', 'method': 'GET', 'headers': [], 'redirect': 'follow'})\n"
        "frame(2, reply()['refusal']['errorCode'].encode()); frame(5)",
        "NodeFetchRefused",
    ),
    "giving up what was never asked": ("frame(6, b'\\0\\0\\0\\7'); frame(6, b''); frame(2, b'on'); frame(5)", "on"),
    "giving up without end": ("[frame(6, bytes(4)) for _ in range(100000)]", LimitExceeded),
    "answers never read": (
        "[call('getPermittedActions', {'tokenId': '1'}, id=i) for i in range(500)]; time.sleep(9)",
        ActionTimedOut,
    ),
    "no answer to the job and no end": ("os.close(1); time.sleep(60)", CallerError),
    "a child that outlives it": ("pid = os.fork()\nif pid == 0: time.sleep(60)\nsys.exit(0)", CallerError),
}


@pytest.fixture
def traitor(tmp_path: Path):
    def make(code: str) -> Path:
        path = tmp_path / "deno"
        path.write_text(PREAMBLE.replace("{python}", sys.executable) + code + "\n")
        path.chmod(0o755)
        return path

    return make


@pytest.mark.parametrize("name", TRAITORS)
async def test_a_process_that_breaks_the_rules_gets_nothing_by_it(traitor, host, name):
    code, ends = TRAITORS[name]
    started = time.monotonic()
    async with Pool(LIMITS, warm=Warm(bare=0, ethers=0), deno=traitor(code)) as pool:
        if isinstance(ends, str):
            assert (await pool.run(b"", {}, AUTH, host)).response == ends
        else:
            with pytest.raises(ends):
                await pool.run(b"", {}, AUTH, host)
    assert time.monotonic() - started < LIMITS.time_seconds + 8
    assert len(host.asked) <= 1000


async def test_a_pool_leaves_no_process_of_a_traitors_group(traitor, host, tmp_path):
    note = tmp_path / "pid"
    code = f"pid = os.fork()\nif pid == 0: time.sleep(60)\nopen({str(note)!r}, 'w').write(str(pid)); frame(5); time.sleep(60)"
    async with Pool(LIMITS, warm=Warm(bare=0, ethers=0), deno=traitor(code)) as pool:
        await pool.run(b"", {}, AUTH, host)
        written = note.read_text() if note.exists() else ""
    async with asyncio.timeout(10):
        while written and _runs(int(written)):
            await asyncio.sleep(0.01)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
