"""Content addressing: CIDs, blocks, and files fetched from whoever has them without believing anybody.

What reaches over the network is imported by module, since the command line pays for every import:
``gateway.Gateways``, ``publish.publish``, and ``python -m votive.ipfs.server``.
"""

from __future__ import annotations

from votive.ipfs.blocks import BlockStore
from votive.ipfs.cid import Cid, Codec, cid_of_multihash, multihash_of
from votive.ipfs.errors import BadBlock, InvalidCid, IpfsError, TooLarge
from votive.ipfs.layout import Profile, blocks_of, cid_of

__all__ = [
    "BadBlock",
    "BlockStore",
    "Cid",
    "Codec",
    "InvalidCid",
    "IpfsError",
    "Profile",
    "TooLarge",
    "blocks_of",
    "cid_of",
    "cid_of_multihash",
    "multihash_of",
]
