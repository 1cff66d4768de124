"""What users may write: parameters, tokens, digests, accounts, commands."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from votive.cli import accounts, params
from votive.cli.action import missing_parameter
from votive.cli.demo import program
from votive.cli.encryption import foreign_chains
from votive.cli.key import show
from votive.cli.main import main
from votive.client import BadArgument, Refused, Wallet
from votive.client.arguments import address_of, digest_of, grantee_of, signature_parts, token_of
from votive.client.recipient import recipient_of
from votive.devnet.create import funded_accounts
from votive.ipfs import cid_of, multihash_of

KEY = "0x" + "11" * 32
ADDRESS = Account.from_key(KEY).address


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7919", 7919),
        ("-5", -5),
        ("1.5", 1.5),
        ("true", True),
        ("null", None),
        ('"7919"', "7919"),
        ('{"a": [1]}', {"a": [1]}),
        ("prime", "prime"),
        ("", ""),
        ("007", "007"),
        ("NaN", "NaN"),
        ("0x10", "0x10"),
        ("a=b", "a=b"),
        (str(2**53 - 1), 2**53 - 1),
        (str(2**53), str(2**53)),
        (str(-(2**53)), str(-(2**53))),
        (str(2**256 - 189), str(2**256 - 189)),
    ],
)
def test_a_parameter_is_json_if_it_parses_and_text_otherwise(text: str, value: object) -> None:
    parsed = params.parse([f"n={text}"])["n"]
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize("words", [["n"], ["=5"], ["n=1", "n=2"]])
def test_a_parameter_has_one_name_and_one_value(words: list[str]) -> None:
    with pytest.raises(BadArgument, match="--param"):
        params.parse(words)


def test_a_token_may_be_written_in_decimal_or_hex() -> None:
    assert token_of("255") == token_of("0xff") == token_of("0xFF") == token_of(255) == 255
    for wrong in ("ff", "", "0x", "-1", "1.0", str(2**256)):
        with pytest.raises(BadArgument, match="token id"):
            token_of(wrong)


def test_a_digest_has_32_bytes() -> None:
    assert digest_of("0x" + "ab" * 32) == digest_of("ab" * 32) == b"\xab" * 32
    for wrong in ("0x", "zz" * 32, "ab" * 31, "ab" * 33):
        with pytest.raises(BadArgument, match="32 bytes"):
            digest_of(wrong)


def test_a_signature_is_r_s_v() -> None:
    assert signature_parts("0x" + "01" * 32 + "02" * 32 + "1b") == ("0x" + "01" * 32, "0x" + "02" * 32, 27)
    assert signature_parts("0x" + "01" * 32 + "02" * 32 + "01")[2] == 28
    for wrong in ("0x12", "zz" * 65, "01" * 64):
        with pytest.raises(BadArgument, match="signature"):
            signature_parts(wrong)


def test_a_grant_is_to_an_action_or_an_address() -> None:
    cid = cid_of(b"program")
    assert grantee_of(cid, None) == multihash_of(cid)
    assert grantee_of(None, ADDRESS.lower()) == address_of(ADDRESS) == ADDRESS
    for action, address in ((None, None), (cid, ADDRESS)):
        with pytest.raises(BadArgument, match="either"):
            grantee_of(action, address)
    with pytest.raises(BadArgument, match="address"):
        grantee_of(None, "0x12")


@pytest.mark.parametrize("write", [str, str.lower, lambda text: "0x" + text[2:].upper()], ids=["checksum", "lower", "upper"])
def test_an_address_is_read_in_each_usual_form(write: Callable[[str], str]) -> None:
    assert address_of(write(ADDRESS)) == ADDRESS


def test_an_address_whose_checksum_is_wrong_is_refused() -> None:
    last = "0" if ADDRESS[-1] != "0" else "1"
    for mistyped in (ADDRESS[:-1] + last, ADDRESS[:2] + ADDRESS[2:].swapcase()):
        with pytest.raises(BadArgument, match="mistyped"):
            address_of(mistyped)


def test_a_parameter_that_a_program_misses_is_named() -> None:
    def failed(message: str, code: str = "NodeJsExecutionError") -> Refused:
        return Refused(message, reported_code=code, status=400, details=(), seats=(1, 2, 3))

    assert missing_parameter(failed("the action threw: ReferenceError: n is not defined (said by 4 of 4 nodes)\n    at a.js:1")) == "n"
    assert missing_parameter(failed("the action threw: TypeError: n is not a function")) is None
    assert missing_parameter(failed("ReferenceError: n is not defined", "NodeBadInput")) is None


class TestAccounts:
    def test_the_development_accounts_are_those_that_anvil_funds(self) -> None:
        known = funded_accounts()
        assert known[0].address == "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
        assert known[9].address == "0xa0Ee7A142d267C1f36714E4a8F75612F20a79720"
        assert all(Account.from_key(account.private_key).address == account.address for account in known)

    def test_number_address_and_key_file_name_an_account(self, tmp_path: Path) -> None:
        known = funded_accounts()
        assert accounts.wallet("1", known).address == known[1].address
        assert accounts.wallet(known[2].address.lower(), known).address == known[2].address
        (tmp_path / "key").write_text(KEY + "\n")
        assert accounts.wallet(str(tmp_path / "key"), known).address == ADDRESS

    def test_a_file_that_holds_no_key_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "notes").write_text("no key")
        with pytest.raises(BadArgument, match=r"notes: this is not a secp256k1 private key"):
            accounts.wallet(str(tmp_path / "notes"), funded_accounts())

    def test_a_keystore_opens_with_its_password_only(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        file = tmp_path / "keystore.json"
        file.write_text(json.dumps(Account.encrypt(KEY, "right", kdf="pbkdf2", iterations=2)))
        monkeypatch.setenv(accounts.PASSWORD_VARIABLE, "right")
        assert accounts.wallet(str(file), ()).address == ADDRESS
        monkeypatch.setenv(accounts.PASSWORD_VARIABLE, "wrong")
        with pytest.raises(BadArgument, match="password"):
            accounts.wallet(str(file), ())

    @pytest.mark.parametrize("who", ["10", "0x0000000000000000000000000000000000000001", "nobody"])
    def test_nobody_is_nobody(self, who: str) -> None:
        with pytest.raises(BadArgument, match=r"no account 10|--as"):
            accounts.wallet(who, funded_accounts())

    @pytest.mark.parametrize("key", ["", "0x12", "zz" * 32, "0x" + "00" * 32, "0x" + "ff" * 32])
    def test_what_is_no_private_key_is_refused_and_not_repeated(self, key: str) -> None:
        with pytest.raises(BadArgument) as caught:
            Wallet.from_key(key)
        assert not key or key not in str(caught.value)

    @pytest.mark.parametrize("key", [KEY, KEY[2:], f" {KEY}", str(int(KEY, 16))], ids=["hex", "bare", "spaced", "decimal"])
    @pytest.mark.parametrize("read", [accounts.wallet, accounts.address, accounts.address_of])
    def test_a_private_key_on_the_command_line_is_refused_and_not_repeated(self, read: Callable[..., object], key: str) -> None:
        with pytest.raises(BadArgument, match=r"number or the address .* --as also takes a file") as caught:
            read(key, funded_accounts())
        assert KEY[2:] not in str(caught.value)
        assert key.strip() not in str(caught.value)

    def test_a_wallet_never_shows_its_key(self) -> None:
        assert "11" * 8 not in repr(Wallet.from_key(KEY))


class TestCommands:
    COMMANDS = (
        *(["demo"], ["up"], ["status"], ["logs"], ["down"], ["verify"]),
        *(["key", word] for word in ("mint", "list", "show", "grant", "revoke", "transfer", "burn", "sign")),
        *(["action", word] for word in ("cid", "publish", "run")),
        *(["encrypt"], ["decrypt"], ["key", "why"], ["session", "create"], ["session", "open"], ["session", "show"]),
    )

    @pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
    def test_every_command_has_help_json_and_a_directory(self, command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        assert main([*command, "--help"]) == 0
        text = capsys.readouterr().out
        assert "--json" in text
        assert "--verbose" in text
        assert "--directory" in text

    def test_help_says_what_holds_if_nothing_is_said(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["up", "--help"]) == 0
        text = capsys.readouterr().out
        for default in (".votive", "4", "free ones"):
            assert f"[default: {default}]" in text

    def test_a_mistyped_command_is_answered_with_the_nearest(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["key", "lst"]) == 2
        assert capsys.readouterr().err.endswith("Did you mean 'list'? See `votive key --help`.\n")

    def test_the_demonstration_names_the_program_as_it_can_be_called(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.argv", [".venv/bin/votive", "demo"])
        monkeypatch.setenv("PATH", str(tmp_path))
        assert program() == ".venv/bin/votive"
        (tmp_path / "votive").touch(mode=0o755)
        assert program() == "votive"

    def test_what_there_is_none_of_is_called_none(self, capsys: pytest.CaptureFixture[str]) -> None:
        show({"owner": None, "permitted_actions": (), "nodes": (1, 2)}, json=False)
        assert capsys.readouterr().out == "owner              none\npermitted_actions  none\nnodes              1, 2\n"

    def test_the_first_help_fits_a_screen(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["--help"]) == 0
        assert len(capsys.readouterr().out.splitlines()) <= 24

    @pytest.mark.parametrize("group", ["key", "action", "session"])
    def test_the_list_of_commands_breaks_no_sentence_off(self, group: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert main([group, "--help"]) == 0
        assert "..." not in capsys.readouterr().out.split("Commands:")[1]

    @pytest.mark.parametrize("words", [["nonsense"], ["key", "sign"], ["up", "--nodes", "four"], ["status", "--bogus"]])
    def test_wrong_words_are_explained_in_json_too(self, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        assert main([*words, "--json"]) == 2
        assert self.error(capsys)["errorCode"] == "NodeBadInput"
        assert main(words) == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert "--help" in printed.err

    @pytest.mark.parametrize("words", [["lit-config"], ["key", "sign", "1"], ["up", "--nodes", "four"]])
    @pytest.mark.parametrize("terminal", [True, False])
    def test_whose_json_goes_elsewhere_is_told_of_the_error_too(
        self, words: list[str], terminal: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
        assert main([*words, "--directory", str(tmp_path), "--json"]) in (1, 2)
        out, err = capsys.readouterr()
        error = json.loads(out)
        assert error.keys() == {"errorCode", "message", "details"}
        assert err == ("" if terminal else f"votive: {error['message']}  [{error['errorCode']}]\n")

    def test_a_directory_without_a_network_says_how_to_start_one(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        for command in (["status"], ["down"], ["logs"], ["key", "mint"], ["key", "list"], ["action", "run", cid_of(b"")]):
            assert main([*command, "--directory", str(tmp_path), "--json"]) == 1
            error = self.error(capsys)
            assert error["errorCode"] == "DevnetError"
            assert "votive up" in error["message"]
            assert error["details"] == []
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("words", [[], ["key"], ["action"], ["session"]])
    def test_a_missing_command_is_answered_with_the_help(self, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        assert main([*words, "--help"]) == 0
        text = capsys.readouterr().out
        assert main(words) == 2
        assert capsys.readouterr().err.strip() == text.strip()

    def test_who_is_meant_is_said_by_one_option(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        for words in ([], ["--action", cid_of(b""), "--address", ADDRESS]):
            for command in ("grant", "revoke"):
                assert main(["key", command, "1", *words, "--directory", str(tmp_path), "--json"]) == 1
                assert "--action, --address and --method" in self.error(capsys)["message"]
        assert main(["key", "grant", "1", "--user", "ann", "--directory", str(tmp_path), "--json"]) == 1
        assert "belong to --method" in self.error(capsys)["message"]

    @pytest.mark.parametrize("command", [["encrypt", "--condition", "time > 2030-01-01"], ["decrypt"]], ids=["encrypt", "decrypt"])
    def test_the_file_that_is_read_is_never_written_over(
        self, command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "a").write_text("the only copy")
        (tmp_path / "b").symlink_to("a")
        for out in ("a", "b"):
            assert main([*command, str(tmp_path / "a"), "--out", str(tmp_path / out), "--json"]) == 1
            assert "the file that is read" in self.error(capsys)["message"]
        assert (tmp_path / "a").read_text() == "the only copy"

    def test_encrypting_writes_over_no_file_of_another_kind_unasked(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "config").write_text("secret")
        (tmp_path / "config.json").write_text('{"theirs": true}')
        assert main(["encrypt", str(tmp_path / "config"), "--condition", "time > 2030-01-01", "--json"]) == 1
        assert "--out" in self.error(capsys)["message"]
        assert (tmp_path / "config.json").read_text() == '{"theirs": true}'

    def test_a_chain_that_may_be_mistyped_is_named_and_one_that_is_not_asked_is_not(self) -> None:
        def named(words: str) -> list[str]:
            return foreign_chains(recipient_of(b"", words, "yellowstone"))

        assert named("balance(etherium) >= 1 or (time > 2030-01-01 on polygon and balance() > 1)") == ["etherium", "polygon"]
        assert named(f'user = {ADDRESS} on ethereum or domain = "a.example" on ethereum') == []
        assert named(f'action = {cid_of(b"")} on ethereum or run({cid_of(b"")}, "f") = "true" on ethereum') == []

    def test_a_trace_is_shown_only_on_request(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["status", "--directory", str(tmp_path)]) == 1
        assert "Traceback" not in capsys.readouterr().err
        assert main(["status", "--directory", str(tmp_path), "--verbose"]) == 1
        assert "Traceback" in capsys.readouterr().err

    def test_the_cid_of_a_file_needs_no_network(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "a.js").write_bytes(b"hello world")
        assert main(["action", "cid", str(tmp_path / "a.js"), "--directory", str(tmp_path)]) == 0
        assert capsys.readouterr().out == "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD\n"
        assert main(["action", "cid", str(tmp_path / "none.js"), "--json"]) == 1
        assert self.error(capsys)["errorCode"] == "NodeBadInput"

    @pytest.mark.parametrize("words", [["verify"], ["verify", "--digest", "0x00"], ["verify", "no-such-file"]])
    def test_verify_says_what_it_needs(self, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        assert main([*words, "--json"]) == 1
        assert self.error(capsys)["errorCode"] == "NodeBadInput"

    @pytest.mark.parametrize(
        "command",
        [
            ["key", "mint", "--burn-for"],
            *(["key", word, "1", "--action"] for word in ("grant", "revoke", "why")),
            ["session", "open", "1", "--by-action"],
        ],
        ids=" ".join,
    )
    def test_a_file_in_the_place_of_a_cid_is_answered_with_how_to_have_it(
        self, command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (file := tmp_path / "a.js").write_text("")
        assert main([*command, str(file), "--directory", str(tmp_path), "--json"]) == 1
        assert f"`votive action cid {file}` prints it" in self.error(capsys)["message"]
        assert main([*command, "none.js", "--directory", str(tmp_path), "--json"]) == 1
        assert "'none.js' is not a CID" in (message := self.error(capsys)["message"])
        assert "`votive action cid FILE`" in message

    @staticmethod
    def error(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
        error: dict[str, Any] = json.loads(capsys.readouterr().out)
        assert error.keys() == {"errorCode", "message", "details"}
        return error
