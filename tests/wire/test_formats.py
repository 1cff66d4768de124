from __future__ import annotations

import hashlib

from votive.store.sealing import SealedAs
from votive.terms.binding import RequestBinding
from votive.terms.encoding import encode


def test_the_associated_data_of_a_sealed_value_never_changes() -> None:
    # MessagePack by hand: an array of 11: the tag, then the fields in the order in which SealedAs states them.
    ad = SealedAs(
        network=b"\x01" * 32,
        node="0xabc",
        kind="share",
        name="",
        purpose="pkp-ecdsa",
        public_key=b"\x02" * 33,
        scheme=2,
        epoch=300,
        batch=7,
        version=1,
    )
    assert encode(ad) == b"".join(
        [
            b"\x9b",
            b"\xb3votive/store/sealed",
            b"\xc4\x20" + b"\x01" * 32,
            b"\xa50xabc",
            b"\xa5share",
            b"\xa0",
            b"\xa9pkp-ecdsa",
            b"\xc4\x21" + b"\x02" * 33,
            b"\x02",
            b"\xcd\x01\x2c",
            b"\x07",
            b"\x01",
        ]
    )


def test_the_binding_of_a_request_never_changes() -> None:
    body = {"toSign": [1, 2], "pubkey": "0x04é", "authSig": {"sig": ""}, "epoch": 1, "n": 1e21}
    canonical = '{"n":1e+21,"pubkey":"0x04é","toSign":[1,2]}'
    binding = RequestBinding.of("/web/pkp/sign", "lit_1", body)
    assert binding.body_hash == hashlib.sha256(canonical.encode()).digest()
    whole = f'["/web/pkp/sign","lit_1",{canonical}]'
    assert binding.resource == "votive://request/" + hashlib.sha256(whole.encode()).hexdigest()
    assert binding.resource == "votive://request/297922050cb64e0d8fd84d88cfb3bbd14d0222729a40b200c55dce6db0d35b14"
