"""Make the fixtures of sealed key shares in the core's current format: ``python tests/wire/make_shares.py tests/wire/shares-vN``.

To be run once for each format version, by the code that introduces it; see ORIGIN.md. It refuses to overwrite.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from votive.core import DkgParty, KeyShare, SealingKey, Vault
from votive.terms.key import Purpose

AD = b"where it was sealed"
SEATS = [3, 37, 200, 255]


def generate(purpose: Purpose) -> KeyShare:
    """Generate a key among four parties in this process; return the share of seat 37."""
    sealing = {seat: SealingKey.generate() for seat in SEATS}
    keys = {seat: key.public_key for seat, key in sealing.items()}

    def others(mapping: dict[int, Any], seat: int) -> dict[int, Any]:
        return {peer: value for peer, value in mapping.items() if peer != seat}

    parties = {
        seat: DkgParty(
            context=b"w" * 32, seat=seat, seats=SEATS, threshold=3, count=1, sealing=key, peer_keys=others(keys, seat), purpose=purpose
        )
        for seat, key in sealing.items()
    }
    commitments = {seat: party.commit() for seat, party in parties.items()}
    reveals = {seat: party.reveal() for seat, party in parties.items()}
    deals = {seat: party.deal(others(commitments, seat), others(reveals, seat)) for seat, party in parties.items()}
    [share] = parties[37].finish({seat: deals[seat][37] for seat in SEATS if seat != 37})
    return share


def make(directory: Path) -> None:
    """Write the key file, a sealed share of each purpose and what is expected of them."""
    directory.mkdir(parents=True)
    Vault.create_key_file(str(directory / "kek"))
    vault = Vault.from_key_file(str(directory / "kek"))
    expected = {}
    for purpose in Purpose:
        share = generate(purpose)
        (directory / f"{purpose}.sealed").write_bytes(share.sealed(vault, AD))
        expected[purpose.value] = {
            "public_key": share.public_key.hex(),
            "verification_shares": {seat: point.hex() for seat, point in share.verification_shares.items()},
        }
    (directory / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    make(Path(sys.argv[1]))
