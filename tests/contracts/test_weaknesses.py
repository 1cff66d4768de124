"""Attacks on the weaknesses that were found in an earlier public network's contracts, one section each."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from eth_utils.crypto import keccak
from tests.contracts.evm import ECDSA, MINT_COST, Evm, Reverted, key_vote, multihash

from votive.chain.artifact import CONTRACT_NAMES, artifact
from votive.chain.token import token_id

ACTION = multihash("an action")
WEBAUTHN = 3
SOURCES = Path(__file__).parents[2] / "contracts" / "src"


# One node, repeated, passed for many.


def test_one_node_repeated_is_not_a_quorum(evm: Evm) -> None:
    key = key_vote("coveted")
    for keys in ([key, key, key], [key, key]):
        with pytest.raises(Reverted, match="AlreadyVoted"):
            evm.vote(1, evm.header(), keys)
    evm.vote(1, evm.header(), [key])
    for batch in (1, 2, 3):
        with pytest.raises(Reverted, match="AlreadyVoted"):
            evm.vote(1, evm.header(batch=batch), [key])
    assert not evm.router.isRouted(token_id(key[0]))


def test_no_contract_checks_a_signature_that_could_be_replayed() -> None:
    """Votes are transactions of the nodes' own wallets; claims, once for a key, are under EIP-712 (test_claims.py)."""
    checking = [path for path in SOURCES.glob("*.sol") if re.search(r"ecrecover|ECDSA\.|SignatureChecker", path.read_text())]
    assert [path.name for path in checking] == ["PubkeyRouter.sol"]
    code = checking[0].read_text()
    assert re.findall(r"ecrecover\((\w+)", code) == ["digest"]
    assert "digest = _hashTypedDataV4(" in code


# A removed method that was granted again had its old scopes.


def test_a_method_that_is_granted_again_starts_without_its_old_scopes(evm: Evm) -> None:
    token = evm.mint(evm.alice)
    evm.permissions.addPermittedAction(token, ACTION, [1, 2, 300], sender=evm.alice)
    evm.permissions.removePermittedAction(token, ACTION, sender=evm.alice)
    assert evm.permissions.permission(token, 2, ACTION) == (False, 0)
    assert not evm.permissions.isPermittedAuthMethodScopePresent(token, 2, ACTION, 300)
    evm.permissions.addPermittedAction(token, ACTION, [5], sender=evm.alice)
    assert evm.permissions.permission(token, 2, ACTION) == (True, 1 << 5)
    assert not evm.permissions.isPermittedAuthMethodScopePresent(token, 2, ACTION, 300)


# The owner of any token overwrote the user public key that other tokens showed.


def test_one_tokens_owner_never_changes_another_tokens_method(evm: Evm) -> None:
    alices, eves = evm.mint(evm.alice), evm.mint(evm.eve)
    evm.permissions.addPermittedAuthMethod(alices, (WEBAUTHN, b"credential", b"alice's key"), [1], sender=evm.alice)
    evm.permissions.addPermittedAuthMethod(eves, (WEBAUTHN, b"credential", b"eve's key"), [2], sender=evm.eve)
    assert evm.permissions.getPermittedAuthMethods(alices) == ((WEBAUTHN, b"credential", b"alice's key"),)
    assert evm.permissions.permission(alices, WEBAUTHN, b"credential") == (True, 1 << 1)
    evm.permissions.removePermittedAuthMethod(eves, WEBAUTHN, b"credential", sender=evm.eve)
    assert evm.permissions.getTokenIdsForAuthMethod(WEBAUTHN, b"credential") == (alices,)
    assert evm.permissions.getPermittedAuthMethods(alices) == ((WEBAUTHN, b"credential", b"alice's key"),)


def test_the_first_comer_never_blocks_a_credential(evm: Evm) -> None:
    eves, alices = evm.mint(evm.eve), evm.mint(evm.alice)
    evm.permissions.addPermittedAuthMethod(eves, (WEBAUTHN, b"credential", b"eve's key"), [1], sender=evm.eve)
    evm.permissions.addPermittedAuthMethod(alices, (WEBAUTHN, b"credential", b"alice's key"), [1], sender=evm.alice)
    assert set(evm.permissions.getTokenIdsForAuthMethod(WEBAUTHN, b"credential")) == {alices, eves}


# A burn made the next mint of the same block derive the same key and fail.


def test_mints_and_burns_of_one_block_do_not_disturb_each_other(evm: Evm) -> None:
    tokens = evm.register(4)
    evm.tester.disable_auto_mine_transactions()
    cost = {"value": MINT_COST}
    sent = [
        evm.submit(evm.nft, "mintGrantAndBurnNext(uint256,bytes)", (ECDSA, ACTION), sender=evm.alice, **cost),
        evm.submit(evm.nft, "mintGrantAndBurnNext(uint256,bytes)", (ECDSA, ACTION), sender=evm.bob, **cost),
        evm.submit(evm.nft, "mintNext(uint256)", (ECDSA,), sender=evm.eve, **cost),
        evm.submit(evm.nft, "mintGrantAndBurnNext(uint256,bytes)", (ECDSA, ACTION), sender=evm.mallory, **cost),
    ]
    evm.tester.enable_auto_mine_transactions()
    receipts = [evm.tester.get_transaction_receipt(transaction) for transaction in sent]
    assert len({receipt["block_number"] for receipt in receipts}) == 1
    assert all(receipt["status"] == 1 for receipt in receipts)
    assert sum(evm.permissions.isPermittedAction(token, ACTION) for token in tokens) == 3
    assert evm.nft.totalSupply() == 1


