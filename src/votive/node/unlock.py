"""Opening the vault: the key-encryption key goes from its source into the Rust core, never through Python."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from votive.core import Vault
from votive.core.errors import KeyFileError
from votive.node.config import Config
from votive.node.durable import write_durably
from votive.node.failure import ExitStatus, StartFailure

SALT_FILE = "kek.salt"
SALT_BYTES = 16


def unlock(config: Config) -> Vault:
    """Return the vault of the configured key-encryption key.

    Raises:
        StartFailure: with what is missing and what to do.
    """
    source = config.key_encryption_key
    try:
        if source.source == "file":
            return Vault.from_key_file(str(config.path(source.path)))
        if source.source == "prompt":
            return Vault.from_passphrase_prompt("Passphrase of this node: ", _salt(config.path(SALT_FILE)))
        return _from_environment(source.variable, config.path(SALT_FILE))
    except KeyFileError as error:
        raise StartFailure(
            f"no key-encryption key: {error}. Without it the node cannot open its keys; see [key_encryption_key] in the configuration.",
            ExitStatus.KEY_ENCRYPTION_KEY,
        ) from error


def _from_environment(variable: str, salt_file: Path) -> Vault:
    vault = Vault.from_passphrase_env(variable, _salt(salt_file))
    os.environ.pop(variable, None)  # so that no child, and no dump of the environment from within, repeats it
    return vault


def _salt(file: Path) -> bytes:
    """Read the salt of the passphrase; a new node draws it."""
    try:
        salt = file.read_bytes()
    except FileNotFoundError:
        salt = secrets.token_bytes(SALT_BYTES)
        write_durably(file, salt)  # keys will be sealed under it: a lost or torn salt loses them
    if len(salt) != SALT_BYTES:
        raise StartFailure(f"{file} holds {len(salt)} bytes, not {SALT_BYTES}. Restore it from a backup.", ExitStatus.KEY_ENCRYPTION_KEY)
    return salt
