"""TLS 1.3 between two nodes that know each other's certificate only by its hash in the registry.

OpenSSL must be given a certificate before it can accept it, and Python offers no callback to judge an unknown one. So each end
first shows its seat and its certificate in the clear (a preamble of at most 2 KiB). The certificate's hash must be the one that the
registry holds for this seat; then a context that trusts this one certificate and nothing else runs an ordinary mutual handshake, in
which the peer proves that it has the key. The preamble decides nothing: it only says which registered certificate to ask a proof for.
docs/decisions/0040 has the reasons.
"""

from __future__ import annotations

import asyncio
import hashlib
import socket
import ssl
import struct
import tempfile
from pathlib import Path
from typing import Any

from votive.net.certificate import certificate_der
from votive.net.errors import LinkFault, Reason
from votive.net.identity import Identity
from votive.terms.participant import Seat

MAX_CERTIFICATE = 2048
_PREAMBLE = struct.Struct(">6sBBH")
_MAGIC = b"votive"
_PREAMBLE_VERSION = 1


def preamble(seat: Seat, der: bytes) -> bytes:
    """Encode a seat and its certificate as the first bytes of a connection."""
    return _PREAMBLE.pack(_MAGIC, _PREAMBLE_VERSION, seat, len(der)) + der


async def read_preamble(sock: socket.socket) -> tuple[Seat, bytes]:
    """Read the peer's preamble and not a byte more; return the seat and the certificate (DER) that it claims."""
    magic, version, seat, length = _PREAMBLE.unpack(await _read_exactly(sock, _PREAMBLE.size))
    if magic != _MAGIC or version != _PREAMBLE_VERSION:
        raise LinkFault(Reason.PREAMBLE, "the connection does not begin as one between nodes of this protocol version")
    if not 0 < length <= MAX_CERTIFICATE:
        raise LinkFault(Reason.PREAMBLE, f"the preamble announces {length} bytes, at most {MAX_CERTIFICATE} are allowed")
    return Seat(seat), await _read_exactly(sock, length)


async def _read_exactly(sock: socket.socket, count: int) -> bytes:
    loop = asyncio.get_running_loop()
    data = b""
    while len(data) < count:
        more = await loop.sock_recv(sock, count - len(data))
        if not more:
            raise LinkFault(Reason.PREAMBLE, "the connection ended within its preamble")
        data += more
    return data


class _Direct(ssl.SSLObject):
    """TLS without three Python calls for every record: the loops take these functions from it once."""

    _sslobj: Any  # CPython's own object; the standard library's methods pass on to it

    read = property(lambda self: self._sslobj.read)
    write = property(lambda self: self._sslobj.write)
    pending = property(lambda self: self._sslobj.pending)


class Contexts:
    """TLS contexts of one node: one for each pinned peer certificate and side, made when first needed."""

    def __init__(self, identity: Identity) -> None:
        self.preamble = preamble(identity.seat, certificate_der(identity.certificate_pem))
        self._identity = identity
        self._made: dict[tuple[bytes, bool], ssl.SSLContext] = {}

    def trusting(self, peer: bytes, *, server_side: bool) -> ssl.SSLContext:
        """Return the context that accepts exactly the certificate ``peer`` (DER)."""
        place = (hashlib.sha256(peer).digest(), server_side)
        if place not in self._made:
            self._made[place] = self._make(peer, server_side=server_side)
        return self._made[place]

    def _make(self, peer: bytes, *, server_side: bool) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server_side else ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_3
        context.check_hostname = False  # the name is in the registry, not in DNS
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=peer)
        context.options |= ssl.OP_NO_TICKET
        context.sslobject_class = _Direct
        if server_side:
            context.num_tickets = 0  # a resumed session would skip the proof
        self._load_own(context)
        return context

    def _load_own(self, context: ssl.SSLContext) -> None:
        # load_cert_chain reads files only. The key in the file is encrypted; its password never leaves this process.
        with tempfile.TemporaryDirectory(prefix="votive-tls-") as folder:
            path = Path(folder) / "node.pem"
            path.write_bytes(self._identity.certificate_pem + self._identity.key_pem)
            context.load_cert_chain(path, password=self._identity.key_password)


def proven_certificate(transport: asyncio.BaseTransport) -> bytes:
    """Return the DER certificate whose key the peer proved to have; LinkFault unless this is TLS 1.3 with a peer certificate."""
    session = transport.get_extra_info("ssl_object")
    if session is None or session.version() != "TLSv1.3":
        raise LinkFault(Reason.TLS, "the link is not TLS 1.3")
    der = session.getpeercert(True)
    if not der:
        raise LinkFault(Reason.TLS, "the peer showed no certificate")
    return bytes(der)
