"""Minting, transferring, burning, and the price."""

from __future__ import annotations

import base64
import json

import pytest
from tests.contracts.evm import ECDSA, MINT_COST, Evm, Reverted, multihash

from votive.chain.token import eth_address

ACTION = multihash("an action")
NOBODY = "0x" + "00" * 20


def test_keys_are_minted_in_the_order_of_their_registration(evm: Evm) -> None:
    tokens = evm.register(3)
    minted = [evm.nft.mintNext(ECDSA, sender=evm.alice, value=MINT_COST)[0].values["tokenId"] for _ in tokens]
    assert minted == tokens
    assert [evm.nft.tokenOfOwnerByIndex(evm.alice, place) for place in range(3)] == tokens
    assert [evm.nft.tokenByIndex(place) for place in range(3)] == tokens
    assert evm.nft.totalSupply() == 3


def _mints(evm: Evm) -> dict[str, list[object]]:
    value, sender = MINT_COST, evm.alice
    return {
        "mintNext": evm.nft["mintNext(uint256)"](ECDSA, sender=sender, value=value),
        "mintNext with key set": evm.nft["mintNext(uint256,string)"](ECDSA, "naga-keyset1", sender=sender, value=value),
        "mintGrantAndBurnNext": evm.nft["mintGrantAndBurnNext(uint256,bytes)"](ECDSA, ACTION, sender=sender, value=value),
        "mintGrantAndBurnNext with key set": evm.nft["mintGrantAndBurnNext(uint256,string,bytes)"](
            ECDSA, "naga-keyset1", ACTION, sender=sender, value=value
        ),
        "helper": evm.helper.mintNextAndAddAuthMethods(ECDSA, [], [], [], [], True, True, sender=sender, value=value),
        "helper with key set": evm.helper.mintNextAndAddAuthMethods(
            ECDSA, "naga-keyset1", [], [], [], [], False, False, sender=sender, value=value
        ),
        "helper with types": evm.helper.mintNextAndAddAuthMethodsWithTypes(
            ECDSA, [ACTION], [[1]], [evm.bob], [[1, 2]], [2], [multihash("other")], [b""], [[1]], True, False, sender=sender, value=value
        ),
    }


def test_the_first_log_of_every_mint_is_pkp_minted(evm: Evm) -> None:
    tokens = evm.register(7)
    for token, (way, events) in zip(tokens, _mints(evm).items(), strict=True):
        assert events[0].name == "PKPMinted", way
        assert events[0].address == evm.nft.address, way
        assert events[0].values == {"tokenId": token, "pubkey": evm.nft.getPubkey(token)}, way
        assert events[1].name == "Transfer", way


@pytest.mark.parametrize("value", [0, MINT_COST - 1, MINT_COST + 1])
def test_the_price_is_exact(evm: Evm, value: int) -> None:
    evm.register()
    with pytest.raises(Reverted, match="WrongMintCost"):
        evm.nft["mintNext(uint256)"](ECDSA, sender=evm.alice, value=value)
    with pytest.raises(Reverted, match="WrongMintCost"):
        evm.nft["mintGrantAndBurnNext(uint256,bytes)"](ECDSA, ACTION, sender=evm.alice, value=value)
    with pytest.raises(Reverted, match="WrongMintCost"):
        evm.helper.mintNextAndAddAuthMethods(ECDSA, [], [], [], [], False, False, sender=evm.alice, value=value)


def test_without_a_key_nothing_is_minted(evm: Evm) -> None:
    with pytest.raises(Reverted, match="NoUnmintedKey"):
        evm.nft["mintNext(uint256)"](ECDSA, sender=evm.alice, value=MINT_COST)
    evm.register()
    with pytest.raises(Reverted, match="NoUnmintedKey"):
        evm.nft["mintNext(uint256)"](1, sender=evm.alice, value=MINT_COST)


def test_another_networks_key_set_is_refused(evm: Evm) -> None:
    evm.register()
    with pytest.raises(Reverted, match="UnknownKeySet"):
        evm.nft["mintNext(uint256,string)"](ECDSA, "another", sender=evm.alice, value=MINT_COST)


def test_mint_grant_and_burn_leaves_a_key_for_one_action_only(evm: Evm) -> None:
    (token,) = evm.register()
    evm.nft["mintGrantAndBurnNext(uint256,bytes)"](ECDSA, ACTION, sender=evm.alice, value=MINT_COST)
    assert not evm.nft.exists(token)
    assert evm.nft.ownerOfOrZero(token) == NOBODY
    assert evm.permissions.getPermittedActions(token) == (ACTION,)
    assert evm.permissions.permission(token, 2, ACTION) == (True, 1 << 1)
    assert evm.permissions.getPermittedAddresses(token) == ()
    for account in (evm.alice, evm.nft.address, NOBODY, evm.deployer):
        assert not evm.permissions.isPermittedAddress(token, account)
    assert len(evm.nft.getPubkey(token)) == 65
    assert evm.nft.getEthAddress(token) == eth_address(evm.nft.getPubkey(token)).lower()


