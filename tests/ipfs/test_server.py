from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from votive.ipfs import Cid, IpfsError, Profile, cid_of
from votive.ipfs.gateway import Gateways
from votive.ipfs.layout import blocks_of
from votive.ipfs.publish import publish

CHUNK = 262_144


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        yield session


def multipart(*files: tuple[str, bytes], field: str = "file", kind: str = "application/octet-stream") -> aiohttp.FormData:
    form = aiohttp.FormData()
    for name, data in files:
        form.add_field(field, BytesIO(data), filename=name, content_type=kind)
    return form


async def add(http: aiohttp.ClientSession, server: str, data: bytes, **query: str) -> dict[str, Any]:
    async with http.post(f"{server}/api/v0/add", params=query, data=multipart(("a.js", data))) as answer:
        assert answer.status == 200, await answer.text()
        return json.loads(await answer.text())


async def refused(http: aiohttp.ClientSession, server: str, data: Any, status: int, **query: str) -> str:
    async with http.post(f"{server}/api/v0/add", params=query, data=data) as answer:
        body = json.loads(await answer.text())
        assert answer.status == status, body
        assert (body["Type"], body["Code"]) == ("error", 0)
        return str(body["Message"])


# Publishing


@pytest.mark.parametrize("length", [0, 1, CHUNK, CHUNK + 1, 1_000_000])
async def test_what_is_published_can_be_fetched(server: str, length: int) -> None:
    data = os.urandom(length)
    cid = await publish(server, data)
    assert cid == cid_of(data)
    async with Gateways([server]) as gateways:
        assert await gateways.fetch(cid, length) == data


async def test_add_answers_as_kubo_does(http: aiohttp.ClientSession, server: str) -> None:
    assert await add(http, server, b"hello world") == {
        "Name": "a.js",
        "Hash": "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD",
        "Size": "19",
    }


@pytest.mark.parametrize(
    ("query", "profile"),
    [
        ({}, Profile.V0),
        ({"cid-version": "0", "raw-leaves": "false", "pin": "true", "quieter": "true", "progress": "false"}, Profile.V0),
        ({"cid-version": "1"}, Profile.V1_RAW_LEAVES),
        ({"cid-version": "1", "raw-leaves": "false"}, Profile.V1),
        ({"raw-leaves": "true"}, Profile.V0_RAW_LEAVES),
        ({"chunker": "size-262144", "hash": "sha2-256", "trickle": "false", "wrap-with-directory": "false"}, Profile.V0),
    ],
)
async def test_add_honours_the_profile_that_is_asked_for(
    http: aiohttp.ClientSession, server: str, query: dict[str, str], profile: Profile
) -> None:
    data = os.urandom(2 * CHUNK)
    added = await add(http, server, data, **query)
    assert added["Hash"] == cid_of(data, profile)
    assert added["Size"] == str(sum(len(block.data) for block in blocks_of(data, profile)))
    async with Gateways([server]) as gateways:
        assert await gateways.fetch(added["Hash"], len(data)) == data


async def test_only_hash_stores_nothing(http: aiohttp.ClientSession, server: str) -> None:
    added = await add(http, server, os.urandom(100), **{"only-hash": "true"})
    async with http.get(f"{server}/ipfs/{added['Hash']}") as answer:
        assert answer.status == 404


async def test_several_files_get_a_line_each(http: aiohttp.ClientSession, server: str) -> None:
    files = [("a", b"first"), ("b c", b"second"), ("", b"third")]
    async with http.post(f"{server}/api/v0/add", data=multipart(*files, field="path")) as answer:
        lines = [json.loads(line) for line in (await answer.text()).splitlines()]
    assert [line["Hash"] for line in lines] == [cid_of(data) for _, data in files]
    assert [line["Name"] for line in lines[:2]] == ["a", "b c"]
    assert lines[2]["Name"] == lines[2]["Hash"]


@pytest.mark.parametrize(
    "query",
    [
        {"chunker": "size-1024"},
        {"chunker": "rabin"},
        {"hash": "blake3"},
        {"trickle": "true"},
        {"inline": "1"},
        {"wrap-with-directory": "perhaps"},
        {"nocopy": "true"},
        {"cid-version": "2"},
        {"raw-leaves": "maybe"},
        {"only-hash": "perhaps"},
    ],
)
async def test_an_option_that_would_change_the_cid_unseen_is_refused_by_name(
    http: aiohttp.ClientSession, server: str, query: dict[str, str]
) -> None:
    assert next(iter(query)) in await refused(http, server, multipart(("a", b"x")), 400, **query)


