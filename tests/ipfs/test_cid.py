from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from votive.ipfs import Cid, Codec, InvalidCid, Profile, blocks_of, cid_of, cid_of_multihash, multihash_of
from votive.ipfs.layout import CHUNK_BYTES, MAX_CHILDREN
from votive.terms.errors import ErrorCode
from votive.terms.multibase import from_base32, from_base58, to_base32, to_base58

# Made with npm ipfs-unixfs-importer 17.1.1 (unixfs-v0-2015; CIDv1 with raw leaves). See ORIGIN.md.
VECTORS = {
    b"": ("QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH", "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"),
    b"hello world": ("Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD", "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"),
    b"hello world\n": ("QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o", "bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4"),
}
MOD251_VECTORS = {
    1: ("QmS9JArPwa55ePgDnyg6TzX24mYTS1b1vLqWNebyVotKxQ", "bafkreidogqfzz75tpkmjzjke425xqcrmpcib2p5tg44hnbirumdbpl5adu"),
    262143: ("QmRfm83kqBpGJbGxJg1en9hpwq8eNnP4E2Dj8K73F4m983", "bafkreiagptg6ztonoojy4wflk3wwusl5xt4vcy6uult4wa7oemsjtxhjsu"),
    262144: ("QmeqfRyS3vkku7n6krqC3DgGMex3x2sCpSeKMDmrG13QQq", "bafkreibruh455iawsviqslif5c7uurdcfdemh22mtnytyzvnzn75kpejxy"),
    262145: ("QmUSjGawaz4ptvREcMKSMJneWCa5j8dAz2wSAAvHtW2rnB", "bafybeiexg2oqkfnj56l7fcmawswqbijt5shq4b5rg6a546uwpkqqzwjioi"),
    524288: ("QmX9AxjaxS7HCFKUdcQRgNKmfEj9hhjTsE57CB5iPe8zus", "bafybeihjlsmgtdumwxouubhh32wpo5k73zuptoz5bcxxcx3tflxmhyct2a"),
    1000000: ("QmVUbzigHKQR2y8wSt2KwZp92AC9Utfms5nEUHwttK4Yq9", "bafybeibx62obrkybp46hx3ivh53q4rnptgkunpgtwiib5lfelfgt2ekihm"),
    45613056: ("QmXCym15aFeWjAWyPFaAgwVmkuKB7EBsV77Skt54KmxChF", "bafybeihpe5snhzneq7xs53nivmsopto5lrogo3wjynauqylqeym5a3irbm"),
    45613057: ("QmTedsTekQQkgACJXb1sPZSW8bLdS9LPMrT7L4YdjNRd4n", "bafybeib4y7ghw2rq7bracc4xwtxrbzo7cfvagdpte2tmrkgwl6dyard3cm"),
    50000000: ("QmV9QApct7BU8eP25omZT7dh2xBwQszrePo8uqtm2XfejT", "bafybeibj2bygcvu5axz7czp7mjl6ibmtt5d6y7ucxteyzhflcz4svt3yyq"),
}
HELLO = "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD"
HELLO_RAW = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"


@pytest.mark.parametrize("data", VECTORS)
def test_a_text_has_the_cid_that_ipfs_gives_it(data: bytes) -> None:
    assert (cid_of(data), cid_of(data, Profile.V1_RAW_LEAVES)) == VECTORS[data]


@pytest.mark.parametrize("length", MOD251_VECTORS)
def test_a_file_has_the_cid_that_ipfs_gives_it_whatever_its_size(length: int, mod251: Callable[[int], bytes]) -> None:
    data = mod251(length)
    assert (cid_of(data), cid_of(data, Profile.V1_RAW_LEAVES)) == MOD251_VECTORS[length]


