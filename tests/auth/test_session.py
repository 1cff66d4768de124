"""A session key has what was delegated to it, at one node, for its time, and nothing more."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.auth.granting import DAY, REQUEST, credentials, grant, refused, refused_capability
from tests.auth.sessions import (
    BOTH,
    KEY,
    NOW,
    OTHER_KEY,
    OTHER_WALLET,
    SIGNING,
    WALLET,
    Siwe,
    by_wallet,
    public,
    requests,
    rfc3339,
    session,
)
from tests.auth.worlds import BLOCK, Contracts, Moment, a_world

from votive.auth import (
    Credentials,
    Granting,
    InvalidAuthSig,
    UnsupportedAuthSig,
    delegation,
    node_address_of,
)
from votive.auth.ed25519 import _SMALL, verify_strictly
from votive.auth.rfc import unix_time
from votive.terms.block import Block
from votive.terms.capability import NOTHING, Ability, Capabilities, Resource
from votive.terms.ethereum import personal_digest
from votive.terms.recap import Recap

# What is granted


async def test_a_session_acts_for_the_wallet_that_delegated_to_it() -> None:
    found = await grant(session())
    assert (found.address, found.session_key, found.bound) == (WALLET.address, public(KEY), False)
    assert found.capabilities == BOTH
    assert (found.issued_at, found.expires_at) == (NOW, NOW + 300)
    assert found.caller == WALLET.address.lower()


async def test_a_session_has_what_it_asks_for_and_what_was_delegated_whichever_is_less() -> None:
    asked = requests(("pkp-signing", "lit-pkp", "0xAB"), ("access-control-condition-decryption", "lit-accesscontrolcondition", "*"))
    found = await grant(session(resourceAbilityRequests=asked))
    assert found.capabilities == Capabilities.of((Ability.PKP_SIGNING, Resource.pkp(0xAB)))
    one = by_wallet(Siwe(Capabilities.of((Ability.PKP_SIGNING, Resource.pkp(7)))).message())
    assert (await grant(session(capabilities=[one]))).capabilities == Capabilities.of((Ability.PKP_SIGNING, Resource.pkp(7)))


async def test_a_session_that_asks_for_nothing_has_nothing() -> None:
    assert (await grant(session(resourceAbilityRequests=[]))).capabilities == NOTHING


async def test_a_grant_runs_out_with_the_first_of_its_parts() -> None:
    short = by_wallet(Siwe(expires=60.0).message())
    assert (await grant(session(capabilities=[short]))).expires_at == NOW + 60


async def test_resources_beside_the_recap_are_handed_on() -> None:
    resources = ("https://example.com/a", Recap.of(BOTH).encode())
    assert (await grant(session(capabilities=[by_wallet(Siwe(resources=resources).message())]))).resources == ("https://example.com/a",)


async def test_the_sentence_may_stand_twice_as_one_sdk_writes_it() -> None:
    told = Recap.of(BOTH).statement()
    twice = Siwe(statement=f"Lit Protocol PKP session signature {told} {told}").message()
    assert (await grant(session(capabilities=[by_wallet(twice)]))).capabilities == BOTH


# Nodes


async def test_a_session_signature_is_good_at_the_one_node_that_it_names() -> None:
    """The replay matrix: n nodes, each with a signature of its own, each signature shown to every node."""
    urls = [f"http://127.0.0.1:{7470 + number}" for number in range(7)] + ["https://node.example", "https://node.example:8443"]
    held = [session(nodeAddress=url) for url in urls]
    for row, url in enumerate(urls):
        world = a_world(Moment(NOW), node_address=node_address_of(url))
        for column, auth_sig in enumerate(held):
            if row == column:
                assert (await grant(auth_sig, world=world)).address == WALLET.address
            else:
                await refused(auth_sig, "not for this one", world=world)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://127.0.0.1:7470", "127.0.0.1:7470"),
        ("http://localhost:7470/", "127.0.0.1:7470"),
        ("HTTP://LOCALHOST:7470", "127.0.0.1:7470"),
        ("127.0.0.1:7470", "127.0.0.1:7470"),
        ("https://Node.Example", "node.example:443"),
        ("http://node.example", "node.example:80"),
        ("http://[::1]:7470", "[::1]:7470"),
    ],
)
def test_a_nodes_address_is_its_host_and_port(url: str, address: str) -> None:
    assert node_address_of(url) == address


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://",
        "127.0.0.1",
        "http://127.0.0.1:7470/path",
        "http://127.0.0.1:7470?x",
        "http://127.0.0.1:7470#x",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:port",
        "http://a@127.0.0.1:7470",
        "http://127.0.0.1:7470@evil.example:7470",
        "http://[::1",
        "http://evil.example:1\\@127.0.0.1:7470",
        "http://127.0.0.1:7471",
        "http://127.0.0.2:7470",
        "ftp://127.0.0.1",
    ],
)
async def test_any_other_address_is_not_this_node(url: str) -> None:
    await refused(session(nodeAddress=url), "nodeAddress|not for this one")


# Times


@pytest.mark.parametrize("skew", [-600.0, -120.0, -61.0, -60.0, -59.0, -1.0, 0.0, 1.0, 59.0, 60.0, 120.0, 599.0, 600.0])
async def test_a_clock_that_is_wrong_by_a_minute_is_forgiven_and_by_ten_is_not(skew: float) -> None:
    """The node's clock is off by ``skew``; the session is issued now and lives for no time at all, so that both ends show."""
    auth_sig = session(issued=0.0, expires=0.0)
    if -60.0 <= skew < 60.0:
        assert (await grant(auth_sig, at=skew)).address == WALLET.address
    else:
        await refused(auth_sig, "in the future" if skew < 0 else "expired", at=skew)


