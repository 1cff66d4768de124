"""The development issuer: ``python -m votive.devnet.issuer --directory D --port P``.

A small OpenID Connect provider that gives anybody a token for any user, so that signing in can be tried without an account
anywhere. Its tokens are real JSON Web Tokens (RS256, ES256) under keys of its own; only development networks trust it.

    GET  /.well-known/openid-configuration     what it is (OpenID Connect Discovery 1.0)
    GET  /jwks.json                            its public keys
    POST /token                                {"sub", "aud", …} → an ID token and an access token
    GET  /oauth2/@me                           whose access token this is, as Discord answers
    POST /tokeninfo                            whose access token this is, as Google answers
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import secrets
import signal
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import jwt
import msgspec
from aiohttp import web

from votive.devnet.issuer_keys import IssuerKeys

Seconds = int
MAX_LIFE: Seconds = 86_400
GRACE_SECONDS = 2
"""So long requests in progress may finish when it stops."""
MAX_TOKENS = 10_000
"""Access tokens that are remembered; the oldest go first."""
_log = logging.getLogger("votive.issuer")


class TokenRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is to be signed in where."""

    sub: str
    aud: str
    algorithm: Literal["RS256", "ES256"] = "RS256"
    expires_in: Seconds = 3600
    """Below 0 gives a token that has expired, to see it refused."""
    nonce: str | None = None


class TokenAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Both tokens; see RFC 6749, section 5.1."""

    id_token: str
    access_token: str
    expires_in: Seconds
    token_type: str = "Bearer"  # noqa: S105  # RFC 6749's name of a kind of token


class _Access(msgspec.Struct, frozen=True, kw_only=True):
    sub: str
    aud: str
    expires_at: int


class Issuer:
    """Signs in whoever asks."""

    def __init__(self, url: str, keys: IssuerKeys) -> None:
        self._url, self._keys = url, keys
        self._given: dict[str, _Access] = {}

    def application(self) -> web.Application:
        """Return the service."""
        application = web.Application(client_max_size=64 * 1024)
        application.add_routes(
            [
                web.get("/.well-known/openid-configuration", self._discovery),
                web.get("/jwks.json", self._jwks),
                web.post("/token", self._token),
                web.get("/oauth2/@me", self._as_discord),
                web.post("/tokeninfo", self._as_google),
                web.get("/health", self._health),
            ]
        )
        return application

    def sign_in(self, request: TokenRequest) -> TokenAnswer:
        """Give the tokens of one user of one application."""
        now = int(time.time())
        expires_at = now + min(request.expires_in, MAX_LIFE)
        claims: dict[str, Any] = {
            "iss": self._url,
            "sub": request.sub,
            "aud": request.aud,
            "iat": min(now, expires_at),
            "exp": expires_at,
        }
        if request.nonce is not None:
            claims["nonce"] = request.nonce
        key = self._keys.named(request.algorithm)
        id_token = jwt.encode(claims, key.private, algorithm=request.algorithm, headers={"kid": key.kid})
        return TokenAnswer(id_token=id_token, access_token=self._give(request, expires_at), expires_in=expires_at - now)

    def _give(self, request: TokenRequest, expires_at: int) -> str:
        token = secrets.token_urlsafe(32)
        self._given[token] = _Access(sub=request.sub, aud=request.aud, expires_at=expires_at)
        while len(self._given) > MAX_TOKENS:
            self._given.pop(next(iter(self._given)))
        return token

    async def _discovery(self, _: web.Request) -> web.Response:
        return _json(
            {
                "issuer": self._url,
                "jwks_uri": f"{self._url}/jwks.json",
                "token_endpoint": f"{self._url}/token",
                "introspection_endpoint": f"{self._url}/tokeninfo",
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            }
        )

    async def _jwks(self, _: web.Request) -> web.Response:
        return _json({"keys": self._keys.public()})

    async def _token(self, request: web.Request) -> web.Response:
        try:
            asked = msgspec.json.decode(await request.read(), type=TokenRequest)
        except msgspec.MsgspecError as error:
            return _json({"error": "invalid_request", "error_description": str(error)}, 400)
        return _json(self.sign_in(asked))

    async def _as_discord(self, request: web.Request) -> web.Response:
        access = self._given.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
        if access is None:
            return _json({"message": "401: Unauthorized", "code": 0}, 401)
        expires = datetime.fromtimestamp(access.expires_at, UTC).isoformat()
        return _json({"application": {"id": access.aud}, "scopes": ["identify"], "expires": expires, "user": {"id": access.sub}})

    async def _as_google(self, request: web.Request) -> web.Response:
        form = await request.post()
        access = self._given.get(str(form.get("access_token", "")))
        if access is None or access.expires_at <= time.time():
            return _json({"error": "invalid_token"}, 400)
        return _json({"azp": access.aud, "aud": access.aud, "sub": access.sub, "exp": str(access.expires_at), "access_type": "online"})

    async def _health(self, _: web.Request) -> web.Response:
        return _json({"status": "serving"})


def _json(value: Any, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), status=status, content_type="application/json")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; the exit status is 0 after either, 1 if the port is taken."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    try:
        asyncio.run(_serve(options.directory, options.host, options.port))
    except OSError as error:
        sys.stderr.write(f"cannot listen on {options.host}:{options.port}: {error.strerror}; choose another --port\n")
        return 1
    return 0


async def _serve(directory: Path, host: str, port: int) -> None:
    url = f"http://{host}:{port}"
    runner = web.AppRunner(Issuer(url, IssuerKeys.kept(directory)).application(), access_log=None, shutdown_timeout=GRACE_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        _log.info("issuing tokens as %s", url)
        await _told_to_stop()
    finally:
        await runner.cleanup()


async def _told_to_stop() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m votive.devnet.issuer", description="Sign tokens for anybody, on a development network."
    )
    parser.add_argument("--directory", type=Path, required=True, help="where the keys are kept; made if missing")
    parser.add_argument("--port", type=int, required=True, help="TCP port to listen on")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
