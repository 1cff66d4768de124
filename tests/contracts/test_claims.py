"""Claiming derived keys: who may, once, and what comes of it; one section for each way to cheat."""

from __future__ import annotations

import hashlib
import itertools

import pytest
from eth_utils.crypto import keccak
from tests.contracts.claims import KEY_ID, OTHER_ID, child, mirrored, register_roots, signature, signatures, signed
from tests.contracts.evm import BLS, ECDSA, MINT_COST, PKP, ROOT, Evm, Reverted, multihash

from votive.chain.token import eth_address, token_id
from votive.terms.claim import ANYONE, claim_digest

DATIL = "claimAndMint(uint256,bytes32,(bytes32,bytes32,uint8)[])"
WITH_STAKING = "claimAndMint(uint256,bytes32,(bytes32,bytes32,uint8)[],address)"
NAGA = "claimAndMint(uint256,uint256,string,bytes32,(bytes32,bytes32,uint8)[],address)"
HELPER = "claimAndMintNextAndAddAuthMethods"
WITH_TYPES = "claimAndMintNextAndAddAuthMethodsWithTypes"
NOBODY = "0x" + "00" * 20
ACTION = multihash("an action")


def claim(evm: Evm, made: list[tuple[bytes, bytes, int]], sender: str, derived_key_id: bytes = KEY_ID, value: int = MINT_COST) -> list:
    return evm.nft[DATIL](ECDSA, derived_key_id, made, sender=sender, value=value)


def method_data(*, permit_itself: bool = False, send_to_itself: bool = False, key_type: int = ECDSA) -> tuple[object, ...]:
    actions, addresses, methods = ([ACTION], [[1]]), ([NOBODY[:-1] + "9"], [[1, 2]]), ([6], [b"google"], [b""], [[2]])
    return (key_type, *actions, *addresses, *methods, permit_itself, send_to_itself)


@pytest.fixture
def rooted(evm: Evm) -> Evm:
    register_roots(evm)
    return evm


# What a claim does.


def test_a_claimed_key_is_the_one_that_the_roots_give(rooted: Evm) -> None:
    public_key = child(rooted, KEY_ID)
    token = token_id(public_key)
    assert rooted.router.getDerivedPubkey(rooted.staking.address, KEY_ID) == public_key
    assert not rooted.router.isRouted(token)
    claim(rooted, signatures(rooted, (1, 2, 3), minter=rooted.alice), rooted.alice)
    assert rooted.nft.ownerOfOrZero(token) == rooted.alice.lower()
    assert rooted.router.isRouted(token)
    assert rooted.router.getRoutingData(token) == rooted.router.pubkeys(token) == (public_key, ECDSA, KEY_ID)
    assert rooted.nft.getPubkey(token) == rooted.router.getPubkey(token) == public_key
    address = eth_address(public_key).lower()
    assert rooted.nft.getEthAddress(token) == rooted.router.getEthAddress(token) == address
    assert rooted.router.ethAddressToPkpId(address) == token
    assert rooted.nft.getPkpInfoFromEthAddresses([address]) == ((token, public_key, address),)
    assert rooted.router.getDerivedPubkey(rooted.staking.address, KEY_ID) == public_key


def test_a_claimed_key_is_no_generated_one(rooted: Evm) -> None:
    generated = rooted.mint(rooted.bob)
    token = claim(rooted, signatures(rooted, (1, 2, 3)), rooted.alice)[1].values["tokenId"]
    assert [key[0] for key in rooted.router.getKeys([generated, token])] == [True, False]
    assert rooted.router.getRoutingData(generated)[2] == bytes(32)
    assert rooted.router.getUnmintedRoutedTokenIdCount(ECDSA) == 0
    assert rooted.nft.getNextDerivedKeyId() == bytes(32)


def test_its_permissions_are_those_of_any_token(rooted: Evm) -> None:
    token = claim(rooted, signatures(rooted, (1, 2, 3)), rooted.alice)[1].values["tokenId"]
    with pytest.raises(Reverted, match="NotPkpOwner"):
        rooted.permissions.addPermittedAction(token, ACTION, [1], sender=rooted.eve)
    rooted.permissions.addPermittedAction(token, ACTION, [1], sender=rooted.alice)
    rooted.nft.transferFrom(rooted.alice, rooted.bob, token, sender=rooted.alice)
    assert rooted.permissions.isPermittedAddress(token, rooted.bob)
    assert rooted.permissions.permission(token, 2, ACTION) == (True, 1 << 1)


