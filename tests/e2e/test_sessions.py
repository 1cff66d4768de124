"""Sessions through the command line, on real nodes; and `votive key why`, which must say what the nodes do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import Place
from tests.e2e.facts import check_signature

from votive.ipfs import cid_of

DIGEST = "0x" + "5e" * 32
SAYS_WHO = b"Lit.Actions.setResponse({ response: JSON.stringify(Lit.Auth) });"


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state directory that is no person's."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture(scope="module")
def key(place: Place) -> dict[str, Any]:
    """A key of account 3."""
    minted: dict[str, Any] = place.run("key", "mint", "--as", 3)
    return minted


def address(status: dict[str, Any], number: int) -> str:
    return str(status["accounts"][number]["address"])


def test_a_session_signs_where_only_the_address_is_known(place: Place, key: dict[str, Any], status: dict[str, Any]) -> None:
    made = place.run("session", "create", "--key", key["token_id"], "--as", 3)
    assert made.keys() == {"address", "session_key", "resources", "issued_at", "expires_at", "file"}
    assert made["address"] == address(status, 3)
    signed = place.run("key", "sign", key["token_id"], "--digest", DIGEST, "--as", address(status, 3), "--session")
    check_signature(signed, key["public_key"])


def test_what_is_shown_of_a_session_is_no_secret(place: Place, own_state: Path) -> None:
    made = place.run("session", "create", "--action", "any", "--days", 2, "--as", 4)
    shown = place.run("session", "show")
    assert shown == {"sessions": [{name: made[name] for name in made if name != "file"} | {"expired": False}]}
    assert made["resources"] == ["lit-litaction://*"]
    assert Path(made["file"]).is_relative_to(own_state)
    assert made["session_key"] in place.say("session", "show")


def test_a_session_for_one_key_signs_with_no_other(place: Place, key: dict[str, Any]) -> None:
    place.run("session", "create", "--key", key["token_id"], "--as", 3)
    other = place.run("key", "mint", "--as", 3)
    error = place.refused("key", "sign", other["token_id"], "--digest", DIGEST, "--as", 3, "--session")
    assert "no session" in error["message"]
    assert "votive session create" in error["message"]


def test_a_session_runs_the_action_that_it_names(place: Place, status: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "who.js").write_bytes(SAYS_WHO)
    place.run("session", "create", "--action", cid_of(SAYS_WHO), "--as", 4)
    ran = place.run("action", "run", tmp_path / "who.js", "--as", 4, "--session")
    assert json.loads(ran["response"])["authSigAddress"] == address(status, 4)
    (tmp_path / "other.js").write_bytes(SAYS_WHO + b"\n")
    assert "no session" in place.refused("action", "run", tmp_path / "other.js", "--as", 4, "--session")["message"]


def test_a_session_that_names_nothing_is_not_made(place: Place) -> None:
    assert "--key, --action or --decrypt" in place.refused("session", "create")["message"]


class TestWhy:
    def test_the_owner_may(self, place: Place, key: dict[str, Any], status: dict[str, Any]) -> None:
        answer = place.run("key", "why", key["token_id"], "--as", address(status, 3))
        assert answer.keys() == {"permitted", "details"}
        assert answer["permitted"] is True
        assert answer["details"][0]["alternatives"][-1]["permits"] is True

    def test_it_gives_the_reasons_that_the_nodes_give(self, place: Place, key: dict[str, Any]) -> None:
        answer = place.run("key", "why", key["token_id"], "--as", 5)
        refused = place.refused("key", "sign", key["token_id"], "--digest", DIGEST, "--as", 5)
        assert answer["permitted"] is False
        assert [one["asked"] for one in answer["details"][0]["alternatives"]] == [
            one["asked"] for one in refused["details"][0]["alternatives"]
        ]

    def test_an_action_is_asked_about_first(self, place: Place, key: dict[str, Any]) -> None:
        cid = cid_of(SAYS_WHO)
        before = place.run("key", "why", key["token_id"], "--as", 5, "--action", cid)
        place.run("key", "grant", key["token_id"], "--action", cid, "--as", 3)
        after = place.run("key", "why", key["token_id"], "--as", 5, "--action", cid)
        assert (before["permitted"], after["permitted"]) == (False, True)
        assert cid in before["details"][0]["alternatives"][0]["asked"]

    def test_it_is_said_in_words(self, place: Place, key: dict[str, Any]) -> None:
        said = place.say("key", "why", key["token_id"], "--as", 5)
        assert said.startswith("Not permitted, as of block ")
        assert "✗ does " in said

    def test_a_stranger_needs_no_account(self, place: Place, key: dict[str, Any]) -> None:
        assert place.run("key", "why", key["token_id"], "--as", "0x" + "ab" * 20)["permitted"] is False

    def test_what_is_no_key_is_said_to_be_none(self, place: Place) -> None:
        assert place.refused("key", "why", "12345")["errorCode"] == "NodeUnknownKey"
