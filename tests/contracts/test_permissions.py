"""Granting and revoking, methods and scopes."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from tests.contracts.evm import Evm, Reverted, multihash

ACTION = multihash("an action")
OTHER = multihash("another action")
WEBAUTHN = 3


@pytest.fixture
def token(evm: Evm) -> int:
    """A key that Alice owns."""
    return evm.mint(evm.alice)


def test_a_granted_action_is_permitted_with_its_scopes(evm: Evm, token: int) -> None:
    events = evm.permissions.addPermittedAction(token, ACTION, [1, 5, 300], sender=evm.alice)
    assert [event.name for event in events] == ["PermittedAuthMethodAdded"] + 3 * ["PermittedAuthMethodScopeAdded"]
    assert evm.permissions.isPermittedAction(token, ACTION)
    assert not evm.permissions.isPermittedAction(token, OTHER)
    assert evm.permissions.permission(token, 2, ACTION) == (True, 1 << 1 | 1 << 5)
    assert evm.permissions.getPermittedAuthMethodScopes(token, 2, ACTION, 6) == (False, True, False, False, False, True)
    assert evm.permissions.isPermittedAuthMethodScopePresent(token, 2, ACTION, 300)


def test_revoking_an_action_ends_it(evm: Evm, token: int) -> None:
    evm.permissions.addPermittedAction(token, ACTION, [1], sender=evm.alice)
    (event,) = evm.permissions.removePermittedAction(token, ACTION, sender=evm.alice)
    assert event.name == "PermittedAuthMethodRemoved"
    assert not evm.permissions.isPermittedAction(token, ACTION)
    assert evm.permissions.permission(token, 2, ACTION) == (False, 0)
    assert evm.permissions.getPermittedActions(token) == ()
    assert evm.permissions.getTokenIdsForAuthMethod(2, ACTION) == ()
    with pytest.raises(Reverted, match="NotPermitted"):
        evm.permissions.removePermittedAction(token, ACTION, sender=evm.alice)


def test_addresses_are_listed_after_the_owner(evm: Evm, token: int) -> None:
    evm.permissions.addPermittedAddress(token, evm.bob, [1], sender=evm.alice)
    assert evm.permissions.getPermittedAddresses(token) == (evm.alice.lower(), evm.bob.lower())
    assert evm.permissions.isPermittedAddress(token, evm.alice)
    assert evm.permissions.isPermittedAddress(token, evm.bob)
    assert evm.permissions.permission(token, 1, bytes.fromhex(evm.alice[2:])) == (False, 0)
    evm.permissions.removePermittedAddress(token, evm.bob, sender=evm.alice)
    assert not evm.permissions.isPermittedAddress(token, evm.bob)


def test_a_method_carries_its_users_public_key(evm: Evm, token: int) -> None:
    evm.permissions.addPermittedAuthMethod(token, (WEBAUTHN, b"credential", b"public key"), [2], sender=evm.alice)
    assert evm.permissions.getPermittedAuthMethods(token) == ((WEBAUTHN, b"credential", b"public key"),)
    assert evm.permissions.isPermittedAuthMethod(token, WEBAUTHN, b"credential")
    assert evm.permissions.getTokenIdsForAuthMethod(WEBAUTHN, b"credential") == (token,)
    assert evm.permissions.getPKPPubKeysByAuthMethod(WEBAUTHN, b"credential") == (evm.nft.getPubkey(token),)
    assert evm.permissions.getUserPubkeyForAuthMethod(WEBAUTHN, b"credential") == b""


def test_granting_again_adds_scopes_and_renews_the_users_public_key(evm: Evm, token: int) -> None:
    evm.permissions.addPermittedAuthMethod(token, (WEBAUTHN, b"credential", b"old"), [1], sender=evm.alice)
    evm.permissions.addPermittedAuthMethod(token, (WEBAUTHN, b"credential", b"new"), [2], sender=evm.alice)
    assert evm.permissions.getPermittedAuthMethods(token) == ((WEBAUTHN, b"credential", b"new"),)
    assert evm.permissions.permission(token, WEBAUTHN, b"credential") == (True, 1 << 1 | 1 << 2)


def test_single_scopes_come_and_go(evm: Evm, token: int) -> None:
    evm.permissions.addPermittedAction(token, ACTION, [], sender=evm.alice)
    assert evm.permissions.permission(token, 2, ACTION) == (True, 0)
    (added,) = evm.permissions.addPermittedAuthMethodScope(token, 2, ACTION, 1, sender=evm.alice)
    assert added.values == {"tokenId": token, "authMethodType": 2, "id": ACTION, "scopeId": 1}
    assert evm.permissions.permission(token, 2, ACTION) == (True, 1 << 1)
    (removed,) = evm.permissions.removePermittedAuthMethodScope(token, 2, ACTION, 1, sender=evm.alice)
    assert removed.name == "PermittedAuthMethodScopeRemoved"
    assert evm.permissions.permission(token, 2, ACTION) == (True, 0)


def test_what_is_not_permitted_has_no_scopes_to_change(evm: Evm, token: int) -> None:
    for change in (evm.permissions.addPermittedAuthMethodScope, evm.permissions.removePermittedAuthMethodScope):
        with pytest.raises(Reverted, match="NotPermitted"):
            change(token, 2, ACTION, 1, sender=evm.alice)
    assert not evm.permissions.isPermittedAuthMethodScopePresent(token, 2, ACTION, 1)


def test_a_batch_grants_and_then_revokes(evm: Evm, token: int) -> None:
    evm.permissions.addPermittedAction(token, ACTION, [1], sender=evm.alice)
    evm.permissions.batchAddRemoveAuthMethods(
        token, [2, WEBAUTHN], [OTHER, b"credential"], [b"", b"key"], [[1], [2]], [2], [ACTION], sender=evm.alice
    )
    assert evm.permissions.getPermittedActions(token) == (OTHER,)
    assert evm.permissions.isPermittedAuthMethod(token, WEBAUTHN, b"credential")


@pytest.mark.parametrize(
    "lists",
    [
        ([2], [], [b""], [[]], [], []),
        ([2], [OTHER], [], [[]], [], []),
        ([2], [OTHER], [b""], [], [], []),
        ([], [], [], [], [2], []),
        ([], [OTHER], [], [], [], []),
    ],
)
def test_lists_of_a_batch_have_one_length(evm: Evm, token: int, lists: tuple[list[object], ...]) -> None:
    with pytest.raises(Reverted, match="LengthsDiffer"):
        evm.permissions.batchAddRemoveAuthMethods(token, *lists, sender=evm.alice)


def test_only_the_owner_changes_permissions(evm: Evm, token: int) -> None:
    evm.nft.setApprovalForAll(evm.bob, True, sender=evm.alice)
    for stranger in (evm.eve, evm.bob, evm.deployer, evm.wallets[1]):
        for change in (
            lambda by: evm.permissions.addPermittedAction(token, ACTION, [1], sender=by),
            lambda by: evm.permissions.addPermittedAddress(token, by, [1], sender=by),
            lambda by: evm.permissions.addPermittedAuthMethod(token, (WEBAUTHN, b"x", b""), [1], sender=by),
            lambda by: evm.permissions.batchAddRemoveAuthMethods(token, [2], [ACTION], [b""], [[1]], [], [], sender=by),
            lambda by: evm.permissions.resetPermissions(token, sender=by),
        ):
            with pytest.raises(Reverted, match="NotPkpOwner"):
                change(stranger)


def test_a_token_that_never_was_has_no_permissions_to_change(evm: Evm) -> None:
    (unminted,) = evm.register()
    for missing in (unminted, 5):
        with pytest.raises(Reverted, match="NotPkpOwner"):
            evm.permissions.addPermittedAction(missing, ACTION, [1], sender=evm.alice)
    assert evm.permissions.getPermittedAddresses(unminted) == ()


def test_method_ids_are_hashes_of_type_and_id(evm: Evm) -> None:
    assert evm.permissions.getAuthMethodId(2, ACTION) == int.from_bytes(keccak(encode(["uint256", "bytes"], [2, ACTION])), "big")


def test_a_tree_of_statements_is_checked_against_its_root(evm: Evm, token: int) -> None:
    left, right = sorted(keccak(text=text) for text in ("one", "two"))
    root = keccak(left + right)
    assert not evm.permissions.verifyState(token, 7, [], bytes(32))
    (event,) = evm.permissions.setRootHash(token, 7, root, sender=evm.alice)
    assert event.values == {"tokenId": token, "group": 7, "root": root}
    assert evm.permissions.verifyState(token, 7, [right], left)
    assert not evm.permissions.verifyState(token, 7, [right], right)
    assert not evm.permissions.verifyState(token, 8, [right], left)
    assert evm.permissions.verifyStates(token, 7, [], [True], [left, right])
    assert not evm.permissions.verifyStates(token, 8, [], [True], [left, right])


def test_the_helper_grants_all_kinds_at_once(evm: Evm) -> None:
    (token,) = evm.register()
    evm.helper.mintNextAndAddAuthMethodsWithTypes(
        2, [ACTION], [[1]], [evm.bob], [[2]], [WEBAUTHN], [b"credential"], [b"key"], [[1, 2]], True, False, sender=evm.alice, value=10
    )
    own = evm.nft.getEthAddress(token)
    assert evm.nft.ownerOf(token) == evm.alice.lower()
    assert evm.permissions.permission(token, 2, ACTION) == (True, 1 << 1)
    assert evm.permissions.getPermittedAddresses(token) == (evm.alice.lower(), evm.bob.lower(), own)
    assert evm.permissions.permission(token, 1, bytes.fromhex(own[2:])) == (True, 1 << 1)
    assert evm.permissions.permission(token, WEBAUTHN, b"credential") == (True, 1 << 1 | 1 << 2)


def test_the_helper_gives_a_key_to_itself(evm: Evm) -> None:
    (token,) = evm.register()
    evm.helper.mintNextAndAddAuthMethods(2, [2], [ACTION], [b""], [[1]], False, True, sender=evm.alice, value=10)
    assert evm.nft.ownerOf(token) == evm.nft.getEthAddress(token)
    assert evm.permissions.getPermittedActions(token) == (ACTION,)
    assert not evm.permissions.isPermittedAddress(token, evm.alice)


def test_the_helper_keeps_nothing(evm: Evm) -> None:
    evm.register()
    evm.helper.mintNextAndAddAuthMethods(2, [], [], [], [], True, False, sender=evm.alice, value=10)
    assert evm.nft.balanceOf(evm.helper.address) == 0
    assert evm.tester.get_balance(evm.helper.address) == 0


def test_a_token_sent_to_the_helper_is_sent_back(evm: Evm, token: int) -> None:
    with pytest.raises(Reverted):
        evm.nft["safeTransferFrom(address,address,uint256)"](evm.alice, evm.helper.address, token, sender=evm.alice)
    for caller in (evm.eve, evm.alice):
        with pytest.raises(Reverted, match="OnlyMints"):
            evm.helper.onERC721Received(caller, "0x" + "00" * 20, token, b"", sender=caller)
    assert evm.nft.ownerOf(token) == evm.alice.lower()


@pytest.mark.parametrize("broken", [([2], [], [b""], [[1]]), ([2], [ACTION], [], [[1]]), ([2], [ACTION], [b""], [])])
def test_the_helper_refuses_lists_of_different_lengths(evm: Evm, broken: tuple[list[object], ...]) -> None:
    evm.register()
    with pytest.raises(Reverted, match="LengthsDiffer"):
        evm.helper.mintNextAndAddAuthMethods(2, *broken, False, False, sender=evm.alice, value=10)
