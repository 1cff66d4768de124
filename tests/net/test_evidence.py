"""What a third party can be shown."""

from __future__ import annotations

import secrets

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.net import reference
from tests.net.intruder import a_frame
from tests.net.reference import pack_evidence
from tests.net.town import SEATS, Town, running

from votive.net import EvidenceInvalid, Identity, Statement, recover_address, verify_evidence
from votive.net.evidence import statement_hash
from votive.terms.frame import Kind
from votive.terms.participant import Seat

STATEMENT_HASH = "10e7a567b8ad635f58b2ba20a63a66f81a89660cfa7ef65e383cab7f82bada49"
EVIDENCE = (
    "93b2766f746976652f65766964656e63652f763195c420111111111111111111111111111111111111111111111111111111111111111134020325c4"
    "413333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333"
    "333333333333"
)
HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def evidence_of(town: Town, identity: Identity, **place: object) -> bytes:
    frame = a_frame(town, identity, session=bytes(32), receiver=0, payload=b"said")
    statement = msgspec.structs.replace(frame.statement(identity.seat), **place)
    return pack_evidence(statement, frame.signature)


def test_a_third_party_is_convinced_by_what_was_said_where_it_was_said(town: Town) -> None:
    found = verify_evidence(evidence_of(town, town.identities[SEATS[1]]), b"said", committee=town.committee)
    assert found == Statement(session=bytes(32), kind=Kind.SIGN_ROUND1, attempt=0, sender=SEATS[1], receiver=0)


@pytest.mark.parametrize(
    "place", [{"session": b"\1" * 32}, {"kind": Kind.SIGN_ROUND2}, {"attempt": 1}, {"sender": Seat(200)}, {"receiver": 3}]
)
def test_evidence_moved_to_another_place_convinces_nobody(town: Town, place: dict[str, object]) -> None:
    with pytest.raises(EvidenceInvalid):
        verify_evidence(evidence_of(town, town.identities[SEATS[1]], **place), b"said", committee=town.committee)


def test_evidence_for_another_payload_or_network_convinces_nobody(town: Town) -> None:
    evidence = evidence_of(town, town.identities[SEATS[1]])
    with pytest.raises(EvidenceInvalid):
        verify_evidence(evidence, b"sad", committee=town.committee)
    with pytest.raises(EvidenceInvalid):
        verify_evidence(evidence, b"said", committee=msgspec.structs.replace(town.committee, network=bytes(32)))


DEEP = b"\x91" * 1700
"""Lists in lists: more than are followed, less than an abort holds."""


@pytest.mark.parametrize(
    "spoil", [lambda e: e[:-1], lambda e: e + b"\0", lambda e: b"", lambda e: b"\xc1" + e, lambda e: b"\x94" + e[1:] + DEEP]
)
def test_damaged_evidence_is_refused_as_such(town: Town, spoil: object) -> None:
    evidence = evidence_of(town, town.identities[SEATS[1]])
    with pytest.raises(EvidenceInvalid):
        verify_evidence(spoil(evidence), b"said", committee=town.committee)  # type: ignore[operator]


def test_nobody_outside_of_the_committee_is_accused(town: Town) -> None:
    with pytest.raises(EvidenceInvalid):
        verify_evidence(evidence_of(town, town.identities[SEATS[1]], sender=Seat(9)), b"said", committee=town.committee)


def test_the_second_form_of_a_signature_is_not_accepted(town: Town) -> None:
    identity = town.identities[SEATS[0]]
    digest = secrets.token_bytes(32)
    signature = identity.sign(digest)
    assert recover_address(digest, signature) == identity.address
    twin_s = ORDER - int.from_bytes(signature[32:64], "big")
    assert twin_s > HALF_ORDER
    with pytest.raises(ValueError, match="s low"):
        recover_address(digest, signature[:32] + twin_s.to_bytes(32, "big") + bytes([55 - signature[64]]))


@pytest.mark.parametrize("signature", [b"", bytes(64), bytes(65), bytes(64) + b"\x1b", b"\xff" * 64 + b"\x1b", bytes(64) + b"\x1d"])
def test_what_is_no_signature_recovers_nobody(signature: bytes) -> None:
    with pytest.raises(ValueError, match=r"signature|s is not low"):
        recover_address(bytes(32), signature)


def test_what_is_signed_and_kept_is_what_was_fixed() -> None:
    place = Statement(session=b"\x11" * 32, kind=Kind.SIGN_ROUND3, attempt=2, sender=Seat(3), receiver=37)
    assert statement_hash(b"\x22" * 32, place, b"payload").hex() == STATEMENT_HASH
    assert pack_evidence(place, b"\x33" * 65).hex() == EVIDENCE


async def test_what_a_peer_said_over_a_link_can_be_shown_to_others(town: Town) -> None:
    session = secrets.token_bytes(32)
    async with running(town.mesh(3), town.mesh(37)) as (listener, dialler):
        hears = listener.open(session)
        await dialler.open(session).send(Seat(3), Kind.SIGN_ROUND3, b"u and w", attempt=4)
        envelope = await hears.receive()
    assert envelope.evidence is not None
    found = verify_evidence(envelope.evidence, envelope.payload, committee=town.committee)
    assert found == Statement(session=session, kind=Kind.SIGN_ROUND3, attempt=4, sender=Seat(37), receiver=3)


places = st.builds(
    Statement,
    session=st.binary(min_size=32, max_size=32),
    kind=st.sampled_from(Kind),
    attempt=st.integers(0, 2**32 - 1) | st.sampled_from([0, 127, 128, 255, 256, 65_535, 65_536]),
    sender=st.integers(1, 255).map(Seat),
    receiver=st.integers(0, 255),
)


@settings(deadline=None)
@given(places, st.binary(max_size=300), st.binary(max_size=2000))
def test_the_compiled_statement_is_the_specified_one(place: Statement, network: bytes, payload: bytes) -> None:
    assert statement_hash(network, place, payload) == reference.statement_hash(network, place, payload)


@pytest.mark.parametrize(
    "place", [{"attempt": 2**32}, {"attempt": -1}, {"receiver": 256}, {"session": bytes(31)}, {"session": bytes(70_000)}]
)
def test_evidence_of_a_place_that_cannot_be_is_refused(town: Town, place: dict[str, object]) -> None:
    with pytest.raises(EvidenceInvalid):
        verify_evidence(evidence_of(town, town.identities[SEATS[1]], **place), b"said", committee=town.committee)
