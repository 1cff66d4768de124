"""Errors of the core, each under one of the four kinds of ``votive.terms.errors``.

The extension module raises exactly these; ``rust/py/src/errors.rs`` is the one table from Rust's errors to them.
"""

from __future__ import annotations

from votive.terms.errors import CallerError, OurError, PeerError


class PeerFault(PeerError):
    """A peer's message breaks the protocol. ``culprits`` names the senders for whom there is evidence; empty: nobody is blamed."""


class CheckFailed(PeerFault):
    """A consistency check on a pair's correlation failed. The set-up with ``culprits`` is already destroyed, for every key."""


class SetupGone(PeerError):
    """There is no live set-up with ``seats``, or it was destroyed while a session ran on it. Nobody is blamed."""

    @property
    def seats(self) -> tuple[int, ...]:
        """The peers with which a new set-up is needed."""
        return self.details


class CombinationFailed(PeerError):
    """Shares of a BLS signature do not make one. ``culprits`` sent malformed ones; empty: check each share to know whose is wrong."""


class InvalidCiphertext(CallerError):
    """A ciphertext is not the one encoding of anything, or does not open under the signature. It says nothing more, on purpose."""


class SealError(OurError):
    """A sealed value does not open: wrong key, wrong associated data, damaged, or of another version."""


class KeyFileError(OurError):
    """The key-encryption key is missing or cannot be used; the message says why and what to do."""


class Spent(OurError):
    """A one-time object was used twice, or a step was called out of its order."""


class InvalidInput(OurError):
    """Our own caller passed something that cannot be: a wrong length, seat, set or digest."""


class Forked(OurError):
    """The object was made in another process. Secrets never cross a fork: start a new process and load them again."""
