"""What chain, CID and signature prove together, and what they do not.

A key that was minted, permitted to one action and burned in one transaction was never anybody's: no signature by it can have another
cause than that action, run by at least t nodes. ``examine`` looks for exactly this. It believes no node: it reads the chain, hashes the
action's bytes and verifies the signature.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from votive.client.arguments import cid_named
from votive.client.errors import BadArgument
from votive.client.history import History, history_of
from votive.client.registry import Committee, Registry, cid_text
from votive.client.results import EcdsaSignature, KeyState, Transaction
from votive.core import verify
from votive.ipfs import cid_of
from votive.terms.encoding import bytes_of, hex0x
from votive.terms.errors import VotiveError
from votive.terms.ethereum import personal_digest, token_id_of, token_text

CODE_LIMIT = 16 * 1024 * 1024


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody says of a signature."""

    token_id: int
    digest: str
    r: str
    s: str
    v: int
    cid: str | None = None
    """The action that is said to have made it; by default the one that the chain names."""
    code: bytes | None = None
    """The action's source; fetched and checked if it is not given."""
    message: str | None = None
    """The text whose EIP-191 hash the digest is said to be."""

    @classmethod
    def of(cls, signature: EcdsaSignature, *, cid: str | None = None, code: bytes | None = None, message: str | None = None) -> Claim:
        """Claim that an action made ``signature``."""
        return cls(
            token_id=token_id_of(bytes_of(signature.public_key)),
            digest=signature.digest,
            r=signature.r,
            s=signature.s,
            v=signature.v,
            cid=cid,
            code=code,
            message=message,
        )


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at. ``passed`` is None where it could not be, and nothing depends on it."""

    name: str
    passed: bool | None
    statement: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The result of an examination. ``proven``: only the action can have caused this signature, under what is assumed."""

    proven: bool
    summary: str
    checks: tuple[Check, ...]
    proves: tuple[str, ...]
    assumes: tuple[str, ...]
    token_id: str
    public_key: str
    cid: str | None
    transaction: Transaction | None


async def examine(registry: Registry, claim: Claim, gateways: Sequence[str] = ()) -> Verdict:
    """Examine ``claim`` on the chain of ``registry``; ``gateways`` are asked for the action's bytes if the claim has none.

    Raises:
        BadArgument: the key is not known to the network.
        Unreachable: the chain does not answer.
    """
    key = await registry.public_key(claim.token_id)
    history = await history_of(registry, claim.token_id)
    state = await registry.key_state(claim.token_id)
    committee = await registry.committee()
    cid = cid_named(claim.cid) if claim.cid else (cid_text(history.granted[0]) if len(history.granted) == 1 else None)
    checks = [
        signature_check(claim, key),
        minted_check(history),
        granted_check(history, cid),
        burned_check(history),
        unchanged_check(state, cid),
        await code_check(claim, cid, gateways),
        *([] if claim.message is None else [message_check(claim, claim.message)]),
    ]
    proven = all(check.passed is not False for check in checks)
    return Verdict(
        proven=proven,
        summary=summary(cid, checks, proven=proven),
        checks=tuple(checks),
        proves=conclusions(claim, committee, cid, checks, proven=proven),
        assumes=assumptions(registry, committee),
        token_id=token_text(claim.token_id),
        public_key=hex0x(key),
        cid=cid,
        transaction=history.minted,
    )


def signature_check(claim: Claim, key: bytes) -> Check:
    """Whether the signature is one of the digest by the key."""
    try:
        digest, r, s = (bytes_of(text) for text in (claim.digest, claim.r, claim.s))
    except ValueError as error:
        raise BadArgument("digest, r and s must be hex") from error
    sized = len(digest) == len(r) == len(s) == 32 and claim.v in (27, 28)
    passed = sized and verify(key, digest, r, s, claim.v - 27)
    words = f"The signature is {'' if passed else 'NOT '}a signature of the digest {claim.digest} by the key {token_text(claim.token_id)}."
    return Check(name="signature", passed=passed, statement=words)


def minted_check(history: History) -> Check:
    """Whether the key became a token, and when."""
    if history.minted is None:
        return Check(name="minted", passed=False, statement="The nodes generated this key, but it was never minted.")
    where = f"transaction {history.minted.hash} (block {history.minted.block})"
    return Check(name="minted", passed=True, statement=f"The key was generated by the nodes of the network and minted in {where}.")


def granted_check(history: History, cid: str | None) -> Check:
    """Whether that transaction permitted the action, and nothing else was ever permitted or changed."""
    granted = [cid_text(identifier) for identifier in history.granted]
    if history.only_grants_in_mint and granted == [cid]:
        return Check(
            name="granted", passed=True, statement=f"The same transaction permitted the action {cid} to use it, and nothing else ever was."
        )
    return Check(name="granted", passed=False, statement=_otherwise_granted(history, granted, cid))


