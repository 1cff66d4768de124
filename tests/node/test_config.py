"""Configuration: every mistake names the field, its value and the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from votive.node.config_file import load
from votive.node.failure import ExitStatus, StartFailure

GOOD = '[chain]\nresolver = "0x59Ca1A5e05f45Cda8e138d0e03b6f8d3E83F9b5E"\n'
ETHEREUM = '[chains.ethereum]\nrpc_urls = ["http://a", "http://b"]\nchain_id = 1\n'


def written(directory: Path, text: str) -> Path:
    file = directory / "node.toml"
    file.write_text(text)
    return file


def complaint(directory: Path, text: str, environment: dict[str, str] | None = None) -> str:
    with pytest.raises(StartFailure) as caught:
        load(written(directory, text), environment or {})
    assert caught.value.exit_status is ExitStatus.CONFIGURATION
    return caught.value.message


def test_a_resolver_is_all_that_a_developer_must_give(tmp_path: Path) -> None:
    config = load(written(tmp_path, GOOD), {})
    assert config.chain.rpc_urls == ("http://127.0.0.1:8545",)
    assert config.directory == tmp_path


def test_bearer_signatures_are_refused_unless_an_operator_says_otherwise(tmp_path: Path) -> None:
    assert not load(written(tmp_path, GOOD), {}).auth.accept_bearer_authsig


def test_the_environment_wins(tmp_path: Path) -> None:
    environment = {"VOTIVE_HTTP_PORT": "8123", "VOTIVE_IPFS_GATEWAYS": '["http://a", "http://b"]', "VOTIVE_HTTP_HOST": "0.0.0.0"}
    config = load(written(tmp_path, GOOD + "[http]\nport = 8000\n"), environment)
    assert (config.http.port, config.http.host, config.ipfs.gateways) == (8123, "0.0.0.0", ("http://a", "http://b"))


def test_other_chains_go_by_their_names_and_the_environment_wins_there_too(tmp_path: Path) -> None:
    text = GOOD + ETHEREUM + '[chains.solana]\nkind = "solana"\nrpc_urls = ["http://c"]\n'
    config = load(written(tmp_path, text), {"VOTIVE_CHAINS_ETHEREUM_QUORUM": "2", "VOTIVE_CHAINS_SOLANA_RPC_URLS": '["http://d"]'})
    ethereum, solana = config.chains["ethereum"], config.chains["solana"]
    assert (ethereum.kind, ethereum.rpc_urls, ethereum.quorum, ethereum.finality) == ("evm", ("http://a", "http://b"), 2, "finalized")
    assert (solana.kind, solana.rpc_urls, solana.chain_id) == ("solana", ("http://d",), None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD + "[http]\nport = 70000\n", ["http.port", "70000", "VOTIVE_HTTP_PORT"]),
        (GOOD + '[http]\nport = "eighty"\n', ["http.port", "'eighty'", "VOTIVE_HTTP_PORT"]),
        (GOOD + "[http]\nprot = 8000\n", ["http.prot", "not a field"]),
        (GOOD + "[htp]\nport = 8000\n", ["htp", "not a field"]),
        ("", ["chain", "missing"]),
        ("[chain]\nquorum = 1\n", ["chain.resolver", "missing", "VOTIVE_CHAIN_RESOLVER"]),
        ('[chain]\nresolver = "0x12"\n', ["chain.resolver", "0x12"]),
        (GOOD + "quorum = 2\n", ["chain.quorum", "2", "rpc_urls"]),
        (GOOD + 'finality = "soon"\n', ["chain.finality", "soon"]),
        (GOOD + "[limits]\nengine_threads = 4\n", ["limits.engine_threads", "4"]),
        (GOOD + "[stock]\nlow = 20\nhigh = 10\n", ["stock.high", "10"]),
        (GOOD + "[http]\nport = 7570\n", ["http.port", "peer.port", "7570"]),
        (GOOD + '[key_encryption_key]\nsource = "nowhere"\n', ["key_encryption_key.source", "nowhere"]),
        ("= broken", ["TOML"]),
        (GOOD + "[chains.ethereum]\nchain_id = 1\n", ["chains.ethereum.rpc_urls", "missing"]),
        (GOOD + ETHEREUM + "quorum = 3\n", ["chains.ethereum.quorum", "3", "rpc_urls"]),
        (GOOD + ETHEREUM + 'quorum = "two"\n', ["chains.ethereum.quorum", "'two'", "VOTIVE_CHAINS_ETHEREUM_QUORUM"]),
        (GOOD + ETHEREUM + "quorom = 2\n", ["chains.ethereum.quorom", "not a field"]),
        (GOOD + '[chains.ethereum]\nrpc_urls = ["http://a"]\n', ["chains.ethereum.chain_id"]),
        (GOOD + '[chains.solana]\nkind = "solana"\nrpc_urls = ["http://a"]\nchain_id = 1\n', ["chains.solana.chain_id"]),
        (GOOD + '[chains.yellowstone]\nrpc_urls = ["http://a"]\nchain_id = 1\n', ["chains.yellowstone", "own chain"]),
        (GOOD + "[chains]\nethereum = 1\n", ["chains.ethereum", "1"]),
    ],
)
def test_a_mistake_names_field_value_and_remedy(tmp_path: Path, text: str, words: list[str]) -> None:
    message = complaint(tmp_path, text)
    assert [word for word in words if word not in message] == []


def test_a_missing_file_says_how_to_name_it() -> None:
    with pytest.raises(StartFailure, match="--config"):
        load(Path("/nowhere/node.toml"), {})
