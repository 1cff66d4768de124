"""Session ids: derived by every node for itself, never handed out."""

from __future__ import annotations

from votive.terms.encoding import HashInput, tagged_hash
from votive.terms.key import KeyId


class _Network(HashInput, frozen=True, kw_only=True, tag="votive/network/v1"):
    chain_id: int
    resolver: str


def network_id(chain_id: int, resolver: str) -> bytes:
    """Identify a network by its chain and its ContractResolver (lower-case 0x address), 32 bytes."""
    return tagged_hash(_Network(chain_id=chain_id, resolver=resolver.lower()))


class _Request(HashInput, frozen=True, kw_only=True, tag="votive/request/v1"):
    request_id: str
    caller: str
    endpoint: str
    body_hash: bytes


def request_hash(request_id: str, caller: str, endpoint: str, body_hash: bytes) -> bytes:
    """Bind a request: the caller chooses ``request_id``, so it never stands alone.

    ``caller`` is the authenticated address in lower case; ``body_hash`` is SHA-256 of the canonical JSON of the body
    without its authentication material (authSig, authMethods, epoch).
    """
    return tagged_hash(_Request(request_id=request_id, caller=caller.lower(), endpoint=endpoint, body_hash=body_hash))


class _OfCall(HashInput, frozen=True, kw_only=True):
    """One call within a request, to one key; each ceremony has a tag of its own."""

    network: bytes
    epoch: int
    purpose: str
    public_key: bytes
    request: bytes
    call: str
    ordinal: int


class _SigningSession(_OfCall, frozen=True, kw_only=True, tag="votive/session/sign/v1"):
    """A signature."""


def signing_session(network: bytes, epoch: int, key: KeyId, *, request: bytes, call: str, ordinal: int) -> bytes:
    """Name a signing session. The digest is left out, so that nodes that derived different digests meet and can say so.

    ``call`` is the signature's name (sigName; ``"pkpSign"`` for the endpoint), ``ordinal`` counts calls of that name in the run.
    """
    return tagged_hash(
        _SigningSession(
            network=network, epoch=epoch, purpose=key.purpose, public_key=key.public_key, request=request, call=call, ordinal=ordinal
        )
    )


class _DecryptionSession(_OfCall, frozen=True, kw_only=True, tag="votive/session/decrypt/v1"):
    """A decryption."""


def decryption_session(network: bytes, epoch: int, key: KeyId, *, request: bytes, call: str, ordinal: int) -> bytes:
    """Name a decryption among nodes. The identity is left out, so that nodes that derived different ones meet and can say so.

    ``call`` is the host call's name, ``ordinal`` counts calls of that name in the run.
    """
    return tagged_hash(
        _DecryptionSession(
            network=network, epoch=epoch, purpose=key.purpose, public_key=key.public_key, request=request, call=call, ordinal=ordinal
        )
    )


class _DkgSession(HashInput, frozen=True, kw_only=True, tag="votive/session/dkg/v1"):
    network: bytes
    epoch: int
    purpose: str
    batch: int
    deadline_block: int


def dkg_session(network: bytes, epoch: int, purpose: str, batch: int, deadline_block: int) -> bytes:
    """Name one attempt at a key-generation batch."""
    return tagged_hash(_DkgSession(network=network, epoch=epoch, purpose=purpose, batch=batch, deadline_block=deadline_block))


class _SetupSession(HashInput, frozen=True, kw_only=True, tag="votive/session/setup/v1"):
    network: bytes
    epoch: int
    lower_seat: int
    lower_nonce: bytes
    higher_seat: int
    higher_nonce: bytes
    counter: int


def setup_session(
    network: bytes, epoch: int, *, lower_seat: int, lower_nonce: bytes, higher_seat: int, higher_nonce: bytes, counter: int
) -> bytes:
    """Name one pairwise set-up between two running processes, by their boot nonces (16 bytes each)."""
    return tagged_hash(
        _SetupSession(
            network=network,
            epoch=epoch,
            lower_seat=lower_seat,
            lower_nonce=lower_nonce,
            higher_seat=higher_seat,
            higher_nonce=higher_nonce,
            counter=counter,
        )
    )


class _ControlSession(HashInput, frozen=True, kw_only=True, tag="votive/session/control/v1"):
    network: bytes
    epoch: int


def control_session(network: bytes, epoch: int) -> bytes:
    """Name the standing session in which nodes of an epoch announce batches and set-ups."""
    return tagged_hash(_ControlSession(network=network, epoch=epoch))
