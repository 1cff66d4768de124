"""The authentication methods of this node, joined from its configuration, its chain and its way to identity providers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from votive.auth.methods import EthWallet, Fetch, Introspection, Issuer, Methods, OauthToken, OidcToken, Verify, WebAuthn, WebAuthnPolicy
from votive.auth.methods.eth_wallet import VerifyWallet
from votive.auth.methods.webauthn import ReadMethods, RecentBlocks
from votive.chain.finality import Block
from votive.node.config import AuthSection
from votive.node.provider import ProviderFetch
from votive.terms.auth_method import MethodType


class RecentOnChain(Protocol):
    """Hashes of blocks, the newest first, from ``newest`` or from the head."""

    async def recent(self, count: int, newest: Block | None = None) -> Sequence[bytes]:
        """Return ``count`` of them, fewer if the chain is shorter."""


def recent_blocks(chain: RecentOnChain, final_block: Callable[[], Awaitable[Block]]) -> RecentBlocks:
    """Return what gives the newest blocks that callers may have seen: the newest final ones, of handshakes, and those at the head."""

    async def recent(count: int) -> Sequence[bytes]:
        final = await chain.recent(count, await final_block())
        return tuple(dict.fromkeys((*final, *await chain.recent(count))))

    return recent


def auth_methods(
    auth: AuthSection, *, verify_wallet: VerifyWallet, reader: ReadMethods, recent: RecentBlocks, now: Callable[[], float]
) -> Methods:
    """Return every method that ``auth`` offers; wallets and passkeys always are. ``now`` gives Unix seconds."""
    fetch = ProviderFetch([*(one.jwks_url for one in auth.issuers.values()), *(one.url for one in auth.introspection.values())])
    return Methods(
        {
            MethodType.ETH_WALLET: EthWallet(verify_wallet),
            MethodType.WEBAUTHN: WebAuthn(_passkeys(auth), reader, recent),
            **_issuers(auth, fetch, now),
            **_providers(auth, fetch, now),
        }
    )


def _passkeys(auth: AuthSection) -> WebAuthnPolicy:
    return WebAuthnPolicy(**msgspec.structs.asdict(auth.webauthn), accept_bearer=auth.accept_bearer_authsig)


def _issuers(auth: AuthSection, fetch: Fetch, now: Callable[[], float]) -> Mapping[int, Verify]:
    return {one.method_type: OidcToken(Issuer(**msgspec.structs.asdict(one)), fetch, now) for one in auth.issuers.values()}


def _providers(auth: AuthSection, fetch: Fetch, now: Callable[[], float]) -> Mapping[int, Verify]:
    return {one.method_type: OauthToken(Introspection(**msgspec.structs.asdict(one)), fetch, now) for one in auth.introspection.values()}
