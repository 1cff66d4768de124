"""The network as its ContractResolver tells it: the contracts' addresses and the committee."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from votive.chain.abi import Function
from votive.chain.errors import CallReverted, MalformedAnswer, UnknownNetwork
from votive.chain.rpc import Rpc
from votive.terms.block import Block
from votive.terms.contracts import RESOLVER_KEYS, Contracts
from votive.terms.ethereum import NO_ADDRESS, address_of_text, keccak
from votive.terms.participant import Committee, Participant, Seat
from votive.terms.session import network_id

_GET_CONTRACTS = Function("getContracts(bytes32[])", "address[]")
_COMMITTEE = Function("committee()", "uint256,uint256,(uint256,address,string,uint16,bytes32,bytes32)[]")


class Registry:
    """Reads the network whose ContractResolver is at ``resolver``."""

    def __init__(self, rpc: Rpc, resolver: str) -> None:
        self._rpc = rpc
        self.resolver = address_of_text(resolver)
        self.network = network_id(rpc.chain_id, resolver)
        self._contracts: Contracts | None = None

    async def contracts(self) -> Contracts:
        """Return the contracts' addresses, which never change; UnknownNetwork if there is no resolver at the address."""
        if self._contracts is None:
            found = zip(RESOLVER_KEYS, await self._addresses(), strict=True)
            self._contracts = Contracts.from_dict({"ContractResolver": self.resolver} | dict(found))
        return self._contracts

    async def committee(self, block: Block) -> Committee:
        """Return the nodes of the current epoch at ``block``."""
        staking = (await self.contracts()).staking
        epoch, _, nodes = _COMMITTEE.results(await self._rpc.eth_call(staking, _COMMITTEE.call(), block.hash))
        try:
            return Committee(network=self.network, epoch=epoch, members=tuple(_participant(node) for node in nodes))
        except ValueError as error:
            raise MalformedAnswer(f"the registry at {staking} describes no committee: {error}") from error

    async def _addresses(self) -> list[str]:
        """Ask for all contracts at once, in the order of RESOLVER_KEYS."""
        keys = [keccak(key.encode()) for key in RESOLVER_KEYS.values()]
        try:
            returned = await self._rpc.eth_call(self.resolver, _GET_CONTRACTS.call(keys))
        except CallReverted as error:
            raise UnknownNetwork(
                f"the contract at {self.resolver} is no ContractResolver of this version of Votive: was the network made by another one?"
            ) from error
        if not returned:
            raise UnknownNetwork(f"there is no contract at {self.resolver}: is the resolver's address right for this chain?")
        (addresses,) = _GET_CONTRACTS.results(returned)
        if len(addresses) != len(keys):
            raise MalformedAnswer(f"the ContractResolver at {self.resolver} gives {len(addresses)} addresses for {len(keys)} names")
        missing = [key for key, address in zip(RESOLVER_KEYS.values(), addresses, strict=True) if address == NO_ADDRESS]
        if missing:
            raise UnknownNetwork(f"the ContractResolver at {self.resolver} names no {', '.join(missing)}")
        return [address_of_text(address) for address in addresses]


def _participant(node: tuple[Any, ...]) -> Participant:
    seat, address, url, peer_port, certificate_hash, x25519_key = node
    return Participant(
        seat=Seat(seat),
        address=address_of_text(address),
        url=url,
        peer_host=urlsplit(url).hostname or "",
        peer_port=peer_port,
        certificate_hash=certificate_hash,
        x25519_key=x25519_key,
    )
