"""The readable language: what it compiles to, where it points when it does not understand, and that it is written back the same."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.auth.conditions.worlds import CID, COSMOS_USER, MINT, OTHER, TOKEN, basic, contract, cosmos, sol
from tests.terms.conditions.test_lit_vectors import GOOD

from votive.client.conditions import UnreadableCondition, compile_text, explain
from votive.terms.conditions import Comparator, ConditionKind, TooManyConditions, parse
from votive.terms.conditions.meaning import Combined, Leaf, Meaning, meaning_of
from votive.terms.errors import VotiveError
from votive.terms.multibase import from_base58

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""On a busy machine too."""


ETHER = "1000000000000000000"


def one(text: str, chain: str = "ethereum"):
    """Return the only condition of a text, without its kind."""
    (condition,) = compile_text(text, chain)
    return {name: value for name, value in condition.items() if name != "conditionType"}


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("balance(ethereum) >= 1 ether", basic(test=(">=", ETHER))),
        ("balance() >= 1 ether", basic(test=(">=", ETHER))),
        (
            "balance(polygon, 0x" + "bb" * 20 + ") < 0.000000001 ether",
            basic(parameters=[OTHER, "latest"], test=("<", "1000000000"), chain="polygon"),
        ),
        ("balance(param(who)) = 007 gwei", basic(parameters=[":litParam:who", "latest"], test=("=", "7000000000"))),
        (f"owns({TOKEN}, erc721)", basic("ERC721", "balanceOf", [":userAddress"])),
        (f"owns({TOKEN}, erc20) on xdai", basic("ERC20", "balanceOf", [":userAddress"], chain="xdai")),
        (f"owns({TOKEN}, erc721, 7)", basic("ERC721", "ownerOf", ["7"], ("=", ":userAddress"))),
        (f"owns({TOKEN}, erc1155, 7)", basic("ERC1155", "balanceOf", [":userAddress", "7"])),
        (f"owner({TOKEN}, 7) != {OTHER}", basic("ERC721", "ownerOf", ["7"], ("!=", OTHER))),
        (f"erc20({TOKEN}) >= 2.5 ether", basic("ERC20", "balanceOf", [":userAddress"], (">=", "2500000000000000000"))),
        (f"erc721({TOKEN}, {OTHER}) > 1", basic("ERC721", "balanceOf", [OTHER], (">", "1"))),
        (f"erc1155({TOKEN}, user, 7) <= 3", basic("ERC1155", "balanceOf", [":userAddress", "7"], ("<=", "3"))),
        (f"user = {OTHER}", basic(method="", parameters=[":userAddress"], test=("=", OTHER))),
        (f"action = {CID}", basic(method="", parameters=[":currentActionIpfsId"], test=("=", CID))),
        (f'action = "{CID[:9]}"', basic(method="", parameters=[":currentActionIpfsId"], test=("=", CID[:9]))),
        ('param(secret) contains "se"', basic(method="", parameters=[":litParam:secret"], test=("contains", "se"))),
        ("time >= 2026-01-31", basic("timestamp", "eth_getBlockByNumber", ["latest"], (">=", "1769817600"), contractAddress="")),
        (
            "time < 2026-01-31T01:00:00+01:00",
            basic("timestamp", "eth_getBlockByNumber", ["latest"], ("<", "1769817600"), contractAddress=""),
        ),
        ("time < 1769817600", basic("timestamp", "eth_getBlockByNumber", ["latest"], ("<", "1769817600"), contractAddress="")),
        ('domain = "example.org"', basic("SIWE", "", [":domain"], ("=", "example.org"), contractAddress="")),
        ('resources !contains "x"', basic("SIWE", "", [":resources"], ("!contains", "x"), contractAddress="")),
        (f"permitted({TOKEN}, 0x05, user)", basic("PKPPermissions", "isPermittedAddress", ["0x05", ":userAddress"], ("=", "true"))),
        (
            f"permitted({TOKEN}, 5, {CID})",
            basic(
                "PKPPermissions",
                "isPermittedAction",
                ["5", f"0x{from_base58(CID).hex()}"],
                ("=", "true"),
            ),
        ),
        (
            f'run({CID}, "go", user, "a \\"b\\"", 7) = "true"',
            basic("LitAction", "go", [":userAddress", 'a "b"', "7"], ("=", "true"), contractAddress=f"ipfs://{CID}"),
        ),
        (
            f'call({TOKEN}, "f(address,string[]) view returns (uint256)", user, "[]") >= 1 on base',
            contract("f(address,string[])", [":userAddress", "[]"], ["uint256"], (">=", "1"), chain="base"),
        ),
        ('solana("getBalance", user) >= 5 on solana', sol("getBalance", test=(">=", "5"))),
        (f'solana("balanceOfToken", "{MINT}") at "$.amount" > 0 on solana', sol("balanceOfToken", [MINT], (">", "0"), "$.amount")),
        ('cosmos("/cosmos/x/:userAddress") at "$.a[0]" = "b" on cosmos', cosmos("/cosmos/x/:userAddress", ("=", "b"), "$.a[0]")),
        (f'cosmos(":userAddress") = "{COSMOS_USER}" on cosmos', cosmos(":userAddress", ("=", COSMOS_USER))),
        (json.dumps(basic()), basic()),
    ],
)
def test_each_question_becomes_a_condition_of_lits(text, condition):
    compiled = one(text)
    if "functionAbi" in condition:
        condition["functionAbi"]["constant"] = False
    assert compiled == condition


