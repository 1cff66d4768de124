"""Mint a key that only prime.js can use, have a prime signed, and find out what that proves.

votive up
python examples/prime.py http://127.0.0.1:PORT PRIVATE_KEY    # a node's URL and an account's key: see `votive status --json`
"""

import asyncio
import sys
from pathlib import Path

import votive
from votive.client import Claim, Refused

PRIME_JS = Path(__file__).with_name("prime.js").read_bytes()


async def main(node: str, account: str) -> None:
    """Tell the story on the network of the node at ``node``, as ``account``."""
    async with votive.connect(node) as network:
        cid = await network.publish(PRIME_JS)
        key = await network.mint_grant_burn(action=cid, account=account)
        print(f"key {key.eth_address}: only {cid} can use it, and nobody can change that")

        result = await network.execute(cid, {"n": 7919, "publicKey": key.public_key}, account=account)
        signature = result.signatures["prime"]  # it was verified before it got here
        print(f"7919: {signature.signature}, from nodes {result.nodes} in {result.timings_ms['total']:.0f} ms")

        try:
            await network.execute(cid, {"n": 7917, "publicKey": key.public_key}, account=account)
        except Refused as refusal:
            print(f"7917: {refusal}")

        verdict = await network.verify(Claim.of(signature, message="7919"))
        print("\n".join([verdict.summary, *verdict.proves, "This assumes:", *verdict.assumes]))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    asyncio.run(main(*sys.argv[1:]))
