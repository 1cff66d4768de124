"""What an action may ask of the node, stated by the one who asks. The node implements ``Host``, one object per run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Host(Protocol):
    """The effects of one run. The object holds the run's grant; the arguments never widen it.

    Every method may raise any ``VotiveError`` (``HostRefusal`` is at hand): it is thrown in JavaScript as an ``Error`` with
    ``message``, ``errorCode`` and ``details``, and where nothing catches it, ``Pool.run`` raises that very object.

    ``public_key`` is 0x-prefixed lower-case hex of 33 or 65 bytes, ``sig_name`` 1 to 256 characters.
    """

    async def sign_ecdsa(self, to_sign: bytes, public_key: str, sig_name: str) -> None:
        """Contribute to a signature of ``to_sign``, 32 bytes."""
        ...

    async def personal_sign(self, message: bytes, public_key: str, sig_name: str) -> None:
        """Contribute to a signature of ``message`` under EIP-191 (``personal_sign``)."""
        ...

    async def is_permitted_action(self, token_id: int, ipfs_id: str) -> bool:
        """Say whether the key's permissions name this action."""
        ...

    async def is_permitted_address(self, token_id: int, address: str) -> bool:
        """Say whether the key's permissions name this address."""
        ...

    async def permitted_actions(self, token_id: int) -> Sequence[str]:
        """Return the CIDs of all permitted actions."""
        ...

    async def permitted_addresses(self, token_id: int) -> Sequence[str]:
        """Return all permitted addresses, EIP-55 checksummed."""
        ...

    async def pubkey_to_token_id(self, public_key: str) -> int:
        """Return the token id of a public key: keccak256 of its 65 bytes."""
        ...
