"""The stand-in engine's decryption keys, and a committee that makes one together.

H(id) = g^h with an h that everybody can compute, so that a share, H(id)^s = (g^s)^h, can be checked without a pairing. Anyone
could compute it from the verification share: that is what a simulation may do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping

from votive.protocol.decrypt import SHARE_BYTES, DecryptLimits, DecryptRequest, DecryptTools, decrypt_together
from votive.protocol.simulation.committee import Committee, outcomes
from votive.protocol.simulation.group import ELEMENT_BYTES, Group
from votive.protocol.simulation.keygen import ToyShare
from votive.protocol.simulation.loop import directly
from votive.protocol.simulation.steps import digest_of
from votive.terms.errors import PeerError, VotiveError
from votive.terms.participant import Seat


def toy_decryption_share(group: Group, share: ToyShare, identity: bytes) -> bytes:
    """The seat, then H(id)^s, padded to the length of the core's."""
    point = group.encode(group.exp(_exponent(identity) * share.secret))
    return bytes([share.seat]) + point.rjust(SHARE_BYTES - 1, b"\0")


def toy_fits(group: Group, share: ToyShare, identity: bytes, seat: Seat, given: bytes) -> bool:
    """Whether ``given`` is the decryption share of ``seat``, as ``share``'s verification shares have it."""
    point = _point(group, given)
    return point is not None and point == group.power(group.decode(share.verification_shares[seat]), _exponent(identity))


def toy_combine(group: Group, share: ToyShare, identity: bytes, given: Mapping[Seat, bytes]) -> bytes:
    """Return Π given_j^λ_j if it is the key's H(id)^secret; PeerError if not."""
    points = {seat: _point(group, value) for seat, value in given.items()}
    decoded = {seat: point for seat, point in points.items() if point is not None}
    key = group.product([group.power(point, group.lagrange(seat, decoded)) for seat, point in decoded.items()])
    if len(decoded) < len(given) or key != group.power(group.decode(share.public_key), _exponent(identity)):
        raise PeerError("the shares do not combine to a decryption key")
    return group.encode(key)


def _point(group: Group, given: bytes) -> int | None:
    try:
        return group.decode(given[-ELEMENT_BYTES:])
    except ValueError:
        return None


def _exponent(identity: bytes) -> int:
    return int.from_bytes(digest_of(b"identity", identity), "big")


async def decrypt_everywhere(
    committee: Committee,
    key: bytes,
    identity: bytes = b"identity",
    *,
    name: str = "request",
    identities: Mapping[Seat, bytes] | None = None,
    seats: Collection[Seat] | None = None,
    late: Mapping[Seat, float] | None = None,
    limits: DecryptLimits | None = None,
) -> dict[Seat, bytes | VotiveError]:
    """Decrypt at all nodes (or ``seats``) at once, each with its own identity and lateness; by seat the decryption key or the error."""

    async def at(seat: Seat) -> bytes:
        await asyncio.sleep((late or {}).get(seat, 0.0))
        return await decrypt_at(committee, seat, key, (identities or {}).get(seat, identity), name=name, limits=limits)

    approving = sorted(committee.seats if seats is None else seats)
    return dict(zip(approving, await outcomes(at(seat) for seat in approving), strict=True))


async def decrypt_at(
    committee: Committee, seat: Seat, key: bytes, identity: bytes, *, name: str = "request", limits: DecryptLimits | None = None
) -> bytes:
    """Run one node's part."""
    node, group, session = committee.nodes[seat], committee.group, committee.session(key, name)
    share = node.shares[key]
    tools = DecryptTools(
        clock=committee.clock,
        run=directly,
        combine=lambda given: toy_combine(group, share, identity, given),
        fits=lambda sender, given: toy_fits(group, share, identity, sender, given),
        reachable=lambda: committee.network.reachable(seat),
        observe=node.events.append,
    )
    request = DecryptRequest(identity=identity, share=toy_decryption_share(group, share, identity), threshold=committee.threshold)
    channel = committee.network.open(session, seat)
    try:
        return await decrypt_together(channel, request, tools, limits)
    finally:
        channel.close()
