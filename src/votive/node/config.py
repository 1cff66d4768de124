"""What an operator decides about a node, as frozen structs; ``config_file`` reads them, ``config_rules`` holds what concerns two fields.

A default is a value that a developer can run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from votive.terms.action import ActionLimits

Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Address = Annotated[str, msgspec.Meta(pattern="^0x[0-9a-fA-F]{40}$")]
Url = Annotated[str, msgspec.Meta(pattern="^https?://")]
Seconds = Annotated[float, msgspec.Meta(gt=0)]
PerSecond = Annotated[float, msgspec.Meta(gt=0)]
SigningAlgorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Signatures with a public key; none with a shared secret."""


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all sections: a misspelt field is an error, never ignored."""


class NodeSection(Section, frozen=True, kw_only=True):
    """Who this node is and where it keeps what it must remember."""

    data_directory: str = "."
    seat: Annotated[int, msgspec.Meta(ge=1, le=255)] | None = None
    """If given, the registry must agree; the seat that counts is always the registry's."""
    address: Address | None = None
    """If given, the stored identity must be this one."""


class HttpSection(Section, frozen=True, kw_only=True):
    """The public HTTP API."""

    host: str = "127.0.0.1"
    port: Port = 7470
    request_seconds: Seconds = 60.0
    """A request that takes longer is answered 408."""


class PeerSection(Section, frozen=True, kw_only=True):
    """The port that other nodes connect to."""

    host: str = "127.0.0.1"
    port: Port = 7570


class KeyEncryptionKeySection(Section, frozen=True, kw_only=True):
    """Where the core reads the key-encryption key; Python never sees it."""

    source: Literal["file", "passphrase-env", "prompt"] = "file"
    path: str = "kek"
    """For ``file``."""
    variable: str = "VOTIVE_PASSPHRASE"
    """For ``passphrase-env``: the environment variable that holds the passphrase."""


class ChainSection(Section, frozen=True, kw_only=True):
    """The EVM chain that registry, keys and permissions live on."""

    name: Annotated[str, msgspec.Meta(pattern="^[A-Za-z][A-Za-z0-9]{0,63}$")] = "yellowstone"
    """What access control conditions call this chain; a name that Lit's SDK knows, since it refuses others."""
    rpc_urls: Annotated[tuple[Url, ...], msgspec.Meta(min_length=1)] = ("http://127.0.0.1:8545",)
    public_rpc_url: Url | None = None
    """What clients are told to read the chain at; the first of ``rpc_urls`` if absent. Set it where that one holds an API key."""
    quorum: Count = 1
    """So many providers must give the same answer."""
    chain_id: Count = 31337
    resolver: Address
    """Address of the network's ContractResolver."""
    finality: Literal["finalized"] | Annotated[int, msgspec.Meta(ge=0)] = "finalized"
    """``"finalized"``, or a number of confirmations."""
    poll_seconds: Seconds = 1.0
    patience_seconds: Seconds = 60.0
    """How long a starting node waits for a chain that does not answer."""


class NamedChainSection(Section, frozen=True, kw_only=True):
    """Another chain that access control conditions may ask about, by its name in them."""

    kind: Literal["evm", "solana", "cosmos"] = "evm"
    rpc_urls: Annotated[tuple[Url, ...], msgspec.Meta(min_length=1)]
    quorum: Count = 1
    """So many of ``rpc_urls`` must give the same answer; one that is down never lowers it."""
    finality: Literal["finalized"] | Annotated[int, msgspec.Meta(ge=0)] = "finalized"
    """``"finalized"``, or a number of confirmations; of an EVM chain."""
    chain_id: Count | None = None
    """Of an EVM chain, which has to have one."""


class IpfsSection(Section, frozen=True, kw_only=True):
    """Where actions are fetched from, in this order."""

    gateways: tuple[Url, ...] = ()
    api: Url | None = None
    """Where clients publish (Kubo's ``/api/v0/add``); only told to clients, never used by the node."""
    cache_bytes: Count = 64 * 1024 * 1024


class IssuerSection(Section, frozen=True, kw_only=True):
    """An issuer of identity tokens (OpenID Connect) whose word counts; see ``auth.methods.Issuer``."""

    issuer: str
    jwks_url: Url
    audiences: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    method_type: Annotated[int, msgspec.Meta(ge=4)]
    algorithms: Annotated[tuple[SigningAlgorithm, ...], msgspec.Meta(min_length=1)] = ("RS256",)
    require_binding: bool = False


class IntrospectionSection(Section, frozen=True, kw_only=True):
    """A provider that is asked whose an access token is; see ``auth.methods.Introspection``."""

    url: Url
    method_type: Annotated[int, msgspec.Meta(ge=4)]
    clients: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    user: str = "sub"
    application: str = "aud"
    expires: str = "exp"
    send: Literal["bearer", "form"] = "bearer"
    field: str = "token"


