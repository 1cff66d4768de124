"""Where anvil comes from, and what is said when it comes from nowhere."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from votive.devnet import AnvilMissing, Devnet, anvil

FAKE_DENO = """#!/bin/sh
mkdir -p node_modules/@foundry-rs/anvil-linux-amd64/bin
printf 'not anvil' > node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil
"""


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without anvil: nothing on PATH, an empty cache."""
    monkeypatch.delenv(anvil.VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def program(path: Path, text: str = "#!/bin/sh\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_the_named_one_comes_first_then_path_then_the_cache(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cached = program(anvil.cache_path())
    assert anvil.find() == cached
    on_path = program(nowhere / "bin" / "anvil")
    assert anvil.find() == on_path
    named = program(nowhere / "mine")
    monkeypatch.setenv(anvil.VARIABLE, str(named))
    assert anvil.find() == named


def test_a_named_one_that_is_none_is_an_error(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(anvil.VARIABLE, str(nowhere / "absent"))
    with pytest.raises(AnvilMissing, match=anvil.VARIABLE):
        anvil.find()


def test_a_platform_without_a_package_is_told_what_to_do(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anvil, "BUILDS", {})
    with pytest.raises(AnvilMissing, match="getfoundry"):
        anvil.find()


def test_without_deno_the_error_names_both(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anvil.platform, "system", lambda: "Linux")
    monkeypatch.setattr(anvil.platform, "machine", lambda: "x86_64")
    monkeypatch.setitem(__import__("sys").modules, "deno", None)
    with pytest.raises(AnvilMissing, match=r"Deno.*getfoundry"):
        anvil.find()


def test_what_deno_says_is_passed_on_when_it_fails(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = program(nowhere / "deno", "#!/bin/sh\necho 'no network' >&2\nexit 1\n")
    monkeypatch.setattr(anvil.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(anvil, "_deno", lambda: str(failing))
    with pytest.raises(AnvilMissing, match=r"no network.*getfoundry"):
        anvil.find()


def test_another_hash_is_never_installed(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.defpath)
    lying = program(nowhere / "deno", FAKE_DENO)
    monkeypatch.setattr(anvil.shutil, "which", lambda _: None)
    monkeypatch.setattr(anvil.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(anvil, "_deno", lambda: str(lying))
    with pytest.raises(AnvilMissing, match="SHA-256"):
        anvil.find()
    assert not anvil.cache_path().exists()


async def test_a_network_without_anvil_is_not_begun(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anvil, "BUILDS", {})
    with pytest.raises(AnvilMissing):
        await Devnet.up(nowhere / "network")
    assert not (nowhere / "network").exists()