def test_a_burned_key_is_grantable_by_nobody_and_its_action_stays_permitted(evm: Evm) -> None:
    (token,) = evm.register()
    evm.nft["mintGrantAndBurnNext(uint256,bytes)"](ECDSA, ACTION, sender=evm.alice, value=MINT_COST)
    evm.register()
    for account in (evm.alice, evm.deployer, evm.wallets[1], evm.eve):
        for attack in (
            lambda by: evm.permissions.addPermittedAction(token, multihash("evil"), [1], sender=by),
            lambda by: evm.permissions.addPermittedAddress(token, by, [1], sender=by),
            lambda by: evm.permissions.removePermittedAction(token, ACTION, sender=by),
            lambda by: evm.permissions.addPermittedAuthMethodScope(token, 2, ACTION, 2, sender=by),
            lambda by: evm.permissions.resetPermissions(token, sender=by),
            lambda by: evm.permissions.setRootHash(token, 0, bytes(32), sender=by),
        ):
            with pytest.raises(Reverted, match="NotPkpOwner"):
                attack(account)
        with pytest.raises(Reverted, match="ERC721NonexistentToken"):
            evm.nft.transferFrom(evm.nft.address, account, token, sender=account)
    assert evm.permissions.isPermittedAction(token, ACTION)
    assert evm.permissions.getPermittedActions(token) == (ACTION,)


def test_a_senseless_action_is_never_burned_into_a_key(evm: Evm) -> None:
    evm.register()
    text = b"QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG"
    for cid in (b"", text, ACTION[:-1], ACTION + b"\0", b"\x12\x21" + ACTION[2:]):
        with pytest.raises(Reverted, match="InvalidActionId"):
            evm.nft["mintGrantAndBurnNext(uint256,bytes)"](ECDSA, cid, sender=evm.alice, value=MINT_COST)


def test_only_the_owner_burns_and_permissions_stay(evm: Evm) -> None:
    token = evm.mint(evm.alice)
    evm.permissions.addPermittedAction(token, ACTION, [1], sender=evm.alice)
    with pytest.raises(Reverted, match="ERC721InsufficientApproval"):
        evm.nft.burn(token, sender=evm.eve)
    evm.nft.burn(token, sender=evm.alice)
    assert not evm.nft.exists(token)
    assert evm.nft.totalSupply() == 0
    assert evm.permissions.isPermittedAction(token, ACTION)
    assert not evm.permissions.isPermittedAddress(token, evm.alice)


def test_transferring_the_token_moves_the_right(evm: Evm) -> None:
    token = evm.mint(evm.alice)
    evm.nft.transferFrom(evm.alice, evm.bob, token, sender=evm.alice)
    assert evm.nft.ownerOfOrZero(token) == evm.bob.lower()
    assert not evm.permissions.isPermittedAddress(token, evm.alice)
    with pytest.raises(Reverted, match="NotPkpOwner"):
        evm.permissions.addPermittedAction(token, ACTION, [1], sender=evm.alice)
    evm.permissions.addPermittedAction(token, ACTION, [1], sender=evm.bob)


def test_only_the_contracts_owner_sets_the_price_and_collects_it(evm: Evm) -> None:
    evm.mint(evm.alice)
    for attack in (lambda: evm.nft.withdraw(sender=evm.eve), lambda: evm.nft.setMintCost(0, sender=evm.eve)):
        with pytest.raises(Reverted, match="OwnableUnauthorizedAccount"):
            attack()
    (event,) = evm.nft.withdraw(sender=evm.deployer)
    assert (event.name, event.values) == ("Withdrew", {"amount": MINT_COST})
    assert evm.tester.get_balance(evm.nft.address) == 0
    evm.nft.setMintCost(3, sender=evm.deployer)
    assert evm.nft.mintCost() == 3


def test_the_token_describes_itself(evm: Evm) -> None:
    token = evm.mint(evm.alice)
    uri = evm.nft.tokenURI(token)
    described = json.loads(base64.b64decode(uri.removeprefix("data:application/json;base64,")))
    values = {attribute["trait_type"]: attribute["value"] for attribute in described["attributes"]}
    assert described["name"] == f"PKP 0x{token:064x}"
    assert values["Public key"] == "0x" + evm.nft.getPubkey(token).hex()
    assert values["Ethereum address"] == eth_address(evm.nft.getPubkey(token))


def test_tokens_are_listed_with_keys_and_addresses_page_by_page(evm: Evm) -> None:
    tokens = [evm.mint(evm.alice) for _ in range(3)]
    infos = evm.nft.getPkpInfoFromTokenIds(tokens)
    assert [info[0] for info in infos] == tokens
    assert evm.nft.getPkpInfoFromOwnerAddress(evm.alice, 2, 0) == infos[:2]
    assert evm.nft.getPkpInfoFromOwnerAddress(evm.alice, 2, 1) == infos[2:]
    assert evm.nft.getPkpInfoFromOwnerAddress(evm.alice, 2, 2) == ()
    assert evm.nft.getPkpInfoFromEthAddresses([infos[1][2]]) == infos[1:2]


def test_the_token_speaks_erc721_enumerable_metadata_and_165(evm: Evm) -> None:
    for interface in ("01ffc9a7", "80ac58cd", "780e9d63", "5b5e139f"):
        assert evm.nft.supportsInterface(bytes.fromhex(interface))
    assert not evm.nft.supportsInterface(bytes.fromhex("ffffffff"))
    assert (evm.nft.symbol(), evm.nft.getNextDerivedKeyId()) == ("PKP", bytes(32))
