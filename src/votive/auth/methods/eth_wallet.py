"""EthWallet: the access token is an AuthSig in JSON, verified as on every endpoint."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from votive.auth.credentials import parse_auth_sig
from votive.auth.grant import ProvenMethod
from votive.auth.methods.occasion import Occasion
from votive.terms.auth_method import LIT_APP, MethodType, wallet_ids
from votive.terms.auth_sig import AuthSig

VerifyWallet = Callable[[AuthSig, Occasion], Awaitable[str]]
"""Returns the checksummed address that signed, bound to the request as the node's policy demands; raises what wallets raise."""


@dataclass(frozen=True)
class EthWallet:
    """Proves an address."""

    verify_wallet: VerifyWallet

    async def verify(self, access_token: str, occasion: Occasion) -> ProvenMethod:
        """Return the wallet that signed."""
        address = await self.verify_wallet(parse_auth_sig(access_token), occasion)
        return ProvenMethod(type=MethodType.ETH_WALLET, id=wallet_ids(address)[0], user_id=address, app_id=LIT_APP)
