"""Opening a session at four nodes: shares of a real key, everything else of the test's own."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from coincurve import PrivateKey
from tests.core.ceremony import Committee, key_shares

from votive.auth import Grant, InvalidSiweMessage, NotPermitted, SiweMessage
from votive.auth.grant import ProvenMethod
from votive.auth.methods import InvalidAuthMethod, Methods, Occasion
from votive.auth.pkp_session import UnknownBlock
from votive.core import KeyShare, bls_combine, bls_verify
from votive.ipfs import cid_of, multihash_of
from votive.node.answer import SignSessionKeyAnswer
from votive.node.authorise import Asked
from votive.node.capacity import Admission, RatePolicy
from votive.node.gate import Gate
from votive.node.permission import SharedBlocks
from votive.node.rates import Rate, RateLimited, Tolls
from votive.node.session_key import SessionKeys, SignSessionKeyBody
from votive.node.source import Program, Programs
from votive.terms.action import AuthContext
from votive.terms.auth_method import method_id
from votive.terms.block import Block, BlockFacts
from votive.terms.bls_session import session_digest
from votive.terms.capability import PKP, Ability, Capabilities, Resource
from votive.terms.errors import CallerError, WorldError
from votive.terms.ethereum import eth_address_of, token_id_of
from votive.terms.key import KeyId, Purpose
from votive.terms.recap import Recap

NOW = 1_800_000_000.0
POINT = PrivateKey(b"\x07" * 32).public_key.format(compressed=False)
ADDRESS, TOKEN = eth_address_of(POINT), token_id_of(POINT)
SESSION = "lit:session:" + "ab" * 32
BLOCK = BlockFacts(number=9, hash=b"\x5a" * 32, timestamp=1_799_999_990)
FINAL = Block(number=10, hash=b"\x0a" * 32)
RECAP = Recap.of(Capabilities.of((Ability.PKP_SIGNING, Resource(PKP, "*"))))
GOOGLE = 6
CODE = b"Lit.Actions.setResponse({response: 'true'})"
CID = cid_of(CODE)


@pytest.fixture(scope="module")
def shares() -> dict[int, KeyShare]:
    generated = Committee([1, 2, 3, 4]).generate(1, purpose="session-bls")
    return {int(seat): share for seat, share in key_shares(generated).items()}


@dataclass
class Chain:
    """Owners, permissions and blocks."""

    owner_address: str | None = "0x" + "1" * 40
    permitted: dict[tuple[int, bytes], set[int]] = field(default_factory=dict)
    final: Block = FINAL
    read: list[int] = field(default_factory=list)

    async def final_block(self) -> Block:
        return self.final

    async def by_hash(self, block_hash: bytes) -> BlockFacts | None:
        return BLOCK if block_hash == BLOCK.hash else None

    async def owner(self, token_id: int, block: Block) -> str | None:
        return self.owner_address

    async def is_permitted_action(self, token_id: int, multihash: bytes, block: Block) -> tuple[bool, Collection[int]]:
        return await self.is_permitted_method(token_id, 2, multihash, block)

    async def is_permitted_address(self, token_id: int, address: str, block: Block) -> tuple[bool, Collection[int]]:
        return False, ()

    async def is_permitted_method(self, token_id: int, method_type: int, method_id: bytes, block: Block) -> tuple[bool, Collection[int]]:
        self.read.append(block.number)
        scopes = self.permitted.get((method_type, method_id)) if token_id == TOKEN else None
        return scopes is not None, scopes or ()


@dataclass
class Tokens:
    """Takes a token for its user's name; remembers what it was shown for."""

    shown: list[Occasion] = field(default_factory=list)

    async def verify(self, access_token: str, occasion: Occasion) -> ProvenMethod:
        self.shown.append(occasion)
        if access_token == "stolen":
            raise InvalidAuthMethod("the token proves nobody")
        return ProvenMethod(type=GOOGLE, id=method_id(access_token, "app"), user_id=access_token, app_id="app")


@dataclass
class Runs:
    """Answers every run with one response; remembers what ran."""

    response: str = "true"
    ran: list[tuple[Program, dict[str, Any], AuthContext, Grant, bytes]] = field(default_factory=list)
    meanwhile: Any = None

    async def __call__(
        self, program: Program, params: dict[str, Any], context: AuthContext, grant: Grant, request: bytes, *, toll: Any
    ) -> str:
        self.ran.append((program, params, context, grant, request))
        if self.meanwhile is not None:
            self.meanwhile()
        return self.response


class NoCapacity:
    async def owned(self, address: str, block: Block) -> list[Any]:
        raise AssertionError("opening a session uses no capacity")


