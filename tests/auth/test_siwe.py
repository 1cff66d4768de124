from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from votive.auth import InvalidSiweMessage, SiweMessage
from votive.auth.rfc import is_domain, is_uri, unix_time
from votive.terms.ethereum import address_of_text

ADDRESS = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
"""The first example of EIP-55."""

FULL = f"""https://example.com:8080 wants you to sign in with your Ethereum account:
{ADDRESS}

I accept: https://example.com/tos?a=[1]&b='c' (all of it)!

URI: https://example.com/login#now
Version: 1
Chain ID: 31337
Nonce: 32891757
Issued At: 2026-09-30T16:25:24.000Z
Expiration Time: 2026-09-30T17:25:24Z
Not Before: 2026-09-30T16:25:24+02:00
Request ID: some_id:%20@1
Resources:
- ipfs://Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD
- https://example.com/claim.json"""
LINES = FULL.split("\n")
MINIMAL = "\n".join([f"example.com{LINES[0][24:]}", ADDRESS, "", "", *LINES[5:10]])


def with_line(number: int, text: str) -> str:
    return "\n".join([*LINES[:number], text, *LINES[number + 1 :]])


def test_every_field_of_a_full_message_is_read() -> None:
    message = SiweMessage.parse(FULL)
    assert (message.scheme, message.domain, message.address) == ("https", "example.com:8080", ADDRESS)
    assert message.statement == "I accept: https://example.com/tos?a=[1]&b='c' (all of it)!"
    assert (message.uri, message.chain_id, message.nonce) == ("https://example.com/login#now", 31337, "32891757")
    assert message.issued_at == "2026-09-30T16:25:24.000Z"
    assert (message.expiration_time, message.not_before) == ("2026-09-30T17:25:24Z", "2026-09-30T16:25:24+02:00")
    assert message.request_id == "some_id:%20@1"
    assert message.resources == ("ipfs://Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD", "https://example.com/claim.json")


def test_a_message_may_leave_out_what_is_optional() -> None:
    message = SiweMessage.parse(MINIMAL)
    assert (message.scheme, message.statement, message.expiration_time, message.resources) == (None, None, None, None)


def test_an_empty_list_of_resources_is_kept_apart_from_none() -> None:
    message = SiweMessage.parse(MINIMAL + "\nResources:")
    assert message.resources == ()
    assert message.to_text() == MINIMAL + "\nResources:"


@pytest.mark.parametrize("text", [FULL, MINIMAL, MINIMAL + "\nRequest ID: ", MINIMAL + "\nResources:\n- a:"])
def test_a_message_written_again_is_the_same_text(text: str) -> None:
    assert SiweMessage.parse(text).to_text() == text


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        (FULL + "\n", 17),
        (FULL + "\nand more", 17),
        (FULL + " ", 16),
        ("\n" + FULL, 1),
        (" " + FULL, 1),
        (with_line(0, LINES[0].replace("https://example.com:8080", "")), 1),
        (with_line(0, LINES[0].replace("https://", "1ttp://")), 1),
        (with_line(0, LINES[0].replace("example.com", "exa mple.com")), 1),
        (with_line(0, LINES[0].replace("example.com", "example.com/path")), 1),
        (with_line(0, LINES[0].replace("wants", "Wants")), 1),
        (with_line(0, LINES[0] + " "), 1),
        (with_line(1, ADDRESS.lower()), 2),
        (with_line(1, ADDRESS[:-1] + "D"), 2),
        (with_line(1, ADDRESS[:-1]), 2),
        (with_line(1, ADDRESS.replace("0x", "0X")), 2),
        (with_line(2, " "), 3),
        (with_line(3, 'a "quoted" word'), 4),
        (with_line(3, "a%b"), 4),
        (with_line(4, "a second statement"), 5),
        (with_line(5, "URI: "), 6),
        (with_line(5, "URI: not-a-uri"), 6),
        (with_line(5, "URI:https://example.com"), 6),
        (with_line(5, "uri: https://example.com"), 6),
        (with_line(5, "URI: https://example.com/a b"), 6),
        (with_line(6, "Version: 2"), 7),
        (with_line(6, "Version: 01"), 7),
        (with_line(7, "Chain ID: 01"), 8),
        (with_line(7, "Chain ID: -1"), 8),
        (with_line(7, "Chain ID: 0x1"), 8),
        (with_line(7, "Chain ID: "), 8),
        (with_line(7, "Chain ID: " + "9" * 5000), 8),
        (with_line(8, "Nonce: 1234567"), 9),
        (with_line(8, "Nonce: 1234-5678"), 9),
        (with_line(9, "Issued At: 2026-09-31T16:25:24Z"), 10),
        (with_line(9, "Issued At: 2026-09-30T24:25:24Z"), 10),
        (with_line(9, "Issued At: 2026-09-30T16:25:60Z"), 10),
        (with_line(9, "Issued At: 2026-09-30T16:25:24"), 10),
        (with_line(9, "Issued At: 2026-09-30 16:25:24Z"), 10),
        (with_line(9, "Issued At: 2026-09-30T16:25:24.Z"), 10),
        (with_line(9, "Issued At: 2026-09-30T16:25:24+24:00"), 10),
        (with_line(9, "Issued At: 1790785524"), 10),
        (with_line(10, "Expiration Time: tomorrow"), 11),
        (with_line(12, "Request ID: a/b"), 13),
        (with_line(12, "Request ID: %zz"), 13),
        (with_line(13, "Resources: "), 14),
        (with_line(14, "- nope"), 15),
        (with_line(14, "-https://example.com"), 15),
        (with_line(14, "* https://example.com"), 15),
    ],
)
def test_a_malformed_line_is_named(text: str, line: int) -> None:
    with pytest.raises(InvalidSiweMessage, match=f"line {line} "):
        SiweMessage.parse(text)


