"""All methods that a node offers, by their type. A type that is not configured is refused, never ignored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from votive.auth.grant import ProvenMethod
from votive.auth.methods.errors import InvalidAuthMethod
from votive.auth.methods.occasion import Occasion
from votive.terms.auth_method import AuthMethod, MethodType
from votive.terms.binding import RequestBinding
from votive.terms.block import Block


class Verify(Protocol):
    """One kind of method."""

    async def verify(self, access_token: str, occasion: Occasion) -> ProvenMethod:
        """Return who the token proves; CallerError if nobody, WorldError if that cannot be told now."""
        ...


@dataclass(frozen=True)
class Methods:
    """Verifies methods of every configured type."""

    kinds: Mapping[int, Verify]

    async def verify(self, method: AuthMethod, *, token_id: int | None, request: RequestBinding, block: Block) -> ProvenMethod:
        """Return who ``method`` proves.

        Raises:
            InvalidAuthMethod: an unknown type, or a token that proves nothing.
            CallerError: as the type's own checks say; its message names no token.
            WorldError: an identity provider or the chain does not answer.
        """
        return await self.kind(method).verify(method.access_token, Occasion(token_id=token_id, request=request, block=block))

    def kind(self, method: AuthMethod) -> Verify:
        """Return what verifies methods of this type; InvalidAuthMethod if nothing does."""
        known = self.kinds.get(method.auth_method_type)
        if known is not None:
            return known
        hint = ". Name the action in 'code' or 'litActionIpfsId' instead" if method.auth_method_type == MethodType.ACTION else ""
        raise InvalidAuthMethod(
            f"authMethodType {method.auth_method_type} is not offered here; offered: {', '.join(map(str, sorted(self.kinds)))}{hint}",
            status=400,
            details=({"field": "authMethodType", "offered": sorted(self.kinds)},),
        )
