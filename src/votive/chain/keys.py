"""Keys as the chain's register knows them: the generated ones, and those derived from the root keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from votive.chain.abi import Function
from votive.chain.errors import MalformedAnswer
from votive.chain.rpc import Rpc
from votive.terms.block import Block
from votive.terms.claim import ROOT_KEYS
from votive.terms.contracts import Contracts
from votive.terms.key import Purpose, Scheme

_KEYS = Function("getKeys(uint256[])", "(bool,bool,bytes,bytes32,(uint64,uint64,bytes32,uint256,uint64,bytes32))[]")
_OF_PURPOSE = Function("getKeysOfPurpose(bytes32)", "uint256[]")
_STOCK = Function("getUnmintedRoutedTokenIdCount(uint256)", "uint256")
_NEXT_BATCH = Function("nextBatch(uint64,bytes32)", "uint256")
_HAS_VOTED = Function("hasVoted(address,uint256[])", "bool[]")
_ROUTING = Function("getRoutingData(uint256)", "(bytes,uint256,bytes32)")
_ROOTS = Function("getRootKeys(address)", "(bytes,uint256)[]")


class RegisteredKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that more than two thirds of the nodes voted for; hashes of 32 bytes."""

    public_key: bytes
    """65 bytes, uncompressed, for ECDSA; 48 bytes, compressed, for BLS."""
    scheme: Scheme
    purpose: str
    mintable: bool
    epoch: int
    batch: int
    deadline_block: int
    verification_hash: bytes
    transcript_hash: bytes


class Routing(msgspec.Struct, frozen=True, kw_only=True):
    """The key of a token: one that is or was mintable, or one that was claimed."""

    public_key: bytes
    """SEC1 uncompressed point with its 0x04, 65 bytes."""
    derived_key_id: bytes
    """What the key is derived from, 32 bytes; all zero for a generated key."""

    @property
    def derived(self) -> bool:
        """Whether the key's shares follow from those of the root keys."""
        return any(self.derived_key_id)


class Keys:
    """Reads the register of public keys. Without a block the head is read, which decides nothing."""

    def __init__(self, rpc: Rpc, contracts: Contracts) -> None:
        self._rpc = rpc
        self._router = contracts.pubkey_router
        self._staking = contracts.staking

    async def registered(self, token_ids: Sequence[int], block: Block | None = None) -> dict[int, RegisteredKey]:
        """Return the registered keys among ``token_ids``; the others are absent."""
        (keys,) = await self._read(_KEYS, block, list(token_ids))
        try:
            return {token: _registered_key(key) for token, key in zip(token_ids, keys, strict=True) if key[0]}
        except ValueError as error:
            raise MalformedAnswer(f"the register at {self._router} describes no keys: {error}") from error

    async def of_purpose(self, purpose: Purpose, block: Block | None = None) -> list[RegisteredKey]:
        """Return the network's own keys of a purpose, the oldest first; empty for a mintable purpose."""
        (tokens,) = await self._read(_OF_PURPOSE, block, purpose_bytes(purpose))
        return list((await self.registered(tokens, block)).values()) if tokens else []

    async def routing(self, token_id: int, block: Block | None = None) -> Routing | None:
        """Return what key a token stands for, minted or not, burned or not; None for all other keys."""
        ((public_key, scheme, derived_key_id),) = await self._read(_ROUTING, block, token_id)
        if not public_key:
            return None
        self._check_point(public_key, scheme)
        return Routing(public_key=public_key, derived_key_id=derived_key_id)

    async def root_keys(self, block: Block | None = None) -> tuple[bytes, ...]:
        """Return the ``ROOT_KEYS`` root keys in their order, 65 bytes each; empty while they are not all registered."""
        (roots,) = await self._read(_ROOTS, block, self._staking)
        for public_key, scheme in roots:
            self._check_point(public_key, scheme)
        if roots and len(roots) != ROOT_KEYS:
            raise MalformedAnswer(f"the register at {self._router} told of {len(roots)} root keys, not {ROOT_KEYS}")
        return tuple(public_key for public_key, _ in roots)

    async def stock(self, block: Block | None = None, scheme: Scheme = Scheme.ECDSA_SECP256K1) -> int:
        """Return how many keys wait to be minted."""
        (count,) = await self._read(_STOCK, block, scheme.value)
        return int(count)

    async def next_batch(self, epoch: int, purpose: Purpose, block: Block | None = None) -> int:
        """Return one more than the highest batch that has a registered key; a failed batch leaves no trace here."""
        (number,) = await self._read(_NEXT_BATCH, block, epoch, purpose_bytes(purpose))
        return int(number)

    async def has_voted(self, address: str, token_ids: Sequence[int], block: Block | None = None) -> dict[int, bool]:
        """Return for each key whether the node of this address voted for it, in whatever version."""
        (voted,) = await self._read(_HAS_VOTED, block, address, list(token_ids))
        if len(voted) != len(token_ids):
            raise MalformedAnswer(f"the register at {self._router} told of {len(voted)} votes, not {len(token_ids)}")
        return dict(zip(token_ids, voted, strict=True))

    def _check_point(self, public_key: bytes, scheme: int) -> None:
        if scheme != Scheme.ECDSA_SECP256K1.value or len(public_key) != 65 or public_key[0] != 4:
            raise MalformedAnswer(f"the register at {self._router} describes no key of secp256k1: {public_key.hex()}")

    async def _read(self, function: Function, block: Block | None, *arguments: Any) -> tuple[Any, ...]:
        pin = None if block is None else block.hash
        return function.results(await self._rpc.eth_call(self._router, function.call(*arguments), pin))


def purpose_bytes(purpose: Purpose) -> bytes:
    """Return a purpose as the contracts write it: ASCII, padded with zero bytes to 32."""
    return purpose.value.encode("ascii").ljust(32, b"\0")


def _registered_key(key: tuple[Any, ...]) -> RegisteredKey:
    _, mintable, public_key, verification_hash, (epoch, batch, purpose, scheme, deadline_block, transcript_hash) = key
    return RegisteredKey(
        public_key=public_key,
        scheme=Scheme(scheme),
        purpose=purpose.rstrip(b"\0").decode("ascii"),
        mintable=mintable,
        epoch=epoch,
        batch=batch,
        deadline_block=deadline_block,
        verification_hash=verification_hash,
        transcript_hash=transcript_hash,
    )