# The contracts' owner could replace keys, code, and callers.


CLAIMING = {"claimAndMintNextAndAddAuthMethods", "claimAndMintNextAndAddAuthMethodsWithTypes"}
WRITING = {
    "Staking": set(),
    "ContractResolver": set(),
    "HDKeyDeriver": set(),
    "PubkeyRouter": {"voteForKeys", "takeNext", "claim"},
    "PKPPermissions": {
        "addPermittedAction",
        "addPermittedAddress",
        "addPermittedAuthMethod",
        "addPermittedAuthMethodScope",
        "removePermittedAction",
        "removePermittedAddress",
        "removePermittedAuthMethod",
        "removePermittedAuthMethodScope",
        "batchAddRemoveAuthMethods",
        "resetPermissions",
        "setRootHash",
    },
    "RateLimitNFT": {
        "mint",
        "pruneExpired",
        "approve",
        "setApprovalForAll",
        "transferFrom",
        "safeTransferFrom",
        "setAdditionalRequestsPerKilosecondCost",
        "withdraw",
        "transferOwnership",
        "renounceOwnership",
    },
    "PKPHelper": {"mintNextAndAddAuthMethods", "mintNextAndAddAuthMethodsWithTypes"} | CLAIMING,
    "Allowlist": {
        "setAllowed",
        "setNotAllowed",
        "setAllowAll",
        "addAdmin",
        "removeAdmin",
        "transferOwnership",
        "renounceOwnership",
    },
    "LITToken": {
        "transfer",
        "transferFrom",
        "approve",
        "increaseAllowance",
        "decreaseAllowance",
        "permit",
        "delegate",
        "delegateBySig",
        "burn",
        "burnFrom",
    },
    "Multisender": {"sendEth", "sendTokens"},
    "PKPNFTMetadata": {"setUrlForPKP", "setProfileForPKP", "removeUrlForPKP", "removeProfileForPkp"},
    "StakingBalances": {"stake", "withdraw"},
    "PKPNFT": {
        "mintNext",
        "mintGrantAndBurnNext",
        "claimAndMint",
        "claimAndMintFor",
        "burn",
        "approve",
        "setApprovalForAll",
        "transferFrom",
        "safeTransferFrom",
        "setMintCost",
        "withdraw",
        "transferOwnership",
        "renounceOwnership",
    },
}


@pytest.mark.parametrize("name", CONTRACT_NAMES)
def test_nothing_can_be_written_but_what_is_listed_here(name: str) -> None:
    functions = [entry for entry in artifact(name).abi if entry["type"] == "function"]
    assert {entry["name"] for entry in functions if entry["stateMutability"] not in ("view", "pure")} == WRITING[name]


def test_no_contract_delegates_or_destroys_itself() -> None:
    code = "\n".join(path.read_text() for path in SOURCES.glob("*.sol"))
    assert not re.search(r"delegatecall|selfdestruct|assembly|tx\.origin", code)


def test_the_contracts_owner_has_no_power_over_a_key(evm: Evm) -> None:
    token = evm.mint(evm.alice)
    key = key_vote("the owner's own")
    with pytest.raises(Reverted, match="NotANode"):
        evm.router.voteForKeys(evm.header(), [key], sender=evm.deployer)
    with pytest.raises(Reverted, match="NotPkpOwner"):
        evm.permissions.addPermittedAddress(token, evm.deployer, [1], sender=evm.deployer)
    with pytest.raises(Reverted, match="ERC721InsufficientApproval"):
        evm.nft.transferFrom(evm.alice, evm.deployer, token, sender=evm.deployer)
    with pytest.raises(Reverted, match="ERC721InsufficientApproval"):
        evm.nft.burn(token, sender=evm.deployer)


# One silent node stopped all voting.


@pytest.mark.parametrize("nodes", [4, 7, 10])
def test_silent_nodes_stop_no_vote(nodes: int) -> None:
    evm = Evm(seats=range(1, nodes + 1))
    (token,) = evm.register()
    assert evm.router.isRouted(token)
    assert evm.router.hasVoted(evm.wallets[nodes], [token]) == (False,)


# Events put values into the wrong fields.