def claims(evm: Evm) -> dict[str, list]:
    """The key of each way's name, claimed by alice in that way."""
    staking, sent = evm.staking.address, {"sender": evm.alice, "value": MINT_COST}
    granted = {way: signatures(evm, (1, 2, 3), keccak(text=way), evm.alice) for way in ("datil", "staking", "naga", HELPER, WITH_TYPES)}
    material = {way: (ECDSA, keccak(text=way), granted[way]) for way in granted}
    return {
        "datil": evm.nft[DATIL](*material["datil"], **sent),
        "staking": evm.nft[WITH_STAKING](*material["staking"], staking, **sent),
        "naga": evm.nft[NAGA](1, ECDSA, "naga-keyset1", *material["naga"][1:], staking, **sent),
        HELPER: getattr(evm.helper, HELPER)(material[HELPER], method_data(), **sent),
        WITH_TYPES: getattr(evm.helper, WITH_TYPES)(material[WITH_TYPES], method_data(permit_itself=True), **sent),
    }


def test_the_logs_of_every_claim_are_in_the_order_in_which_lits_sdk_reads_them(rooted: Evm) -> None:
    for way, events in claims(rooted).items():
        public_key = child(rooted, keccak(text=way))
        token, of_staking = token_id(public_key), rooted.staking.address.lower()
        routed = {"tokenId": token, "pubkey": public_key, "stakingContract": of_staking, "keyType": ECDSA, "derivedKeyId": keccak(text=way)}
        assert [event.name for event in events[:3]] == ["PubkeyRoutingDataSet", "PKPMinted", "Transfer"], way
        assert [event.address for event in events[:3]] == [rooted.router.address, rooted.nft.address, rooted.nft.address]
        assert events[0].values == routed
        assert events[1].values == {"tokenId": token, "pubkey": public_key}
        assert rooted.nft.ownerOfOrZero(token) == rooted.alice.lower()


def test_the_helper_permits_what_it_is_told_and_keeps_nothing(rooted: Evm) -> None:
    for itself in (False, True):
        key = keccak(text=f"helper {itself}")
        material = (ECDSA, key, signatures(rooted, (2, 3, 4), key, rooted.alice))
        data = method_data(permit_itself=itself, send_to_itself=itself)
        token = getattr(rooted.helper, HELPER)(material, data, sender=rooted.alice, value=MINT_COST)[1].values["tokenId"]
        address = rooted.nft.getEthAddress(token)
        assert rooted.nft.ownerOfOrZero(token) == (address if itself else rooted.alice.lower())
        assert rooted.permissions.permission(token, 2, ACTION) == (True, 1 << 1)
        assert rooted.permissions.permission(token, 6, b"google") == (True, 1 << 2)
        assert rooted.permissions.permission(token, 1, bytes(19) + b"\x09") == (True, 1 << 1 | 1 << 2)
        assert rooted.permissions.permission(token, 1, bytes.fromhex(address[2:]))[0] == itself
        assert rooted.nft.balanceOf(rooted.helper.address) == rooted.tester.get_balance(rooted.helper.address) == 0


def test_the_order_of_signatures_is_free(rooted: Evm) -> None:
    made = signatures(rooted, (1, 2, 3))
    for order in itertools.permutations(made):
        assert rooted.router.checkNodeSignatures(list(order), KEY_ID, rooted.staking.address)
    claim(rooted, made[::-1], rooted.bob)


@pytest.mark.parametrize("value", [0, MINT_COST - 1, MINT_COST + 1])
def test_the_price_of_a_claim_is_exact(rooted: Evm, value: int) -> None:
    made = signatures(rooted, (1, 2, 3))
    with pytest.raises(Reverted, match="WrongMintCost"):
        claim(rooted, made, rooted.alice, value=value)
    with pytest.raises(Reverted, match="WrongMintCost"):
        getattr(rooted.helper, HELPER)((ECDSA, KEY_ID, made), method_data(), sender=rooted.alice, value=value)


# Too few signatures, or one node several times.


@pytest.mark.parametrize(("nodes", "threshold"), [(4, 3), (5, 4), (7, 5), (10, 7)])
def test_more_than_two_thirds_of_the_nodes_grant_a_claim(nodes: int, threshold: int) -> None:
    evm = Evm(seats=range(1, nodes + 1))
    for count in range(nodes + 1):
        made = signatures(evm, range(1, count + 1))
        assert evm.router.checkNodeSignatures(made, KEY_ID, evm.staking.address) == (count >= threshold)


