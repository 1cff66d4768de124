"""The grammar of EIP-4361, a second time and on its own: one regular expression, rule for rule from the ABNF of EIP-4361, of RFC 3986
(appendix A) and of RFC 3339 (5.6). Tests compare what the product reads with what the grammar allows."""

from __future__ import annotations

import re

ALPHA, DIGIT, HEXDIG = "[A-Za-z]", "[0-9]", "[0-9A-Fa-f]"
UNRESERVED = r"[A-Za-z0-9._~-]"
PCT_ENCODED = f"%{HEXDIG}{HEXDIG}"
GEN_DELIMS, SUB_DELIMS = r"[:/?#\[\]@]", r"[!$&'()*+,;=]"
RESERVED = f"(?:{GEN_DELIMS}|{SUB_DELIMS})"
PCHAR = f"(?:{UNRESERVED}|{PCT_ENCODED}|{SUB_DELIMS}|[:@])"
SEGMENT, SEGMENT_NZ = f"{PCHAR}*", f"{PCHAR}+"
PATH_ABEMPTY = f"(?:/{SEGMENT})*"
PATH_ABSOLUTE = f"/(?:{SEGMENT_NZ}(?:/{SEGMENT})*)?"
PATH_ROOTLESS = f"{SEGMENT_NZ}(?:/{SEGMENT})*"

DEC_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9][0-9]|[0-9])"
IPV4 = rf"{DEC_OCTET}(?:\.{DEC_OCTET}){{3}}"
H16 = f"{HEXDIG}{{1,4}}"
LS32 = f"(?:{H16}:{H16}|{IPV4})"
IPV6 = (
    "(?:"
    + "|".join(
        [
            f"(?:{H16}:){{6}}{LS32}",
            f"::(?:{H16}:){{5}}{LS32}",
            f"(?:{H16})?::(?:{H16}:){{4}}{LS32}",
            f"(?:(?:{H16}:){{0,1}}{H16})?::(?:{H16}:){{3}}{LS32}",
            f"(?:(?:{H16}:){{0,2}}{H16})?::(?:{H16}:){{2}}{LS32}",
            f"(?:(?:{H16}:){{0,3}}{H16})?::{H16}:{LS32}",
            f"(?:(?:{H16}:){{0,4}}{H16})?::{LS32}",
            f"(?:(?:{H16}:){{0,5}}{H16})?::{H16}",
            f"(?:(?:{H16}:){{0,6}}{H16})?::",
        ]
    )
    + ")"
)
IPVFUTURE = rf"v{HEXDIG}+\.(?:{UNRESERVED}|{SUB_DELIMS}|:)+"
IP_LITERAL = rf"\[(?:{IPV6}|{IPVFUTURE})\]"
REG_NAME = f"(?:{UNRESERVED}|{PCT_ENCODED}|{SUB_DELIMS})*"
USERINFO = f"(?:{UNRESERVED}|{PCT_ENCODED}|{SUB_DELIMS}|:)*"
AUTHORITY = f"(?:{USERINFO}@)?(?:{IP_LITERAL}|{IPV4}|{REG_NAME})(?::{DIGIT}*)?"
SCHEME = f"{ALPHA}(?:{ALPHA}|{DIGIT}|[+.-])*"
QUERY = FRAGMENT = f"(?:{PCHAR}|[/?])*"
URI = rf"{SCHEME}:(?://{AUTHORITY}{PATH_ABEMPTY}|{PATH_ABSOLUTE}|{PATH_ROOTLESS}|)(?:\?{QUERY})?(?:\#{FRAGMENT})?"

FULL_DATE = r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
DATE_TIME = rf"{FULL_DATE}[Tt]{CLOCK}:(?:[0-5][0-9]|60)(?:\.[0-9]+)?(?:[Zz]|[+-]{CLOCK})"

MESSAGE = re.compile(
    rf"(?:{SCHEME}://)?{AUTHORITY} wants you to sign in with your Ethereum account:\n"
    rf"0x{HEXDIG}{{40}}\n"
    r"\n"
    rf"(?:(?:{RESERVED}|{UNRESERVED}| )+\n)?"
    r"\n"
    rf"URI: {URI}\n"
    r"Version: 1\n"
    rf"Chain ID: {DIGIT}+\n"
    rf"Nonce: (?:{ALPHA}|{DIGIT}){{8,}}\n"
    rf"Issued At: {DATE_TIME}"
    rf"(?:\nExpiration Time: {DATE_TIME})?"
    rf"(?:\nNot Before: {DATE_TIME})?"
    rf"(?:\nRequest ID: {PCHAR}*)?"
    rf"(?:\nResources:(?:\n- {URI})*)?",
)


def allows(text: str) -> bool:
    """Say whether the grammar derives exactly ``text``."""
    return MESSAGE.fullmatch(text) is not None
