"""Which addresses are public: every entry of IANA's registries, and the addresses within addresses."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.addresses import is_own_address, is_public

SPECIAL = [
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"),
    *("192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24"),
    *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "255.255.255.255/32"),
    *("::/128", "::1/128", "::/96", "100::/64", "100:0:0:1::/64", "64:ff9b:1::/48", "2001:2::/48", "2001:10::/28"),
    *("2001:20::/28", "2001:30::/28", "2001:db8::/32", "2620:4f:8000::/48", "3fff::/20", "5f00::/16", "fc00::/7"),
    *("fe80::/10", "fec0::/10", "ff00::/8", "::ffff:0:0:0/96", "4000::/3", "e000::/4"),
]
PUBLIC = [
    *("1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255"),
    *("128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255"),
    *("192.169.0.0", "198.17.255.255", "198.20.0.0", "203.0.112.255", "203.0.114.0", "223.255.255.255"),
    *("2000::", "2001:200::1", "2606:4700:4700::1111", "2a00:1450:4001::1", "3ffe::1", "2001:db7::1", "2001:db9::1"),
]


@pytest.mark.parametrize("network", SPECIAL)
def test_special_networks_are_not_public_from_end_to_end(network: str) -> None:
    made = IPv6Network(network) if ":" in network else IPv4Network(network)
    assert not is_public(str(made[0]))
    assert not is_public(str(made[-1]))


@pytest.mark.parametrize("address", PUBLIC)
def test_their_neighbours_are(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("text", [
    *("", "localhost", "example.com", "127.1", "0x7f.1", "2130706433", "017700000001", "010.0.0.1", "8.8.8.8 "),
    *("[::1]", "fe80::1%eth0", "::1%lo", "fe80::1%25eth0", "8.8.8", "1.2.3.4.5", "\uff11.1.1.1", "::ffff:127.0.0.1%1"),
])  # fmt: skip
def test_what_is_no_plain_public_address(text: str) -> None:
    assert not is_public(text)


def carried(carrier: str, address: IPv4Address) -> str:
    number = int(address)
    return {
        "mapped": f"::ffff:{address}",
        "nat64": str(IPv6Address(int(IPv6Address("64:ff9b::")) | number)),
        "6to4": str(IPv6Address(int(IPv6Address("2002::")) | number << 80 | 5)),
        "teredo server": str(IPv6Address(int(IPv6Address("2001::")) | number << 64 | 0x08080808 ^ 0xFFFFFFFF)),
        "teredo client": str(IPv6Address(int(IPv6Address("2001::")) | 0x08080808 << 64 | number ^ 0xFFFFFFFF)),
    }[carrier]


@pytest.mark.parametrize("carrier", ["mapped", "nat64", "6to4", "teredo server", "teredo client"])
@given(address=st.ip_addresses(v=4) | st.sampled_from([IPv4Address("127.0.0.1"), IPv4Address("1.1.1.1")]))
def test_a_carried_address_is_judged(carrier: str, address: IPv4Address) -> None:
    assert is_public(carried(carrier, address)) == is_public(str(address))


@given(st.ip_addresses())
def test_nothing_is_public_that_python_knows_to_be_private(address: IPv4Address | IPv6Address) -> None:
    """``ipaddress`` knows less than we do, and of different releases different things: it may not know more."""
    if is_public(str(address)):
        assert not address.is_loopback
        assert not address.is_link_local
        assert not address.is_multicast
        assert not address.is_reserved or carries(address)
        assert not address.is_private or carries(address)


def carries(address: IPv4Address | IPv6Address) -> bool:
    return isinstance(address, IPv6Address) and (
        address.ipv4_mapped is not None
        or address.teredo is not None
        or address.sixtofour is not None
        or address in IPv6Network("64:ff9b::/96")
    )


@pytest.mark.parametrize(("host", "own"), [
    ("127.0.0.1", True),
    ("10.1.2.3", True),
    ("8.8.8.8", True),
    ("[::1]", True),
    ("localhost", True),
    ("localhost.", True),
    ("a.b.localhost", True),
    ("mylocalhost", False),
    ("localhost.example", False),
    ("intranet", False),
    ("example.com", False),
])  # fmt: skip
def test_hosts_that_are_addresses_themselves(host: str, *, own: bool) -> None:
    assert is_own_address(host) is own
