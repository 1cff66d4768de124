"""The contracts of one network: their names, and where they are."""

from __future__ import annotations

import msgspec

RESOLVER_KEYS = {
    "Staking": "STAKING",
    "PKPNFT": "PKP_NFT",
    "PKPPermissions": "PKP_PERMISSIONS",
    "PubkeyRouter": "PUB_KEY_ROUTER",
    "PKPHelper": "PKP_HELPER",
    "RateLimitNFT": "RATE_LIMIT_NFT",
}
"""The contracts that a ContractResolver names, with the texts whose Keccak-256 are its keys."""


class Contracts(msgspec.Struct, frozen=True, kw_only=True):
    """Checksummed addresses of one network's contracts."""

    resolver: str
    staking: str
    pkp_nft: str
    pkp_permissions: str
    pubkey_router: str
    pkp_helper: str
    rate_limit_nft: str

    def as_dict(self) -> dict[str, str]:
        """Return the addresses under the contracts' own names."""
        return {
            "ContractResolver": self.resolver,
            "Staking": self.staking,
            "PKPNFT": self.pkp_nft,
            "PKPPermissions": self.pkp_permissions,
            "PubkeyRouter": self.pubkey_router,
            "PKPHelper": self.pkp_helper,
            "RateLimitNFT": self.rate_limit_nft,
        }

    @classmethod
    def from_dict(cls, addresses: dict[str, str]) -> Contracts:
        """Read what ``as_dict`` returned; KeyError names a contract that is missing."""
        return cls(
            resolver=addresses["ContractResolver"],
            staking=addresses["Staking"],
            pkp_nft=addresses["PKPNFT"],
            pkp_permissions=addresses["PKPPermissions"],
            pubkey_router=addresses["PubkeyRouter"],
            pkp_helper=addresses["PKPHelper"],
            rate_limit_nft=addresses["RateLimitNFT"],
        )
