"""The table of methods, and the two that need no provider: wallets and actions."""

from __future__ import annotations

import json

import pytest
from tests.auth.methods.provider import NOW

from votive.auth.methods import EthWallet, InvalidAuthMethod, Methods, Occasion, verdict_of
from votive.auth.wallet import AuthPolicy, verify_wallet
from votive.terms.auth_method import AuthMethod, MethodType
from votive.terms.auth_sig import AuthSig
from votive.terms.errors import CallerError

CID = "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG"


async def by_key(auth_sig: AuthSig, occasion: Occasion) -> str:
    return verify_wallet(auth_sig, now=NOW, request=occasion.request, policy=AuthPolicy(accept_bearer=True)).address


METHODS = Methods({MethodType.ETH_WALLET: EthWallet(by_key)})


async def prove(occasion: Occasion, method_type: int, token: str) -> None:
    method = AuthMethod(auth_method_type=method_type, access_token=token)
    await METHODS.verify(method, token_id=occasion.token_id, request=occasion.request, block=occasion.block)


@pytest.mark.parametrize("method_type", [-1, 0, 2, 3, 6, 7, 9, 13, 99, 2**70])
async def test_a_type_that_is_not_offered_is_refused(occasion: Occasion, method_type: int) -> None:
    with pytest.raises(InvalidAuthMethod, match="is not offered") as refusal:
        await prove(occasion, method_type, "canary-token")
    assert refusal.value.status == 400
    assert "canary" not in refusal.value.message


async def test_an_action_among_the_methods_is_told_where_it_belongs(occasion: Occasion) -> None:
    with pytest.raises(InvalidAuthMethod, match="litActionIpfsId"):
        await prove(occasion, MethodType.ACTION, CID)


@pytest.mark.parametrize("token", ["", "{}", "5", "null", '{"sig": 1}', "[" * 2000])
async def test_a_wallets_token_is_an_auth_sig(occasion: Occasion, token: str) -> None:
    with pytest.raises(CallerError):
        await prove(occasion, MethodType.ETH_WALLET, token)


@pytest.mark.parametrize("response", ["true", " true\n"])
def test_an_action_that_says_true_authenticates(response: str) -> None:
    assert verdict_of(CID, response).custom_auth_resource == ""


@pytest.mark.parametrize("response", ["(true, anything)", "(true, 'x, (y)')", '(true,{"a":1})'])
def test_an_action_may_say_more_than_true(response: str) -> None:
    assert json.loads(verdict_of(CID, response).custom_auth_resource) == response


@pytest.mark.parametrize(
    "response",
    ["", "false", "TRUE", "True", "truee", "1", '"true"', "(true", "(false, x)", "x(true, y)", "null", "(true, " + "x" * 5000 + ")"],
)
def test_everything_else_refuses(response: str) -> None:
    with pytest.raises(InvalidAuthMethod, match=CID):
        verdict_of(CID, response)
