"""Only global unicast addresses are public; everything else is named here, block by block."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from votive.action.addresses import Loopback, is_public, parse_address

PUBLIC = "1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 169.253.255.255 172.15.255.255 \
172.32.0.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255 2606:4700::1111 \
2a00:1450::1 2001:4860:4860::8888 ::ffff:8.8.8.8"

NOT_PUBLIC = "0.0.0.0 0.1.2.3 10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 127.0.0.0 127.0.0.1 127.255.255.255 169.254.0.1 \
169.254.169.254 172.16.0.0 172.31.255.255 192.0.0.1 192.0.0.9 192.0.0.170 192.0.2.1 192.31.196.1 192.52.193.1 192.88.99.1 192.168.0.1 \
192.175.48.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255 \
:: ::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::127.0.0.1 64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::1 100::1 \
2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1::1 2002:808:808::1 3fff::1 \
2620:4f:8000::1 5f00::1 fc00::1 fd12:3456:789a::1 fe80::1 fec0::1 ff02::1 ff0e::1"


@pytest.mark.parametrize("text", PUBLIC.split())
def test_a_global_unicast_address_is_public(text):
    assert is_public(parse_address(text))


@pytest.mark.parametrize("text", NOT_PUBLIC.split())
def test_every_other_address_is_not(text):
    assert not is_public(parse_address(text))


def test_only_named_loopback_targets_are_open():
    opened = Loopback(("127.0.0.1:8545", "[::1]:80"))
    assert opened.allows(ip_address("127.0.0.1"), 8545)
    assert opened.allows(ip_address("::1"), 80)
    assert not opened.allows(ip_address("127.0.0.1"), 8546)
    assert not opened.allows(ip_address("127.0.0.2"), 8545)
    assert not Loopback().allows(ip_address("127.0.0.1"), 8545)


@pytest.mark.parametrize(
    "text", ["10.0.0.1:80", "8.8.8.8:53", "localhost:80", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:70000", "127.0.0.1:http", ""]
)
def test_nothing_but_a_loopback_address_with_its_port_can_be_opened(text):
    with pytest.raises(ValueError, match=r".+"):
        Loopback((text,))