@given(extra=st.integers(-2, 2), chunks=st.integers(0, 4), profile=st.sampled_from(Profile))
def test_blocks_come_children_first_and_the_root_last(extra: int, chunks: int, profile: Profile) -> None:
    data = b"v" * max(0, chunks * CHUNK_BYTES + extra)
    blocks = list(blocks_of(data, profile))
    assert all(block.cid.names(block.data) for block in blocks)
    assert str(blocks[-1].cid) == cid_of(data, profile)
    leaves = max(1, -(-len(data) // CHUNK_BYTES))
    assert len(blocks) == leaves + (leaves > 1)
    assert leaves < MAX_CHILDREN


@pytest.mark.parametrize("text", [HELLO, HELLO_RAW, *(cid for pair in MOD251_VECTORS.values() for cid in pair)])
def test_a_cid_read_and_written_is_the_same_text(text: str) -> None:
    assert str(Cid.parse(text)) == text
    assert Cid.from_bytes(Cid.parse(text).to_bytes()) == Cid.parse(text)


@given(digest=st.binary(min_size=32, max_size=32), codec=st.sampled_from(Codec), version=st.sampled_from([0, 1]))
def test_every_cid_survives_being_written(digest: bytes, codec: Codec, version: int) -> None:
    cid = Cid(version, codec if version else Codec.DAG_PB, digest)
    assert Cid.parse(str(cid)) == cid


def test_the_multihash_is_what_the_contracts_store() -> None:
    digest = hashlib.sha256(bytes.fromhex("0a110802120b") + b"hello world" + bytes.fromhex("180b")).digest()
    assert multihash_of(HELLO) == b"\x12\x20" + digest
    assert cid_of_multihash(multihash_of(HELLO)) == HELLO


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Qm",
        HELLO[:-1],
        HELLO + "1",
        HELLO[:-1] + "0",
        HELLO.lower(),
        " " + HELLO,
        HELLO + "\n",
        "1" + HELLO[1:],
        "z" + HELLO,
        HELLO_RAW.upper(),
        HELLO_RAW[:-1],
        HELLO_RAW + "a",
        HELLO_RAW[:-1] + "f",
        HELLO_RAW[:-1] + "1",
        HELLO_RAW + "=",
        "b",
        "b" + to_base32(b"\x01\x55\x00\x05hello"),
        "b" + to_base32(b"\x01\x71\x12\x20" + b"\0" * 32),
        "b" + to_base32(b"\x01\x55\x13\x20" + b"\0" * 32),
        "b" + to_base32(b"\x01\x55\x12\x10" + b"\0" * 16),
        "b" + to_base32(b"\x01\x55\x12\x20" + b"\0" * 33),
        "b" + to_base32(b"\x12\x20" + b"\0" * 32),
        "b" + to_base32(b"\x02\x55\x12\x20" + b"\0" * 32),
        "../../etc/passwd",
        "b" * 10_000,
        "Q" * 10_000,
        "Qmé" + "1" * 43,
    ],
)
def test_what_is_not_one_of_our_cids_is_refused(text: str) -> None:
    with pytest.raises(InvalidCid) as refusal:
        Cid.parse(text)
    assert (refusal.value.code, refusal.value.status) == (ErrorCode.BAD_INPUT, 400)
    assert len(refusal.value.message) < 400


@pytest.mark.parametrize("data", [b"", b"\x12\x20", b"\x12\x20" + b"\0" * 31, b"\x12\x20" + b"\0" * 33, b"\x00\x20" + b"\0" * 32])
def test_what_is_not_a_multihash_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidCid):
        cid_of_multihash(data)


@given(data=st.binary(max_size=40))
def test_bytes_survive_both_text_encodings(data: bytes) -> None:
    assert from_base58(to_base58(data)) == data
    assert from_base32(to_base32(data)) == data


@given(text=st.text("abcdefghijklmnopqrstuvwxyz234567", max_size=20))
def test_bytes_have_one_base32_text(text: str) -> None:
    try:
        data = from_base32(text)
    except ValueError:
        return
    assert to_base32(data) == text


def test_base58_is_bitcoins() -> None:
    assert to_base58(b"\0\0hello world") == "11StV1DL6CwTryKyV"
