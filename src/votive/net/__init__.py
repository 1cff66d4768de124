"""Authenticated links between nodes.

``Mesh`` keeps a TLS 1.3 link to every other node of the committee, each pinned to the certificate hash in the registry, and carries
sessions over them: ``mesh.open(session)`` gives the channel that a ceremony speaks through.
"""

from votive.net.certificate import certificate_hash, make_certificate
from votive.net.channel import SessionChannel
from votive.net.errors import EvidenceInvalid, LinkFault, MeshClosed, PeerPortTaken, Reason, SessionRefused
from votive.net.evidence import Statement, verify_evidence
from votive.net.identity import Identity, recover_address, wallet_signer
from votive.net.limits import MeshLimits
from votive.net.link import LinkEvent, LinkState, LinkStatus
from votive.net.loop import loop_factory
from votive.net.mesh import Mesh

__all__ = [
    "EvidenceInvalid",
    "Identity",
    "LinkEvent",
    "LinkFault",
    "LinkState",
    "LinkStatus",
    "Mesh",
    "MeshClosed",
    "MeshLimits",
    "PeerPortTaken",
    "Reason",
    "SessionChannel",
    "SessionRefused",
    "Statement",
    "certificate_hash",
    "loop_factory",
    "make_certificate",
    "recover_address",
    "verify_evidence",
    "wallet_signer",
]
