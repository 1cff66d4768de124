"""Create a network's contracts, with its nodes registered in them.

The contracts know one another by addresses that follow from the deployer's account and nonce, so that none of them needs a setter.
All transactions are sent at once and then waited for.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

import msgspec
from eth_abi.abi import encode

from votive.chain.artifact import CONTRACT_NAMES, artifact
from votive.chain.endpoint import chain_id_of
from votive.chain.errors import TransactionFailed
from votive.chain.rpc import Rpc
from votive.chain.wallet import Fees, Mining, Receipt, Transaction, Wallet
from votive.terms import rlp
from votive.terms.contracts import RESOLVER_KEYS, Contracts
from votive.terms.encoding import bytes_of
from votive.terms.ethereum import checksum_address, keccak

ETHER = 10**18
MINED_WITHIN = 120.0
TRANSFER_GAS = 21_000
CREATION_GAS = {
    "Staking": 1_200_000,
    "PubkeyRouter": 3_200_000,
    "PKPPermissions": 3_200_000,
    "PKPNFT": 3_200_000,
    "PKPHelper": 1_700_000,
    "RateLimitNFT": 2_500_000,
    "Allowlist": 700_000,
    "LITToken": 2_500_000,
    "Multisender": 700_000,
    "PKPNFTMetadata": 1_800_000,
    "StakingBalances": 900_000,
    "HDKeyDeriver": 1_400_000,
    "ContractResolver": 900_000,
}
GAS_PER_NODE = 300_000
"""What a node adds to the creation of Staking."""

_REGISTRATION = "(uint256,address,string,uint32,uint128,uint32,uint16,bytes32,bytes32)"


class NodeEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A node to be registered; both the hash of its certificate and its X25519 key have 32 bytes."""

    seat: int
    address: str
    url: str
    peer_port: int
    certificate_hash: bytes
    x25519_key: bytes


class DeployConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What a new network is made of."""

    nodes: tuple[NodeEntry, ...]
    mint_cost: int = 1
    """Price of a mint in wei."""
    capacity_cost: int = 1
    """Price in wei of one request per kilosecond for one second, until its owner sets another; not 0."""
    epoch_length: int = 3600
    """Length of epoch 1 in seconds."""
    key_set: str = "naga-keyset1"
    """The name that callers of Lit's newer functions give to the network's one set of keys."""
    fund_wei: int = 100 * ETHER
    """Sent from the deployer to each node's wallet, which pays for its votes; 0 sends nothing."""
    owner_address: str | None = None
    """Who may set the prices of mints and of capacity and collect them, and keeps the Allowlist; the deployer by default."""
    token_supply: int = 1_000_000_000 * ETHER
    """How much of the token there is, ever, in its smallest unit (10^-18)."""
    token_holder: str | None = None
    """Who has all of it at first; the owner by default."""


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """A network's contracts as they were created; ``gas`` is what each one cost."""

    contracts: Contracts
    chain_id: int
    block: int
    """The block after which everything exists."""
    gas: dict[str, int]


async def deploy(rpc_url: str, deployer_key: bytes, config: DeployConfig) -> Deployment:
    """Create the contracts on the chain behind ``rpc_url``, paid by ``deployer_key``; TransactionFailed names what failed."""
    chain_id = await chain_id_of(rpc_url)
    wallet = Wallet(deployer_key)
    async with Rpc([rpc_url], chain_id=chain_id) as rpc:
        mining = Mining(rpc)
        nonce, fees = await mining.nonce(wallet.address), await mining.fees()
        contracts = precomputed(wallet.address, nonce)
        creations = _creations(config, contracts, wallet.address)
        sent = await _send_all(mining, wallet, [*creations, *_funding(config)], nonce, fees)
        receipts = [await _mined(mining, name, transaction_hash) for name, transaction_hash in sent]
    _check_addresses(contracts, receipts)
    return Deployment(
        contracts=contracts,
        chain_id=chain_id,
        block=max(int(receipt.block_number, 16) for receipt in receipts),
        gas={name: int(receipt.gas_used, 16) for name, receipt in zip(CONTRACT_NAMES, receipts, strict=False)},
    )


def precomputed(deployer: str, nonce: int) -> Contracts:
    """Return the addresses that the contracts get when ``deployer`` creates them in order, from ``nonce`` on."""
    at = {name: _created_address(deployer, nonce + place) for place, name in enumerate(CONTRACT_NAMES)}
    return Contracts.from_dict(at)


