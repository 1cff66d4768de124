"""The examples for Lit's SDK do what their README says, by the commands that it names."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.sdk import Node, find_node, install
from tests.e2e.conftest import ROOT, Place, votive

FOLDER = ROOT / "examples" / "lit-sdk"
PROGRAMS = sorted(path.stem for path in FOLDER.glob("*.mjs") if path.stem != "votive")
GUARD = ROOT / "tests" / "conformance" / "flows" / "loopback.cjs"
ADDRESS = "0x[0-9a-fA-F]{40}"


@dataclass(frozen=True)
class Done:
    """How a program ended."""

    status: int
    out: list[str]
    errors: str


Run = Callable[..., Done]


@pytest.fixture(scope="session")
def node() -> Node:
    """Node.js, with the packages of the examples' own lock installed."""
    node = find_node()
    install(node, FOLDER)
    return node


@pytest.fixture(scope="session")
def run(node: Node) -> Run:
    """Run a program of the examples, which may reach this machine only."""

    def run(program: str, *words: object) -> Done:
        command = [node.node, "--require", str(GUARD), f"{program}.mjs", *map(str, words)]
        done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=120, check=False)
        return Done(done.returncode, [line for line in done.stdout.splitlines() if "lit-js-sdk:" not in line], done.stderr)

    return run


