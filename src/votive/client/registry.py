"""The network as the chain states it: contracts, nodes, threshold, keys and their permissions."""

from __future__ import annotations

from typing import Any

import msgspec

from votive.client import abi
from votive.client.ask import Node
from votive.client.errors import BadArgument, Unreachable, WrongNetwork
from votive.client.network_key import NetworkKey
from votive.client.results import KeyState, PermittedMethod, Pkp
from votive.client.rpc import Refusal, Rpc
from votive.ipfs import cid_of_multihash
from votive.terms.auth_method import MethodType
from votive.terms.block import BlockFacts
from votive.terms.contracts import RESOLVER_KEYS, Contracts
from votive.terms.encoding import bytes_of, hex0x
from votive.terms.errors import ErrorCode
from votive.terms.ethereum import NO_ADDRESS, checksum_address, keccak, token_id_of, token_text
from votive.terms.key import Purpose
from votive.terms.session import network_id

ECDSA = 2
"""``keyType`` of ECDSA on secp256k1 in the contracts."""
BLS_KEY_BYTES = 48


class Committee(msgspec.Struct, frozen=True, kw_only=True):
    """The nodes of the current epoch."""

    epoch: int
    threshold: int
    nodes: tuple[Node, ...]


class Registry:
    """Reads the contracts of one network, always at the newest block."""

    def __init__(self, rpc: Rpc, contracts: Contracts, chain_id: int) -> None:
        self.rpc = rpc
        self.contracts = contracts
        self.chain_id = chain_id
        self.network = network_id(chain_id, contracts.resolver)
        self.keys_seen: dict[int, bytes] = {}
        self._network_keys: dict[Purpose, NetworkKey] = {}
        self._roots: tuple[bytes, ...] = ()

    @classmethod
    async def open(cls, rpc: Rpc, resolver: str) -> Registry:
        """Find the contracts of the network whose ContractResolver is at ``resolver``.

        Raises:
            WrongNetwork: there is no such contract on this chain, or another version of Votive made it.
        """
        chain_id = await rpc.number("eth_chainId")
        return cls(rpc, await _resolve(rpc, resolver), chain_id)

    async def read(self, contract: str, function: abi.Function, *arguments: Any) -> tuple[Any, ...]:
        """Call a view of ``contract``."""
        return function.read(await self.rpc.eth_call(contract, function.call(*arguments)))

    async def committee(self) -> Committee:
        """Read the nodes of the current epoch and their threshold."""
        epoch, threshold, members = await self.read(self.contracts.staking, abi.COMMITTEE)
        nodes = tuple(Node(seat=seat, url=url.rstrip("/"), address=address) for seat, address, url, *_ in members)
        return Committee(epoch=epoch, threshold=threshold, nodes=nodes)

    async def public_key(self, token_id: int) -> bytes:
        """Return the uncompressed public key of ``token_id`` (65 bytes); it never changes, so it is asked for once.

        Raises:
            BadArgument: the nodes never generated such a key.
        """
        if token_id not in self.keys_seen:
            (key,) = await self.read(self.contracts.pubkey_router, abi.GET_PUBKEY, token_id)
            if not key:
                raise BadArgument(
                    f"{token_text(token_id)} is no key of this network; `votive key list` shows those that are.", code=ErrorCode.UNKNOWN_KEY
                )
            if token_id_of(key) != token_id:
                raise WrongNetwork(f"the chain gives a public key for {token_text(token_id)} that does not hash to it.", retryable=False)
            self.keys_seen[token_id] = key
        return self.keys_seen[token_id]

    async def encryption_key(self) -> NetworkKey:
        """Return the network's encryption key; Unreachable if the nodes have not generated it yet."""
        return await self._generated(Purpose.ENCRYPTION_BLS, "encryption")

    async def session_key(self) -> NetworkKey:
        """Return the network's session key; Unreachable if the nodes have not generated it yet."""
        return await self._generated(Purpose.SESSION_BLS, "session")

    async def _generated(self, purpose: Purpose, name: str) -> NetworkKey:
        key = await self.network_key(purpose)
        if key is None:
            raise Unreachable(f"the nodes have not generated the network's {name} key yet. Wait a moment: see `votive status`.")
        return key

    async def newest_block(self) -> BlockFacts:
        """Return the newest block of the chain, final or not."""
        header = await self.rpc.call("eth_getBlockByNumber", "latest", False)
        return BlockFacts(number=int(header["number"], 16), hash=bytes_of(header["hash"]), timestamp=int(header["timestamp"], 16))

    async def network_key(self, purpose: Purpose) -> NetworkKey | None:
        """Return the network's own key of ``purpose``; None if there is none yet. It never changes, so it is asked for once.

        Raises:
            WrongNetwork: what the chain says of it makes no sense.
        """
        if purpose not in self._network_keys:
            (tokens,) = await self.read(self.contracts.pubkey_router, abi.KEYS_OF_PURPOSE, purpose.encode("ascii").ljust(32, b"\0"))
            if not tokens:
                return None
            self._network_keys[purpose] = await self._registered(tokens[0])
        return self._network_keys[purpose]

    async def root_keys(self) -> tuple[bytes, ...]:
        """Return the ten keys that claimed keys are derived from, 65 bytes each, in their order. They never change.

        Raises:
            Unreachable: the nodes have not generated them yet.
        """
        if not self._roots:
            (roots,) = await self.read(self.contracts.pubkey_router, abi.ROOT_KEYS, self.contracts.staking)
            self._roots = tuple(key for key, _ in roots)
        if not self._roots:
            raise Unreachable("the nodes have not generated the network's root keys yet. Wait a moment: see `votive status`.")
        return self._roots

    async def _registered(self, token_id: int) -> NetworkKey:
        (keys,) = await self.read(self.contracts.pubkey_router, abi.GET_KEYS, [token_id])
        registered, _, public_key, verification_hash, _ = keys[0]
        if not registered or int.from_bytes(keccak(public_key)) != token_id or len(public_key) != BLS_KEY_BYTES:
            raise WrongNetwork(
                f"the chain names a key of the network's own, {token_text(token_id)}, that does not hash to it.", retryable=False
            )
        return NetworkKey(public_key=public_key, verification_hash=verification_hash)

    async def knows(self, public_key: str) -> bool:
        """Whether ``public_key`` (uncompressed hex) is a key that the nodes generated to be minted."""
        key = bytes_of(public_key)
        try:
            return len(key) == 65 and await self.public_key(token_id_of(key)) == key
        except BadArgument:
            return False

    async def owner(self, token_id: int) -> str | None:
        """Return the owner of ``token_id``; None if it was burned or never minted."""
        (owner,) = await self.read(self.contracts.pkp_nft, abi.OWNER_OF_OR_ZERO, token_id)
        return None if int(owner, 16) == 0 else checksum_address(bytes_of(owner))

    async def was_minted(self, token_id: int) -> bool:
        """Whether ``token_id`` was ever minted: if nobody owns it now, it was burned."""
        return bool(await self.rpc.logs(self.contracts.pkp_nft, [abi.topic(abi.PKP_MINTED), abi.word(token_id)]))

    async def stock(self) -> int:
        """How many keys wait to be minted."""
        return int((await self.read(self.contracts.pubkey_router, abi.UNMINTED, ECDSA))[0])

    async def key_state(self, token_id: int) -> KeyState:
        """Read everything that the chain says of a key now."""
        pkp = Pkp.of(await self.public_key(token_id))
        (permitted,) = await self.read(self.contracts.pkp_permissions, abi.PERMITTED_METHODS, token_id)
        actions = tuple(cid_text(identifier) for kind, identifier, _ in permitted if kind == MethodType.ACTION)
        addresses = tuple(address_text(identifier) for kind, identifier, _ in permitted if is_address(kind, identifier))
        others = tuple(
            PermittedMethod(type=kind, id=hex0x(identifier), public_key=hex0x(public_key))
            for kind, identifier, public_key in permitted
            if kind != MethodType.ACTION and not is_address(kind, identifier)
        )
        return KeyState(
            token_id=pkp.token_id,
            public_key=pkp.public_key,
            eth_address=pkp.eth_address,
            owner=await self.owner(token_id),
            permitted_actions=actions,
            permitted_addresses=addresses,
            permitted_methods=others,
        )

    async def minted(self) -> tuple[int, ...]:
        """Return the tokens of all keys ever minted, oldest first, burned ones included."""
        logs = await self.rpc.logs(self.contracts.pkp_nft, [abi.topic(abi.PKP_MINTED)])
        return tuple(int(log["topics"][1], 16) for log in logs)


