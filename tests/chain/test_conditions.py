"""Conditions in words, asked of real contracts on a real chain; and of providers that lie (reliability B10)."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from aiohttp import web
from tests.chain.test_named import a_provider
from tests.chain.town import DEPLOYER, GRANT_ADDRESS, MINT, Anvil, Town, a_proxy

from votive.auth.conditions import Outcome, Subject, evaluate
from votive.chain.abi import Function
from votive.chain.finality import FinalBlocks, Finality
from votive.chain.named import ChainConfig, Chains
from votive.chain.wallet import Wallet
from votive.client.conditions import compile_text
from votive.node.chains import NamedChains
from votive.terms.conditions import parse
from votive.terms.errors import CallerError, WorldError

CHAIN = "yellowstone"
BOB = "0x" + "b0" * 20
NOBODY = "0x" + "00" * 19 + "01"
TRANSFER = Function("transferFrom(address,address,uint256)", "")


@pytest.fixture
async def chains(town: Town) -> AsyncIterator[NamedChains]:
    own = (CHAIN, town.rpc, FinalBlocks(town.rpc, Finality.parse(0)))
    async with Chains({}, own) as named:
        yield NamedChains(named)


async def ask(chains: NamedChains, text: str, address: str | None) -> Outcome:
    return await evaluate(parse(compile_text(text, CHAIN)), Subject(address=address), chains)


async def test_conditions_follow_a_token_from_hand_to_hand(town: Town, chains: NamedChains):
    (token,) = await town.register()
    await town.transact(town.contracts.pkp_nft, MINT.call(2), value=1)
    alice, nft = town.alice.address, town.contracts.pkp_nft
    owner_of = f'call({nft}, "ownerOf(uint256) view returns (address)", {token}) = user'
    for text in (
        f"owns({nft}, erc721)",
        f"owns({nft}, erc721, {token})",
        owner_of,
        f"erc721({nft}, {alice}) = 1",
        f"owner({nft}, {token}) = {alice}",
    ):
        assert (await ask(chains, text, alice)).holds, text
    assert not (await ask(chains, f"owns({nft}, erc721)", BOB)).holds
    await town.transact(nft, TRANSFER.call(alice, BOB, token))
    assert (await ask(chains, f"owns({nft}, erc721, {token})", BOB)).holds
    gone = await ask(chains, f"owns({nft}, erc721) or owner({nft}, {token + 1}) = user", alice)
    assert not gone.holds
    balance, owner = gone.tree["conditions"]
    assert balance["seen"] == "0"
    assert balance["block"]["hash"] == town.anvil.ask("eth_getBlockByNumber", hex(balance["block"]["number"]), False)["hash"]
    assert owner["seen"] == "the contract reverted"


async def test_permissions_of_a_key_are_conditions_too(town: Town, chains: NamedChains):
    (token,) = await town.register()
    await town.transact(town.contracts.pkp_nft, MINT.call(2), value=1)
    text = f"permitted({town.contracts.pkp_permissions}, {token}, user)"
    assert not (await ask(chains, text, BOB)).holds
    await town.transact(town.contracts.pkp_permissions, GRANT_ADDRESS.call(token, BOB, [1]))
    assert (await ask(chains, text, BOB)).holds
    listed = f'call({town.contracts.pkp_permissions}, "getPermittedAddresses(uint256) view returns (address[])", {token}) contains {BOB}'
    assert (await ask(chains, listed, None)).holds


async def test_balances_and_times_are_those_of_the_chain(town: Town, chains: NamedChains):
    wei = int(town.anvil.ask("eth_getBalance", town.alice.address, "latest"), 16)
    assert (await ask(chains, f"balance({CHAIN}) = {wei}", town.alice.address)).holds
    assert not (await ask(chains, f"balance({CHAIN}) > {wei}", town.alice.address)).holds
    now = int(town.anvil.ask("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
    assert (await ask(chains, f"time >= {now} and time < {now + 3600}", None)).holds


async def test_an_address_without_a_contract_satisfies_nothing(chains: NamedChains):
    for text in (f"erc20({NOBODY}) >= 0", f"owner({NOBODY}, 1) != {BOB}", f'call({NOBODY}, "f() view returns (bool)") = false'):
        outcome = await ask(chains, text, BOB)
        assert not outcome.holds
        assert "no contract" in outcome.tree["seen"]


async def test_a_chain_that_is_not_configured_is_named_in_the_refusal(chains: NamedChains):
    with pytest.raises(CallerError, match="no chain 'ethereum'; it knows yellowstone"):
        await ask(chains, "balance(ethereum) > 0", BOB)


async def test_lying_providers_never_make_a_condition_hold(anvil: Anvil):
    """Each provider may lie in its own way, in every arrangement: two honest ones decide, and without them nothing is decided."""
    deployer = Wallet(DEPLOYER).address
    for liars in itertools.product([False, True], repeat=3):
        async with AsyncExitStack() as stack:
            urls = [
                await stack.enter_async_context(a_proxy(anvil.url, _liar(place) if lies else lambda _, answer: answer))
                for place, lies in enumerate(liars)
            ]
            config = ChainConfig(rpc_urls=tuple(urls), quorum=2, finality=0, chain_id=anvil.chain_id)
            chains = NamedChains(await stack.enter_async_context(Chains({CHAIN: config})))
            if sum(liars) <= 1:
                assert (await ask(chains, f"balance({CHAIN}) > 0", deployer)).holds
                assert not (await ask(chains, f"balance({CHAIN}) > 0", NOBODY)).holds
                continue
            with pytest.raises(WorldError):
                await ask(chains, f"balance({CHAIN}) > 0", NOBODY)


def _liar(place: int) -> Any:
    def lie(method: str, answer: dict[str, Any]) -> Any:
        return {**answer, "result": hex(10**30 + place)} if method == "eth_getBalance" else answer

    return lie


async def test_what_a_chain_does_not_know_satisfies_nothing_and_stops_nothing():
    """A wallet without a token account at Solana, an address without an account at a Cosmos chain."""

    def nothing(request: web.Request, question: Any) -> web.Response:
        if question is None:
            return web.json_response({"code": 5, "message": "account not found"}, status=404)
        error = {"code": -32602, "message": "Invalid param: could not find account"}
        return web.json_response({"jsonrpc": "2.0", "id": question["id"], "error": error})

    wallet, mint = "88PoAjLoSqrTjH2cdRWq4JEezhSdDBw3g7Qa6qKQurxA", "FrYwrqLcGfmXrgJKcZfrzoWsZ3pqQB9pjjUC9PxSq3xT"
    who = Subject(solana_address=wallet, cosmos_address="cosmos1vn6zl0924yj86jrp330wcwjclzdharljq03a8h")
    async with a_provider(nothing) as url:
        configs = {kind: ChainConfig(kind=kind, rpc_urls=(url,)) for kind in ("solana", "cosmos")}
        async with Chains(configs) as named:
            for text in (
                f'solana("balanceOfToken", "{mint}") at "$.amount" >= 0 on solana',
                'cosmos("/cosmos/auth/v1beta1/accounts/:userAddress") at "$.account.sequence" >= 0 on cosmos',
            ):
                alone = await evaluate(parse(compile_text(text, CHAIN)), who, NamedChains(named))
                assert not alone.holds
                assert "null" in alone.tree["seen"] or "no such account" in alone.tree["seen"] or "nothing" in alone.tree["seen"]
