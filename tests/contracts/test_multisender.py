"""Equal parts for many: all are paid or none, and nothing is left that somebody could take."""

from __future__ import annotations

from typing import Any

import pytest
from eth_utils.address import to_canonical_address, to_checksum_address
from eth_utils.crypto import keccak
from tests.contracts.evm import Evm, Reverted

AMOUNT = 1_000


def nobodies(count: int) -> list[str]:
    """Addresses that have nothing."""
    return [to_checksum_address(keccak(text=f"nobody {number}")[12:]) for number in range(count)]


def balances(evm: Evm, accounts: list[str]) -> list[int]:
    return [evm.tester.get_balance(account) for account in accounts]


def tokens(evm: Evm, accounts: list[str]) -> list[int]:
    return [evm.token.balanceOf(account) for account in accounts]


@pytest.mark.parametrize(("amount", "count"), [(100, 3), (7, 7), (1_000_003, 10), (5, 1)])
def test_ether_arrives_in_equal_parts_and_the_rest_goes_back(evm: Evm, amount: int, count: int) -> None:
    recipients, before = nobodies(count), evm.tester.get_balance(evm.alice)
    evm.multisender.sendEth(recipients, sender=evm.alice, value=amount)
    assert balances(evm, recipients) == [amount // count] * count
    assert evm.tester.get_balance(evm.multisender.address) == 0
    paid = before - evm.tester.get_balance(evm.alice) - evm.gas_used * 10**10
    assert paid == amount // count * count


def test_one_recipient_named_twice_gets_two_parts(evm: Evm) -> None:
    first, second = nobodies(2)
    evm.multisender.sendEth([first, second, first], sender=evm.alice, value=300)
    assert balances(evm, [first, second]) == [200, 100]


@pytest.mark.parametrize(("amount", "count"), [(0, 2), (100, 0), (0, 0), (2, 3)])
def test_what_gives_nobody_anything_is_refused(evm: Evm, amount: int, count: int) -> None:
    with pytest.raises(Reverted, match="NothingForEach"):
        evm.multisender.sendEth(nobodies(count), sender=evm.alice, value=amount)
    evm.token.approve(evm.multisender.address, amount)
    with pytest.raises(Reverted, match="NothingForEach"):
        evm.multisender.sendTokens(nobodies(count), evm.token.address)


def test_a_recipient_that_refuses_is_named_and_nobody_is_paid(evm: Evm) -> None:
    first, second = nobodies(2)
    refusing = evm.permissions.address
    with pytest.raises(Reverted, match=f"PaymentRefused.*{refusing.lower()}"):
        evm.multisender.sendEth([first, refusing, second], sender=evm.alice, value=300)
    assert balances(evm, [first, second]) == [0, 0]
    evm.multisender.sendEth([first, second], sender=evm.alice, value=300)
    assert balances(evm, [first, second]) == [150, 150]


def test_a_recipient_that_calls_back_shares_out_its_own_part_only(evm: Evm) -> None:
    first, last, friend = nobodies(3)
    greedy = greedy_contract(evm, friend)
    evm.multisender.sendEth([first, greedy, last], sender=evm.alice, value=300)
    assert balances(evm, [first, greedy, last, friend]) == [100, 0, 100, 100]
    assert evm.tester.get_balance(evm.multisender.address) == 0


def test_tokens_that_were_approved_arrive_in_equal_parts_and_the_rest_stays(evm: Evm) -> None:
    recipients, before = nobodies(3), evm.token.balanceOf(evm.deployer)
    evm.token.approve(evm.multisender.address, AMOUNT)
    evm.multisender.sendTokens(recipients, evm.token.address)
    assert tokens(evm, recipients) == [333] * 3
    assert evm.token.balanceOf(evm.deployer) == before - 999
    assert evm.token.balanceOf(evm.multisender.address) == 0
    assert evm.token.allowance(evm.deployer, evm.multisender.address) == 1


def test_nobody_sends_what_somebody_else_approved(evm: Evm) -> None:
    evm.token.approve(evm.multisender.address, AMOUNT)
    with pytest.raises(Reverted, match="NothingForEach"):
        evm.multisender.sendTokens([evm.eve], evm.token.address, sender=evm.eve)
    assert tokens(evm, [evm.eve, evm.multisender.address]) == [0, 0]


def test_more_than_one_has_is_not_sent_though_it_was_approved(evm: Evm) -> None:
    evm.token.transfer(evm.alice, AMOUNT)
    evm.token.approve(evm.multisender.address, 2**256 - 1, sender=evm.alice)
    with pytest.raises(Reverted, match="ERC20InsufficientBalance"):
        evm.multisender.sendTokens(nobodies(2), evm.token.address, sender=evm.alice)
    assert evm.token.balanceOf(evm.alice) == AMOUNT


def test_tokens_that_were_sent_first_as_to_lits_contract_are_handed_out(evm: Evm) -> None:
    recipients = nobodies(4)
    evm.token.transfer(evm.multisender.address, AMOUNT)
    evm.multisender.sendTokens(recipients, evm.token.address)
    assert tokens(evm, recipients) == [250] * 4


def test_who_approved_leaves_what_lies_there(evm: Evm) -> None:
    evm.token.transfer(evm.multisender.address, 50)
    evm.token.approve(evm.multisender.address, AMOUNT)
    evm.multisender.sendTokens(nobodies(2), evm.token.address)
    assert evm.token.balanceOf(evm.multisender.address) == 50


def test_it_takes_no_ether_without_recipients(evm: Evm) -> None:
    transaction: dict[str, Any] = {"from": evm.alice, "to": evm.multisender.address, "value": 1, "gas": 100_000, "gas_price": 10**10}
    receipt = evm.tester.get_transaction_receipt(evm.tester.send_transaction(transaction))
    assert receipt["status"] == 0


def greedy_contract(evm: Evm, friend: str) -> str:
    """Create a contract that answers a payment by handing the value to the Multisender again, for ``friend``; return its address."""
    call = keccak(text="sendEth(address[])")[:4] + b"".join(
        word.rjust(32, b"\0") for word in (b"\x20", b"\x01", to_canonical_address(friend))
    )
    size = len(call)
    code = bytes([0x60, size, 0x60, 0, 0x60, 0, 0x39])  # CODECOPY(0, place of the call's data, size): the place is set below
    code += bytes([0x60, 0, 0x60, 0, 0x60, size, 0x60, 0, 0x34])  # no answer wanted; the data at 0; CALLVALUE
    code += b"\x73" + to_canonical_address(evm.multisender.address) + bytes([0x5A, 0xF1, 0x50, 0x00])  # PUSH20, GAS, CALL, POP, STOP
    code = code[:3] + bytes([len(code)]) + code[4:] + call
    creation = bytes([0x60, len(code), 0x60, 12, 0x60, 0, 0x39, 0x60, len(code), 0x60, 0, 0xF3]) + code
    sent = evm.tester.send_transaction({"from": evm.eve, "to": "", "data": "0x" + creation.hex(), "gas": 1_000_000, "gas_price": 10**10})
    return str(evm.tester.get_transaction_receipt(sent)["contract_address"])
