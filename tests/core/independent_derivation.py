"""Derivation of keys from root keys, written for the vectors alone: affine arithmetic on integers and the standard library.

Source: RFC 9380, sections 5.2 (hash_to_field) and 5.3.1 (expand_message_xmd); SEC 2, section 2.4.1 (secp256k1).
``python tests/core/independent_derivation.py > tests/vectors/hd/independent.json`` writes the vectors.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)
DOMAIN = b"LIT_HD_KEY_ID_K256_XMD:SHA-256_SSWU_RO_NUL_"
SDK_VECTORS = Path(__file__).parent.parent / "vectors" / "hd" / "lit-sdk.json"

Point = tuple[int, int] | None


def expand_message_xmd(message: bytes, domain: bytes, length: int) -> bytes:
    """RFC 9380, section 5.3.1, with SHA-256: blocks of 64 bytes, digests of 32."""
    tail = domain + bytes([len(domain)])
    first = hashlib.sha256(bytes(64) + message + length.to_bytes(2, "big") + b"\0" + tail).digest()
    blocks = [hashlib.sha256(first + b"\x01" + tail).digest()]
    for number in range(2, -(-length // 32) + 1):
        mixed = bytes(a ^ b for a, b in zip(first, blocks[-1], strict=True))
        blocks.append(hashlib.sha256(mixed + bytes([number]) + tail).digest())
    return b"".join(blocks)[:length]


def tweak(derived_key_id: bytes) -> int:
    """t of an id: hash_to_field with one element of L = 48 bytes, modulo the group's order."""
    return int.from_bytes(expand_message_xmd(derived_key_id, DOMAIN, 48), "big") % N


def add(left: Point, right: Point) -> Point:
    """The group law, affine."""
    if left is None or right is None:
        return left or right
    if left[0] == right[0]:
        if (left[1] + right[1]) % P == 0:
            return None
        slope = 3 * left[0] ** 2 * pow(2 * left[1], -1, P) % P
    else:
        slope = (right[1] - left[1]) * pow(right[0] - left[0], -1, P) % P
    x = (slope * slope - left[0] - right[0]) % P
    return x, (slope * (left[0] - x) - left[1]) % P


def times(scalar: int, point: Point) -> Point:
    """scalar·point, bit by bit."""
    total: Point = None
    for bit in bin(scalar % N)[2:]:
        total = add(total, total)
        if bit == "1":
            total = add(total, point)
    return total


def encoded(point: Point) -> str:
    """SEC1, uncompressed, in hex."""
    assert point is not None
    return "04" + point[0].to_bytes(32, "big").hex() + point[1].to_bytes(32, "big").hex()


def decoded(text: str) -> Point:
    """Read what ``encoded`` writes."""
    return int(text[2:66], 16), int(text[66:], 16)


def derive(roots: list[Point], derived_key_id: bytes) -> Point:
    """The child's public key: the sum of t to the power i times root i."""
    total: Point = None
    for number, root in enumerate(roots):
        total = add(total, times(pow(tweak(derived_key_id), number, N), root))
    return total


def derive_secret(roots: list[int], derived_key_id: bytes) -> int:
    """The child's secret, of the roots'."""
    return sum(pow(tweak(derived_key_id), number, N) * root for number, root in enumerate(roots)) % N


def vectors() -> dict[str, object]:
    """The networks and ids of the SDK's vectors, with t and the child's secret beside what is derived of public keys alone."""
    networks = []
    for network in json.loads(SDK_VECTORS.read_text())["networks"]:
        secrets = [int.from_bytes(hashlib.sha256(f"{network['label']}, root {number}".encode()).digest(), "big") for number in range(10)]
        roots = [times(secret, G) for secret in secrets]
        keys = []
        for key in network["keys"]:
            identity = bytes.fromhex(key["derivedKeyId"])
            public, secret = derive(roots, identity), derive_secret(secrets, identity)
            assert public == times(secret, G)
            named = {"t": f"{tweak(identity):064x}", "secret": f"{secret:064x}", "publicKey": encoded(public)}
            keys.append({"derivedKeyId": key["derivedKeyId"], **named})
        networks.append({"label": network["label"], "roots": [encoded(root) for root in roots], "keys": keys})
    return {"networks": networks}


if __name__ == "__main__":
    print(json.dumps(vectors(), indent=1))
