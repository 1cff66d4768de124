"""Chains that are elsewhere: endpoints of Solana and Cosmos on this machine that know one account each, and how nodes hear of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

SOLANA_ACCOUNT = "88PoAjLoSqrTjH2cdRWq4JEezhSdDBw3g7Qa6qKQurxA"
LAMPORTS = 5_000_000_000
COSMOS_ACCOUNT = "cosmos1vn6zl0924yj86jrp330wcwjclzdharljq03a8h"
BALANCES = f"/cosmos/bank/v1beta1/balances/{COSMOS_ACCOUNT}"
ATOMS = {"balances": [{"denom": "uatom", "amount": "42"}], "pagination": {"next_key": None, "total": "1"}}


class _Endpoint(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the library's name for it
        """Say nothing: pytest shows what is wrong."""

    def _answer(self, status: int, answer: Any) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Solana(_Endpoint):
    """JSON-RPC: ``getBalance``, as of a finalized slot."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        account, options = asked["params"]
        assert (asked["method"], options["commitment"]) == ("getBalance", "finalized")
        result = {"context": {"slot": 7}, "value": LAMPORTS if account == SOLANA_ACCOUNT else 0}
        self._answer(200, {"jsonrpc": "2.0", "id": asked["id"], "result": result})


class Cosmos(_Endpoint):
    """The REST interface: the balances of one account."""

    def do_GET(self) -> None:
        if self.path == BALANCES:
            self._answer(200, ATOMS)
        else:
            self._answer(404, {"code": 5, "message": "not found", "details": []})


@contextmanager
def serving(endpoint: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve at a free port; yields the URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), endpoint) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def tell(network: Path, *, solana: str, cosmos: str) -> None:
    """Write the chains into the configuration of every node in ``network``, as an operator would."""
    chains = "".join(
        f'\n[chains.{name}]\nkind = "{name}"\nrpc_urls = ["{url}"]\n' for name, url in (("solana", solana), ("cosmos", cosmos))
    )
    for file in network.glob("node-*/node.toml"):
        file.write_text(file.read_text() + chains)
