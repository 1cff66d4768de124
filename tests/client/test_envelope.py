"""Large content: pieces, base64 and the file that holds both. (The sealing itself is tested with the core.)"""

from __future__ import annotations

import base64
import io
import json
import os
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.client.confidants import CONDITIONS, key_shares, public_key

from votive.client import BadArgument, envelope
from votive.client.encryption import DIRECT_BYTES, decrypt, decrypt_file, encrypt, encrypt_file, read
from votive.client.recipient import Recipient, recipient_of
from votive.core import InvalidCiphertext, bls_combine
from votive.terms.errors import CallerError
from votive.terms.participant import Seat


def recipient() -> Recipient:
    return recipient_of(public_key(), CONDITIONS, "yellowstone")


def key_for(identity: bytes) -> bytes:
    """What the network would sign."""
    shares = {Seat(seat): key_shares()[Seat(seat)].decryption_share(identity) for seat in (1, 2, 3)}
    return bls_combine(public_key(), 3, shares, identity)


class Recorder:
    """A stream that changes nothing and remembers what was last."""

    def __init__(self) -> None:
        self.lasts: list[bool] = []

    def update(self, chunk: bytes, last: bool) -> bytes:
        self.lasts.append(last)
        return chunk


@pytest.mark.parametrize("size", [0, 1, envelope.PIECE - 1, envelope.PIECE, envelope.PIECE + 1, 3 * envelope.PIECE])
def test_exactly_the_last_piece_is_marked(size: int) -> None:
    data, stream, done = os.urandom(size), Recorder(), []
    assert b"".join(envelope.through(stream, envelope.pieces_of(io.BytesIO(data)), done.append)) == data
    assert stream.lasts == [False] * (max(1, -(-size // envelope.PIECE)) - 1) + [True]
    assert sum(done) == size


@given(st.lists(st.binary(max_size=50)), st.integers(1, 20))
def test_base64_in_pieces_is_base64_of_the_whole(pieces: list[bytes], block: int) -> None:
    text = b"".join(envelope.to_base64(pieces))
    assert text == base64.b64encode(b"".join(pieces))
    blocks = [(text + b'"}}\n')[start : start + block] for start in range(0, len(text) + 4, block)]
    assert b"".join(envelope.from_base64(blocks)) == b"".join(pieces)


@pytest.mark.parametrize(
    "text",
    [b"QUJD", b'QUJ"}}', b'QU=D"}}', b'QUI="}} x', b'QUJ="}}', b'QUI=QUI="}}', b'QUJD"}', b'QUJD",', b'QU JD"}}', b""],
)
def test_content_has_one_encoding_and_an_end(text: bytes) -> None:
    """Among these: no end, padding within or wrong, stray bits, more behind it."""
    with pytest.raises(BadArgument):
        list(envelope.from_base64([text]))


@pytest.fixture(params=[0, 1, 1000, DIRECT_BYTES, DIRECT_BYTES + 1, DIRECT_BYTES + 5 * envelope.PIECE])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    file = tmp_path / "source"
    file.write_bytes(random.Random(request.param).randbytes(request.param))
    return file


class TestFiles:
    def test_what_was_encrypted_is_decrypted(self, source: Path, tmp_path: Path) -> None:
        seen: list[int] = []
        made = encrypt_file(recipient(), source, tmp_path / "sealed.json", seen.append)
        kept = read(tmp_path / "sealed.json")
        assert kept.encrypted == made
        assert decrypt_file(kept, tmp_path / "opened", public_key(), key_for(made.identity), seen.append) == source.stat().st_size
        assert (tmp_path / "opened").read_bytes() == source.read_bytes()
        assert sorted(path.name for path in tmp_path.iterdir()) == ["opened", "sealed.json", "source"]
        assert seen

    def test_the_file_is_json_with_lits_names(self, source: Path, tmp_path: Path) -> None:
        encrypt_file(recipient(), source, tmp_path / "sealed.json")
        content = json.loads((tmp_path / "sealed.json").read_bytes())
        large = source.stat().st_size > DIRECT_BYTES
        names = ["ciphertext", "dataToEncryptHash", "unifiedAccessControlConditions", "chain"]
        assert list(content) == [*names, "envelope"] if large else names
        assert content["unifiedAccessControlConditions"] == CONDITIONS
        assert content["chain"] == "yellowstone"

    def test_large_content_is_never_held_whole(self, tmp_path: Path) -> None:
        """What lies between two reports of progress is what is held: never more than a piece."""
        source, seen = tmp_path / "source", list[int]()
        source.write_bytes(bytes(8 * DIRECT_BYTES))
        made = encrypt_file(recipient(), source, tmp_path / "sealed.json", seen.append)
        decrypt_file(read(tmp_path / "sealed.json"), tmp_path / "opened", public_key(), key_for(made.identity), seen.append)
        assert max(seen) <= envelope.FIRST_PIECE

    def test_a_file_that_another_program_has_formatted_anew_is_read(self, source: Path, tmp_path: Path) -> None:
        made = encrypt_file(recipient(), source, tmp_path / "sealed.json")
        content = json.loads((tmp_path / "sealed.json").read_bytes())
        (tmp_path / "sealed.json").write_text(json.dumps(dict(sorted(content.items())), indent=4))
        decrypt_file(read(tmp_path / "sealed.json"), tmp_path / "opened", public_key(), key_for(made.identity), envelope.unwatched)
        assert (tmp_path / "opened").read_bytes() == source.read_bytes()

    def test_what_lits_sdk_wrote_is_read(self, tmp_path: Path) -> None:
        """Its ``encryptToJson`` names the list by its kind and adds ``dataType``."""
        made = encrypt(recipient(), b"from elsewhere")
        plain = [{name: value for name, value in CONDITIONS[0].items() if name != "conditionType"}]
        (tmp_path / "lit.json").write_text(
            json.dumps(
                {
                    "ciphertext": made.ciphertext,
                    "dataToEncryptHash": made.data_to_encrypt_hash,
                    "accessControlConditions": plain,
                    "chain": "ethereum",
                    "dataType": "string",
                }
            )
        )
        kept = read(tmp_path / "lit.json")
        assert kept.encrypted.identity == made.identity
        assert decrypt(kept.encrypted, public_key(), key_for(made.identity)) == b"from elsewhere"

    @pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"ciphertext": 1}', b"[" * 100_000])
    def test_other_files_are_refused_with_a_word(self, content: bytes, tmp_path: Path) -> None:
        (tmp_path / "other").write_bytes(content)
        with pytest.raises(BadArgument, match="is not what `votive encrypt` writes"):
            read(tmp_path / "other")
        with pytest.raises(BadArgument, match="cannot read"):
            read(tmp_path / "missing")

    def test_what_cannot_be_written_leaves_nothing_behind(self, tmp_path: Path) -> None:
        (tmp_path / "source").write_bytes(b"x")
        with pytest.raises(BadArgument, match="cannot write"):
            encrypt_file(recipient(), tmp_path / "source", tmp_path / "missing" / "sealed.json")
        assert [path.name for path in tmp_path.iterdir()] == ["source"]


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A file with an envelope."""
    folder = tmp_path_factory.mktemp("sealed")
    (folder / "source").write_bytes(random.Random(7).randbytes(DIRECT_BYTES + 3 * envelope.PIECE))
    encrypt_file(recipient(), folder / "source", folder / "sealed.json")
    return (folder / "sealed.json").read_bytes()


class TestHarm:
    """Nothing of a damaged file is ever left under its name (A27)."""

    def opened(self, sealed: bytes, folder: Path) -> bytes:
        (folder / "sealed.json").write_bytes(sealed)
        kept = read(folder / "sealed.json")
        decrypt_file(kept, folder / "opened", public_key(), key_for(kept.encrypted.identity), envelope.unwatched)
        return (folder / "opened").read_bytes()

    def content(self, sealed: bytes) -> tuple[int, int]:
        start = sealed.index(b'"content":"') + len(b'"content":"')
        return start, sealed.index(b'"', start)

    def test_it_is_whole_to_begin_with(self, sealed: bytes, tmp_path: Path) -> None:
        assert self.opened(sealed, tmp_path) == random.Random(7).randbytes(DIRECT_BYTES + 3 * envelope.PIECE)

    @pytest.mark.parametrize("where", [0.0, 0.3, 0.7, 0.999])
    def test_a_changed_digit_anywhere_is_noticed(self, sealed: bytes, tmp_path: Path, where: float) -> None:
        start, end = self.content(sealed)
        at = start + int((end - start - 4) * where)
        digit = b"A" if sealed[at : at + 1] != b"A" else b"B"
        self.refused(sealed[:at] + digit + sealed[at + 1 :], tmp_path)

    def test_pieces_cannot_be_left_out_swapped_or_repeated(self, sealed: bytes, tmp_path: Path) -> None:
        start, end = self.content(sealed)
        raw = base64.b64decode(sealed[start:end])
        rest = range(envelope.FIRST_PIECE, len(raw), envelope.SEALED_PIECE)
        pieces = [raw[: envelope.FIRST_PIECE], *(raw[at : at + envelope.SEALED_PIECE] for at in rest)]
        for changed in (
            pieces[:-1],
            pieces[1:],
            [*pieces, pieces[-1]],
            [pieces[1], pieces[0], *pieces[2:]],
            [pieces[0], pieces[0], *pieces[1:]],
            [],
        ):
            self.refused(sealed[:start] + base64.b64encode(b"".join(changed)) + sealed[end:], tmp_path)

    @pytest.mark.parametrize("cut", [1, 2, 3, 1000])
    def test_a_file_that_breaks_off_is_noticed(self, sealed: bytes, tmp_path: Path, cut: int) -> None:
        self.refused(sealed[: -cut - 1], tmp_path)

    def test_content_cannot_be_moved_to_other_conditions(self, sealed: bytes, tmp_path: Path) -> None:
        """Who may decrypt B cannot be shown A's content under B's conditions: the key opens only what was encrypted to it."""
        value = json.loads(sealed)
        value["unifiedAccessControlConditions"][0]["returnValueTest"]["value"] = "1"
        self.refused(json.dumps(value).encode(), tmp_path)

    def refused(self, sealed: bytes, folder: Path) -> None:
        with pytest.raises((BadArgument, InvalidCiphertext)):
            self.opened(sealed, folder)
        assert not (folder / "opened").exists()
        assert {path.name for path in folder.iterdir()} <= {"sealed.json"}


def test_whoever_names_another_hash_is_found_out() -> None:
    """The hash is part of the identity, so that a false one decrypts only for its own key, and is compared then."""
    made = encrypt(recipient(), b"true")
    false = type(made)(**{**{name: getattr(made, name) for name in made.__struct_fields__}, "data_to_encrypt_hash": "00" * 32})
    with pytest.raises(InvalidCiphertext):
        decrypt(false, public_key(), key_for(false.identity))


@pytest.mark.parametrize("written", ["[]", "[", "{}", '[{"operator":"and"}]', [], [1]])
def test_conditions_that_cannot_be_understood_encrypt_nothing(written: object) -> None:
    with pytest.raises(CallerError):
        recipient_of(public_key(), written, "yellowstone")  # type: ignore[arg-type]


def test_conditions_are_named_by_their_kind_however_deep() -> None:
    plain = {name: value for name, value in CONDITIONS[0].items() if name != "conditionType"}
    made = encrypt(recipient_of(public_key(), [plain, {"operator": "or"}, [plain, {"operator": "and"}, plain]], "yellowstone"), b"")
    first, _, (second, _, third) = made.unified_access_control_conditions or []
    assert [one["conditionType"] for one in (first, second, third)] == ["evmBasic"] * 3
