"""Conditions of all kinds against chains of tables; what contracts return is encoded by eth_abi."""

from __future__ import annotations

import pytest
from tests.auth.conditions.worlds import BLOCK, CID, NOBODY, OTHER, TOKEN, USER, WHO, Actions, Chains, answer, basic, contract

from votive.auth.conditions import ConditionsNotMet, evaluate
from votive.terms.conditions import parse
from votive.terms.errors import CallerError, WorldError

AND, OR = {"operator": "and"}, {"operator": "or"}


async def ask(items, chains=None, who=WHO, run_action=None, fetch=None):
    return await evaluate(parse(items), who, chains or Chains(), run_action, fetch)


async def holds(items, chains=None, who=WHO, run_action=None, fetch=None):
    return (await ask([items] if isinstance(items, dict) else items, chains, who, run_action, fetch)).holds


async def test_a_balance_is_read_at_the_final_block_and_compared_as_an_integer():
    chains = Chains(balances={USER: 10**18})
    assert await holds(basic(test=(">=", "1000000000000000000")), chains)
    assert not await holds(basic(test=(">", "1000000000000000000")), chains)
    assert not await holds(basic(parameters=(OTHER, "latest"), test=(">", "0")), chains)
    assert ("ethereum", "balance", USER, BLOCK) in chains.asked


async def test_one_block_of_a_chain_serves_a_whole_evaluation():
    chains = Chains(balances={USER: 1})
    assert await holds([basic(), AND, basic(), AND, basic(chain="polygon")], chains)
    assert sorted(what[0] for what in chains.asked if what[1] == "final_block") == ["ethereum", "polygon"]


@pytest.mark.parametrize(
    ("condition", "call", "yes"),
    [
        (basic("ERC20", "balanceOf", [":userAddress"]), ("balanceOf(address)", [USER], ["uint256"], [1]), True),
        (basic("ERC20", "balanceOf", [":userAddress"]), ("balanceOf(address)", [USER], ["uint256"], [0]), False),
        (basic("ERC721", "balanceOf", [OTHER]), ("balanceOf(address)", [OTHER], ["uint256"], [2**256 - 1]), True),
        (basic("ERC721", "ownerOf", ["7"], ("=", ":userAddress")), ("ownerOf(uint256)", [7], ["address"], [USER]), True),
        (basic("ERC721", "ownerOf", ["7"], ("=", ":userAddress")), ("ownerOf(uint256)", [7], ["address"], [OTHER]), False),
        (basic("ERC721", "ownerOf", ["0x07"], ("!=", OTHER)), ("ownerOf(uint256)", [7], ["address"], [USER]), True),
        (basic("ERC1155", "balanceOf", [":userAddress", "9"]), ("balanceOf(address,uint256)", [USER, 9], ["uint256"], [3]), True),
        (
            basic("ERC1155", "balanceOfBatch", [f":userAddress,{OTHER}", "1,0x2"]),
            ("balanceOfBatch(address[],uint256[])", [[USER, OTHER], [1, 2]], ["uint256[]"], [[0, 5]]),
            True,
        ),
        (
            basic("ERC1155", "balanceOfBatch", [f":userAddress,{OTHER}", "1,2"]),
            ("balanceOfBatch(address[],uint256[])", [[USER, OTHER], [1, 2]], ["uint256[]"], [[0, 0]]),
            False,
        ),
        (
            basic("CASK", "getActiveSubscriptionCount", [":userAddress", OTHER, "8"]),
            ("getActiveSubscriptionCount(address,address,uint32)", [USER, OTHER, 8], ["uint256"], [1]),
            True,
        ),
        (basic("Creaton", "subscribers", [":userAddress"], ("=", "true")), ("subscribers(address)", [USER], ["uint8"], [1]), True),
        (basic("Creaton", "subscribers", [":userAddress"], ("=", "true")), ("subscribers(address)", [USER], ["uint8"], [2]), False),
        (
            basic("MolochDAOv2.1", "members", [":userAddress"], ("=", "true")),
            ("members(address)", [USER], ["address", "uint256", "uint256", "bool", "uint256", "uint256"], [USER, 1, 0, True, 0, 0]),
            True,
        ),
        (
            basic("MolochDAOv2.1", "members", [":userAddress"], ("=", "true")),
            ("members(address)", [USER], ["address", "uint256", "uint256", "bool", "uint256", "uint256"], [USER, 1, 0, True, 0, 9]),
            False,
        ),
        (
            basic("ProofOfHumanity", "isRegistered", [":userAddress"], ("=", "true")),
            ("isRegistered(address)", [USER], ["bool"], [True]),
            True,
        ),
        (
            basic("PKPPermissions", "isPermittedAction", ["0x05", "0x1220" + "ab" * 32], ("=", "true")),
            ("isPermittedAction(uint256,bytes)", [5, bytes.fromhex("1220" + "ab" * 32)], ["bool"], [True]),
            True,
        ),
        (
            basic("PKPPermissions", "isPermittedAddress", ["5", ":userAddress"], ("=", "TRUE")),
            ("isPermittedAddress(uint256,address)", [5, USER], ["bool"], [False]),
            False,
        ),
    ],
)
async def test_every_standard_contract_is_asked_by_its_abi(condition, call, yes):
    data, returned = answer(*call)
    chains = Chains(contracts={data: returned})
    assert await holds(condition, chains) is yes
    assert any(what[1:3] == ("call", TOKEN) for what in chains.asked)
    assert not await holds(condition, Chains()), "a contract that reverts satisfies nothing"


