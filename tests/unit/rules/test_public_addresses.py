"""Where a server may be sent by somebody else's word."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.public_addresses import LONGEST, Place, is_public, place

NAT64 = IPv6Network("64:ff9b::/96")
PUBLIC = (
    "8.8.8.8", "1.1.1.1", "172.15.255.255", "172.32.0.0", "100.63.255.255", "223.255.255.255",
    "2606:4700::1111", "2a00:1450:4001::5e", "64:ff9b::808:808", "::ffff:8.8.8.8",
)  # fmt: skip
SPECIAL = (
    "0.0.0.0", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.255", "169.254.169.254",
    "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.1.1",
    "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "fe80::1", "fe80::1%eth0",
    "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1", "2001::1", "2001:10::1", "2002:7f00:1::",
    "3fff::1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1", "100::1", "4000::1", "fec0::1",
)  # fmt: skip
NONE = ("", "localhost", "127.1", "0x7f.1", "2130706433", "8.8.8.8/32", " 8.8.8.8", "[::1]")


@pytest.mark.parametrize("address", PUBLIC)
def test_addresses_that_are_given_out_to_networks_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", [*SPECIAL, *NONE])
def test_special_addresses_and_what_is_no_address_are_not(address: str) -> None:
    assert not is_public(address)


@given(number=st.integers(0, 2**32 - 1))
def test_an_ipv4_address_is_judged_the_same_inside_an_ipv6_one(number: int) -> None:
    plain = is_public(str(IPv4Address(number)))
    assert is_public(f"::ffff:{IPv4Address(number)}") == plain
    assert is_public(str(IPv6Address(int(IPv6Address("64:ff9b::")) + number))) == plain


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6))
def test_nothing_is_public_that_the_library_calls_private(ip: IPv4Address | IPv6Address) -> None:
    carries = isinstance(ip, IPv6Address) and (ip.ipv4_mapped is not None or ip in NAT64)
    special = ip.is_private or ip.is_link_local or ip.is_multicast or ip.is_reserved
    assert carries or not special or not is_public(str(ip))


def test_a_network_of_the_operators_own_may_be_reached_and_no_other() -> None:
    own = ("10.20.0.0/16", "::1/128")
    assert is_public("10.20.3.4", own)
    assert is_public("::1", own)
    assert is_public("::ffff:10.20.3.4", own)
    assert not is_public("10.21.0.1", own)
    assert is_public("8.8.8.8", own)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://a.test", Place("a.test", 443, "https://a.test")),
        ("https://a.test:443/x", Place("a.test", 443, "https://a.test")),
        ("https://a.test:8443/x?y=%20", Place("a.test", 8443, "https://a.test:8443")),
        ("https://127.0.0.1:65535/", Place("127.0.0.1", 65535, "https://127.0.0.1:65535")),
        ("https://x/" + "a" * (LONGEST - 10), Place("x", 443, "https://x")),
    ],
)
def test_an_address_is_taken_apart(url: str, found: Place) -> None:
    assert place(url) == found


@pytest.mark.parametrize(
    "url",
    [
        "", "a.test", "http://a.test/", "HTTPS://a.test/", "https:/a.test/", "https:///x",
        "https://A.test/", "https://user@a.test/", "https://user:pw@a.test/", "https://@a.test/",
        "https://a.test:0/", "https://a.test:65536/", "https://a.test:/", "https://a.test:0443/",
        "https://a.test#x", "https://a.test/#x", "https://a.test/ x", "https://a.test\\@b.test/",
        "https://a.test/\\x", "https://a..test/", "https://.a.test/", "https://a.test./",
        "https://[::1]/", "https://a.test/\n", "https://a.test/ä", "https://ä.test/", "https://-/",
        "https://a.test?x", "https://a_b.test/", "https://" + "a" * 254 + "/", " https://a.test/",
        "https://999.1.1.1/", "https://127.1/", "https://2130706433/", "https://a.test.1/",
        "https://127.0.0.01/", "https://a.test:٤٤٣/", "https://x/" + "a" * (LONGEST - 9),
    ],
)  # fmt: skip
def test_whatever_two_readers_could_read_in_two_ways_is_none(url: str) -> None:
    assert place(url) is None


@pytest.mark.parametrize(
    ("ip", "good"),
    [
        ("93.184.216.34", True), ("2606:4700::1111", True), ("::ffff:93.184.216.34", True),
        ("127.0.0.1", False), ("192.168.1.1", False), ("172.16.0.1", False), ("100.64.0.1", False),
        ("169.254.169.254", False), ("224.0.0.1", False), ("239.255.255.250", False),
        ("255.255.255.255", False), ("198.18.0.1", False), ("::", False), ("::1", False),
        ("fe80::1%eth0", False), ("fc00::1", False), ("ff02::1", False),
        ("::ffff:127.0.0.1", False), ("64:ff9b::7f00:1", False), ("64:ff9b:1::1", False),
        ("2002:7f00:1::", False), ("2001:0:7f00:1::", False), ("ff0e::1", False),
    ],
)  # fmt: skip
def test_addresses_that_the_whole_internet_reaches(ip: str, good: bool) -> None:
    assert is_public(ip) is good
