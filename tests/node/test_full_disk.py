"""A disk that refuses a write ends the node, in words and with a status of its own: what is not durable may not be promised."""

from __future__ import annotations

from pathlib import Path

import pytest

from votive.node import __main__ as program
from votive.node.config import Config
from votive.node.failure import ExitStatus
from votive.store.errors import StoreFailed


def test_a_store_that_fails_is_told_in_one_line_and_is_no_defect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fail(_config: Config) -> None:
        raise ExceptionGroup("tasks", [ExceptionGroup("more", [StoreFailed("the disk is full")])])

    monkeypatch.setattr(program, "until_signal", fail)
    monkeypatch.setattr(program.logs, "configure", lambda _section: None)  # it would bind all later tests' logs to this one's output
    config = tmp_path / "node.toml"
    config.write_text('[chain]\nresolver = "0x' + "ab" * 20 + '"\n')
    assert program.main(["--config", str(config)]) == ExitStatus.STORE_BROKEN
    said = "".join(capsys.readouterr())
    assert "the disk is full" in said
    assert "Traceback" not in said
    assert "defect" not in said
