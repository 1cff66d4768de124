"""What is understood and what is refused; each refusal names the path."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.auth.conditions.worlds import CID, OTHER, TOKEN, basic, contract, cosmos, sol
from tests.terms.conditions.test_lit_vectors import CASES, GOOD, REFUSED

from votive.terms.conditions import ConditionKind, InvalidConditions, TooManyConditions, from_request, parse
from votive.terms.conditions.meaning import Combined, leaves_of, meaning_of
from votive.terms.errors import CallerError, ErrorCode, VotiveError

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""On a busy machine too."""


AND, OR = {"operator": "and"}, {"operator": "or"}


@pytest.mark.parametrize(
    ("condition", "path"),
    [
        (basic(test=("contains", "1")), "returnValueTest.comparator"),
        (basic(test=(">=", "1.5")), "returnValueTest.value"),
        (basic(test=(">=", "1e18")), "returnValueTest.value"),
        (basic(test=(">=", "0x10")), "returnValueTest.value"),
        (basic(test=(">=", "-1")), "returnValueTest.value"),
        (basic(test=(">=", "")), "returnValueTest.value"),
        (basic(test=(">=", "١")), "returnValueTest.value"),
        (basic(test=(">=", "9" * 4001)), "returnValueTest.value"),
        (basic(parameters=[]), "parameters"),
        (basic(parameters=[":userAddress", "earliest"]), "parameters[1]"),
        (basic(parameters=[":userAddress", "0x10"]), "parameters[1]"),
        (basic(parameters=[":currentActionIpfsId", "latest"]), "parameters[0]"),
        (basic(parameters=["vitalik.eth", "latest"]), "parameters[0]"),
        (basic(parameters=[":litParam:", "latest"]), "parameters[0]"),
        (basic(method="eth_call"), "method"),
        (basic(chain="http://evil"), "chain"),
        (basic(chain=""), "chain"),
        (basic(method="", parameters=["0x" + "aa" * 20], test=("=", OTHER)), "parameters[0]"),
        (basic(method="", parameters=[":userAddress"], test=(">", OTHER)), "returnValueTest.comparator"),
        (basic(method="", parameters=[":userAddress"], test=("=", "0x00")), "returnValueTest.value"),
        (basic(method="", parameters=[":currentActionIpfsId"], test=("=", ":userAddress")), "returnValueTest.value"),
        (basic("ERC20", "transfer", [OTHER]), "method"),
        (basic("ERC20", "balanceOf", [":userAddress", "latest"]), "parameters"),
        (basic("ERC20", "balanceOf", [":userAddress"], contractAddress="0x00"), "contractAddress"),
        (basic("ERC721", "ownerOf", ["-1"], ("=", ":userAddress")), "parameters[0]"),
        (basic("ERC721", "ownerOf", [str(2**256)], ("=", ":userAddress")), "parameters[0]"),
        (basic("ERC1155", "balanceOfBatch", [f"{OTHER},{OTHER}", "1"]), "parameters"),
        (basic("CASK", "getActiveSubscriptionCount", [OTHER, OTHER, str(2**32)]), "parameters[2]"),
        (basic("Creaton", "subscribers", [":userAddress"], ("=", "false")), "returnValueTest"),
        (basic("MolochDAOv2.1", "members", [":userAddress"], ("!=", "true")), "returnValueTest"),
        (basic("ProofOfHumanity", "isRegistered", [":userAddress"], (">", "0")), "returnValueTest"),
        (basic("PKPPermissions", "isPermittedAddress", ["5", OTHER], ("=", "true")), "parameters[1]"),
        (basic("PKPPermissions", "isPermittedAction", ["5", CID], ("=", "true")), "parameters[1]"),
        (basic("PKPPermissions", "isPermittedAction", ["5", "0x1220" + "ab" * 32], ("=", "1")), "returnValueTest.value"),
        (basic("POAP", "eventId", [], ("contains", "1")), "returnValueTest.comparator"),
        (basic("POAP", "eventId", [], ("=", "Burning Man")), "returnValueTest.value"),
        (basic("timestamp", "eth_getBlockByNumber", ["1"], (">", "1")), "parameters[0]"),
        (basic("timestamp", "", ["latest"], (">", "1")), "method"),
        (basic("SIWE", "", [":statement"], ("=", "x")), "parameters"),
        (basic("SIWE", "", [":resources"], ("=", "x")), "returnValueTest.comparator"),
        (basic("LitAction", "go()", [], ("=", "x"), contractAddress=f"ipfs://{CID}"), "method"),
        (basic("LitAction", "await", [], ("=", "x"), contractAddress=f"ipfs://{CID}"), "method"),
        (basic("LitAction", "a.b", [], ("=", "x"), contractAddress=f"ipfs://{CID}"), "method"),
        (basic("LitAction", "gö", [], ("=", "x"), contractAddress=f"ipfs://{CID}"), "method"),
        (basic("LitAction", "go\n", [], ("=", "x"), contractAddress=f"ipfs://{CID}"), "method"),
        (basic("LitAction", "go", [], (">", "9"), contractAddress=f"ipfs://{CID}"), "returnValueTest"),
        (basic("LitAction", "go", [":nonsense"], ("=", "x"), contractAddress=f"ipfs://{CID}"), "parameters[0]"),
        (basic("LitAction", "go", [], ("=", "x"), contractAddress="ipfs://../../etc"), "contractAddress"),
        (contract("f(uint256)", [], ["bool"], ("=", "true")), "functionParams"),
        (contract("f(uint256)", ["x"], ["bool"], ("=", "true")), "functionParams[0]"),
        (contract("f(uint256)", [":userAddress"], ["bool"], ("=", "true")), "functionParams[0]"),
        (contract("f(address[])", [":userAddress"], ["bool"], ("=", "true")), "functionParams[0]"),
        (contract("f(tuple)", ["x"], ["bool"], ("=", "true")), "functionAbi.inputs[0].type"),
        (contract("f()", [], ["tuple"], ("=", "true")), "functionAbi.outputs[0].type"),
        (contract("f()", [], [], ("=", "true")), "functionAbi.outputs"),
        (contract("f()", [], ["bool"], ("=", "yes")), "returnValueTest.value"),
        (contract("f()", [], ["uint256"], ("contains", "1")), "returnValueTest.comparator"),
        (contract("f()", [], ["bytes32"], (">", "0x00")), "returnValueTest.comparator"),
        (contract("f()", [], ["uint256"], (">", "0"), key="missing"), "returnValueTest.key"),
        (contract("f()", [], [("a", "uint256"), ("a", "uint256")], (">", "0"), key="a"), "returnValueTest.key"),
        (contract("f()", [], ["bool"], ("=", "true"), functionName="g"), "functionName"),
        (sol("getBlock"), "method"),
        (sol("getHealth"), "method"),
        (sol("sendTransaction"), "method"),
        (sol("getBalance", key="amount"), "returnValueTest.key"),
        (sol("getBalance", key="$..amount"), "returnValueTest.key"),
        (sol("getBalance", key="$.a[?(@.b)]"), "returnValueTest.key"),
        (sol("getBalance", key="$.a[*]"), "returnValueTest.key"),
        (sol("getBalance", [{"a": ":userAddress"}]), "params[0]"),
        (sol("getPDA", []), "pdaParams"),
        (sol("getBalance", pdaParams=["11111111111111111111111111111111"]), "pdaParams"),
        (sol("getPDA", [], pdaParams=["short"]), "pdaParams[0]"),
        (sol("getPDA", [], pdaParams=["1" * 32, "x" * 33]), "pdaParams[1]"),
        (sol("getPDA", [], pdaParams=["1" * 32], pdaKey="owner"), "pdaKey"),
        (sol("balanceOfToken", ["mint"]), "params[0]"),
        (sol("", ["constant"]), "params[0]"),
        (cosmos("/x", method="other"), "method"),
        (cosmos("/x", parameters=["latest"]), "method"),
        (cosmos("/x", (">", "1"), "$.a", method="timelock", parameters=["latest"]), "returnValueTest.comparator"),
        (cosmos("/x", ("<", "1"), "", method="timelock", parameters=["latest"]), "returnValueTest.key"),
        (cosmos("/x", ("<", "1"), "$.a", method="timelock", parameters=["-1"]), "parameters"),
        (cosmos(":userAddress", ("=", "x"), "$.a"), "returnValueTest.key"),
        (cosmos("/x", ("=", ":nonsense"), "$.a"), "returnValueTest.value"),
    ],
)
def test_a_condition_that_could_be_misread_is_refused_by_its_path(condition, path):
    with pytest.raises(InvalidConditions) as refused:
        parse([basic(), AND, condition])
    assert refused.value.where == f"conditions[2].{path}"
    assert refused.value.status == 400


