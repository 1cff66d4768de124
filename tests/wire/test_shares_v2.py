from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from votive.core import KeyShare, Vault
from votive.terms.key import Purpose

FIXTURE = Path(__file__).parent / "shares-v2"
EXPECTED: dict[str, Any] = json.loads((FIXTURE / "expected.json").read_text())
AD = b"where it was sealed"


@pytest.mark.parametrize("purpose", ["pkp-ecdsa", "encryption-bls", "session-bls"])
def test_sealed_shares_of_version_2_open_for_their_purpose(purpose: str, tmp_path: Path) -> None:
    shutil.copyfile(FIXTURE / "kek", tmp_path / "kek")
    (tmp_path / "kek").chmod(0o600)
    share = KeyShare.unsealed(Vault.from_key_file(str(tmp_path / "kek")), AD, (FIXTURE / f"{purpose}.sealed").read_bytes())
    assert (share.purpose, share.seat, share.threshold, list(share.seats)) == (purpose, 37, 3, [3, 37, 200, 255])
    assert share.matches()
    assert share.public_key.hex() == EXPECTED[purpose]["public_key"]
    assert {str(seat): point.hex() for seat, point in share.verification_shares.items()} == EXPECTED[purpose]["verification_shares"]
    assert len(share.public_key) == (33 if Purpose(purpose).mintable else 48)