def test_one_node_counts_once_whatever_it_signs(rooted: Evm) -> None:
    one, two = signatures(rooted, (1, 2))
    again = signed(
        hashlib.sha256(b"node 1").digest(), claim_digest(KEY_ID, minter=ANYONE, chain_id=rooted.chain_id, router=rooted.router.address)
    )
    for made in ([one] * 3, [one, two, one], [one, two, mirrored(one)], [one, mirrored(one), two, mirrored(two)], [one, two, again]):
        assert not rooted.router.checkNodeSignatures(made, KEY_ID, rooted.staking.address)
        with pytest.raises(Reverted, match="ClaimNotGranted"):
            claim(rooted, made, rooted.alice)


def test_rubbish_among_the_signatures_spoils_no_claim_and_counts_for_none(rooted: Evm) -> None:
    one, two, three = signatures(rooted, (1, 2, 3))
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    strange = signature(rooted, 99)
    rubbish = [(bytes(32), bytes(32), 27), (one[0], one[1], 0), (*one[:2], 1), (*one[:2], 29), (order.to_bytes(32), one[1], 28), strange]
    for bad in [*rubbish, signature(rooted, 3, OTHER_ID)]:
        assert not rooted.router.checkNodeSignatures([one, bad, two], KEY_ID, rooted.staking.address)
        with pytest.raises(Reverted, match="ClaimNotGranted"):
            claim(rooted, [one, bad, two], rooted.alice)
    assert rooted.router.checkNodeSignatures([one, *rubbish, two, two, three], KEY_ID, rooted.staking.address)
    claim(rooted, [*rubbish, mirrored(one), two, three], rooted.alice)


def test_signatures_for_the_minter_and_for_anyone_do_not_add_up(rooted: Evm) -> None:
    mixed = [*signatures(rooted, (1, 2)), *signatures(rooted, (3, 4), minter=rooted.alice)]
    with pytest.raises(Reverted, match="ClaimNotGranted"):
        claim(rooted, mixed, rooted.alice)


# Signatures of another committee, network, contract, or thing.


def test_another_committees_signatures_grant_nothing() -> None:
    """Nodes that left have no seat; of those that stayed there are too few."""
    now = Evm(seats=(3, 4, 5, 6))
    former = signatures(now, (1, 2, 3, 4))
    assert not now.router.checkNodeSignatures(former, KEY_ID, now.staking.address)
    assert now.router.checkNodeSignatures([*former, signature(now, 5)], KEY_ID, now.staking.address)


def test_another_networks_signatures_grant_nothing(rooted: Evm) -> None:
    """The same wallets, the same id: of another register, and of another chain."""
    elsewhere = [signature(rooted, seat, router=rooted.nft.address) for seat in (1, 2, 3)]
    digest = claim_digest(KEY_ID, minter=rooted.alice, chain_id=rooted.chain_id + 1, router=rooted.router.address)
    other_chain = [signed(hashlib.sha256(b"node %d" % seat).digest(), digest) for seat in (1, 2, 3)]
    bare = [signed(hashlib.sha256(b"node %d" % seat).digest(), KEY_ID) for seat in (1, 2, 3)]
    personal = keccak(b"\x19Ethereum Signed Message:\n32" + KEY_ID)
    as_lits_nodes = [signed(hashlib.sha256(b"node %d" % seat).digest(), personal) for seat in (1, 2, 3)]
    for made in (elsewhere, other_chain, bare, as_lits_nodes):
        with pytest.raises(Reverted, match="ClaimNotGranted"):
            claim(rooted, made, rooted.alice)


def test_a_message_is_an_id_alone_or_with_its_minter(rooted: Evm) -> None:
    named, staking = signatures(rooted, (1, 2, 3), minter=rooted.alice), rooted.staking.address
    message = KEY_ID + bytes.fromhex(rooted.alice[2:])
    assert rooted.router.checkNodeSignatures(named, message, staking)
    for wrong in (KEY_ID, message[:-1], message + b"\0", b"", KEY_ID + bytes(20), OTHER_ID + message[32:]):
        assert not rooted.router.checkNodeSignatures(named, wrong, staking)
    assert not rooted.router.checkNodeSignatures(named, message, rooted.eve)
    assert not rooted.router.checkNodeSignatures([], message, staking)