def test_a_request_holds_exactly_one_list():
    items = [basic()]
    assert from_request({"accessControlConditions": items, "solRpcConditions": None}).kind is ConditionKind.EVM_BASIC
    assert from_request({"unifiedAccessControlConditions": items}).hash == from_request({"accessControlConditions": items}).hash
    for body in ({}, {"accessControlConditions": items, "unifiedAccessControlConditions": items}, {"accessControlConditions": None}):
        with pytest.raises(CallerError, match="exactly one list"):
            from_request(body)
    with pytest.raises(InvalidConditions, match=r"accessControlConditions\[0\]\.chain"):
        from_request({"accessControlConditions": [basic(chain=7)]})


def test_a_list_of_one_kind_holds_no_other():
    with pytest.raises(InvalidConditions, match="in a list of 'evmBasic'"):
        parse([contract("f()", [], ["bool"], ("=", "true"))], ConditionKind.EVM_BASIC)


def test_thirty_conditions_are_the_most_groups_counted_through():
    assert len(list(leaves_of(meaning_of(parse([[basic()] * 15, OR, [basic()] * 15]).group)))) == 30
    for many in ([basic()] * 31, [[basic()] * 16, OR, [basic()] * 15]):
        with pytest.raises(TooManyConditions) as refused:
            parse(many)
        assert refused.value.code is ErrorCode.TOO_MANY_CONDITIONS