async def test_a_file_over_the_limit_is_refused(http: aiohttp.ClientSession, server: str) -> None:
    assert "2162688" in await refused(http, server, multipart(("a", os.urandom(3 * 1024 * 1024))), 413)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", None),
        (b"x", "text/plain"),
        (b"x", "multipart/form-data"),
        (b"x", "multipart/form-data; boundary=b"),
        (b"--b\r\n", "multipart/form-data; boundary=b"),
        (b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx', "multipart/form-data; boundary=b"),
        (b"--b\r\nno header\r\n\r\nx\r\n--b--\r\n", "multipart/form-data; boundary=b"),
        (b"--b--\r\n", "multipart/form-data; boundary=b"),
        (b"x", "multipart/mixed; boundary=b"),
    ],
)
async def test_a_malformed_body_is_refused(http: aiohttp.ClientSession, server: str, body: bytes, kind: str | None) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    async with http.post(f"{server}/api/v0/add", data=body, headers=headers) as answer:
        assert answer.status == 400
        assert json.loads(await answer.text())["Type"] == "error"


async def test_symbolic_links_and_directories_with_bytes_are_refused(http: aiohttp.ClientSession, server: str) -> None:
    assert "symbolic" in await refused(http, server, multipart(("l", b"to"), kind="application/symlink"), 400)
    assert "directory" in await refused(http, server, multipart(("d", b"x"), kind="application/x-directory"), 400)
    assert "directory" in await refused(http, server, multipart(("", b""), kind="application/x-directory"), 400)


@pytest.mark.parametrize("name", ["..", "a/../b", "a//b", "a/", ".", "a%2F..", "a%00", "a/" * 16 + "b"])
async def test_a_path_that_is_none_is_refused(http: aiohttp.ClientSession, server: str, name: str) -> None:
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("file", BytesIO(b"x"), filename=name)
    assert "no path" in await refused(http, server, form, 400)


async def test_pages_of_other_sites_may_not_publish(http: aiohttp.ClientSession, server: str) -> None:
    for origin, status in [
        ("https://evil.example", 403),
        ("null", 403),
        ("http://[", 403),
        ("http://127.0.0.1.evil.example", 403),
        (server, 200),
    ]:
        async with http.post(f"{server}/api/v0/add", data=multipart(("a", b"x")), headers={"Origin": origin}) as answer:
            assert answer.status == status, origin


