"""Signing in to a key on real processes: tokens of a real issuer, passkeys, wallets, actions; and each way of being refused."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from tests.auth.methods.authenticator import Authenticator
from tests.e2e.conftest import Place
from tests.e2e.facts import check_signature

import votive
from votive.client import AuthMethod, Challenge, MethodType, Network, Refused, Session, SessionStore, abi, by_passkey
from votive.client.results import Minted
from votive.terms.auth_method import wallet_ids

DIGEST = "0x" + "a7" * 32
ANYTHING, MESSAGES = 1, 2
APP = "app-1"
DECIDES = b"""
(async () => {
  const known = Lit.Auth.authMethodContexts.some((user) => user.userId === "ann" && user.authMethodType === 6);
  Lit.Actions.setResponse({ response: known ? "(true, ann)" : password === "open sesame" ? "true" : "false" });
})();
"""


@dataclass
class Town:
    """A network, its issuer, and somebody who owns a key."""

    network: Network
    http: aiohttp.ClientSession
    issuer: str
    owner: str
    minted: Minted
    store: SessionStore
    directory: Path

    async def token(self, sub: str = "ann", aud: str = APP, **more: Any) -> dict[str, str]:
        async with self.http.post(f"{self.issuer}/token", json={"sub": sub, "aud": aud, **more}) as response:
            answer: dict[str, str] = await response.json()
            return answer

    async def google(self, sub: str = "ann", **more: Any) -> AuthMethod:
        return AuthMethod(auth_method_type=MethodType.GOOGLE_JWT, access_token=(await self.token(sub, **more))["id_token"])

    async def permit(self, method_type: int, user: str, application: str = APP, scope: int = ANYTHING, public_key: bytes = b"") -> None:
        await self.network.grant_method(
            self.minted.token_id,
            account=self.owner,
            method_type=method_type,
            user=user,
            application=application,
            public_key=public_key,
            scopes=[scope],
        )

    async def open(self, method: Any = None, **more: Any) -> Session:
        return await self.network.pkp_session(self.minted.token_id, ["lit-pkp://*"], method=method, store=self.store, **more)

    async def refused(self, method: Any = None, **more: Any) -> Refused:
        with pytest.raises(Refused) as refusal:
            await self.open(method, **more)
        assert refusal.value.details[-1]["saidBy"] == [1, 2, 3, 4]
        return refusal.value

    async def sign(self, session: Session) -> None:
        signed = await self.network.sign(self.minted.token_id, DIGEST, session=session)
        one = signed.signature
        check_signature({"digest": one.digest, "r": one.r, "s": one.s, "v": one.v}, self.minted.public_key)


@pytest.fixture
async def town(place: Place, status: dict[str, Any], tmp_path: Path) -> AsyncIterator[Town]:
    """The running network, and a fresh key of its first account."""
    owner = status["accounts"][0]["private_key"]
    urls = [node["url"] for node in status["nodes"]]
    connection = votive.connect(
        urls, rpc_url=status["chain"]["rpc_url"], ipfs_api=status["ipfs"]["api"], resolver=status["contracts"]["ContractResolver"]
    )
    async with aiohttp.ClientSession() as http, connection as network:
        minted = await network.mint(account=owner)
        yield Town(network, http, status["issuer"]["url"], owner, minted, SessionStore(tmp_path / "state"), place.directory)


def alternatives(refusal: Refused) -> list[dict[str, Any]]:
    """What was tried, as the nodes tell it."""
    tried: list[dict[str, Any]] = refusal.details[0]["alternatives"]
    return tried


async def test_an_id_token_opens_a_session_that_signs(town: Town) -> None:
    google = await town.google()
    refusal = await town.refused(google)
    assert [one["permits"] for one in alternatives(refusal)] == [False]
    assert "6 of ann:app-1" in alternatives(refusal)[0]["asked"]
    await town.permit(MethodType.GOOGLE_JWT, "ann")
    session = await town.open(google)
    assert session.address == town.minted.eth_address
    await town.sign(session)


async def test_whoever_loses_the_right_loses_his_session(town: Town) -> None:
    await town.permit(MethodType.GOOGLE_JWT, "ann")
    session = await town.open(await town.google())
    await town.sign(session)
    await town.network.revoke_method(
        town.minted.token_id, account=town.owner, method_type=MethodType.GOOGLE_JWT, user="ann", application=APP
    )
    with pytest.raises(Refused, match="permitted: no"):
        await town.sign(session)
    await town.refused(await town.google())


async def test_apple_discord_and_google_sign_in_as_well(town: Town) -> None:
    apple = (await town.token(algorithm="ES256"))["id_token"]
    access = (await town.token())["access_token"]
    shown = {MethodType.APPLE_JWT: apple, MethodType.DISCORD: access, MethodType.GOOGLE_OAUTH: access}
    for method_type, token in shown.items():
        method = AuthMethod(auth_method_type=method_type, access_token=token)
        assert f"{method_type.value} of ann:app-1" in alternatives(await town.refused(method))[0]["asked"]
        await town.permit(method_type, "ann")
        await town.sign(await town.open(method))


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ({"expires_in": -100}, "expired"),
        ({"algorithm": "ES256"}, "signs with RS256"),
        ({"nonce": "votive://request/" + "0" * 64}, "another request"),
    ],
)
async def test_a_token_that_does_not_hold_is_refused_with_its_reason(town: Town, more: dict[str, Any], complaint: str) -> None:
    await town.permit(MethodType.GOOGLE_JWT, "ann")
    refusal = await town.refused(await town.google(**more))
    assert complaint in refusal.message
    assert refusal.reported_code == "NodeInvalidAuthMethod"


async def test_a_type_that_no_operator_configured_is_refused(town: Town) -> None:
    refusal = await town.refused(AuthMethod(auth_method_type=11, access_token="+15551234567"))
    assert refusal.status == 400
    assert refusal.details[0]["offered"] == [1, 3, 4, 5, 6, 8]


async def test_a_passkey_signs_messages_only_if_its_scope_says_so(town: Town) -> None:
    passkey = Authenticator(rp_id="localhost", origin="http://localhost:3000")
    assert "is not permitted" in (await town.refused(by_passkey(passkey.token))).message
    await town.permit(MethodType.WEBAUTHN, passkey.raw_id, "lit", MESSAGES, passkey.public_key)
    session = await town.open(by_passkey(passkey.token))
    with pytest.raises(Refused, match="it needs SIGN_ANYTHING"):
        await town.sign(session)
    signed = await town.network.sign(town.minted.token_id, message="a message", session=session)
    recovered = Account.recover_message(encode_defunct(text="a message"), signature=signed.signature.signature)
    assert recovered == town.minted.eth_address


async def test_a_passkey_with_every_scope_signs_anything(town: Town) -> None:
    passkey = Authenticator(rp_id="localhost", origin="http://localhost:3000")
    await town.permit(MethodType.WEBAUTHN, passkey.raw_id, "lit", ANYTHING, passkey.public_key)
    await town.sign(await town.open(by_passkey(passkey.token)))


async def test_a_stolen_credential_id_opens_nothing(town: Town) -> None:
    """The attack: permit the victim's credential on one's own key, with one's own public key, and use that session on the victim's."""
    victim = Authenticator(rp_id="localhost", origin="http://localhost:3000")
    await town.permit(MethodType.WEBAUTHN, victim.raw_id, "lit", ANYTHING, victim.public_key)
    thief = Authenticator(rp_id="localhost", origin="http://localhost:3000", credential=victim.credential)
    assert "does not hold" in (await town.refused(by_passkey(thief.token))).message
    other = await town.network.mint(account=town.owner)
    await town.network.grant_method(
        other.token_id, account=town.owner, method_type=3, user=victim.raw_id, public_key=thief.public_key, scopes=[ANYTHING]
    )
    session = await town.network.pkp_session(other.token_id, ["lit-pkp://*"], method=by_passkey(thief.token), store=town.store)
    with pytest.raises(Refused, match="counts for that key only"):
        await town.sign(session)


async def test_a_wallet_opens_a_session_as_owner_or_under_lits_id(town: Town, status: dict[str, Any]) -> None:
    await town.sign(await town.open(town.owner))
    other = status["accounts"][7]
    assert len(alternatives(await town.refused(other["private_key"]))) == 3  # the method, the owner, the address
    by_hash = abi.ADD_METHOD.call(int(town.minted.token_id, 16), (1, wallet_ids(other["address"])[2], b""), [ANYTHING])
    await town.network._change(town.owner, town.minted.token_id, by_hash)
    await town.sign(await town.open(other["private_key"]))


async def test_an_action_decides_by_what_it_is_given_and_whom_it_sees(town: Town) -> None:
    cid = await town.network.publish(DECIDES)
    assert f"2 of {cid}" in alternatives(await town.refused(action=cid, params={"password": "open sesame"}))[0]["asked"]
    await town.network.grant(town.minted.token_id, account=town.owner, action=cid)
    assert "does not authenticate" in (await town.refused(action=cid, params={"password": "guess"})).message
    await town.sign(await town.open(action=cid, params={"password": "open sesame"}))
    seen = await town.open(await town.google(), action=DECIDES, params={"password": "no"})
    await town.sign(seen)


async def test_an_action_of_a_burned_key_signs_by_itself_and_opens_no_session(town: Town) -> None:
    cid = await town.network.publish(DECIDES)
    burned = await town.network.mint_grant_burn(action=cid, account=town.owner)
    with pytest.raises(Refused, match="no owner"):
        await town.network.pkp_session(burned.token_id, ["lit-pkp://*"], action=cid, params={"password": "open sesame"}, store=town.store)


async def test_a_session_of_a_key_runs_actions_as_that_key(town: Town) -> None:
    await town.permit(MethodType.GOOGLE_JWT, "ann")
    session = await town.network.pkp_session(
        town.minted.token_id, ["lit-pkp://*", "lit-litaction://*"], method=await town.google(), store=town.store
    )
    seen = json.loads(
        (await town.network.execute(b"Lit.Actions.setResponse({response: JSON.stringify(Lit.Auth)})", session=session)).response
    )
    assert seen["authSigAddress"] == town.minted.eth_address
    assert [(one["authMethodType"], one["userId"], one["appId"]) for one in seen["authMethodContexts"]] == [(6, "ann", APP)]


async def test_a_passkey_as_lits_clients_ask_for_it_signs_the_blocks_hash_alone(town: Town) -> None:
    passkey = Authenticator(rp_id="localhost", origin="http://localhost:3000")
    await town.permit(MethodType.WEBAUTHN, passkey.raw_id, "lit", ANYTHING, passkey.public_key)

    def bare(challenge: Challenge) -> AuthMethod:
        return AuthMethod(auth_method_type=3, access_token=passkey.token(challenge.block_hash))

    await town.sign(await town.open(bare))
    old = AuthMethod(auth_method_type=3, access_token=passkey.token(b"\x01" * 32))
    assert "none of the last 10 blocks" in (await town.refused(old)).message


async def test_what_is_encrypted_to_a_key_its_session_decrypts(town: Town) -> None:
    await town.permit(MethodType.GOOGLE_JWT, "ann")
    is_the_key = {
        "conditionType": "evmBasic",
        "contractAddress": "",
        "chain": town.network.chain_name,
        "standardContractType": "",
        "method": "",
        "parameters": [":userAddress"],
        "returnValueTest": {"comparator": "=", "value": town.minted.eth_address},
    }
    encrypted = await town.network.encrypt(b"for ann's key", [is_the_key])
    resources = ["lit-accesscontrolcondition://*"]
    session = await town.network.pkp_session(town.minted.token_id, resources, method=await town.google(), store=town.store)
    assert (await town.network.decrypt(encrypted, session=session)).data == b"for ann's key"
    with pytest.raises(Refused):
        await town.sign(session)
    other = await town.network.mint(account=town.owner)
    strangers = await town.network.pkp_session(other.token_id, resources, method=town.owner, store=town.store)
    with pytest.raises(Refused):
        await town.network.decrypt(encrypted, session=strangers)
    user = {"method_type": MethodType.GOOGLE_JWT, "user": "ann", "application": APP}
    await town.network.revoke_method(town.minted.token_id, account=town.owner, **user)
    with pytest.raises(Refused, match="may use its key any more"):
        await town.network.decrypt(encrypted, session=session)


async def test_tokens_and_keys_of_sessions_are_nowhere_in_what_nodes_write(town: Town) -> None:
    """B19: canaries in every kind of token, accepted and refused; no log, no metric and no answer holds one."""
    await town.permit(MethodType.GOOGLE_JWT, "canary-user")
    good, expired = await town.token("canary-user"), await town.token("canary-user", expires_in=-100)
    session = await town.open(AuthMethod(auth_method_type=6, access_token=good["id_token"]))
    await town.sign(session)
    refusals = [
        await town.refused(AuthMethod(auth_method_type=6, access_token=expired["id_token"])),
        await town.refused(AuthMethod(auth_method_type=6, access_token=good["id_token"][:-4] + "AAAA")),
        await town.refused(AuthMethod(auth_method_type=4, access_token=good["access_token"])),
        await town.refused(AuthMethod(auth_method_type=5, access_token=expired["access_token"])),
        await town.refused(AuthMethod(auth_method_type=3, access_token='{"rawId": "canary-raw-id-of-nobody"}')),
        await town.refused(AuthMethod(auth_method_type=1, access_token='{"sig": "canary-signature-of-nobody"}')),
    ]
    canaries = [
        *(part for tokens in (good, expired) for part in (*tokens["id_token"].split(".")[1:], tokens["access_token"])),
        *("canary-raw-id-of-nobody", "canary-signature-of-nobody", session.delegation.private_key.hex()),
        session.delegation.auth_sig.sig[25:150],
    ]
    written = [path.read_bytes() for path in sorted(town.directory.glob("*/log"))]
    written += [str([refusal.message, refusal.details]).encode() for refusal in refusals]
    for node in town.network.committee.nodes:
        async with town.http.get(f"{node.url}/metrics") as response:
            written.append(await response.read())
    assert len(written) == 7 + 6 + 4  # chain, ipfs, issuer and four nodes; the refusals; the metrics
    found = [canary for canary in canaries if any(canary.encode() in one for one in written)]
    assert found == []


def own_token(place: Place, folder: Path, **asked: Any) -> Path:
    """A file with an ID token of ann's, as a person would have it."""
    import urllib.request

    url = place.run("status")["issuer"]["url"]
    body = json.dumps({"sub": "ann", "aud": APP, **asked}).encode()
    with urllib.request.urlopen(f"{url}/token", body, timeout=10) as answer:
        file = folder / "token"
        file.write_text(json.load(answer)["id_token"] + "\n")
        return file


