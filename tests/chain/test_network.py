"""A network on a real chain: registry, votes, permissions, keys."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest
from eth_account import Account
from tests.chain.town import (
    ALICE,
    DEPLOYER,
    GRANT_ACTION,
    GRANT_ADDRESS,
    GRANT_METHOD,
    MINT,
    MINT_GRANT_AND_BURN,
    REVOKE_ACTION,
    Anvil,
    Town,
    a_town,
    batch_vote,
    free_port,
    own_key_vote,
)

from votive.chain.abi import Function
from votive.chain.deploy import DeployConfig, deploy
from votive.chain.errors import DeadlinePassed, TransactionFailed, UnknownNetwork
from votive.chain.finality import Block, FinalBlocks, Finality
from votive.chain.keys import Keys
from votive.chain.permissions import Permissions
from votive.chain.registry import Registry
from votive.chain.rpc import Rpc
from votive.chain.token import eth_address, token_id, uncompressed
from votive.chain.wallet import Fees, Transaction, Wallet
from votive.terms.contracts import Contracts
from votive.terms.ethereum import keccak
from votive.terms.key import Purpose, Scheme
from votive.terms.session import network_id

ACTION = b"\x12\x20" + b"a" * 32
OTHER = b"\x12\x20" + b"b" * 32
BOB = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"


async def head(town: Town) -> Block:
    return await FinalBlocks(town.rpc, Finality.parse("0")).final_block()


async def test_the_committee_is_what_was_registered(town: Town) -> None:
    registry = Registry(town.rpc, town.contracts.resolver)
    assert await registry.contracts() == town.contracts
    committee = await registry.committee(await head(town))
    assert committee.network == network_id(31337, town.contracts.resolver)
    assert (committee.epoch, committee.threshold, committee.seats) == (1, 3, (1, 2, 3, 4))
    for member, node in zip(committee, town.nodes, strict=True):
        assert (member.address, member.url, member.peer_port) == (node.address, node.url, node.peer_port)
        assert (member.certificate_hash, member.x25519_key, member.peer_host) == (node.certificate_hash, node.x25519_key, "127.0.0.1")


@pytest.mark.parametrize("address", ["0x" + "11" * 20, BOB])
async def test_an_address_without_a_resolver_is_no_network(rpc: Rpc, address: str) -> None:
    with pytest.raises(UnknownNetwork, match="no contract at"):
        await Registry(rpc, address).contracts()


async def test_a_contract_that_is_no_resolver_of_this_version_is_no_network(town: Town) -> None:
    """As the resolver of a network that an older version made."""
    with pytest.raises(UnknownNetwork, match="made by another one"):
        await Registry(town.rpc, town.contracts.staking).contracts()


async def test_the_addresses_are_known_before_the_contracts_are(town: Town) -> None:
    for name, address in town.contracts.as_dict().items():
        assert len(town.anvil.ask("eth_getCode", address, "latest")) > 100, name
    assert Contracts.from_dict(town.contracts.as_dict()) == town.contracts
    assert set(town.deployment.gas) == set(town.contracts.as_dict())


async def test_two_networks_live_on_one_chain(town: Town) -> None:
    other = await deploy(town.anvil.url, DEPLOYER, DeployConfig(nodes=town.nodes))
    assert other.contracts != town.contracts
    assert await Registry(town.rpc, other.contracts.resolver).contracts() == other.contracts


async def test_a_committee_that_the_contract_refuses_is_not_deployed(anvil: Anvil, town: Town) -> None:
    with pytest.raises(TransactionFailed, match="Staking"):
        await deploy(anvil.url, DEPLOYER, DeployConfig(nodes=town.nodes[:3]))


async def test_nodes_are_funded_to_vote(town: Town) -> None:
    for wallet in town.wallets:
        assert int(town.anvil.ask("eth_getBalance", wallet.address, "latest"), 16) == 100 * 10**18


async def test_a_batch_is_voted_by_all_nodes_at_once(town: Town) -> None:
    vote = batch_vote(60)
    hashes = await asyncio.gather(*(town.votes(node).vote(vote) for node in range(4)))
    assert [len(each) for each in hashes] == [3, 3, 3, 3]
    block = await head(town)
    keys = Keys(town.rpc, town.contracts)
    tokens = [token_id(key.public_key) for key in vote.keys]
    registered = await keys.registered([*tokens, 5], block)
    assert list(registered) == tokens
    first = registered[tokens[0]]
    assert (first.public_key, first.verification_hash) == (vote.keys[0].public_key, vote.keys[0].verification_hash)
    assert (first.scheme, first.purpose, first.mintable) == (Scheme.ECDSA_SECP256K1, Purpose.PKP_ECDSA, True)
    assert (first.epoch, first.batch, first.deadline_block) == (1, 1, vote.deadline_block)
    assert first.transcript_hash == vote.transcript_hash
    assert await keys.stock(block) == 60
    assert await keys.next_batch(1, Purpose.PKP_ECDSA, block) == 2


async def test_the_networks_own_keys_are_read_by_purpose(town: Town) -> None:
    keys = Keys(town.rpc, town.contracts)
    assert await keys.of_purpose(Purpose.ENCRYPTION_BLS) == []
    votes = [own_key_vote(Purpose.ENCRYPTION_BLS), own_key_vote(Purpose.ENCRYPTION_BLS, 2), own_key_vote(Purpose.SESSION_BLS)]
    for vote in votes:
        for node in range(3):
            assert len(await town.votes(node).vote(vote)) == 1
        assert await town.votes(0).vote(vote) == ()
    block = await head(town)
    for purpose, expected in ((Purpose.ENCRYPTION_BLS, votes[:2]), (Purpose.SESSION_BLS, votes[2:])):
        found = await keys.of_purpose(purpose, block)
        assert [key.public_key for key in found] == [vote.keys[0].public_key for vote in expected]
        for key in found:
            assert (key.purpose, key.scheme, key.mintable) == (purpose, Scheme.BLS12381_G1, False)
        assert await keys.next_batch(1, purpose, block) == len(expected) + 1
    token = token_id(votes[0].keys[0].public_key)
    registered = await keys.registered([token, 5], block)
    assert registered[token].public_key == votes[0].keys[0].public_key
    assert await keys.of_purpose(Purpose.PKP_ECDSA, block) == []
    assert await keys.stock(block) == 0


async def test_authentication_methods_are_read_with_their_scopes(town: Town) -> None:
    permissions = Permissions(town.rpc, town.contracts)
    (token,) = await town.register()
    await town.transact(town.contracts.pkp_nft, MINT.call(2), value=1)
    before = await head(town)
    assert await permissions.permitted_methods(token, before) == []
    google, passkey = keccak(b"user:app"), keccak(b"credential:lit")
    for method, scopes in (((6, google, b""), [2]), ((3, passkey, b"passkey's key"), [1, 2, 255, 256]), ((9, b"", b""), [])):
        await town.transact(town.contracts.pkp_permissions, GRANT_METHOD.call(token, method, scopes))
    await town.transact(town.contracts.pkp_permissions, GRANT_ACTION.call(token, ACTION, [1]))
    block = await head(town)
    assert await permissions.is_permitted_method(token, 6, google, block) == (True, frozenset({2}))
    assert await permissions.is_permitted_method(token, 3, passkey, block) == (True, frozenset({1, 2, 255}))
    assert await permissions.is_permitted_method(token, 9, b"", block) == (True, frozenset())
    assert await permissions.is_permitted_method(token, 3, google, block) == (False, frozenset())
    assert await permissions.is_permitted_method(token, 6, google, before) == (False, frozenset())
    assert await permissions.is_permitted_method(token + 1, 6, google, block) == (False, frozenset())
    (key,) = (await Keys(town.rpc, town.contracts).registered([token], block)).values()
    assert await permissions.token_of_address(eth_address(key.public_key), block) == token
    assert await permissions.token_of_address("0x" + "11" * 20, block) is None
    found = await permissions.permitted_methods(token, block)
    assert found == [(6, google, b""), (3, passkey, b"passkey's key"), (9, b"", b""), (2, ACTION, b"")]
    assert (found[1].type, found[1].id, found[1].user_pubkey) == found[1]


async def test_a_vote_is_safe_to_repeat(town: Town) -> None:
    vote = batch_vote(2)
    votes = town.votes(0)
    assert len(await votes.vote(vote)) == 1
    assert await votes.vote(vote) == ()
    larger = batch_vote(3)
    assert len(await votes.vote(larger)) == 1
    voted = await Keys(town.rpc, town.contracts).has_voted(town.wallets[0].address, [token_id(k.public_key) for k in larger.keys])
    assert all(voted.values())


async def test_a_vote_that_a_reorganisation_took_back_is_cast_again(town: Town) -> None:
    vote = batch_vote(1)
    await town.votes(0).vote(vote)
    town.anvil.ask("anvil_reorg", 1, [])
    assert len(await town.votes(0).vote(vote)) == 1


async def test_a_vote_that_got_stuck_is_replaced_by_one_that_pays_more(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("votive.chain.votes.MINED_WITHIN", 0.5)
    town.anvil.ask("evm_setAutomine", False)
    voting = asyncio.create_task(town.votes(0).vote(batch_vote(1)))
    await asyncio.sleep(0.8)
    town.anvil.ask("evm_setAutomine", True)
    town.anvil.mine()
    assert len(await voting) <= 1
    (token,) = [token_id(key.public_key) for key in batch_vote(1).keys]
    assert await Keys(town.rpc, town.contracts).has_voted(town.wallets[0].address, [token]) == {token: True}


async def test_no_vote_is_sent_after_the_deadline(town: Town) -> None:
    block = await head(town)
    vote = batch_vote(1, deadline_block=block.number + 2)
    await town.votes(0).vote(vote)
    town.anvil.mine(1)
    with pytest.raises(DeadlinePassed, match=f"ended at block {block.number + 2}"):
        await town.votes(1).vote(vote)


async def test_what_the_contract_refuses_is_a_failed_vote(town: Town) -> None:
    wrong_epoch = msgspec.structs.replace(batch_vote(1), epoch=2)
    with pytest.raises(TransactionFailed, match="failed 5 times"):
        await town.votes(0).vote(wrong_epoch)


async def test_transferring_granting_and_revoking_are_seen_at_their_blocks(town: Town) -> None:
    permissions = Permissions(town.rpc, town.contracts)
    (token,) = await town.register()
    before = await head(town)
    await town.transact(town.contracts.pkp_nft, MINT.call(2), value=1)
    await town.transact(town.contracts.pkp_permissions, GRANT_ACTION.call(token, ACTION, [1, 2]))
    await town.transact(town.contracts.pkp_permissions, GRANT_ADDRESS.call(token, BOB, [2]))
    granted = await head(town)
    await town.transact(town.contracts.pkp_permissions, REVOKE_ACTION.call(token, ACTION))
    await town.transact(town.contracts.pkp_nft, Function("transferFrom(address,address,uint256)", "").call(town.alice.address, BOB, token))
    after = await head(town)
    for _ in range(2):  # the second time from the cache
        assert [await permissions.owner(token, block) for block in (before, granted, after)] == [None, town.alice.address, BOB]
        assert await permissions.is_permitted_action(token, ACTION, granted) == (True, frozenset({1, 2}))
        assert await permissions.is_permitted_action(token, OTHER, granted) == (False, frozenset())
        assert await permissions.is_permitted_action(token, ACTION, after) == (False, frozenset())
        assert await permissions.is_permitted_address(token, BOB, granted) == (True, frozenset({2}))
        assert await permissions.is_permitted_address(token, town.alice.address, granted) == (False, frozenset())
        assert await permissions.permitted_actions(token, granted) == [ACTION]
        assert await permissions.permitted_addresses(token, granted) == [town.alice.address, BOB]


async def test_a_burned_key_has_no_owner_and_keeps_its_action(town: Town) -> None:
    permissions = Permissions(town.rpc, town.contracts)
    (token,) = await town.register()
    await town.transact(town.contracts.pkp_nft, MINT_GRANT_AND_BURN.call(2, ACTION), value=1)
    block = await head(town)
    assert await permissions.owner(token, block) is None
    assert await permissions.is_permitted_action(token, ACTION, block) == (True, frozenset({1}))
    assert await permissions.permitted_addresses(token, block) == []


async def test_an_unknown_key_has_no_owner_and_no_action(town: Town) -> None:
    permissions = Permissions(town.rpc, town.contracts)
    block = await head(town)
    assert await permissions.owner(5, block) is None
    assert await permissions.permitted_actions(5, block) == []


async def test_a_read_at_a_block_is_made_once(town: Town) -> None:
    permissions = Permissions(town.rpc, town.contracts)
    block = await head(town)
    assert await permissions.owner(5, block) is None
    town.anvil.__exit__()
    assert await permissions.owner(5, block) is None
    town.anvil.__enter__()


def test_public_keys_have_the_token_ids_and_addresses_that_ethereum_gives_them() -> None:
    """The first development account of anvil, whose address is published."""
    wallet = Wallet(DEPLOYER)
    assert wallet.address == "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    assert DEPLOYER.hex() not in repr(wallet)
    public_key = wallet._key.public_key.format()
    assert eth_address(public_key) == eth_address(uncompressed(public_key)) == wallet.address
    assert token_id(public_key) == token_id(uncompressed(public_key))
    with pytest.raises(ValueError, match="public key"):
        token_id(b"\x02" + b"\xff" * 32)


def test_wallets_sign_as_ethereums_reference_does() -> None:
    """The same transaction, signed by eth-account (deterministic by RFC 6979 in both)."""
    for nonce, to, data in ((0, BOB, b""), (127, None, b"\x01"), (128, BOB, bytes(60)), (70_000, BOB, bytes(70_000))):
        transaction = Transaction(to=to, data=data, value=nonce, gas=10**6, nonce=nonce, fees=Fees(7, 10**9))
        fields = {"type": 2, "chainId": 5, "nonce": nonce, "to": to or b"", "value": nonce, "data": data, "gas": 10**6}
        expected = Account.sign_transaction({**fields, "maxPriorityFeePerGas": 7, "maxFeePerGas": 10**9}, ALICE)
        assert Wallet(ALICE).signed(transaction, 5) == (bytes(expected.raw_transaction), "0x" + bytes(expected.hash).hex())


async def test_a_network_survives_the_restart_of_its_chain(anvil_binary: str, tmp_path: Path) -> None:
    """What the head's state says is there again; older blocks' state is not, and says so."""
    port, state = free_port(), tmp_path / "state.json"
    with Anvil(anvil_binary, port, state=state) as anvil:
        async with Rpc([anvil.url], chain_id=31337) as rpc:
            town = await a_town(anvil, rpc)
            (token,) = await town.register()
            await town.transact(town.contracts.pkp_nft, MINT.call(2), value=1)
    with Anvil(anvil_binary, port, state=state) as anvil:
        async with Rpc([anvil.url], chain_id=31337) as rpc:
            block = await FinalBlocks(rpc, Finality.parse("0")).final_block()
            assert await Permissions(rpc, town.contracts).owner(token, block) == town.alice.address
            assert (await Registry(rpc, town.contracts.resolver).committee(block)).threshold == 3