@pytest.mark.parametrize(
    ("issued", "expires", "why"),
    [
        (60.1, 200.0, "in the future"),
        (-300.0, -60.0, "expired"),
        (10.0, 9.0, "before it was issued"),
        (0.0, 30 * DAY + 1, "30 days"),
    ],
)
async def test_a_session_or_a_delegation_outside_its_time_is_refused(issued: float, expires: float, why: str) -> None:
    await refused(session(issued=issued, expires=expires), why)
    await refused(session(capabilities=[by_wallet(Siwe(issued=issued, expires=expires).message())]), why)


async def test_a_delegation_without_an_end_or_before_its_time_is_refused() -> None:
    await refused(session(capabilities=[by_wallet(Siwe(expires=None).message())]), "Expiration Time")
    later = Siwe(fields={"not_before": "2100-01-01T00:00:00Z"}).message()
    await refused(session(capabilities=[by_wallet(later)]), "not valid before")


@pytest.mark.parametrize("text", ["", "now", "2027-01-15", "2027-01-15T08:00:00", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"])
async def test_times_are_rfc_3339(text: str) -> None:
    await refused(session(issuedAt=text), "session")
    await refused(session(expiration=text), "session")


async def test_what_was_verified_once_still_runs_out() -> None:
    world = a_world(Moment(NOW))
    granting = Granting(world)
    long = session(expires=DAY)
    assert (await granting.grant(credentials(long), REQUEST)).address == WALLET.address
    granting._world = replace(world, now=lambda: NOW + 3661)  # the same memory, an hour later
    with pytest.raises(InvalidAuthSig, match="expired"):
        await granting.grant(credentials(long), REQUEST)


# The session key's own signature


async def test_the_signature_is_over_exactly_these_bytes_by_exactly_this_key() -> None:
    good = session()
    flipped = bytes.fromhex(good.sig)
    for position in (0, 31, 32, 62):
        wrong = bytearray(flipped)
        wrong[position] ^= 1
        await refused(session(outer={"sig": bytes(wrong).hex()}), "not one of the session key")
    await refused(session(outer={"signed_message": good.signed_message + " "}), "not one of the session key")
    await refused(session(outer={"address": public(OTHER_KEY)}), "session key that the signed text names")
    await refused(session(OTHER_KEY), "another key")
    for sig in ("", "0x" + good.sig, good.sig[:-2], good.sig + "00", "zz" * 64):
        await refused(session(outer={"sig": sig}), "128 hex")


ORDER = 2**252 + 27742317777372353535851937790883648493
P = 2**255 - 19


def test_ed25519_signatures_have_one_form_and_keys_are_of_full_order() -> None:
    message, key = b"m", KEY.public_key().public_bytes_raw()
    good = KEY.sign(message)
    assert verify_strictly(key, good, message)
    high = good[:32] + (int.from_bytes(good[32:], "little") + ORDER).to_bytes(32, "little")
    assert not verify_strictly(key, high, message)
    for y in (0, 1, P - 1, P, P + 1):
        for sign in (0, 1 << 255):
            small = (y | sign).to_bytes(32, "little")
            assert not verify_strictly(small, small + bytes(32), message)
            assert not verify_strictly(small, good, message)
            assert not verify_strictly(key, small + good[32:], message)


def test_a_key_of_small_order_that_libraries_accept_is_refused() -> None:
    """With A = R = the neutral element and S = 0, the equation [S]B = R + [k]A holds for every message."""
    neutral = (1).to_bytes(32, "little")
    assert not verify_strictly(neutral, neutral + bytes(32), b"anything")


def test_points_of_order_eight_are_all_known() -> None:
    d = -121665 * pow(121666, -1, P) % P
    double = {}
    for y in _SMALL:
        x2 = (y * y - 1) * pow(d * y * y + 1, -1, P) % P  # from -x² + y² = 1 + d x² y²
        double[y] = (y * y + x2) * pow(1 - d * x2 * y * y, -1, P) % P  # the y of twice the point (RFC 8032, 5.1.4)
    # Doubling leads from order 8 over y = 0 and (0, -1) to the neutral element (0, 1), which stays.
    eighth = _SMALL - {0, 1, P - 1}
    assert len(eighth) == 2
    assert all(double[y] == 0 for y in eighth)
    assert (double[0], double[P - 1], double[1]) == (P - 1, 1, 1)


# Capabilities: who may delegate, and in which words


async def test_a_capability_is_for_this_session_key_and_says_so_in_its_uri() -> None:
    await refused_capability(by_wallet(Siwe(uri="lit:session:" + public(OTHER_KEY)).message()), "another key")
    for uri in (
        "http://localhost",
        "lit:session:",
        "lit:session:" + public(KEY)[:-1],
        "lit:session:" + public(KEY) + "0",
        "lit:sessions:x",
    ):
        await refused_capability(by_wallet(Siwe(uri=uri).message()), "URI|no capability")
    assert (
        await grant(session(capabilities=[by_wallet(Siwe(uri="lit:session:" + public(KEY).upper()).message())]))
    ).address == WALLET.address


async def test_a_capability_is_signed_by_the_wallet_that_it_names() -> None:
    await refused_capability(by_wallet(wallet=OTHER_WALLET), "not the address")
    await refused_capability(by_wallet(Siwe(address=OTHER_WALLET.address).message(), address=OTHER_WALLET.address), "not one of")
    tampered = by_wallet()
    tampered["signedMessage"] = tampered["signedMessage"].replace("localhost wants", "localhose wants")
    await refused_capability(tampered, "not one of")


async def test_a_session_needs_a_capability_and_acts_for_one_caller() -> None:
    await refused(session(capabilities=[]), "no capability")
    other = by_wallet(Siwe(address=OTHER_WALLET.address).message(), OTHER_WALLET)
    await refused(session(capabilities=[by_wallet(), other]), "several callers")
    await refused(session(capabilities=[by_wallet()] * 9), "at most")
    two = [by_wallet(Siwe(SIGNING).message()), by_wallet()]
    assert (await grant(session(capabilities=two))).capabilities == BOTH


async def test_what_was_delegated_for_one_domain_does_not_serve_another() -> None:
    elsewhere = by_wallet(Siwe(SIGNING, domain="elsewhere.example").message())
    await refused(session(capabilities=[by_wallet(), elsewhere]), "different ways")


async def test_one_bad_capability_spoils_the_session() -> None:
    await refused(session(capabilities=[by_wallet(), by_wallet(wallet=OTHER_WALLET)]), "not the address")


def test_what_is_remembered_of_strangers_is_bounded_by_its_size() -> None:
    remembered = delegation.Remembered()
    for number in range(1000):
        message = Siwe(fields={"nonce": f"{number:08}"}).message()
        remembered.keep(number.to_bytes(32), delegation.Delegated(message=message, session_key=None), 30_000)
        remembered.keep(number.to_bytes(32), delegation.Delegated(message=message, session_key=None), 30_000)
    assert len(remembered) == delegation.REMEMBERED_CHARACTERS // 30_000
    assert remembered.get((999).to_bytes(32)) is not None
    assert remembered.get((0).to_bytes(32)) is None


async def test_times_and_urls_are_short() -> None:
    await refused(session(nodeAddress="http://" + "a" * 100_000 + ":7470"), "more than 1024")
    await refused(session(issuedAt=rfc3339(NOW)[:-1] + "0" * 100_000 + "Z"), "no date-time|not a date-time")


async def test_a_session_key_delegates_no_further() -> None:
    inner = session()
    capability = {
        "sig": inner.sig,
        "derivedVia": inner.derived_via,
        "signedMessage": inner.signed_message,
        "address": inner.address,
        "algo": inner.algo,
    }
    await refused_capability(capability, "cannot delegate")


@pytest.mark.parametrize("derived_via", ["solana.signMessage", "cosmos", "lit.bls", "litSessionSignViaNacl"])
async def test_a_capability_of_a_kind_that_is_not_offered_is_refused(derived_via: str) -> None:
    with pytest.raises(UnsupportedAuthSig):
        await grant(session(capabilities=[by_wallet(derivedVia=derived_via)]))


RECAP = Recap.of(BOTH)


@pytest.mark.parametrize(
    ("siwe", "why"),
    [
        (Siwe(resources=()), "one ReCap"),
        (Siwe(resources=("https://a.example",)), "one ReCap"),
        (Siwe(resources=(RECAP.encode(), "https://a.example")), "one ReCap"),
        (Siwe(resources=(RECAP.encode(), RECAP.encode())), "one ReCap"),
        (Siwe(resources=(RECAP.encode().replace("urn:", "URN:"),)), "begins with"),
        (Siwe(statement=None), "statement does not end"),
        (Siwe(statement="Sign in."), "statement does not end"),
        (Siwe(statement=Recap.of(SIGNING).statement()), "statement does not end"),
        (Siwe(statement=RECAP.statement() + " "), "statement does not end"),
        (Siwe(statement="x" + RECAP.statement()), "statement does not end"),
    ],
)
async def test_what_the_wallet_showed_is_what_it_signed(siwe: Siwe, why: str) -> None:
    await refused_capability(by_wallet(siwe.message()), why)


async def test_a_recap_that_is_wider_than_its_words_is_refused_and_the_other_way_round() -> None:
    for shown, written in ((SIGNING, BOTH), (BOTH, SIGNING)):
        siwe = Siwe(written, statement=Recap.of(shown).statement("Sign in.")).message()
        error = await refused_capability(by_wallet(siwe), "statement does not end")
        assert error.details[0]["expected"] == Recap.of(written).statement()


async def test_the_interleaved_message_of_the_reference_implementation_is_refused() -> None:
    credential = Recap({"credential:*": {"credential/present": [{}]}})
    siwe = Siwe(recap=credential, resources=("http://example.com", credential.encode(), "ftp://example.com")).message()
    await refused_capability(by_wallet(siwe), "as the last")


@pytest.mark.parametrize("ability", ["", "sign", "*", "PKP-SIGNING", "pkp-signing "])
async def test_an_ability_that_is_not_known_is_refused_by_name(ability: str) -> None:
    await refused(session(resourceAbilityRequests=requests((ability, "lit-pkp", "*"))), "not known here")


async def test_an_ability_on_a_resource_that_it_does_not_fit_is_nothing() -> None:
    found = await grant(session(resourceAbilityRequests=requests(("pkp-signing", "lit-litaction", "*"))))
    for ability in Ability:
        assert not found.allows(ability, Resource(ability.prefix, "1"))


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "null", "x", '{"sessionKey":1}', "[" * 100_000, '{"capabilities":' + "[" * 10_000],
)
async def test_a_signed_text_that_is_no_session_is_refused(text: str) -> None:
    await refused(session(outer={"signed_message": text, "sig": KEY.sign(text.encode()).hex()}), "JSON form")