def test_the_register_says_what_its_nodes_sign(rooted: Evm) -> None:
    fields, name, version, chain_id, contract, salt, extensions = rooted.router.eip712Domain()
    assert (fields, name, version, salt, extensions) == (b"\x0f", "Votive", "1", bytes(32), ())
    assert (chain_id, contract) == (rooted.chain_id, rooted.router.address.lower())


# Another minter than the one who proved to bear the name.


def test_who_sees_the_signatures_first_gains_nothing(rooted: Evm) -> None:
    made = signatures(rooted, (1, 2, 3, 4), minter=rooted.alice)
    for front_runner in (rooted.mallory, rooted.deployer, rooted.wallets[1]):
        with pytest.raises(Reverted, match="ClaimNotGranted"):
            claim(rooted, made, front_runner)
        for way in (HELPER, WITH_TYPES):
            with pytest.raises(Reverted, match="ClaimNotGranted"):
                getattr(rooted.helper, way)((ECDSA, KEY_ID, made), method_data(), sender=front_runner, value=MINT_COST)
        with pytest.raises(Reverted, match="OnlyPkpHelper"):
            rooted.nft.claimAndMintFor(rooted.alice, ECDSA, KEY_ID, made, sender=front_runner, value=MINT_COST)
        with pytest.raises(Reverted, match="OnlyPkpNft"):
            rooted.router.claim(KEY_ID, rooted.alice, made, sender=front_runner)
    claim(rooted, made, rooted.alice)


def test_signatures_that_name_the_helper_are_nobodys(rooted: Evm) -> None:
    made = signatures(rooted, (1, 2, 3), minter=rooted.helper.address)
    with pytest.raises(Reverted, match="ClaimNotGranted"):
        getattr(rooted.helper, HELPER)((ECDSA, KEY_ID, made), method_data(), sender=rooted.alice, value=MINT_COST)


def test_signatures_that_name_nobody_are_anybodys(rooted: Evm) -> None:
    claim(rooted, signatures(rooted, (1, 2, 3)), rooted.mallory)
    assert rooted.nft.ownerOfOrZero(token_id(child(rooted, KEY_ID))) == rooted.mallory.lower()


# Once for ever.


def test_a_key_is_claimed_once_also_after_its_token_was_burned(rooted: Evm) -> None:
    made = signatures(rooted, (1, 2, 3, 4), minter=rooted.alice)
    token = claim(rooted, made, rooted.alice)[1].values["tokenId"]
    again = [signatures(rooted, (1, 2, 3), minter=rooted.alice), signatures(rooted, (2, 3, 4))]
    for _ in ("minted", "burned"):
        for each in (made, *again):
            with pytest.raises(Reverted, match="AlreadyClaimed"):
                claim(rooted, each, rooted.alice)
        if rooted.nft.exists(token):
            rooted.permissions.addPermittedAction(token, ACTION, [1], sender=rooted.alice)
            rooted.nft.burn(token, sender=rooted.alice)
    assert rooted.router.getRoutingData(token)[2] == KEY_ID
    assert rooted.permissions.isPermittedAction(token, ACTION)


def test_a_claimed_key_is_never_registered_as_a_generated_one(rooted: Evm) -> None:
    """More than two thirds of the nodes would have to lie; the register refuses them too."""
    public_key = child(rooted, KEY_ID)
    claim(rooted, signatures(rooted, (1, 2, 3)), rooted.alice)
    for purpose in (PKP, ROOT):
        header = rooted.header(batch=900, purpose=purpose)
        with rooted.undone():
            for seat in (1, 2):
                rooted.vote(seat, header, [(public_key, bytes(32))])
            with pytest.raises(Reverted, match="KeyAlreadyRegistered"):
                rooted.vote(3, header, [(public_key, bytes(32))])


def test_a_registered_key_is_never_claimed(rooted: Evm) -> None:
    public_key = child(rooted, KEY_ID)
    for seat in (1, 2, 3):
        rooted.vote(seat, rooted.header(batch=900), [(public_key, bytes(32))])
    with pytest.raises(Reverted, match="KeyAlreadyRegistered"):
        claim(rooted, signatures(rooted, (1, 2, 3)), rooted.alice)


# Root keys.


def test_ten_roots_or_none(evm: Evm) -> None:
    staking, made = evm.staking.address, signatures(evm, (1, 2, 3))
    for count in (0, 9):
        if count:
            register_roots(evm, count)
        assert evm.router.getRootKeys(staking) == ()
        with pytest.raises(Reverted, match="RootKeysMissing"):
            claim(evm, made, evm.alice)
        with pytest.raises(Reverted, match="RootKeysMissing"):
            evm.router.getDerivedPubkey(staking, KEY_ID)
    register_roots(evm, 1)
    assert len(evm.router.getRootKeys(staking)) == evm.router.ROOT_KEYS() == 10
    claim(evm, made, evm.alice)


