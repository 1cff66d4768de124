"""A session of a PKP: opened not by a wallet that delegates, but by whoever proves himself by a method that the key permits.

The client draws a session key and writes the message that delegates to it; the nodes check the method, complete the message, and
sign it with the network's session key. The combined signature is verified here before anything is made of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from votive.client.ask import Answer
from votive.client.auth_sig import Origin, Period, SignMessages, sign_request, timestamp
from votive.client.decryption import Gathering
from votive.client.network_key import Holders
from votive.client.request import ShowMethods
from votive.client.session import LONGEST, Delegation, Wanted, delegable, written
from votive.client.wallet import ContractWallet, Wallet, asker_of
from votive.terms.auth_method import AuthMethod, MethodType, passkey_challenge
from votive.terms.auth_sig import AuthSig
from votive.terms.block import BlockFacts
from votive.terms.bls_session import ALGORITHM, DERIVED_VIA, SESSION_URI, session_digest
from votive.terms.encoding import hex0x
from votive.terms.errors import VotiveError
from votive.terms.recap import Recap

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

PATH = "/web/sign_session_key/v1"
STATEMENT = "Let a session key act for a programmable key of this Votive network."


class Challenge(msgspec.Struct, frozen=True, kw_only=True):
    """The one request that a method is shown for: what proves it should be bound to it, or any node could use it elsewhere."""

    resource: str
    """``votive://request/…``: the resource of a wallet's message, or the ``nonce`` to ask an OpenID provider for."""
    block_hash: bytes
    """Of a recent block, 32 bytes."""

    @property
    def passkey(self) -> bytes:
        """The challenge of a WebAuthn assertion, 32 bytes."""
        return passkey_challenge(self.block_hash, self.resource)


Prove = Callable[[Challenge], AuthMethod]
"""Proves the user for one request."""


def by_wallet(wallet: SignMessages, *, chain_id: int, origin: Origin) -> Prove:
    """Prove the address of a wallet."""

    def prove(challenge: Challenge) -> AuthMethod:
        auth_sig = sign_request(wallet, resource=challenge.resource, chain_id=chain_id, origin=origin)
        return AuthMethod(auth_method_type=MethodType.ETH_WALLET, access_token=msgspec.json.encode(auth_sig).decode())

    return prove


def by_passkey(assertion: Callable[[bytes], str]) -> Prove:
    """Prove the holder of a passkey; ``assertion`` takes a challenge and returns the credential in JSON (WebAuthn, 5.8)."""
    return lambda challenge: AuthMethod(auth_method_type=MethodType.WEBAUTHN, access_token=assertion(challenge.passkey))


Method: TypeAlias = "AuthMethod | Prove | Wallet | ContractWallet | LocalAccount | str"
"""Who asks: a token with its type, what proves the user for one challenge, or a wallet."""


def shown(method: Method | None, *, block_hash: bytes, chain_id: int, origin: Origin) -> ShowMethods:
    """Return what shows ``method`` to the nodes; none where an action decides alone."""

    def show(resource: str) -> Mapping[str, Any]:
        challenge = Challenge(resource=resource, block_hash=block_hash)
        return {"authMethods": [] if method is None else [_proven(method, challenge, chain_id, origin)]}

    return show


