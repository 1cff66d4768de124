"""What a wallet signs is what eth_account would have signed."""

from __future__ import annotations

import pytest
import rlp as reference
from eth_account import Account
from eth_account.messages import encode_defunct

from votive.client import Wallet
from votive.client.wallet import Eip1559, wallet_of
from votive.terms import rlp

KEY = "0x" + "11" * 32
THEIRS = Account.from_key(KEY)
TO = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"


@pytest.mark.parametrize("wallet", [Wallet.from_key(KEY), wallet_of(KEY), wallet_of(THEIRS)], ids=["key", "hex", "account"])
class TestWallet:
    def test_it_has_the_address_of_its_key(self, wallet: Wallet) -> None:
        assert wallet.address == THEIRS.address

    @pytest.mark.parametrize("text", ["", "7919", "é\n" * 100])
    def test_it_signs_messages_alike(self, wallet: Wallet, text: str) -> None:
        assert wallet.sign_message(text) == "0x" + THEIRS.sign_message(encode_defunct(text=text)).signature.hex()

    @pytest.mark.parametrize("data", [b"", b"\x00", b"\x7f", b"\x80", bytes(55), bytes(56), bytes(70_000)])
    @pytest.mark.parametrize("number", [0, 1, 127, 128, 2**64])
    def test_it_signs_transactions_alike(self, wallet: Wallet, data: bytes, number: int) -> None:
        ours = Eip1559(chain_id=31337, nonce=number, tip=number, max_fee=number, gas=21_000 + number, to=TO, value=number, data=data)
        theirs = {
            "type": 2,
            "chainId": 31337,
            "nonce": number,
            "maxPriorityFeePerGas": number,
            "maxFeePerGas": number,
            "gas": 21_000 + number,
            "to": TO,
            "value": number,
            "data": data,
        }
        assert wallet.sign_transaction(ours) == bytes(THEIRS.sign_transaction(theirs).raw_transaction)


@pytest.mark.parametrize("size", [0, 1, 55, 56, 255, 256, 65_536])
def test_lists_and_bytes_of_every_length_are_encoded_as_the_reference_does(size: int) -> None:
    assert rlp.encode(bytes(size)) == reference.encode(bytes(size))
    nested = [b"a", [b"b" * size], []]
    assert rlp.encode(nested) == reference.encode(nested)
    assert rlp.encode(list(range(size))) == reference.encode(list(range(size)))
