"""The network's token, and what is put down of it: nobody makes more, and nobody takes another's."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from coincurve import PrivateKey
from eth_account import Account
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contracts.evm import Evm, Reverted

from votive.chain.token import eth_address

SUPPLY = 10**27
HOLDER = hashlib.sha256(b"a holder").digest()


def permit(evm: Evm, spender: str, value: int, nonce: int = 0, deadline: int = 2**255, **domain: Any) -> tuple[int, bytes, bytes]:
    """Sign an ERC-2612 permit as HOLDER, and return v, r and s."""
    _, name, version, chain_id, contract, *_ = evm.token.eip712Domain()
    fields = ("owner", "address"), ("spender", "address"), ("value", "uint256"), ("nonce", "uint256"), ("deadline", "uint256")
    signed = Account.sign_typed_data(
        HOLDER,
        {"name": name, "version": version, "chainId": chain_id, "verifyingContract": contract} | domain,
        {"Permit": [{"name": field, "type": kind} for field, kind in fields]},
        {"owner": holder(), "spender": spender, "value": value, "nonce": nonce, "deadline": deadline},
    )
    return signed.v, signed.r.to_bytes(32), signed.s.to_bytes(32)


def holder() -> str:
    return eth_address(PrivateKey(HOLDER).public_key.format())


# The token.


def test_all_of_it_is_there_from_the_start_and_belongs_to_one(evm: Evm) -> None:
    assert evm.token.totalSupply() == evm.token.cap() == evm.token.balanceOf(evm.deployer) == SUPPLY
    assert evm.token.decimals() == 18


def test_it_is_spent_by_its_holder_or_within_an_allowance(evm: Evm) -> None:
    evm.token.transfer(evm.alice, 100)
    with pytest.raises(Reverted, match="ERC20InsufficientAllowance"):
        evm.token.transferFrom(evm.alice, evm.eve, 1, sender=evm.eve)
    evm.token.increaseAllowance(evm.bob, 60, sender=evm.alice)
    evm.token.decreaseAllowance(evm.bob, 20, sender=evm.alice)
    with pytest.raises(Reverted, match="ERC20InsufficientAllowance"):
        evm.token.decreaseAllowance(evm.bob, 41, sender=evm.alice)
    evm.token.transferFrom(evm.alice, evm.bob, 40, sender=evm.bob)
    with pytest.raises(Reverted, match="ERC20InsufficientAllowance"):
        evm.token.transferFrom(evm.alice, evm.bob, 1, sender=evm.bob)
    assert (evm.token.balanceOf(evm.alice), evm.token.balanceOf(evm.bob)) == (60, 40)


def test_a_permit_counts_once_and_for_this_contract_on_this_chain(evm: Evm) -> None:
    deadline = 2**255
    for forged in (
        permit(evm, evm.bob, 7, verifyingContract=evm.nft.address),
        permit(evm, evm.bob, 7, chainId=1),
        permit(evm, evm.bob, 8),
        permit(evm, evm.bob, 7, nonce=1),
    ):
        with pytest.raises(Reverted, match="ERC2612InvalidSigner"):
            evm.token.permit(holder(), evm.bob, 7, deadline, *forged, sender=evm.eve)
    with pytest.raises(Reverted, match="ERC2612ExpiredSignature"):
        evm.token.permit(holder(), evm.bob, 7, 1, *permit(evm, evm.bob, 7, deadline=1), sender=evm.eve)
    good = permit(evm, evm.bob, 7)
    evm.token.permit(holder(), evm.bob, 7, deadline, *good, sender=evm.eve)
    assert evm.token.allowance(holder(), evm.bob) == 7
    with pytest.raises(Reverted, match="ERC2612InvalidSigner"):
        evm.token.permit(holder(), evm.bob, 7, deadline, *good, sender=evm.eve)


def test_votes_follow_the_tokens_of_those_who_delegated(evm: Evm) -> None:
    evm.token.transfer(evm.alice, 100)
    assert evm.token.getVotes(evm.bob) == 0
    evm.token.delegate(evm.bob, sender=evm.alice)
    assert evm.token.getVotes(evm.bob) == 100
    evm.token.transfer(evm.eve, 30, sender=evm.alice)
    assert (evm.token.getVotes(evm.bob), evm.token.getVotes(evm.eve)) == (70, 0)


def test_what_is_burned_is_never_made_again(evm: Evm) -> None:
    evm.token.burn(5)
    assert (evm.token.totalSupply(), evm.token.cap()) == (SUPPLY - 5, SUPPLY)
    evm.token.transfer(evm.alice, 5)
    with pytest.raises(Reverted, match="ERC20InsufficientAllowance"):
        evm.token.burnFrom(evm.alice, 5, sender=evm.eve)


# What is put down.


def staked(evm: Evm, amount: int, account: str) -> None:
    evm.token.approve(evm.balances.address, amount)
    evm.balances.stake(amount, account)


def test_what_is_put_down_for_an_account_is_shown_and_given_back_to_it(evm: Evm) -> None:
    evm.token.approve(evm.balances.address, 500)
    put, moved = evm.balances.stake(500, evm.alice)
    assert (put.name, put.values) == ("Staked", {"staker": evm.alice.lower(), "amount": 500})
    assert moved.values["value"] == 500
    assert (evm.balances.balanceOf(evm.alice), evm.balances.totalStaked()) == (500, 500)
    evm.balances["withdraw(uint256,address)"](200, evm.alice, sender=evm.alice)
    evm.balances["withdraw()"](sender=evm.alice)
    assert evm.token.balanceOf(evm.alice) == 500
    assert (evm.balances.balanceOf(evm.alice), evm.balances.totalStaked()) == (0, 0)


def test_nobody_takes_what_was_put_down_for_another(evm: Evm) -> None:
    staked(evm, 500, evm.alice)
    for taker in (evm.eve, evm.deployer, evm.wallets[1]):
        with pytest.raises(Reverted, match="OnlyForItself"):
            evm.balances["withdraw(uint256,address)"](1, evm.alice, sender=taker)
        with pytest.raises(Reverted, match="CannotWithdrawZero"):
            evm.balances["withdraw()"](sender=taker)
    staked(evm, 10, evm.eve)
    with pytest.raises(Reverted, match="TryingToWithdrawMoreThanStaked"):
        evm.balances["withdraw(uint256,address)"](11, evm.eve, sender=evm.eve)
    assert evm.balances.balanceOf(evm.alice) == 500


def test_nothing_is_put_down_without_its_owners_word(evm: Evm) -> None:
    with pytest.raises(Reverted, match="CannotStakeZero"):
        evm.balances.stake(0, evm.alice)
    with pytest.raises(Reverted, match="ERC20InsufficientAllowance"):
        evm.balances.stake(1, evm.eve, sender=evm.eve)
    evm.token.approve(evm.balances.address, 100)
    with pytest.raises(Reverted, match="ERC20InsufficientAllowance"):
        evm.balances.stake(100, evm.eve, sender=evm.eve)
    assert (evm.balances.balanceOf(evm.eve), evm.balances.totalStaked()) == (0, 0)


def test_what_is_put_down_gives_no_seat(evm: Evm) -> None:
    before = evm.staking.committee()
    staked(evm, 10**24, evm.eve)
    assert evm.staking.committee() == before
    assert not evm.staking.isActiveValidator(evm.eve)
    assert evm.balances.checkStakingAmounts(evm.wallets[1])
    assert (evm.balances.minimumStake(), evm.balances.rewardOf(evm.eve)) == (0, 0)


@settings(deadline=None, max_examples=15)
@given(st.lists(st.tuples(st.sampled_from(["stake", "withdraw"]), st.integers(0, 2), st.integers(0, 40)), max_size=12))
def test_what_is_held_is_what_accounts_have_put_down(network_of_four: Evm, moves: list[tuple[str, int, int]]) -> None:
    evm = network_of_four
    accounts, model = [evm.alice, evm.bob, evm.eve], [0, 0, 0]
    with evm.undone():
        evm.token.approve(evm.balances.address, 10**6)
        for move, who, amount in moves:
            change = amount if move == "stake" else -amount
            possible = amount > 0 and model[who] + change >= 0
            try:
                if move == "stake":
                    evm.balances.stake(amount, accounts[who])
                else:
                    evm.balances["withdraw(uint256,address)"](amount, accounts[who], sender=accounts[who])
                model[who] += change
                assert possible
            except Reverted:
                assert not possible
        assert [evm.balances.balanceOf(account) for account in accounts] == model
        assert evm.balances.totalStaked() == evm.token.balanceOf(evm.balances.address) == sum(model)
