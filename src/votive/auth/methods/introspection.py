"""OAuth access tokens, which say nothing to anybody but their issuer: it is asked whose they are (Discord, Google, RFC 7662).

An answer is kept for a while under the token's hash, and so many questions a minute are asked, so that strangers' tokens cost the
provider little.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

import msgspec

from votive.auth.grant import ProvenMethod
from votive.auth.methods.claims import GRACE, check_application, is_name
from votive.auth.methods.errors import InvalidAuthMethod, ProviderSilent
from votive.auth.methods.fetch import Fetch
from votive.auth.methods.occasion import Occasion
from votive.terms.auth_method import method_id
from votive.terms.errors import CallerError, ErrorCode

KEPT_SECONDS = 60.0
"""So long an answer is believed: a token that is revoked may work that much longer."""
KEPT_ANSWERS = 4096
PER_MINUTE = 300

_is_access_token = re.compile(r"[\x21-\x7e]{8,4096}").fullmatch


class Introspection(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint that says whose token it is. Field names with dots lead into objects."""

    url: str
    method_type: int
    """The type under which its users stand on chain; no two providers share one."""
    clients: tuple[str, ...]
    """Applications whose users are accepted, ``("*",)`` for any."""
    user: str = "sub"
    """Where the answer names the user; ``user.id`` for Discord."""
    application: str = "aud"
    """Where the answer names the application; ``application.id`` for Discord."""
    expires: str = "exp"
    """Where the answer says until when: Unix seconds, or a date-time."""
    send: Literal["bearer", "form"] = "bearer"
    """How the token is sent: as Authorization header, or posted as ``field``. Never in the URL, which others log."""
    field: str = "token"


class OauthToken:
    """Proves a user of one provider."""

    def __init__(
        self,
        provider: Introspection,
        fetch: Fetch,
        now: Callable[[], float],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``now`` gives Unix seconds, ``clock`` seconds that only grow."""
        self._provider, self._fetch, self._now, self._clock = provider, fetch, now, clock
        self._answers: OrderedDict[bytes, tuple[float, dict[str, Any] | None]] = OrderedDict()
        self._asked: list[float] = []

    async def verify(self, access_token: str, occasion: Occasion) -> ProvenMethod:
        """Return the user whose token it is.

        Raises:
            InvalidAuthMethod: nobody's, expired, or of another application.
            ProviderSilent: the provider does not answer.
            CallerError: 429, too many tokens in the last minute.
        """
        if _is_access_token(access_token) is None:
            raise InvalidAuthMethod("the access token is not one: 8 to 4096 printable characters without spaces")
        answer = await self._introspect(access_token)
        if answer is None:
            raise InvalidAuthMethod("the provider does not know the access token; sign in again")
        user, application = _text(answer, self._provider.user), _text(answer, self._provider.application)
        self._check(answer, user, application)
        return ProvenMethod(type=self._provider.method_type, id=method_id(user, application), user_id=user, app_id=application)

    def _check(self, answer: dict[str, Any], user: str, application: str) -> None:
        if answer.get("active", True) is not True:
            raise InvalidAuthMethod("the access token is not active any more; sign in again")
        if not is_name(user) or not is_name(application):
            raise InvalidAuthMethod("the provider names no user or no application for this token; ask for the scope that names the user")
        check_application(user, application, self._provider.clients)
        if _moment(_at(answer, self._provider.expires)) <= self._now() - GRACE:
            raise InvalidAuthMethod("the access token has expired; sign in again")

    async def _introspect(self, token: str) -> dict[str, Any] | None:
        name = hashlib.sha256(token.encode()).digest()
        kept = self._answers.get(name)
        if kept is not None and self._clock() - kept[0] < KEPT_SECONDS:
            return kept[1]
        self._count()
        answer = await self._ask(token)
        self._answers[name] = (self._clock(), answer)
        self._answers.move_to_end(name)
        if len(self._answers) > KEPT_ANSWERS:
            self._answers.popitem(last=False)
        return answer

    async def _ask(self, token: str) -> dict[str, Any] | None:
        by_form = {self._provider.field: token} if self._provider.send == "form" else None
        status, body = await self._fetch.fetch(self._provider.url, bearer=None if by_form else token, form=by_form)
        if status in (400, 401, 403):
            return None
        if status != 200:
            raise ProviderSilent(f"{self._provider.url} answered with status {status}")
        try:
            return msgspec.json.decode(body, type=dict[str, Any])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise ProviderSilent(f"what {self._provider.url} answered is no JSON object") from error

    def _count(self) -> None:
        now = self._clock()
        self._asked = [moment for moment in self._asked if now - moment < 60.0]
        if len(self._asked) >= PER_MINUTE:
            raise CallerError(
                "too many access tokens were presented in the last minute. Try again later.",
                code=ErrorCode.CONCURRENCY_OVERLOAD,
                status=429,
            )
        self._asked.append(now)


def _at(answer: dict[str, Any], path: str) -> Any:
    value: Any = answer
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _text(answer: dict[str, Any], path: str) -> str:
    value = _at(answer, path)
    return value if isinstance(value, str) else ""


def _moment(value: Any) -> float:
    """Read when a token expires: Unix seconds as a number or its digits, or a date-time with its offset; never, if it cannot be read."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return float(value[:20])
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    return float("-inf") if moment is None or moment.tzinfo is None else moment.timestamp()
