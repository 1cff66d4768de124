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
INDEX = PAGES / "index.html"
BUNDLES = MODULES / ".bundles"
LOOPBACK = HERE / "flows" / "loopback.cjs"
BUNDLE_SECONDS = 120
VISIT_SECONDS = 300
"""Chromium is unpacked and started, and a page done, within this time, however busy the machine is."""
STRAYED = 97
"""The status of a program that asked for another machine's URL."""


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


def page(node: Node, program: str, told: object) -> dict[str, bytes]:
    """Return the files of a page that runs ``program`` and is told something in ``network.json``."""
    return {"index.html": INDEX.read_bytes(), "page.js": bundle(node, program), "network.json": json.dumps(told).encode()}


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

    def statuses(self, method: str) -> list[int | None]:
        """How each request with ``method`` was answered, in their order."""
        return [one["status"] for one in self.asked if one["method"] == method]


@dataclass(frozen=True)
class Visitor:
    """Somebody with a browser, and a wallet in it."""

    node: Node
    folder: Path
    """Where the browser keeps its profile, and pictures of the pages."""
    wallet: Mapping[str, str]
    """``rpcUrl`` and ``address``."""
    nodes: tuple[str, ...]

    def visit(self, *urls: str, status: int = 0) -> list[Seen]:
        """Open pages one after the other in one browser, and hold what nodes answered to them to the schemas."""
        process = self.start(*urls)
        try:
            out, err = process.communicate(timeout=VISIT_SECONDS)
        finally:
            process.kill()  # and the browser with it
            process.wait()
        assert process.returncode == status, f"status {process.returncode}\n{out[-4000:]}\n{err}"
        judge(read_answers(self._record, self.nodes))
        return [Seen(**one) for one in json.loads(out.splitlines()[-1])]

    def start(self, *urls: str) -> subprocess.Popen[str]:
        """Start a browser that visits ``urls``; its process's number is the first that is printed."""
        described = self.folder / "visit.json"
        described.write_text(json.dumps({"urls": urls, "folder": str(self.folder), "nodes": self.nodes, **self.wallet}))
        command = [self.node.node, "--require", str(LOOPBACK), str(BROWSER / "drive.mjs"), str(described)]
        environment = {**os.environ, "VOTIVE_ANSWERS": str(self._record)}
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)

    @property
    def _record(self) -> Path:
        return self.folder / "answers.jsonl"
