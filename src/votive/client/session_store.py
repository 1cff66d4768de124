"""Where sessions are kept: sealed under a key file of the user's own, in a directory that nobody else reads."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from votive.client.errors import BadArgument
from votive.client.session import Delegation
from votive.client.whole_file import writing
from votive.core import KeyFileError, SealError, Vault
from votive.terms.encoding import HashInput, encode, tagged_hash

KEY_FILE = "sessions.key"
FOLDER = "sessions"
SUFFIX = ".sealed"


class _Place(HashInput, frozen=True, kw_only=True, tag="votive/client/session/v1"):
    network: bytes
    address: str
    resources: tuple[str, ...]


def state_directory() -> Path:
    """Return the user's own directory for what programs remember (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "votive"


class SessionStore:
    """The sessions of one user. Files are 0600, their directory 0700, their content AES-256-GCM."""

    def __init__(self, directory: Path | None = None) -> None:
        """Keep them in ``directory``; by default in the user's own."""
        self.directory = directory or state_directory()

    def find(self, network: bytes, address: str, resources: tuple[str, ...]) -> Delegation | None:
        """Return the delegation that was kept for exactly this; None if there is none that can be opened."""
        return self._open(self._file(network, address, resources), network)

    def of_network(self, network: bytes) -> tuple[Delegation, ...]:
        """Return all that are kept for a network, the one that lives longest first."""
        files = sorted((self.directory / FOLDER / network.hex()).glob(f"*{SUFFIX}"))
        found = [kept for file in files if (kept := self._open(file, network)) is not None]
        return tuple(sorted(found, key=lambda kept: kept.period.expires_at, reverse=True))

    def keep(self, network: bytes, delegation: Delegation) -> Path:
        """Keep ``delegation`` in place of what was kept for the same, and return its file.

        Raises:
            BadArgument: the directory cannot be written.
        """
        file = self.file_of(network, delegation)
        try:
            sealed = self._vault().seal(_bound_to(file, network), encode(delegation))
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with writing(file, 0o600) as stream:
                stream.write(sealed)
        except OSError as error:
            raise BadArgument(f"the session cannot be kept in {file}: {error.strerror}. Set XDG_STATE_HOME to another place.") from error
        return file

    def file_of(self, network: bytes, delegation: Delegation) -> Path:
        """Return the file that ``delegation`` is kept in, whether it is there or not."""
        return self._file(network, delegation.auth_sig.address, delegation.resources)

    def _file(self, network: bytes, address: str, resources: tuple[str, ...]) -> Path:
        name = tagged_hash(_Place(network=network, address=address.lower(), resources=tuple(sorted(resources)))).hex()
        return self.directory / FOLDER / network.hex() / (name + SUFFIX)

    def _open(self, file: Path, network: bytes) -> Delegation | None:
        """Open ``file``; what was sealed under a key that is gone, or damaged, is as good as not there: a new one takes its place."""
        try:
            sealed = file.read_bytes()
            return msgspec.msgpack.decode(self._vault().open(_bound_to(file, network), sealed), type=Delegation)
        except (OSError, SealError, msgspec.MsgspecError):
            return None

    def _vault(self) -> Vault:
        """Open the user's key file, making it first if there is none."""
        path = self.directory / KEY_FILE
        try:
            if not path.exists():
                self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
                Vault.create_key_file(str(path))
        except KeyFileError:
            if not path.exists():  # it cannot be written; had another process been faster, it would be there
                raise
        return Vault.from_key_file(str(path))


def _bound_to(file: Path, network: bytes) -> bytes:
    """Bind a sealed session to its place, so that one file cannot stand in for another."""
    return b"votive/client/session/v1\0" + network + file.name.encode()