def test_operators_bind_from_left_to_right():
    a, b, c, d = (basic(chain=name) for name in "abcd")
    meaning = meaning_of(parse([a, OR, b, AND, c, AND, d]).group)
    assert isinstance(meaning, Combined)
    assert (meaning.operator, [part.path for part in leaves_of(meaning)]) == ("and", ["[0]", "[2]", "[4]", "[6]"])
    first, *rest = meaning.parts
    assert isinstance(first, Combined)
    assert (first.operator, len(rest)) == ("or", 2)


@pytest.mark.parametrize(
    "value",
    [
        None,
        1,
        "x",
        {},
        [None],
        [1],
        ["x"],
        [[]],
        [{}],
        [[[[]]]],
        [{"operator": None}],
        [{"operator": ["and"]}],
        [basic(), {"operator": "and", "x": 1}],
    ],
)
def test_what_is_no_list_of_conditions_is_refused(value):
    with pytest.raises(InvalidConditions):
        parse(value)


def test_groups_nest_eight_levels_deep():
    def nested(depth):
        return [nested(depth - 1)] if depth else [basic()]

    parse(nested(8))
    for depth in (9, 60):
        with pytest.raises(InvalidConditions, match="nested"):
            parse(nested(depth))


@pytest.mark.parametrize(
    "condition",
    [
        basic("LitAction", "go", ["x" * 2**20], ("=", "y"), contractAddress=f"ipfs://{CID}"),
        basic("LitAction", "go", ["x"] * 40_000, ("=", "y"), contractAddress=f"ipfs://{CID}"),
        basic(test=(">", "9" * 2**20)),
        basic("ERC1155", "balanceOfBatch", [",".join([TOKEN] * 20_000), ",".join(["1"] * 20_000)]),
        contract("f(uint256[])", ["[" + "1," * 500_000 + "1]"], ["bool"], ("=", "true")),
        contract("f(uint256[])", ["[" * 500_000], ["bool"], ("=", "true")),
        contract(f"f({','.join(['uint256'] * 5000)})", ["1"] * 5000, ["bool"], ("=", "true")),
        contract("f()", [], [("x" * 2**20, "bool")], ("=", "true")),
        contract("f()", [], ["uint256" + "[1]" * 100_000], ("=", "true")),
        sol("getBalance", [[[[[[[[[[["deep"]]]]]]]]]]]),
        sol("getBalance", key="$" + ".a" * 100_000),
        sol("getBalance", pdaInterface={"offset": 2**63, "fields": {}}),
        cosmos("/" + "a" * 2**20),
        basic(**{"x" * 2**20: 1}),
    ],
    ids=range(14),
)
def test_hostile_sizes_are_refused_in_few_words(condition):
    with pytest.raises(InvalidConditions) as refused:
        parse([condition])
    assert len(refused.value.message) < 600