@pytest.mark.parametrize("name", ["sessionKey", "resourceAbilityRequests", "capabilities", "issuedAt", "expiration", "nodeAddress"])
async def test_every_part_of_the_signed_text_is_required(name: str) -> None:
    await refused(session(**{name: ...}), "JSON form")


# What was verified is remembered


async def test_a_delegation_is_verified_once_and_remembered_by_every_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    verify = delegation.check_signature
    monkeypatch.setattr(delegation, "check_signature", lambda auth_sig, address: seen.append(address) or verify(auth_sig, address))
    granting = Granting(a_world(Moment(NOW)))
    capability = by_wallet()
    for number in range(3):
        await granting.grant(credentials(session(capabilities=[capability], expires=300.0 + number)), REQUEST)
    assert len(seen) == 1
    await granting.grant(credentials(session(capabilities=[by_wallet(Siwe(said="Something else.").message())])), REQUEST)
    assert len(seen) == 2
    forged = capability | {"sig": by_wallet(Siwe(said="x").message())["sig"]}
    with pytest.raises(InvalidAuthSig):
        await granting.grant(credentials(session(capabilities=[forged])), REQUEST)


async def test_what_failed_is_not_remembered_and_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delegation, "REMEMBERED", 2)
    granting = Granting(a_world(Moment(NOW)))
    with pytest.raises(InvalidAuthSig):
        await granting.grant(credentials(session(capabilities=[by_wallet(wallet=OTHER_WALLET)])), REQUEST)
    assert len(granting._remembered._known) == 0
    for number in range(5):
        await granting.grant(credentials(session(capabilities=[by_wallet(Siwe(said=f"Number {number}.").message())])), REQUEST)
    assert len(granting._remembered._known) == 2


