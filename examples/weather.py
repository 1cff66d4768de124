"""Give an API key to a program and to nobody else, and have signed what the program learnt with it.

votive up --directory .votive/weather --allow-fetch 127.0.0.1:8000    # the service below runs on this machine
votive status --directory .votive/weather --json                      # for a node's URL and an account's key
python examples/weather.py http://127.0.0.1:PORT PRIVATE_KEY
"""

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import msgspec

import votive
from votive.client import Refused
from votive.ipfs import cid_of

WEATHER_JS = Path(__file__).with_name("weather.js").read_text(encoding="utf-8")
API_KEY = "sk-51a7-example"
PORT = 8000


class Service(BaseHTTPRequestHandler):
    """A weather service that wants to be paid."""

    def do_GET(self) -> None:
        """Tell the temperature to whoever shows the API key."""
        allowed = self.headers.get("Authorization") == f"Bearer {API_KEY}"
        body = json.dumps({"celsius": 21.5} if allowed else {"error": "show your API key"}).encode()
        self.send_response(200 if allowed else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name that the library gives it
        """Say nothing."""


@contextmanager
def service(port: int) -> Iterator[str]:
    """Run the service on this machine, and give its address."""
    with ThreadingHTTPServer(("127.0.0.1", port), Service) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/temperature"
        server.shutdown()


async def main(node: str, account: str, address: str) -> None:
    """Tell the story on the network of the node at ``node``, as ``account``, with the service at ``address``."""
    program = WEATHER_JS.replace("https://weather.example/temperature", address).encode()
    async with votive.connect(node) as network:
        # Who has the API key encrypts it to the program, on his own machine. No node is asked.
        secret = await network.encrypt(API_KEY, f"action = {cid_of(program)}")
        print(f"the API key, for nobody but {cid_of(program)}: {secret.ciphertext[:40]}…")

        # Not even he can decrypt it again: the nodes find that no program asks.
        try:
            await network.decrypt(secret, account=account)
        except Refused as refusal:
            print(f"its owner asks: {refusal}")

        # Anybody may have the program run. It uses the key at every node, and shows it to nobody.
        pkp = await network.mint_grant_burn(action=cid_of(program), account=account)
        params = {"secret": msgspec.to_builtins(secret), "city": "Lissabon", "publicKey": pkp.public_key}
        result = await network.execute(program, params, account=account)
        signature = result.signatures["weather"]  # it was verified before it got here
        print(f"{result.response}, signed by {pkp.eth_address}: {signature.signature}")

        # A changed program is another program.
        thief = program + b"\nLit.Actions.setResponse({ response: 'mine' });"
        try:
            await network.execute(thief, params, account=account)
        except Refused as refusal:
            print(f"a changed program asks: {refusal}")


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    with service(int(sys.argv[3]) if len(sys.argv) == 4 else PORT) as place:
        asyncio.run(main(sys.argv[1], sys.argv[2], place))
