"""Encryption to conditions through the command line, on real nodes and a real chain."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import Place
from tests.e2e.facts import check_timings

import votive as sdk
from votive.client.encryption import DIRECT_BYTES

SECRET = "was nur wenige lesen dürfen\n".encode()
NOT_MET = "NodeAccessControlConditionsReturnedNotAuthorized"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "secret.txt"
    file.write_bytes(SECRET)
    return file


def token(status: dict[str, Any]) -> str:
    """A contract of tokens that are moved between accounts: the keys' own."""
    return str(status["contracts"]["PKPNFT"])


def owns(status: dict[str, Any]) -> list[dict[str, Any]]:
    """Lit's JSON for: whoever owns a key."""
    return [
        {
            "conditionType": "evmBasic",
            "contractAddress": token(status),
            "standardContractType": "ERC721",
            "chain": status["chain"]["name"],
            "method": "balanceOf",
            "parameters": [":userAddress"],
            "returnValueTest": {"comparator": ">", "value": "0"},
        }
    ]


def test_who_gets_the_token_may_decrypt_what_was_encrypted_before(
    place: Place, status: dict[str, Any], secret: Path, tmp_path: Path
) -> None:
    """Account 8 owns no key, is told why that is not enough, and may once it owns one: the same ciphertext, the same request."""
    sealed, out = tmp_path / "sealed.json", tmp_path / "opened.txt"
    place.run("encrypt", secret, "--condition", json.dumps(owns(status)), "--out", sealed)
    content = json.loads(sealed.read_bytes())
    assert content.keys() == {"ciphertext", "dataToEncryptHash", "unifiedAccessControlConditions", "chain"}
    assert content["unifiedAccessControlConditions"] == owns(status)
    assert content["chain"] == status["chain"]["name"] == "yellowstone"
    assert len(base64.b64decode(content["ciphertext"], validate=True)) == 48 + 32 + 1 + 32 + 1  # U, V, length, W of 32, scheme

    error = place.refused("decrypt", sealed, "--as", 8, "--out", out)
    assert error["errorCode"] == NOT_MET
    tree = error["details"][0]
    assert (tree["holds"], tree["seen"]) == (False, "0")
    assert token(status) in tree["condition"]
    assert tree["block"]["number"] > 0
    assert not out.exists()

    key = place.run("key", "mint", "--as", 5)
    place.run("key", "transfer", key["token_id"], status["accounts"][8]["address"], "--as", 5)
    done = place.run("decrypt", sealed, "--as", 8, "--out", out)
    assert out.read_bytes() == SECRET
    assert len(done["nodes"]) == 3
    check_timings(done["timings_ms"])

    place.run("key", "transfer", key["token_id"], status["accounts"][5]["address"], "--as", 8)
    assert place.refused("decrypt", sealed, "--as", 8, "--out", out)["errorCode"] == NOT_MET


def test_conditions_may_be_words_and_are_explained(place: Place, status: dict[str, Any], secret: Path, tmp_path: Path) -> None:
    words = f"owns({token(status)}, erc721) or balance(yellowstone) >= 1 ether"
    said = place.say("encrypt", secret, "--condition", words, "--out", tmp_path / "sealed.json", "--explain")
    assert said.startswith("owns(")
    assert '"standardContractType": "ERC721"' in said
    content = json.loads((tmp_path / "sealed.json").read_bytes())
    assert [item.get("operator", item.get("method")) for item in content["unifiedAccessControlConditions"]] == [
        "balanceOf",
        "or",
        "eth_getBalance",
    ]
    assert "decrypted by nodes" in place.say("decrypt", tmp_path / "sealed.json", "--as", 9, "--out", tmp_path / "opened.txt")
    assert (tmp_path / "opened.txt").read_bytes() == SECRET


def test_conditions_may_stand_in_a_file(place: Place, secret: Path, tmp_path: Path) -> None:
    (tmp_path / "who.txt").write_text("balance(yellowstone) > 0")
    place.run("encrypt", secret, "--condition", f"@{tmp_path / 'who.txt'}")
    assert (tmp_path / "secret.txt.json").is_file()
    assert "cannot read" in place.refused("encrypt", secret, "--condition", "@missing")["message"]


def test_a_person_is_shown_each_condition_with_what_was_seen(place: Place, status: dict[str, Any], secret: Path, tmp_path: Path) -> None:
    words = f"owns({token(status)}, erc721) and (time < 5 or balance(yellowstone) >= 1 ether)"
    place.run("encrypt", secret, "--condition", words, "--out", tmp_path / "sealed.json")
    said = place.say("decrypt", tmp_path / "sealed.json", "--as", 9, "--out", tmp_path / "opened.txt", status=1)
    assert "✗ all of:" in said
    assert f"✗ owns({token(status)}, erc721) on yellowstone: 0 (block " in said


def test_what_cannot_be_understood_encrypts_nothing(place: Place, secret: Path, tmp_path: Path) -> None:
    for words in ("", "owns(", "[{}]", "[", "true"):
        error = place.refused("encrypt", secret, "--condition", words, "--out", tmp_path / "sealed.json")
        assert error["errorCode"] == "NodeBadInput", words
    assert not (tmp_path / "sealed.json").exists()