@pytest.fixture(scope="session")
def described(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `votive lit-config` writes of the network."""
    file = tmp_path_factory.mktemp("lit") / "network.json"
    file.write_text(json.dumps(place.run("lit-config")))
    return file


def account(place: Place, number: int) -> dict[str, Any]:
    found: dict[str, Any] = place.run("status")["accounts"][number]
    return found


def told(pattern: str, lines: list[str]) -> str:
    """The first group of ``pattern`` in the line that has it."""
    found = [match[1] for line in lines if (match := re.search(pattern, line))]
    assert found, f"no line has {pattern}: {lines}"
    return found[0]


def test_the_readme_names_every_program_and_no_other() -> None:
    named = re.findall(r"^\| `([\w-]+)\.mjs` \|", (FOLDER / "README.md").read_text(), re.MULTILINE)
    assert sorted(named) == PROGRAMS


def test_the_lock_pins_packages_and_names_no_address() -> None:
    lock = json.loads((FOLDER / "package-lock.json").read_text())["packages"]
    wanted = json.loads((FOLDER / "package.json").read_text())["dependencies"]
    assert lock[""]["dependencies"] == wanted
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    assert all("integrity" in entry and "resolved" not in entry for path, entry in lock.items() if path)


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_programs_say_what_they_need(run: Run, program: str) -> None:
    done = run(program)
    assert done.status == 1
    assert f"node {program}.mjs network.json PRIVATE_KEY" in done.errors


def test_the_programs_say_in_a_line_what_is_missing(run: Run, place: Place, described: Path, tmp_path: Path) -> None:
    """No configuration, one that holds an error, one of a network that is down, a key that is none."""
    key, network = account(place, 4)["private_key"], json.loads(described.read_text())
    refused, down = tmp_path / "refused.json", tmp_path / "down.json"
    refused.write_text(json.dumps({"errorCode": "not_found", "message": "there is no network"}))
    network["client"]["rpcUrl"] = network["contracts"]["rpc"] = "http://127.0.0.1:9"  # nothing listens there
    down.write_text(json.dumps(network))
    for words, line in (
        ((tmp_path / "none.json", key), f"no such file or directory.* votive lit-config --json > {tmp_path / 'none.json'}"),
        ((refused, key), f"there is no network.* votive lit-config --json > {refused}"),
        ((described, "PRIVATE_KEY"), "PRIVATE_KEY is to be .*`votive status --json`"),
        ((down, key), "the network does not answer: `votive up` starts it"),
    ):
        done = run("sign", *words)
        assert done.status == 1
        assert re.search(line, told("(.+)", done.errors.splitlines()[-1:])), done.errors
        assert "    at " not in done.errors


def test_a_key_is_minted_and_signs(run: Run, place: Place, described: Path) -> None:
    done = run("sign", described, account(place, 4)["private_key"])
    assert done.status == 0, done.errors
    assert told(f"made by ({ADDRESS})", done.out) == told(f"minted ({ADDRESS})", done.out)


def test_an_action_runs_and_signs(run: Run, place: Place, described: Path) -> None:
    done = run("action", described, account(place, 4)["private_key"])
    assert done.status == 0, done.errors
    assert "response: the sum is 12" in done.out
    assert "logs: added 3 numbers" in done.out
    assert told(f"signed by ({ADDRESS})", done.out) == told(f"the key ({ADDRESS})", done.out)


def test_a_condition_decides_who_reads(run: Run, place: Place, described: Path) -> None:
    done = run("encrypt", described, account(place, 4)["private_key"])
    assert done.status == 0, done.errors
    assert "who has a coin reads: for few eyes" in done.out
    assert "who has none: refused, NodeAccessControlConditionsReturnedNotAuthorized" in done.out


def test_only_the_program_uses_a_burned_key(run: Run, place: Place, described: Path) -> None:
    done = run("mint-grant-burn", described, account(place, 4)["private_key"])
    assert done.status == 0, done.errors
    assert told(f"4: signed by ({ADDRESS})", done.out) == told(f"key ({ADDRESS})", done.out)
    assert "5: refused, NodeJsExecutionError" in done.out
    assert "without the program: refused, NodeAuthSigScopeTooLimited" in done.out


def test_a_wallet_claims_its_key_once_and_signs_with_it(run: Run, place: Place, described: Path) -> None:
    for said in ("claimed, token (0x[0-9a-f]{64})", "it was (claimed before)"):
        done = run("claim", described, account(place, 8)["private_key"])
        assert done.status == 0, done.errors
        assert told(said, done.out)
        assert told(f"signed by ({ADDRESS})", done.out) == told(f"the key of {ADDRESS} is ({ADDRESS})", done.out)


# Another network, whose keys' permissions move here.


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A second network, with a chain of its own."""
    old = Place(tmp_path_factory.mktemp("old") / "network")
    try:
        old.run("up", "--nodes", 4)
        yield old
    finally:
        votive("down", "--directory", old.directory)


@pytest.fixture(scope="module")
def cid(tmp_path_factory: pytest.TempPathFactory, old: Place) -> str:
    """Of a program."""
    file = tmp_path_factory.mktemp("action") / "action.js"
    file.write_text("Lit.Actions.setResponse({ response: 'moved' });")
    return str(old.run("action", "cid", file)["cid"])


@pytest.fixture
def old_chain(old: Place, tmp_path: Path) -> Path:
    """What the program is told of the other network."""
    status, file = old.run("status"), tmp_path / "old.json"
    file.write_text(json.dumps({"rpcUrl": status["chain"]["rpc_url"], "PKPPermissions": status["contracts"]["PKPPermissions"]}))
    return file


def table(done: Done) -> list[dict[str, str]]:
    """The rows that the program printed."""
    heading, *rows = (line.split("\t") for line in done.out if "\t" in line)
    return [dict(zip(heading, row, strict=True)) for row in rows]


def test_the_permissions_of_listed_keys_move_to_new_keys(
    run: Run, place: Place, old: Place, cid: str, described: Path, old_chain: Path
) -> None:
    owner, friend, payer = (account(place, number) for number in (2, 3, 4))
    first, second = (old.run("key", "mint", "--as", 2) for _ in range(2))
    passkey = "a5010203262001215820" + "11" * 32 + "225820" + "22" * 32
    for token, *words in (
        (first, "--action", cid),
        (first, "--address", friend["address"], "--messages-only"),
        (first, "--method", "google", "--user", "ann", "--application", "app-1"),
        (first, "--method", "passkey", "--user", "cmF3LWlk", "--public-key", passkey),
        (second, "--address", first["eth_address"]),
    ):
        old.run("key", "grant", token["token_id"], *words, "--as", 2)
    old.run("key", "transfer", second["token_id"], first["eth_address"], "--as", 2)

    done = run("migrate-permissions", described, payer["private_key"], old_chain, first["token_id"], second["token_id"])
    assert done.status == 0, done.errors
    one, two = table(done)
    assert (one["old token"], one["old address"], one["owner"]) == (first["token_id"], first["eth_address"], owner["address"])
    assert one["new token"] != one["old token"]

    here, there = (network.run("key", "show", token) for network, token in ((place, one["new token"]), (old, first["token_id"])))
    assert here["permitted_actions"] == there["permitted_actions"] == [cid]
    assert here["permitted_addresses"] == there["permitted_addresses"] == [friend["address"]]
    assert len(here["permitted_methods"]) == 2
    assert sorted(here["permitted_methods"], key=str) == sorted(there["permitted_methods"], key=str)
    assert here["owner"] == owner["address"]
    why = place.run("key", "why", one["new token"], "--as", 3)
    assert not why["permitted"]
    assert "PERSONAL_SIGN" in json.dumps(why)

    # What the first key owned and might use, its successor owns and may use.
    successor = place.run("key", "show", two["new token"])
    assert successor["permitted_addresses"] == [one["new address"]]
    assert successor["owner"] == two["owner"] == one["new address"]


def test_a_burned_key_moves_only_whole(run: Run, place: Place, old: Place, cid: str, described: Path, old_chain: Path) -> None:
    program, mixed = old.run("key", "mint", "--burn-for", cid), old.run("key", "mint", "--as", 2)
    old.run("key", "grant", mixed["token_id"], "--address", account(place, 3)["address"], "--as", 2)
    old.run("key", "burn", mixed["token_id"], "--as", 2)

    words = (described, account(place, 4)["private_key"], old_chain, program["token_id"], mixed["token_id"])
    done = run("migrate-permissions", *words)
    assert done.status == 1
    assert f"{mixed['token_id']}: not moved: it was burned, but not with one action" in done.errors
    [moved] = table(done)
    assert moved["owner"] == "nobody"
    here = place.run("key", "show", moved["new token"])
    assert (here["owner"], here["permitted_actions"], here["permitted_addresses"]) == (None, [cid], [])


def test_a_key_that_owned_and_permitted_itself_does_so_again(
    run: Run, place: Place, old: Place, cid: str, described: Path, old_chain: Path
) -> None:
    key = old.run("key", "mint", "--as", 2)
    for words in (("--action", cid), ("--address", key["eth_address"])):
        old.run("key", "grant", key["token_id"], *words, "--as", 2)
    old.run("key", "transfer", key["token_id"], key["eth_address"], "--as", 2)
    done = run("migrate-permissions", described, account(place, 4)["private_key"], old_chain, key["token_id"])
    assert done.status == 0, done.errors
    [moved] = table(done)
    here = place.run("key", "show", moved["new token"])
    assert here["owner"] == here["eth_address"] == moved["new address"]
    assert (here["permitted_actions"], here["permitted_addresses"]) == ([cid], [here["eth_address"]])


def test_a_key_that_is_not_there_does_not_move(run: Run, place: Place, described: Path, old_chain: Path) -> None:
    done = run("migrate-permissions", described, account(place, 4)["private_key"], old_chain, "0x5eed")
    assert done.status == 1
    assert "0x5eed: not moved: never minted there, or burned with nothing permitted" in done.errors
    assert table(done) == []


def test_the_old_chain_is_described_or_nothing_moves(run: Run, place: Place, described: Path, tmp_path: Path) -> None:
    file, key = tmp_path / "old.json", account(place, 4)["private_key"]
    assert f"no such file or directory, open '{file}'" in run("migrate-permissions", described, key, file, "0x5eed").errors
    for content, said in (
        ({"rpcUrl": "http://127.0.0.1:9"}, "has no rpcUrl and PKPPermissions. Make it anew: echo"),
        ({"rpcUrl": "http://127.0.0.1:9", "PKPPermissions": f"0x{1:040x}"}, f"no PKPPermissions at 0x{1:040x} of http://127.0.0.1:9"),
    ):
        file.write_text(json.dumps(content))
        done = run("migrate-permissions", described, key, file, "0x5eed")
        assert (done.status, done.out) == (1, [])
        assert f"{file}: {said}" in done.errors
