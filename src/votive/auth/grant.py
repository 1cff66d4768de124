"""A Grant: what a verified request may use. It is made in one place from checked credentials, and it only ever narrows.

Nothing signs, runs or decrypts without one.
"""

from __future__ import annotations

from typing import Any

import msgspec

from votive.auth.errors import InvalidAuthSig, NotPermitted
from votive.terms.auth_method import MethodType, method_ids
from votive.terms.capability import Ability, Capabilities, Resource
from votive.terms.ethereum import address_of_text

CLOCK_SKEW = 60.0
"""Seconds that a caller's clock may differ from ours."""


class ActionRef(msgspec.Struct, frozen=True, kw_only=True):
    """The action that runs, named by what this node computed from the code that it runs, never by what a caller said."""

    cid: str
    multihash: bytes
    """34 bytes, as PKPPermissions stores it."""


class ProvenMethod(msgspec.Struct, frozen=True, kw_only=True):
    """An authentication method whose user proved himself, to this node or to the network that signed the session."""

    type: int
    id: bytes
    """As on chain: the hash of user and application (32 bytes), an address (20) or an action's multihash (34)."""
    user_id: str
    app_id: str
    for_session: bool = False
    """It opened the session, and does not stand in this request itself."""

    @property
    def ids(self) -> tuple[bytes, ...]:
        """Every id under which this user may be permitted; see ``terms.auth_method.method_ids``."""
        return method_ids(self.type, self.user_id, self.app_id) if self.type == MethodType.ETH_WALLET else (self.id,)


class CapacityDelegation(msgspec.Struct, frozen=True, kw_only=True):
    """Capacity that its owner lets others use: a verified capacity delegation."""

    owner: str
    """EIP-55 checksummed."""
    message_hash: bytes
    """SHA-256 of the message: uses are counted under it, since one signature has several spellings."""
    nft_ids: tuple[int, ...] | None
    """None: any of the owner's."""
    delegates: tuple[str, ...] | None
    """Checksummed addresses that may use it; None: anybody."""
    uses: int | None
    """None: as often as they like."""
    expires_at: float


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """The caller, as proven, and the bounds that he set."""

    address: str | None
    """The wallet, contract wallet or PKP that asks, EIP-55 checksummed; None: only methods speak for the caller."""
    capabilities: Capabilities
    """What may be done in the caller's name."""
    issued_at: float
    """Unix seconds."""
    expires_at: float
    """Unix seconds; callers' clocks have ``CLOCK_SKEW`` of grace."""
    methods: tuple[ProvenMethod, ...] = ()
    actions: tuple[ActionRef, ...] = ()
    """The actions that run now, the outermost first."""
    bound: bool = False
    """True: the signature names exactly this request. False: whoever holds it may ask anything within its capabilities."""
    domain: str = ""
    """The domain that asked the wallet to sign."""
    resources: tuple[str, ...] = ()
    """What the signature names beyond the request itself."""
    session_key: str | None = None
    """The session's Ed25519 public key, 64 hex digits."""
    delegations: tuple[CapacityDelegation, ...] = ()
    custom_resource: str = ""
    """What the action said that opened the session."""

    @property
    def caller(self) -> str:
        """The text that names the caller in session ids, the same at all nodes."""
        if self.address is not None:
            return self.address.lower()
        return "+".join(f"method:{method.type}:{method.id.hex()}" for method in self.methods) or "nobody"

    def is_session_of(self, key_address: str) -> bool:
        """Say whether what opened the session speaks for the key of this address: a session is of one key."""
        return self.address is not None and self.address.lower() == key_address.lower()

    def wallets_for(self, key_address: str) -> tuple[str, ...]:
        """The addresses that the caller proved to control, each once, as far as they speak for the key of this address."""
        wallets = (method for method in self.methods if method.type == MethodType.ETH_WALLET)
        proven = (address_of_text(one.user_id) for one in wallets if not one.for_session or self.is_session_of(key_address))
        return tuple(dict.fromkeys((*([self.address] if self.address is not None else ()), *proven)))

    def allows(self, ability: Ability, resource: Resource) -> bool:
        """Say whether the caller may do this, as far as he and his session are concerned; chain and conditions are asked elsewhere."""
        return self.capabilities.allows(ability, resource)

    def require(self, ability: Ability, resource: Resource) -> None:
        """Raise NotPermitted, with what is allowed instead, unless ``allows``."""
        if not self.allows(ability, resource):
            raise NotPermitted(f"the session's capabilities do not include {ability} on {resource.uri}", self.lacking(ability, resource))

    def lacking(self, ability: Ability, resource: Resource) -> dict[str, Any]:
        """Return the tree that explains why ``ability`` is not allowed on ``resource``."""
        written = self.capabilities.of_ability(ability)
        return {
            "permitted": False,
            "alternatives": [
                {
                    "asked": f"does the session of {self.caller} allow {ability} on {resource.uri}",
                    "seen": f"it allows {ability} on: {', '.join(written) or 'nothing'}",
                    "permits": False,
                }
            ],
        }

    def require_time(self, now: float) -> None:
        """Raise InvalidAuthSig if the grant has run out while the request was worked on."""
        if now >= self.expires_at + CLOCK_SKEW:
            raise InvalidAuthSig("the authorisation ran out while the request was worked on; sign again")

    def narrowed(self, capabilities: Capabilities) -> Grant:
        """Return this grant with no more than ``capabilities``."""
        return msgspec.structs.replace(self, capabilities=self.capabilities.intersected(capabilities))

    def through(self, action: ActionRef) -> Grant:
        """Return the grant of a run of ``action`` for this caller; NotPermitted if it may not be run in his name.

        The action's own permissions are asked under its own name; the caller's capabilities stay as they are.
        """
        self.require(Ability.ACTION_EXECUTION, Resource.action(action.cid))
        return msgspec.structs.replace(self, actions=(*self.actions, action))
