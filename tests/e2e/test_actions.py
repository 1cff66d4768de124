"""Actions and proofs through the command line."""

from __future__ import annotations

import base64
import json
import re
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import PRIME, Place, votive
from tests.e2e.facts import check_personal, check_signature, check_timings

import votive as sdk
from votive.ipfs import cid_of, multihash_of

BIG_PRIME = 2**255 - 19
CID = cid_of(PRIME.read_bytes())


@pytest.fixture(scope="module")
def proven(place: Place) -> sdk.client.Minted:
    """A key minted, granted to the prime action and burned in one transaction, through the blocking SDK."""
    status = place.run("status")
    with sdk.connect_blocking(status["nodes"][0]["url"]) as network:
        assert network.publish(PRIME.read_bytes()) == CID
        return network.mint_grant_burn(action=CID, account=status["accounts"][0]["private_key"])


@pytest.fixture(scope="module")
def bundle(place: Place, proven: sdk.client.Minted, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the prime action, saved."""
    file = tmp_path_factory.mktemp("bundle") / "prime.json"
    place.run("action", "run", PRIME, "--param", "n=7919", "--param", f"publicKey={proven.public_key}", "--save", file)
    return file


def changed(bundle: Path, tmp_path: Path, **fields: Any) -> Path:
    """A copy of the bundle with other values, nested ones under names joined by __."""
    content = json.loads(bundle.read_text())
    for name, value in fields.items():
        *path, last = name.split("__")
        target = content
        for step in path:
            target = target[step]
        target[last] = value
    file = tmp_path / "changed.json"
    file.write_text(json.dumps(content))
    return file


def test_a_prime_is_signed_by_anybodys_request(place: Place, proven: sdk.client.Minted) -> None:
    result = place.run("action", "run", CID, "--param", f"n={BIG_PRIME}", "--param", f"publicKey={proven.public_key}", "--as", 5)
    assert result.keys() == {"cid", "response", "logs", "signatures", "nodes", "timings_ms"}
    assert result["cid"] == CID
    signature = result["signatures"]["prime"]
    assert signature.keys() == {"digest", "r", "s", "v", "public_key"}
    assert signature["public_key"] == proven.public_key
    check_signature(signature, proven.public_key)
    check_personal(signature, str(BIG_PRIME), proven.eth_address)
    check_timings(result["timings_ms"])
    assert len(result["nodes"]) >= 3


def test_a_composite_is_refused(place: Place, proven: sdk.client.Minted) -> None:
    error = place.refused("action", "run", PRIME, "--param", "n=7917", "--param", f"publicKey={proven.public_key}")
    assert error["errorCode"] == "NodeJsExecutionError"
    assert "7917 is not prime" in error["message"]


def test_a_changed_program_is_another_program(place: Place, proven: sdk.client.Minted, tmp_path: Path) -> None:
    (tmp_path / "other.js").write_bytes(PRIME.read_bytes() + b"\n")
    error = place.refused("action", "run", tmp_path / "other.js", "--param", "n=7919", "--param", f"publicKey={proven.public_key}")
    assert error["errorCode"] == "NodeAuthSigScopeTooLimited"


def test_what_a_program_says_comes_back(place: Place, tmp_path: Path) -> None:
    (tmp_path / "say.js").write_text("console.log('seen', who); Lit.Actions.setResponse({ response: JSON.stringify({ big, who }) });")
    result = place.run("action", "run", tmp_path / "say.js", "--param", "who=world", "--param", f"big={2**60}")
    assert json.loads(result["response"]) == {"big": str(2**60), "who": "world"}
    assert result["logs"].strip() == "seen world"
    assert result["signatures"] == {}
    assert "seen world" in place.say("action", "run", tmp_path / "say.js", "--param", "who=world", "--param", "big=1")


def test_how_many_nodes_gave_a_response_is_said_as_it_is(place: Place, tmp_path: Path) -> None:
    """Each node draws another number, so that each response is one node's alone."""
    (tmp_path / "same.js").write_text("Lit.Actions.setResponse({ response: 'same' });")
    said = place.say("action", "run", tmp_path / "same.js")
    assert re.search(r"^nodes +[34] of 4 nodes gave this response: \d(, \d)+$", said, re.MULTILINE)
    assert "only" not in said
    (tmp_path / "chance.js").write_text("Lit.Actions.setResponse({ response: String(Math.random()) });")
    said = place.say("action", "run", tmp_path / "chance.js")
    assert re.search(r"^nodes +1 of 4 nodes gave this response: \d$", said, re.MULTILINE)
    assert "What is not signed is only as good as the nodes that gave it." in said
    assert len(place.run("action", "run", tmp_path / "chance.js")["nodes"]) == 1


def test_published_programs_are_at_the_gateway(place: Place, tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("Lit.Actions.setResponse({ response: 'a' });")
    published = place.run("action", "publish", tmp_path / "a.js")
    assert published["cid"] == cid_of((tmp_path / "a.js").read_bytes())
    with urllib.request.urlopen(published["url"], timeout=5) as answer:
        assert answer.read() == (tmp_path / "a.js").read_bytes()
    assert place.run("action", "run", published["cid"])["response"] == "a"


def test_an_unpublished_program_cannot_be_run_by_its_cid(place: Place) -> None:
    assert place.refused("action", "run", cid_of(b"never published"))["errorCode"] == "NodeIpfsError"


def test_what_is_neither_file_nor_cid_is_said_to_be_neither(place: Place) -> None:
    assert place.refused("action", "run", "no-such-thing")["errorCode"] == "NodeBadInput"


class TestVerify:
    def test_a_saved_run_proves_its_program(self, place: Place, bundle: Path, proven: sdk.client.Minted) -> None:
        verdict = place.run("verify", bundle)
        assert verdict["proven"] is True
        assert verdict["cid"] == CID
        assert verdict["transaction"] == {"hash": proven.transaction.hash, "block": proven.transaction.block}
        assert {check["name"] for check in verdict["checks"]} == {
            "signature",
            "minted",
            "granted",
            "burned",
            "unchanged",
            "code",
            "message",
        }
        assert all(check["passed"] for check in verdict["checks"])

    def test_the_program_may_be_named_by_its_cid_in_version_1(self, place: Place, bundle: Path, tmp_path: Path) -> None:
        version_1 = "b" + base64.b32encode(b"\x01\x70" + multihash_of(CID)).decode().lower().rstrip("=")
        verdict = place.run("verify", changed(bundle, tmp_path, cid=version_1))
        assert (verdict["proven"], verdict["cid"]) == (True, CID)

    def test_it_says_so_in_words(self, place: Place, bundle: Path) -> None:
        said = place.say("verify", bundle)
        assert said.startswith("Proven: ")
        assert '"7919"' in said
        assert "conspire" in said

    def test_it_needs_no_directory_with_a_file(self, place: Place, bundle: Path, tmp_path: Path) -> None:
        done = votive("verify", bundle, "--directory", tmp_path, "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["proven"] is True

    def test_signature_digest_and_key_are_enough(self, place: Place, bundle: Path, proven: sdk.client.Minted) -> None:
        prime = json.loads(bundle.read_text())["signatures"]["prime"]
        signature = prime["r"] + prime["s"][2:] + f"{prime['v']:02x}"
        words = ("verify", "--signature", signature, "--digest", prime["digest"], "--key", proven.token_id)
        verdict = place.run(*words)
        assert (verdict["proven"], verdict["cid"]) == (True, CID)
        other = place.run("verify", "--signature", signature, "--digest", "0x" + "11" * 32, "--key", proven.token_id, status=1)
        assert other["proven"] is False

    @pytest.mark.parametrize(
        ("failing", "fields"),
        [
            ("signature", {"signatures__prime__digest": "0x" + "11" * 32}),
            ("signature", {"signatures__prime__s": "0x" + "11" * 32}),
            ("signature", {"signatures__prime__v": 29}),
            ("granted", {"cid": cid_of(b"another")}),
            ("code", {"code": PRIME.read_text().replace("isPrime(number)", "true")}),
            ("message", {"params__n": 7920}),
        ],
    )
    def test_a_tampered_file_proves_nothing(self, place: Place, bundle: Path, tmp_path: Path, failing: str, fields: dict[str, Any]) -> None:
        verdict = place.run("verify", changed(bundle, tmp_path, **fields), status=1)
        assert verdict["proven"] is False
        assert failing in {check["name"] for check in verdict["checks"] if check["passed"] is False}

    def test_another_key_in_the_file_is_noticed(self, place: Place, bundle: Path, tmp_path: Path) -> None:
        other = place.run("key", "mint")
        verdict = place.run("verify", changed(bundle, tmp_path, signatures__prime__public_key=other["public_key"]), status=1)
        assert {check["name"] for check in verdict["checks"] if not check["passed"]} >= {"signature", "granted", "burned"}

    def test_a_key_granted_and_burned_later_proves_nothing(self, place: Place, tmp_path: Path) -> None:
        key = place.run("key", "mint")
        place.run("key", "grant", key["token_id"], "--action", CID)
        place.run("key", "burn", key["token_id"])
        file = tmp_path / "later.json"
        place.run("action", "run", CID, "--param", "n=5", "--param", f"publicKey={key['public_key']}", "--save", file)
        verdict = place.run("verify", file, status=1)
        assert {check["name"] for check in verdict["checks"] if check["passed"] is False} == {"granted", "burned"}

    def test_a_file_of_another_network_is_refused(self, place: Place, bundle: Path, tmp_path: Path) -> None:
        error = place.refused("verify", changed(bundle, tmp_path, network__resolver="0x" + "ab" * 20))
        assert error["errorCode"] == "ClientWrongNetwork"

    def test_a_file_that_is_none_is_refused(self, place: Place, tmp_path: Path) -> None:
        (tmp_path / "none.json").write_text("{}")
        assert place.refused("verify", tmp_path / "none.json")["errorCode"] == "NodeBadInput"
