"""Who this node is to its peers: a seat, a wallet, a certificate, and the nonce of this very process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from votive.core import WalletKey, recover_wallet
from votive.terms.ethereum import eth_address_of
from votive.terms.participant import Seat

BOOT_NONCE_BYTES = 16

Sign = Callable[[bytes], bytes]
"""32-byte hash → 65-byte wallet signature r ‖ s ‖ v, v 27 or 28, s low."""
Recover = Callable[[bytes, bytes], str]
"""32-byte hash, 65-byte signature → the signer's address; ValueError where there is none."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """One node, as it proves itself to its peers."""

    seat: Seat
    address: str
    """Wallet address, EIP-55 checksummed."""
    certificate_pem: bytes
    key_pem: bytes = field(repr=False)
    """PKCS #8, encrypted under ``key_password``."""
    key_password: bytes = field(repr=False)
    sign: Sign = field(repr=False)
    boot_nonce: bytes
    """16 bytes, drawn once by each process; another nonce is another process, whose one-time secrets are gone."""

    def __post_init__(self) -> None:
        """Refuse a boot nonce of another length."""
        if len(self.boot_nonce) != BOOT_NONCE_BYTES:
            raise ValueError(f"a boot nonce has {BOOT_NONCE_BYTES} bytes, not {len(self.boot_nonce)}")


def wallet_signer(private_key: bytes) -> Sign:
    """Return the function that signs 32-byte hashes with ``private_key`` (32 bytes; RFC 6979, low s)."""
    return WalletKey(private_key)


def recover_address(digest: bytes, signature: bytes) -> str:
    """Return the EIP-55 address that signed ``digest``; ValueError unless the signature is the one canonical form (low s)."""
    public_key = recover_wallet(digest, signature)
    if public_key is None:
        raise ValueError("a wallet signature is 65 bytes r ‖ s ‖ v over a 32-byte hash, v 27 or 28, s low, and a key that made it")
    return eth_address_of(public_key)