async def test_publishing_refuses_a_node_that_stored_something_else(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("votive.ipfs.publish.cid_of", lambda _: "QmOther")
    with pytest.raises(IpfsError, match="stored the file as Qm"):
        await publish(server, b"x")


async def test_publishing_says_why_it_failed(server: str, unused_port: int) -> None:
    with pytest.raises(IpfsError, match="413"):
        await publish(server, bytes(3 * 1024 * 1024))
    with pytest.raises(IpfsError, match=r"cannot publish to http://127.*\(Connection refused\)\. Is the network up .*`votive up`"):
        await publish(f"http://127.0.0.1:{unused_port}", b"x")
    with pytest.raises(IpfsError, match="404"):
        await publish(f"{server}/nowhere", b"x")


# Serving

HELLO = "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD"
BLOCK = bytes.fromhex("0a110802120b") + b"hello world" + bytes.fromhex("180b")


@pytest.mark.parametrize(
    ("query", "accept", "kind", "body", "tag"),
    [
        ("", None, "text/plain; charset=utf-8", b"hello world", HELLO),
        ("?format=raw", None, "application/vnd.ipld.raw", BLOCK, HELLO + ".raw"),
        ("", "application/vnd.ipld.raw", "application/vnd.ipld.raw", BLOCK, HELLO + ".raw"),
        ("", "text/html, application/vnd.ipld.raw;q=0.9", "application/vnd.ipld.raw", BLOCK, HELLO + ".raw"),
        ("?format=raw", "application/vnd.ipld.car", "application/vnd.ipld.raw", BLOCK, HELLO + ".raw"),
        ("?format=car", None, "application/vnd.ipld.car; version=1; order=dfs; dups=n", None, HELLO + ".car"),
        ("", "application/vnd.ipld.car; version=1", "application/vnd.ipld.car; version=1; order=dfs; dups=n", None, HELLO + ".car"),
    ],
)
async def test_a_gateway_answer_says_what_it_is(
    http: aiohttp.ClientSession, server: str, query: str, accept: str | None, kind: str, body: bytes | None, tag: str
) -> None:
    await publish(server, b"hello world")
    headers = {} if accept is None else {"Accept": accept}
    url = f"{server}/ipfs/{HELLO}{query}"
    async with http.get(url, headers=headers) as answer:
        assert (answer.status, answer.headers["Content-Type"], answer.headers["ETag"]) == (200, kind, f'"{tag}"')
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["X-Ipfs-Path"] == f"/ipfs/{HELLO}"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        received = await answer.read()
        assert body is None or received == body
    async with http.head(url, headers=headers) as answer:
        assert (answer.status, answer.headers["ETag"], await answer.read()) == (200, f'"{tag}"', b"")
    async with http.get(url, headers=headers | {"If-None-Match": f'"x", W/"{tag}"'}) as answer:
        assert (answer.status, await answer.read()) == (304, b"")


def sections(archive: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(archive):
        length = shift = 0
        while True:
            byte = archive[at]
            at += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        found.append(archive[at : at + length])
        at += length
    return found


@pytest.mark.parametrize("profile", Profile)
async def test_an_archive_holds_every_block_once_root_first(http: aiohttp.ClientSession, server: str, profile: Profile) -> None:
    data = bytes(2 * CHUNK) + os.urandom(CHUNK)
    query = {"cid-version": str(profile.version), "raw-leaves": str(profile.raw_leaves).lower()}
    root = (await add(http, server, data, **query))["Hash"]
    async with http.get(f"{server}/ipfs/{root}?format=car") as answer:
        header, *blocks = sections(await answer.read())
    name = b"\x00" + Cid.parse(root).to_bytes()
    assert header == b"\xa2\x65roots\x81\xd8\x2a\x58" + bytes([len(name)]) + name + b"\x67version\x01"
    expected = {block.cid.to_bytes() + block.data for block in blocks_of(data, profile)}
    assert set(blocks) == expected
    assert len(blocks) == len(expected)
    assert blocks[0].startswith(Cid.parse(root).to_bytes())


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("Qm", 400),
        (HELLO.lower(), 400),
        (f"{HELLO}?format=tar", 400),
        (f"{HELLO}/index.html", 404),
        (f"{HELLO}/index.html?format=raw", 400),
        (cid_of(b"never published"), 404),
        (f"{cid_of(b'never published')}?format=raw", 404),
        (f"{cid_of(b'never published')}?format=car", 404),
        (f"{cid_of(b'never published', Profile.V1_RAW_LEAVES)}?format=car", 404),
    ],
)
async def test_what_cannot_be_served_is_refused_clearly(http: aiohttp.ClientSession, server: str, path: str, status: int) -> None:
    async with http.get(f"{server}/ipfs/{path}") as answer:
        body = json.loads(await answer.text())
        assert answer.status == status
        assert body["message"]
        assert answer.headers["Cache-Control"] == "no-store"
    async with http.head(f"{server}/ipfs/{path}") as answer:
        assert answer.status == status


async def test_no_path_leaves_the_directory(server: str) -> None:
    host, port = server.removeprefix("http://").split(":")
    for path in ("/ipfs/..%2f..%2fetc%2fpasswd", "/ipfs/../../etc/passwd", "/ipfs//etc/passwd"):
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 404"))


async def test_a_damaged_block_is_reported_not_served(http: aiohttp.ClientSession, tmp_path: Path, running: Callable[[Path], str]) -> None:
    url = running(tmp_path)
    cid = await publish(url, b"precious")
    [path] = tmp_path.rglob("*.block")
    path.write_bytes(b"rotten")
    async with http.get(f"{url}/ipfs/{cid}") as answer:
        assert answer.status == 502
        assert "damaged" in await answer.text()


async def test_health_and_version_answer(http: aiohttp.ClientSession, server: str) -> None:
    async with http.get(f"{server}/health") as answer:
        assert await answer.json() == {"status": "serving"}
    async with http.post(f"{server}/api/v0/version") as answer:
        assert answer.status == 200
        assert (await answer.json())["Version"].count(".") == 2


# The process


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 0), (signal.SIGKILL, -9)])
async def test_published_files_outlive_every_end_and_a_stop_has_status_0(
    tmp_path: Path, start: Callable[..., Any], running: Callable[[Path], str], number: int, status: int
) -> None:
    process, url = start(tmp_path)
    try:
        cid = await publish(url, b"precious")
    finally:
        process.send_signal(number)
        process.stderr.close()
        assert process.wait(10) == status
    async with Gateways([running(tmp_path)]) as gateways:
        assert await gateways.fetch(cid, 100) == b"precious"


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "votive.ipfs.server", "--directory", str(tmp_path), "--port", str(port)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert f"127.0.0.1:{port}" in ended.stderr
    assert "Traceback" not in ended.stderr