def test_the_first_ten_roots_count_and_later_ones_change_nothing(evm: Evm) -> None:
    tokens = [*register_roots(evm, 4), *register_roots(evm, 6)]
    roots, public_key = evm.router.getRootKeys(evm.staking.address), child(evm, KEY_ID)
    assert [token_id(root) for root, _ in roots] == tokens
    assert {key_type for _, key_type in roots} == {ECDSA}
    claim(evm, signatures(evm, (1, 2, 3)), evm.alice)
    register_roots(evm, 5)
    assert evm.router.getRootKeys(evm.staking.address) == roots
    assert evm.router.getDerivedPubkey(evm.staking.address, KEY_ID) == public_key == child(evm, KEY_ID)


def test_no_root_and_no_unclaimed_key_has_a_token(rooted: Evm) -> None:
    roots = list(rooted.router.getKeysOfPurpose(ROOT))
    for token in [*roots, token_id(child(rooted, OTHER_ID))]:
        assert not rooted.router.isRouted(token)
        assert rooted.router.getRoutingData(token) == (b"", 0, bytes(32))
        assert rooted.router.getPubkey(token) == b""
        assert not rooted.nft.exists(token)
        with pytest.raises(Reverted, match="NotPkpOwner"):
            rooted.permissions.addPermittedAddress(token, rooted.eve, [1], sender=rooted.eve)
    for token in roots:
        identity = token.to_bytes(32)
        claimed = claim(rooted, signatures(rooted, (1, 2, 3), identity), rooted.eve, identity)[1].values["tokenId"]
        assert claimed not in roots


# Arguments that make no sense.


def test_what_names_another_network_or_scheme_is_refused(rooted: Evm) -> None:
    made, staking, sent = signatures(rooted, (1, 2, 3)), rooted.staking.address, {"sender": rooted.alice, "value": MINT_COST}
    for key_type in (0, BLS, 3):
        with pytest.raises(Reverted, match="UnsupportedKeyType"):
            rooted.nft[DATIL](key_type, KEY_ID, made, **sent)
    with pytest.raises(Reverted, match="UnknownStaking"):
        rooted.nft[WITH_STAKING](ECDSA, KEY_ID, made, rooted.eve, **sent)
    with pytest.raises(Reverted, match="UnknownStaking"):
        rooted.nft[NAGA](1, ECDSA, "naga-keyset1", KEY_ID, made, rooted.eve, **sent)
    with pytest.raises(Reverted, match="UnknownKeySet"):
        rooted.nft[NAGA](1, ECDSA, "another", KEY_ID, made, staking, **sent)
    with pytest.raises(Reverted, match="UnknownRealm"):
        rooted.nft[NAGA](2, ECDSA, "naga-keyset1", KEY_ID, made, staking, **sent)
    with pytest.raises(Reverted, match="KeyTypesDiffer"):
        getattr(rooted.helper, HELPER)((ECDSA, KEY_ID, made), method_data(key_type=BLS), **sent)
    for view in (lambda: rooted.router.getRootKeys(rooted.eve), lambda: rooted.router.getDerivedPubkey(rooted.eve, KEY_ID)):
        with pytest.raises(Reverted, match="UnknownStaking"):
            view()


def test_the_id_that_marks_generated_keys_is_no_derived_keys(rooted: Evm) -> None:
    with pytest.raises(Reverted, match="NotDerivable"):
        claim(rooted, signatures(rooted, (1, 2, 3), bytes(32)), rooted.alice, bytes(32))
    with pytest.raises(Reverted, match="NotDerivable"):
        rooted.router.getDerivedPubkey(rooted.staking.address, bytes(32))


# What it costs.


def test_a_claim_fits_into_a_block_many_times(rooted: Evm) -> None:
    """The figures are in docs/decisions/0019; the bound is what a client may rely on when it sets a limit."""
    for place in range(5):
        key = keccak(text=f"cost {place}")
        claim(rooted, signatures(rooted, (1, 2, 3), key, rooted.alice), rooted.alice, key)
        assert rooted.gas_used < 1_500_000
        public_key = child(rooted, key)
        assert rooted.nft.ownerOfOrZero(token_id(public_key)) == rooted.alice.lower()