@pytest.mark.parametrize("name", [line.split(":")[0] + ":" for line in LINES[5:14]])
def test_no_field_may_come_twice(name: str) -> None:
    at = next(number for number, line in enumerate(LINES) if number > 4 and line.startswith(name))
    with pytest.raises(InvalidSiweMessage):
        SiweMessage.parse("\n".join([*LINES[: at + 1], LINES[at], *LINES[at + 1 :]]))


@pytest.mark.parametrize("at", range(5, 13))
def test_fields_keep_their_order(at: int) -> None:
    with pytest.raises(InvalidSiweMessage):
        SiweMessage.parse("\n".join([*LINES[:at], LINES[at + 1], LINES[at], *LINES[at + 2 :]]))


@pytest.mark.parametrize("at", [0, 1, 2, 4, 5, 6, 7, 8, 9])
def test_no_required_line_may_be_missing(at: int) -> None:
    with pytest.raises(InvalidSiweMessage):
        SiweMessage.parse("\n".join([*LINES[:at], *LINES[at + 1 :]]))


@pytest.mark.parametrize("odd", ["\r", "\t", "\0", "\x7f", "\x85", "\u2028", "é", "\u202e", "𝟣", "\ufeff"])
@pytest.mark.parametrize("at", [0, 20, 90, 120, 200, len(FULL)])
def test_only_printable_ascii_and_line_feeds_pass(odd: str, at: int) -> None:
    with pytest.raises(InvalidSiweMessage, match="only printable ASCII"):
        SiweMessage.parse(FULL[:at] + odd + FULL[at:])


def test_carriage_returns_before_line_feeds_are_refused() -> None:
    with pytest.raises(InvalidSiweMessage):
        SiweMessage.parse(FULL.replace("\n", "\r\n"))


def test_a_message_beyond_32_kib_is_refused_before_it_is_read() -> None:
    with pytest.raises(InvalidSiweMessage, match="longer"):
        SiweMessage.parse(FULL + "\n- a:b" * 6000)


URIS = [
    "https://a/b?c#d",
    "a:",
    "a:/",
    "a://",
    "a:///x",
    "a:?q",
    "urn:x:y%2f",
    "a:b?c/d?/e#f/?",
    "a://u:p@h:80//q",
    "a://[::1]/",
    "a://[v1.x:y]",
]
NO_URIS = [
    "",
    "a",
    "1a:b",
    "a:b c",
    "a:%",
    "a:%4g",
    "a:b#c#d",
    "a://h:p",
    "a:b\\c",
    "a:{b}",
    'a:"',
    "a:[b",
    "a://[::g]/",
    "a://[::1%25eth]/",
]
NO_IPV6 = ["[1:2:3:4:5::6:7:8]", "[1:2:3:4:5:6:7]", "[::1::2]", "[::0.0.0.256]", "[1:2:3:4:5:6:7:8:9]", "[:1]", "[]"]


