"""Lit's own SDK, as published and unpatched, driven against one network of real processes.

Each program in ``flows/`` is what a user of that SDK would write; it ends by printing what it found, and the test beside it judges that
with other libraries than the SDK's. A program reaches this machine and nothing else (``flows/loopback.cjs``), and all that nodes answered
to it is held to the schemas (``answers.py``).
"""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.conformance import elsewhere
from tests.conformance.answers import Answer, judge, read_answers
from tests.conformance.sdk import HERE, Node, SdkMissing, find_node, install
from tests.e2e.conftest import Place, votive

FLOW_SECONDS = 120
LONG_SECONDS = 600
STAYING_SECONDS = 300
FLOWS = HERE / "flows"
GREETS = "Lit.Actions.setResponse({ response: JSON.stringify({ greeting: `Hello, ${name}` }) });\n"
JUDGES = "const judge = async (word) => word === 'open';\n"
DOOR = "Lit.Actions.setResponse({ response: password === 'open sesame' ? 'true' : 'false' });\n"
SIGNS = "(async () => { await Lit.Actions.signEcdsa({ toSign, publicKey, sigName: 'sig' }); })();\n"
OWN_TEXT = "encrypted by Votive's own client"
ARCHIVED = {"letters/ann.txt": b"Dear Ann", "numbers.bin": bytes(range(256)) * 20}
"""The files in an archive."""
NOWHERE_CID = "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG"
"""Of no program that was published here."""
MORTAL = 3
"""The seat of the node that a test kills."""
FIRST = "test_programs_that_take_long_begin_before_all_else"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let programs that take minutes begin first here, and be judged last of all; tests of faults come after those that want peace."""
    ours = [item for item in items if item.path.parent == HERE]
    for item in ours:
        item.add_marker(pytest.mark.network)
    ours.sort(key=_turn)
    late = [item for item in ours if _turn(item) > 2]
    others = [item for item in items if item.path.parent != HERE]
    where = next((number for number, item in enumerate(items) if item.path.parent == HERE), 0)
    items[:] = [*others[:where], *(item for item in ours if item not in late), *others[where:], *late]


def _turn(item: pytest.Item) -> int:
    return {"test_faults.py": 2, "test_staying.py": 0 if item.name == FIRST else 3}.get(item.path.name, 1)


@dataclass(frozen=True)
class Refusal:
    """An error as the SDK gives it to an application."""

    name: str
    message: str
    code: str | None = None
    kind: str | None = None
    info: dict[str, Any] | None = None

    @property
    def error_code(self) -> str | None:
        """The node's own error code, if a node refused."""
        return None if self.info is None else self.info.get("errorCode")

    @property
    def said(self) -> str:
        """The node's own words; empty if no node refused."""
        return "" if self.info is None else str(self.info["message"])


def refusal(found: dict[str, Any]) -> Refusal:
    """Read what ``refusal`` of votive.mjs returned."""
    return Refusal(**found)


class Flow:
    """A program that runs, and what nodes answer to it."""

    def __init__(self, process: subprocess.Popen[str], record: Path, nodes: Sequence[str]) -> None:
        self._process, self._record, self._nodes = process, record, nodes
        self._judged = False

    def paused(self) -> str:
        """Wait until the program pauses, and return what for."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith('{"pause"'):
                return str(json.loads(line)["pause"])
        raise AssertionError(f"it ended without a pause:\n{self._process.communicate()[1]}")

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def resume(self) -> None:
        """Let a program that paused go on to its next pause."""
        assert self._process.stdin is not None
        self._process.stdin.write("go on\n")
        self._process.stdin.flush()

    def found(self, words: str = "", seconds: float = FLOW_SECONDS) -> dict[str, Any]:
        """Let the program go on to its end, and return what it found."""
        out, err = self._process.communicate(words, timeout=seconds)
        assert self._process.returncode == 0, f"status {self._process.returncode}\n{out}\n{err}"
        self.judge()
        found: dict[str, Any] = json.loads(out.splitlines()[-1])
        return found

    @property
    def answers(self) -> list[Answer]:
        """What nodes have answered so far."""
        return read_answers(self._record, self._nodes)

    def judge(self) -> None:
        """Hold all answers to their schemas; a program that asked no node was not recorded, or is none."""
        self._judged = True
        assert self.answers, "no answer of a node was recorded"
        judge(self.answers)

    def end(self) -> None:
        """End the program if it still runs; what it was answered counts all the same."""
        self._process.kill()
        self._process.communicate()
        if not self._judged:
            judge(self.answers)


@dataclass(frozen=True)
class Sdk:
    """Lit's SDK in Node.js."""

    node: Node

    def start(self, program: str, *words: object, record: Path | None = None) -> subprocess.Popen[str]:
        """Start a program, guarded, and write down what it is answered in ``record``."""
        preloads = ["loopback.cjs", *(["record.cjs"] if record else [])]
        required = [word for preload in preloads for word in ("--require", str(FLOWS / preload))]
        command = [self.node.node, *required, str(FLOWS / program), *map(str, words)]
        environment = {**os.environ, **({"VOTIVE_ANSWERS": str(record)} if record else {})}
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment)


