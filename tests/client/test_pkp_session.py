"""Opening a session of a key: what the client asks, and whose shares it believes."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from tests.core.ceremony import Committee, KeyShares, key_shares

from votive.client import AuthMethod, BadArgument, Challenge, MethodType, NotEnoughShares, Wallet, by_passkey
from votive.client.arguments import action_fields
from votive.client.ask import Answer
from votive.client.auth_sig import ANONYMOUS
from votive.client.network_key import Holders
from votive.client.pkp_session import Draft, Signing, draft, shown
from votive.core import bls_verify
from votive.terms.auth_method import passkey_challenge
from votive.terms.block import BlockFacts
from votive.terms.bls_session import session_digest
from votive.terms.recap import Recap

PKP = "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A"
PUBLIC_KEY = "0x04" + "11" * 64
WALLET = Wallet.from_key("0x" + "11" * 32)
RESOURCE = "votive://request/" + "ab" * 32


def block(age: float = 5) -> BlockFacts:
    return BlockFacts(number=1, hash=b"\x5a" * 32, timestamp=int(time.time() - age))


def made(**changes: Any) -> Draft:
    given: dict[str, Any] = {"public_key": PUBLIC_KEY, "address": PKP, "lifetime": timedelta(hours=1), "block": block(), "chain_id": 31337}
    return draft(["lit-pkp://*"], **(given | changes), origin=ANONYMOUS)


@pytest.fixture(scope="module")
def shares() -> KeyShares:
    return key_shares(Committee([1, 2, 3, 4]).generate(1, purpose="session-bls"))


def completed(one: Draft, **lines: str) -> str:
    """The message as honest nodes complete it, as far as the client looks; ``lines`` replace some."""
    text = one.text.replace(one.text.split("\n")[3], "Signed by nodes.")
    for start, line in lines.items():
        text = "\n".join(line if told.startswith(start.replace("_", " ")) else told for told in text.split("\n"))
    return text


def answer(seat: int, share: bytes, text: str) -> Answer:
    return Answer(seat=seat, seconds=0.1, status=200, body={"signatureShare": {"ProofOfPossession": share.hex()}, "siweMessage": text})


def signing(one: Draft, shares: KeyShares) -> Signing:
    first = next(iter(shares.values()))

    async def verification_shares() -> Mapping[int, bytes]:
        return {int(seat): point for seat, point in first.verification_shares.items()}

    return Signing(one, Holders(public_key=first.public_key, threshold=3, verification_shares=verification_shares))


def share_of(shares: KeyShares, seat: int, text: str) -> bytes:
    return next(share for at, share in shares.items() if at == seat).session_share(session_digest(text))


async def test_t_equal_answers_make_a_session_that_the_network_signed(shares: KeyShares) -> None:
    one = made()
    text, gathering = completed(one), signing(one, shares)
    answers = [answer(seat, share_of(shares, seat, text), text) for seat in (1, 2)]
    assert not await gathering.enough(answers)
    answers.append(answer(4, share_of(shares, 4, text), text))
    assert await gathering.enough(answers)
    assert gathering.delegation is not None
    auth_sig = gathering.delegation.auth_sig
    assert (auth_sig.address, auth_sig.derived_via, auth_sig.algo, auth_sig.signed_message) == (PKP, "lit.bls", "LIT_BLS", text)
    signature = bytes.fromhex(json.loads(auth_sig.sig)["ProofOfPossession"])
    assert bls_verify(shares[min(shares)].public_key, session_digest(text), signature)


async def test_a_wrong_share_is_dropped_and_the_rest_suffice(shares: KeyShares) -> None:
    one = made()
    text, gathering = completed(one), signing(one, shares)
    wrong = share_of(shares, 1, "another message")
    answers = [answer(1, wrong, text), *(answer(seat, share_of(shares, seat, text), text) for seat in (2, 3))]
    assert not await gathering.enough(answers)
    assert await gathering.enough([*answers, answer(4, share_of(shares, 4, text), text)])


async def test_nodes_that_completed_another_message_are_kept_apart(shares: KeyShares) -> None:
    one = made()
    text, gathering = completed(one), signing(one, shares)
    other = completed(one, Issued_At="Issued At: 2020-01-01T00:00:00Z")
    answers = [answer(1, share_of(shares, 1, other), other), *(answer(seat, share_of(shares, seat, text), text) for seat in (2, 3, 4))]
    assert await gathering.enough(answers)
    assert gathering.delegation is not None
    assert gathering.delegation.auth_sig.signed_message == text


@pytest.mark.parametrize(
    "lines",
    [
        {"URI": "URI: lit:session:" + "cd" * 32},
        {"0x19E7": "0x" + "1" * 40},
        {"Expiration_Time": "Expiration Time: 2099-01-01T00:00:00Z"},
        {"Nonce": "Nonce: 0x" + "00" * 32},
    ],
)
async def test_what_the_network_signs_for_another_is_not_taken_for_ours(shares: KeyShares, lines: dict[str, str]) -> None:
    one = made()
    text, gathering = completed(one, **lines), signing(one, shares)
    assert not await gathering.enough([answer(seat, share_of(shares, seat, text), text) for seat in (1, 2, 3, 4)])
    assert gathering.delegation is None


async def test_too_few_answers_say_who_was_silent(shares: KeyShares) -> None:
    one = made()
    text, gathering = completed(one), signing(one, shares)
    answers = [
        *(answer(seat, share_of(shares, seat, text), text) for seat in (1, 2)),
        *(Answer(seat=seat, seconds=1, silence="it cannot be reached") for seat in (3, 4)),
    ]
    assert not await gathering.enough(answers)
    failure = gathering.failure(answers, 4)
    assert isinstance(failure, NotEnoughShares)
    assert "node 3: it cannot be reached" in failure.message


@pytest.mark.parametrize("body", [{}, {"siweMessage": None}, {"siweMessage": 5}, {"siweMessage": "x", "signatureShare": "y"}])
async def test_nonsense_of_a_node_is_passed_over(shares: KeyShares, body: dict[str, Any]) -> None:
    gathering = signing(made(), shares)
    assert not await gathering.enough([Answer(seat=1, seconds=0.1, status=200, body=body)])


def test_the_message_delegates_what_is_asked_to_a_fresh_key_of_this_session_alone() -> None:
    one, other = made(), made()
    assert one.session_key != other.session_key
    lines = one.text.split("\n")
    assert lines[1] == PKP
    assert f"URI: lit:session:{one.session_key}" in lines
    assert "Nonce: 0x" + "5a" * 32 in lines
    recap = Recap.decode(lines[-1].removeprefix("- "))
    assert recap.is_told_by(lines[3])
    assert one.private_key.hex() not in repr(one.delegation(one.text, b"\x01" * 96))


def test_an_old_block_shortens_the_session_so_that_nodes_take_it() -> None:
    month = timedelta(days=30)
    one = made(lifetime=month, block=block(age=86_400))
    assert one.period.expires_at.timestamp() <= time.time() - 86_400 + month.total_seconds() + 1


@pytest.mark.parametrize("lifetime", [timedelta(0), timedelta(days=31), timedelta(seconds=-1)])
def test_a_life_that_nodes_refuse_is_refused_here(lifetime: timedelta) -> None:
    with pytest.raises(BadArgument):
        made(lifetime=lifetime)


def test_a_wallets_token_names_this_request_and_no_other() -> None:
    (method,) = shown(WALLET, block_hash=b"\x5a" * 32, chain_id=31337, origin=ANONYMOUS)(RESOURCE)["authMethods"]
    assert method.auth_method_type == MethodType.ETH_WALLET
    assert f"- {RESOURCE}" in json.loads(method.access_token)["signedMessage"]


def test_a_passkey_is_asked_for_a_challenge_of_this_block_and_request() -> None:
    seen: list[bytes] = []

    def assertion(challenge: bytes) -> str:
        seen.append(challenge)
        return "{}"

    (method,) = shown(by_passkey(assertion), block_hash=b"\x5a" * 32, chain_id=31337, origin=ANONYMOUS)(RESOURCE)["authMethods"]
    assert method == AuthMethod(auth_method_type=MethodType.WEBAUTHN, access_token="{}")
    assert seen == [passkey_challenge(b"\x5a" * 32, RESOURCE)]
    assert Challenge(resource=RESOURCE, block_hash=b"\x5a" * 32).passkey == seen[0]


def test_a_token_is_shown_as_it_is_and_nothing_where_an_action_decides_alone() -> None:
    google = AuthMethod(auth_method_type=6, access_token="x.y.z")
    assert shown(google, block_hash=bytes(32), chain_id=1, origin=ANONYMOUS)(RESOURCE) == {"authMethods": [google]}
    assert shown(None, block_hash=bytes(32), chain_id=1, origin=ANONYMOUS)(RESOURCE) == {"authMethods": []}


def test_an_action_is_named_by_its_cid_or_sent_as_its_source() -> None:
    cid = "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG"
    assert action_fields(cid, "litActionIpfsId", {"a": 1}) == {"litActionIpfsId": cid, "jsParams": {"a": 1}}
    assert action_fields(b"x", "litActionIpfsId", None) == {"code": "eA==", "jsParams": {}}
