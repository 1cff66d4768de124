"""The network's contracts on an EVM inside this process, called by name, with custom errors as exceptions."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import eth_tester.exceptions
from coincurve import PrivateKey
from eth_abi.abi import decode, encode
from eth_tester import EthereumTester, PyEVMBackend
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from votive.chain.artifact import CONTRACT_NAMES, artifact
from votive.chain.deploy import DeployConfig, NodeEntry, constructor_arguments, precomputed
from votive.chain.token import eth_address, token_id

MINT_COST = 10
GAS = 9_000_000
ECDSA = 2
PKP = b"pkp-ecdsa".ljust(32, b"\0")
ROOT = b"root-ecdsa".ljust(32, b"\0")
BLS = 1
ENCRYPTION = b"encryption-bls".ljust(32, b"\0")
SESSION = b"session-bls".ljust(32, b"\0")
BLS_FIELD = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
SCHEMES = {PKP: ECDSA, ROOT: ECDSA, ENCRYPTION: BLS, SESSION: BLS}


class Reverted(Exception):
    """A contract reverted with the custom error ``name``."""

    def __init__(self, name: str, arguments: tuple[Any, ...]) -> None:
        super().__init__(f"{name}{arguments}")
        self.name = name


def type_of(parameter: dict[str, Any]) -> str:
    if not parameter["type"].startswith("tuple"):
        return parameter["type"]
    return "(" + ",".join(type_of(part) for part in parameter["components"]) + ")" + parameter["type"][5:]


def signature_of(entry: dict[str, Any]) -> str:
    return f"{entry['name']}({','.join(type_of(parameter) for parameter in entry['inputs'])})"


def entries(kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name in CONTRACT_NAMES:
        yield from ((name, entry) for entry in artifact(name).abi if entry["type"] == kind)


ERRORS = {keccak(text=signature_of(entry))[:4]: entry for _, entry in entries("error")}
EVENTS = {
    (keccak(text=signature_of(entry)), sum(parameter["indexed"] for parameter in entry["inputs"])): entry for _, entry in entries("event")
}
"""By topic and number of indexed fields: the Transfer of ERC-20 and that of ERC-721 differ in nothing else."""


@dataclass(frozen=True)
class Event:
    name: str
    address: str
    values: dict[str, Any]


class Contract:
    """One deployed contract: ``contract.mintNext(2, sender=a, value=1)`` sends, ``contract.view(...)`` calls.

    An overload is chosen by its number of arguments, or by full signature: ``contract["mintNext(uint256)"](2)``.
    """

    def __init__(self, evm: Evm, name: str, address: str) -> None:
        self._evm = evm
        self.address = address
        self._functions = [entry for entry in artifact(name).abi if entry["type"] == "function"]

    def __getattr__(self, name: str) -> Any:
        def invoke(*arguments: Any, **options: Any) -> Any:
            return self._invoke(self._choose(name, len(arguments)), arguments, **options)

        return invoke

    def __getitem__(self, signature: str) -> Any:
        (entry,) = [entry for entry in self._functions if signature_of(entry) == signature]

        def invoke(*arguments: Any, **options: Any) -> Any:
            return self._invoke(entry, arguments, **options)

        return invoke

    def _choose(self, name: str, count: int) -> dict[str, Any]:
        found = [entry for entry in self._functions if entry["name"] == name and len(entry["inputs"]) == count]
        assert len(found) == 1, f"{name} with {count} arguments: {[signature_of(entry) for entry in found]}"
        return found[0]

    def _invoke(self, entry: dict[str, Any], arguments: Sequence[Any], sender: str | None = None, value: int = 0) -> Any:
        types = [type_of(parameter) for parameter in entry["inputs"]]
        data = keccak(text=signature_of(entry))[:4] + encode(types, arguments)
        if entry["stateMutability"] in ("view", "pure"):
            returned = self._evm.call(self.address, data, sender)
            values = decode([type_of(parameter) for parameter in entry["outputs"]], returned)
            return values[0] if len(values) == 1 else values
        return self._evm.send(self.address, data, sender, value)


class Evm:
    """A chain in memory with a committee of ``seats`` and all contracts deployed."""

    def __init__(self, seats: Sequence[int] = (1, 2, 3, 4), mint_cost: int = MINT_COST) -> None:
        self.tester = EthereumTester(PyEVMBackend())
        self.accounts = list(self.tester.get_accounts())
        self.deployer, self.alice, self.bob, self.eve, self.mallory = self.accounts[:5]
        self.wallets = {seat: self._funded(seat) for seat in seats}
        config = DeployConfig(nodes=tuple(self._node(seat) for seat in seats), mint_cost=mint_cost)
        nonce = self.tester.get_nonce(self.deployer)
        self.addresses = precomputed(self.deployer, nonce)
        arguments = constructor_arguments(config, self.addresses, self.deployer)
        for name in CONTRACT_NAMES:
            self._create(name, arguments[name])
        at = self.addresses.as_dict()
        self.staking = Contract(self, "Staking", at["Staking"])
        self.router = Contract(self, "PubkeyRouter", at["PubkeyRouter"])
        self.permissions = Contract(self, "PKPPermissions", at["PKPPermissions"])
        self.nft = Contract(self, "PKPNFT", at["PKPNFT"])
        self.helper = Contract(self, "PKPHelper", at["PKPHelper"])
        self.capacity = Contract(self, "RateLimitNFT", at["RateLimitNFT"])
        self.resolver = Contract(self, "ContractResolver", at["ContractResolver"])
        self.allowlist = Contract(self, "Allowlist", at["Allowlist"])
        self.token = Contract(self, "LITToken", at["LITToken"])
        self.multisender = Contract(self, "Multisender", at["Multisender"])
        self.metadata = Contract(self, "PKPNFTMetadata", at["PKPNFTMetadata"])
        self.balances = Contract(self, "StakingBalances", at["StakingBalances"])
        self.deriver = Contract(self, "HDKeyDeriver", at["HDKeyDeriver"])

    @property
    def threshold(self) -> int:
        return 2 * len(self.wallets) // 3 + 1

    @property
    def chain_id(self) -> int:
        return int(self.tester.backend.chain.chain_id)

    @property
    def block_number(self) -> int:
        """The number of the newest mined block."""
        return self.tester.get_block_by_number("latest")["number"]

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Undo at the end whatever happened to the chain within."""
        before = self.tester.take_snapshot()
        try:
            yield
        finally:
            self.tester.enable_auto_mine_transactions()
            self.tester.revert_to_snapshot(before)

    @property
    def now(self) -> int:
        """The time of the newest mined block, in seconds."""
        return self.tester.get_block_by_number("latest")["timestamp"]

    def wait_until(self, timestamp: int) -> None:
        """Mine one block that has this time."""
        self.tester.time_travel(timestamp)
        self.tester.mine_block()

    def mine(self, blocks: int = 1) -> None:
        self.tester.mine_blocks(blocks)

    def send(self, to: str, data: bytes, sender: str | None, value: int) -> list[Event]:
        """Send a transaction and return its events; Reverted if it reverts."""
        transaction = {
            "from": sender or self.deployer,
            "to": to,
            "data": "0x" + data.hex(),
            "value": value,
            "gas": GAS,
            "gas_price": 10**10,
        }
        transaction_hash = self.tester.send_transaction(transaction)
        receipt = self.tester.get_transaction_receipt(transaction_hash)
        if not receipt["status"]:
            self.call(to, data, sender, value)
            raise Reverted("unknown", ())
        self.gas_used = receipt["gas_used"]
        return [event_of(log) for log in receipt["logs"]]

    def submit(self, contract: Contract, signature: str, arguments: Sequence[Any], *, sender: str, value: int = 0) -> str:
        """Send a transaction without waiting for a block, and return its hash."""
        types = signature[signature.index("(") + 1 : -1].split(",")
        data = "0x" + (keccak(text=signature)[:4] + encode(types, arguments)).hex()
        wanted = {"from": sender, "to": contract.address, "data": data, "value": value, "gas": 1_000_000, "gas_price": 10**10}
        return self.tester.send_transaction(wanted)

    def call(self, to: str, data: bytes, sender: str | None = None, value: int = 0) -> bytes:
        question = {"from": sender or self.deployer, "to": to, "data": "0x" + data.hex(), "value": value, "gas": GAS, "gas_price": 10**10}
        try:
            return bytes.fromhex(self.tester.call(question)[2:])
        except eth_tester.exceptions.TransactionFailed as error:
            raise reverted(error) from None

    def vote(self, seat: int, header: tuple[Any, ...], keys: Sequence[tuple[bytes, bytes]]) -> list[Event]:
        return self.router.voteForKeys(header, list(keys), sender=self.wallets[seat])

    def register(self, count: int = 1, purpose: bytes = PKP, start: int = 0) -> list[int]:
        """Have t nodes vote for keys that no other call of this function makes, and return their token ids."""
        self._batch = getattr(self, "_batch", 0) + 1
        vote_of = bls_key_vote if SCHEMES[purpose] == BLS else key_vote
        keys = [vote_of(f"{self._batch}/{start + place}") for place in range(count)]
        header = self.header(batch=self._batch, purpose=purpose)
        for seat in list(self.wallets)[: self.threshold]:
            self.vote(seat, header, keys)
        return [token_id(public_key) for public_key, _ in keys]

    def header(
        self,
        *,
        epoch: int = 1,
        batch: int = 1,
        purpose: bytes = PKP,
        scheme: int | None = None,
        deadline: int = 1_000_000,
        transcript: bytes = b"t" * 32,
    ) -> tuple[Any, ...]:
        return (epoch, batch, purpose, SCHEMES.get(purpose, ECDSA) if scheme is None else scheme, deadline, transcript)

    def mint(self, owner: str) -> int:
        """Register and mint one key for ``owner`` and return its token id."""
        self.register()
        return self.nft.mintNext(ECDSA, sender=owner, value=MINT_COST)[0].values["tokenId"]

    def _node(self, seat: int) -> NodeEntry:
        return NodeEntry(
            seat=seat,
            address=self.wallets[seat],
            url=f"http://127.0.0.1:{7000 + seat}",
            peer_port=9000 + seat,
            certificate_hash=hashlib.sha256(b"certificate %d" % seat).digest(),
            x25519_key=hashlib.sha256(b"x25519 %d" % seat).digest(),
        )

    def _funded(self, seat: int) -> str:
        secret = hashlib.sha256(b"node %d" % seat).digest()
        address = eth_address(PrivateKey(secret).public_key.format())
        if address in self.tester.get_accounts():
            return address
        self.tester.add_account("0x" + secret.hex())
        self.tester.send_transaction({"from": self.accounts[9], "to": address, "value": 10**20, "gas": 21000, "gas_price": 10**10})
        return address

    def _create(self, name: str, arguments: bytes) -> None:
        data = "0x" + (artifact(name).creation_code + arguments).hex()
        sent = self.tester.send_transaction({"from": self.deployer, "to": "", "data": data, "gas": GAS, "gas_price": 10**10})
        receipt = self.tester.get_transaction_receipt(sent)
        assert receipt["status"], name
        assert receipt["contract_address"] == self.addresses.as_dict()[name], name


