"""What a sandboxed process is born with: nothing but three pipes, and directories that go with it."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from pathlib import Path

import pytest

from votive.action import Pool, Warm

from .conftest import AUTH, LIMITS


async def one_idle(pool: Pool) -> int:
    async with asyncio.timeout(20):
        while not pool._idle[False]:
            await asyncio.sleep(0.01)
    return pool._idle[False][0].pid


async def test_no_descriptor_of_the_node_is_inherited(host, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("x")
    with socket.create_server(("127.0.0.1", 0)) as server, secret.open() as file:
        for leaked in (server.fileno(), file.fileno()):
            os.set_inheritable(leaked, True)
        async with Pool(LIMITS, warm=Warm(bare=1, ethers=0)) as pool:
            pid = await one_idle(pool)
            links, home = links_of(pid), str(Path(f"/proc/{pid}/cwd").readlink())
            shared = links & links_of("self")
    assert not any(link.startswith("socket:") for link in shared)
    assert not any(link.startswith("/") and not link.startswith((home, "/dev/")) for link in links), links


def links_of(pid: int | str) -> set[str]:
    return {str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir() if entry.is_symlink()}


async def test_the_environment_is_made_and_not_inherited(pool, monkeypatch):
    monkeypatch.setenv("VOTIVE_SECRET", "x")
    async with Pool(LIMITS, warm=Warm(bare=1, ethers=0)) as pool:
        pid = await one_idle(pool)
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    names = {entry.split(b"=")[0] for entry in environment.split(b"\0") if entry}
    assert b"DENO_DIR=/dev/null/deno" in environment.split(b"\0")  # a directory that cannot be: nothing is stored
    assert names == {b"HOME", b"DENO_DIR", b"TMPDIR", b"TZ", b"LANG", b"NO_COLOR", b"DENO_NO_UPDATE_CHECK"}


async def test_every_process_has_directories_of_its_own_that_vanish_with_it(host):
    async with Pool(LIMITS, warm=Warm(bare=2, ethers=0)) as pool:
        async with asyncio.timeout(20):
            while len(pool._idle[False]) < 2:
                await asyncio.sleep(0.01)
        homes = {Path(f"/proc/{child.pid}/cwd").readlink() for child in pool._idle[False]}
        assert len(homes) == 2
        first = Path(f"/proc/{pool._idle[False][0].pid}/cwd").readlink()
        await pool.run(b"1", {}, AUTH, host)
        async with asyncio.timeout(20):
            while first.exists():
                await asyncio.sleep(0.01)
    assert not any(home.exists() for home in homes)


async def test_every_process_leads_a_group_and_session_of_its_own(pool):
    pid = await one_idle(pool)
    assert os.getpgid(pid) == pid
    assert os.getsid(pid) == pid


async def test_a_process_is_told_of_no_permission_and_of_no_place_to_fetch_code_from(pool):
    words = Path(f"/proc/{await one_idle(pool)}/cmdline").read_text().split("\0")
    assert {"--no-prompt", "--no-remote", "--no-npm", "--cached-only"} <= set(words)
    assert not any(word.startswith(("--allow", "-A")) for word in words)


async def test_a_process_whose_host_is_gone_goes_too(host):
    """Without its host a waiting process reads the end of its input."""
    pool = Pool(LIMITS, warm=Warm(bare=1, ethers=0))
    async with pool:
        pid = await one_idle(pool)
        child = pool._idle[False].popleft()
        child._writer.close()
        async with asyncio.timeout(20):
            await child.ended()
        await child.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


ABANDONED = """
import asyncio
from votive.action import Pool, Warm
from votive.terms.action import ActionLimits, AuthContext

async def main():
    async with Pool(warm=Warm(bare=0, ethers=0)) as pool:
        print(pool._idle[False][0].pid, flush=True)
        auth = AuthContext(action_ipfs_ids=(), action_ipfs_id_stack=(), auth_sig_address=None)
        await pool.run(SOURCE, {}, auth, None, ActionLimits(time_seconds=1, cpu_seconds=2, host_calls=10**9))

asyncio.run(main())
"""


@pytest.mark.parametrize(
    "source", ["setInterval(() => {}, 5)", "new Promise(() => {})", "for (;;);", "for (;;) Lit.Actions.setResponse({response: ''})"]
)
async def test_a_run_whose_host_was_killed_ends_soon_after(source):
    host = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        ABANDONED.replace("SOURCE", repr(source.encode())),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    pid = int(await host.stdout.readline())
    await asyncio.sleep(0.2)
    host.kill()
    await host.communicate()
    async with asyncio.timeout(25):
        while runs(pid):
            await asyncio.sleep(0.05)


def runs(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "\nState:\tZ" not in status.read_text()