def _otherwise_granted(history: History, granted: Sequence[str], cid: str | None) -> str:
    """Say how permissions came to be other than by one grant to ``cid`` in the mint."""
    others = ", ".join(sorted(set(granted) - {cid}))
    if not granted:
        return "No action was ever permitted to use it."
    if cid is None:
        return f"More than one action was permitted to use it: {others}."
    if cid not in granted:
        return f"The action {cid} was never permitted to use it. Permitted was: {others}."
    return f"The action {cid} was permitted to use it, {_but(history, others)}."


def _but(history: History, others: str) -> str:
    """Say what is wrong with a grant; ``others`` are the actions permitted besides."""
    if others:
        return f"but others were as well: {others}"
    if not history.granted_in_mint:
        return "but not by the transaction that minted the key"
    return "and once more" if history.only_grants_in_mint else "but its permissions were changed besides: something was granted or revoked"


def burned_check(history: History) -> Check:
    """Whether that transaction burned the token."""
    if history.burned_in_mint:
        return Check(name="burned", passed=True, statement="The same transaction burned the token: nobody has owned it before or after.")
    words = (
        "The token was burned later than it was minted: somebody owned it in between."
        if history.burned
        else "The token was not burned: it has an owner."
    )
    return Check(name="burned", passed=False, statement=words)


def unchanged_check(state: KeyState, cid: str | None) -> Check:
    """Whether the chain's state now is what its history says."""
    passed = state.owner is None and state.permitted_actions == (cid,) and not state.permitted_addresses and not state.permitted_methods
    owner = "no owner" if state.owner is None else f"owned by {state.owner}"
    users = (
        "that action alone"
        if passed
        else ", ".join([*state.permitted_actions, *state.permitted_addresses, *(one.id for one in state.permitted_methods)]) or "nothing"
    )
    return Check(name="unchanged", passed=passed, statement=f"The chain shows now: {owner}; permitted to use it: {users}.")


async def code_check(claim: Claim, cid: str | None, gateways: Sequence[str]) -> Check:
    """Whether the action's bytes are those that the CID names."""
    if cid is None:
        return Check(name="code", passed=None, statement="There is no single action whose bytes could be looked at.")
    code = claim.code
    if code is None:
        try:
            code = await fetch(cid, gateways)
        except VotiveError as error:
            return Check(
                name="code",
                passed=None,
                statement=f"The action's bytes could not be fetched ({error.message}); its CID fixes them all the same.",
            )
    passed = cid_of(code) == cid
    return Check(
        name="code",
        passed=passed,
        statement=f"The {len(code)} bytes of the action's source {'hash' if passed else 'do NOT hash'} to {cid}.",
    )


def message_check(claim: Claim, message: str) -> Check:
    """Whether the digest is that of the message."""
    passed = hex0x(personal_digest(message)) == claim.digest.lower()
    return Check(
        name="message", passed=passed, statement=f'The digest is {"" if passed else "NOT "}the EIP-191 hash of the text "{message}".'
    )


async def fetch(cid: str, gateways: Sequence[str]) -> bytes:
    """Fetch an action's source from ``gateways``, every block verified; IpfsError if none has it."""
    from votive.ipfs.gateway import Gateways  # noqa: PLC0415  # loads aiohttp

    async with Gateways(gateways) as fetcher:
        return await fetcher.fetch(cid, CODE_LIMIT)


def summary(cid: str | None, checks: Sequence[Check], *, proven: bool) -> str:
    """Say in one line what the checks amount to."""
    if proven:
        return f"Proven: only the action {cid} can have caused this signature."
    return "Not proven: " + " ".join(check.statement for check in checks if check.passed is False)


def conclusions(claim: Claim, committee: Committee, cid: str | None, checks: Sequence[Check], *, proven: bool) -> tuple[str, ...]:
    """Say in words what follows."""
    if not checks[0].passed:
        return ("Nothing: the signature does not belong to this key and digest.",)
    if not proven:
        return ("The key signed this digest. Who or what could have asked for it is not settled: see the checks that failed.",)
    t, n = committee.threshold, len(committee.nodes)
    signed = f'the text "{claim.message}"' if claim.message is not None else f"the digest {claim.digest}"
    return (
        f"Nobody ever owned this key or could use it by any other way than the action {cid}.",
        f"A signature needs {t} of the {n} nodes. Each honest one of these ran exactly that program, and its run asked to sign {signed}.",
        "So whatever that program establishes before it signs, at least one honest node established for itself.",
    )


def assumptions(registry: Registry, committee: Committee) -> tuple[str, ...]:
    """Say in words what the proof rests on."""
    t, n = committee.threshold, len(committee.nodes)
    return (
        f"Fewer than {t} of the {n} nodes conspire: {t} of them together could sign anything.",
        f"The chain with id {registry.chain_id} at {registry.rpc.url} tells the truth, and its history stays as it is.",
        f"The contracts behind ContractResolver {registry.contracts.resolver} are Votive's.",
        "SHA-256, Keccak-256 and ECDSA on secp256k1 hold.",
        "You have read the program: its source says what it establishes, this proof does not.",
    )
