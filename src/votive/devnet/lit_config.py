"""What an application written for Lit's SDK (7.x) is told of a network: the arguments of the SDK's constructors."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from votive.chain.artifact import artifact
from votive.devnet.plan import CHAIN_NAME, Plan
from votive.terms.contracts import RESOLVER_KEYS

BLOCKHASH_PATH = "/get_most_recent_valid_block"
NOT_ASKED_FOR = frozenset({"HDKeyDeriver"})
"""Contracts that the SDK has no name for."""
CALLED_BY_NAME = {
    "mintNext": "mintNext(uint256)",
    "mintGrantAndBurnNext": "mintGrantAndBurnNext(uint256,bytes)",
    "claimAndMint": "claimAndMint(uint256,bytes32,(bytes32,bytes32,uint8)[])",
    "mintNextAndAddAuthMethods": "mintNextAndAddAuthMethods(uint256,uint256[],bytes[],bytes[],uint256[][],bool,bool)",
}
"""The SDK calls these by name alone, and the ethers that it uses finds no function by a name that several share."""


class LitContract(msgspec.Struct, frozen=True, kw_only=True):
    """A contract, with the part of its ABI that the SDK can call."""

    address: str
    abi: list[dict[str, Any]]


class ClientArgument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What ``new LitNodeClientNodeJs`` takes."""

    lit_network: Literal["custom"] = "custom"
    rpc_url: str
    check_node_attestation: Literal[False] = False
    contract_context: dict[str, LitContract]


class ContractsArgument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What ``new LitContracts`` takes, without a signer."""

    network: Literal["custom"] = "custom"
    rpc: str
    custom_context: dict[str, LitContract]


class LitConfig(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    client: ClientArgument
    contracts: ContractsArgument
    condition_chain: str
    """What access control conditions call the network's chain."""
    blockhash_url: str
    """Where a client that lives long finds recent blocks."""


def lit_config(plan: Plan) -> LitConfig:
    """Describe the network of ``plan`` to Lit's SDK; nothing needs to run."""
    context = {name: LitContract(address=plan.contracts[name], abi=sdk_abi(name)) for name in sorted(RESOLVER_KEYS.keys() - NOT_ASKED_FOR)}
    return LitConfig(
        client=ClientArgument(rpc_url=plan.rpc_url, contract_context=context),
        contracts=ContractsArgument(rpc=plan.rpc_url, custom_context=context),
        condition_chain=CHAIN_NAME,
        blockhash_url=plan.nodes[0].url + BLOCKHASH_PATH,
    )


def sdk_abi(name: str) -> list[dict[str, Any]]:
    """Return the ABI of a contract without the functions that hide those which the SDK calls by name alone."""
    return [entry for entry in artifact(name).abi if CALLED_BY_NAME.get(entry.get("name", ""), _signature(entry)) == _signature(entry)]


def _signature(entry: dict[str, Any]) -> str:
    return f"{entry.get('name', '')}({','.join(_type(parameter) for parameter in entry.get('inputs', ()))})"


def _type(parameter: dict[str, Any]) -> str:
    kind: str = parameter["type"]
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(_type(part) for part in parameter['components'])}){kind.removeprefix('tuple')}"


def typescript(config: LitConfig) -> str:
    """Write ``config`` as a TypeScript module that exports its four parts under their names."""
    return _MODULE.format(
        context=_literal(config.contracts.custom_context),
        rpc=_literal(config.contracts.rpc),
        chain=_literal(config.condition_chain),
        blockhash=_literal(config.blockhash_url),
    )


def _literal(value: Any) -> str:
    """JSON is a literal of TypeScript."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


_MODULE = """\
// A Votive network, as Lit's SDK 7 takes it. Written by `votive lit-config --ts`: write it anew for another network.
import type {{ LitContracts }} from '@lit-protocol/contracts-sdk';
import type {{ LitContractContext, LitNodeClientConfig }} from '@lit-protocol/types';

const contractContext: LitContractContext = {context};

/** For `new LitNodeClientNodeJs(client)`. */
export const client: LitNodeClientConfig = {{
  litNetwork: 'custom',
  rpcUrl: {rpc},
  checkNodeAttestation: false,
  contractContext,
}};

/** For `new LitContracts({{ ...contracts, signer }})`. */
export const contracts: NonNullable<ConstructorParameters<typeof LitContracts>[0]> = {{
  network: 'custom',
  rpc: {rpc},
  customContext: contractContext,
}};

/** What access control conditions call the network's chain. */
export const condition_chain = {chain};

/** Where a client that stays connected finds recent blocks. */
export const blockhash_url = {blockhash};
"""
