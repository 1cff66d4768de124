"""``votive lit-config``: what it prints is what the SDK's own types ask for, and says the same in both forms."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conformance.conftest import Sdk
from tests.conformance.sdk import HERE, MODULES
from tests.e2e.conftest import Place

from votive.action.launcher import find_deno
from votive.chain.artifact import artifact
from votive.devnet.plan import NodePlan, Plan, save
from votive.terms.contracts import RESOLVER_KEYS
from votive.terms.ethereum import checksum_address

ELEVEN = {
    "Allowlist",
    "LITToken",
    "Multisender",
    "PKPHelper",
    "PKPNFT",
    "PKPNFTMetadata",
    "PKPPermissions",
    "PubkeyRouter",
    "RateLimitNFT",
    "Staking",
    "StakingBalances",
}
ADDRESSES = {name: checksum_address(bytes([number] * 20)) for number, name in enumerate(("ContractResolver", *RESOLVER_KEYS), start=1)}
USES = """\
import { LitNodeClientNodeJs } from '@lit-protocol/lit-node-client-nodejs';
import { LitContracts } from '@lit-protocol/contracts-sdk';
import { Wallet } from 'ethers';
import { blockhash_url, client, condition_chain, contracts } from './network.ts';

export const connected = new LitNodeClientNodeJs(client);
export const reading = new LitContracts(contracts);
export const writing = new LitContracts({ ...contracts, signer: Wallet.createRandom() });
export const texts: string[] = [condition_chain, new URL(blockhash_url).pathname];
"""
MISUSES = USES + "export const wrong: number = client.litNetwork;\n"
PRINTS = "import * as network from './network.ts';\nconsole.log(JSON.stringify(network));\n"
AMBIGUOUS = """\
const { ethers } = require('ethers');
const { customContext } = JSON.parse(require('node:fs').readFileSync(process.argv[2])).contracts;
const missing = [];
for (const [name, { address, abi }] of Object.entries(customContext)) {
  const known = Object.values(require(`@lit-protocol/contracts-sdk/src/abis/${name}.sol/${name}Data.js`))[0].abi;
  const names = known.filter(({ type }) => type === 'function').map((entry) => entry.name);
  const ours = new Set(abi.filter(({ type }) => type === 'function').map((entry) => entry.name));
  const contract = new ethers.Contract(address, abi);
  for (const [place, each] of names.entries())
    if (ours.has(each) && names.indexOf(each) === names.lastIndexOf(each) && !(each in contract.functions)) missing.push(`${name}.${each}`);
}
console.log(JSON.stringify(missing));
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A network that was made once and does not run."""
    nodes = tuple(NodePlan(index=seat, address="0x" + f"{seat:040x}", port=20000 + seat, peer_port=20100 + seat) for seat in range(1, 5))
    save(tmp_path, Plan(nodes=nodes, chain_port=20200, ipfs_port=20201, issuer_port=20202, contracts=ADDRESSES, accounts=()))
    return Place(tmp_path)


@pytest.fixture
def folder(sdk: Sdk, place: Place, tmp_path: Path) -> Path:
    """A folder of an application, which has the SDK installed and the module beside it."""
    folder = tmp_path / "application"
    folder.mkdir()
    (folder / "node_modules").symlink_to(MODULES)
    (folder / "package.json").write_text((HERE / "package.json").read_text().replace('"private"', '"type": "module", "private"', 1))
    done = subprocess.run(
        [sys.executable, "-m", "votive.cli", "lit-config", "--directory", str(place.directory), "--ts"], capture_output=True, check=True
    )
    (folder / "network.ts").write_bytes(done.stdout)
    return folder


def checked(folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    """Check the types of a program, with the TypeScript in Deno; nothing is fetched."""
    (folder / "program.ts").write_text(program)
    environment = os.environ | {"DENO_NO_UPDATE_CHECK": "1", "NO_COLOR": "1"}
    return subprocess.run(
        [str(find_deno()), "check", "--no-remote", "program.ts"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_it_prints_four_things(place: Place) -> None:
    config = place.run("lit-config")
    assert list(config) == ["client", "contracts", "condition_chain", "blockhash_url"]
    client, contracts = config["client"], config["contracts"]
    assert {key: client[key] for key in client if key != "contractContext"} == {
        "litNetwork": "custom",
        "rpcUrl": "http://127.0.0.1:20200",
        "checkNodeAttestation": False,
    }
    assert {key: contracts[key] for key in contracts if key != "customContext"} == {"network": "custom", "rpc": "http://127.0.0.1:20200"}
    assert client["contractContext"] == contracts["customContext"]
    assert {name: contract["address"] for name, contract in contracts["customContext"].items()} == {
        name: ADDRESSES[name] for name in ELEVEN
    }
    assert client["contractContext"]["Staking"]["abi"] == artifact("Staking").abi
    assert config["condition_chain"] == "yellowstone"
    assert config["blockhash_url"] == "http://127.0.0.1:20001/get_most_recent_valid_block"


def test_a_person_is_shown_where_everything_is(place: Place) -> None:
    said = place.say("lit-config")
    assert all(address in said for name, address in ADDRESSES.items() if name in ELEVEN)
    assert "--ts" in said


def test_one_form_is_printed_at_a_time(place: Place) -> None:
    assert "--ts and --json" in place.run("lit-config", "--ts", status=2)["message"]


def test_every_function_that_the_sdk_calls_by_name_alone_is_found_by_it(sdk: Sdk, place: Place, folder: Path) -> None:
    (folder / "network.json").write_text(json.dumps(place.run("lit-config")))
    (folder / "ambiguous.cjs").write_text(AMBIGUOUS)
    done = subprocess.run([sdk.node.node, "ambiguous.cjs", "network.json"], cwd=folder, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def test_the_module_is_of_the_sdks_own_types(folder: Path) -> None:
    assert checked(folder, USES).returncode == 0
    wrong = checked(folder, MISUSES)
    assert wrong.returncode != 0
    assert "TS2322" in wrong.stderr


def test_the_module_says_what_the_json_says(sdk: Sdk, place: Place, folder: Path) -> None:
    """Node.js runs it as it is: from version 23.6 on it leaves types out."""
    (folder / "prints.mjs").write_text(PRINTS)
    node = [sdk.node.node, "--experimental-strip-types", "--disable-warning=ExperimentalWarning", "prints.mjs"]
    done = subprocess.run(node, cwd=folder, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == place.run("lit-config")
