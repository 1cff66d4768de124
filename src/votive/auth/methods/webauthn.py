"""Passkeys: a WebAuthn assertion (Level 2, section 7.2) over a challenge that is bound to a recent block.

The public key is the one that stands beside the passkey's id among the PKP's permitted methods: whoever grants a passkey stores
it there. py_webauthn checks the assertion; what is checked here are challenge, origin, relying party and counter.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import cache
from typing import Any, Literal, Protocol, cast
from urllib.parse import urlsplit

import msgspec

from votive.auth.grant import ProvenMethod
from votive.auth.methods.claims import part_bytes, read_part
from votive.auth.methods.errors import InvalidAuthMethod
from votive.auth.methods.occasion import Occasion
from votive.terms.auth_method import LIT_APP, MethodType, method_id, passkey_challenge
from votive.terms.block import Block
from votive.terms.encoding import hex0x
from votive.terms.ethereum import token_text

CHALLENGE_BLOCKS = 10
"""A challenge is bound to one of so many newest final blocks."""
MAX_PUBLIC_KEY = 4096
"""Bytes of a credential's public key: the largest scheme of COSE that is read has some 2600."""
REMEMBERED = 10_000
"""Credentials whose counters are kept."""
_LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})

RecentBlocks = Callable[[int], Awaitable[Sequence[bytes]]]
"""Number → so many newest final block hashes, 32 bytes each."""


class ReadMethods(Protocol):
    """The methods that a token's permissions name."""

    async def permitted_methods(self, token_id: int, block: Block) -> Sequence[tuple[int, bytes, bytes]]:
        """Return (type, id, user public key) of each at ``block``."""
        ...


class WebAuthnPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator demands of passkeys."""

    origins: tuple[str, ...] = ()
    """Origins that may ask for an assertion, such as ``https://app.example``; none named: any with https, and this machine's own."""
    rp_ids: tuple[str, ...] = ()
    """Relying parties; none named: the origin's host, or a domain above it."""
    user_verification: bool = False
    """Demand that the authenticator verified the user (a PIN, a finger), not only that somebody touched it."""
    sign_counter: Literal["increase", "ignore"] = "increase"
    """``increase`` refuses an assertion whose counter does not go up: of two copies of a key, one falls behind. Authenticators
    that do not count (always 0) pass. A node remembers counters until it ends."""
    accept_bearer: bool = False
    """Accept challenges that are a block's hash alone, as Lit's clients sign; one dishonest node could use the assertion elsewhere."""


class _ClientData(msgspec.Struct, frozen=True, rename="camel"):
    type: str
    challenge: str
    origin: str
    cross_origin: bool = False


class _Response(msgspec.Struct, frozen=True, rename={"client_data": "clientDataJSON"}):
    client_data: str
    signature: str


class _Credential(msgspec.Struct, frozen=True, rename={"raw_id": "rawId"}):
    raw_id: str
    response: _Response


class _Verified(Protocol):
    new_sign_count: int


_Check = Callable[..., _Verified]


@cache
def _library() -> _Check:
    """Load py_webauthn when a passkey first comes: it takes a quarter of a second, which every start of a node would pay."""
    from webauthn import verify_authentication_response  # noqa: PLC0415  # see above

    return cast("_Check", verify_authentication_response)


