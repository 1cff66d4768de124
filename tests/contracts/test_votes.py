"""A key exists when more than two thirds of the nodes voted for the same tuple."""

from __future__ import annotations

import pytest
from eth_utils.crypto import keccak
from tests.contracts.evm import (
    BLS,
    BLS_FIELD,
    ECDSA,
    ENCRYPTION,
    MINT_COST,
    PKP,
    ROOT,
    SCHEMES,
    SESSION,
    Evm,
    Reverted,
    bls_key_vote,
    key_vote,
)

from votive.chain.token import eth_address, token_id

KEY = key_vote("a key")
TOKEN = token_id(KEY[0])


def test_a_key_is_registered_by_the_deciding_vote_and_not_before(evm: Evm) -> None:
    header = evm.header()
    for seat in (1, 2):
        assert [event.name for event in evm.vote(seat, header, [KEY])] == ["KeyVoted"]
        assert not evm.router.isRouted(TOKEN)
    names = [event.name for event in evm.vote(3, header, [KEY])]
    assert names == ["KeyVoted", "KeyRegistered", "PubkeyRoutingDataSet"]
    assert evm.router.isRouted(TOKEN)
    assert evm.router.votesFor(evm.router.tupleHash(header, KEY)) == 3


def test_a_registered_key_is_described_completely(evm: Evm) -> None:
    header = evm.header(batch=7)
    for seat in (1, 2, 3):
        evm.vote(seat, header, [KEY])
    public_key, verification_hash = KEY
    assert evm.router.getKeys([TOKEN, 5]) == (
        (True, True, public_key, verification_hash, header),
        (False, False, b"", bytes(32), (0, 0, bytes(32), 0, 0, bytes(32))),
    )
    assert evm.router.getBatch(1, 7, PKP) == header
    assert evm.router.getPubkey(TOKEN) == public_key
    assert evm.router.getRoutingData(TOKEN) == (public_key, ECDSA, bytes(32))
    assert evm.router.pubkeys(TOKEN) == (public_key, ECDSA, bytes(32))
    address = eth_address(public_key).lower()
    assert evm.router.getEthAddress(TOKEN) == evm.router.deriveEthAddressFromPubkey(public_key) == address
    assert evm.router.ethAddressToPkpId(address) == TOKEN == int.from_bytes(keccak(public_key), "big")


def test_the_slowest_node_votes_too_and_changes_nothing(evm: Evm) -> None:
    header = evm.header()
    for seat in (1, 2, 3):
        evm.vote(seat, header, [KEY])
    assert [event.name for event in evm.vote(4, header, [KEY])] == ["KeyVoted"]
    assert evm.router.getUnmintedRoutedTokenIdCount(ECDSA) == 1
    assert evm.router.hasVoted(evm.wallets[4], [TOKEN, 9]) == (True, False)
    assert evm.router.hasVoted(evm.eve, [TOKEN]) == (False,)


def test_a_batch_is_voted_in_as_many_transactions_as_needed(evm: Evm) -> None:
    keys = [key_vote(f"part {number}") for number in range(5)]
    header = evm.header()
    for seat in (1, 2, 3):
        evm.vote(seat, header, keys[:3])
        evm.vote(seat, header, keys[3:])
    assert evm.router.getUnmintedRoutedTokenIdCount(ECDSA) == 5


def test_a_node_votes_once_for_a_key(evm: Evm) -> None:
    header = evm.header()
    evm.vote(1, header, [KEY])
    with pytest.raises(Reverted, match="AlreadyVoted"):
        evm.vote(1, header, [KEY])
    with pytest.raises(Reverted, match="AlreadyVoted"):
        evm.vote(2, header, [KEY, KEY])


def test_a_node_never_votes_for_two_versions_of_a_key(evm: Evm) -> None:
    evm.vote(1, evm.header(batch=1), [KEY])
    with pytest.raises(Reverted, match="AlreadyVoted"):
        evm.vote(1, evm.header(batch=2), [(KEY[0], b"other shares".ljust(32))])


