"""Descriptions of tokens: their owners add to them, and can make them say nothing else than text."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from tests.contracts.evm import Evm, Reverted, key_vote

from votive.chain.token import eth_address

URL = "https://example.org/pkp"
PICTURE = "ipfs://bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"


def described(evm: Evm, token: int) -> dict[str, Any]:
    """What wallets read of a token."""
    kind, _, encoded = evm.nft.tokenURI(token).partition(",")
    assert kind == "data:application/json;base64"
    return dict(json.loads(base64.b64decode(encoded)))


def test_a_token_is_described_by_its_key(evm: Evm) -> None:
    token = evm.mint(evm.alice)
    public_key = evm.nft.getPubkey(token)
    assert described(evm, token) == {
        "name": f"PKP 0x{token:064x}",
        "description": "A key pair that no one holds.",
        "attributes": [
            {"trait_type": "Public key", "value": "0x" + public_key.hex()},
            {"trait_type": "Ethereum address", "value": eth_address(public_key)},
        ],
    }


def test_its_owner_adds_a_url_and_a_picture_and_takes_them_away(evm: Evm) -> None:
    token = evm.mint(evm.alice)
    (url,) = evm.metadata.setUrlForPKP(token, URL, sender=evm.alice)
    (picture,) = evm.metadata.setProfileForPKP(token, PICTURE, sender=evm.alice)
    assert url.values == {"tokenId": token, "url": URL}
    assert picture.values == {"tokenId": token, "imgUrl": PICTURE}
    assert (described(evm, token)["external_url"], described(evm, token)["image"]) == (URL, PICTURE)
    evm.metadata.removeUrlForPKP(token, sender=evm.alice)
    evm.metadata.removeProfileForPkp(token, sender=evm.alice)
    assert not {"external_url", "image"} & described(evm, token).keys()


def test_nobody_else_describes_a_token(evm: Evm) -> None:
    token, other = evm.mint(evm.alice), evm.mint(evm.eve)
    evm.nft.approve(evm.bob, token, sender=evm.alice)
    for stranger in (evm.eve, evm.deployer, evm.bob):
        for attempt, words in (
            (evm.metadata.setUrlForPKP, (token, URL)),
            (evm.metadata.setProfileForPKP, (token, PICTURE)),
            (evm.metadata.removeUrlForPKP, (token,)),
            (evm.metadata.removeProfileForPkp, (token,)),
        ):
            with pytest.raises(Reverted, match="NotPkpOwner"):
                attempt(*words, sender=stranger)
    evm.metadata.setUrlForPKP(other, URL, sender=evm.eve)
    assert "external_url" not in described(evm, token)


def test_a_description_is_handed_on_with_its_token(evm: Evm) -> None:
    token = evm.mint(evm.alice)
    evm.metadata.setUrlForPKP(token, URL, sender=evm.alice)
    evm.nft.transferFrom(evm.alice, evm.bob, token, sender=evm.alice)
    assert described(evm, token)["external_url"] == URL
    with pytest.raises(Reverted, match="NotPkpOwner"):
        evm.metadata.setUrlForPKP(token, "of the seller", sender=evm.alice)
    evm.metadata.removeUrlForPKP(token, sender=evm.bob)
    assert "external_url" not in described(evm, token)


def test_a_burned_token_is_described_no_more(evm: Evm) -> None:
    token = evm.mint(evm.alice)
    evm.metadata.setUrlForPKP(token, URL, sender=evm.alice)
    evm.nft.burn(token, sender=evm.alice)
    with pytest.raises(Reverted, match="ERC721NonexistentToken"):
        evm.nft.tokenURI(token)
    with pytest.raises(Reverted, match="NotPkpOwner"):
        evm.metadata.setUrlForPKP(token, URL, sender=evm.alice)


@pytest.mark.parametrize(
    "text", ['"},{"name":"another', '","name":"another', "\\", '\\"', "a\nb\tc\r\x00\x1f", "</script><script>", "ä✓🎈", "x" * 3000]
)
def test_no_text_breaks_out_of_its_place(evm: Evm, text: str) -> None:
    token = evm.mint(evm.alice)
    evm.metadata.setUrlForPKP(token, text, sender=evm.alice)
    evm.metadata.setProfileForPKP(token, text, sender=evm.alice)
    found = described(evm, token)
    assert (found["external_url"], found["image"]) == (text, text)
    assert found["name"] == f"PKP 0x{token:064x}"


def test_no_key_is_described_under_another_keys_name(evm: Evm) -> None:
    token, other = evm.mint(evm.alice), evm.mint(evm.eve)
    key, address = evm.nft.getPubkey(token), evm.nft.getEthAddress(token)
    unknown = key_vote("a key of nobody")[0]
    assert evm.metadata.tokenURI(token, key, address) == evm.nft.tokenURI(token)
    for wrong in (
        (other, key, address),
        (token, evm.nft.getPubkey(other), address),
        (token, key, evm.nft.getEthAddress(other)),
        (token, unknown, eth_address(unknown)),
        (token, b"", address),
        (token, key[:64], address),
    ):
        with pytest.raises(Reverted, match="NotTheKey"):
            evm.metadata.tokenURI(*wrong)