async def test_cheap_checks_come_before_the_chain_is_asked() -> None:
    moment = Moment(NOW)
    world = a_world(moment)
    forged = session(capabilities=[by_wallet() | {"sig": by_wallet(Siwe(said="x").message())["sig"]}])
    long = session(outer={"signed_message": " " * 200_000})
    for auth_sig in (session(expires=-100.0), session(nodeAddress="http://127.0.0.1:1"), session(outer={"sig": "00" * 64}), forged, long):
        await refused(auth_sig, "session|not one of", world=world)
    assert moment.read == 0


# Contract wallets

CONTRACT = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"


def by_contract(siwe: Siwe, contracts: Contracts, derived_via: str = "EIP1271") -> dict[str, Any]:
    text = replace(siwe, address=CONTRACT).message().to_text()
    digest = hashlib.sha256(text.encode()).digest() if derived_via.endswith("256") else personal_digest(text)
    contracts.signed.add((CONTRACT, digest, b"\x01\x02"))
    return {"sig": "0x0102", "derivedVia": derived_via, "signedMessage": text, "address": CONTRACT}


@pytest.mark.parametrize("derived_via", ["EIP1271", "EIP1271_SHA256"])
async def test_a_contract_wallet_delegates_too_and_is_asked_again_at_each_block(derived_via: str) -> None:
    contracts, moment = Contracts(), Moment(NOW)
    granting = Granting(a_world(moment, contract_wallets=contracts))
    auth_sig = session(capabilities=[by_contract(Siwe(chain_id=31337), contracts, derived_via)])
    for _ in range(3):
        assert (await granting.grant(credentials(auth_sig), REQUEST)).address == CONTRACT
    assert contracts.asked == [BLOCK]
    moment.block = Block(number=8, hash=b"\x08" * 32)
    contracts.signed.clear()
    with pytest.raises(InvalidAuthSig, match="at block 8"):
        await granting.grant(credentials(auth_sig), REQUEST)
    assert contracts.asked == [BLOCK, moment.block]


