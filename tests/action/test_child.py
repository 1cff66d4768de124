"""What a process leaves behind: nothing, and nobody else loses anything."""

from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path

import pytest

from votive.action.child import Child
from votive.net.loop import LoopName, loop_factory


def is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


async def connected(scratch: Path) -> Child:
    pipe = subprocess.PIPE
    process = subprocess.Popen(["cat"], stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0, start_new_session=True)
    child = Child(process, scratch, ethers=False)
    await child._connect()
    return child


@pytest.mark.parametrize("name", ["asyncio", "uvloop"])
def test_the_pipes_of_a_process_are_closed_when_it_is(name: LoopName, tmp_path: Path) -> None:
    async def life() -> None:
        child = await connected(tmp_path / "scratch")
        numbers = [transport.get_extra_info("pipe").fileno() for transport in child._transports]
        assert all(map(is_open, numbers))
        await child.close()
        await asyncio.sleep(0.05)
        assert not any(map(is_open, numbers))

    with asyncio.Runner(loop_factory=loop_factory(name)) as runner:
        runner.run(life())


def test_uvloop_which_closes_a_descriptor_twice_closes_no_other_that_took_its_number(tmp_path: Path) -> None:
    """libuv closes the number, then uvloop closes the object; between the two another thread may have opened something."""

    async def life() -> None:
        child = await connected(tmp_path / "scratch")
        for transport in child._transports:
            pipe = transport.get_extra_info("pipe")
            number = pipe.fileno()
            pipe.close()
            assert is_open(number)
        await child.close()

    with asyncio.Runner(loop_factory=loop_factory("uvloop")) as runner:
        runner.run(life())