def test_joined_conditions_become_lists_with_operators():
    a, b = f"user = {OTHER}", "time >= 1"
    ab = compile_text(f"{a} and {b}", "ethereum")
    assert [item.get("operator") for item in ab] == [None, "and", None]
    nested = compile_text(f"{a} or ({a} and {b}) or ((({b})))", "ethereum")
    assert [type(item) for item in nested] == [dict, dict, list, dict, dict]
    assert nested[2] == ab
    assert compile_text(f"(({a} and {b}))", "ethereum") == ab


@pytest.mark.parametrize(
    ("text", "column", "complaint"),
    [
        ("", 1, "a condition belongs here"),
        ("balance(ethereum) >= 1 ether and", 33, "a condition belongs here"),
        ("balance(ethereum) >= 1 ether or or", 33, "a condition belongs here"),
        ("blance(ethereum) >= 1 ether", 1, "a condition belongs here"),
        ("balance(ethereum >= 1", 18, r"'\)' belongs here"),
        ("balance(ethereum) => 1", 20, "an amount belongs here"),
        ("balance(ethereum) >= one", 22, "an amount belongs here"),
        ("balance(ethereum) >= 1.5", 22, "Name a unit"),
        ("balance(ethereum) >= 0.0000000000000000001 ether", 22, "no whole number of wei"),
        ("balance(ethereum) >= -1", 22, "an amount belongs here"),
        ("balance(ethereum) >= 1 ether x", 30, "the end belongs here"),
        ("balance(ethereum, polygon) >= 1", 19, "one chain and one holder"),
        ("balance(0x12) >= 1", 1, r"parameters\[0\]"),
        (f"owns({TOKEN}, erc777)", 50, "erc20, erc721 or erc1155"),
        (f"owns({TOKEN}, erc1155)", 50, "a token's number belongs to erc1155"),
        ("owns(vitalik, erc721)", 6, "an address"),
        (f"owns({TOKEN})", 1, "takes 2 or 3 arguments, not 1"),
        (f"user = {OTHER} and user = {OTHER} or time > 1", 105, "write parentheses"),
        (f"(user = {OTHER}", 51, r"'\)' belongs here"),
        (f"user = {OTHER})", 50, "the end belongs here"),
        ("user > " + OTHER, 1, "is not compared by '>'"),
        ("time >= 2026-13-01", 9, "a time belongs here"),
        ("time >= 1969-01-01", 9, "a time belongs here"),
        ("time >= yesterday", 9, "a time belongs here"),
        ("domain = example", 0, ""),
        (f'run({CID}, "f g") = "x"', 1, "name of a function"),
        (f'call({TOKEN}, "f(address", user) > 0', 50, "a signature belongs here"),
        (f'call({TOKEN}, "f(address a b) view returns (bool)", user) = true', 50, "types, each with or without a name"),
        (f'call({TOKEN}, "f() view returns (bool)") at b = true', 80, "in double quotes"),
        ("user = 0x12 on", 15, "a chain's name belongs here"),
        (f"action = {CID[:-1]}", 10, "the CID of an action"),
        ("action = bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy", 10, "the CID of an action"),
        ('param("a:b") = "x"', 1, "no special parameter"),
        ('domain = "x', 10, "no JSON"),
        ("# comment", 1, "nothing begins like this"),
        ('{"a": 1', 8, "no JSON"),
        ('{"a": 1, "a": 2}', 1, "stands twice"),
        ('{"a": 1}', 1, "exactly one of the fields"),
        ("(" * 9 + "time > 1", 9, "nested more than 8"),
    ],
)
def test_a_complaint_points_at_the_letter(text, column, complaint):
    if not column:
        assert one(text)["returnValueTest"]["value"] == "example", "a bare word is a text where only texts belong"
        return
    with pytest.raises(UnreadableCondition, match=complaint) as refused:
        compile_text(text, "ethereum")
    assert refused.value.details[0]["column"] == column
    assert refused.value.details[0]["line"] == 1


