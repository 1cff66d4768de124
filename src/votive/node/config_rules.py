"""Rules of a configuration that no field can state by itself: each concerns two. What breaks one raises StartFailure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from votive.node.config import AuthSection, ChainSection, Config, NamedChainSection
from votive.node.failure import StartFailure


def check(file: Path, config: Config) -> None:
    """Hold ``config``, read from ``file``, against all rules."""
    stock = config.stock
    check_quorum(file, "chain", config.chain)
    for name, named in config.chains.items():
        check_named_chain(file, config, name, named)
    if stock.high < stock.low:
        raise StartFailure.configuration(f"stock.high is {stock.high} in {file}, below stock.low, {stock.low}. Raise stock.high.")
    check_identity_providers(file, config.auth)
    if config.http.port == config.peer.port and config.http.host == config.peer.host:
        raise StartFailure.configuration(f"http.port and peer.port are both {config.http.port} in {file}. Give them different ports.")


def check_quorum(file: Path, section: str, chain: ChainSection | NamedChainSection) -> None:
    """Refuse a quorum that the providers named could never reach."""
    if chain.quorum > len(chain.rpc_urls):
        raise StartFailure.configuration(
            f"{section}.quorum is {chain.quorum} in {file} but {section}.rpc_urls names only {len(chain.rpc_urls)}. "
            "Add providers or lower the quorum."
        )


def check_named_chain(file: Path, config: Config, name: str, chain: NamedChainSection) -> None:
    """Check what a named chain's section cannot say by itself."""
    if name == config.chain.name:
        raise StartFailure.configuration(f"[chains.{name}] in {file} is the network's own chain. Remove it, or correct chain.name.")
    check_quorum(file, f"chains.{name}", chain)
    if (chain.kind == "evm") != (chain.chain_id is not None):
        raise StartFailure.configuration(
            f"chains.{name}.chain_id in {file} belongs to chains of kind evm, and only to these. Set it, remove it, or correct the kind."
        )


class Provider(NamedTuple):
    """An identity provider of either kind, as far as the rules look at it."""

    section: str
    method_type: int
    url: str
    applications: Sequence[str]


def check_identity_providers(file: Path, auth: AuthSection) -> None:
    """Refuse providers whose users could not be told apart, and addresses that anybody on the way could answer for."""
    taken: dict[int, str] = {}
    for provider in providers_in(auth):
        if provider.method_type in taken:
            raise StartFailure.configuration(
                f"{provider.section}.method_type is {provider.method_type} in {file}, as {taken[provider.method_type]}'s is: "
                "one could speak for the other's users. Give each a type of its own."
            )
        taken[provider.method_type] = provider.section
        check_identity_provider(file, provider)


def check_identity_provider(file: Path, provider: Provider) -> None:
    """Check one provider by itself."""
    if not provider.url.startswith(("https://", "http://127.0.0.1:", "http://[::1]:")):
        raise StartFailure.configuration(
            f"{provider.section} names {provider.url} in {file}. Give an https address; http is for this machine's own only."
        )
    names = provider.applications
    if any(one != other and one.endswith(f":{other}") for one in names for other in names):
        raise StartFailure.configuration(f"{provider.section} in {file} names two applications of which one ends in the other. Split them.")


def providers_in(auth: AuthSection) -> list[Provider]:
    """Return issuers and introspected providers alike."""
    return [
        *(Provider(f"auth.issuers.{name}", one.method_type, one.jwks_url, one.audiences) for name, one in auth.issuers.items()),
        *(Provider(f"auth.introspection.{name}", one.method_type, one.url, one.clients) for name, one in auth.introspection.items()),
    ]
