"""Does our share fit what the chain registered? If not, this node takes no part for that key, and says so."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from votive.chain.finality import Block
from votive.chain.keys import Keys, RegisteredKey
from votive.chain.token import token_id
from votive.node.custody import Custody
from votive.terms.errors import OurError, WorldError
from votive.terms.key import KeyId, verification_hash

log = structlog.get_logger()

AT_ONCE = 100
"""Keys asked of the chain in one call."""


async def check_share(custody: Custody, key: KeyId, registered: RegisteredKey | None) -> None:
    """Open our share, which checks share·G against its verification shares, and compare those with the registered hash."""
    try:
        _, share = await custody.share(key.public_key)
    except (OurError, WorldError) as error:
        set_aside(custody, key, error.message)
        return
    if registered is None:
        set_aside(custody, key, "the chain does not know this key")
    elif verification_hash(share.verification_shares) != registered.verification_hash or not share.matches():
        set_aside(custody, key, "the share does not fit the verification shares that the chain registered")


def set_aside(custody: Custody, key: KeyId, why: str) -> None:
    """Take no part for ``key``, and tell the operator."""
    log.error("key unavailable", key=key.public_key.hex(), why=why)
    custody.set_aside(key, why)


async def check_all(custody: Custody, keys: Keys, block: Block) -> None:
    """Check every share in use against the chain at ``block``."""
    live = sorted(custody.live, key=lambda key: key.public_key)
    for start in range(0, len(live), AT_ONCE):
        await _check_some(custody, keys, live[start : start + AT_ONCE], block)


async def _check_some(custody: Custody, keys: Keys, some: Sequence[KeyId], block: Block) -> None:
    registered = await keys.registered([token_id(key.public_key) for key in some], block)
    for key in some:
        await check_share(custody, key, registered.get(token_id(key.public_key)))
