"""A run to take away: everything that ``votive verify FILE`` needs but the chain. JSON, versioned."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from votive.client.errors import BadArgument
from votive.client.provenance import Claim
from votive.client.results import EcdsaSignature, ExecuteResult
from votive.terms.encoding import hex0x
from votive.terms.ethereum import personal_digest


class NetworkName(msgspec.Struct, frozen=True, kw_only=True):
    """Which network made it."""

    chain_id: int
    rpc_url: str
    resolver: str


class SignedText(EcdsaSignature, frozen=True, kw_only=True):
    """A signature and, if its digest is the EIP-191 hash of a parameter's text, that parameter's name."""

    eip191_of: str | None = None


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """What ``votive action run --save`` writes."""

    version: Literal[1] = 1
    network: NetworkName
    cid: str
    code: str | None
    """The action's source; None if it could not be had."""
    params: dict[str, Any]
    response: str
    logs: str
    signatures: dict[str, SignedText]
    nodes: tuple[int, ...]
    request_id: str

    def claim(self, name: str | None = None) -> Claim:
        """Claim that the action made the signature ``name``, or the only one.

        Raises:
            BadArgument: there is no such signature, or several and no name.
        """
        chosen = name if name is not None or len(self.signatures) != 1 else next(iter(self.signatures))
        if chosen is None or chosen not in self.signatures:
            there = ", ".join(self.signatures) or "none"
            raise BadArgument(f"which signature is meant? The file has: {there}. Give --name.")
        signature = self.signatures[chosen]
        message = None if signature.eip191_of is None else text_of(self.params.get(signature.eip191_of))
        return Claim.of(signature, cid=self.cid, code=None if self.code is None else self.code.encode(), message=message)


def bundle_of(result: ExecuteResult, network: NetworkName, params: Mapping[str, Any], code: bytes | None) -> Bundle:
    """Put together what is worth keeping of ``result``."""
    return Bundle(
        network=network,
        cid=result.cid,
        code=None if code is None else code.decode(),
        params=dict(params),
        response=result.response,
        logs=result.logs,
        signatures={name: _with_origin(signature, params) for name, signature in result.signatures.items()},
        nodes=result.nodes,
        request_id=result.request_id,
    )


def read(path: Path) -> Bundle:
    """Read a bundle.

    Raises:
        BadArgument: the file cannot be read or is no bundle.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Bundle)
    except OSError as error:
        raise BadArgument(f"cannot read {path}: {error.strerror}.") from error
    except msgspec.MsgspecError as error:
        raise BadArgument(f"{path} is not what `votive action run --save` writes: {error}.") from error


def text_of(value: Any) -> str | None:
    """Return the text that JavaScript's String() makes of a parameter; None for what is neither text nor integer."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _with_origin(signature: EcdsaSignature, params: Mapping[str, Any]) -> SignedText:
    texts = {name: text_of(value) for name, value in params.items()}
    signed = next((name for name, text in texts.items() if text is not None and hex0x(personal_digest(text)) == signature.digest), None)
    return SignedText(**msgspec.structs.asdict(signature), eip191_of=signed)
