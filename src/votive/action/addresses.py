"""Which addresses an action may reach: those that the whole internet may reach, and nothing else.

Sources: IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890 and updates), RFC 6052 (NAT64), RFC 3056 (6to4),
RFC 4380 (Teredo). Python's ``is_global`` changed between its releases, so the registries are written out here as well.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

_CLOSED_4 = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
)

_OPEN_6 = IPv6Network("2000::/3")
"""The only block from which IANA gives out global unicast addresses: all outside it is closed (NAT64, ULA, mapped IPv4, …)."""

_CLOSED_6 = tuple(
    IPv6Network(block)
    for block in (
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)


def parse_address(text: str) -> Address:
    """Parse a numeric address, unwrapping IPv4 mapped into IPv6; ValueError if it is none."""
    address = ip_address(text)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def is_public(address: Address) -> bool:
    """Say whether ``address`` is global unicast."""
    if isinstance(address, IPv4Address):
        return address.is_global and not any(address in block for block in _CLOSED_4)
    return address.is_global and address in _OPEN_6 and not any(address in block for block in _CLOSED_6)


class Loopback:
    """Targets on this machine that a development network opens by name: ``127.0.0.1:8545``, ``[::1]:8080``. None by default."""

    def __init__(self, targets: tuple[str, ...] = ()) -> None:
        self._targets = frozenset(_target(text) for text in targets)

    def allows(self, address: Address, port: int) -> bool:
        """Say whether exactly this address and port were named."""
        return (address, port) in self._targets


def _target(text: str) -> tuple[Address, int]:
    host, _, port = text.rpartition(":")
    address = parse_address(host.strip("[]"))
    if not address.is_loopback or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(f"a fetch target that is opened by name must be a loopback address with a port, not {text!r}")
    return address, int(port)
