"""Who this node is: chain wallet, peer certificate and sealing key, created once and kept sealed in one file.

The file exists before the node is registered, and so before any network does; its values are sealed to (node, name, version).
Two values are secrets that Python may hold (docs/threat-model.md): the wallet and the password of the TLS key.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from coincurve import PrivateKey

from votive.chain.token import eth_address
from votive.core import SealingKey, Vault
from votive.core.errors import SealError
from votive.net import certificate_hash, make_certificate
from votive.node.durable import write_durably
from votive.node.failure import ExitStatus, StartFailure
from votive.terms.encoding import HashInput, encode

FILE_NAME = "identity"
VERSION = 1


class _IdentityAd(HashInput, frozen=True, kw_only=True, tag="votive/identity/v1"):
    node: str
    name: str
    version: int = VERSION


def _ad(address: str, name: str) -> bytes:
    return encode(_IdentityAd(node=address.lower(), name=name))


class _IdentityFile(msgspec.Struct, frozen=True, kw_only=True, tag="votive/identity-file", array_like=True, forbid_unknown_fields=True):
    """What the file holds, as deterministic MessagePack."""

    version: int
    address: str
    certificate_pem: bytes
    key_pem: bytes
    """PKCS#8, encrypted with the password below."""
    sealed_password: bytes
    sealed_wallet: bytes
    sealed_x25519: bytes


@dataclass(frozen=True)
class NodeIdentityPublic:
    """What a node registers on chain."""

    address: str
    """EIP-55 checksummed."""
    certificate_hash: bytes
    """SHA-256 of the certificate in DER, 32 bytes."""
    x25519_key: bytes
    """32 bytes."""


@dataclass(frozen=True)
class NodeIdentity:
    """The opened identity of the running node."""

    public: NodeIdentityPublic
    certificate_pem: bytes
    key_pem: bytes = field(repr=False)
    key_password: bytes = field(repr=False)
    wallet_key: bytes = field(repr=False)
    """Private key of the node's account on chain, 32 bytes."""
    sealing: SealingKey = field(repr=False)


def create_identity(directory: Path, vault: Vault) -> NodeIdentityPublic:
    """Draw a new identity and write it, durably, to ``directory``; an existing one is returned, never replaced."""
    file = directory / FILE_NAME
    if file.exists():
        return load_identity(directory, vault).public
    wallet, password, sealing = PrivateKey(), secrets.token_hex(32).encode(), SealingKey.generate()
    address = eth_address(wallet.public_key.format(compressed=False))
    certificate_pem, key_pem = make_certificate(address, password)
    stored = _IdentityFile(
        version=VERSION,
        address=address,
        certificate_pem=certificate_pem,
        key_pem=key_pem,
        sealed_password=vault.seal(_ad(address, "tls-password"), password),
        sealed_wallet=vault.seal(_ad(address, "wallet"), wallet.secret),
        sealed_x25519=sealing.sealed(vault, _ad(address, "x25519")),
    )
    write_durably(file, encode(stored))
    return NodeIdentityPublic(address, certificate_hash(certificate_pem), sealing.public_key)


def load_identity(directory: Path, vault: Vault) -> NodeIdentity:
    """Open the identity in ``directory``; StartFailure if there is none, it is damaged, or the key-encryption key is another."""
    stored = _read(directory / FILE_NAME)
    try:
        password = vault.open(_ad(stored.address, "tls-password"), stored.sealed_password)
        wallet_key = vault.open(_ad(stored.address, "wallet"), stored.sealed_wallet)
        sealing = SealingKey.unsealed(vault, _ad(stored.address, "x25519"), stored.sealed_x25519)
    except SealError as error:
        raise StartFailure(
            f"{directory / FILE_NAME} does not open with this key-encryption key. Use the key it was created with, or restore the file.",
            ExitStatus.KEY_ENCRYPTION_KEY,
        ) from error
    public = NodeIdentityPublic(stored.address, certificate_hash(stored.certificate_pem), sealing.public_key)
    return NodeIdentity(public, stored.certificate_pem, stored.key_pem, password, wallet_key, sealing)


def _read(file: Path) -> _IdentityFile:
    try:
        stored = msgspec.msgpack.decode(file.read_bytes(), type=_IdentityFile)
    except FileNotFoundError as error:
        raise StartFailure.configuration(
            f"there is no node identity at {file}. Correct node.data_directory, or create one with votive.node.init.create."
        ) from error
    except (OSError, msgspec.MsgspecError) as error:
        raise StartFailure(
            f"the node identity {file} cannot be read: {error}. Restore it from a backup.", ExitStatus.STORE_BROKEN
        ) from error
    if stored.version != VERSION:
        raise StartFailure(
            f"{file} has format {stored.version}; this Votive reads {VERSION}. Run the version that wrote it, or a newer one.",
            ExitStatus.STORE_BROKEN,
        )
    return stored
