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
    "Allowlist": "ALLOWLIST",
    "LITToken": "LIT_TOKEN",
    "Multisender": "MULTI_SENDER",
    "PKPNFTMetadata": "PKP_NFT_METADATA",
    "StakingBalances": "STAKING_BALANCES",
    "HDKeyDeriver": "HD_KEY_DERIVER",
}
"""The contracts that a ContractResolver names, in the order of its constructor, with the texts whose Keccak-256 are its keys."""


class Contracts(msgspec.Struct, frozen=True, kw_only=True):
    """Checksummed addresses of one network's contracts."""

    resolver: str
    staking: str
    pkp_nft: str
    pkp_permissions: str
    pubkey_router: str
    pkp_helper: str
    rate_limit_nft: str
    allowlist: str
    lit_token: str
    multisender: str
    pkp_nft_metadata: str
    staking_balances: str
    hd_key_deriver: str

    def as_dict(self) -> dict[str, str]:
        """Return the addresses under the contracts' own names."""
        return {name: getattr(self, field) for name, field in _FIELDS.items()}

    @classmethod
    def from_dict(cls, addresses: dict[str, str]) -> Contracts:
        """Read what ``as_dict`` returned; KeyError names a contract that is missing."""
        return cls(**{field: addresses[name] for name, field in _FIELDS.items()})


_FIELDS = {
    "ContractResolver": "resolver",
    "Staking": "staking",
    "PKPNFT": "pkp_nft",
    "PKPPermissions": "pkp_permissions",
    "PubkeyRouter": "pubkey_router",
    "PKPHelper": "pkp_helper",
    "RateLimitNFT": "rate_limit_nft",
    "Allowlist": "allowlist",
    "LITToken": "lit_token",
    "Multisender": "multisender",
    "PKPNFTMetadata": "pkp_nft_metadata",
    "StakingBalances": "staking_balances",
    "HDKeyDeriver": "hd_key_deriver",
}
