"""The registry of nodes, and the resolver of addresses."""

from __future__ import annotations

import hashlib

import pytest
from eth_abi.abi import decode
from eth_utils.crypto import keccak
from tests.contracts.evm import Evm, Reverted

from votive.chain.artifact import artifact
from votive.terms.contracts import RESOLVER_KEYS


def test_each_node_is_found_by_its_seat(evm: Evm) -> None:
    address, url, peer_port, certificate_hash, key = evm.staking.nodeInfo(3)
    assert address == evm.wallets[3].lower()
    assert (url, peer_port) == ("http://127.0.0.1:7003", 9003)
    assert certificate_hash == hashlib.sha256(b"certificate 3").digest()
    assert key == hashlib.sha256(b"x25519 3").digest()


def test_an_empty_seat_has_no_node(evm: Evm) -> None:
    with pytest.raises(Reverted, match="NoSuchSeat"):
        evm.staking.nodeInfo(5)


@pytest.mark.parametrize(("nodes", "threshold"), [(4, 3), (5, 4), (6, 5), (7, 5), (10, 7), (30, 21)])
def test_more_than_two_thirds_of_the_nodes_decide(nodes: int, threshold: int) -> None:
    evm = Evm(seats=range(1, nodes + 1))
    assert evm.staking.currentValidatorCountForConsensus() == threshold
    assert evm.staking.getActiveUnkickedValidatorStructsAndCounts()[1] == threshold


def test_seats_may_have_gaps_up_to_255() -> None:
    evm = Evm(seats=(3, 37, 200, 255))
    assert evm.staking.seats() == (3, 37, 200, 255)
    (token,) = evm.register()
    assert evm.router.isRouted(token)


@pytest.mark.parametrize("seats", [(1, 2, 3), range(1, 32), (0, 1, 2, 3), (1, 2, 3, 256), (1, 2, 2, 3)])
def test_a_committee_outside_the_limits_is_refused(seats: tuple[int, ...]) -> None:
    with pytest.raises(AssertionError, match="Staking"):
        Evm(seats=seats)


def test_what_lits_sdk_reads_when_it_connects_has_its_exact_shape(evm: Evm) -> None:
    data = bytes.fromhex("c51d020e")
    returned = evm.call(evm.staking.address, data)
    epoch, threshold, validators = decode(
        [
            "(uint256,uint256,uint256,uint256,uint256)",
            "uint256",
            "(uint32,uint128,uint32,address,uint256,uint256,uint256)[]",
        ],
        returned,
    )
    length, number, end_time, _, _ = epoch
    assert (length, number, threshold, len(validators)) == (3600, 1, 3, 4)
    assert end_time > length
    ip, ipv6, port, address, reward, sender_key, receiver_key = validators[0]
    assert (ip, ipv6, port, address, reward) == (0x7F000001, 0, 7001, evm.wallets[1].lower(), 0)
    assert sender_key == receiver_key == int.from_bytes(hashlib.sha256(b"x25519 1").digest(), "big")


def test_lits_other_views_tell_of_the_same_nodes(evm: Evm) -> None:
    addresses = tuple(wallet.lower() for wallet in evm.wallets.values())
    assert evm.staking.getValidatorsInCurrentEpoch() == addresses
    assert evm.staking.getValidatorsInCurrentEpochLength() == 4
    assert evm.staking.getValidatorsStructs([addresses[1]]) == (evm.staking.getValidatorsStructsInCurrentEpoch()[1],)
    assert evm.staking.validators(addresses[1])[3] == addresses[1]
    assert evm.staking.state() == 0
    assert evm.staking.isActiveValidator(addresses[0])
    assert evm.staking.isActiveValidatorByNodeAddress(addresses[0])
    assert not evm.staking.isActiveValidatorByNodeAddress(evm.eve)
    assert evm.staking.nodeAddressToStakerAddress(addresses[0]) == addresses[0]
    assert int(evm.staking.nodeAddressToStakerAddress(evm.eve), 16) == 0
    assert evm.staking.seatOf(addresses[2]) == 3


def test_nobody_can_change_the_registry() -> None:
    writing = [e["name"] for e in artifact("Staking").abi if e["type"] == "function" and e["stateMutability"] not in ("view", "pure")]
    assert writing == []


@pytest.mark.parametrize("environment", [0, 1, 2])
def test_the_resolver_names_every_contract(evm: Evm, environment: int) -> None:
    names = {
        "STAKING": evm.staking,
        "PKP_NFT": evm.nft,
        "PKP_PERMISSIONS": evm.permissions,
        "PUB_KEY_ROUTER": evm.router,
        "PKP_HELPER": evm.helper,
        "RATE_LIMIT_NFT": evm.capacity,
        "ALLOWLIST": evm.allowlist,
        "LIT_TOKEN": evm.token,
        "MULTI_SENDER": evm.multisender,
        "PKP_NFT_METADATA": evm.metadata,
        "STAKING_BALANCES": evm.balances,
    }
    for name, contract in names.items():
        assert evm.resolver.getContract(keccak(text=name), environment) == contract.address.lower()
    assert int(evm.resolver.getContract(keccak(text="LEDGER"), environment), 16) == 0
    keys = [keccak(text=name) for name in (*names, "LEDGER")]
    at = [contract.address.lower() for contract in names.values()]
    assert evm.resolver.getContracts(keys) == (*at, "0x" + "00" * 20)


def test_the_resolver_tells_its_keys_under_the_names_that_lits_sdk_asks_for(evm: Evm) -> None:
    told = {key: getattr(evm.resolver, f"{key}_CONTRACT")() for key in RESOLVER_KEYS.values()}
    assert told == {key: keccak(text=key) for key in RESOLVER_KEYS.values()}


def test_what_refers_to_what_is_said_by_the_contracts_themselves(evm: Evm) -> None:
    assert evm.nft.getPkpNftMetadataAddress() == evm.metadata.address.lower()
    assert evm.metadata.getPkpNftAddress() == evm.nft.address.lower()
    assert evm.balances.getTokenAddress() == evm.token.address.lower()
    assert evm.balances.getStakingAddress() == evm.staking.address.lower()


def test_the_contracts_know_each_other(evm: Evm) -> None:
    nft, router, permissions = evm.nft.address.lower(), evm.router.address.lower(), evm.permissions.address.lower()
    assert evm.nft.getRouterAddress() == evm.permissions.getRouterAddress() == router
    assert evm.nft.getPkpPermissionsAddress() == evm.helper.getPkpPermissionsAddress() == permissions
    assert evm.router.getPkpNftAddress() == evm.permissions.getPkpNftAddress() == evm.helper.getPkpNftAddress() == nft
    assert evm.nft.getStakingAddress() == evm.router.getStakingAddress() == evm.staking.address.lower()
