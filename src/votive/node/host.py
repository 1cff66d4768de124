"""What an action may ask of this node. The sandbox only asks; every answer is decided here, against chain and grant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from votive.auth import Grant
from votive.chain.permissions import Permissions
from votive.chain.token import token_id
from votive.ipfs import cid_of_multihash, multihash_of
from votive.node.approval import Approver, Call, Made, parse_public_key
from votive.node.claim import Claim, Notary
from votive.node.confidential import Confidential
from votive.node.permission import SharedBlocks
from votive.terms.action import PermittedMethod
from votive.terms.ethereum import address_of_text, personal_digest


class ChainHost:
    """What every run may read: the permissions that stand on chain, at a final block."""

    def __init__(self, permissions: Permissions, blocks: SharedBlocks) -> None:
        self._permissions, self._blocks = permissions, blocks

    async def is_permitted_action(self, token_id: int, ipfs_id: str) -> bool:
        """Return whether the action may sign with the token's key, at a final block."""
        permitted, _ = await self._permissions.is_permitted_action(token_id, multihash_of(ipfs_id), await self._blocks.final_block())
        return permitted

    async def is_permitted_address(self, token_id: int, address: str) -> bool:
        """Return whether the address owns the token or is permitted, at a final block."""
        block = await self._blocks.final_block()
        if await self._permissions.owner(token_id, block) == address_of_text(address):
            return True
        permitted, _ = await self._permissions.is_permitted_address(token_id, address_of_text(address), block)
        return permitted

    async def permitted_actions(self, token_id: int) -> Sequence[str]:
        """Return the CIDs of all actions that may sign with the token's key."""
        return [
            cid_of_multihash(action) for action in await self._permissions.permitted_actions(token_id, await self._blocks.final_block())
        ]

    async def permitted_addresses(self, token_id: int) -> Sequence[str]:
        """Return all addresses that may sign with the token's key, its owner first."""
        return await self._permissions.permitted_addresses(token_id, await self._blocks.final_block())

    async def is_permitted_auth_method(self, token_id: int, method_type: int, method_id: bytes) -> bool:
        """Return whether the authentication method may sign with the token's key, at a final block."""
        permitted, _ = await self._permissions.is_permitted_method(token_id, method_type, method_id, await self._blocks.final_block())
        return permitted

    async def permitted_auth_methods(self, token_id: int) -> Sequence[PermittedMethod]:
        """Return all methods that may sign with the token's key, actions and addresses among them."""
        methods = await self._permissions.permitted_methods(token_id, await self._blocks.final_block())
        return [PermittedMethod(type=method.type, id=method.id, user_pubkey=method.user_pubkey) for method in methods]

    async def permitted_auth_method_scopes(self, token_id: int, method_type: int, method_id: bytes, max_scope_id: int) -> Sequence[bool]:
        """Return for the scopes 0 to ``max_scope_id`` - 1 whether the method has each."""
        _, scopes = await self._permissions.is_permitted_method(token_id, method_type, method_id, await self._blocks.final_block())
        return [scope in scopes for scope in range(max_scope_id)]

    async def pubkey_to_token_id(self, public_key: str) -> int:
        """Return the token of a public key: keccak-256 of its 65 bytes."""
        return token_id(parse_public_key(public_key, "publicKey"))


class RunHost(ChainHost):
    """The host of one run: one action, by its computed CID, for one caller, in one request."""

    def __init__(
        self,
        *,
        approver: Approver,
        confidential: Confidential,
        notary: Notary,
        permissions: Permissions,
        blocks: SharedBlocks,
        grant: Grant,
        request: bytes,
    ) -> None:
        super().__init__(permissions, blocks)
        self._approver, self._confidential, self._notary = approver, confidential, notary
        self._grant, self._request = grant, request
        self._calls: Counter[str] = Counter()
        self.made: dict[str, Made] = {}
        """The signatures of this run by their name; a later one of the same name replaces the former."""
        self.claimed: dict[str, Claim] = {}
        """The claims of this run by the name that the action has for the key."""

    async def sign_ecdsa(self, to_sign: bytes, public_key: str, sig_name: str) -> None:
        """Sign the 32-byte digest ``to_sign``."""
        await self._sign(to_sign, public_key, sig_name, personal=False)

    async def personal_sign(self, message: bytes, public_key: str, sig_name: str) -> None:
        """Sign the EIP-191 hash of ``message``, computed here."""
        await self._sign(personal_digest(message), public_key, sig_name, personal=True)

    async def _sign(self, digest: bytes, public_key: str, sig_name: str, *, personal: bool) -> None:
        ordinal = self._calls[sig_name]
        self._calls[sig_name] += 1
        self.made[sig_name] = await self._approver.sign(
            Call(
                grant=self._grant,
                request=self._request,
                public_key=parse_public_key(public_key, "publicKey"),
                digest=digest,
                name=sig_name,
                ordinal=ordinal,
                personal_sign=personal,
            )
        )

    async def claim_key(self, key_id: str, minter: str | None) -> None:
        """Sign that the key which the action that runs calls ``key_id`` may be minted, by ``minter`` or whoever comes first."""
        self.claimed[key_id] = self._notary.claim_for_action(self._grant.actions[-1].cid, key_id, minter)

    async def check_conditions(self, conditions: Sequence[Any], auth_sig: Mapping[str, Any] | None, chain: str | None) -> bool:
        """Return whether unified conditions hold for whoever ``auth_sig`` proves, without one for the caller of this run."""
        return await self._confidential.check(conditions, auth_sig, chain)

    async def encrypt(self, conditions: Sequence[Any], plaintext: bytes) -> tuple[str, str]:
        """Encrypt to unified conditions; return the ciphertext in base64 and the plaintext's SHA-256 in hex."""
        return await self._confidential.encrypt(conditions, plaintext)

    async def decrypt_and_combine(
        self, conditions: Sequence[Any], ciphertext: str, data_hash: str, auth_sig: Mapping[str, Any] | None, chain: str | None
    ) -> bytes:
        """Decrypt together with the other nodes that run this action; the plaintext goes to the run and nowhere else."""
        return await self._confidential.decrypt(conditions, ciphertext, data_hash, auth_sig, chain)
