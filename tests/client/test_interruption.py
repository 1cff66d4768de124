"""When a command that stays sees that its terminal is gone."""

from __future__ import annotations

import os

from votive.cli.interruption import closed, is_device


def test_a_terminal_that_was_closed_before_anybody_looked_is_noticed() -> None:
    keyboard, terminal = os.openpty()
    try:
        assert is_device(terminal)
        assert not closed(terminal)
        os.close(keyboard)
        assert not os.isatty(terminal), "asked then, it is none any more"
        assert is_device(terminal)
        assert closed(terminal)
    finally:
        os.close(terminal)


def test_what_is_no_terminal_never_closes() -> None:
    nothing, (read, write) = os.open(os.devnull, os.O_RDWR), os.pipe()
    os.close(write)
    try:
        assert not closed(nothing)
        assert not is_device(read), "whoever writes into our input may stop"
        os.close(nothing)
        assert not is_device(nothing)
    finally:
        os.close(read)
