"""A new network: identities, a chain with contracts on it, and at the very end the plan that makes it one."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

from votive.chain.deploy import DeployConfig, NodeEntry, deploy
from votive.client.rpc import Rpc
from votive.client.wallet import Wallet
from votive.core import Vault
from votive.devnet import configuration, lock, plan
from votive.devnet.errors import DevnetError
from votive.devnet.plan import Account, NodePlan, Plan, Ports
from votive.devnet.processes import Process, end, recorded, write_whole
from votive.devnet.progress import Progress, Report
from votive.devnet.services import ACCOUNTS, node_folder
from votive.devnet.undisturbed import undisturbed
from votive.node.identity import NodeIdentityPublic
from votive.node.init import create as create_node
from votive.terms.encoding import hex0x
from votive.terms.ethereum import address_of_text

ETHER = 10**18
DEPLOYER_ETHER = 10_000
KEK = "kek"
MNEMONIC = "test test test test test test test test test test test junk"
"""Anvil's own default: everybody's accounts, worth nothing."""


def prepare(directory: Path) -> list[Path]:
    """Make ``directory``, and make sure that nothing in it would be taken for ours and is not.

    Returns:
        The directories that had to be made, innermost first.

    Raises:
        DevnetError: it cannot be made, or something is in the way.
    """
    missing = [path for path in (directory, *directory.parents) if not path.exists()]
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DevnetError(f"cannot make the directory {directory}: {error.strerror}. Choose another --directory.") from error
    found = ours(directory)
    if found and not (directory / lock.FILE).exists():
        raise DevnetError(f"{found[0]} is in the way, and is not of a Votive network. Choose another --directory.")
    return missing


def unprepare(directory: Path, made: Sequence[Path]) -> None:
    """Undo ``prepare``, unless there is more in ``directory`` than its lock, which must be held."""
    if ours(directory) or (directory / plan.FILE).exists():
        return
    lock.forget(directory)
    for path in made:
        if any(path.iterdir()):
            return
        path.rmdir()


def ours(directory: Path) -> list[Path]:
    """Return the folders of a network in ``directory``."""
    return sorted(path for pattern in ("anvil", "ipfs", "issuer", "node-*") for path in directory.glob(pattern))


async def clear_unfinished(directory: Path) -> None:
    """Remove what a creation that was interrupted left, after ending its processes."""
    await end(processes_in(directory))
    for folder in ours(directory):
        shutil.rmtree(folder)


def processes_in(directory: Path) -> list[Process]:
    """Return the processes of ``directory`` that run, whether or not its network was ever finished."""
    return [process for folder in ours(directory) if (process := recorded(folder)) is not None]


def make_folders(directory: Path, nodes: int) -> None:
    """Make a private folder for each process."""
    of_nodes = (node_folder(directory, seat) for seat in range(1, nodes + 1))
    for folder in (directory / "anvil", directory / "ipfs", directory / "issuer", *of_nodes):
        folder.mkdir(mode=0o700)


async def identities(directory: Path, nodes: int) -> list[NodeIdentityPublic]:
    """Make a key-encryption key and an identity for each node.

    The threads that do so cannot be stopped: who cancels this waits for them, and then nothing is written there any more.
    """
    folders = [node_folder(directory, seat) for seat in range(1, nodes + 1)]
    return await undisturbed(asyncio.gather(*(asyncio.to_thread(_identity, folder) for folder in folders)))


def _identity(folder: Path) -> NodeIdentityPublic:
    key_file = str(folder / KEK)
    Vault.create_key_file(key_file)
    return create_node(folder, Vault.from_key_file(key_file))


async def finish(
    directory: Path, ports: Ports, identities: Sequence[NodeIdentityPublic], rpc: Rpc, report: Report, *, allow_fetch: Sequence[str]
) -> Plan:
    """Deploy the contracts with the nodes registered in them, write the nodes' configurations, and save the plan."""
    report(Progress("deploying the contracts"))
    nodes = [
        NodePlan(index=seat, address=public.address, port=ports.http(seat), peer_port=ports.peer(seat))
        for seat, public in enumerate(identities, start=1)
    ]
    accounts = await asyncio.to_thread(funded_accounts)
    made = Plan(
        nodes=tuple(nodes),
        chain_port=ports.chain,
        ipfs_port=ports.ipfs,
        issuer_port=ports.issuer,
        contracts=await _deploy(directory, rpc, nodes, identities, token_holder=accounts[0].address),
        accounts=accounts,
        allow_fetch=tuple(allow_fetch),
    )
    for node in nodes:
        configuration.write(node_folder(directory, node.index), made, node)
    plan.save(directory, made)
    return made


async def _deploy(
    directory: Path, rpc: Rpc, nodes: Sequence[NodePlan], identities: Sequence[NodeIdentityPublic], *, token_holder: str
) -> dict[str, str]:
    """Deploy from a fresh account, so that nobody's nonce is in the way; its key stays in the directory."""
    key = await undisturbed(asyncio.to_thread(_new_key, directory / "anvil" / "deployer.key"))
    await rpc.call("anvil_setBalance", Wallet.from_key(key).address, hex(DEPLOYER_ETHER * ETHER))
    entries = [
        NodeEntry(
            seat=node.index,
            address=node.address,
            url=node.url,
            peer_port=node.peer_port,
            certificate_hash=public.certificate_hash,
            x25519_key=public.x25519_key,
        )
        for node, public in zip(nodes, identities, strict=True)
    ]
    deployment = await deploy(rpc.url, key, DeployConfig(nodes=tuple(entries), token_holder=token_holder))
    return deployment.contracts.as_dict()


def _new_key(file: Path) -> bytes:
    key = secrets.token_bytes(32)  # no private key with a chance of 2^-128: Wallet would say so
    write_whole(file, f"0x{key.hex()}\n".encode())
    return key


def funded_accounts() -> tuple[Account, ...]:
    """Derive the accounts that anvil funds."""
    from eth_account import Account as EthAccount  # noqa: PLC0415  # loading it takes 0.7 s, and only a new network needs it

    EthAccount.enable_unaudited_hdwallet_features()
    derived = [EthAccount.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{number}") for number in range(ACCOUNTS)]
    return tuple(Account(address=address_of_text(account.address), private_key=hex0x(bytes(account.key))) for account in derived)
