"""``python -m votive.cli`` is ``votive``."""

from votive.cli.main import run

run()