def deep(levels):
    value: list = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "condition",
    [
        basic(chain=deep(100_000)),
        basic(chain=10**10_000),
        basic(parameters=[10**10_000]),
        sol("getBalance", [10**10_000]),
        sol("getBalance", [deep(100_000)]),
        sol("getBalance", pdaInterface={"offset": 0, "fields": {"\ud800" * 10_000: "x"}}),
        sol("getBalance", pdaInterface={"offset": 0, "fields": {"owner": 10**10_000}}),
        basic(**{"\ud800": 1}),
        basic(chain="\ud800"),
        {**basic(), 7: 1},
        {("a", "b"): 1},
        basic(returnValueTest=[deep(100_000)]),
        basic(returnValueTest={"comparator": "\ud800", "value": "\ud800"}),
    ],
    ids=range(13),
)
def test_whatever_is_refused_can_be_said(condition):
    with pytest.raises(InvalidConditions) as refused:
        parse([condition])
    assert len(refused.value.message.encode()) < 1000
    json.dumps(refused.value.details, ensure_ascii=False).encode()


def test_a_list_within_itself_is_refused():
    endless: list = [basic(), AND]
    endless.append(endless)
    with pytest.raises(InvalidConditions):
        parse(endless)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from([":userAddress", "=", "and", "$"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=6) | st.sampled_from(["operator", "params", "path"]), inner, max_size=3)
    ),
    max_leaves=8,
)


def places_in(value, path=()):
    """Return the paths of everything within ``value``."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for name, item in inner for place in places_in(item, (*path, name)))]


def put(value, path, new):
    """Return ``value`` with another thing at ``path``."""
    changed = copy.deepcopy(value)
    if not path:
        return new
    target = changed
    for name in path[:-1]:
        target = target[name]
    target[path[-1]] = new
    return changed


@given(st.data(), st.sampled_from(CASES), json_values)
@settings(PATIENT, max_examples=600)
def test_a_change_is_refused_or_changes_the_hash_and_nothing_else_is_ever_raised(data, case, new):
    """Nothing that could mean something else shares a hash: what is not hashed is refused, or was dropped by the SDK's own rule."""
    path = data.draw(st.sampled_from(places_in(case["items"])))
    changed, kind = put(case["items"], path, new), ConditionKind(case["kind"])
    try:
        conditions = parse(changed, kind)
    except VotiveError:
        return
    assert parse(json.loads(conditions.canonical), conditions.kind) == conditions
    if "refused" not in case and conditions.canonical.decode() == case["canonical"]:
        assert conditions.group == parse(case["items"], kind).group


@given(st.data(), st.sampled_from(GOOD))
@settings(PATIENT, max_examples=500)
def test_a_field_that_is_left_out_or_added_is_refused_or_means_nothing(data, case):
    kind = ConditionKind(case["kind"])
    objects = [place for place in places_in(case["items"]) if isinstance(at(case["items"], place), dict)]
    place = data.draw(st.sampled_from(objects))
    target = at(case["items"], place)
    name = data.draw(st.sampled_from([*target, "extra"])) if target else "extra"
    changed = put(
        case["items"], place, {key: item for key, item in target.items() if key != name} | ({"extra": 1} if name == "extra" else {})
    )
    try:
        conditions = parse(changed, kind)
    except VotiveError:
        return
    if conditions.canonical.decode() != case["canonical"]:
        assert name in {"constant", "fields", "method", "parameters", "pdaParams"} or {"fields", "params"} & set(place)
    else:
        assert name in {"conditionType", "internalType", "type", "constant", "pdaInterface", "pdaKey", "offset"}


def at(value, path):
    for name in path:
        value = value[name]
    return value


@given(st.data(), st.sampled_from(REFUSED))
@settings(PATIENT, max_examples=300)
def test_nothing_around_it_makes_a_refused_condition_accepted(data, case):
    items = case["items"]
    for _ in range(data.draw(st.integers(0, 4))):
        beside, operator = [basic(chain="other")], data.draw(st.sampled_from([AND, OR]))
        items = data.draw(
            st.sampled_from([[items], [items, operator, beside], [beside, operator, items], [beside, items], [*beside, operator, items]])
        )
    for kind in {ConditionKind(case["kind"]), ConditionKind.UNIFIED}:
        with pytest.raises(InvalidConditions):
            parse(items, kind)
