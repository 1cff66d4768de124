"""When an authorisation counts: one table for what a wallet signs for itself, what it delegates, and what a session key signs."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.auth.sessions import NOW, WALLET, Siwe, by_wallet, rfc3339, session
from tests.auth.worlds import Moment, a_world

from votive.auth import AuthPolicy, Credentials, Granting, InvalidAuthSig, InvalidSiweMessage
from votive.terms.binding import RequestBinding
from votive.terms.errors import CallerError

REQUEST = RequestBinding.of("/web/pkp/sign", "lit_1", {"pubkey": "0x04"})
DAY = 86_400.0
TABLE = [
    # issued, expires, the node's clock, fault: seconds from now
    (0.0, 300.0, 0.0, None),
    (0.0, 300.0, -59.0, None),
    (0.0, 300.0, -60.0, None),
    (0.0, 300.0, -60.001, "in the future"),
    (0.0, 300.0, -600.0, "in the future"),
    (0.0, 300.0, 299.0, None),
    (0.0, 300.0, 359.0, None),
    (0.0, 300.0, 360.0, "expired"),
    (0.0, 300.0, 600.0, "expired"),
    (0.0, 0.0, 0.0, None),
    (0.0, -0.001, 0.0, "before it was issued"),
    (0.0, -1.0, 0.0, "before it was issued"),
    (59.0, 100.0, 0.0, None),
    (61.0, 100.0, 0.0, "in the future"),
    (3600.0, 7200.0, 0.0, "in the future"),
    (-3600.0, -61.0, 0.0, "expired"),
    (-3600.0, -59.0, 0.0, None),
    (-3600.0, -3599.0, 0.0, "expired"),
    (-DAY, DAY, 0.0, None),
    (0.0, 30 * DAY, 0.0, None),
    (0.0, 30 * DAY + 0.001, 0.0, "30 days"),
    (0.0, 365 * DAY, 0.0, "30 days"),
    (-30 * DAY, 0.0, 0.0, None),
    (-31 * DAY, 1.0, 0.0, "30 days"),
    (-31 * DAY, -DAY, 0.0, "expired"),
    (0.0, 7200.0, 7200.0, None),
    (0.0, 7200.0, 7260.0, "expired"),
]
KINDS = ("wallet", "capability", "session")


WIDE: dict[str, Any] = {"issued": -DAY, "expires": 28 * DAY}
"""The times of whatever is not in question."""


def an_auth_sig(kind: str, **times: Any) -> dict[str, Any]:
    if kind == "wallet":
        return by_wallet(Siwe(uri="http://localhost", resources=(), **times).message())
    capability, signed = (times, WIDE) if kind == "capability" else (WIDE, times)
    return msgspec.to_builtins(session(capabilities=[by_wallet(Siwe(**capability).message())], **signed))


async def granted(kind: str, issued: float, expires: float, clock: float) -> str | None:
    """Return why nothing is granted; None if something is."""
    world = a_world(Moment(NOW + clock), policy=AuthPolicy(accept_bearer=True))
    try:
        grant = await Granting(world).grant(Credentials.of({"authSig": an_auth_sig(kind, issued=issued, expires=expires)}), REQUEST)
    except InvalidAuthSig as refusal:
        return refusal.message
    assert grant.address == WALLET.address
    return None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("issued", "expires", "clock", "fault"), TABLE)
async def test_an_authorisation_counts_in_its_time_give_or_take_a_minute(
    kind: str, issued: float, expires: float, clock: float, fault: str | None
) -> None:
    found = await granted(kind, issued, expires, clock)
    assert (found is None) == (fault is None), found
    if fault is not None:
        assert fault in (found or "")


@pytest.mark.parametrize("kind", KINDS)
async def test_the_same_moments_count_in_any_time_zone(kind: str) -> None:
    text = "2027-01-15T11:00:00+03:00"
    assert rfc3339(NOW) == "2027-01-15T08:00:00.000Z"
    world = a_world(Moment(NOW), policy=AuthPolicy(accept_bearer=True))
    siwe = Siwe(fields={"issued_at": text})
    if kind == "wallet":
        auth_sig = by_wallet(Siwe(uri="http://localhost", resources=(), fields={"issued_at": text}).message())
    elif kind == "capability":
        auth_sig = msgspec.to_builtins(session(capabilities=[by_wallet(siwe.message())]))
    else:
        auth_sig = msgspec.to_builtins(session(issuedAt=text))
    assert (await Granting(world).grant(Credentials.of({"authSig": auth_sig}), REQUEST)).issued_at <= NOW


@pytest.mark.parametrize(
    "fields",
    [
        {"expiration_time": None},
        {"issued_at": ""},
        {"issued_at": "2027-01-15"},
        {"issued_at": "2027-01-15T08:00:00"},
        {"issued_at": "1800000000"},
        {"issued_at": "2027-02-30T08:00:00Z"},
        {"expiration_time": "never"},
        {"expiration_time": "2027-01-15T08:00:60Z"},
        {"expiration_time": "2027-01-15T24:00:00Z"},
        {"not_before": "2027-01-15T09:00:00Z"},
    ],
)
async def test_a_time_that_is_missing_malformed_or_not_yet_come_is_refused(fields: dict[str, Any]) -> None:
    for siwe in (Siwe(fields=fields), Siwe(uri="http://localhost", resources=(), fields=fields)):
        auth_sig = by_wallet(siwe.message())
        sent = auth_sig if siwe.resources == () else msgspec.to_builtins(session(capabilities=[auth_sig]))
        with pytest.raises(CallerError) as refusal:
            await Granting(a_world(Moment(NOW), policy=AuthPolicy(accept_bearer=True))).grant(Credentials.of({"authSig": sent}), REQUEST)
        assert isinstance(refusal.value, InvalidAuthSig | InvalidSiweMessage)
