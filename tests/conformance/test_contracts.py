"""LitContracts: what the SDK sends to the chain is what the chain then says, and what the nodes then do."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from eth_keys import keys
from eth_utils.crypto import keccak
from tests.conformance.chain import Chain
from tests.conformance.conftest import refusal

from votive.ipfs import multihash_of

ACTION, CUSTOM = 2, 4242
CREDENTIAL = keccak(text="a credential")
NOBODY = "0x" + "00" * 20
DAY = 86_400
NOT_PERMITTED = "NodeAuthSigScopeTooLimited"


@pytest.fixture
def chain(network: dict[str, Any]) -> Chain:
    return Chain(network["contracts"]["rpc"], network["deployed"])


def scopes_of(chain: Chain, token: int, kind: int, identity: bytes) -> list[int]:
    """The scopes of one permission, as the chain has them."""
    signature = "getPermittedAuthMethodScopes(uint256,uint256,bytes,uint256)"
    present = chain.read("PKPPermissions", signature, "bool[]", token, kind, identity, 8)
    return [scope for scope, here in enumerate(present) if here]


def owner_of(chain: Chain, token: int) -> str:
    return str(chain.read("PKPNFT", "ownerOfOrZero(uint256)", "address", token))


def address_of(public_key: bytes) -> str:
    """The address of a 65-byte key, by eth-keys."""
    return str(keys.PublicKey(public_key[1:]).to_checksum_address())


def test_keys_are_minted_permitted_handed_on_and_burned_with_lits_contracts_sdk(
    run: Callable[[str], dict[str, Any]], network: dict[str, Any], chain: Chain
) -> None:
    found = run("contracts.mjs")
    owner, permitted, _ = network["addresses"]
    signing, published = (multihash_of(network[name]) for name in ("signing_cid", "published_cid"))

    # mint: exactly the price, the first event names the token, whose id is the hash of its key
    cost = chain.read("PKPNFT", "mintCost()", "uint256")
    assert found["mintCost"] == str(cost)
    assert found["unpaid"]["code"] == "CALL_EXCEPTION"
    minted = found["minted"]
    token, public_key = int(minted["tokenId"], 16), bytes.fromhex(minted["publicKey"])
    assert chain.value_of(minted["hash"]) == chain.value_of(found["raw"]["hash"]) == cost
    events = chain.events(minted["hash"])
    assert [event.name for event in events] == found["raw"]["events"] == ["PKPMinted", "Transfer"]
    assert events[0].values == {"tokenId": token, "pubkey": public_key}
    assert events[1].values == {"from": NOBODY, "to": owner.lower(), "tokenId": token}
    assert token == int.from_bytes(keccak(public_key))
    assert minted["ethAddress"] == address_of(public_key)
    raw = int(found["raw"]["tokenId"], 16)
    assert {token, raw} <= {int(mine) for mine in found["mine"]}
    assert {address_of(public_key), address_of(chain.read("PKPNFT", "getPubkey(uint256)", "bytes", raw))} <= {
        each["ethAddress"] for each in found["info"]
    }
    assert int(found["first"][0]) == chain.read("PKPNFT", "tokenByIndex(uint256)", "uint256", 0)
    assert found["signedByOwner"] == "0x" + minted["publicKey"]
    assert refusal(found["refusedBefore"]).error_code == NOT_PERMITTED

    # permit, look, revoke
    personal, anything, address, method, added, removed = map(chain.events, found["granted"])
    names = "PermittedAuthMethod"
    assert [event.name for event in personal] == [f"{names}Added", f"{names}ScopeAdded"]
    assert personal[1].values == {"tokenId": token, "authMethodType": ACTION, "id": published, "scopeId": 2}
    assert anything[1].values == {"tokenId": token, "authMethodType": ACTION, "id": signing, "scopeId": 1}
    assert address[0].values == {"tokenId": token, "authMethodType": 1, "id": bytes.fromhex(permitted[2:]), "userPubkey": b""}
    of_method = {"tokenId": token, "authMethodType": CUSTOM, "id": CREDENTIAL}
    assert [event.values.get("scopeId") for event in method] == [None, 1, 3]
    assert (added[0].name, added[0].values) == (f"{names}ScopeAdded", of_method | {"scopeId": 4})
    assert (removed[0].name, removed[0].values) == (f"{names}ScopeRemoved", of_method | {"scopeId": 3})
    permissions = found["permissions"]
    assert set(permissions["actions"]) == {network["signing_cid"], network["published_cid"]}
    assert permissions["addresses"] == [owner, permitted]
    assert [CUSTOM, "0x" + CREDENTIAL.hex(), "0x"] in permissions["methods"]
    assert permissions["scopes"] == [1, 4]
    assert found["utils"] == {"actions": permissions["actions"], "addresses": permissions["addresses"]}
    assert found["permittedAction"]
    assert found["permittedAddress"]
    assert found["personalOnly"] == [False, True]
    assert found["signedByPermitted"] == "0x" + minted["publicKey"]
    assert refusal(found["strangersGrant"]).name == "TransactionError"
    assert found["revoked"] == {
        "actions": [network["published_cid"]],
        "addresses": [owner],
        "methods": [
            [ACTION, "0x" + published.hex(), "0x"],
            [CUSTOM, "0x" + CREDENTIAL.hex(), "0x"],
        ],
        "scopes": [2],
    }
    assert scopes_of(chain, token, CUSTOM, CREDENTIAL) == [2], "a method that is granted again has none of its old scopes"
    assert refusal(found["refusedAfter"]).error_code == NOT_PERMITTED

    # mint, grant and burn
    burned = found["burned"]
    token_burned = int(burned["tokenId"], 16)
    assert [event.name for event in chain.events(burned["hash"])] == burned["events"]
    assert burned["events"] == ["PKPMinted", "Transfer", f"{names}Added", f"{names}ScopeAdded", "Transfer"]
    assert not burned["exists"]
    assert owner_of(chain, token_burned) == NOBODY
    assert chain.read("PKPPermissions", "getPermittedAuthMethods(uint256)", "(uint256,bytes,bytes)[]", token_burned) == (
        (ACTION, signing, b""),
    )
    assert scopes_of(chain, token_burned, ACTION, signing) == [1]
    assert burned["permissions"]["actions"] == [network["signing_cid"]]
    assert burned["permissions"]["addresses"] == []
    assert burned["signed"] == burned["publicKey"]
    assert refusal(burned["otherAction"]).error_code == NOT_PERMITTED
    assert refusal(burned["minter"]).error_code == NOT_PERMITTED
    assert refusal(burned["grant"]).name == "TransactionError"

    # PKPHelper
    wallets = int(found["helped"]["wallets"]["tokenId"], 16)
    assert scopes_of(chain, wallets, 1, keccak(text=f"{owner}:lit")) == [1]
    itself, two = found["helped"]["itself"], found["helped"]["two"]
    assert chain.events(itself["hash"])[0].values["tokenId"] == int(itself["tokenId"], 16)
    assert itself["owner"] == itself["ethAddress"] == address_of(bytes.fromhex(itself["publicKey"]))
    assert owner_of(chain, int(itself["tokenId"], 16)) == itself["ethAddress"].lower()
    assert scopes_of(chain, int(itself["tokenId"], 16), CUSTOM, CREDENTIAL) == [1]
    assert scopes_of(chain, int(itself["tokenId"], 16), 1, bytes.fromhex(itself["ethAddress"][2:])) == [1]
    assert two["owner"] == owner
    assert two["permissions"]["methods"] == [[ACTION, "0x" + signing.hex(), "0x"], [CUSTOM, "0x" + CREDENTIAL.hex(), "0x1234"]]
    assert scopes_of(chain, int(two["tokenId"], 16), ACTION, signing) == [1]
    assert scopes_of(chain, int(two["tokenId"], 16), CUSTOM, CREDENTIAL) == two["permissions"]["scopes"] == [2, 3]

    # hand on, burn
    assert chain.event(found["transfer"]) == {"from": owner.lower(), "to": permitted.lower(), "tokenId": token}
    assert found["signedByBuyer"] == "0x" + minted["publicKey"]
    assert refusal(found["refusedSeller"]).error_code == NOT_PERMITTED
    assert found["sellersBurn"]["code"] == "CALL_EXCEPTION"
    assert chain.event(found["burn"]) == {"from": permitted.lower(), "to": NOBODY, "tokenId": token}
    assert refusal(found["refusedBurned"]).error_code == NOT_PERMITTED
    assert found["left"] == {"publicKey": "0x" + minted["publicKey"], "exists": False}
    assert owner_of(chain, token) == NOBODY


def test_all_eleven_contracts_are_found_both_ways_and_do_what_they_say(
    run: Callable[[str], dict[str, Any]], network: dict[str, Any], chain: Chain
) -> None:
    found = run("eleven.mjs")
    owner, permitted, stranger = network["addresses"]

    # both ways to configure, of LitContracts and of the client
    eleven = {name: contract["address"] for name, contract in network["contracts"]["customContext"].items()}
    assert len(eleven) == 11
    assert {name: network["deployed"][name] for name in eleven} == eleven
    assert found["places"] == dict.fromkeys(("addresses", "resolver", "resolverAlone"), eleven)
    assert all(len(chain.ask("eth_getCode", address, "latest")) > 1000 for address in eleven.values())
    for minted in found["minted"].values():
        token = int(minted["tokenId"], 16)
        assert minted["ethAddress"] == address_of(chain.read("PubkeyRouter", "getPubkey(uint256)", "bytes", token))
        assert owner_of(chain, token) == owner.lower()
        assert scopes_of(chain, token, 1, bytes.fromhex(permitted[2:])) == [1]
    assert found["nodes"] == {"resolver": network["nodes"], "resolverAlone": network["nodes"]}
    assert (found["connection"]["minNodeCount"], found["connection"]["bootstrapUrls"]) == (3, network["nodes"])
    assert (found["least"], found["urls"]) == (3, network["nodes"])

    # RateLimitNFT: what was paid for until midnight, for whoever holds it
    capacity, token = found["capacity"], int(found["capacity"]["token"])
    assert chain.event(capacity["minted"]) == {"from": NOBODY, "to": owner.lower(), "tokenId": token}
    assert chain.event(capacity["sent"]) == {"from": owner.lower(), "to": stranger.lower(), "tokenId": token}
    assert chain.read("RateLimitNFT", "ownerOf(uint256)", "address", token) == stranger.lower()
    requests, expires_at = chain.read("RateLimitNFT", "capacity(uint256)", "(uint256,uint256)", token)
    assert requests in (25, 26), "the second of the mint may have made a second of it free"
    assert expires_at % DAY == 0
    assert capacity["of"]["tokenId"] == token
    assert not capacity["of"]["isExpired"]
    assert capacity["of"]["capacity"]["expiresAt"]["timestamp"] == expires_at
    assert capacity["pruned"]["actualTokensBurned"] == 0
    bought = chain.event(capacity["bought"]["hash"])
    assert chain.read("RateLimitNFT", "ownerOf(uint256)", "address", bought["tokenId"]) == owner.lower()
    assert int(capacity["bought"]["tokenId"], 16) == 0, "the SDK reads the sender here; our documents say so"

    # Multisender: equal parts; what does not divide stays with the sender
    assert [chain.balance(recipient) for recipient in found["recipients"]] == [33] * 3
    assert chain.balance(eleven["Multisender"]) == 0
    paid = [event.values for event in chain.events(found["tokens"]) if event.name == "Transfer"]
    assert paid == [{"from": owner.lower(), "to": recipient.lower(), "value": 333} for recipient in found["recipients"]]
    assert found["nothing"]["code"] == "CALL_EXCEPTION"

    # LITToken and StakingBalances: put down for somebody, who alone takes it back
    assert [event.name for event in chain.events(found["staked"])] == ["Staked", "Transfer"]
    assert found["takenByAnother"]["code"] == "CALL_EXCEPTION"
    assert [event.values for event in chain.events(found["withdrawn"])] == [
        {"staker": permitted.lower(), "amount": 200},
        {"from": eleven["StakingBalances"].lower(), "to": permitted.lower(), "value": 200},
    ]
    assert chain.read("StakingBalances", "balanceOf(address)", "uint256", permitted) == 300
    assert chain.read("LITToken", "balanceOf(address)", "uint256", eleven["StakingBalances"]) == 300

    # PKPNFTMetadata: what the owner adds is text, whatever is in it
    head, _, encoded = found["tokenURI"].partition(",")
    described = json.loads(base64.b64decode(encoded))
    assert head == "data:application/json;base64"
    assert (described["external_url"], described["image"]) == (found["described"]["url"], "ipfs://a-picture")
    assert described["name"] == f"PKP {found['minted']['addresses']['tokenId']}"
    assert found["describedByAnother"]["code"] == "CALL_EXCEPTION"

    # Allowlist: everything is, until its owner says otherwise
    assert found["allowed"]
    assert found["listedByAnother"]["code"] == "CALL_EXCEPTION"
    assert not chain.read("Allowlist", "allowedItems(bytes32)", "bool", keccak(text=f"LIT_ACTION_{network['published_cid']}"))
