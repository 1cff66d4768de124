"""Configuration: frozen structs, read once from a TOML file and the environment.

Every field may be given in the file as ``[section] field`` or in the environment as ``VOTIVE_SECTION_FIELD``, which wins;
those of a chain that the file names in ``[chains.NAME]`` as ``VOTIVE_CHAINS_NAME_FIELD``.
Relative paths are relative to the file. A default is a value that a developer can run.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from votive.node.failure import StartFailure
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


def load(file: Path, environment: Mapping[str, str] = os.environ) -> Config:
    """Read ``file`` and ``environment`` into a ``Config``.

    Raises:
        StartFailure: naming the field, its value and what to do.
    """
    table = overlay(read_table(file), environment)
    table["base"] = str(file.resolve().parent)
    check_chains(file, table)
    try:
        config = msgspec.convert(table, Config)
    except msgspec.ValidationError as error:
        raise bad_field(file, table, str(error)) from error
    check(file, config)
    return config


def read_table(file: Path) -> dict[str, Any]:
    """Read the TOML table in ``file``."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise StartFailure.configuration(f"cannot read the configuration {file}: {error.strerror}. Give its path with --config.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StartFailure.configuration(f"{file} is not valid TOML: {error}. Correct the line it names.") from error


def overlay(table: dict[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """Return ``table`` with every ``VOTIVE_SECTION_FIELD`` of ``environment`` laid over it."""
    result = {name: dict(value) if isinstance(value, dict) else value for name, value in table.items()}
    for section in msgspec.structs.fields(Config):
        if isinstance(section.type, type) and issubclass(section.type, Section):
            values = overlaid(result.get(section.name, {}), section.name, section.type, environment)
            result |= {section.name: values} if values else {}
    for name, values in list(named_chains(result).items()):
        result["chains"][name] = overlaid(values, f"chains_{name}", NamedChainSection, environment)
    return result


def overlaid(values: Any, prefix: str, section: type[Section], environment: Mapping[str, str]) -> Any:
    """Return ``values`` of one section with those of the environment laid over them."""
    texts = {field.name: environment.get(f"VOTIVE_{prefix}_{field.name}".upper()) for field in msgspec.structs.fields(section)}
    given = {name: toml_value(text) for name, text in texts.items() if text is not None}
    return {**values, **given} if isinstance(values, dict) else values


def named_chains(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tables under ``[chains]``; empty if there is none, or something else."""
    chains = table.get("chains", {})
    return chains if isinstance(chains, dict) else {}


def check_chains(file: Path, table: Mapping[str, Any]) -> None:
    """Read each named chain by itself, so that a complaint names it."""
    for name, values in named_chains(table).items():
        try:
            msgspec.convert(values, NamedChainSection)
        except msgspec.ValidationError as error:
            reason, _, where = str(error).partition(" - at ")
            raise bad_field(file, table, f"{reason} - at `$.chains.{name}{where.strip('`').removeprefix('$')}`") from error


def toml_value(text: str) -> Any:
    """Read ``text`` as a TOML value if it is one, else take it as a string."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def bad_field(file: Path, table: Mapping[str, Any], complaint: str) -> StartFailure:
    """Turn msgspec's complaint into one that names field, value and remedy."""
    reason, _, where = complaint.partition(" - at ")
    names = re.findall(r"[A-Za-z_]\w*", where)
    if missing := re.search(r"missing required field `(\w+)`", reason):
        field = ".".join([*names, missing[1]])
        return StartFailure.configuration(f"{field} is missing in {file}. Set it there, or as {variable_of(field)} in the environment.")
    if unknown := re.search(r"unknown field `(\w+)`", reason):
        field = ".".join([*names, unknown[1]])
        return StartFailure.configuration(f"{field} in {file} is not a field Votive knows. Correct its name or remove it.")
    field = ".".join(names)
    return StartFailure.configuration(
        f"{field} is {value_at(table, names)!r} in {file}: {reason[:1].lower()}{reason[1:]}. "
        f"Correct it there, or as {variable_of(field)} in the environment."
    )


def value_at(table: Any, names: list[str]) -> Any:
    """Follow ``names`` into ``table`` as far as it goes."""
    for name in names:
        if isinstance(table, Mapping) and name in table:
            table = table[name]
    return table


def variable_of(field: str) -> str:
    """Name the environment variable of ``section.field``."""
    return "VOTIVE_" + field.replace(".", "_").upper()


def check(file: Path, config: Config) -> None:
    """Check what concerns two fields at once."""
    chain, stock = config.chain, config.stock
    if chain.quorum > len(chain.rpc_urls):
        raise StartFailure.configuration(
            f"chain.quorum is {chain.quorum} in {file} but chain.rpc_urls names only {len(chain.rpc_urls)}. "
            "Add providers or lower the quorum."
        )
    for name, named in config.chains.items():
        check_named_chain(file, config, name, named)
    if stock.high < stock.low:
        raise StartFailure.configuration(f"stock.high is {stock.high} in {file}, below stock.low, {stock.low}. Raise stock.high.")
    check_identity_providers(file, config.auth)
    if config.http.port == config.peer.port and config.http.host == config.peer.host:
        raise StartFailure.configuration(f"http.port and peer.port are both {config.http.port} in {file}. Give them different ports.")


def check_named_chain(file: Path, config: Config, name: str, chain: NamedChainSection) -> None:
    """Check what a named chain's section cannot say by itself."""
    if name == config.chain.name:
        raise StartFailure.configuration(f"[chains.{name}] in {file} is the network's own chain. Remove it, or correct chain.name.")
    if chain.quorum > len(chain.rpc_urls):
        raise StartFailure.configuration(
            f"chains.{name}.quorum is {chain.quorum} in {file} but chains.{name}.rpc_urls names only {len(chain.rpc_urls)}. "
            "Add providers or lower the quorum."
        )
    if (chain.kind == "evm") != (chain.chain_id is not None):
        raise StartFailure.configuration(
            f"chains.{name}.chain_id in {file} belongs to chains of kind evm, and only to these. Set it, remove it, or correct the kind."
        )


def check_identity_providers(file: Path, auth: AuthSection) -> None:
    """Refuse providers whose users could not be told apart, and addresses that anybody on the way could answer for."""
    providers = {
        f"auth.issuers.{name}": (section.method_type, section.jwks_url, section.audiences) for name, section in auth.issuers.items()
    }
    providers |= {
        f"auth.introspection.{name}": (section.method_type, section.url, section.clients) for name, section in auth.introspection.items()
    }
    taken: dict[int, str] = {}
    for name, (method_type, url, applications) in providers.items():
        if method_type in taken:
            raise StartFailure.configuration(
                f"{name}.method_type is {method_type} in {file}, as {taken[method_type]}'s is: one could speak for the other's users. "
                "Give each a type of its own."
            )
        taken[method_type] = name
        if not url.startswith(("https://", "http://127.0.0.1:", "http://[::1]:")):
            raise StartFailure.configuration(f"{name} names {url} in {file}. Give an https address; http is for this machine's own only.")
        if any(one != other and one.endswith(f":{other}") for one in applications for other in applications):
            raise StartFailure.configuration(f"{name} in {file} names two applications of which one ends in the other. Split them.")
