"""Pages in headless Chromium: bundled once, published on the development network, opened from its gateway (``browser/``)."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.conformance.answers import judge, read_answers
from tests.conformance.sdk import HERE, MODULES, Node

BROWSER = HERE / "browser"
PAGES = BROWSER / "page"
BUNDLES = MODULES / ".bundles"
LOOPBACK = HERE / "flows" / "loopback.cjs"
BUNDLE_SECONDS = 120
VISIT_SECONDS = 300
"""Chromium is unpacked and started, and a page done, within this time, however busy the machine is."""
STRAYED = 97


def why_not() -> str | None:
    """Say why this machine runs no Chromium; None if it does. The packages bring one, and esbuild, for this kind of machine only."""
    machine = platform.machine()
    if sys.platform == "linux" and machine in ("x86_64", "AMD64"):
        return None
    return f"the Chromium that package-lock.json names is for Linux on x86-64, and this is {sys.platform} on {machine}"


def bundle(node: Node, program: str) -> bytes:
    """Return a program of ``browser/page/`` and the SDK in one script; it is made anew only if these or the packages changed."""
    sources = [HERE / "package-lock.json", BROWSER / "bundle.mjs", *sorted(PAGES.glob("*.mjs"))]
    digest = hashlib.sha256(b"\0".join(source.read_bytes() for source in sources)).hexdigest()
    file = BUNDLES / f"{Path(program).stem}-{digest[:32]}.js"
    if not file.exists():
        fresh = file.with_suffix(f".{os.getpid()}.js")
        run(node, "bundle.mjs", PAGES / program, fresh)
        fresh.replace(file)
    return file.read_bytes()


def run(node: Node, program: str, *words: object) -> None:
    """Run a program of ``browser/`` to its end."""
    command = [node.node, "--require", LOOPBACK, BROWSER / program, *words]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=BUNDLE_SECONDS, check=False)
    assert done.returncode == 0, f"{program}: status {done.returncode}\n{done.stdout}\n{done.stderr}"


def publish(gateway: str, files: Mapping[str, bytes]) -> str:
    """Publish a directory through Kubo's API, as any IPFS client does, and return its CID."""
    boundary = uuid.uuid4().hex
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{{}}"\r\nContent-Type: application/octet-stream\r\n\r\n'
    body = b"".join(head.format(name).encode() + data + b"\r\n" for name, data in files.items()) + f"--{boundary}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    request = urllib.request.Request(f"{gateway}/api/v0/add?wrap-with-directory=true&cid-version=1", body, headers)  # ours
    with urllib.request.urlopen(request, timeout=60) as answer:  # ours
        root: dict[str, str] = json.loads(answer.read().splitlines()[-1])
    return root["Hash"]


def own_origin(gateway: str, cid: str) -> str:
    """Return the origin that a published page has for itself."""
    return f"http://{cid}.ipfs.localhost:{urlsplit(gateway).port}"


@dataclass(frozen=True)
class Seen:
    """What a page showed, and all that it asked for."""

    state: str
    result: dict[str, Any]
    asked: list[dict[str, Any]]
    strayed: list[str]
    said: list[str]

    def hosts(self, method: str) -> set[str]:
        """The origins that were asked with ``method``."""
        return {"{0.scheme}://{0.netloc}".format(urlsplit(one["url"])) for one in self.asked if one["method"] == method}


@dataclass(frozen=True)
class Visitor:
    """Somebody with a browser, and a wallet in it."""

    node: Node
    folder: Path
    """Where the browser's profile and its pictures are."""
    wallet: Mapping[str, str]
    """``rpcUrl`` and ``address``."""
    nodes: tuple[str, ...]

    def visit(self, url: str, *, status: int = 0) -> Seen:
        """Open a page, wait for what it shows, and hold what nodes answered to it to the schemas."""
        number = len(list(self.folder.iterdir()))
        place = self.folder / str(number)
        place.mkdir()
        described, record = place / "visit.json", place / "answers"
        words = {"url": url, "profile": str(place / "profile"), "screenshot": str(place / "page.png"), **self.wallet}
        described.write_text(json.dumps(words))
        done = self._drive(described, record)
        assert done.returncode == status, f"status {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr}"
        judge(read_answers(record, self.nodes))
        return Seen(**json.loads(done.stdout.splitlines()[-1]))

    def _drive(self, described: Path, record: Path) -> subprocess.CompletedProcess[str]:
        command = [self.node.node, "--require", str(LOOPBACK), str(BROWSER / "drive.mjs"), str(described)]
        environment = {**os.environ, "VOTIVE_ANSWERS": str(record)}
        return subprocess.run(command, capture_output=True, text=True, timeout=VISIT_SECONDS, check=False, env=environment)
