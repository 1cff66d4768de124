"""What an action may ask of the node, stated by the one who asks. The node implements ``Host``, one object per run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from votive.terms.action import PermittedMethod


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

    async def claim_key(self, key_id: str, minter: str | None) -> None:
        """Sign that the key which this action calls ``key_id`` may be minted: by ``minter``, or where none is named by anybody."""
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

    async def is_permitted_auth_method(self, token_id: int, method_type: int, method_id: bytes) -> bool:
        """Say whether the key's permissions name this authentication method; ``method_id`` is as the chain holds it."""
        ...

    async def permitted_auth_methods(self, token_id: int) -> Sequence[PermittedMethod]:
        """Return all permitted authentication methods, actions and addresses among them."""
        ...

    async def permitted_auth_method_scopes(self, token_id: int, method_type: int, method_id: bytes, max_scope_id: int) -> Sequence[bool]:
        """Return for the scopes 0 to ``max_scope_id`` - 1 whether the method has each."""
        ...

    async def check_conditions(self, conditions: Sequence[Any], auth_sig: Mapping[str, Any] | None, chain: str | None) -> bool:
        """Evaluate unified access control conditions (parsed JSON, not yet judged) for whoever ``auth_sig`` proves.

        Without ``auth_sig``, for the caller of this run. ``:currentActionIpfsId`` is this run's action. ``chain`` picks among the
        signatures of an ``auth_sig`` that has several.
        """
        ...

    async def encrypt(self, conditions: Sequence[Any], plaintext: bytes) -> tuple[str, str]:
        """Encrypt to conditions under the network's key; return the ciphertext in base64 and the plaintext's SHA-256 in hex."""
        ...

    async def decrypt_and_combine(
        self, conditions: Sequence[Any], ciphertext: str, data_hash: str, auth_sig: Mapping[str, Any] | None, chain: str | None
    ) -> bytes:
        """Decrypt together with the other nodes that run this action; the plaintext goes to the run and nowhere else.

        ``ciphertext`` is what the action gave, meant to be base64; ``data_hash`` is 64 lower-case hex digits; the others are as in
        ``check_conditions``.
        """
        ...
