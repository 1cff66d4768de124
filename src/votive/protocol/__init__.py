"""The ceremonies of the network: key generation, pairwise set-up, signing, decryption.

Each is an ``async def`` over a ``Channel`` and knows no socket, wall clock, store or chain. Secrets stay in the engine's
handles; what passes through here is public, sealed, or meant for one peer.

    generate           one batch of keys, all n nodes            docs/protocol/dkg.md
    set_up_pair        the correlation of one pair of nodes      docs/protocol/setup.md
    sign               one ECDSA signature, t of n nodes         docs/protocol/sign.md
    decrypt_together   one decryption key, t of n nodes          docs/protocol/decrypt.md
"""

from __future__ import annotations

from votive.protocol.channel import Alarm, Channel, Clock, Envelope, Kind, Proves, Run
from votive.protocol.decrypt import DecryptLimits, DecryptRequest, DecryptTools, decrypt_together
from votive.protocol.dkg import Batch, DkgOutcome, DkgSetup, generate
from votive.protocol.errors import (
    ConfirmsMissing,
    DecryptionFailed,
    DigestsDiffer,
    DkgAborted,
    IdentitiesDiffer,
    NodesSilent,
    NotEnoughNodes,
    PairSetupFailed,
    PermissionLost,
    SecondDigest,
    SetupsDiffer,
    SigningFailed,
)
from votive.protocol.events import Adopted, Blamed, Entered, Event, Joined, Left, Observe, PairLost, Unsigned
from votive.protocol.memory import Signed, SigningMemory
from votive.protocol.messages import Reason
from votive.protocol.setup import pause_before, set_up_pair
from votive.protocol.sign import LateAnswers, Permission, SignLimits, SignRequest, SignTools, sign

__all__ = [
    "Adopted",
    "Alarm",
    "Batch",
    "Blamed",
    "Channel",
    "Clock",
    "ConfirmsMissing",
    "DecryptLimits",
    "DecryptRequest",
    "DecryptTools",
    "DecryptionFailed",
    "DigestsDiffer",
    "DkgAborted",
    "DkgOutcome",
    "DkgSetup",
    "Entered",
    "Envelope",
    "Event",
    "IdentitiesDiffer",
    "Joined",
    "Kind",
    "LateAnswers",
    "Left",
    "NodesSilent",
    "NotEnoughNodes",
    "Observe",
    "PairLost",
    "PairSetupFailed",
    "Permission",
    "PermissionLost",
    "Proves",
    "Reason",
    "Run",
    "SecondDigest",
    "SetupsDiffer",
    "SignLimits",
    "SignRequest",
    "SignTools",
    "Signed",
    "SigningFailed",
    "SigningMemory",
    "Unsigned",
    "decrypt_together",
    "generate",
    "pause_before",
    "set_up_pair",
    "sign",
]