@pytest.fixture(scope="session")
def sdk() -> Sdk:
    """The packages that package-lock.json names, installed."""
    try:
        node = find_node()
        install(node)
    except SdkMissing as error:
        pytest.fail(str(error), pytrace=False)
    return Sdk(node)


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A running network of four nodes, which were then told of two chains that are elsewhere."""
    place = Place(tmp_path_factory.mktemp("conformance") / "network")
    with elsewhere.serving(elsewhere.Solana) as solana, elsewhere.serving(elsewhere.Cosmos) as cosmos:
        try:
            place.run("up", "--nodes", 4)
            place.run("down")
            elsewhere.tell(place.directory, solana=solana, cosmos=cosmos)
            place.run("up")
            yield place
        finally:
            votive("down", "--directory", place.directory)


@pytest.fixture(scope="session")
def network(place: Place, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a program is told of the network: what ``votive lit-config`` prints, accounts, and a key with all that is permitted of it.

    The first account owns both keys; the second is permitted one; nobody knows the third.
    """
    config, status, folder = place.run("lit-config"), place.run("status"), tmp_path_factory.mktemp("actions")
    accounts = status["accounts"][:3]
    codes = (GREETS, JUDGES, DOOR, SIGNS)
    greets, judges, door, signs = (publish(place, folder / f"{number}.js", code) for number, code in enumerate(codes))
    key, another = place.run("key", "mint"), place.run("key", "mint")
    permitted = accounts[1]["address"]
    for words in (
        ("--address", permitted),
        ("--method", "wallet", "--user", permitted),
        *(("--method", method, "--user", "ann", "--application", "app-1") for method in ("google", "google-oauth", "apple", "discord")),
        ("--action", door),
    ):
        place.run("key", "grant", key["token_id"], *words)
    return {
        **config,
        "client": config["client"] | {"debug": False},
        "mortal_node": next(node["url"] for node in status["nodes"] if node["index"] == MORTAL),
        "solana_account": elsewhere.SOLANA_ACCOUNT,
        "cosmos_account": elsewhere.COSMOS_ACCOUNT,
        "deployed": status["contracts"],
        "issuer": status["issuer"]["url"],
        "accounts": [account["private_key"] for account in accounts],
        "addresses": [account["address"] for account in accounts],
        "nodes": [node["url"] for node in status["nodes"]],
        "encryption_key": status["keys"]["encryption"],
        "session_key": status["keys"]["session"],
        "key": key,
        "another_key": another,
        "published_cid": greets,
        "judge_cid": judges,
        "door_cid": door,
        "door_code": DOOR,
        "signing_cid": signs,
        "nowhere_cid": NOWHERE_CID,
        "encrypted": encrypt(place, folder / "secret.txt", accounts[0]["address"]),
        "archive": str(pack(folder / "letters.zip")),
    }


def publish(place: Place, file: Path, code: str) -> str:
    """Publish an action and return its CID."""
    file.write_text(code)
    return str(place.run("action", "publish", file)["cid"])


def encrypt(place: Place, file: Path, address: str) -> dict[str, Any]:
    """Encrypt a text for one wallet with Votive's own client, and return the file that it writes."""
    file.write_text(OWN_TEXT)
    place.run("encrypt", file, "--condition", f"user = {address}")
    encrypted: dict[str, Any] = json.loads(Path(f"{file}.json").read_text())
    return encrypted


def pack(file: Path) -> Path:
    """Write an archive of files."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in ARCHIVED.items():
            archive.writestr(name, content)
    return file


def launch(sdk: Sdk, network: dict[str, Any], folder: Path, program: str, *words: object) -> Flow:
    """Start a program of ``flows/`` against the network; ``folder`` is its own."""
    folder.mkdir()
    described, record = folder / "network.json", folder / "answers.jsonl"
    described.write_text(json.dumps(network))
    return Flow(sdk.start(program, described, *words, record=record), record, network["nodes"])


@pytest.fixture
def start(sdk: Sdk, network: dict[str, Any], tmp_path: Path) -> Iterator[Callable[[str], Flow]]:
    """Start a program of ``flows/`` against the network; one that still runs at the end of the test is ended."""
    started: list[Flow] = []

    def start(program: str) -> Flow:
        started.append(launch(sdk, network, tmp_path / f"flow-{len(started)}", program))
        return started[-1]

    yield start
    for flow in started:
        flow.end()


@pytest.fixture(scope="session")
def long(sdk: Sdk, network: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Flow]]:
    """Programs that take long, started together, by their names."""
    folder = tmp_path_factory.mktemp("long")
    flows = {
        "staying": launch(sdk, network, folder / "staying", "stays.mjs", STAYING_SECONDS),
        "timeout": launch(sdk, network, folder / "timeout", "timeout.mjs"),
    }
    yield flows
    for flow in flows.values():
        flow.end()


@pytest.fixture
def run(start: Callable[[str], Flow]) -> Callable[[str], dict[str, Any]]:
    """Run a program of ``flows/`` to its end and return what it found."""
    return lambda program: start(program).found()