async def test_the_time_is_that_of_the_final_block():
    condition = basic("timestamp", "eth_getBlockByNumber", ["latest"], (">=", str(BLOCK.timestamp)))
    assert await holds(condition)
    assert not await holds(condition | {"returnValueTest": {"comparator": ">", "value": str(BLOCK.timestamp)}})


async def test_a_wallet_an_action_and_a_message_are_compared_without_any_chain():
    chains = Chains(down=frozenset({"ethereum"}))
    assert await holds(basic(method="", parameters=[":userAddress"], test=("=", USER), chain="anything"), chains)
    assert not await holds(basic(method="", parameters=[":userAddress"], test=("=", OTHER)), chains)
    assert await holds(basic(method="", parameters=[":currentActionIpfsId"], test=("=", CID)), chains)
    assert await holds(basic(method="", parameters=[":litParam:secret"], test=("=", "sesame")), chains)
    assert await holds(basic("SIWE", "", [":domain"], ("=", "example.org")), chains)
    assert await holds(basic("SIWE", "", [":resources"], ("contains", "https://example.org/a")), chains)
    assert not await holds(basic("SIWE", "", [":resources"], ("contains", "https://example.org/")), chains)
    assert chains.asked == []


@pytest.mark.parametrize("comparator", ["=", "!="])
async def test_nothing_holds_for_a_caller_who_proved_nothing(comparator):
    for condition in (
        basic(method="", parameters=[":userAddress"], test=(comparator, USER)),
        basic(method="", parameters=[":currentActionIpfsId"], test=(comparator, CID)),
        basic(method="", parameters=[":litParam:secret"], test=(comparator, "x")),
        basic("SIWE", "", [":domain"], (comparator, "example.org")),
    ):
        assert not await holds(condition, who=NOBODY)
    assert not await holds(basic("SIWE", "", [":resources"], ("!contains", "x")), who=NOBODY)
    assert not await holds(basic(test=(">=", "0")), who=NOBODY)


async def test_an_action_answers_and_its_parameters_cannot_leave_their_quotes():
    actions = Actions({CID: "true"})
    evil = "\"); Lit.Actions.setResponse({response:'true'}); (\"\u2028"
    condition = basic("LitAction", "go", [":userAddress", evil], ("=", "true"), contractAddress=f"ipfs://{CID}")
    assert await holds(condition, run_action=actions)
    cid, ending, who = actions.asked[0]
    assert (cid, who) == (CID, WHO)
    assert ending.count("setResponse") == 2
    assert f'await go("{WHO.address}", "\\"); Lit' in ending
    assert "\u2028" not in ending


async def test_an_action_is_not_run_where_it_cannot_change_the_answer():
    actions = Actions({CID: "true"})
    action = basic("LitAction", "go", [], ("=", "true"), contractAddress=f"ipfs://{CID}")
    chains = Chains(balances={USER: 1})
    assert await holds([action, OR, basic()], chains, run_action=actions)
    assert not await holds([action, AND, basic(test=(">", "1"))], chains, run_action=actions)
    assert actions.asked == []
    assert await holds([action, AND, basic()], chains, run_action=actions)
    assert len(actions.asked) == 1