def test_a_node_never_votes_for_two_versions_of_a_batch(evm: Evm) -> None:
    evm.vote(1, evm.header(deadline=500), [KEY])
    for other in (evm.header(deadline=501), evm.header(deadline=500, transcript=b"o" * 32)):
        with pytest.raises(Reverted, match="EquivocatingVote"):
            evm.vote(1, other, [key_vote("another key")])


@pytest.mark.parametrize("changed", ["verification", "transcript", "deadline", "batch", "purpose"])
def test_only_equal_tuples_add_up(evm: Evm, changed: str) -> None:
    same = {"deadline": 500}
    differing = {"verification": {}, "transcript": {"transcript": b"o" * 32}, "deadline": {"deadline": 501}, "batch": {"batch": 2}}
    differing["purpose"] = {"purpose": ROOT}
    for seat in (1, 2):
        evm.vote(seat, evm.header(**same), [KEY])
    other_key = (KEY[0], b"v" * 32) if changed == "verification" else KEY
    evm.vote(3, evm.header(**{**same, **differing[changed]}), [other_key])
    assert not evm.router.isRouted(TOKEN)
    evm.vote(4, evm.header(**same), [KEY])
    assert evm.router.isRouted(TOKEN)


def test_votes_end_after_the_deadline_block(evm: Evm) -> None:
    header = evm.header(deadline=evm.block_number + 4)
    evm.vote(1, header, [KEY])
    evm.vote(2, header, [KEY])
    evm.mine(1)
    with evm.undone():
        evm.vote(3, header, [KEY])
        assert evm.router.isRouted(TOKEN)
    evm.mine(1)
    with pytest.raises(Reverted, match="DeadlinePassed"):
        evm.vote(3, header, [KEY])
    assert not evm.router.isRouted(TOKEN)


def test_two_versions_of_a_batch_never_both_count(evm: Evm) -> None:
    """Two traitors among four help each of the two honest nodes' versions: only one of them can get its three votes."""
    one, other = evm.header(), evm.header(transcript=b"o" * 32)
    other_key = key_vote("other version")
    evm.vote(1, one, [KEY])
    evm.vote(4, other, [other_key])
    for traitor in (2, 3):
        evm.vote(traitor, one, [KEY])
        with pytest.raises(Reverted, match="EquivocatingVote"):
            evm.vote(traitor, other, [other_key])
    assert evm.router.isRouted(TOKEN)
    assert not evm.router.isRouted(token_id(other_key[0]))
    assert evm.router.getBatch(1, 1, PKP) == one


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"epoch": 2}, "WrongEpoch"),
        ({"batch": 0}, "InvalidBatchNumber"),
        ({"purpose": bytes(32)}, "UnknownPurpose"),
        ({"purpose": b"pkp-bls".ljust(32, b"\0"), "scheme": BLS}, "UnknownPurpose"),
        ({"purpose": b"pkp-ecdsa-2".ljust(32, b"\0")}, "UnknownPurpose"),
        ({"purpose": b"encryption-ecdsa".ljust(32, b"\0")}, "UnknownPurpose"),
        ({"deadline": 0}, "DeadlinePassed"),
    ],
)
def test_a_senseless_header_is_refused(evm: Evm, fields: dict[str, object], error: str) -> None:
    with pytest.raises(Reverted, match=error):
        evm.vote(1, evm.header(**fields), [KEY])  # type: ignore[arg-type]


def test_an_empty_vote_is_refused(evm: Evm) -> None:
    with pytest.raises(Reverted, match="EmptyVote"):
        evm.vote(1, evm.header(), [])


def _malformed_keys() -> list[bytes]:
    good, field = KEY[0], 2**256 - 2**32 - 977
    return [
        good[:-1],
        good + b"\0",
        b"",
        b"\x02" + good[1:],
        good[:64] + bytes([good[64] ^ 1]),
        b"\x04" + bytes(64),
        b"\x04" + field.to_bytes(32, "big") + good[33:],
        b"\x04" + good[1:33] + (2**256 - 1).to_bytes(32, "big"),
    ]


@pytest.mark.parametrize("public_key", _malformed_keys())
def test_what_is_no_point_of_the_curve_is_no_key(evm: Evm, public_key: bytes) -> None:
    with pytest.raises(Reverted, match="NotAPublicKey"):
        evm.vote(1, evm.header(), [(public_key, KEY[1])])
    with pytest.raises(Reverted, match="NotAPublicKey"):
        evm.router.deriveEthAddressFromPubkey(public_key)


