"""Votive: keys that no one holds, programs that may use them, and proofs of which program did.

The SDK's names are here: ``votive.connect(url)`` gives a ``votive.client.Network``. They are loaded when they are first used, so that
importing one room of the house does not load the others; no import here loads web3, Deno or a wallet library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from votive.terms.version import VERSION

if TYPE_CHECKING:
    from votive.client import BlockingNetwork, Network, Wallet, connect, connect_blocking

__version__ = VERSION
__all__ = ["BlockingNetwork", "Network", "Wallet", "__version__", "connect", "connect_blocking"]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module 'votive' has no attribute {name!r}")
    import votive.client  # noqa: PLC0415  # see the module's docstring

    return getattr(votive.client, name)
