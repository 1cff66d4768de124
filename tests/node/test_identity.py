"""A node's identity: made once, kept sealed."""

from __future__ import annotations

import stat
from pathlib import Path

import msgspec
import pytest

from votive.core import Vault
from votive.net import recover_address, wallet_signer
from votive.node.failure import ExitStatus, StartFailure
from votive.node.identity import FILE_NAME, load_identity
from votive.node.init import create


def a_vault(directory: Path, name: str = "kek") -> Vault:
    Vault.create_key_file(str(directory / name))
    return Vault.from_key_file(str(directory / name))


def test_what_is_created_is_what_is_loaded(tmp_path: Path) -> None:
    vault = a_vault(tmp_path)
    public = create(tmp_path / "node", vault)
    identity = load_identity(tmp_path / "node", vault)
    assert identity.public == public
    assert identity.sealing.public_key == public.x25519_key
    assert recover_address(bytes(32), wallet_signer(identity.wallet_key)(bytes(32))) == public.address


def test_an_identity_is_never_replaced(tmp_path: Path) -> None:
    vault = a_vault(tmp_path)
    assert create(tmp_path, vault) == create(tmp_path, vault)


def test_the_file_is_ours_alone_and_holds_no_secret_in_the_open(tmp_path: Path) -> None:
    vault = a_vault(tmp_path)
    create(tmp_path, vault)
    identity = load_identity(tmp_path, vault)
    file = tmp_path / FILE_NAME
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert identity.wallet_key not in file.read_bytes()
    assert identity.key_password not in file.read_bytes()
    assert b"ENCRYPTED" in identity.key_pem


def test_no_secret_is_in_the_repr(tmp_path: Path) -> None:
    vault = a_vault(tmp_path)
    create(tmp_path, vault)
    identity = load_identity(tmp_path, vault)
    assert identity.key_password.decode() not in repr(identity)
    assert repr(identity.wallet_key) not in repr(identity)


def test_another_key_encryption_key_does_not_open_it(tmp_path: Path) -> None:
    create(tmp_path, a_vault(tmp_path))
    with pytest.raises(StartFailure, match="does not open") as caught:
        load_identity(tmp_path, a_vault(tmp_path, "other"))
    assert caught.value.exit_status is ExitStatus.KEY_ENCRYPTION_KEY


def test_a_missing_or_damaged_file_is_explained(tmp_path: Path) -> None:
    vault = a_vault(tmp_path)
    with pytest.raises(StartFailure, match="no node identity"):
        load_identity(tmp_path, vault)
    create(tmp_path, vault)
    file = tmp_path / FILE_NAME
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(StartFailure, match="backup"):
        load_identity(tmp_path, vault)


def test_every_flipped_bit_of_a_sealed_value_is_noticed(tmp_path: Path) -> None:
    vault = a_vault(tmp_path)
    create(tmp_path, vault)
    file = tmp_path / FILE_NAME
    *open_fields, password, wallet, x25519 = msgspec.msgpack.decode(file.read_bytes())
    sealed = (password, wallet, x25519)
    for field, value in enumerate(sealed):
        for position in range(0, len(value), 5):
            flipped = value[:position] + bytes([value[position] ^ 1]) + value[position + 1 :]
            changed = [*sealed[:field], flipped, *sealed[field + 1 :]]
            file.write_bytes(msgspec.msgpack.encode([*open_fields, *changed]))
            with pytest.raises(StartFailure):
                load_identity(tmp_path, vault)


def test_sealed_values_cannot_change_places(tmp_path: Path) -> None:
    vault = a_vault(tmp_path)
    create(tmp_path, vault)
    file = tmp_path / FILE_NAME
    *open_fields, password, wallet, x25519 = msgspec.msgpack.decode(file.read_bytes())
    file.write_bytes(msgspec.msgpack.encode([*open_fields, wallet, password, x25519]))
    with pytest.raises(StartFailure):
        load_identity(tmp_path, vault)
