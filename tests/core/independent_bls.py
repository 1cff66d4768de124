"""BLS signatures and encryption to identities a second time, in Python alone, from the papers and the format's description.

It shares nothing with the core: the curve is py_ecc's, HKDF and the formats are written here. Slow (half a second for a
pairing), not in constant time, for tests only. ``python tests/core/independent_bls.py`` prints new vectors.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from itertools import chain

from py_ecc.bls.g2_primitives import G1_to_pubkey, G2_to_signature, pubkey_to_G1, signature_to_G2
from py_ecc.bls.hash_to_curve import hash_to_G2
from py_ecc.optimized_bls12_381 import FQ12, G1, Z2, add, curve_order, field_modulus, multiply, normalize, pairing

DST = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_"
SALT = b"TIMELOCK_BLS12381_XOF:HKDF-SHA2-256_"


def public_key(secret: int) -> bytes:
    return bytes(G1_to_pubkey(multiply(G1, secret)))


def sign(secret: int, message: bytes) -> bytes:
    return bytes(G2_to_signature(multiply(hash_to_G2(message, DST, hashlib.sha256), secret)))


def verify(key: bytes, message: bytes, signature: bytes) -> bool:
    left = pairing(hash_to_G2(message, DST, hashlib.sha256), pubkey_to_G1(key))
    return bool(left == pairing(signature_to_G2(signature), G1))


def shares_of(secret: int, seats: list[int], threshold: int) -> dict[int, int]:
    """Shamir's sharing of a secret; seats are the x."""
    coefficients = [secret, *(secrets.randbelow(curve_order) for _ in range(threshold - 1))]
    return {seat: sum(a * seat**k for k, a in enumerate(coefficients)) % curve_order for seat in seats}


def combine(shares: Mapping[int, bytes]) -> bytes:
    """Interpolate signatures by seat at 0."""
    total = Z2
    for seat, signature in shares.items():
        weight = 1
        for other in shares:
            if other != seat:
                weight = weight * other * pow(other - seat, -1, curve_order) % curve_order
        total = add(total, multiply(signature_to_G2(signature), weight))
    return bytes(G2_to_signature(total))


def hash_to_scalar(data: bytes) -> int:
    """HKDF-SHA-256 (RFC 5869) of ``data`` ‖ 0 with the format's salt and info 0x0030, 48 bytes, modulo the order."""
    key = hmac.digest(SALT, data + b"\0", "sha256")
    first = hmac.digest(key, b"\0\x30\x01", "sha256")
    second = hmac.digest(key, first + b"\0\x30\x02", "sha256")
    return int.from_bytes((first + second)[:48], "big") % curve_order


def target_bytes(value: FQ12) -> bytes:
    """Write an element of the target group as two Fp6 of three Fp2 of two Fp, each 48 bytes big-endian.

    py_ecc has polynomials in w modulo w^12 − 2w^6 + 2; in the tower u = w^6 − 1 and v = w^2, so the Fp2 at w^i is
    (c_i + c_(i+6)) + c_(i+6)·u. Its pairing is another power: the format's is the inverse of its cube.
    """
    c = [int(coefficient) for coefficient in (value**3).inv().coeffs]
    pairs = [((c[i] + c[i + 6]) % field_modulus, c[i + 6]) for i in (0, 2, 4, 1, 3, 5)]
    return b"".join(number.to_bytes(48, "big") for number in chain(*pairs))


def leb128(value: int) -> bytes:
    out = b""
    while value >= 0x80:
        out += bytes([0x80 | value & 0x7F])
        value >>= 7
    return out + bytes([value])


def xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def mask(alpha: bytes, text: bytes) -> bytes:
    return xor(hashlib.shake_128(alpha).digest(len(text)), text)


def encrypt(key: bytes, identity: bytes, plaintext: bytes) -> bytes:
    alpha = secrets.randbelow(curve_order).to_bytes(32, "big")
    r = hash_to_scalar(alpha + hashlib.sha256(plaintext).digest())
    shared = pairing(hash_to_G2(identity, DST, hashlib.sha256), multiply(pubkey_to_G1(key), r))
    w = mask(alpha, (leb128(len(plaintext)) + plaintext).ljust(32, b"\0"))
    v = xor(alpha, hashlib.sha256(target_bytes(shared)).digest())
    return bytes(G1_to_pubkey(multiply(G1, r))) + v + leb128(len(w)) + w + b"\x02"


def decrypt(ciphertext: bytes, signature: bytes) -> bytes:
    """Open a canonical ciphertext of at most 16 383 bytes.

    Raises:
        ValueError: U does not fit.
    """
    u, v, rest = ciphertext[:48], ciphertext[48:80], ciphertext[80:]
    size, rest = take_length(rest)
    w = rest[:size]
    shared = pairing(signature_to_G2(signature), pubkey_to_G1(u))
    alpha = xor(v, hashlib.sha256(target_bytes(shared)).digest())
    length, padded = take_length(mask(alpha, w))
    plaintext = padded[:length]
    r = hash_to_scalar(alpha + hashlib.sha256(plaintext).digest())
    if normalize(multiply(G1, r)) != normalize(pubkey_to_G1(u)):
        raise ValueError("U does not fit")
    return plaintext


def take_length(data: bytes) -> tuple[int, bytes]:
    """Read a length of one or two bytes."""
    if data[0] < 0x80:
        return data[0], data[1:]
    return data[0] & 0x7F | data[1] << 7, data[2:]


def vectors() -> list[str]:
    """Make a key, signatures, shares and ciphertexts: a line each, fields in hexadecimal."""
    secret = secrets.randbelow(curve_order)
    key = public_key(secret)
    lines = []
    for number, size in enumerate((0, 9, 31, 300)):
        plaintext = secrets.token_bytes(size)
        identity = b"lit-accesscontrolcondition://%064x/%s" % (number, hashlib.sha256(plaintext).hexdigest().encode())
        signature = sign(secret, identity)
        lines.append(
            " ".join(
                ["ciphertext", *(field.hex() or "-" for field in (key, identity, signature, plaintext, encrypt(key, identity, plaintext)))]
            )
        )
    message = b"shared"
    shares = {seat: bytes([seat]) + sign(share, message) for seat, share in shares_of(secret, [3, 37, 200, 255], 3).items()}
    lines.append(" ".join(["shares", *(field.hex() for field in (key, message, sign(secret, message), *shares.values()))]))
    return lines


if __name__ == "__main__":
    print("\n".join(vectors()))
