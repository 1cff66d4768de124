"""A list that its owner's admins keep, and that no node obeys."""

from __future__ import annotations

import pytest
from eth_utils.crypto import keccak
from tests.contracts.evm import Evm, Reverted, multihash

ITEM = keccak(text="LIT_ACTION_QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG")
OTHER = keccak(text="another item")


def test_everything_is_allowed_until_the_owner_says_otherwise(evm: Evm) -> None:
    assert evm.allowlist.allowAll()
    assert evm.allowlist.isAllowed(ITEM)
    (event,) = evm.allowlist.setAllowAll(False)
    assert event.values == {"allowAll": False}
    assert not evm.allowlist.isAllowed(ITEM)
    evm.allowlist.setAllowAll(True)
    assert evm.allowlist.isAllowed(ITEM)


def test_an_admin_lists_items_and_takes_them_off(evm: Evm) -> None:
    evm.allowlist.setAllowAll(False)
    evm.allowlist.addAdmin(evm.alice)
    (listed,) = evm.allowlist.setAllowed(ITEM, sender=evm.alice)
    assert (listed.name, listed.values) == ("ItemAllowed", {"key": ITEM})
    assert evm.allowlist.isAllowed(ITEM)
    assert not evm.allowlist.isAllowed(OTHER)
    (off,) = evm.allowlist.setNotAllowed(ITEM, sender=evm.alice)
    assert (off.name, off.values) == ("ItemNotAllowed", {"key": ITEM})
    assert not evm.allowlist.isAllowed(ITEM)


def test_nobody_but_an_admin_lists_anything(evm: Evm) -> None:
    for attempt in (evm.allowlist.setAllowed, evm.allowlist.setNotAllowed):
        with pytest.raises(Reverted, match="NotAnAdmin"):
            attempt(ITEM, sender=evm.eve)
    assert not evm.allowlist.allowedItems(ITEM)


def test_an_admin_names_no_admin_and_opens_nothing(evm: Evm) -> None:
    evm.allowlist.addAdmin(evm.alice)
    for attempt, argument in (
        (evm.allowlist.addAdmin, evm.eve),
        (evm.allowlist.removeAdmin, evm.deployer),
        (evm.allowlist.setAllowAll, True),
        (evm.allowlist.transferOwnership, evm.alice),
    ):
        with pytest.raises(Reverted, match="OwnableUnauthorizedAccount"):
            attempt(argument, sender=evm.alice)


def test_an_admin_who_was_removed_lists_nothing_more_and_what_was_listed_stays(evm: Evm) -> None:
    evm.allowlist.setAllowAll(False)
    evm.allowlist.addAdmin(evm.alice)
    evm.allowlist.setAllowed(ITEM, sender=evm.alice)
    evm.allowlist.removeAdmin(evm.alice)
    with pytest.raises(Reverted, match="NotAnAdmin"):
        evm.allowlist.setAllowed(OTHER, sender=evm.alice)
    assert evm.allowlist.isAllowed(ITEM)


def test_a_new_owner_is_no_admin_and_the_old_one_names_none(evm: Evm) -> None:
    evm.allowlist.transferOwnership(evm.bob)
    with pytest.raises(Reverted, match="NotAnAdmin"):
        evm.allowlist.setAllowed(ITEM, sender=evm.bob)
    with pytest.raises(Reverted, match="OwnableUnauthorizedAccount"):
        evm.allowlist.addAdmin(evm.eve)
    evm.allowlist.addAdmin(evm.bob, sender=evm.bob)
    evm.allowlist.setAllowed(ITEM, sender=evm.bob)


def test_no_list_takes_a_permission_away(evm: Evm) -> None:
    token, action = evm.mint(evm.alice), multihash("an action")
    evm.permissions.addPermittedAction(token, action, [1], sender=evm.alice)
    evm.allowlist.setAllowAll(False)
    evm.allowlist.setNotAllowed(ITEM)
    assert evm.permissions.isPermittedAction(token, action)
