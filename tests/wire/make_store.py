"""Make the fixtures of a store in its current format: ``python tests/wire/make_store.py tests/wire/store-vN``.

To be run once for each format version, by the code that introduces it; see ORIGIN.md. It refuses to overwrite.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from votive.core import DkgParty, KeyShare, SealingKey, Vault
from votive.store import StagedBatch, Store
from votive.terms.key import KeyId, Purpose, Scheme
from votive.terms.participant import Seat

NETWORK = bytes(range(32))
NODE = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
SEATS = [3, 37, 200, 255]


def generate(count: int) -> list[KeyShare]:
    """Generate keys among four parties in this process; return the shares of seat 37."""
    sealing = {seat: SealingKey.generate() for seat in SEATS}
    keys = {seat: key.public_key for seat, key in sealing.items()}

    def others(mapping: dict[int, Any], seat: int) -> dict[int, Any]:
        return {peer: value for peer, value in mapping.items() if peer != seat}

    parties = {
        seat: DkgParty(context=b"w" * 32, seat=seat, seats=SEATS, threshold=3, count=count, sealing=key, peer_keys=others(keys, seat))
        for seat, key in sealing.items()
    }
    commitments = {seat: party.commit() for seat, party in parties.items()}
    reveals = {seat: party.reveal() for seat, party in parties.items()}
    deals = {seat: party.deal(others(commitments, seat), others(reveals, seat)) for seat, party in parties.items()}
    return parties[37].finish({seat: deals[seat][37] for seat in SEATS if seat != 37})


def batch(number: int) -> StagedBatch:
    """Return the record of a batch as the fixtures have it."""
    return StagedBatch(
        epoch=1,
        purpose=Purpose.PKP_ECDSA,
        batch=number,
        scheme=Scheme.ECDSA_SECP256K1,
        deadline_block=1000 + number,
        transcript_hash=bytes([number]) * 32,
    )


def make(directory: Path) -> None:
    """Write the key file, the store and what is expected of it."""
    directory.mkdir(parents=True)
    Vault.create_key_file(str(directory / "kek"))
    shares = generate(4)
    with Store.open(directory / "store.db", network=NETWORK, node=NODE, vault=Vault.from_key_file(str(directory / "kek"))) as store:
        store.use_batch(1, Purpose.PKP_ECDSA, 7)
        store.stage(batch(8), shares[:2])
        store.stage(batch(9), shares[2:])
        store.note_confirms(batch(9), {Seat(3): b"confirm of 3", Seat(255): b"confirm of 255"})
        for share in shares[:2]:
            store.promote(KeyId(purpose=Purpose.PKP_ECDSA, public_key=share.public_key))
        store.note_setup_failure(Seat(200), 1_800_000_000.25)
        store.note_setup_failure(Seat(200), 1_800_000_060.5)
        store.cursor().save(b"\x00a cursor\xff")
    (directory / "store.db.lock").unlink()
    expected = {
        "live": [share.public_key.hex() for share in shares[:2]],
        "staged": [share.public_key.hex() for share in shares[2:]],
        "verification_shares": [{seat: point.hex() for seat, point in share.verification_shares.items()} for share in shares],
    }
    (directory / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    make(Path(sys.argv[1]))