@pytest.mark.parametrize("uri", URIS)
def test_uris_of_rfc_3986_pass(uri: str) -> None:
    assert is_uri(uri)


@pytest.mark.parametrize("uri", NO_URIS + [f"a://{host}/" for host in NO_IPV6])
def test_other_texts_are_no_uris(uri: str) -> None:
    assert not is_uri(uri)


@pytest.mark.parametrize("domain", ["h", "h:", "h:80", "u@h", "u:p@h:1", "127.0.0.1", "[::ffff:1.2.3.4]:80", "a%20b", "a_b"])
def test_authorities_of_rfc_3986_pass_as_domains(domain: str) -> None:
    assert is_domain(domain)


@pytest.mark.parametrize("domain", ["", "a b", "a/b", "a?b", "a#b", "h:8a", "a@b@c", "%zz", *NO_IPV6])
def test_other_texts_are_no_domains(domain: str) -> None:
    assert not is_domain(domain)


@pytest.mark.parametrize(
    "address",
    [
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "0xde709f2102306220921060314715629080e2fb77",
    ],
)
def test_addresses_are_written_as_in_eip_55(address: str) -> None:
    assert address_of_text(address.lower()) == address_of_text(address.upper().replace("0X", "0x")) == address


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0.0),
        ("1970-01-01T00:00:00.5Z", 0.5),
        ("1970-01-01t00:00:01z", 1.0),
        ("1970-01-01T02:00:00+02:00", 0.0),
        ("1969-12-31T22:30:00-01:30", 0.0),
        ("2026-01-31T12:00:00.123456789Z", 1769860800.123456789),
    ],
)
def test_date_times_name_moments(text: str, seconds: float) -> None:
    assert unix_time(text) == pytest.approx(seconds)


letters = st.text(string.ascii_letters + string.digits, min_size=8, max_size=20)
statements = st.text(string.ascii_letters + string.digits + "-._~:/?#[]@!$&'()*+,;= ", min_size=1, max_size=60)
uris = st.from_regex(
    r"\A[a-z][a-z0-9+]{0,5}:(//[a-z0-9.]{1,9}(:[0-9]{0,5})?)?(/[a-z0-9%2F@]{0,6}){0,3}(\?[a-z=&/?]{0,8})?(#[a-z]{0,4})?\Z"
).filter(is_uri)
times = st.datetimes().map(lambda moment: moment.isoformat() + "Z")


@given(
    fields=st.fixed_dictionaries(
        {
            "domain": st.sampled_from(["localhost", "example.com:1", "u@h", "[::1]:80"]),
            "address": st.binary(min_size=20, max_size=20).map(lambda data: address_of_text("0x" + data.hex())),
            "uri": uris,
            "chain_id": st.integers(min_value=0, max_value=2**64),
            "nonce": letters,
            "issued_at": times,
        },
        optional={
            "scheme": st.sampled_from(["http", "https", "a+b-c.d"]),
            "statement": statements,
            "expiration_time": times,
            "not_before": times,
            "request_id": st.text(string.ascii_letters + "-._~:@!$&'()*+,;=", max_size=12),
            "resources": st.lists(uris, max_size=4).map(tuple),
        },
    )
)
def test_what_is_written_is_read_back_the_same(fields: dict[str, Any]) -> None:
    message = SiweMessage(**fields)
    assert SiweMessage.parse(message.to_text()) == message


@given(at=st.integers(min_value=0, max_value=len(FULL)), removed=st.integers(min_value=0, max_value=3), added=st.text(max_size=3))
def test_an_altered_message_is_refused_or_says_something_else(at: int, removed: int, added: str) -> None:
    altered = FULL[:at] + added + FULL[at + removed :]
    try:
        message = SiweMessage.parse(altered)
    except InvalidSiweMessage:
        return
    assert message.to_text() == altered
    assert (message == SiweMessage.parse(FULL)) == (altered == FULL)
