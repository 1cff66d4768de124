"""An action that replaces everything it can reach, and then lets the runtime and Deno work, is shown nothing of theirs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from votive.action import FetchPolicy, FetchRefused, Pool, Warm
from votive.action.launcher import Launcher

from .conftest import AUTH, LIMITS

SPY = (Path(__file__).parent / "spy.js").read_bytes()


async def test_nothing_internal_ever_reaches_a_function_that_an_action_replaced(pool, host):
    result = json.loads((await pool.run(SPY, {}, AUTH, host)).response)
    assert result["error"] == 0
    assert result["replaced"] > 400
    assert result["found"] == []
    assert len(host.asked) == 2


class Logged(Launcher):
    """Has V8 write down every script it is given, in order."""

    log: Path

    def _arguments(self, ethers: bool) -> tuple[str, ...]:
        logging = f",--log-function-events,--no-logfile-per-isolate,--logfile={self.log}"
        return tuple(word + logging if word.startswith("--v8-flags=") else word for word in super()._arguments(ethers))

    def scripts(self) -> list[str]:
        lines = self.log.read_text("utf-8", "replace").splitlines()
        return [line.split(",")[2] for line in lines if line.startswith("script-details,")]


@pytest.mark.parametrize(
    ("source", "loaded"),
    [
        (SPY, "ext:deno_fetch/23_request.js"),
        (b"new URL('http://a/'); new TextDecoder(); crypto.randomUUID(); console.log(structuredClone({})); setTimeout(() => {}, 1)", None),
        (b"new Event('x'); new AbortController().abort(); AbortSignal.timeout(1); atob('aa')", "ext:deno_web/05_base64.js"),
    ],
)
async def test_no_part_of_deno_is_loaded_once_an_action_runs(host, monkeypatch, tmp_path, source, loaded):
    monkeypatch.setattr("votive.action.pool.Launcher", Logged)
    monkeypatch.setattr(Logged, "log", tmp_path / "v8.log", raising=False)
    async with Pool(LIMITS, warm=Warm(bare=0, ethers=0)) as pool:
        await pool.run(source, {}, AUTH, host)
        scripts = pool._launcher.scripts()
    action = scripts.index("lit:action")
    assert loaded is None or loaded in scripts[:action]
    assert scripts[action + 1 :] == []


async def test_a_fetch_is_still_the_nodes_to_refuse_when_everything_is_replaced(host):
    source = b"Object.prototype.refusal = null; Array.prototype.includes = () => true; String.prototype.startsWith = () => true; fetch('http://127.0.0.1/')"
    async with Pool(LIMITS, warm=Warm(bare=0, ethers=0), fetch=FetchPolicy()) as pool:
        with pytest.raises(FetchRefused, match="not public"):
            await pool.run(source, {}, AUTH, host)
