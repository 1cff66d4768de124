"""Ed25519 as session keys sign (RFC 8032), verified strictly: one signature has one encoding, and no key signs everything.

OpenSSL compares R byte by byte and refuses S outside of its range. What it lets pass is refused here: public keys and points R of
small order, under which one signature fits several messages or keys, and encodings beyond the field's prime (Chalkias, Garillot,
Nikolaenko: "Taming the many EdDSAs", 2020).
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_P = 2**255 - 19
_Y_MASK = 2**255 - 1
_ORDER_8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
"""The y of two points of order 8; the y of the other two is its negative."""
_SMALL = frozenset({0, 1, _P - 1, _ORDER_8, _P - _ORDER_8})
"""The y of every point whose order divides 8."""


def verify_strictly(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Say whether ``signature`` (64 bytes) is one of ``public_key`` (32 bytes) over ``message``."""
    if len(public_key) != 32 or len(signature) != 64 or not (_is_sound(public_key) and _is_sound(signature[:32])):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _is_sound(point: bytes) -> bool:
    y = int.from_bytes(point, "little") & _Y_MASK
    return y < _P and y not in _SMALL
