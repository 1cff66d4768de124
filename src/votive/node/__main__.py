"""``python -m votive.node --config FILE``: begin in large pages, then run ``command``."""

from __future__ import annotations

import sys

from votive.node.large_pages import in_large_pages

if __name__ == "__main__":
    in_large_pages()
    from votive.node.command import main  # a second, loaded by the program that stays

    sys.exit(main())