def test_a_complaint_names_the_line():
    with pytest.raises(UnreadableCondition, match="line 3, column 5") as refused:
        compile_text(f"user = {OTHER}\nor\n    nonsense", "ethereum")
    assert refused.value.details[0]["line"] == 3


def test_thirty_conditions_are_the_most():
    assert len(compile_text(" or ".join(["time > 1"] * 30), "ethereum")) == 59
    for text in (" or ".join(["time > 1"] * 31), " or ".join([f"({' and '.join(['time > 1'] * 2)})"] * 16)):
        with pytest.raises((TooManyConditions, UnreadableCondition), match="more than 30"):
            compile_text(text, "ethereum")


def flat(meaning: Meaning):
    """Return a meaning without the places of its conditions."""
    if isinstance(meaning, Leaf):
        return meaning.condition
    return (meaning.operator, [flat(part) for part in meaning.parts])


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case["name"])
def test_what_is_written_back_means_the_same(case):
    conditions = parse(case["items"], ConditionKind(case["kind"]))
    if any("pda_interface=None" in repr(leaf) for leaf in [conditions.group]):
        return  # the first version of Solana's conditions stands in lists of its own kind only
    again = parse(compile_text(explain(conditions), "elsewhere"))
    assert flat(meaning_of(again.group)) == flat(meaning_of(conditions.group))


atoms = st.one_of(
    st.builds(
        "balance({}) {} {} {}".format,
        st.sampled_from(["ethereum", "polygon", f"base, {OTHER}"]),
        st.sampled_from(["=", ">", "<=", "!="]),
        st.integers(0, 10**30),
        st.sampled_from(["", "wei", "gwei", "ether"]),
    ),
    st.builds(
        "owns({}, {}) on {}".format,
        st.just(TOKEN),
        st.sampled_from(["erc20", "erc721", "erc721, 9", "erc1155, 9"]),
        st.sampled_from(["xdai", "5fire"]),
    ),
    st.builds("time {} {}".format, st.sampled_from([">=", "<"]), st.integers(0, 2**40)),
    st.builds(
        "domain {} {}".format,
        st.sampled_from(["=", "!=", "contains", "!contains"]),
        st.text(max_size=20).filter(lambda text: not text.startswith(":") and text.isprintable()).map(json.dumps),
    ),
    st.builds(
        json.dumps,
        st.sampled_from(
            [basic("Creaton", "subscribers", [":userAddress"], ("=", "true")), sol("getPDA", [], ("=", MINT), pdaParams=[MINT])]
        ),
    ),
)
texts = st.recursive(
    atoms,
    lambda inner: st.builds(
        lambda word, parts: "(" + f" {word} ".join(parts) + ")", st.sampled_from(["and", "or"]), st.lists(inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)


@given(texts)
@settings(PATIENT, max_examples=300)
def test_writing_and_reading_again_changes_nothing(text):
    try:
        conditions = parse(compile_text(text, "ethereum"))
    except UnreadableCondition as error:
        assert "nested" in str(error)
        return
    written = explain(conditions)
    again = parse(compile_text(written, "elsewhere"))
    assert again.canonical == conditions.canonical
    assert explain(again) == written


words = st.sampled_from(
    [
        "balance",
        "owns",
        "user",
        "action",
        "param",
        "run",
        "call",
        "at",
        "on",
        "and",
        "or",
        "(",
        ")",
        ",",
        *Comparator,
        TOKEN,
        CID,
        "7",
        "1.5",
        "ether",
        '"text"',
        '"$.a"',
        '"f() view returns (bool)"',
        "true",
        "erc721",
        "ethereum",
        "{",
        "}",
        '{"operator":"and"}',
        '"',
        "\\",
        "\n",
        "é",
        "-",
        "2026-01-01",
        "0x",
    ]
)


@given(st.lists(words, max_size=12).map(" ".join) | st.text(max_size=60))
@settings(PATIENT, max_examples=600)
def test_nonsense_is_refused_and_nothing_else_is_ever_raised(text):
    try:
        items = compile_text(text, "ethereum")
    except VotiveError as error:
        error.message.encode()
        return
    assert compile_text(explain(parse(items)), "ethereum")


def test_a_text_of_a_megabyte_is_refused():
    for text in ("(" * 2**20, "x" * 2**20, '"' + "a" * 2**20):
        with pytest.raises(VotiveError, match="letters"):
            compile_text(text, "ethereum")


def test_an_explanation_shows_what_belongs_together():
    a, b, c = (basic(chain=name) for name in ("aa", "bb", "cc"))
    conditions = parse([a, {"operator": "or"}, b, {"operator": "and"}, c])
    assert explain(conditions) == "(balance(aa) > 0 or balance(bb) > 0) and balance(cc) > 0"
    assert isinstance(meaning_of(conditions.group), Combined)