def _proven(method: Method, challenge: Challenge, chain_id: int, origin: Origin) -> AuthMethod:
    if isinstance(method, AuthMethod):
        return method
    prove = method if callable(method) else by_wallet(asker_of(method), chain_id=chain_id, origin=origin)
    return prove(challenge)


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A session before the network signed it."""

    private_key: bytes
    session_key: str
    """Public, hex."""
    public_key: str
    """Of the PKP, 0x hex of 65 bytes."""
    address: str
    resources: tuple[str, ...]
    period: Period
    text: str
    """The message as the client writes it."""

    def body(self, action: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is asked of the nodes, the methods left out."""
        return {
            "sessionKey": SESSION_URI + self.session_key,
            "siweMessage": self.text,
            "pkpPublicKey": self.public_key,
            "curveType": "BLS",
            **action,
        }

    def is_completed_by(self, text: str) -> bool:
        """Say whether ``text`` is this session's message as nodes complete it: for our key, of our PKP, until our end."""
        told, ours = text.split("\n"), self.text.split("\n")
        same = ("URI: ", "Expiration Time: ", "Nonce: ")
        kept = [line for line in told if line.startswith(same)]
        return told[:2] == ours[:2] and kept == [line for line in ours if line.startswith(same)]

    def delegation(self, text: str, signature: bytes) -> Delegation:
        """Return the session that the network's ``signature`` over ``text`` makes."""
        sig = msgspec.json.encode({"ProofOfPossession": signature.hex()}).decode()
        auth_sig = AuthSig(sig=sig, derived_via=DERIVED_VIA, signed_message=text, address=self.address, algo=ALGORITHM)
        return Delegation(private_key=self.private_key, auth_sig=auth_sig, resources=self.resources, period=self.period)


def draft(
    resources: Sequence[Wanted], *, public_key: str, address: str, lifetime: timedelta, block: BlockFacts, chain_id: int, origin: Origin
) -> Draft:
    """Draw a session key and write its message, which names ``block``: nodes refuse what names an old one.

    Raises:
        BadArgument: no resource, one that no session can use, or too long a life.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415  # loaded when first needed

    capabilities = delegable(resources, lifetime)
    key, period = Ed25519PrivateKey.generate(), _period(lifetime, block)
    session_key, recap = key.public_key().public_bytes_raw().hex(), Recap.of(capabilities)
    return Draft(
        private_key=key.private_bytes_raw(),
        session_key=session_key,
        public_key=public_key,
        address=address,
        resources=written(capabilities),
        period=period,
        text="\n".join(
            (
                f"{origin.domain} wants you to sign in with your Ethereum account:",
                address,
                "",
                recap.statement(STATEMENT),
                "",
                f"URI: {SESSION_URI}{session_key}",
                "Version: 1",
                f"Chain ID: {chain_id}",
                f"Nonce: {hex0x(block.hash)}",
                f"Issued At: {timestamp(period.issued_at)}",
                f"Expiration Time: {timestamp(period.expires_at)}",
                "Resources:",
                f"- {recap.encode()}",
            )
        ),
    )


def _period(lifetime: timedelta, block: BlockFacts) -> Period:
    """From now, but no longer than 30 days from the block: an idle chain's newest block may be old."""
    period = Period.of(lifetime)
    return Period(period.issued_at, min(period.expires_at, datetime.fromtimestamp(block.timestamp, UTC) + LONGEST))


class Signing:
    """Gathers the nodes' shares over one draft. Nodes that completed it otherwise are kept apart: only equal messages combine."""

    def __init__(self, draft: Draft, holders: Holders) -> None:
        self._draft, self._holders = draft, holders
        self._gatherings: dict[str, Gathering] = {}

    async def enough(self, answers: Sequence[Answer]) -> bool:
        """Take the answers; say whether the network's signature is there."""
        for text in dict.fromkeys(answer.body.get("siweMessage") for answer in answers if answer.ok):
            if not isinstance(text, str) or not self._draft.is_completed_by(text):
                continue
            same = [answer for answer in answers if answer.ok and answer.body.get("siweMessage") == text]
            if await self._gathering(text).enough(same):
                return True
        return False

    def _gathering(self, text: str) -> Gathering:
        if text not in self._gatherings:
            self._gatherings[text] = Gathering(self._holders, session_digest(text))
        return self._gatherings[text]

    @property
    def delegation(self) -> Delegation | None:
        """The session, once the network signed it."""
        return next((self._draft.delegation(text, one.key) for text, one in self._gatherings.items() if one.key is not None), None)

    def failure(self, answers: Sequence[Answer], nodes: int) -> VotiveError:
        """Say why there is no session."""
        gathering = next(iter(self._gatherings.values()), None) or self._gathering(self._draft.text)
        return gathering.failure(answers, nodes)
