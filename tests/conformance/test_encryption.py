"""encryptString, encryptUint8Array, encryptFile, encryptToJson, and their opposites; an archive of files."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.conformance.conftest import ARCHIVED, OWN_TEXT, refusal
from tests.e2e.conftest import Place

DENIED = ("NodeError", "NodeAccessControlConditionsReturnedNotAuthorized")


def test_what_is_encrypted_opens_for_whom_its_conditions_name_and_nobody_else(
    run: Callable[[str], dict[str, Any]], network: dict[str, Any], place: Place, tmp_path: Path
) -> None:
    found = run("encryption.mjs")
    assert found["hash"] == hashlib.sha256("for the owner ✓".encode()).hexdigest()
    assert found["bySession"] == found["byAuthSig"] == "for the owner ✓"
    assert found["fromJson"] == "as JSON"
    assert found["fileFromJson"] == "a file as JSON"
    assert found["some"] == [0, 127, 255]
    assert found["file"] == {"length": 5000, "same": True}
    assert found["archiveNames"] == {"plain": True, "encrypted": False}
    assert found["zips"] == []
    with zipfile.ZipFile(f"{network['archive']}.decrypted") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == ARCHIVED
    for name in ("strangersSession", "strangersAuthSig", "strangersArchive"):
        error = refusal(found[name])
        assert (error.name, error.error_code) == DENIED
    assert refusal(found["otherConditions"]).message == "decryption failed"
    assert found["votives"] == OWN_TEXT
    (tmp_path / "of_the_sdk.json").write_text(json.dumps(found["json"]))
    place.run("decrypt", tmp_path / "of_the_sdk.json", "--out", tmp_path / "plain.txt")
    assert (tmp_path / "plain.txt").read_text() == "as JSON"
