"""Sessions: what a wallet delegates, how it is kept, and when it is renewed."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from tests.client.town import ACCOUNT, CHAIN_ID, TOKEN, Town, signs, town

from votive.client import BadArgument, ContractWallet, Session, SessionStore
from votive.client.ask import Node
from votive.client.auth_sig import ANONYMOUS, Period, sign_request
from votive.client.session import LONGEST, Delegation, delegate, is_fresh
from votive.core import KeyFileError
from votive.terms.capability import Ability, Resource
from votive.terms.recap import Recap

NETWORK = bytes(32)
NODES = (Node(seat=1, url="http://127.0.0.1:7470", address="0x1"), Node(seat=2, url="http://127.0.0.1:7471", address="0x2"))
NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
DAY = timedelta(days=1)


def delegation(*resources: str, lifetime: timedelta = DAY, now: datetime | None = NOW) -> Delegation:
    return delegate(ACCOUNT, resources or ("lit-pkp://*",), lifetime=lifetime, chain_id=CHAIN_ID, origin=ANONYMOUS, now=now)


class TestDelegation:
    def test_the_message_says_in_words_what_its_recap_says(self) -> None:
        made = delegation(f"lit-pkp://{TOKEN:064x}", "lit-litaction://*")
        lines = made.auth_sig.signed_message.splitlines()
        recap = Recap.decode(lines[-1].removeprefix("- "))
        assert recap.is_told_by(lines[3])
        assert recap.capabilities().pairs == {
            (Ability.PKP_SIGNING, Resource.pkp(TOKEN)),
            (Ability.ACTION_EXECUTION, Resource.every("lit-litaction")),
        }

    def test_the_uri_is_the_session_key(self) -> None:
        made = delegation()
        assert f"URI: lit:session:{Session(made).session_key}" in made.auth_sig.signed_message.splitlines()

    def test_it_lives_for_as_long_as_was_asked_and_thirty_days_at_most(self) -> None:
        assert "Expiration Time: 2030-01-03T03:04:05.000Z" in delegation().auth_sig.signed_message
        delegation(lifetime=LONGEST)
        for lifetime in (LONGEST + timedelta(seconds=1), timedelta(0), -DAY):
            with pytest.raises(BadArgument, match="at most 30 days"):
                delegation(lifetime=lifetime)

    def test_without_a_resource_there_is_no_session(self) -> None:
        with pytest.raises(BadArgument, match="names no resource"):
            delegate(ACCOUNT, (), lifetime=DAY, chain_id=CHAIN_ID, origin=ANONYMOUS)

    @pytest.mark.parametrize("resource", ["lit-ratelimitincrease://1", "lit-resolvedauthcontext://*", "https://example.org"])
    def test_what_no_session_can_use_is_refused(self, resource: str) -> None:
        with pytest.raises(BadArgument, match="a session cannot use"):
            delegation(resource)

    def test_neither_key_nor_seed_is_ever_shown(self) -> None:
        made = delegation()
        shown = repr(made) + repr(Session(made)) + str(Session(made))
        assert made.private_key.hex() not in shown
        assert repr(made.private_key) not in shown

    def test_a_contract_wallet_delegates_under_its_own_address(self) -> None:
        contract = ContractWallet("0x" + "c0" * 20, ACCOUNT)
        made = delegate(contract, ("lit-pkp://*",), lifetime=DAY, chain_id=CHAIN_ID, origin=ANONYMOUS)
        assert made.auth_sig.address == contract.address
        assert made.auth_sig.derived_via == "EIP1271"
        assert contract.address in made.auth_sig.signed_message.splitlines()

    def test_a_contract_wallet_asks_under_its_own_address(self) -> None:
        contract = ContractWallet("0x" + "c0" * 20, ACCOUNT)
        proof = sign_request(contract, resource="votive://request/00", chain_id=CHAIN_ID, origin=ANONYMOUS)
        assert (proof.address, proof.derived_via) == (contract.address, "EIP1271")
        assert proof.sig == ACCOUNT.sign_message(proof.signed_message)


class TestProofs:
    def test_each_node_gets_a_signature_of_its_own(self) -> None:
        session = Session(delegation())
        proofs = session.prove(NODES, NOW)
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(session.session_key))
        for node in NODES:
            proof = proofs[node.seat]
            key.verify(bytes.fromhex(proof.sig), proof.signed_message.encode())
            assert json.loads(proof.signed_message)["nodeAddress"] == node.url
            assert (proof.derived_via, proof.algo, proof.address) == ("litSessionSignViaNacl", "ed25519", session.session_key)

    def test_they_ask_for_what_was_delegated_and_no_more(self) -> None:
        proof = Session(delegation("lit-litaction://Qm1", "lit-accesscontrolcondition://*")).prove(NODES, NOW)[1]
        assert json.loads(proof.signed_message)["resourceAbilityRequests"] == [
            {
                "resource": {"resource": "*", "resourcePrefix": "lit-accesscontrolcondition"},
                "ability": "access-control-condition-decryption",
            },
            {"resource": {"resource": "Qm1", "resourcePrefix": "lit-litaction"}, "ability": "lit-action-execution"},
        ]

    def test_they_are_shown_again_until_half_of_their_life_is_over(self) -> None:
        session, half = Session(delegation()), timedelta(minutes=2, seconds=30)
        first = session.prove(NODES, NOW)
        assert session.prove(list(NODES), NOW + half - timedelta(seconds=1)) == first
        assert session.prove(NODES, NOW + half)[1].signed_message != first[1].signed_message
        assert session.prove(NODES, NOW)[1].signed_message == first[1].signed_message  # a clock that was set back

    def test_other_nodes_are_shown_others(self) -> None:
        session, moved = Session(delegation()), Node(seat=2, url="http://127.0.0.1:7479", address="0x2")
        session.prove(NODES, NOW)
        assert json.loads(session.prove((NODES[0], moved), NOW)[2].signed_message)["nodeAddress"] == moved.url

    def test_none_outlives_the_session(self) -> None:
        session = Session(delegation())
        signed = json.loads(session.prove(NODES, NOW + DAY - timedelta(minutes=1))[1].signed_message)
        assert signed["expiration"] == "2030-01-03T03:04:05.000Z"

    def test_a_session_that_ended_signs_nothing(self) -> None:
        with pytest.raises(BadArgument, match="begin a new one"):
            Session(delegation()).prove(NODES, NOW + DAY)

    def test_one_about_to_end_is_renewed_quietly(self) -> None:
        renewed = delegation(now=NOW + DAY)
        session = Session(delegation(), lambda: renewed)
        before = session.session_key
        session.prove(NODES, NOW + DAY * 0.89)
        assert session.session_key == before
        session.prove(NODES, NOW + DAY * 0.91)
        assert session.session_key != before
        assert session.delegation is renewed

    def test_freshness_ends_before_the_session_does(self) -> None:
        made = delegation()
        assert is_fresh(made, NOW)
        assert not is_fresh(made, NOW + DAY * 0.95)
        assert made.period == Period(NOW, NOW + DAY)


@pytest.fixture
def store(tmp_path: Path) -> SessionStore:
    return SessionStore(tmp_path / "state" / "votive")


class TestStore:
    def test_what_was_kept_is_found_again_for_exactly_the_same(self, store: SessionStore) -> None:
        made = delegation()
        store.keep(NETWORK, made)
        assert store.find(NETWORK, ACCOUNT.address, made.resources) == made
        assert store.find(NETWORK, ACCOUNT.address.lower(), made.resources) == made
        assert store.find(NETWORK, ACCOUNT.address, ("lit-litaction://*",)) is None
        assert store.find(bytes(31) + b"\1", ACCOUNT.address, made.resources) is None
        assert store.of_network(NETWORK) == (made,)

    def test_only_its_owner_may_read_it(self, store: SessionStore) -> None:
        file = store.keep(NETWORK, delegation())
        for path in (file, store.directory / "sessions.key"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(store.directory.stat().st_mode) == 0o700

    def test_nothing_of_the_key_is_in_the_file(self, store: SessionStore) -> None:
        made = delegation()
        content = store.keep(NETWORK, made).read_bytes()
        assert made.private_key not in content
        assert made.private_key.hex().encode() not in content
        assert made.auth_sig.signed_message.encode() not in content

    @pytest.mark.parametrize("harm", [lambda raw: raw[:-1], lambda raw: b"", lambda raw: raw[:-1] + bytes([raw[-1] ^ 1])])
    def test_what_is_damaged_is_as_good_as_not_there(self, store: SessionStore, harm) -> None:  # type: ignore[no-untyped-def]
        made = delegation()
        file = store.keep(NETWORK, made)
        file.write_bytes(harm(file.read_bytes()))
        assert store.find(NETWORK, ACCOUNT.address, made.resources) is None

    def test_one_file_cannot_stand_in_for_another(self, store: SessionStore) -> None:
        wide, narrow = delegation("lit-pkp://*"), delegation(f"lit-pkp://{TOKEN:064x}")
        store.keep(NETWORK, narrow).write_bytes(store.keep(NETWORK, wide).read_bytes())
        assert store.find(NETWORK, ACCOUNT.address, narrow.resources) is None

    def test_a_key_file_that_others_can_read_is_not_used(self, store: SessionStore) -> None:
        made = delegation()
        store.keep(NETWORK, made)
        (store.directory / "sessions.key").chmod(0o644)
        with pytest.raises(KeyFileError):
            store.find(NETWORK, ACCOUNT.address, made.resources)

    def test_a_place_that_cannot_be_written_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(BadArgument, match="XDG_STATE_HOME"):
            SessionStore(tmp_path / "file" / "votive").keep(NETWORK, delegation())

    def test_it_stands_where_the_users_state_belongs(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
        assert SessionStore().directory == tmp_path / "votive"


class TestNetwork:
    @pytest.fixture(autouse=True)
    def own_state(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
        yield

    async def test_the_wallet_is_asked_once_and_then_no_more(self) -> None:
        async with town(signs(), signs(), signs(), signs()) as place:
            first = await place.network.session(ACCOUNT, ["lit-pkp://*"])
            second = await place.network.session(ACCOUNT, [Resource.every("lit-pkp")])
            other = await place.network.session(ACCOUNT, ["lit-litaction://*"])
        assert first.delegation == second.delegation
        assert other.session_key != first.session_key

    async def test_a_session_signs_instead_of_the_wallet(self) -> None:
        async with town(signs(), signs(), signs(), signs()) as place:
            session = await place.network.session(ACCOUNT, [Resource.pkp(TOKEN)])
            result = await place.network.sign(TOKEN, bytes(range(32)), session=session)
        assert result.signature.verify()
        assert node_addresses(place) == {node.url for node in place.network.committee.nodes}

    async def test_somebody_must_ask_and_nobody_twice(self) -> None:
        async with town(signs(), signs(), signs(), signs()) as place:
            session = await place.network.session(ACCOUNT, [Resource.pkp(TOKEN)])
            for who in ({}, {"account": ACCOUNT, "session": session}):
                with pytest.raises(BadArgument, match="who asks"):
                    await place.network.sign(TOKEN, bytes(32), **who)


def node_addresses(place: Town) -> set[str]:
    """Whom the proofs that the nodes got were made for; each got its own."""
    proofs = {seat: json.loads(body["authSig"]["signedMessage"])["nodeAddress"] for seat, _, _, body in place.requests}
    urls = {node.seat: node.url for node in place.network.committee.nodes}
    assert all(urls[seat] == address for seat, address in proofs.items())
    return set(proofs.values())