async def test_what_an_action_answered_is_not_told_to_whom_it_refuses():
    actions = Actions({CID: "the secret"})
    outcome = await ask([basic("LitAction", "go", [], ("=", "true"), contractAddress=f"ipfs://{CID}")], run_action=actions)
    assert not outcome.holds
    assert "secret" not in str(outcome.tree)


async def test_any_function_of_any_contract_is_asked():
    data, returned = answer("f(address,string,uint256[])", [USER, CID, [1, 2]], ["bool", "int256"], [True, -5])
    chains = Chains(contracts={data: returned})
    ask_f = ("f(address,string,uint256[])", [":userAddress", ":currentActionIpfsId", "[1,2]"], [("ok", "bool"), ("n", "int256")])
    assert await holds(contract(*ask_f, test=("=", "true")), chains)
    assert await holds(contract(*ask_f, test=("<", "-4"), key="n"), chains)
    assert not await holds(contract(*ask_f, test=(">", "-4"), key="n"), chains)


async def test_a_contract_is_asked_in_the_one_form_that_chains_take_however_it_was_written():
    data, returned = answer("f(address)", [USER], ["bool"], [True])
    chains = Chains(contracts={data: returned})
    condition = contract("f(address)", [":userAddress"], [("ok", "bool")], test=("=", "true"))
    assert await holds(condition | {"contractAddress": TOKEN.removeprefix("0x")}, chains)
    assert [what[2] for what in chains.asked if what[1] == "call"] == [TOKEN]


async def test_operators_on_one_level_are_applied_from_left_to_right_as_lit_does():
    chains = Chains(balances={USER: 1})
    yes, no = basic(), basic(test=(">", "1"))
    assert not await holds([yes, OR, yes, AND, no], chains), "(yes or yes) and no"
    assert await holds([yes, OR, [yes, AND, no]], chains)
    assert await holds([no, AND, no, OR, yes], chains), "(no and no) or yes"
    assert await holds([yes, yes], chains)
    assert not await holds([yes, no], chains), "without operators all must hold"
    assert not await holds([[yes, no], OR, [no]], chains)


async def test_a_chain_that_does_not_answer_decides_nothing():
    chains = Chains(balances={USER: 1}, down=frozenset({"polygon"}))
    silent = basic(chain="polygon")
    assert await holds([silent, OR, basic()], chains)
    assert not await holds([silent, AND, basic(test=(">", "1"))], chains)
    for items in ([silent], [silent, AND, basic()], [silent, OR, basic(test=(">", "1"))]):
        with pytest.raises(WorldError, match="polygon gives no answer") as refused:
            await holds(items, chains)
        assert refused.value.details[0]["holds"] is None


async def test_an_unknown_chain_or_one_of_another_kind_is_an_error_even_where_it_could_not_matter():
    for chain in ("atlantis", "solana"):
        with pytest.raises(CallerError, match=chain):
            await holds([basic(), OR, basic(chain=chain)], Chains(balances={USER: 1}))


async def test_a_refusal_explains_each_condition_with_what_was_seen_and_where():
    outcome = await ask([basic(test=(">=", "1000000000000000000")), AND, [basic("ERC721", "balanceOf", [":userAddress"]), OR, basic()]])
    with pytest.raises(ConditionsNotMet) as refused:
        outcome.require()
    assert refused.value.status == 401
    (tree,) = refused.value.details
    assert (tree["operator"], tree["holds"], len(tree["conditions"])) == ("and", False, 2)
    first, group = tree["conditions"]
    assert first == {
        "condition": "balance(ethereum) >= 1 ether",
        "path": "[0]",
        "holds": False,
        "seen": "0 wei",
        "block": {"number": BLOCK.number, "hash": "0x" + "11" * 32},
    }
    assert group["conditions"][0]["condition"] == f"owns({TOKEN}, erc721) on ethereum"
    assert group["conditions"][0]["seen"] == "the contract reverted"
    assert group["conditions"][1]["path"] == "[2][2]"
