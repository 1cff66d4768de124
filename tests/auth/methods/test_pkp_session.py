"""The message of a PKP's session: what is refused in a draft, and what the network signs of it."""

from __future__ import annotations

import msgspec
import pytest

from votive.auth import InvalidAuthSig, InvalidSiweMessage, SiweMessage
from votive.auth.pkp_session import Opening, UnknownBlock
from votive.terms.action import AuthContext, AuthMethodContext
from votive.terms.block import BlockFacts
from votive.terms.bls_session import RESOLVED_NOTE, session_digest
from votive.terms.capability import ACTION, PKP, Ability, Capabilities, Resource
from votive.terms.errors import CallerError
from votive.terms.recap import PREAMBLE, Recap

NOW = 1_800_000_000.0
KEY = "lit:session:" + "ab" * 32
PKP_ADDRESS = "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A"
ZERO = "0x" + "0" * 40
BLOCK = BlockFacts(number=9, hash=b"\x5a" * 32, timestamp=1_799_999_990)
RECAP = Recap.of(Capabilities.of((Ability.PKP_SIGNING, Resource(PKP, "*")), (Ability.ACTION_EXECUTION, Resource(ACTION, "*"))))
USER = AuthMethodContext(user_id="ann", app_id="app-1", auth_method_type=6, used_for_sign_session_key_request=True)
CONTEXT = AuthContext(action_ipfs_ids=(), action_ipfs_id_stack=(), auth_sig_address=None, auth_method_contexts=(USER,))


def draft(**changes: object) -> str:
    """A message as a client writes it."""
    message = SiweMessage(
        domain="app.example",
        address=PKP_ADDRESS,
        statement=RECAP.statement("Sign me in."),
        uri=KEY,
        chain_id=1,
        nonce="0x" + "5a" * 32,
        issued_at="2027-01-15T07:59:58.123Z",
        expiration_time="2027-01-16T08:00:00.000Z",
        resources=(RECAP.encode(),),
    )
    return msgspec.structs.replace(message, **changes).to_text()


def read(text: str, key: str = KEY) -> Opening:
    return Opening.read(key, text, NOW)


def complete(text: str, context: AuthContext = CONTEXT, block: BlockFacts = BLOCK) -> SiweMessage:
    return SiweMessage.parse(read(text).completed(pkp_address=PKP_ADDRESS, block=block, context=context))


def test_the_network_puts_in_what_only_it_knows_and_leaves_the_rest() -> None:
    asked, made = SiweMessage.parse(draft()), complete(draft())
    assert made.address == PKP_ADDRESS
    assert made.nonce == "0x" + "5a" * 32
    assert made.issued_at == "2027-01-15T07:59:50Z"
    kept = ("domain", "uri", "chain_id", "expiration_time", "not_before", "request_id", "scheme")
    assert all(getattr(made, name) == getattr(asked, name) for name in kept)


def test_the_completed_recap_says_who_opened_the_session_and_the_statement_tells_it() -> None:
    made = complete(draft())
    assert made.resources is not None
    recap = Recap.decode(made.resources[-1])
    (note,) = recap.restrictions("lit-resolvedauthcontext://*", "Auth/Auth")
    assert note[RESOLVED_NOTE]["authMethodContexts"] == [
        {"userId": "ann", "appId": "app-1", "authMethodType": 6, "usedForSignSessionKeyRequest": True}
    ]
    assert recap.capabilities() == RECAP.capabilities()
    assert made.statement == recap.statement("Sign me in.")
    assert recap.is_told_by(made.statement)


def test_every_node_writes_the_same_bytes() -> None:
    texts = {read(draft()).completed(pkp_address=PKP_ADDRESS, block=BLOCK, context=CONTEXT) for _ in range(3)}
    assert len(texts) == 1
    digest = session_digest(texts.pop())
    assert len(digest) == 32


def test_another_user_or_block_makes_another_message() -> None:
    eve = msgspec.structs.replace(CONTEXT, auth_method_contexts=(msgspec.structs.replace(USER, user_id="eve"),))
    later = msgspec.structs.replace(BLOCK, timestamp=BLOCK.timestamp + 1)
    assert complete(draft()) != complete(draft(), eve)
    assert complete(draft()) != complete(draft(), block=later)


