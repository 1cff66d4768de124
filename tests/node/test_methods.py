"""Which methods a node offers: what its operator configured, and what he cannot."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from votive.chain.finality import Block
from votive.devnet.configuration import identity_providers, toml
from votive.node.config import Config
from votive.node.config_file import load
from votive.node.failure import StartFailure
from votive.node.methods import auth_methods, recent_blocks

BASE = '[chain]\nresolver = "0x59Ca1A5e05f45Cda8e138d0e03b6f8d3E83F9b5E"\n'
GOOGLE = '[auth.issuers.google]\nissuer = "https://a.example"\njwks_url = "https://a.example/jwks"\naudiences = ["app"]\nmethod_type = 6\n'
DISCORD = '[auth.introspection.discord]\nurl = "https://d.example/me"\nclients = ["app"]\nmethod_type = 4\n'
MANUAL = Path(__file__).resolve().parents[2] / "docs" / "authorisation.md"


def configured(directory: Path, text: str) -> Config:
    file = directory / "node.toml"
    file.write_text(BASE + text)
    return load(file, {})


def offered(config: Config) -> set[int]:
    async def nothing(*_: Any) -> Any:
        raise AssertionError("nobody is asked")

    methods = auth_methods(config.auth, verify_wallet=nothing, reader=nothing, recent=nothing, now=lambda: 0.0)  # type: ignore[arg-type]
    return set(methods.kinds)


def test_wallets_and_passkeys_are_always_offered(tmp_path: Path) -> None:
    assert offered(configured(tmp_path, "")) == {1, 3}


def test_an_operators_providers_are_offered_beside_them(tmp_path: Path) -> None:
    assert offered(configured(tmp_path, GOOGLE + DISCORD + GOOGLE.replace("google", "ours").replace("6", "1001"))) == {1, 3, 4, 6, 1001}


def test_a_development_network_offers_every_method_of_lits_clients(tmp_path: Path) -> None:
    assert offered(configured(tmp_path, toml(identity_providers("http://127.0.0.1:9")))) == {1, 3, 4, 5, 6, 8}


def test_what_the_manual_shows_can_be_configured(tmp_path: Path) -> None:
    (block,) = [one for one in re.findall(r"```toml\n(.*?)```", MANUAL.read_text(), re.DOTALL) if "auth.issuers" in one]
    assert offered(configured(tmp_path, block)) == {1, 3, 4, 5, 6, 8, 1001}
    assert tomllib.loads(block)["auth"]["webauthn"]["rp_ids"] == ["example.com"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (GOOGLE + GOOGLE.replace("google", "other"), "one could speak for the other's users"),
        (GOOGLE + DISCORD.replace("4", "6"), "one could speak for the other's users"),
        (GOOGLE.replace("= 6", "= 1"), "method_type"),
        (GOOGLE.replace("= 6", "= 3"), "method_type"),
        (GOOGLE.replace('["app"]', "[]"), "audiences"),
        (GOOGLE + 'algorithms = ["HS256"]\n', "algorithms"),
        (GOOGLE + 'algorithms = ["none"]\n', "algorithms"),
        (GOOGLE + "algorithms = []\n", "algorithms"),
        (GOOGLE.replace("https://a.example/jwks", "http://a.example/jwks"), "https"),
        (GOOGLE.replace("https://a.example/jwks", "http://127.0.0.1.evil.example/jwks"), "https"),
        (GOOGLE.replace('["app"]', '["b", "a:b"]'), "ends in the other"),
        (DISCORD.replace("https://d.example/me", "ftp://d.example/me"), "url"),
        (DISCORD + 'send = "query"\n', "send"),
        (GOOGLE + "trust = true\n", "trust"),
        ('[auth.webauthn]\nsign_counter = "maybe"\n', "sign_counter"),
    ],
)
def test_a_configuration_that_lets_somebody_pass_for_another_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(StartFailure) as failure:
        configured(tmp_path, text)
    assert complaint in failure.value.message


async def test_callers_may_have_seen_the_newest_final_blocks_or_those_at_the_head() -> None:
    final = Block(number=90, hash=b"\x5a" * 32, parent_hash=bytes(32), timestamp=0)

    class Chain:
        async def recent(self, count: int, newest: Block | None = None) -> Sequence[bytes]:
            top = 100 if newest is None else newest.number
            return [bytes([number]) * 32 for number in range(top, top - count, -1)]

    async def final_block() -> Block:
        return final

    hashes = await recent_blocks(Chain(), final_block)(10)
    assert hashes == tuple(bytes([number]) * 32 for number in (*range(90, 80, -1), *range(100, 90, -1)))
