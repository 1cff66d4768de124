"""The Rust core in Python clothes: opaque handles on secrets, one error table.

No key share, nonce, seed, pair set-up or key-encryption key is ever an int, str or bytes in Python. The handles cannot be
pickled or copied, their repr shows public parts only, they wipe themselves when dropped, and none works after a fork.
Steps that compute release the GIL: run them in threads.

``FrameReader``, ``statement_hash``, ``WalletKey``, ``recover_wallet`` and ``verify`` are ``rust/wire``'s, apart from everything secret
but the node's wallet: the compiled part of the links (docs/decisions/0075).
"""

from __future__ import annotations

import os

from votive.core._core import (
    STREAM_CHUNK,
    STREAM_SALT,
    STREAM_TAG,
    ContentKey,
    DkgParty,
    FrameReader,
    KeyShare,
    PairSetup,
    PairTable,
    SealingKey,
    SigningParty,
    StreamOpener,
    StreamSealer,
    Vault,
    WalletKey,
    bls_combine,
    bls_verify,
    bls_verify_share,
    derive_public_key,
    harden_process,
    ibe_check,
    ibe_decrypt,
    ibe_encrypt,
    mark_fork,
    recover_wallet,
    statement_hash,
    verify,
)
from votive.core.errors import (
    CheckFailed,
    CombinationFailed,
    Forked,
    InvalidCiphertext,
    InvalidInput,
    KeyFileError,
    PeerFault,
    SealError,
    SetupGone,
    Spent,
)

os.register_at_fork(after_in_child=mark_fork)

__all__ = [
    "STREAM_CHUNK",
    "STREAM_SALT",
    "STREAM_TAG",
    "CheckFailed",
    "CombinationFailed",
    "ContentKey",
    "DkgParty",
    "Forked",
    "FrameReader",
    "InvalidCiphertext",
    "InvalidInput",
    "KeyFileError",
    "KeyShare",
    "PairSetup",
    "PairTable",
    "PeerFault",
    "SealError",
    "SealingKey",
    "SetupGone",
    "SigningParty",
    "Spent",
    "StreamOpener",
    "StreamSealer",
    "Vault",
    "WalletKey",
    "bls_combine",
    "bls_verify",
    "bls_verify_share",
    "derive_public_key",
    "harden_process",
    "ibe_check",
    "ibe_decrypt",
    "ibe_encrypt",
    "recover_wallet",
    "statement_hash",
    "verify",
]