def test_only_nodes_vote(evm: Evm) -> None:
    for stranger in (evm.eve, evm.deployer):
        with pytest.raises(Reverted, match="NotANode"):
            evm.router.voteForKeys(evm.header(), [KEY], sender=stranger)


def test_a_root_key_is_registered_and_never_minted(evm: Evm) -> None:
    (token,) = evm.register(purpose=ROOT)
    (registered,) = evm.router.getKeys([token])
    assert registered[0]
    assert not registered[1]
    assert not evm.router.isRouted(token)
    assert evm.router.getPubkey(token) == b""
    assert int(evm.router.getEthAddress(token), 16) == 0
    assert evm.router.getUnmintedRoutedTokenIdCount(ECDSA) == 0
    with pytest.raises(Reverted, match="NoUnmintedKey"):
        evm.nft.mintNext(ECDSA, sender=evm.alice, value=MINT_COST)


def test_a_key_never_gets_a_second_purpose(evm: Evm) -> None:
    for seat in (1, 2, 3):
        evm.vote(seat, evm.header(purpose=ROOT), [KEY])
    with pytest.raises(Reverted, match="AlreadyVoted"):
        evm.vote(1, evm.header(), [KEY])


def test_the_next_batch_follows_the_highest_that_has_a_key(evm: Evm) -> None:
    assert evm.router.nextBatch(1, PKP) == 1
    evm.vote(1, evm.header(batch=900), [key_vote("a traitor's number")])
    assert evm.router.nextBatch(1, PKP) == 1
    for seat in (2, 3, 4):
        evm.vote(seat, evm.header(batch=3), [KEY])
    assert evm.router.nextBatch(1, PKP) == 4
    assert evm.router.nextBatch(1, ROOT) == 1
    assert evm.router.nextBatch(2, PKP) == 1


def test_only_the_token_contract_takes_keys(evm: Evm) -> None:
    evm.register()
    for stranger in (evm.eve, evm.deployer, evm.wallets[1]):
        with pytest.raises(Reverted, match="OnlyPkpNft"):
            evm.router.takeNext(ECDSA, sender=stranger)


# The network's own keys.


def _vote_all(evm: Evm, header: tuple[object, ...], key: tuple[bytes, bytes]) -> None:
    for seat in (1, 2, 3):
        evm.vote(seat, header, [key])


@pytest.mark.parametrize("purpose", [ENCRYPTION, SESSION])
def test_a_bls_key_is_registered_and_never_minted_nor_routed(evm: Evm, purpose: bytes) -> None:
    public_key, verification_hash = key = bls_key_vote("network key")
    header = evm.header(purpose=purpose)
    for seat in (1, 2):
        evm.vote(seat, header, [key])
    assert evm.router.getKeysOfPurpose(purpose) == ()
    assert [event.name for event in evm.vote(3, header, [key])] == ["KeyVoted", "KeyRegistered"]
    token = int.from_bytes(keccak(public_key))
    assert token_id(public_key) == token
    assert evm.router.getKeysOfPurpose(purpose) == (token,)
    assert evm.router.getKeys([token]) == ((True, False, public_key, verification_hash, header),)
    assert not evm.router.isRouted(token)
    assert evm.router.getPubkey(token) == b""
    assert evm.router.getRoutingData(token) == (b"", 0, bytes(32))
    assert int(evm.router.getEthAddress(token), 16) == 0
    for key_type in (BLS, ECDSA):
        assert evm.router.getUnmintedRoutedTokenIdCount(key_type) == 0
        with pytest.raises(Reverted, match="NoUnmintedKey"):
            evm.nft.mintNext(key_type, sender=evm.alice, value=MINT_COST)
    assert not evm.nft.exists(token)