def test_the_command_line_permits_a_user_and_opens_his_session(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    key, token = place.run("key", "mint", "--as", 2), own_token(place, tmp_path)
    opening = ("session", "open", key["token_id"], "--method", "google", "--token-file", token)
    refusal = place.refused(*opening)
    assert refusal["errorCode"] == "NodeAuthSigScopeTooLimited"
    assert refusal["details"][0]["alternatives"][0]["permits"] is False
    ann = ("--method", "google", "--user", "ann", "--application", APP)
    assert place.run("key", "grant", key["token_id"], *ann, "--as", 2)["user"] == "ann"
    (method,) = place.run("key", "show", key["token_id"])["permitted_methods"]
    assert (method["type"], len(method["id"])) == (6, 66)
    assert "type 6" in place.say("key", "show", key["token_id"])
    session = place.run(*opening)
    assert session["address"] == key["eth_address"]
    assert token.read_text().strip() not in json.dumps(session)
    signed = place.run("key", "sign", key["token_id"], "--digest", DIGEST, "--as", key["eth_address"], "--session")
    check_signature(signed, key["public_key"])
    place.run("key", "revoke", key["token_id"], *ann, "--as", 2)
    assert place.run("key", "show", key["token_id"])["permitted_methods"] == []
    refusal = place.refused("key", "sign", key["token_id"], "--digest", DIGEST, "--as", key["eth_address"], "--session")
    assert refusal["errorCode"] == "NodeAuthSigScopeTooLimited"


def test_the_command_line_opens_sessions_by_wallet_and_by_action(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    key, file = place.run("key", "mint", "--as", 2), tmp_path / "decides.js"
    opened = place.run("session", "open", key["token_id"], "--as", 2)
    assert opened["address"] == key["eth_address"]
    assert Path(opened["file"]).is_file()
    assert f"--session --as {key['eth_address']}" in place.say("session", "open", key["token_id"], "--as", 2)
    file.write_bytes(DECIDES)
    cid = place.run("action", "publish", file)["cid"]
    place.run("key", "grant", key["token_id"], "--action", cid, "--as", 2)
    opening = ("session", "open", key["token_id"], "--by-action", cid, "--param")
    assert place.run(*opening, "password=open sesame")["resources"] == [f"lit-pkp://{key['token_id'][2:]}"]
    assert place.refused(*opening, "password=guess")["errorCode"] == "NodeInvalidAuthMethod"


@pytest.mark.parametrize(
    "words",
    [
        ("--method", "google"),
        ("--method", "google", "--user", "ann", "--action", "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG"),
        ("--method", "smoke", "--user", "ann"),
        ("--method", "passkey", "--user", "abc"),
        ("--method", "google", "--user", "ann", "--public-key", "00"),
        ("--method", "passkey", "--user", "abc", "--public-key", "xyz"),
    ],
)
def test_a_grant_that_names_too_little_or_too_much_is_refused(place: Place, words: tuple[str, ...]) -> None:
    key = place.run("key", "list")[0]
    assert place.refused("key", "grant", key["token_id"], *words)["message"].startswith(("--", "with --method"))