async def unasked() -> Block:
    raise AssertionError("nobody asks at which block there is capacity")


class NoGateways:
    async def fetch(self, cid: str, limit: int) -> bytes:
        raise WorldError(f"no gateway has {cid}")


@dataclass
class Custody:
    share: KeyShare | None

    async def network_key(self, purpose: Purpose) -> tuple[KeyId, KeyShare]:
        assert purpose is Purpose.SESSION_BLS
        if self.share is None:
            raise WorldError("there is no key yet", status=503)
        return KeyId(purpose=purpose, public_key=self.share.public_key), self.share


@dataclass
class House:
    """One node, and what it knows."""

    share: KeyShare | None
    chain: Chain = field(default_factory=Chain)
    tokens: Tokens = field(default_factory=Tokens)
    runs: Runs = field(default_factory=Runs)
    policy: RatePolicy = field(default_factory=RatePolicy)
    tolls: Tolls = field(default_factory=lambda: Tolls(Rate(3, 0), at_once=8, now=lambda: NOW))

    def node(self) -> SessionKeys:
        return SessionKeys(
            gate=Gate(2),
            methods=Methods({GOOGLE: self.tokens}),
            reader=self.chain,
            blocks=SharedBlocks(self.chain),  # type: ignore[arg-type]  # as much of a chain as is asked
            nonces=self.chain,
            programs=Programs(NoGateways(), code_limit=1000, cache_bytes=1000),
            run=self.runs,
            keys=Custody(self.share),
            admission=Admission(self.policy, NoCapacity(), lambda: NOW, unasked),
            tolls=self.tolls,
            now=lambda: NOW,
        )

    def permit(self, user: str, *scopes: int) -> None:
        self.chain.permitted[GOOGLE, method_id(user, "app")] = set(scopes)

    def permit_action(self, *scopes: int) -> None:
        self.chain.permitted[2, multihash_of(CID)] = set(scopes)

    async def open(self, **changes: Any) -> SignSessionKeyAnswer:
        given = request(**changes)
        asked = Asked("/web/sign_session_key/v1", "lit_0123456789", given)
        return await self.node().open(asked, msgspec.convert(given, SignSessionKeyBody))


def siwe(**changes: Any) -> str:
    message = SiweMessage(
        domain="app.example",
        address=ADDRESS,
        statement=RECAP.statement("Sign me in."),
        uri=SESSION,
        chain_id=1,
        nonce="0x" + BLOCK.hash.hex(),
        issued_at="2027-01-15T07:59:58Z",
        expiration_time="2027-01-16T08:00:00Z",
        resources=(RECAP.encode(),),
    )
    return msgspec.structs.replace(message, **changes).to_text()


def shown(*users: str) -> list[dict[str, Any]]:
    return [{"authMethodType": GOOGLE, "accessToken": user} for user in users]


def request(**changes: Any) -> dict[str, Any]:
    """A body; a change to None leaves the field out."""
    body = {
        "sessionKey": SESSION,
        "siweMessage": siwe(),
        "pkpPublicKey": "0x" + POINT.hex(),
        "curveType": "BLS",
        "authMethods": shown("ann"),
        "epoch": 7,
    } | changes
    return {name: value for name, value in body.items() if value is not None}


@pytest.fixture
def house(shares: dict[int, KeyShare]) -> House:
    return House(shares[1])


async def test_three_of_four_nodes_make_a_signature_of_the_networks_session_key(shares: dict[int, KeyShare]) -> None:
    answers = []
    for share in list(shares.values())[1:]:
        house = House(share)
        house.permit("ann", 1)
        answers.append(await house.open())
    assert len({answer.siwe_message for answer in answers}) == 1
    digest = session_digest(answers[0].siwe_message)
    made = {answer.share_index: bytes.fromhex(answer.signature_share.share) for answer in answers}
    assert all(len(share) == 97 and share[0] == seat for seat, share in made.items())
    signature = bls_combine(bytes.fromhex(answers[0].bls_root_pubkey), 3, made, digest)  # type: ignore[arg-type]  # seats
    assert bls_verify(bytes.fromhex(answers[0].bls_root_pubkey), digest, signature)


async def test_the_answer_has_the_form_that_lits_sdk_combines(house: House) -> None:
    house.permit("ann", 1)
    answer = json.loads(msgspec.json.encode(await house.open()))
    assert answer.keys() == {"result", "signatureShare", "shareIndex", "curveType", "siweMessage", "dataSigned", "blsRootPubkey"}
    assert (answer["result"], answer["curveType"]) == ("success", "BLS")
    assert len(answer["signatureShare"]["ProofOfPossession"]) == 194
    assert answer["dataSigned"] == session_digest(answer["siweMessage"]).hex()
    assert len(answer["blsRootPubkey"]) == 96