def test_every_permission_event_has_the_method_in_its_field(evm: Evm) -> None:
    token = evm.mint(evm.alice)
    events = [
        *evm.permissions.addPermittedAuthMethod(token, (WEBAUTHN, b"credential", b"key"), [4], sender=evm.alice),
        *evm.permissions.addPermittedAuthMethodScope(token, WEBAUTHN, b"credential", 5, sender=evm.alice),
        *evm.permissions.removePermittedAuthMethodScope(token, WEBAUTHN, b"credential", 4, sender=evm.alice),
        *evm.permissions.removePermittedAuthMethod(token, WEBAUTHN, b"credential", sender=evm.alice),
    ]
    common = {"tokenId": token, "authMethodType": WEBAUTHN, "id": b"credential"}
    assert [(event.name.removeprefix("PermittedAuthMethod"), event.values) for event in events] == [
        ("Added", common | {"userPubkey": b"key"}),
        ("ScopeAdded", common | {"scopeId": 4}),
        ("ScopeAdded", common | {"scopeId": 5}),
        ("ScopeRemoved", common | {"scopeId": 4}),
        ("Removed", common),
    ]


# A buyer could not get rid of the seller's grants, and an address of any length was accepted.


def test_permissions_survive_a_transfer_until_the_new_owner_resets_them(evm: Evm) -> None:
    token = evm.mint(evm.alice)
    evm.permissions.addPermittedAction(token, ACTION, [1], sender=evm.alice)
    evm.permissions.addPermittedAddress(token, evm.mallory, [1], sender=evm.alice)
    evm.permissions.setRootHash(token, 1, b"r" * 32, sender=evm.alice)
    evm.nft.transferFrom(evm.alice, evm.bob, token, sender=evm.alice)
    assert evm.permissions.isPermittedAction(token, ACTION)
    assert evm.permissions.isPermittedAddress(token, evm.mallory)
    (event,) = evm.permissions.resetPermissions(token, sender=evm.bob)
    assert event.values == {"tokenId": token, "resetNumber": 1}
    assert evm.permissions.resetCount(token) == 1
    assert evm.permissions.getPermittedAuthMethods(token) == ()
    assert evm.permissions.permission(token, 2, ACTION) == (False, 0)
    assert evm.permissions.getPermittedAddresses(token) == (evm.bob.lower(),)
    assert evm.permissions.getTokenIdsForAuthMethod(2, ACTION) == ()
    assert not evm.permissions.verifyState(token, 1, [], b"r" * 32)
    evm.permissions.addPermittedAction(token, ACTION, [2], sender=evm.bob)
    assert evm.permissions.permission(token, 2, ACTION) == (True, 1 << 2)
    assert evm.permissions.getTokenIdsForAuthMethod(2, ACTION) == (token,)


def test_a_reset_costs_the_same_whatever_was_piled_up(evm: Evm) -> None:
    few, many = evm.mint(evm.alice), evm.mint(evm.alice)
    ids = [b"credential %d" % number for number in range(30)]
    evm.permissions.batchAddRemoveAuthMethods(many, [WEBAUTHN] * 30, ids, [b""] * 30, [[1]] * 30, [], [], sender=evm.alice)
    evm.permissions.resetPermissions(few, sender=evm.alice)
    cost = evm.gas_used
    evm.permissions.resetPermissions(many, sender=evm.alice)
    assert abs(evm.gas_used - cost) < 100


@pytest.mark.parametrize("identity", [b"", b"\x01" * 19, b"\x01" * 21, b"\x01" * 31, b"\x01" * 33, b"\x01" * 64])
def test_an_address_has_twenty_bytes_or_is_a_hash(evm: Evm, identity: bytes) -> None:
    token = evm.mint(evm.alice)
    with pytest.raises(Reverted, match="InvalidAddressId"):
        evm.permissions.addPermittedAuthMethod(token, (1, identity, b""), [1], sender=evm.alice)
    with pytest.raises(Reverted, match="InvalidAddressId"):
        evm.permissions.batchAddRemoveAuthMethods(token, [1], [identity], [b""], [[1]], [], [], sender=evm.alice)


def test_a_wallet_that_is_granted_by_its_hash_is_no_address(evm: Evm) -> None:
    token = evm.mint(evm.alice)
    hashed = keccak(text=f"{evm.bob.lower()}:lit")
    evm.permissions.addPermittedAuthMethod(token, (1, hashed, b""), [1], sender=evm.alice)
    evm.permissions.addPermittedAddress(token, evm.eve, [2], sender=evm.alice)
    assert evm.permissions.getPermittedAddresses(token) == (evm.alice.lower(), evm.eve.lower())
    assert evm.permissions.permission(token, 1, hashed) == (True, 1 << 1)
    truncated = [hashed[:20], hashed[12:]]
    assert not any(evm.permissions.isPermittedAddress(token, "0x" + each.hex()) for each in truncated)
    assert (1, hashed, b"") in evm.permissions.getPermittedAuthMethods(token)


# Code for development was part of what was deployed.


def test_contracts_import_the_pinned_library_and_each_other_only() -> None:
    imported = {path for source in SOURCES.glob("*.sol") for path in re.findall(r'from "([^"]+)"', source.read_text())}
    assert imported
    assert all(path.startswith(("./", "@openzeppelin/contracts/")) for path in imported)
