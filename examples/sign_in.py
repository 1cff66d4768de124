"""Let somebody without a wallet use a key: she signs in at an OpenID Connect provider, and the nodes check her token.

votive up
python examples/sign_in.py http://127.0.0.1:PORT PRIVATE_KEY http://127.0.0.1:ISSUER    # see `votive status --json`
"""

import asyncio
import sys

import aiohttp

import votive
from votive.client import AuthMethod, MethodType, Refused

APP = "my-app"


async def token_of(issuer: str, user: str) -> AuthMethod:
    """Sign ``user`` in at the development network's issuer, which asks for no password; a real one sends a browser there."""
    async with aiohttp.ClientSession() as http, http.post(f"{issuer}/token", json={"sub": user, "aud": APP}) as response:
        return AuthMethod(auth_method_type=MethodType.GOOGLE_JWT, access_token=(await response.json())["id_token"])


async def main(node: str, account: str, issuer: str) -> None:
    """Tell the story on the network of the node at ``node``; ``account`` makes the key and permits ann."""
    async with votive.connect(node) as network:
        key = await network.mint(account=account)
        await network.grant_method(key.token_id, account=account, method_type=MethodType.GOOGLE_JWT, user="ann", application=APP)
        print(f"key {key.eth_address}: ann of {APP} may use it")

        session = await network.pkp_session(key.token_id, ["lit-pkp://*"], method=await token_of(issuer, "ann"))
        signed = await network.sign(key.token_id, "0x" + "5e" * 32, session=session)
        print(f"ann: {signed.signature.signature}, from nodes {signed.nodes}")

        try:
            await network.pkp_session(key.token_id, ["lit-pkp://*"], method=await token_of(issuer, "eve"))
        except Refused as refusal:
            print(f"eve: {refusal}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    asyncio.run(main(*sys.argv[1:]))
