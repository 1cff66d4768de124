"""Run all sections, or those named on the command line."""

from __future__ import annotations

import asyncio
import inspect
import sys

from benches import action, auth, encryption, engine, network, sdk

SECTIONS = {
    "action": action.run,
    "auth": auth.run,
    "encryption": encryption.run,
    "engine": engine.run,
    "network": network.run,
    "sdk": sdk.run,
}


def main() -> int:
    """Run the sections in order."""
    names = sys.argv[1:] or list(SECTIONS)
    unknown = [name for name in names if name not in SECTIONS]
    if unknown:
        print(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(SECTIONS)}", file=sys.stderr)
        return 2
    for name in names:
        outcome = SECTIONS[name]()
        if inspect.isawaitable(outcome):
            asyncio.run(outcome)
    return 0


if __name__ == "__main__":
    sys.exit(main())
