"""The gateway as browsers use it: files with their types, in ranges, below directories, for any page, each at an origin of its own."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from io import BytesIO

import aiohttp
import pytest

from votive.ipfs import Cid, Codec
from votive.ipfs.media import UNKNOWN, media_type
from votive.ipfs.origins import own_url
from votive.ipfs.publish import publish

PAGE = b"<!doctype html><title>A page</title>\n"
SCRIPT = b"document.title = 'run';\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
SITE = {"index.html": PAGE, "js/page.js": SCRIPT, "js/a b?#é.txt": b"odd", "picture": PNG, "docs/read.md": b"# Read"}


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        yield session


async def add(http: aiohttp.ClientSession, server: str, site: dict[str, bytes], origin: str | None = None) -> list[dict[str, str]]:
    form = aiohttp.FormData(quote_fields=False)
    for name, data in site.items():
        form.add_field("file", BytesIO(data), filename=name.replace("?", "%3F"), content_type="application/octet-stream")
    headers = {} if origin is None else {"Origin": origin}
    url = f"{server}/api/v0/add?wrap-with-directory=true&cid-version=1"
    async with http.post(url, data=form, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        return [json.loads(line) for line in (await answer.text()).splitlines()]


@pytest.fixture
async def site(http: aiohttp.ClientSession, server: str) -> str:
    """URL of a published directory, without a slash at its end."""
    return f"{server}/ipfs/{(await add(http, server, SITE))[-1]['Hash']}"


@pytest.mark.parametrize(
    ("path", "kind", "body"),
    [
        ("/", "text/html; charset=utf-8", PAGE),
        ("/index.html", "text/html; charset=utf-8", PAGE),
        ("/js/page.js", "text/javascript; charset=utf-8", SCRIPT),
        ("/js/a%20b%3F%23%C3%A9.txt", "text/plain; charset=utf-8", b"odd"),
        ("/picture", "image/png", PNG),
        ("/picture?filename=not.svg", "image/svg+xml", PNG),
    ],
)
async def test_a_file_of_a_directory_is_served_as_what_it_is(
    http: aiohttp.ClientSession, site: str, path: str, kind: str, body: bytes
) -> None:
    async with http.get(site + path) as answer:
        assert (answer.status, answer.headers["Content-Type"], await answer.read()) == (200, kind, body)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["X-Ipfs-Roots"].count(",") == path.rstrip("/").count("/") + (path == "/")
        etag = answer.headers["ETag"]
    async with http.get(site + path, headers={"If-None-Match": etag}) as answer:
        assert (answer.status, await answer.read()) == (304, b"")


async def test_a_directory_is_entered_through_its_slash(http: aiohttp.ClientSession, site: str) -> None:
    async with http.get(f"{site}?a=b", allow_redirects=False) as answer:
        assert answer.status == 301
        assert answer.headers["Location"] == f"./{site.rpartition('/')[2]}/?a=b"
    async with http.get(site) as answer:
        assert (str(answer.url), await answer.read()) == (site + "/", PAGE)


@pytest.mark.parametrize("path", ["/no", "/js/no.js", "/js/", "/index.html/", "/index.html/more", "//index.html", "/index.html%00"])
async def test_what_a_directory_does_not_have_is_not_found(http: aiohttp.ClientSession, site: str, path: str) -> None:
    async with http.get(site + path) as answer:
        assert answer.status == 404
        assert "there is no" in (await answer.json())["message"]
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


async def test_an_index_that_is_a_directory_is_no_page(http: aiohttp.ClientSession, server: str) -> None:
    root = (await add(http, server, {"index.html/index.html": PAGE}))[-1]["Hash"]
    async with http.get(f"{server}/ipfs/{root}/") as answer:
        assert answer.status == 404
    async with http.get(f"{server}/ipfs/{root}/index.html/") as answer:
        assert await answer.read() == PAGE


async def test_blocks_and_archives_are_served_of_cids_alone(http: aiohttp.ClientSession, site: str) -> None:
    for kind in ("raw", "car"):
        async with http.get(f"{site}?format={kind}") as answer:
            assert answer.status == 200
            assert b"page.js" not in await answer.read() or kind == "car"
        async with http.get(f"{site}/js/page.js?format={kind}") as answer:
            assert answer.status == 400


async def test_an_archive_of_a_directory_holds_its_files(http: aiohttp.ClientSession, site: str) -> None:
    async with http.get(f"{site}?format=car") as answer:
        archive = await answer.read()
    assert all(data in archive for data in SITE.values())


@pytest.mark.parametrize(
    ("asked", "status", "body", "told"),
    [
        ("bytes=0-4", 206, b"01234", "bytes 0-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=5-100", 206, b"56789", "bytes 5-9/10"),
        ("bytes=-100", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=-0", 416, b"", "bytes */10"),
        ("bytes=4-2", 200, b"0123456789", None),
        ("bytes=0-1,3-4", 200, b"0123456789", None),
        ("bytes=-", 200, b"0123456789", None),
        ("lines=1-2", 200, b"0123456789", None),
    ],
)
async def test_a_range_is_served_or_refused_or_ignored_as_http_says(
    http: aiohttp.ClientSession, server: str, asked: str, status: int, body: bytes, told: str | None
) -> None:
    url = f"{server}/ipfs/{await publish(server, b'0123456789')}"
    async with http.get(url, headers={"Range": asked}) as answer:
        assert (answer.status, await answer.read(), answer.headers.get("Content-Range")) == (status, body, told)


async def test_a_range_of_another_version_is_the_whole(http: aiohttp.ClientSession, server: str) -> None:
    cid = await publish(server, b"0123456789")
    for tag, status in ((f'"{cid}"', 206), ('"another"', 200)):
        async with http.get(f"{server}/ipfs/{cid}", headers={"Range": "bytes=0-1", "If-Range": tag}) as answer:
            assert answer.status == status


async def test_a_file_is_named_and_saved_as_the_query_asks(http: aiohttp.ClientSession, server: str) -> None:
    url = f"{server}/ipfs/{await publish(server, b'a,b')}"
    async with http.get(url, params={"filename": 'ta"b\r\nle é.csv', "download": "true"}) as answer:
        assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''ta%22b%0D%0Ale%20%C3%A9.csv"
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    async with http.get(url) as answer:
        assert "Content-Disposition" not in answer.headers


async def test_any_page_may_ask_for_files_and_none_may_publish_by_asking_first(http: aiohttp.ClientSession, site: str, server: str) -> None:
    asks = {"Origin": "https://app.example", "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "range"}
    async with http.options(f"{site}/index.html", headers=asks) as answer:
        assert answer.status == 204
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Range" in answer.headers["Access-Control-Allow-Headers"]
    async with http.options(f"{server}/api/v0/add", headers=asks) as answer:
        assert "Access-Control-Allow-Origin" not in answer.headers


# An origin for each page


def own(site: str) -> tuple[str, str]:
    """The server, and the host at which a published directory has an origin of its own."""
    server, _, cid = site.rpartition("/ipfs/")
    return server, f"{cid}.ipfs.localhost:{server.rpartition(':')[2]}"


async def test_a_page_at_its_own_host_is_served_from_its_root(http: aiohttp.ClientSession, site: str) -> None:
    server, host = own(site)
    for path, body in (("/", PAGE), ("/js/page.js", SCRIPT)):
        async with http.get(server + path, headers={"Host": host}) as answer:
            assert (answer.status, await answer.read()) == (200, body)
    async with http.get(f"{server}/js", headers={"Host": host.upper()}, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (301, "./js/")


@pytest.mark.parametrize("path", ["/api/v0/version", "/health", "/ipfs/QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"])
async def test_at_the_host_of_a_page_there_is_nothing_else(http: aiohttp.ClientSession, site: str, path: str) -> None:
    server, host = own(site)
    async with http.get(server + path, headers={"Host": host}) as answer:
        assert answer.status == 404
    async with http.post(server + "/api/v0/add", data=b"", headers={"Host": host}) as answer:
        assert answer.status == 405


async def test_a_page_at_its_own_host_may_not_publish(http: aiohttp.ClientSession, site: str, server: str) -> None:
    _, host = own(site)
    form = aiohttp.FormData()
    form.add_field("file", BytesIO(b"x"), filename="a")
    async with http.post(f"{server}/api/v0/add", data=form, headers={"Origin": f"http://{host}"}) as answer:
        assert answer.status == 403


@pytest.mark.parametrize("path", ["//evil.example/..", "//evil.example", "/%2f%2fevil.example"])
async def test_no_path_sends_a_visitor_elsewhere(http: aiohttp.ClientSession, site: str, path: str) -> None:
    server, host = own(site)
    async with http.get(f"{server}{path}", headers={"Host": host}, allow_redirects=False) as answer:
        assert answer.status == 404


async def test_who_comes_to_localhost_is_sent_to_the_origin_of_the_page(http: aiohttp.ClientSession, site: str) -> None:
    server, host = own(site)
    port = host.rpartition(":")[2]
    path = "/ipfs/" + site.rpartition("/")[2]
    async with http.get(f"{server}{path}/js/page.js?x=1", headers={"Host": f"localhost:{port}"}, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (301, f"http://{host}/js/page.js?x=1")
    for query in ("?format=raw", "?format=car"):
        async with http.get(f"{server}{path}{query}", headers={"Host": f"localhost:{port}"}, allow_redirects=False) as answer:
            assert answer.status == 200


def test_a_cid_of_version_0_has_a_host_too() -> None:
    old = "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"
    new = str(Cid(1, Codec.DAG_PB, Cid.parse(old).digest))
    assert own_url(b"localhost:8080", f"/ipfs/{old}".encode()) == f"http://{new}.ipfs.localhost:8080/"
    assert own_url(b"localhost", f"/ipfs/{old}/a%20b".encode()) == f"http://{new}.ipfs.localhost/a%20b"
    assert own_url(b"127.0.0.1:8080", f"/ipfs/{old}".encode()) is None
    assert own_url(b"localhost.evil.example", f"/ipfs/{old}".encode()) is None


# Types


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.HTML", b"", "text/html"),
        ("a.tar.js", b"", "text/javascript"),
        ("", b"\n <!DOCTYPE html>", "text/html"),
        ("", b"<html lang=en>", "text/html"),
        ("", b"<htmlx>", "text/plain"),
        ("", b"plain", "text/plain"),
        ("", b"", "text/plain"),
        ("html", b"\x00\x01", UNKNOWN),
        ("a.unknown", b"\x00\x01", UNKNOWN),
        ("", b"\x00asm\x01\x00\x00\x00", "application/wasm"),
        ("", b"%PDF-1.7", "application/pdf"),
    ],
)
def test_a_file_is_known_by_its_name_else_by_its_first_bytes(name: str, data: bytes, kind: str) -> None:
    assert media_type(name, data) == kind


async def test_no_service_worker_rules_over_the_pages_of_others(http: aiohttp.ClientSession, server: str, site: str) -> None:
    script = (await publish(f"{server}/", SCRIPT)).removeprefix("/ipfs/")
    asked = {"Service-Worker": "script"}
    async with http.get(f"{server}/ipfs/{script}?filename=worker.js", headers=asked) as answer:
        assert answer.status == 400, await answer.text()
    async with http.get(f"{site}/js/page.js", headers=asked) as answer:
        assert answer.status == 200  # its scope is its directory
    own = {"Host": f"{site.rpartition('/')[2]}.ipfs.localhost"}
    async with http.get(f"{server}/index.html", headers=asked | own) as answer:
        assert answer.status == 200  # at an origin of its own


@pytest.mark.parametrize("path", ["/", "/ipfs/none"])
async def test_a_host_that_is_none_is_no_failure_of_ours(http: aiohttp.ClientSession, server: str, path: str) -> None:
    async with http.get(server + path, headers={"Host": "localhost:99999"}) as answer:
        assert answer.status in (400, 404)
