"""The configuration files of a network's nodes."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from votive.devnet.errors import DevnetError
from votive.devnet.plan import CHAIN_ID, CHAIN_NAME, NodePlan, Plan
from votive.devnet.ports import HOST
from votive.terms.auth_method import MethodType

HEADER = """\
# Written by `votive up` for a development network: it accepts bearer AuthSigs and open claims, believes an issuer that believes
# everybody, and takes every block as final.
"""


def write(folder: Path, plan: Plan, node: NodePlan) -> None:
    """Write ``folder/node.toml``."""
    (folder / "node.toml").write_text(HEADER + toml(settings(plan, node)), encoding="utf-8")


def fetches(directory: Path, plan: Plan) -> Mapping[int, frozenset[str]]:
    """Return, by seat, the servers on this machine that actions may fetch from as each node's file says now: its operator may change it.

    Raises:
        DevnetError: a file cannot be read.
    """
    return {node.index: _allowed(directory / f"node-{node.index}" / "node.toml") for node in plan.nodes}


def _allowed(file: Path) -> frozenset[str]:
    try:
        return frozenset(map(str, tomllib.loads(file.read_text(encoding="utf-8")).get("fetch", {}).get("allow", ())))
    except OSError as error:
        raise DevnetError(f"cannot read {file}: {error.strerror}. Restore it, or use another directory.") from error
    except (ValueError, AttributeError, TypeError) as error:
        raise DevnetError(f"{file} cannot be read: {error}. Correct it: under [fetch] belongs one line allow = [...].") from error


def settings(plan: Plan, node: NodePlan) -> Mapping[str, Mapping[str, Any]]:
    """What distinguishes a development network from the defaults."""
    return {
        "node": {"data_directory": ".", "seat": node.index, "address": node.address},
        "http": {"host": HOST, "port": node.port},
        "peer": {"host": HOST, "port": node.peer_port},
        "key_encryption_key": {"source": "file", "path": "kek"},
        "chain": {"name": CHAIN_NAME, "rpc_urls": [plan.rpc_url], "chain_id": CHAIN_ID, "resolver": plan.resolver, "finality": 0},
        "ipfs": {"gateways": [plan.ipfs_url], "api": plan.ipfs_url},
        "auth": {"accept_bearer_authsig": True, "accept_open_claims": True},
        "fetch": {"allow": plan.allow_fetch},
        **identity_providers(plan.issuer_url),
    }


def identity_providers(issuer: str) -> Mapping[str, Mapping[str, Any]]:
    """Trust the development issuer in the place of Google, Apple and Discord."""
    token = {"issuer": issuer, "jwks_url": f"{issuer}/jwks.json", "audiences": ["*"]}
    discord = {"user": "user.id", "application": "application.id", "expires": "expires"}
    return {
        "auth.issuers.google": {**token, "method_type": MethodType.GOOGLE_JWT, "algorithms": ["RS256"]},
        "auth.issuers.apple": {**token, "method_type": MethodType.APPLE_JWT, "algorithms": ["ES256"]},
        "auth.introspection.discord": {
            "url": f"{issuer}/oauth2/@me",
            "method_type": MethodType.DISCORD,
            "clients": ["*"],
            **discord,
        },
        "auth.introspection.google": {
            "url": f"{issuer}/tokeninfo",
            "method_type": MethodType.GOOGLE_OAUTH,
            "clients": ["*"],
            "send": "form",
            "field": "access_token",
        },
    }


def toml(tables: Mapping[str, Mapping[str, Any]]) -> str:
    """Write tables of strings, numbers, booleans and lists of these as TOML, whose values JSON writes alike."""
    return "".join(_section(name, table) for name, table in tables.items())


def _section(name: str, table: Mapping[str, Any]) -> str:
    fields = "".join(f"{field} = {json.dumps(value)}\n" for field, value in table.items())
    return f"\n[{name}]\n{fields}"
