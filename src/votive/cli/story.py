"""The demonstration, step by step, each with what must come of it."""

from __future__ import annotations

import time
from collections.abc import Awaitable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from votive.client.errors import Refused, shape_of
from votive.client.provenance import Claim, Verdict
from votive.client.results import EcdsaSignature, Minted
from votive.devnet.progress import Progress, Report
from votive.terms.encoding import hex0x
from votive.terms.errors import ErrorCode, OurError
from votive.terms.ethereum import personal_digest

if TYPE_CHECKING:
    from votive.client import Network, Wallet
    from votive.devnet import NetworkStatus

T = TypeVar("T")
PRIME, COMPOSITE = 7919, 7917
OTHER_ACTION = """// Another program: it would sign anything.
Lit.Actions.ethPersonalSignMessageEcdsa({ message: String(n), publicKey, sigName: "prime" });
"""


class DemoFailed(OurError):
    """A step of the demonstration went otherwise than told."""


class Refusal(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How something was refused."""

    error_code: str
    message: str


class NetworkFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The network of the demonstration; ``nodes`` are seats."""

    nodes: tuple[int, ...]
    threshold: int
    chain_id: int


class PkpFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The key."""

    token_id: str
    public_key: str
    eth_address: str


class ActionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The program."""

    cid: str
    code: str


class TransactionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The one transaction that minted, granted and burned."""

    hash: str
    block: int


class SignatureFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The signature of a prime."""

    digest: str
    r: str
    s: str
    v: int
    n: int


class Refusals(msgspec.Struct, frozen=True, kw_only=True):
    """What was refused, and how."""

    composite: Refusal
    other_action: Refusal
    payer: Refusal


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that happened."""

    network: NetworkFacts
    pkp: PkpFacts
    action: ActionFacts
    transaction: TransactionFacts
    signature: SignatureFacts
    refusals: Refusals
    verification: Verdict
    timings_ms: dict[str, float]


class Stopwatch:
    """Times the steps and tells of them as they begin."""

    def __init__(self, report: Report, laps: dict[str, float]) -> None:
        self._report = report
        self.laps = laps

    async def step(self, name: str, text: str, work: Awaitable[T]) -> T:
        """Do one step."""
        self._report(Progress(text))
        started = time.perf_counter()
        result = await work
        self.laps[name] = round((time.perf_counter() - started) * 1000, 3)
        return result


async def tell(network: Network, status: NetworkStatus, payer: Wallet, source: bytes, watch: Stopwatch) -> Story:
    """Go through the demonstration on a running network.

    Raises:
        DemoFailed: a step went otherwise than told.
        VotiveError: a step failed.
    """
    cid = await watch.step("publish", "publishing the program that signs n only if n is prime", network.publish(source))
    minting = network.mint_grant_burn(action=cid, account=payer)
    pkp = await watch.step("mint_grant_burn", "minting a key, granting it to the program, burning the token: one transaction", minting)
    signature = await watch.step("sign_prime", f"asking for a signature of the prime {PRIME}", signed_prime(network, cid, pkp, payer))
    return Story(
        network=NetworkFacts(nodes=tuple(node.index for node in status.nodes), threshold=status.threshold, chain_id=status.chain.chain_id),
        pkp=PkpFacts(token_id=pkp.token_id, public_key=pkp.public_key, eth_address=pkp.eth_address),
        action=ActionFacts(cid=cid, code=source.decode()),
        transaction=TransactionFacts(hash=pkp.transaction.hash, block=pkp.transaction.block),
        signature=SignatureFacts(digest=signature.digest, r=signature.r, s=signature.s, v=signature.v, n=PRIME),
        refusals=await refusals(network, cid, pkp, payer, watch),
        verification=await watch.step("verify", "verifying what the signature proves", verified(network, signature, cid, source)),
        timings_ms=watch.laps,
    )


async def signed_prime(network: Network, cid: str, pkp: Minted, payer: Wallet) -> EcdsaSignature:
    """Have the prime signed, and check again what the client has checked."""
    result = await network.execute(cid, params(PRIME, pkp), account=payer)
    signature = result.signatures.get("prime")
    if signature is None:
        raise DemoFailed(f"the program signed nothing; it answered {result.response!r}.")
    if signature.digest != hex0x(personal_digest(str(PRIME))) or signature.public_key != pkp.public_key or not signature.verify():
        raise DemoFailed(f"the signature is not one of {PRIME} by the key: {signature}.")
    return signature


async def refusals(network: Network, cid: str, pkp: Minted, payer: Wallet, watch: Stopwatch) -> Refusals:
    """Ask for three things that must be refused."""
    composite = network.execute(cid, params(COMPOSITE, pkp), account=payer)
    other = network.execute(OTHER_ACTION.encode(), params(COMPOSITE, pkp), account=payer)
    direct = network.sign(pkp.token_id, personal_digest(str(COMPOSITE)), account=payer)
    return Refusals(
        composite=await watch.step(
            "refuse_composite", f"asking for a signature of {COMPOSITE}, which is composite", refused(composite, ErrorCode.JS_EXECUTION)
        ),
        other_action=await watch.step(
            "refuse_other_action", "letting another program ask for the key", refused(other, ErrorCode.SCOPE_TOO_LIMITED)
        ),
        payer=await watch.step("refuse_payer", "asking as the account that paid for the key", refused(direct, ErrorCode.SCOPE_TOO_LIMITED)),
    )


async def refused(asking: Awaitable[Any], code: ErrorCode) -> Refusal:
    """Make sure that the nodes refuse, and for the right reason."""
    try:
        result = await asking
    except Refused as error:
        if error.code is not code:
            raise DemoFailed(f"this was refused, but for another reason than told: {error.message} [{error.reported_code}]") from error
        shape = shape_of(error)
        return Refusal(error_code=shape.error_code, message=shape.message)
    raise DemoFailed(f"this had to be refused and was not: {result}")


async def verified(network: Network, signature: EcdsaSignature, cid: str, source: bytes) -> Verdict:
    """Make sure that the signature proves what it should."""
    verdict = await network.verify(Claim.of(signature, cid=cid, code=source, message=str(PRIME)))
    if not verdict.proven:
        raise DemoFailed(f"the proof does not hold. {verdict.summary}")
    return verdict


def params(number: int, pkp: Minted) -> dict[str, Any]:
    """Return the globals of the prime action."""
    return {"n": number, "publicKey": pkp.public_key}


def prime_source() -> bytes:
    """Read ``examples/prime.js``."""
    path = Path(__file__).resolve().parents[3] / "examples" / "prime.js"
    if not path.is_file():
        raise OurError(f"{path} is missing: the demonstration runs from a checkout of Votive, where it is.")
    return path.read_bytes()
