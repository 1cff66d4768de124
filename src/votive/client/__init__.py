"""The SDK: connect to a network, mint keys, run actions, get signatures that were verified before they are returned.

It asks all nodes at once and believes none: what signs is read on chain, what is signed is verified. It knows neither web3 nor Deno,
and loads its HTTP client, ABI codec and wallet library when a call first needs them.
"""

from __future__ import annotations

from votive.client.blocking import BlockingNetwork, connect_blocking
from votive.client.connection import connect
from votive.client.encrypted import Encrypted
from votive.client.errors import BadArgument, NotEnoughShares, NoValidSignature, Refused, TransactionFailed, Unreachable, WrongNetwork
from votive.client.network import Network
from votive.client.pkp_session import Challenge, by_passkey
from votive.client.provenance import Claim, Verdict
from votive.client.results import (
    Decrypted,
    DecryptedFile,
    EcdsaSignature,
    ExecuteResult,
    KeyClaim,
    KeyState,
    Minted,
    Pkp,
    SignResult,
    Transaction,
)
from votive.client.session import Session
from votive.client.session_store import SessionStore
from votive.client.wallet import ContractWallet, Wallet
from votive.terms.auth_method import AuthMethod, MethodType

__all__ = [
    "AuthMethod",
    "BadArgument",
    "BlockingNetwork",
    "Challenge",
    "Claim",
    "ContractWallet",
    "Decrypted",
    "DecryptedFile",
    "EcdsaSignature",
    "Encrypted",
    "ExecuteResult",
    "KeyClaim",
    "KeyState",
    "MethodType",
    "Minted",
    "Network",
    "NoValidSignature",
    "NotEnoughShares",
    "Pkp",
    "Refused",
    "Session",
    "SessionStore",
    "SignResult",
    "Transaction",
    "TransactionFailed",
    "Unreachable",
    "Verdict",
    "Wallet",
    "WrongNetwork",
    "by_passkey",
    "connect",
    "connect_blocking",
]
