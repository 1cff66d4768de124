"""What results must look like, checked with other libraries than those that made them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.messages import encode_defunct
from eth_keys import keys
from eth_utils import is_checksum_address, keccak

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def is_hex(text: str, size: int) -> bool:
    return re.fullmatch(rf"0x[0-9a-f]{{{2 * size}}}", text) is not None


def check_key(key: Mapping[str, Any]) -> None:
    """Token id and address must be those of the public key."""
    assert is_hex(key["public_key"], 65)
    public_key = bytes.fromhex(key["public_key"][2:])
    assert public_key[0] == 4
    assert key["token_id"] == "0x" + keccak(public_key).hex()
    assert key["eth_address"] == keys.PublicKey(public_key[1:]).to_checksum_address()
    assert is_checksum_address(key["eth_address"])


def check_signature(signature: Mapping[str, Any], public_key: str) -> None:
    """r, s and v must be a low-s signature of the digest by the key, and recover to it."""
    assert all(is_hex(signature[name], 32) for name in ("digest", "r", "s"))
    assert signature["v"] in (27, 28)
    r, s = int(signature["r"], 16), int(signature["s"], 16)
    assert 0 < r < ORDER
    assert 0 < s <= ORDER // 2
    recovered = keys.Signature(vrs=(signature["v"] - 27, r, s)).recover_public_key_from_msg_hash(bytes.fromhex(signature["digest"][2:]))
    assert "0x04" + recovered.to_bytes().hex() == public_key


def check_personal(signature: Mapping[str, Any], text: str, eth_address: str) -> None:
    """The signature must be what a wallet's personal_sign of ``text`` would be."""
    vrs = (signature["v"], signature["r"], signature["s"])
    assert Account.recover_message(encode_defunct(text=text), vrs=vrs) == eth_address


def check_timings(timings: Mapping[str, Any]) -> None:
    assert timings
    assert all(isinstance(name, str) and isinstance(value, int | float) and value >= 0 for name, value in timings.items())


def processes_in(directory: Path) -> list[int]:
    """Pids of all processes that name ``directory`` in their command."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if str(directory).encode() in command:
            found.append(int(process.name))
    return found


def parent_of(pid: int) -> int | None:
    """Pid of a process's parent; None if it has ended meanwhile."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None
