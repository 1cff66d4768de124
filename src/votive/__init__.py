"""Votive: keys that no one holds, programs that may use them, and proofs of which program did.

The SDK is here: ``votive.connect(url)`` gives a ``votive.client.Network``. Importing this package loads neither web3 nor Deno nor a
wallet library; what a call needs is loaded when it is called.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from votive.client import Network, Wallet, connect, connect_blocking

__all__ = ["Network", "Wallet", "__version__", "connect", "connect_blocking"]

try:
    __version__ = version("votive")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0.1.0"
