"""One request that shows a session, and what it is granted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.auth.sessions import NOW, session
from tests.auth.worlds import Moment, a_world

from votive.auth import (
    AuthSig,
    Credentials,
    Grant,
    Granting,
    World,
)
from votive.terms.binding import RequestBinding
from votive.terms.errors import CallerError

REQUEST = RequestBinding.of("/web/pkp/sign/v1", "lit_1", {"pubkey": "0x04"})
DAY = 86_400.0


def credentials(auth_sig: AuthSig) -> Credentials:
    return Credentials.of(
        {
            "authSig": {
                "sig": auth_sig.sig,
                "derivedVia": auth_sig.derived_via,
                "signedMessage": auth_sig.signed_message,
                "address": auth_sig.address,
                "algo": auth_sig.algo,
            }
        }
    )


async def grant(auth_sig: AuthSig, *, at: float = 0.0, world: World | None = None) -> Grant:
    moment = Moment(NOW + at)
    world = a_world(moment) if world is None else replace(world, now=lambda: NOW + at)
    return await Granting(world).grant(credentials(auth_sig), REQUEST)


async def refused(auth_sig: AuthSig, why: str, *, at: float = 0.0, world: World | None = None) -> CallerError:
    with pytest.raises(CallerError, match=why) as refusal:
        await grant(auth_sig, at=at, world=world)
    assert refusal.value.status in (400, 401)
    return refusal.value


async def refused_capability(capability: dict[str, Any], why: str, world: World | None = None) -> CallerError:
    return await refused(session(capabilities=[capability]), why, world=world)