class WebAuthn:
    """Proves the holder of a passkey that a key permits."""

    def __init__(self, policy: WebAuthnPolicy, reader: ReadMethods, recent_blocks: RecentBlocks) -> None:
        self._policy, self._reader, self._recent_blocks = policy, reader, recent_blocks
        self._counters = _Counters()

    async def verify(self, access_token: str, occasion: Occasion) -> ProvenMethod:
        """Return the passkey that signed; InvalidAuthMethod says what is wrong."""
        credential = read_part(access_token.encode("utf-8", "replace"), _Credential, "the passkey's credential")
        told = part_bytes(credential.response.client_data, "the passkey's clientDataJSON")
        client = read_part(told, _ClientData, "the passkey's clientDataJSON")
        self._check_origin(client)
        challenge = await self._challenge(client, occasion)
        public_key = await self._public_key(credential.raw_id, occasion)
        check = await asyncio.to_thread(_library)
        counter = self._verify(check, access_token, client, challenge, public_key)
        if self._policy.sign_counter == "increase":
            self._counters.count((credential.raw_id, public_key), counter, credential.response.signature)
        return ProvenMethod(type=MethodType.WEBAUTHN, id=method_id(credential.raw_id, LIT_APP), user_id=credential.raw_id, app_id=LIT_APP)

    def _check_origin(self, client: _ClientData) -> None:
        if client.cross_origin:
            raise InvalidAuthMethod("the assertion was asked for from within another site's page")
        if self._policy.origins:
            if client.origin not in self._policy.origins:
                raise InvalidAuthMethod(
                    f"the origin {client.origin[:128]!r} may not sign in here; allowed: {', '.join(self._policy.origins)}"
                )
        elif not _is_secure(client.origin):
            raise InvalidAuthMethod(f"the origin {client.origin[:128]!r} is not secure: it must be https, or this machine")

    async def _challenge(self, client: _ClientData, occasion: Occasion) -> bytes:
        """Return the challenge that was signed, if it is one that we would have given."""
        signed = part_bytes(client.challenge, "the passkey's challenge")
        blocks = await self._recent_blocks(CHALLENGE_BLOCKS)
        if signed in {passkey_challenge(block, occasion.request.resource) for block in blocks}:
            return signed
        if signed not in blocks:
            raise InvalidAuthMethod(
                f"the challenge is bound to none of the last {CHALLENGE_BLOCKS} blocks, or was made for another request; take a new one",
                details=({"newest": hex0x(blocks[0]) if blocks else None},),
            )
        if not self._policy.accept_bearer:
            raise InvalidAuthMethod("the challenge is a block's hash alone and names no request, so any node could use it elsewhere")
        return signed

    async def _public_key(self, raw_id: str, occasion: Occasion) -> bytes:
        if occasion.token_id is None:
            raise InvalidAuthMethod("a passkey is checked against a PKP's permitted methods, and this request names no PKP")
        wanted = (MethodType.WEBAUTHN, method_id(raw_id, LIT_APP))
        methods = await self._reader.permitted_methods(occasion.token_id, occasion.block)
        found = next((key for kind, identity, key in methods if (kind, identity) == wanted), None)
        where = f"token {token_text(occasion.token_id)} at block {occasion.block.number}"
        if found is None:
            raise InvalidAuthMethod(f"the passkey {raw_id[:64]!r} is not permitted on {where}", details=({"id": hex0x(wanted[1])},))
        if not 0 < len(found) <= MAX_PUBLIC_KEY:
            raise InvalidAuthMethod(f"the permission of this passkey on {where} carries no public key to check it with; grant it again")
        return found

    def _verify(self, check: _Check, access_token: str, client: _ClientData, challenge: bytes, public_key: bytes) -> int:
        """Return the assertion's counter."""
        reasons = []
        for rp_id in self._relying_parties(client.origin):
            try:
                return check(
                    credential=_strict_json(access_token),
                    expected_challenge=challenge,
                    expected_rp_id=rp_id,
                    expected_origin=client.origin,
                    credential_public_key=public_key,
                    credential_current_sign_count=0,
                    require_user_verification=self._policy.user_verification,
                ).new_sign_count
            except Exception as error:  # noqa: BLE001  # the key is bytes from the chain, the rest a stranger's: CBOR and COSE raise anything
                reasons.append(f"{rp_id}: {_reason(error)}")
        raise InvalidAuthMethod(
            f"the passkey's assertion does not hold: {reasons[0] if reasons else 'its origin has no relying party'}", details=tuple(reasons)
        )

    def _relying_parties(self, origin: str) -> Iterator[str]:
        """Ids that the assertion may be for; the one it is for is a hash in it."""
        host = urlsplit(origin).hostname or ""
        if self._policy.rp_ids:
            named = origin in self._policy.origins
            yield from (rp_id for rp_id in self._policy.rp_ids if named or host == rp_id or host.endswith(f".{rp_id}"))
            return
        labels = host.split(".")[-8:] if host else []
        yield from (".".join(labels[start:]) for start in range(len(labels)))


class _Counters:
    """The last counter of each credential, with the assertion that carried it: the same one shown twice is no second copy.

    A credential is an id and a key: under the id alone, whoever permits yours on his own PKP could drive your counter up.
    """

    def __init__(self) -> None:
        self._last: OrderedDict[tuple[str, bytes], tuple[int, bytes]] = OrderedDict()

    def count(self, credential: tuple[str, bytes], counter: int, signature: str) -> None:
        """Take ``counter``; InvalidAuthMethod if it should be higher."""
        last, shown = self._last.get(credential, (0, b""))
        digest = hashlib.sha256(signature.encode()).digest()
        if (last or counter) and counter <= last and digest != shown:
            raise InvalidAuthMethod(f"the passkey's counter went from {last} to {counter}: there may be a copy of it")
        self._last[credential] = (counter, digest)
        self._last.move_to_end(credential)
        if len(self._last) > REMEMBERED:
            self._last.popitem(last=False)


def _is_secure(origin: str) -> bool:
    try:
        parts = urlsplit(origin)
        host = parts.hostname or ""
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and _is_local(host)))


def _is_local(host: str) -> bool:
    """Say whether browsers take ``host`` for this machine; names below ``localhost`` never leave it (RFC 6761, section 6.3)."""
    return host in _LOCAL or host.endswith(".localhost")


def _strict_json(text: str) -> dict[str, Any]:
    value = json.loads(text)
    return value if isinstance(value, dict) else {}


def _reason(error: Exception) -> str:
    return (str(error) or type(error).__name__)[:200]