@pytest.mark.parametrize("first", [PREAMBLE, RECAP.statement(), f"{PREAMBLE} {PREAMBLE}"])
def test_lits_sdk_tells_an_empty_recap_first_and_the_network_tells_its_own_once(first: str) -> None:
    made = complete(draft(statement=f"Lit Protocol PKP session signature {first} {RECAP.statement()}"))
    assert made.statement is not None
    assert made.statement.count(PREAMBLE) == 1
    assert made.statement.startswith("Lit Protocol PKP session signature " + PREAMBLE)


def test_a_message_without_a_recap_gets_no_rights() -> None:
    made = complete(draft(statement="Sign me in.", resources=None))
    assert made.resources is not None
    assert Recap.decode(made.resources[-1]).capabilities() == Capabilities()


def test_other_resources_stay_before_the_recap() -> None:
    made = complete(draft(resources=("https://app.example/terms", RECAP.encode())))
    assert made.resources is not None
    assert made.resources[0] == "https://app.example/terms"
    assert len(made.resources) == 2


def test_the_clients_placeholder_for_the_address_is_replaced() -> None:
    assert complete(draft(address=ZERO)).address == PKP_ADDRESS


def test_the_message_of_somebody_else_is_not_completed() -> None:
    with pytest.raises(InvalidSiweMessage, match="not of the PKP"):
        complete(draft(address="0x" + "1" * 40))


@pytest.mark.parametrize("key", ["", "lit:session:", "lit:session:" + "AB" * 32, "lit:session:" + "ab" * 31, "ab" * 32, KEY + "\n"])
def test_what_is_no_session_key_is_refused(key: str) -> None:
    with pytest.raises(CallerError, match="sessionKey"):
        read(draft(), key)


def test_a_message_for_another_key_is_refused() -> None:
    with pytest.raises(InvalidSiweMessage, match="not the session key"):
        read(draft(uri="lit:session:" + "cd" * 32))


@pytest.mark.parametrize("nonce", ["abcdefgh", "0x" + "5a" * 31, "0x" + "5A" * 32, "5a" * 32])
def test_a_nonce_that_is_no_block_hash_is_refused_by_lits_code(nonce: str) -> None:
    with pytest.raises(UnknownBlock) as refusal:
        read(draft(nonce=nonce))
    assert (refusal.value.code, refusal.value.status) == ("NodeInvalidBlockhash", 502)


@pytest.mark.parametrize("end", [None, "2027-01-15T07:58:59Z", "2020-01-01T00:00:00Z"])
def test_a_message_without_an_end_or_after_it_is_refused(end: str | None) -> None:
    with pytest.raises(InvalidAuthSig):
        read(draft(expiration_time=end))


def test_a_session_lives_for_thirty_days_from_its_block_at_most() -> None:
    assert complete(draft(expiration_time="2027-02-14T07:59:50Z"))
    with pytest.raises(InvalidAuthSig, match="30 days"):
        complete(draft(expiration_time="2027-02-14T07:59:51Z"))


@pytest.mark.parametrize("target", ["lit-resolvedauthcontext://*", "LIT-resolvedauthcontext://*", "lit-resolvedauthcontextx://a"])
def test_nobody_but_the_network_says_who_opened_a_session(target: str) -> None:
    forged = Recap({target: {"Auth/Auth": [{"auth_context": {"authMethodContexts": []}}]}})
    with pytest.raises(InvalidSiweMessage, match="only the network"):
        read(draft(statement=forged.statement(), resources=(forged.encode(),)))


@pytest.mark.parametrize(
    "statement",
    [
        None,
        "Sign me in.",
        RECAP.statement() + " And more.",
        PREAMBLE + " (1) 'Threshold': 'Signing' for 'lit-pkp://*'.",
        f"I further authorize the stated URI to do anything. {RECAP.statement()}",
    ],
)
def test_words_that_differ_from_the_recap_are_refused(statement: str | None) -> None:
    with pytest.raises(InvalidSiweMessage):
        read(draft(statement=statement))


@pytest.mark.parametrize(
    "resources", [(RECAP.encode(), "https://app.example"), (RECAP.encode(), RECAP.encode()), ("urn:recap:e30", RECAP.encode())]
)
def test_the_recap_is_one_and_the_last_resource(resources: tuple[str, ...]) -> None:
    with pytest.raises(CallerError):
        read(draft(resources=resources))


def test_words_without_a_recap_are_refused() -> None:
    with pytest.raises(InvalidSiweMessage, match="rights"):
        read(draft(resources=None))