@pytest.mark.parametrize("scopes", [(1,), (2,), (1, 2)])
async def test_any_scope_opens_a_session(house: House, scopes: tuple[int, ...]) -> None:
    house.permit("ann", *scopes)
    assert (await house.open()).result == "success"


async def test_a_method_without_a_scope_opens_none(house: House) -> None:
    house.permit("ann")
    with pytest.raises(NotPermitted):
        await house.open()


async def test_a_stranger_is_told_what_was_tried(house: House) -> None:
    house.permit("bob", 1)
    with pytest.raises(NotPermitted) as refusal:
        await house.open()
    (tree,) = refusal.value.details
    assert [one["permits"] for one in tree["alternatives"]] == [False]
    assert "ann:app" in tree["alternatives"][0]["asked"]
    assert tree["block"]["number"] == 10


async def test_one_permitted_method_of_several_suffices_and_all_are_named(house: House) -> None:
    house.permit("bob", 1)
    message = SiweMessage.parse((await house.open(authMethods=shown("ann", "bob"))).siwe_message)
    assert message.resources is not None
    note = Recap.decode(message.resources[-1]).restrictions("lit-resolvedauthcontext://*", "Auth/Auth")[0]["auth_context"]
    assert [one["userId"] for one in note["authMethodContexts"]] == ["ann", "bob"]
    assert note["actionIpfsIds"] == []


async def test_one_method_that_proves_nothing_refuses_all(house: House) -> None:
    house.permit("ann", 1)
    with pytest.raises(InvalidAuthMethod):
        await house.open(authMethods=shown("ann", "stolen"))


async def test_a_method_is_shown_for_this_request_key_and_block(house: House) -> None:
    house.permit("ann", 1)
    await house.open()
    (occasion,) = house.tokens.shown
    assert (occasion.token_id, occasion.block.number) == (TOKEN, 10)
    again = House(house.share, house.chain)
    await again.open(authMethods=shown("ann") * 2)
    assert again.tokens.shown[0].request == occasion.request  # the token itself is no part of what is asked
    await again.open(siweMessage=siwe(chain_id=2))
    assert again.tokens.shown[-1].request != occasion.request


@pytest.mark.parametrize(
    "changes",
    [
        {"curveType": "K256"},
        {"sessionKey": "ab" * 32},
        {"siweMessage": siwe(uri="lit:session:" + "cd" * 32)},
        {"siweMessage": siwe(nonce="0x" + "77" * 32)},
        {"siweMessage": siwe(nonce="abcdefgh")},
        {"siweMessage": siwe(expiration_time="2020-01-01T00:00:00Z")},
        {"siweMessage": siwe(statement="Sign me in.")},
        {"siweMessage": siwe(address="0x" + "1" * 40)},
        {"siweMessage": siwe(expiration_time="2027-02-15T08:00:00Z")},
        {"pkpPublicKey": "0x04"},
        {"authMethods": []},
        {"authMethods": None},
        {"authMethods": shown("ann") * 9},
        {"authMethods": [{"authMethodType": 7, "accessToken": "x"}]},
        {"authMethods": [*shown("ann"), {"authMethodType": 2, "accessToken": CID}]},
    ],
)
async def test_what_is_wrong_in_the_request_is_found_before_any_token_is_looked_at(house: House, changes: dict[str, Any]) -> None:
    house.permit("ann", 1)
    with pytest.raises(CallerError):
        await house.open(**changes)
    assert house.tokens.shown == []


async def test_a_block_that_is_not_in_the_chain_is_refused_by_lits_code(house: House) -> None:
    with pytest.raises(UnknownBlock, match="latestBlockhash"):
        await house.open(siweMessage=siwe(nonce="0x" + "77" * 32))


async def test_without_a_session_key_nothing_is_verified(house: House) -> None:
    without = House(None, house.chain)
    without.permit("ann", 1)
    with pytest.raises(WorldError):
        await without.open()
    assert without.tokens.shown == []


async def test_another_keys_message_is_not_signed(house: House) -> None:
    house.permit("ann", 1)
    with pytest.raises(InvalidSiweMessage):
        await house.open(siweMessage=siwe(address="0x" + "1" * 40))


def action(**changes: Any) -> dict[str, Any]:
    return {"code": base64.b64encode(CODE).decode(), "jsParams": {"answer": 42}, "authMethods": None} | changes