class WebAuthnSection(Section, frozen=True, kw_only=True):
    """What is demanded of passkeys; see ``auth.methods.WebAuthnPolicy``."""

    origins: tuple[str, ...] = ()
    rp_ids: tuple[str, ...] = ()
    user_verification: bool = False
    sign_counter: Literal["increase", "ignore"] = "increase"


class AuthSection(Section, frozen=True, kw_only=True):
    """Which wallet signatures and other authentication methods are accepted."""

    accept_bearer_authsig: bool = False
    """Accept an AuthSig that is not bound to its request. A dishonest node could replay it: see docs/threat-model.md."""
    accept_open_claims: bool = False
    """Sign claims of keys that name no minter: whoever sees the signatures first may mint the key (docs/threat-model.md)."""
    domains: tuple[str, ...] = ()
    """SIWE domains that are accepted; empty: any."""
    issuers: dict[str, IssuerSection] = {}
    """Issuers of identity tokens, by a name of the operator's."""
    introspection: dict[str, IntrospectionSection] = {}
    """Providers of access tokens, by a name of the operator's."""
    webauthn: WebAuthnSection = WebAuthnSection()


class LimitsSection(Section, frozen=True, kw_only=True):
    """What one node will do at once, and what one action may use."""

    concurrent_requests: Count = 64
    """Requests that run or sign at the same time; more are answered 429."""
    requests_per_second: PerSecond | None = None
    """Requests of all callers together; absent: as many as come."""
    caller_requests_per_second: PerSecond | None = None
    """Requests of each caller; absent: as many as he likes."""
    failed_checks: Count = 50
    """Checks that cost much (contract wallets, the network's signatures, identity tokens) which one address, or one /64, may fail."""
    failed_checks_per_second: PerSecond = 1.0
    """So many more it may fail each second."""
    costly_checks: Count = 32
    """Such checks under way at the same time; more are answered 429."""
    engine_threads: Annotated[int, msgspec.Meta(ge=32)] = 32
    """Threads for the engine's steps; waiters in the ticket gate hold one each, so there are never fewer than 32."""
    action: ActionLimits = ActionLimits()


class CapacitySection(Section, frozen=True, kw_only=True):
    """Whether callers need capacity, a RateLimitNFT of their own or by delegation."""

    ask: bool = False
    free_per_kilosecond: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Where it is asked for: requests in 1000 seconds that a caller without any may make."""


class StockSection(Section, frozen=True, kw_only=True):
    """How many unminted keys the network keeps ready."""

    low: Annotated[int, msgspec.Meta(ge=1)] = 12
    """Fewer unminted keys than this, and a batch is made."""
    high: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 32
    """A batch fills the stock up to this."""
    first_batch: Annotated[int, msgspec.Meta(ge=1, le=100)] = 4
    """Size of the very first batch, small so that a new network can mint soon."""
    batch: Annotated[int, msgspec.Meta(ge=1, le=100)] = 16
    """Largest size of a batch."""
    deadline_blocks: Annotated[int, msgspec.Meta(ge=50, le=100_000)] = 5_000
    """Votes for a batch are valid for so many blocks, and up to twice as many."""


class SandboxSection(Section, frozen=True, kw_only=True):
    """The pool of sandbox processes."""

    warm: Annotated[int, msgspec.Meta(ge=0)] = 2
    """Processes kept ready; about 30 MB each."""
    warm_ethers: Annotated[int, msgspec.Meta(ge=0)] = 1
    """Processes kept ready with ethers loaded; about 70 MB each."""
    concurrent: Count = 8
    """Runs at the same time."""


class FetchSection(Section, frozen=True, kw_only=True):
    """What actions may fetch beyond the public internet."""

    allow: tuple[str, ...] = ()
    """``address:port`` on this machine that actions may fetch from, such as ``127.0.0.1:8000``; none by default."""


class LogSection(Section, frozen=True, kw_only=True):
    """How the node logs, on standard error."""

    format: Literal["json", "text"] = "json"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Config(Section, frozen=True, kw_only=True):
    """Everything an operator decides about a node."""

    chain: ChainSection
    chains: dict[str, NamedChainSection] = {}
    node: NodeSection = NodeSection()
    http: HttpSection = HttpSection()
    peer: PeerSection = PeerSection()
    key_encryption_key: KeyEncryptionKeySection = KeyEncryptionKeySection()
    ipfs: IpfsSection = IpfsSection()
    auth: AuthSection = AuthSection()
    limits: LimitsSection = LimitsSection()
    capacity: CapacitySection = CapacitySection()
    stock: StockSection = StockSection()
    sandbox: SandboxSection = SandboxSection()
    fetch: FetchSection = FetchSection()
    log: LogSection = LogSection()
    base: str = "."
    """The directory that relative paths start from: where the file was."""

    @property
    def directory(self) -> Path:
        """The data directory, absolute."""
        return (Path(self.base) / self.node.data_directory).resolve()

    def path(self, name: str) -> Path:
        """Resolve ``name`` against the data directory."""
        return (self.directory / name).resolve()
