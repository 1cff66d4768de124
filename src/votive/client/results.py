"""What a client gets back. Hex is 0x-prefixed and lower-case; addresses are EIP-55 checksummed."""

from __future__ import annotations

import msgspec

from votive.client.refusal import Fault
from votive.core import verify
from votive.terms.encoding import bytes_of, hex0x
from votive.terms.ethereum import eth_address_of, token_id_of, token_text


class Pkp(msgspec.Struct, frozen=True, kw_only=True):
    """A programmable key pair."""

    token_id: str
    """keccak256 of the uncompressed public key, 32 bytes."""
    public_key: str
    """SEC1 uncompressed, 65 bytes: 0x04…"""
    eth_address: str

    @classmethod
    def of(cls, public_key: bytes) -> Pkp:
        """Describe the key with this uncompressed public key (65 bytes)."""
        return cls(token_id=token_text(token_id_of(public_key)), public_key=hex0x(public_key), eth_address=eth_address_of(public_key))


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction that is in a block and did not revert."""

    hash: str
    block: int


class Minted(Pkp, frozen=True, kw_only=True):
    """A PKP just minted."""

    owner: str | None
    """None if it was burned in the same transaction."""
    transaction: Transaction


class PermittedMethod(msgspec.Struct, frozen=True, kw_only=True):
    """An authentication method that may use a key; see docs/authorisation.md."""

    type: int
    id: str
    """0x hex of what stands for the user on chain, mostly keccak256 of ``user:application``."""
    public_key: str
    """Of a passkey, 0x hex of its COSE_Key; else ``0x``."""


class KeyState(Pkp, frozen=True, kw_only=True):
    """A PKP as the chain shows it now."""

    owner: str | None
    """None if the token was burned."""
    permitted_actions: tuple[str, ...]
    """CIDs."""
    permitted_addresses: tuple[str, ...]
    permitted_methods: tuple[PermittedMethod, ...] = ()
    """Users who sign in by other means than an action or an address."""


class EcdsaSignature(msgspec.Struct, frozen=True, kw_only=True):
    """An ECDSA signature on secp256k1. Those that a client returns were verified against the key read from the chain."""

    digest: str
    r: str
    s: str
    v: int
    """27 or 28."""
    public_key: str

    @property
    def signature(self) -> str:
        """The 65 bytes r ‖ s ‖ v."""
        return self.r + self.s[2:] + f"{self.v:02x}"

    def verify(self) -> bool:
        """Whether this is a signature of ``digest`` by ``public_key``, with low s and the right v."""
        try:
            key, digest, r, s = (bytes_of(text) for text in (self.public_key, self.digest, self.r, self.s))
            return self.v in (27, 28) and verify(key, digest, r, s, self.v - 27)
        except ValueError:
            return False


class SignResult(msgspec.Struct, frozen=True, kw_only=True):
    """A digest signed at its caller's wish."""

    signature: EcdsaSignature
    request_id: str
    nodes: tuple[int, ...]
    """Seats that gave this signature."""
    timings_ms: dict[str, float]
    faults: tuple[Fault, ...] = ()
    """Nodes that answered with something else."""


class KeyClaim(msgspec.Struct, frozen=True, kw_only=True):
    """What at least t nodes signed: the key of this id may be minted."""

    derived_key_id: str
    """32 bytes."""
    minter: str | None
    """The only account that may mint it with these signatures; None: whoever has them."""
    public_key: str
    """SEC1 uncompressed, 65 bytes: computed of the network's root keys."""
    signatures: tuple[str, ...]
    """r ‖ s ‖ v of the nodes' wallets, 65 bytes each; all verified."""
    nodes: tuple[int, ...]
    """Seats that signed, in the signatures' order."""


class ExecuteResult(msgspec.Struct, frozen=True, kw_only=True):
    """An action that ran."""

    cid: str
    response: str
    logs: str
    signatures: dict[str, EcdsaSignature]
    claims: dict[str, KeyClaim]
    """Keys of its own that the action claimed, by its names for them, as far as t nodes signed: ``Network.mint_claimed``."""
    request_id: str
    nodes: tuple[int, ...]
    """Seats that gave this response and these signatures."""
    timings_ms: dict[str, float]
    faults: tuple[Fault, ...] = ()
    """Nodes that answered with something else."""


class Decrypted(msgspec.Struct, frozen=True, kw_only=True):
    """Content that its conditions let be decrypted. Its representation does not show it."""

    data: bytes
    request_id: str
    nodes: tuple[int, ...]
    """Seats whose shares were used."""
    timings_ms: dict[str, float]
    faults: tuple[Fault, ...] = ()
    """Nodes that gave something else than their share."""

    @property
    def text(self) -> str:
        """The content as text; UnicodeDecodeError if it is none in UTF-8."""
        return self.data.decode("utf-8")

    def __repr__(self) -> str:
        return f"<Decrypted {len(self.data)} bytes by nodes {', '.join(map(str, self.nodes))}>"


class DecryptedFile(msgspec.Struct, frozen=True, kw_only=True):
    """Content that was decrypted into a file."""

    size: int
    request_id: str
    nodes: tuple[int, ...]
    """Seats whose shares were used."""
    timings_ms: dict[str, float]
    faults: tuple[Fault, ...] = ()
    """Nodes that gave something else than their share."""
