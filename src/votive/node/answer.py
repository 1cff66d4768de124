"""Answers in the form Lit's SDK reads, with our ``signature`` beside its fields."""

from __future__ import annotations

from typing import Any

import msgspec

from votive.node.additive import share_of
from votive.node.approval import Made
from votive.terms.encoding import hex0x
from votive.terms.key import Signature
from votive.terms.participant import Seat


class SignatureBody(msgspec.Struct, frozen=True, kw_only=True):
    """The finished signature, the same from every node."""

    r: str
    s: str
    v: int


class ShareBody(msgspec.Struct, frozen=True, kw_only=True):
    """``signatureShare`` of ``/web/pkp/sign``: strings are JSON-quoted once more, as clients expect."""

    result: str = "fail"
    share_index: int = 0
    signature_share: str = ""
    big_r: str = ""
    public_key: str = ""
    digest: str = "fail"
    sig_type: str = ""


class PkpSignAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The answer of ``/web/pkp/sign``."""

    success: bool = True
    signed_data: tuple[int, ...]
    signature_share: ShareBody
    signature: SignatureBody


class SignedEntry(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One entry of ``signedData`` of ``/web/execute``."""

    sig_type: str
    data_signed: str
    signature_share: str
    share_index: int
    big_r: str
    public_key: str
    sig_name: str
    signature: SignatureBody


class ClaimEntry(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One entry of ``claimData`` of ``/web/execute``: hex without 0x, but for the minter."""

    signature: str
    """By this node's wallet over ``terms.claim.claim_digest``: r ‖ s ‖ v, 65 bytes."""
    derived_key_id: str
    minter: str
    """Who may mint with it, checksummed; all zeros: anybody."""


class ClaimAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The answer of ``/web/pkp/claim``, as above; the caller knows which minter he named."""

    signature: str
    derived_key_id: str


class ExecuteAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The answer of ``/web/execute``."""

    success: bool = True
    signed_data: dict[str, SignedEntry]
    decrypted_data: dict[str, Any] = {}
    claim_data: dict[str, ClaimEntry] = {}
    response: str
    logs: str


def quoted(text: str) -> str:
    """Quote ``text`` as JSON does, inside the string."""
    return f'"{text}"'


def big_r(signature: Signature) -> str:
    """The point R of a signature: r with the parity that the recovery id gives, 33 bytes in hex."""
    return f"{2 + signature.recovery_id:02x}{signature.r.hex()}"


def signature_body(signature: Signature) -> SignatureBody:
    """Write a signature with 0x-prefixed r and s of 32 bytes."""
    return SignatureBody(r=hex0x(signature.r), s=hex0x(signature.s), v=signature.v)


def pkp_sign_answer(made: Made, me: Seat) -> PkpSignAnswer:
    """Answer ``/web/pkp/sign``: our additive share if we were in the signing set, else a blank one."""
    signature = made.signed.signature
    share = share_of(me, made.signed.signers, made.session, signature)
    body = ShareBody()
    if share is not None:
        body = ShareBody(
            result="success",
            share_index=me,
            signature_share=quoted(share.hex()),
            big_r=quoted(big_r(signature)),
            public_key=quoted(made.share.public_key_uncompressed.hex()),
            digest=quoted(made.digest.hex()),
            sig_type="K256",
        )
    return PkpSignAnswer(signed_data=tuple(made.digest), signature_share=body, signature=signature_body(signature))


def signed_entry(name: str, made: Made, me: Seat) -> SignedEntry:
    """Write one signature of a run."""
    signature = made.signed.signature
    share = share_of(me, made.signed.signers, made.session, signature)
    return SignedEntry(
        sig_type="K256" if share is not None else "",
        data_signed=quoted(made.digest.hex()),
        signature_share=quoted(share.hex()) if share is not None else "",
        share_index=me if share is not None else 0,
        big_r=quoted(big_r(signature)) if share is not None else "",
        public_key=made.share.public_key_uncompressed.hex(),
        sig_name=name,
        signature=signature_body(signature),
    )


SESSION_CURVE = "BLS"
"""What Lit calls the curve of the network's session key, BLS12-381."""


class BlsShareBody(msgspec.Struct, frozen=True, kw_only=True, rename={"share": "ProofOfPossession"}):
    """``signatureShare`` of the network's own keys: the seat (1 byte) and a compressed point of G2 (96), in hex."""

    share: str


class EncryptionSignAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The answer of ``/web/encryption/sign``."""

    result: str = "success"
    signature_share: BlsShareBody
    share_index: int
    """The seat, which the share names as well."""


def encryption_sign_answer(share: bytes, me: Seat) -> EncryptionSignAnswer:
    """Write our share of a decryption key."""
    return EncryptionSignAnswer(signature_share=BlsShareBody(share=share.hex()), share_index=me)


class SignSessionKeyAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The answer of ``/web/sign_session_key``; hex without 0x."""

    result: str = "success"
    signature_share: BlsShareBody
    share_index: int
    """The seat, which the share names as well."""
    curve_type: str = SESSION_CURVE
    siwe_message: str
    data_signed: str
    """The message's digest, 32 bytes."""
    bls_root_pubkey: str
    """The network's session key, 48 bytes."""


def sign_session_key_answer(share: bytes, me: Seat, *, message: str, digest: bytes, public_key: bytes) -> SignSessionKeyAnswer:
    """Write our share of the network's signature over ``digest``, that of a session's ``message``."""
    return SignSessionKeyAnswer(
        signature_share=BlsShareBody(share=share.hex()),
        share_index=me,
        siwe_message=message,
        data_signed=digest.hex(),
        bls_root_pubkey=public_key.hex(),
    )