async def _resolve(rpc: Rpc, resolver: str) -> Contracts:
    keys = [keccak(key.encode()) for key in RESOLVER_KEYS.values()]
    try:
        raw = await rpc.eth_call(resolver, abi.GET_CONTRACTS.call(keys))
    except Refusal:  # a contract that has no such function
        raw = b""
    addresses = abi.GET_CONTRACTS.read(raw)[0] if raw else ()
    if len(addresses) != len(keys) or NO_ADDRESS in addresses:
        raise WrongNetwork(
            f"there is no ContractResolver of this version of Votive at {resolver} on the chain at {rpc.url}. Is this the chain of that "
            "network, and was it this version that made it?",
            retryable=False,
        )
    found = (checksum_address(bytes_of(address)) for address in addresses)
    return Contracts.from_dict({"ContractResolver": resolver} | dict(zip(RESOLVER_KEYS, found, strict=True)))


def cid_text(identifier: bytes) -> str:
    """Write an action's id as its CID, or as hex if it is no SHA-256 multihash."""
    return cid_of_multihash(identifier) if len(identifier) == 34 and identifier[:2] == b"\x12\x20" else hex0x(identifier)


def is_address(kind: int, identifier: bytes) -> bool:
    """Whether a permission is an address's; wallets may also stand as the hash of their name, which tells no address."""
    return kind == MethodType.ETH_WALLET and len(identifier) == 20


def address_text(identifier: bytes) -> str:
    """Write an address's id checksummed, or as hex if it has not 20 bytes."""
    return checksum_address(identifier) if len(identifier) == 20 else hex0x(identifier)
