"""Whatever is sent, signed or not: it is granted as it should be, or refused in the caller's terms; nothing else ever happens."""

from __future__ import annotations

import base64
import json
import random
from typing import Any

from eth_account.messages import encode_defunct
from tests.auth.sessions import BOTH, KEY, NOW, WALLET, by_network, public
from tests.auth.sessions import Siwe as Message
from tests.auth.test_network_session import a_pkp_session
from tests.auth.worlds import Moment, Network, a_world

from votive.auth import Credentials, Grant, Granting
from votive.terms.binding import RequestBinding
from votive.terms.errors import CallerError
from votive.terms.recap import URN, Recap

ROUNDS = 4_000
REQUEST = RequestBinding.of("/web/execute/v1", "lit_1", {})
ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**64, 10**400, 1.5, "", "*", "x", "\x00", "é", "\ud800", "lit-pkp", "pkp-signing", "0x", "../",
    [], {}, [None], {"": ""}, "lit:session:" + "0" * 64, "2100-01-01T00:00:00Z", "http://127.0.0.1:7470", "EIP1271", "lit.bls",
    "[" * 3000, {"ProofOfPossession": "00"},
)  # fmt: skip


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value, as the way to it."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way, *(place for name, part in inside for place in places(part, (*way, name)))]


def altered(value: Any, chance: random.Random) -> Any:
    """Replace, remove, repeat or rename one thing in a JSON value."""
    value = json.loads(json.dumps(value))
    way = chance.choice(places(value)[1:] or [()])
    if not way:
        return chance.choice(ODD)
    holder = value
    for name in way[:-1]:
        holder = holder[name]
    act = chance.randrange(4)
    if act == 0 and isinstance(holder, list):
        holder.append(holder[way[-1]])
    elif act == 1:
        del holder[way[-1]]
    elif act == 2 and isinstance(holder, dict):
        holder[str(chance.choice(("", "x", "lit-pkp://*", "Auth/Auth", "prf")))] = holder.pop(way[-1])
    else:
        holder[way[-1]] = chance.choice(ODD)
    return value


def a_recap(chance: random.Random, recap: Recap) -> str:
    """A ReCap's URI, perhaps of altered details."""
    details = json.loads(recap.to_json())
    if chance.random() < 0.4:
        details = altered(details, chance)
    data = json.dumps(details, separators=(",", ":"), sort_keys=chance.random() < 0.9).encode()
    return URN + base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def a_capability(chance: random.Random) -> dict[str, Any]:
    """A capability that its signer did sign, whatever it says; or one by the network."""
    if chance.random() < 0.3:
        made = a_pkp_session()
        text = made["signedMessage"]
        recap = Recap.decode(text.rpartition("- ")[2])
        message = Message(recap=recap, resources=(a_recap(chance, recap),), address=made["address"]).message()
        return by_network(message, Network.sign)
    siwe = Message(resources=(a_recap(chance, Recap.of(BOTH)),), statement=chance.choice((Recap.of(BOTH).statement("Sign in."), "…")))
    text = siwe.message().to_text()
    if chance.random() < 0.2:
        at = chance.randrange(len(text))
        text = text[:at] + chance.choice("\n 0Zé:/-") + text[at + 1 :]
    sig = "0x" + bytes(WALLET.sign_message(encode_defunct(text=text)).signature).hex()
    return {"sig": sig, "derivedVia": "web3.eth.personal.sign", "signedMessage": text, "address": WALLET.address}


def a_request(chance: random.Random) -> dict[str, Any]:
    """A request with a session signature that is the session key's own, over a text that may be anything."""
    signed: Any = {
        "sessionKey": public(KEY),
        "resourceAbilityRequests": [{"resource": {"resource": "*", "resourcePrefix": "lit-pkp"}, "ability": "pkp-signing"}],
        "capabilities": [a_capability(chance)],
        "issuedAt": "2027-01-15T08:00:00Z",
        "expiration": "2027-01-15T08:05:00Z",
        "nodeAddress": "http://127.0.0.1:7470",
    }
    for _ in range(chance.choice((0, 0, 1, 1, 2))):
        signed = altered(signed, chance)
    text = json.dumps(signed, ensure_ascii=chance.random() < 0.9)
    auth_sig: Any = {
        "sig": KEY.sign(text.encode(errors="replace")).hex(),
        "derivedVia": "litSessionSignViaNacl",
        "signedMessage": text,
        "address": public(KEY),
        "algo": "ed25519",
    }
    body: Any = {"authSig": auth_sig, "authMethods": [{"authMethodType": 1, "accessToken": "carol"}]}
    return dict(altered(body, chance)) if chance.random() < 0.2 else body


def is_sound(grant: Grant) -> bool:
    return grant.session_key == public(KEY) and grant.capabilities.within(BOTH) and grant.address is not None


async def test_four_thousand_odd_requests_are_granted_as_they_should_or_refused_in_the_callers_terms() -> None:
    chance, granting = random.Random(1271), Granting(a_world(Moment(NOW)))
    granted = refused = 0
    for _ in range(ROUNDS):
        try:
            body = a_request(chance)
        except (TypeError, ValueError):
            continue  # altered beyond what is a body
        try:
            grant = await granting.grant(Credentials.of(body), REQUEST)
        except CallerError as error:
            assert 400 <= error.status < 500
            refused += 1
        else:
            assert is_sound(grant)
            granted += 1
    assert min(granted, refused) > ROUNDS / 10, (granted, refused)
