"""The network's session key, as far as verifying with it goes: what it signed was completed by t nodes together."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from votive.core import bls_verify
from votive.node.custody import Custody, unavailable
from votive.terms.key import Purpose


@dataclass(frozen=True)
class SessionKey:
    """Verifies under the key that the chain registered for sessions."""

    custody: Custody

    async def verify(self, digest: bytes, signature: bytes) -> bool:
        """Say whether the network signed ``digest`` (32 bytes) with ``signature`` (96); WorldError while it has no session key."""
        public_key = self.custody.network_public_key(Purpose.SESSION_BLS)
        if public_key is None:
            raise unavailable("the nodes have not generated the network's key for sessions yet. Try again in a moment.")
        # A pairing takes a millisecond or two, which the event loop has no time for.
        return await asyncio.to_thread(bls_verify, public_key, digest, signature)