def test_the_networks_own_keys_are_listed_by_purpose_the_oldest_first(evm: Evm) -> None:
    encryption = [evm.register(purpose=ENCRYPTION)[0] for _ in range(2)]
    session, root, minted = evm.register(purpose=SESSION), evm.register(purpose=ROOT), evm.register(purpose=PKP)
    assert evm.router.getKeysOfPurpose(ENCRYPTION) == tuple(encryption)
    assert evm.router.getKeysOfPurpose(SESSION) == tuple(session)
    assert evm.router.getKeysOfPurpose(ROOT) == tuple(root)
    assert evm.router.isRouted(minted[0])
    assert evm.router.getKeysOfPurpose(PKP) == evm.router.getKeysOfPurpose(b"other".ljust(32, b"\0")) == ()


@pytest.mark.parametrize("purpose", SCHEMES)
@pytest.mark.parametrize("scheme", [0, 1, 2, 3, 2**255])
def test_a_purpose_has_one_scheme(evm: Evm, purpose: bytes, scheme: int) -> None:
    key = bls_key_vote("a key") if scheme == BLS else KEY
    if scheme == SCHEMES[purpose]:
        _vote_all(evm, evm.header(purpose=purpose, scheme=scheme), key)
        assert evm.router.getKeys([int.from_bytes(keccak(key[0]))])[0][0]
        return
    with pytest.raises(Reverted, match="WrongScheme"):
        evm.vote(1, evm.header(purpose=purpose, scheme=scheme), [key])


@pytest.mark.parametrize("purpose", SCHEMES)
def test_a_key_of_another_scheme_is_no_key(evm: Evm, purpose: bytes) -> None:
    of_the_other = KEY if SCHEMES[purpose] == BLS else bls_key_vote("a key")
    with pytest.raises(Reverted, match="NotAPublicKey"):
        evm.vote(1, evm.header(purpose=purpose), [of_the_other])


def test_a_bls_key_never_serves_both_of_the_networks_purposes(evm: Evm) -> None:
    key = bls_key_vote("one key")
    _vote_all(evm, evm.header(purpose=ENCRYPTION), key)
    for seat in (1, 2, 3):
        with pytest.raises(Reverted, match="AlreadyVoted"):
            evm.vote(seat, evm.header(purpose=SESSION), [key])
    evm.vote(4, evm.header(purpose=SESSION), [key])
    assert evm.router.getKeysOfPurpose(SESSION) == ()


def _g1(flags: int, x: int) -> bytes:
    return (flags << 381 | x).to_bytes(48)


COMPRESSED, INFINITY, SIGN = 4, 2, 1


@pytest.mark.parametrize(
    "public_key",
    [
        _g1(COMPRESSED | SIGN, 5),
        _g1(COMPRESSED, BLS_FIELD - 1),
        _g1(COMPRESSED | SIGN, BLS_FIELD - 1),
        bls_key_vote("any")[0],
    ],
)
def test_a_compressed_key_comes_out_as_it_went_in(evm: Evm, public_key: bytes) -> None:
    _vote_all(evm, evm.header(purpose=SESSION), (public_key, KEY[1]))
    (token,) = evm.router.getKeysOfPurpose(SESSION)
    assert evm.router.getKeys([token])[0][2] == public_key


@pytest.mark.parametrize(
    "public_key",
    [
        b"",
        _g1(COMPRESSED, 5)[:-1],
        _g1(COMPRESSED, 5) + b"\0",
        _g1(COMPRESSED, 5) + bytes(48),
        _g1(0, 5),
        _g1(SIGN, 5),
        _g1(INFINITY, 0),
        _g1(COMPRESSED | INFINITY, 0),
        _g1(COMPRESSED | INFINITY, 5),
        _g1(COMPRESSED | INFINITY | SIGN, 0),
        _g1(COMPRESSED, BLS_FIELD),
        _g1(COMPRESSED, BLS_FIELD + 1),
        _g1(COMPRESSED | SIGN, BLS_FIELD + (1 << 128)),
        _g1(COMPRESSED, (1 << 381) - 1),
    ],
)
def test_what_has_other_flags_or_an_x_beyond_the_field_is_no_key(evm: Evm, public_key: bytes) -> None:
    with pytest.raises(Reverted, match="NotAPublicKey"):
        evm.vote(1, evm.header(purpose=ENCRYPTION), [(public_key, KEY[1])])