def key_vote(seed: str) -> tuple[bytes, bytes]:
    """A public key and the hash of its verification shares, both determined by ``seed``."""
    secret = PrivateKey(hashlib.sha256(seed.encode()).digest())
    return secret.public_key.format(compressed=False), hashlib.sha256(b"shares " + seed.encode()).digest()


def bls_key_vote(seed: str) -> tuple[bytes, bytes]:
    """The same for BLS12-381: flags and an x of the field; the contract does not look at the curve."""
    x = int.from_bytes(hashlib.sha384(seed.encode()).digest()) % BLS_FIELD
    return (1 << 383 | x).to_bytes(48), hashlib.sha256(b"shares " + seed.encode()).digest()


def multihash(name: str) -> bytes:
    """An action's CID as its multihash."""
    return b"\x12\x20" + hashlib.sha256(name.encode()).digest()


def event_of(log: dict[str, Any]) -> Event:
    entry = EVENTS[bytes.fromhex(log["topics"][0][2:]), len(log["topics"]) - 1]
    indexed = [parameter for parameter in entry["inputs"] if parameter["indexed"]]
    plain = [parameter for parameter in entry["inputs"] if not parameter["indexed"]]
    values = dict(zip([p["name"] for p in plain], decode([type_of(p) for p in plain], bytes.fromhex(log["data"][2:])), strict=True))
    for parameter, topic in zip(indexed, log["topics"][1:], strict=True):
        (values[parameter["name"]],) = decode([type_of(parameter)], bytes.fromhex(topic[2:]))
    return Event(entry["name"], to_checksum_address(log["address"]), values)


def reverted(error: eth_tester.exceptions.TransactionFailed) -> Reverted:
    """The tester gives what a contract said as the text of a bytes literal."""
    said = str(error)
    data = ast.literal_eval(said) if said.startswith(("b'", 'b"')) else b""
    entry = ERRORS.get(data[:4])
    if entry is None:
        return Reverted(said, ())
    return Reverted(entry["name"], decode([type_of(p) for p in entry["inputs"]], data[4:]))
