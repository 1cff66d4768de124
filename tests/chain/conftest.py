"""A real chain for development, a network deployed on it, and endpoints that lie."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.chain.town import Anvil, Town, a_town, free_port

from votive.chain.rpc import Rpc

TOOLS = Path(__file__).parents[2] / ".tools" / "anvil"
PACKAGE = "npm:@foundry-rs/anvil-linux-amd64@1.7.1"


@pytest.fixture(scope="session")
def anvil_binary() -> str:
    """The anvil on PATH, or the pinned one from its package, installed once under .tools/."""
    if found := shutil.which("anvil"):
        return found
    binary = TOOLS / "node_modules" / "@foundry-rs" / "anvil-linux-amd64" / "bin" / "anvil"
    if not binary.exists():
        TOOLS.mkdir(parents=True, exist_ok=True)
        (TOOLS / "package.json").write_text('{"private": true}\n')
        environment = {"DENO_TLS_CA_STORE": "system", **os.environ}
        deno = str(Path(sys.executable).parent / "deno")
        subprocess.run([deno, "install", "--quiet", "--node-modules-dir", PACKAGE], cwd=TOOLS, env=environment, check=True)
    return str(binary)


@pytest.fixture
def anvil(anvil_binary: str) -> Iterator[Anvil]:
    chain = Anvil(anvil_binary, free_port())
    with chain:
        yield chain


@pytest.fixture
async def rpc(anvil: Anvil) -> AsyncIterator[Rpc]:
    async with Rpc([anvil.url], chain_id=anvil.chain_id) as reader:
        yield reader


@pytest.fixture
async def town(anvil: Anvil, rpc: Rpc) -> Town:
    return await a_town(anvil, rpc)
