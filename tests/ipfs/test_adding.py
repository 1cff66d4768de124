"""Directories: several files published at once, named by one CID."""

from __future__ import annotations

from pathlib import Path

import pytest

from votive.ipfs import BlockStore, Cid, Codec
from votive.ipfs.adding import SHARDING_BYTES, add
from votive.ipfs.dagpb import PbLink, encode_node, field_bytes, field_varint
from votive.ipfs.errors import BadBlock
from votive.ipfs.kubo import AddOptions, Part
from votive.ipfs.layout import Profile
from votive.ipfs.unixfs import Directory, decode_node, encode_directory
from votive.terms.errors import CallerError

SITE = {
    "index.html": b"<!doctype html>\n",
    "js/page.js": b"page();\n",
    "js/deep/er.js": b"",
    "js/-first.js": b"1",
    "é.txt": "é".encode(),
    "big": bytes(i % 251 for i in range(300_000)),
}
# The root, js, and js/deep, each with the size of all its blocks.
VECTORS = {
    Profile.V0: (
        ("QmdpGVeysREmNSCYCVSg4HxNUJR6Na21c3ZpaJWK7Mkfy7", 300594),
        ("Qmc89GQoD2ZzA5UoXSt5ciMvsQrSEpdBDBvygxTgRTzRUy", 232),
        ("QmZzosJmZPrpTKkEJryoR6MWFXXNmJsqBXbBiQF7hJVCHG", 57),
    ),
    Profile.V1_RAW_LEAVES: (
        ("bafybeifc45ptagt3ct6uibxzoifsrmamq4w3xoygwlyltgv33qygmmkm44", 300548),
        ("bafybeihph2dmwd7n5doycwda2y5isdaoi5pjspjewv5g5hszrkjacvdyxy", 218),
        ("bafybeihhloadpdhlmpr4a6kaz3yquu6bjoeydm52tu6iki267y3bah67z4", 53),
    ),
    Profile.V0_RAW_LEAVES: (
        ("QmQVbhyJEoaFuwAJhFeo1NQpYZ44jdGWMMtvpA8zdnsnUk", 300542),
        ("QmQB62xjDVsfjmk6tS8eoQPs2HwCSxKJMkM4tcVNbJ1vMJ", 216),
        ("Qmdump2FhmhZGw24xTNJPvqMtU9yPAEeqxvRSA9XE5Pv1C", 53),
    ),
    Profile.V1: (
        ("bafybeigaoonahvkg4pl4v6djtj6lsaddtlc7buvgz3sa5bf2pafmikng7u", 300614),
        ("bafybeidbwzolxqbmidwpdl4bnkkbq22usvcxwrkl4xwktvrfuhfeiaos34", 240),
        ("bafybeigf5dyu7mygrawc6fqtdh3zfpgmjotpqpl5t7h2yxtnqt77gwvxue", 59),
    ),
}
EMPTY_DIRECTORY = "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"


def options(profile: Profile = Profile.V0, *, wrap: bool = True, only_hash: bool = False) -> AddOptions:
    return AddOptions(profile=profile, only_hash=only_hash, wrap=wrap)


def parts(site: dict[str, bytes]) -> list[Part]:
    return [Part(tuple(name.split("/")), data) for name, data in site.items()]


@pytest.fixture
def store(tmp_path: Path) -> BlockStore:
    return BlockStore(tmp_path)


@pytest.mark.parametrize("profile", Profile)
def test_directories_get_the_cids_that_other_importers_give_them(store: BlockStore, profile: Profile) -> None:
    added = {line.name: (line.hash, int(line.size)) for line in add(store, parts(SITE), options(profile))}
    assert (added[""], added["js"], added["js/deep"]) == VECTORS[profile]
    assert list(added)[-1] == ""


def test_without_a_wrapper_each_outermost_directory_has_its_line(store: BlockStore) -> None:
    added = {line.name: line.hash for line in add(store, parts(SITE), options(wrap=False))}
    assert added.keys() == SITE.keys() | {"js", "js/deep"}
    assert added["js"] == VECTORS[Profile.V0][1][0]


def test_an_empty_directory_is_one_too(store: BlockStore) -> None:
    [inner, root] = add(store, [Part(("empty",), None)], options())
    assert (inner.name, inner.hash, inner.size) == ("empty", EMPTY_DIRECTORY, "4")
    assert root.name == ""


def test_a_directory_may_be_named_before_or_after_its_files(store: BlockStore) -> None:
    file = Part(("d", "f"), b"x")
    before, after = ([Part(("d",), None), file], [file, Part(("d",), None)])
    assert add(store, before, options())[-1] == add(store, after, options())[-1]


def test_a_file_without_a_name_is_called_by_its_cid(store: BlockStore) -> None:
    [file, root] = add(store, [Part((), b"x")], options())
    assert file.name == file.hash
    node = decode_node(store.get(Cid.parse(root.hash)) or b"")
    assert isinstance(node, Directory)
    assert node.entry(file.hash) == Cid.parse(file.hash)


@pytest.mark.parametrize(
    "clashing",
    [
        [Part(("a",), b"1"), Part(("a",), b"2")],
        [Part(("a",), b"1"), Part(("a", "b"), b"2")],
        [Part(("a", "b"), b"2"), Part(("a",), b"1")],
        [Part(("a",), b"1"), Part(("a",), None)],
    ],
)
def test_two_parts_of_one_path_are_refused(store: BlockStore, clashing: list[Part]) -> None:
    with pytest.raises(CallerError, match="'a'"):
        add(store, clashing, options())


def test_a_directory_that_kubo_would_shard_is_refused(store: BlockStore) -> None:
    many = [Part((f"{number:04}" + "n" * 240,), b"") for number in range(SHARDING_BYTES // (244 + 34) + 1)]
    with pytest.raises(CallerError, match="too many entries"):
        add(store, many, options(only_hash=True))
    assert add(store, many[:-1], options(only_hash=True))[-1].name == ""


def test_only_hash_stores_no_directory(store: BlockStore) -> None:
    assert add(store, parts(SITE), options(only_hash=True))[-1].hash == VECTORS[Profile.V0][0][0]
    assert Cid.parse(VECTORS[Profile.V0][0][0]) not in store


LEAF = Cid(1, Codec.RAW, b"\x07" * 32)


@pytest.mark.parametrize("names", [("",), (".",), ("..",), ("a/b",), ("a\0",), ("a", "a")])
def test_a_directory_with_a_name_that_is_none_or_twice_is_refused(names: tuple[str, ...]) -> None:
    block = encode_directory(Directory(tuple(PbLink(LEAF, name, 1) for name in names)))
    with pytest.raises(BadBlock, match="entr"):
        decode_node(block)


def test_a_directory_whose_name_is_no_text_is_refused() -> None:
    name = field_bytes(1, LEAF.to_bytes()) + field_bytes(2, b"\xff") + field_varint(3, 1)
    with pytest.raises(BadBlock, match="well-formed"):
        decode_node(field_bytes(2, name) + encode_node([], field_varint(1, 1)))


def test_a_directory_reads_back_as_it_was_written() -> None:
    links = (PbLink(LEAF, "B", 1), PbLink(LEAF, "a", 2), PbLink(LEAF, "é", 3))
    assert decode_node(encode_directory(Directory(links[::-1]))) == Directory(links)
