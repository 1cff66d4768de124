"""A node's memory in large pages: asked for once, where it can be had, and never against whoever runs the node."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from votive.node import large_pages

Begun = list[tuple[Sequence[str], Mapping[str, str]]]


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Begun:
    """What the program was begun anew with, on a system that gives large pages on request."""
    found: Begun = []
    modes = tmp_path / "enabled"
    modes.write_text("always [madvise] never\n")
    monkeypatch.setattr(large_pages, "_MODES", modes)
    monkeypatch.setattr(os, "confstr", lambda name: "glibc 2.36")
    monkeypatch.setattr(os, "execve", lambda path, command, environment: found.append((command, environment)))
    monkeypatch.setattr(sys, "orig_argv", ["python", "-m", "votive.node", "--config", "a b"])
    monkeypatch.delenv("PYTHONMALLOC", raising=False)
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    return found


def test_the_same_command_begins_anew_with_its_environment(begun: Begun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOTIVE_PASSPHRASE", "kept")
    large_pages.in_large_pages()
    ((command, environment),) = begun
    assert command == [sys.executable, "-m", "votive.node", "--config", "a b"]
    assert (environment["PYTHONMALLOC"], environment["GLIBC_TUNABLES"]) == ("malloc", "glibc.malloc.hugetlb=1")
    assert environment["VOTIVE_PASSPHRASE"] == "kept"


def test_a_program_that_began_so_goes_on(begun: Begun, monkeypatch: pytest.MonkeyPatch) -> None:
    large_pages.in_large_pages()
    monkeypatch.setattr(os, "environ", dict(begun.pop()[1]))
    large_pages.in_large_pages()
    assert begun == []


def test_other_tunables_stay(begun: Begun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.arena_max=4")
    large_pages.in_large_pages()
    assert begun[0][1]["GLIBC_TUNABLES"] == "glibc.malloc.arena_max=4:glibc.malloc.hugetlb=1"


@pytest.mark.parametrize(("name", "value"), [("PYTHONMALLOC", "pymalloc"), ("GLIBC_TUNABLES", "glibc.malloc.hugetlb=0")])
def test_who_runs_the_node_has_the_last_word(begun: Begun, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    large_pages.in_large_pages()
    assert begun == []


@pytest.mark.parametrize("modes", ["[always] madvise never\n", "always madvise [never]\n", None])
def test_where_nobody_may_ask_or_nobody_has_to_nothing_changes(begun: Begun, modes: str | None) -> None:
    if modes is None:
        large_pages._MODES.unlink()
    else:
        large_pages._MODES.write_text(modes)
    large_pages.in_large_pages()
    assert begun == []


@pytest.mark.parametrize("library", ["glibc 2.34", "other 1.0", "", None, ValueError()])
def test_a_c_library_that_cannot_ask_is_not_told_to(begun: Begun, monkeypatch: pytest.MonkeyPatch, library: object) -> None:
    def confstr(name: str) -> object:
        if isinstance(library, Exception):
            raise library
        return library

    monkeypatch.setattr(os, "confstr", confstr)
    large_pages.in_large_pages()
    assert begun == []