async def test_a_contract_wallet_signs_for_its_own_chain_only() -> None:
    contracts = Contracts()
    capability = by_contract(Siwe(chain_id=1), contracts)
    await refused_capability(capability, "own chain", a_world(Moment(NOW), contract_wallets=contracts))
    assert contracts.asked == []


# What the published SDK makes


async def test_what_lits_sdk_signs_is_granted_here_and_nowhere_else() -> None:
    vector = json.loads((Path(__file__).parent.parent / "vectors" / "recap" / "recap.json").read_text())["sdk-session"]
    at = unix_time(vector["issuedAt"])
    wallet = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    own = a_world(Moment(at), node_address=node_address_of(vector["node"]))
    found = await Granting(own).grant(Credentials.of({"authSig": vector["authSig"]}), REQUEST)
    assert (found.address, found.domain) == (wallet, "localhost")
    assert found.capabilities == Capabilities.of(
        (Ability.PKP_SIGNING, Resource.every("lit-pkp")),
        (Ability.ACTION_EXECUTION, Resource.every("lit-litaction")),
        (Ability.DECRYPTION, Resource.every("lit-accesscontrolcondition")),
    )
    (lent,) = found.delegations
    assert (lent.owner, lent.nft_ids, lent.delegates, lent.uses) == (wallet, None, (wallet,), 3)
    with pytest.raises(InvalidAuthSig, match="not for this one"):
        await Granting(a_world(Moment(at))).grant(Credentials.of({"authSig": vector["authSig"]}), REQUEST)
    with pytest.raises(InvalidAuthSig, match="expired"):
        await Granting(replace(own, now=lambda: at + 661)).grant(Credentials.of({"authSig": vector["authSig"]}), REQUEST)
