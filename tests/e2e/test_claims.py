"""Claiming keys on real processes, from Python and on the command line."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import Place

import votive
from votive.client import AuthMethod, MethodType, Refused, TransactionFailed
from votive.client.rpc import Refusal
from votive.core import derive_public_key
from votive.terms.claim import action_key_id, user_key_id
from votive.terms.encoding import hex0x

CLAIMS = b"""
(async () => {
  await Lit.Actions.claimKey({ keyId: "purse", minter: Lit.Auth.authSigAddress });
  Lit.Actions.setResponse({ response: "claimed" });
})();
"""


def token_of(status: dict[str, Any], sub: str) -> str:
    """A token of the development issuer for a user of an application."""
    url = status["issuer"]["url"]
    body = json.dumps({"sub": sub, "aud": "app-1"}).encode()
    request = urllib.request.Request(f"{url}/token", data=body, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        token: str = json.load(answer)["id_token"]
        return token


async def test_users_and_actions_have_the_keys_that_their_names_say(status: dict[str, Any]) -> None:
    payer, other = (account["private_key"] for account in status["accounts"][4:6])
    by_google = AuthMethod(auth_method_type=MethodType.GOOGLE_JWT, access_token=token_of(status, "una"))
    async with votive.connect(status["nodes"][0]["url"]) as network:
        roots = await network.registry.root_keys()
        minted = await network.claim(method=by_google, account=payer)
        assert minted.public_key == hex0x(derive_public_key(roots, user_key_id("una", "app-1")))
        assert minted.owner == status["accounts"][4]["address"]
        signed = await network.sign(minted.token_id, message="mine", account=payer)
        assert signed.signature.verify()
        assert signed.signature.public_key == minted.public_key
        with pytest.raises(Refused):
            await network.sign(minted.token_id, message="not mine", account=other)
        with pytest.raises((Refusal, TransactionFailed), match="claimed before"):
            await network.claim(method=by_google, account=other)

        result = await network.execute(CLAIMS, account=payer)
        purse = await network.mint_claimed(result.claims["purse"], account=payer)
        assert purse.public_key == hex0x(derive_public_key(roots, action_key_id(result.cid, "purse")))
        await network.grant(purse.token_id, account=payer, action=result.cid)
        await network.burn(purse.token_id, account=payer)
        assert (await network.key(purse.token_id)).permitted_actions == (result.cid,)


def test_a_wallets_own_key_is_claimed_on_the_command_line(place: Place, status: dict[str, Any], tmp_path: Path) -> None:
    address = status["accounts"][6]["address"]
    claimed: dict[str, Any] = place.run("key", "claim", "--as", "6")
    assert claimed["owner"] == address
    assert place.run("key", "show", claimed["token_id"])["public_key"] == claimed["public_key"]
    token = tmp_path / "token"
    token.write_text(token_of(status, "vera"))
    assert place.run("key", "claim", "--method", "google", "--token-file", token, "--as", "6")["owner"] == address