def test_a_large_file_goes_through_an_envelope(place: Place, tmp_path: Path) -> None:
    source = tmp_path / "large"
    source.write_bytes(bytes(range(256)) * (3 * DIRECT_BYTES // 256) + b"end")
    told = place.run("encrypt", source, "--condition", "balance(yellowstone) > 0", "--out", tmp_path / "sealed.json")
    assert told["envelope"] == {"format": "votive/stream/v1"}, "its content is in the file alone"
    content = json.loads((tmp_path / "sealed.json").read_bytes())
    assert content.keys() == {"ciphertext", "dataToEncryptHash", "unifiedAccessControlConditions", "chain", "envelope"}
    place.run("decrypt", tmp_path / "sealed.json", "--as", 1, "--out", tmp_path / "opened")
    assert (tmp_path / "opened").read_bytes() == source.read_bytes()


def test_a_session_decrypts_what_it_is_for(
    place: Place, status: dict[str, Any], secret: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    sealed, other = tmp_path / "sealed.json", tmp_path / "other.json"
    place.run("encrypt", secret, "--condition", "balance(yellowstone) > 0", "--out", sealed)
    place.run("encrypt", secret, "--condition", "balance(yellowstone) > 1", "--out", other)
    place.run("session", "create", "--decrypt", sealed, "--as", 2)
    asker = ("--as", status["accounts"][2]["address"], "--session", "--out", tmp_path / "opened")
    place.run("decrypt", sealed, *asker)
    assert (tmp_path / "opened").read_bytes() == SECRET
    assert "no session" in place.refused("decrypt", other, *asker)["message"]


def test_nodes_refuse_a_session_that_is_for_something_else(status: dict[str, Any], tmp_path: Path) -> None:
    """Not only our own client does (B07)."""
    with sdk.connect_blocking(status["nodes"][0]["url"]) as network:
        account, store = status["accounts"][2]["private_key"], sdk.client.SessionStore(tmp_path)
        sealed = network.encrypt(SECRET, "balance(yellowstone) > 0")
        narrow = network.session(account, [f"lit-accesscontrolcondition://{'00' * 32}/{'00' * 32}"], store=store)
        with pytest.raises(sdk.client.Refused, match="do not include access-control-condition-decryption"):
            network.decrypt(sealed, session=narrow)
        wide = network.session(account, ["lit-accesscontrolcondition://*"], store=store)
        assert network.decrypt(sealed, session=wide).data == SECRET


Run = Callable[..., Any]


@pytest.fixture
def run(place: Place, tmp_path: Path) -> Run:
    """Run a source with parameters."""

    def go(source: str, *params: str, status: int = 0) -> Any:
        (tmp_path / "action.js").write_text(source)
        return place.run("action", "run", tmp_path / "action.js", *(f"--param={param}" for param in params), status=status)

    return go


class TestInActions:
    """Conditions, encryption and decryption as an action asks for them."""

    RICH = "const rich = [{contractAddress: '', standardContractType: '', chain: 'yellowstone', method: 'eth_getBalance', \
parameters: [':userAddress', 'latest'], returnValueTest: {comparator: '>=', value: wei}}];"

    def test_it_checks_conditions_for_its_caller(self, run: Run) -> None:
        check = self.RICH + "Lit.Actions.checkConditions({conditions: rich}).then((r) => Lit.Actions.setResponse({response: String(r)}));"
        assert run(check, 'wei="1"')["response"] == "true"
        assert run(check, f'wei="{10**30}"')["response"] == "false"

    def test_it_encrypts_and_decrypts_for_its_caller(self, run: Run) -> None:
        """Each node's ciphertext is another, so it is one node's response that the next run is given."""
        encrypt = "Lit.Actions.encrypt({accessControlConditions: rich, to_encrypt: 'für dich'})"
        made = run(self.RICH + f"{encrypt}.then((e) => Lit.Actions.setResponse({{response: JSON.stringify(e)}}));", 'wei="1"')
        decrypt = "Lit.Actions.decryptAndCombine({accessControlConditions: rich, ...encrypted, authSig: null, chain: 'yellowstone'})"
        said = run(
            self.RICH + f"{decrypt}.then((response) => Lit.Actions.setResponse({{response}}));", 'wei="1"', f"encrypted={made['response']}"
        )
        assert said["response"] == "für dich"
        assert len(said["nodes"]) >= 3

    def test_what_its_caller_may_not_it_may_not(self, run: Run) -> None:
        encrypt = "Lit.Actions.encrypt({accessControlConditions: rich, to_encrypt: 'x'})"
        made = run(self.RICH + f"{encrypt}.then((e) => Lit.Actions.setResponse({{response: JSON.stringify(e)}}));", f'wei="{10**30}"')
        decrypt = "Lit.Actions.decryptAndCombine({accessControlConditions: rich, ...encrypted, authSig: null, chain: 'yellowstone'})"
        error = run(self.RICH + f"{decrypt};", f'wei="{10**30}"', f"encrypted={made['response']}", status=1)
        assert error["errorCode"] == NOT_MET
        assert error["details"][0]["holds"] is False

    def test_a_ciphertext_that_was_touched_opens_for_nobody(self, run: Run) -> None:
        encrypt = "Lit.Actions.encrypt({accessControlConditions: rich, to_encrypt: 'x'})"
        made = json.loads(
            run(self.RICH + f"{encrypt}.then((e) => Lit.Actions.setResponse({{response: JSON.stringify(e)}}));", 'wei="1"')["response"]
        )
        raw = bytearray(base64.b64decode(made["ciphertext"]))
        raw[60] ^= 1
        decrypt = "Lit.Actions.decryptAndCombine({accessControlConditions: rich, ciphertext, dataToEncryptHash, chain: 'yellowstone'});"
        touched = [f"ciphertext={base64.b64encode(raw).decode()}", f"dataToEncryptHash={made['dataToEncryptHash']}"]
        assert run(self.RICH + decrypt, 'wei="1"', *touched, status=1)["errorCode"] == "NodeBadInput"