def _created_address(deployer: str, nonce: int) -> str:
    """keccak256 of the RLP list of creator and nonce, last 20 bytes (Ethereum yellow paper, section 7)."""
    return checksum_address(keccak(rlp.encode([bytes_of(deployer), nonce]))[12:])


class _Step(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction of the deployment before it has a nonce."""

    name: str
    gas: int
    data: bytes = b""
    to: str | None = None
    value: int = 0


def _creations(config: DeployConfig, contracts: Contracts, deployer: str) -> list[_Step]:
    arguments = constructor_arguments(config, contracts, config.owner_address or deployer)
    extra = {"Staking": GAS_PER_NODE * len(config.nodes)}
    return [
        _Step(name=name, gas=CREATION_GAS[name] + extra.get(name, 0), data=artifact(name).creation_code + arguments[name])
        for name in CONTRACT_NAMES
    ]


def constructor_arguments(config: DeployConfig, contracts: Contracts, owner: str) -> dict[str, bytes]:
    """Return the ABI-encoded constructor arguments of each contract."""
    nodes = sorted(config.nodes, key=lambda node: node.seat)
    of, nft = contracts, contracts.pkp_nft
    others = [contracts.as_dict()[name] for name in RESOLVER_KEYS]
    token_knows = (of.pubkey_router, of.pkp_permissions, of.pkp_nft_metadata, of.staking, of.pkp_helper)
    return {
        "Staking": encode([f"{_REGISTRATION}[]", "uint256"], [[_registration(node) for node in nodes], config.epoch_length]),
        "PubkeyRouter": encode(["address"] * 3, [of.staking, nft, of.hd_key_deriver]),
        "PKPPermissions": encode(["address", "address"], [nft, of.pubkey_router]),
        "PKPNFT": encode([*["address"] * 5, "uint256", "string", "address"], [*token_knows, config.mint_cost, config.key_set, owner]),
        "PKPHelper": encode(["address", "address"], [nft, of.pkp_permissions]),
        "RateLimitNFT": encode(["uint256", "address"], [config.capacity_cost, owner]),
        "Allowlist": encode(["address"], [owner]),
        "LITToken": encode(["uint256", "address"], [config.token_supply, config.token_holder or owner]),
        "Multisender": b"",
        "PKPNFTMetadata": encode(["address"], [nft]),
        "StakingBalances": encode(["address", "address"], [of.lit_token, of.staking]),
        "HDKeyDeriver": b"",
        "ContractResolver": encode(["address"] * len(others), others),
    }


def _registration(node: NodeEntry) -> tuple[object, ...]:
    """Lit's clients reach a node by IPv4 address and port only; 0 says that it has none and is reached by its URL."""
    url = urlsplit(node.url)
    port = url.port or (443 if url.scheme == "https" else 80)
    keys = (node.certificate_hash, node.x25519_key)
    return (node.seat, node.address, node.url, _ipv4(url.hostname or ""), 0, port, node.peer_port, *keys)


def _ipv4(host: str) -> int:
    if host == "localhost":
        host = "127.0.0.1"
    try:
        return int(ipaddress.IPv4Address(host))
    except ipaddress.AddressValueError:
        return 0


def _funding(config: DeployConfig) -> list[_Step]:
    if config.fund_wei == 0:
        return []
    return [_Step(name=f"funding of seat {node.seat}", gas=TRANSFER_GAS, to=node.address, value=config.fund_wei) for node in config.nodes]


async def _send_all(mining: Mining, wallet: Wallet, steps: Sequence[_Step], nonce: int, fees: Fees) -> list[tuple[str, str]]:
    sent: list[tuple[str, str]] = []
    for place, step in enumerate(steps):
        transaction = Transaction(to=step.to, data=step.data, value=step.value, gas=step.gas, nonce=nonce + place, fees=fees)
        sent.append((step.name, await mining.send(wallet, transaction)))
    return sent


async def _mined(mining: Mining, name: str, transaction_hash: str) -> Receipt:
    receipt = await mining.receipt(transaction_hash, MINED_WITHIN)
    if not receipt.succeeded:
        raise TransactionFailed(f"{name}: transaction {transaction_hash} reverted", retryable=False)
    return receipt


def _check_addresses(contracts: Contracts, receipts: Sequence[Receipt]) -> None:
    """Contracts that were created elsewhere than their neighbours were told would be worthless."""
    expected = contracts.as_dict()
    for name, receipt in zip(CONTRACT_NAMES, receipts, strict=False):
        if (receipt.contract_address or "").lower() != expected[name].lower():
            raise TransactionFailed(
                f"{name} is at {receipt.contract_address}, not at {expected[name]}: did another program use the account? Deploy again",
                retryable=True,
            )
