"""Which keys the chain has for the network's own use, and whether our shares fit what it registered.

If one does not, this node takes no part for that key, and says so.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from coincurve import PublicKey

from votive.chain.finality import Block
from votive.chain.keys import Keys, RegisteredKey
from votive.chain.token import token_id
from votive.node.custody import Custody
from votive.terms.errors import OurError, WorldError
from votive.terms.key import NETWORK_KEYS, KeyId, Purpose, Scheme, verification_hash

log = structlog.get_logger()

AT_ONCE = 100
"""Keys asked of the chain in one call."""


async def check_share(custody: Custody, key: KeyId, registered: RegisteredKey | None) -> None:
    """Open our share, which checks share·G against its verification shares, and compare those with the registered hash."""
    try:
        share = await custody.open(key)
    except (OurError, WorldError) as error:
        set_aside(custody, key, error.message)
        return
    if registered is None:
        set_aside(custody, key, "the chain does not know this key")
    elif {registered.purpose, share.purpose} != {key.purpose.value}:
        set_aside(custody, key, f"the chain registered it for {registered.purpose}, the share is one for {share.purpose}")
    elif verification_hash(share.verification_shares) != registered.verification_hash or not share.matches():
        set_aside(custody, key, "the share does not fit the verification shares that the chain registered")


def set_aside(custody: Custody, key: KeyId, why: str) -> None:
    """Take no part for ``key``, and tell the operator."""
    log.error("key unavailable", key=key.public_key.hex(), why=why)
    custody.set_aside(key, why)


async def find_network_keys(custody: Custody, keys: Keys, purpose: Purpose, block: Block) -> int:
    """Tell ``custody`` which keys the chain has for ``purpose``, the first ones registered, and return how many there are.

    The chain is asked until it has all of them, and then never again, as the first stay the first.
    """
    wanted = NETWORK_KEYS[purpose]
    if custody.network_keys(purpose):
        return wanted
    found = [key_id_of(registered, purpose) for registered in (await keys.of_purpose(purpose, block))[:wanted]]
    if len(found) == wanted:
        custody.appoint(purpose, found)
        log.info("the network has its keys", purpose=purpose.value, keys=[key.public_key.hex() for key in found], block=block.number)
    return len(found)


def key_id_of(registered: RegisteredKey, purpose: Purpose) -> KeyId:
    """Name a registered key as shares are named, by its compressed point."""
    ecdsa = purpose.scheme is Scheme.ECDSA_SECP256K1
    return KeyId(purpose=purpose, public_key=PublicKey(registered.public_key).format() if ecdsa else registered.public_key)


async def check_all(custody: Custody, keys: Keys, block: Block) -> None:
    """Check every share in use against the chain at ``block``, and learn which keys are the network's own."""
    for purpose in NETWORK_KEYS:
        await find_network_keys(custody, keys, purpose, block)
    live = sorted(custody.live, key=lambda key: key.public_key)
    for start in range(0, len(live), AT_ONCE):
        await _check_some(custody, keys, live[start : start + AT_ONCE], block)


async def _check_some(custody: Custody, keys: Keys, some: Sequence[KeyId], block: Block) -> None:
    registered = await keys.registered([token_id(key.public_key) for key in some], block)
    for key in some:
        await check_share(custody, key, registered.get(token_id(key.public_key)))