async def test_a_permitted_action_that_says_true_opens_a_session(house: House) -> None:
    house.permit_action(1)
    message = SiweMessage.parse((await house.open(**action())).siwe_message)
    assert message.resources is not None
    note = Recap.decode(message.resources[-1]).restrictions("lit-resolvedauthcontext://*", "Auth/Auth")[0]["auth_context"]
    assert (note["actionIpfsIds"], note["authMethodContexts"]) == ([CID], [])
    ((program, params, context, grant, _),) = house.runs.ran
    assert (program.code, params, context.action_ipfs_ids) == (CODE, {"answer": 42}, (CID,))
    assert [one.cid for one in grant.actions] == [CID]
    assert grant.capabilities == Capabilities()  # it does nothing in the name of whoever signs in


async def test_an_action_sees_who_proved_himself_and_may_say_more(house: House) -> None:
    house.permit_action(1)
    house.runs.response = "(true, for ann)"
    message = SiweMessage.parse((await house.open(**action(authMethods=shown("ann")))).siwe_message)
    assert message.resources is not None
    note = Recap.decode(message.resources[-1]).restrictions("lit-resolvedauthcontext://*", "Auth/Auth")[0]["auth_context"]
    assert note["customAuthResource"] == '"(true, for ann)"'
    assert [one.user_id for one in house.runs.ran[0][2].auth_method_contexts] == ["ann"]


@pytest.mark.parametrize("response", ["", "false", '{"ok":true}', "TRUE"])
async def test_an_action_that_says_anything_else_refuses(house: House, response: str) -> None:
    house.permit_action(1)
    house.runs.response = response
    with pytest.raises(InvalidAuthMethod, match=CID):
        await house.open(**action())


async def test_an_action_that_is_not_permitted_is_not_even_run(house: House) -> None:
    house.permit("ann", 1)
    with pytest.raises(NotPermitted):
        await house.open(**action(authMethods=shown("ann")))
    assert house.runs.ran == []
    assert house.tokens.shown == []


async def test_an_action_of_a_burned_key_opens_no_session(house: House) -> None:
    house.permit_action(1)
    house.chain.owner_address = None
    with pytest.raises(NotPermitted, match="no owner"):
        await house.open(**action())
    assert house.runs.ran == []


async def test_an_action_that_was_revoked_while_it_ran_opens_no_session(house: House) -> None:
    house.permit_action(1)

    def revoke() -> None:
        house.chain.permitted.clear()
        house.chain.final = Block(number=11, hash=b"\x0b" * 32)

    house.runs.meanwhile = revoke
    with pytest.raises(NotPermitted, match="block 11"):
        await house.open(**action())


async def test_code_that_is_not_what_the_cid_names_is_refused(house: House) -> None:
    house.permit_action(1)
    other = base64.b64encode(b"other").decode()
    with pytest.raises(CallerError, match="not"):
        await house.open(**action(code=other, litActionIpfsId=CID))


async def test_so_many_requests_at_once_and_no_more(house: House) -> None:
    house.permit("ann", 1)
    node = house.node()
    given = request()
    with node.gate.place(), node.gate.place(), pytest.raises(CallerError) as refusal:
        await node.open(Asked("/web/sign_session_key", "lit_0123456789", given), msgspec.convert(given, SignSessionKeyBody))
    assert refusal.value.status == 429


async def test_a_request_without_a_name_is_refused(house: House) -> None:
    with pytest.raises(CallerError, match="X-Request-Id"):
        await house.node().open(Asked("/web/sign_session_key", "", request()), msgspec.convert(request(), SignSessionKeyBody))


async def test_a_caller_opens_so_many_sessions_and_no_more(house: House) -> None:
    house.permit("ann", 1)
    house.policy = RatePolicy(caller=Rate(2, 0.01), ask_capacity=True)
    node, given = house.node(), request()
    for number in range(2):
        await node.open(Asked("/web/sign_session_key", f"lit_{number:010}", given), msgspec.convert(given, SignSessionKeyBody))
    with pytest.raises(RateLimited):
        await node.open(Asked("/web/sign_session_key", "lit_0123456789", given), msgspec.convert(given, SignSessionKeyBody))


async def test_an_address_that_keeps_failing_runs_dry_before_its_tokens_are_looked_at(house: House) -> None:
    house.permit("ann", 1)
    for _ in range(3):
        with pytest.raises(InvalidAuthMethod):
            await house.open(authMethods=shown("stolen"))
    with pytest.raises(RateLimited, match="failed checks"):
        await house.open()
    assert len(house.tokens.shown) == 3


async def test_whoever_is_right_pays_no_toll(house: House) -> None:
    house.permit("ann", 1)
    for _ in range(10):
        await house.open()
