"""The codec: what is read is what was written, however the stream is cut, and nothing else is read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.net import reference
from tests.net.reference import Frame, encode_frame, said

from votive.net.errors import LinkFault, Reason
from votive.net.frame import LINK_KINDS, PREFIX, ROUTE, VERSION, Cut, Deframer, read_prefix, reader_of
from votive.net.hello import Hello, ack_of
from votive.net.tls import preamble
from votive.terms.encoding import encode
from votive.terms.frame import PAYLOAD_LIMIT, Kind
from votive.terms.participant import Seat

HELLO_BYTES = (
    "96af766f746976652f68656c6c6f2f763101c42011111111111111111111111111111111111111111111111111111111111111110725c41022222222"
    "222222222222222222222222"
)
HELLO_ACK = "ae471da9f35cbffb9600c59c6565fdefa059619b510cb9d138eedbed20a378b7"
SENDER = Seat(200)
PROTOCOL_KINDS = sorted(set(Kind) - LINK_KINDS)

frames = st.builds(
    Frame,
    session=st.binary(min_size=32, max_size=32),
    kind=st.sampled_from(PROTOCOL_KINDS),
    attempt=st.integers(0, 2**32 - 1),
    receiver=st.integers(0, 255),
    signature=st.binary(min_size=65, max_size=65),
    payload=st.integers(0, 1024).map(lambda size: b"\xa5" * size) | st.just(bytes(40_000)),
)


def _fits(frame: Frame) -> bool:
    return len(frame.payload) <= PAYLOAD_LIMIT[frame.kind]


def _feed(deframer: Deframer, data: bytes, pieces: list[int]) -> list[Cut]:
    found: list[Cut] = []
    sizes = iter(pieces)
    while data:
        room = deframer.buffer()
        count = min(next(sizes, len(room)), len(room), len(data))
        room[:count] = data[:count]
        data = data[count:]
        found.extend(deframer.filled(count))
    return found


@settings(deadline=None)
@given(st.lists(frames.filter(_fits), max_size=6), st.lists(st.integers(1, 20_000), max_size=40))
def test_frames_are_read_as_written_however_the_stream_is_cut(sent: list[Frame], pieces: list[int]) -> None:
    stream = b"".join(map(encode_frame, sent))
    found = _feed(Deframer(SENDER), stream, pieces)
    assert list(map(said, found)) == sent
    assert found == [reference.read(SENDER, kind, body) for kind, body in reference.cut(stream)]


def test_a_frame_larger_than_the_window_is_read_like_any_other() -> None:
    small = Frame(session=b"\x11" * 32, kind=Kind.SIGN_READY, attempt=1, receiver=0, signature=b"\x22" * 65, payload=b"small")
    large = Frame(session=b"\x11" * 32, kind=Kind.DKG_REVEAL, attempt=2, receiver=0, signature=b"\x22" * 65, payload=b"\xa5" * 700_000)
    stream = b"".join(map(encode_frame, (small, large, small)))
    assert list(map(said, _feed(Deframer(SENDER), stream, [90_000, 1, 100_000]))) == [small, large, small]


prefixes = st.builds(
    lambda kind, length, version: PREFIX.pack(length, version, kind),
    st.sampled_from([int(kind) for kind in Kind]) | st.integers(0, 255),
    st.integers(0, 300) | st.integers(0, 2**32 - 1),
    st.sampled_from([VERSION] * 9 + [0, 2, 255]),
)


@settings(deadline=None)
@given(st.lists(prefixes | st.binary(max_size=300), max_size=8).map(b"".join), st.lists(st.integers(1, 64), max_size=40))
def test_any_bytes_are_judged_as_specified(data: bytes, pieces: list[int]) -> None:
    try:
        specified = [reference.read(SENDER, kind, body) for kind, body in reference.cut(data)]
    except LinkFault as fault:
        with pytest.raises(LinkFault) as caught:
            _feed(Deframer(SENDER), data, pieces)
        assert (caught.value.reason, caught.value.message) == (fault.reason, fault.message)
    else:
        assert _feed(Deframer(SENDER), data, pieces) == specified


@settings(deadline=None)
@given(frames.filter(_fits), st.data())
def test_a_changed_byte_gives_another_frame_or_none(frame: Frame, data: st.DataObject) -> None:
    wire = bytearray(encode_frame(frame))
    at = data.draw(st.integers(0, len(wire) - 1))
    wire[at] ^= data.draw(st.integers(1, 255))
    try:
        found = [said(cut) for cut in _feed(Deframer(SENDER), bytes(wire), []) if cut[0] not in LINK_KINDS]
    except LinkFault:
        return
    assert found != [frame]


def test_a_body_shorter_than_its_route_is_refused_by_the_reader_itself() -> None:
    with pytest.raises(ValueError, match="route"):
        reader_of(SENDER).read(Kind.SIGN_READY, bytearray(101))
    with pytest.raises(ValueError, match="no such kind"):
        reader_of(SENDER).read(99, bytearray(200))


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_a_limit_and_one_byte_more_is_refused_before_anything_is_allocated(kind: Kind) -> None:
    route = 0 if kind in LINK_KINDS else ROUTE.size
    assert read_prefix(PREFIX.pack(route + PAYLOAD_LIMIT[kind], VERSION, kind)) == (kind, route + PAYLOAD_LIMIT[kind])
    with pytest.raises(LinkFault) as caught:
        read_prefix(PREFIX.pack(route + PAYLOAD_LIMIT[kind] + 1, VERSION, kind))
    assert caught.value.reason is Reason.OVERSIZED


@pytest.mark.parametrize("kind", PROTOCOL_KINDS)
def test_a_frame_shorter_than_its_route_is_refused(kind: Kind) -> None:
    with pytest.raises(LinkFault) as caught:
        read_prefix(PREFIX.pack(ROUTE.size - 1, VERSION, kind))
    assert caught.value.reason is Reason.MALFORMED


@pytest.mark.parametrize("prefix", [PREFIX.pack(0, VERSION + 1, Kind.PING), PREFIX.pack(0, VERSION, 0), PREFIX.pack(0, VERSION, 255)])
def test_another_version_or_an_unknown_kind_is_refused(prefix: bytes) -> None:
    with pytest.raises(LinkFault) as caught:
        read_prefix(prefix)
    assert caught.value.reason is Reason.MALFORMED


def test_the_preamble_is_the_one_that_was_fixed() -> None:
    assert preamble(Seat(37), b"\xab\xcd").hex() == b"votive".hex() + "01" + "25" + "0002" + "abcd"


def test_the_hello_is_the_one_that_was_fixed() -> None:
    hello = Hello(protocol=1, network=b"\x11" * 32, epoch=7, seat=37, boot_nonce=b"\x22" * 16)
    assert encode(hello).hex() == HELLO_BYTES
    assert ack_of(hello).hex() == HELLO_ACK


def test_the_wire_format_is_the_one_that_was_fixed() -> None:
    frame = Frame(session=b"\x11" * 32, kind=Kind.SIGN_READY, attempt=2, receiver=37, signature=b"\x22" * 65, payload=b"\x33\x44")
    assert encode_frame(frame).hex() == "00000068" + "01" + "30" + "11" * 32 + "00000002" + "25" + "22" * 65 + "3344"
